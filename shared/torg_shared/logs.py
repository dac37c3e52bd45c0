"""Structured logs: names are dotted (`journal.saksmappe.opened`), ids are bound once, texts are never logged."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

_ID_NUMBER = re.compile(r"(?<!\d)\d{6}[ .\-:]?\d{5}(?!\d)")
_SECRET = re.compile(r"(?i)(bearer\s+|access_token=|appsecret_proof=|postgresql://[^:]+:)[^\s&@\"']+")
_NEVER = frozenset({"text", "author", "display_name", "token", "authorization", "password", "secret", "body"})


class _Stderr:
    """Whatever `sys.stderr` is when a line is written: it may have been replaced since the start."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(service: str, level: str = "INFO") -> None:
    """JSON lines outside a terminal, columns inside one. Libraries that log request lines are silenced."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(default=str)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(
        level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=cast("TextIO", _Stderr())
    )
    for noisy in ("httpx", "httpcore", "aiokafka", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def redact(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Last line of defence: fields that may hold a person's words are dropped, id numbers and tokens masked."""
    for name in _NEVER & entry.keys():
        entry[name] = "[fjernet]"
    for name, value in entry.items():
        if isinstance(value, str):
            entry[name] = _SECRET.sub(r"\1[fjernet]", _ID_NUMBER.sub("[fnr]", value))
    return entry
