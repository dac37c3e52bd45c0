"""Migrations of the classifier's database."""
