"""Calls that leave the house: one client, guarded, one attempt, and exceptions that tell the effect."""

from .addresses import is_public
from .circuit import Circuit
from .outbound import Answer, NotSent, Outbound, OutboundError, OutcomeUnknown

__all__ = ["Answer", "Circuit", "NotSent", "Outbound", "OutboundError", "OutcomeUnknown", "is_public"]
