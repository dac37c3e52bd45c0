"""What ingest does, one function per thing."""
