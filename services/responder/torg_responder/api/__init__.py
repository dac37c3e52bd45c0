"""REST of the responder."""

from .desk import desk_router
from .registry import registry_router
from .replies import replies_router

__all__ = ["desk_router", "registry_router", "replies_router"]
