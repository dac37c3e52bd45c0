"""The journal's REST resources, one module per kind of reader."""
