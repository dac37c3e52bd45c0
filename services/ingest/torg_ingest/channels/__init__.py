"""Inbound adapters: one per platform, each knows its own payloads and nothing of the municipality."""
