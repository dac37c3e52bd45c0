"""When a message may be closed (requirements section 5, Message; G-11, G-37, G-39, G-40, INV-9, INV-21)."""

from .facts import Message
from .working import Row, answering

REASONS = frozenset(
    {
        "answered",
        "referred",
        "redirected",
        "archived",
        "no_reply_needed",
        "gjentakelse",
        "author_deleted",
        "spam",
        "removed",
        "duplicate",
        "handled_externally",
    }
)
IN_BULK = frozenset({"thank", "none_needed"})
_CLAIM_AN_ANSWER = frozenset({"answered", "referred", "redirected"})
_END_A_DUTY = frozenset({"duplicate", "handled_externally", "spam", "removed"})  # without an answer of ours
_UNDER_WAY = frozenset({"released", "sending", "send_deferred", "outcome_unknown"})
_OPEN_MODERATION = frozenset({"proposed", "requested", "evidence_secured"})
LEGAL_OUTCOMES = frozenset({"refused", "handed_over"})


def obstacle(message: Message, row: Row, *, has_decision: bool, reason: str, legal_outcome: str | None) -> str | None:
    """The code of what keeps `message` open; None when nothing does."""
    in_the_way = {
        "MESSAGE_CLOSED": row.status in ("closed", "purged"),
        "RECORD_DECISION_MISSING": not has_decision,
        "URGENT_UNACKNOWLEDGED": row.urgent and not row.acknowledged,
        "CONSULTATION_OPEN": row.open_consultations > 0,
        "MODERATION_OPEN": row.moderation_state in _OPEN_MODERATION,
        "REPLY_UNDER_WAY": row.reply_state in _UNDER_WAY,
    }
    return next((code for code, holds in in_the_way.items() if holds), None) or _duty(message, reason, legal_outcome)


def _duty(message: Message, reason: str, legal_outcome: str | None) -> str | None:
    """A must is met by an answer, or by a reason that ends it; what may stay unanswered says why (G-37, G-40)."""
    decision = message.decision
    if decision is None or answering(message) is not None:
        return None
    if decision.legal_requests:
        return None if legal_outcome in LEGAL_OUTCOMES else "LEGAL_REQUEST_OPEN"
    if reason in _CLAIM_AN_ANSWER:
        return "REPLY_DUTY_OPEN"
    if reason == "author_deleted":
        return None if message.deleted_at else "AUTHOR_NOT_DELETED"
    if decision.reply_duty == "must" and reason not in _END_A_DUTY:
        return "REPLY_DUTY_OPEN"
    return None
