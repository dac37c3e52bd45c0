"""Migrations of ingest's database."""
