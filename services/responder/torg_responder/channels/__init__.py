"""Platforms behind one small port."""
