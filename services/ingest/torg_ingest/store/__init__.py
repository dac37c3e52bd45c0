"""Queries of ingest, to and from domain values."""
