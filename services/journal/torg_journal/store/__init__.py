"""Queries of the journal, to and from domain values. Callers import the module that they need."""
