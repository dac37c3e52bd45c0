"""Timed loops of the journal; replicas may run them side by side."""
