"""Event contracts: CloudEvents 1.0 in structured JSON, one pydantic model per type and major version.

The contract names its topic and key; callers cannot choose. A module per producing service holds its contracts.
"""
