"""The REST kernel: every service's API keeps the same rules because there is one way to write a route."""

from .app import RouteWithoutRow, make_api, read_secret, routes_of
from .bodies import Body, Day, Id, Instant, Line, Text
from .command import Answer, Command
from .cursors import After, Limit, Page
from .problems import BadRequest
from .routes import Router

__all__ = [
    "After",
    "Answer",
    "BadRequest",
    "Body",
    "Command",
    "Day",
    "Id",
    "Instant",
    "Limit",
    "Line",
    "Page",
    "RouteWithoutRow",
    "Router",
    "Text",
    "make_api",
    "read_secret",
    "routes_of",
]
