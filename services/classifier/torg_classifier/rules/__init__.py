"""The rules as files, and how they are read: schema, sections, bounded patterns. Read once, in `app.py`."""

from .loader import RuleError, load

__all__ = ["RuleError", "load"]
