"""Queries of the responder, to and from domain values."""
