"""Alembic migrations of the journal's database."""
