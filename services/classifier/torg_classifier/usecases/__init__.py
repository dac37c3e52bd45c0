"""What the classifier does: one function per thing, plural, inside an open work."""
