"""Identifiers: UUIDv7 for everything that Torg names itself (RFC 9562; Python 3.11 has none)."""

import os
import time
from uuid import UUID

_RANDOM = ~(0xF << 76 | 0x3 << 62)  # all bits but those of version and variant
_VERSION_AND_VARIANT = 0x7 << 76 | 0x2 << 62


def uuid7() -> UUID:
    """A new time-ordered id: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000 & (2**48 - 1)
    value = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    return UUID(int=value & _RANDOM | _VERSION_AND_VARIANT)
