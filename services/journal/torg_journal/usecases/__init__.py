"""What the journal does, each in an open `Work`; one module per subject."""
