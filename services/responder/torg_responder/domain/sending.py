"""The way out as pure steps: intent, outcome, reading back, verifying (reliability.md, section 3.4).

A reply is posted at most once without a new human decision: only `intended` leads to a call, it is reached from
`released` alone, and nothing here leads from an unknown outcome back to `released`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .reply import Reply, State, same_text

READ_AGAIN = timedelta(seconds=20)  # three readings fit in the minute after the settle time (T-UNKNOWN)
READINGS = 3
LONGEST_BACK_OFF = timedelta(minutes=15)
SHORTEST_BACK_OFF = timedelta(seconds=5)
CHANNEL_BACK_OFF = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The platform has given the comment an id."""

    external_id: str
    permalink: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Certainly no effect. `permanent` goes to a person; otherwise it is tried again after `retry_after_s`.

    `pauses_channel`: the token or a permission is at fault, or the platform blocks us; nothing else is sent either.
    """

    code: str
    permanent: bool = False
    retry_after_s: float | None = None
    pauses_channel: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened."""

    code: str


Outcome = Confirmed | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class Seen:
    """An object as it stands on the platform."""

    external_id: str
    text: str | None
    permalink: str | None = None
    created_at: datetime | None = None
    is_own: bool = False


def intended(reply: Reply, now: datetime) -> Reply:
    """The durable intent, committed before the one call that follows it."""
    return reply.to(
        State.SENDING, now, attempt=reply.attempt + 1, sent_at=now, retry_at=None, readings=0, resolved_by=None
    )


def recorded(reply: Reply, outcome: Outcome, now: datetime, settle: timedelta) -> Reply:
    """What became of the call."""
    match outcome:
        case Confirmed(external_id, permalink):
            return reply.to(
                State.PUBLISHED,
                now,
                external_id=external_id,
                permalink=permalink,
                published_text=reply.outgoing,
                published_at=now,
                cause=None,
            )
        case Rejected(code, permanent=True):
            return reply.to(State.REJECTED, now, cause=code, approver=None, approved_at=None)
        case Rejected(code, retry_after_s=wait, pauses_channel=pauses):
            return deferred(reply, code, wait, now, channel=pauses)
        case Unknown(code):
            return lost_sight_of(reply, code, now, settle)


def lost_sight_of(reply: Reply, code: str, now: datetime, settle: timedelta) -> Reply:
    """Unknown: to be read back when the platform's own delay must be over."""
    first = max((reply.sent_at or now) + settle, now)
    return reply.to(State.UNKNOWN, now, cause=code, retry_at=first, readings=0)


def deferred(reply: Reply, code: str, retry_after_s: float | None, now: datetime, *, channel: bool = False) -> Reply:
    """Back to released, with a time that survives a restart; the longer it lasts, the longer the wait."""
    if retry_after_s is not None:
        wait = timedelta(seconds=retry_after_s)
    else:
        shortest = CHANNEL_BACK_OFF if channel else SHORTEST_BACK_OFF
        wait = min(max((now - (reply.send_after or now)) / 2, shortest), LONGEST_BACK_OFF)
    return reply.to(State.RELEASED, now, retry_at=now + wait, cause=code)


def read_back(reply: Reply, found: Seen | None, now: datetime) -> Reply:
    """A reading of an unknown outcome. Absence is no proof: after the last reading a person decides."""
    if found is not None:
        return confirmed(reply, found, now)
    readings = reply.readings + 1
    if readings >= READINGS:
        return reply.to(State.NEEDS_OPERATOR, now, readings=readings, retry_at=None)
    return replace(reply, readings=readings, retry_at=now + READ_AGAIN, version=reply.version + 1, updated_at=now)


def confirmed(reply: Reply, found: Seen, now: datetime) -> Reply:
    """An unknown outcome that was found to stand on the platform."""
    return reply.to(
        State.PUBLISHED,
        now,
        external_id=found.external_id,
        permalink=found.permalink,
        published_text=found.text,
        published_at=found.created_at or reply.sent_at or now,
        retry_at=None,
    )


def verified(reply: Reply, there: Seen | None, now: datetime, settle: timedelta) -> Reply:
    """Approved text equals published text, or it is an incident (B-24, INV-4).

    A platform may show an older state for a while: only what stands differently after the settle time is a mismatch.
    """
    if there is not None and same_text(reply.outgoing, there.text):
        return reply.to(State.VERIFIED, now, permalink=reply.permalink or there.permalink, retry_at=None)
    if now < (reply.published_at or now) + settle:
        return looked_in_vain(reply, now)
    stands = (there.text or "") if there else ""
    return reply.to(State.MISMATCH, now, published_text=stands, cause="mismatch", retry_at=None)


def looked_in_vain(reply: Reply, now: datetime) -> Reply:
    """Nothing could be seen: look again later."""
    return replace(reply, retry_at=now + READ_AGAIN, version=reply.version + 1)
