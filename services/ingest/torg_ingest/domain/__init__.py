"""Pure rules of ingest: what a change tells, when a message is published, what a channel may do."""
