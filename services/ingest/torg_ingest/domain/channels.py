"""The channel registry: which accounts are the municipality's, and what must be in order before use (4, L-18)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from torg_shared.errors import Conflict, Invalid

State = Literal["proposed", "decided", "active", "suspended", "closed"]
Connection = Literal["connected", "degraded", "needs_reauth", "disabled"]
CommentMode = Literal["open", "messages_only", "closed"]

_OWN_ACCOUNTS = frozenset({"page", "business", "organisation"})
_REVIEW_MONTHS = 12
_FROM: Mapping[str, frozenset[State]] = {
    "decide": frozenset({"proposed"}),
    "activate": frozenset({"decided", "suspended"}),
    "suspend": frozenset({"active"}),
    "close": frozenset({"active", "suspended"}),
    "mode": frozenset({"decided", "active", "suspended"}),
    "describe": frozenset({"proposed", "decided", "active", "suspended"}),
}


@dataclass(frozen=True, slots=True)
class Channel:
    """One account of the municipality on one platform. `key` names it in tokens and secrets, for ever."""

    id: UUID
    key: str
    platform: str
    account_id: str
    name: str
    state: State
    owner_unit: str
    purpose: str
    version: int
    changed_by: str
    changed_at: datetime
    connection: Connection = "connected"
    comment_mode: CommentMode = "open"
    capture_depth: str = "thread"
    profile_text: str = ""
    arguments_for: str = ""
    arguments_against: str = ""
    house_rules_url: str | None = None
    hours: Mapping[str, Any] = field(default_factory=dict)
    formal_contact: Mapping[str, Any] = field(default_factory=dict)
    decided_by: str | None = None
    decided_at: datetime | None = None
    grounds: str | None = None
    risk_assessment_ref: str | None = None
    dpo_opinion: str | None = None
    review_due: date | None = None
    activated_at: datetime | None = None
    closed_at: datetime | None = None
    final_capture_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A channel as somebody suggests it, with what speaks for and against it (4)."""

    key: str
    platform: str
    account_id: str
    account_type: str
    name: str
    owner_unit: str
    purpose: str
    arguments_for: str = ""
    arguments_against: str = ""
    profile_text: str = ""
    formal_contact: Mapping[str, Any] = field(default_factory=dict)
    house_rules_url: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided what on which grounds (4: "kommunens ledelse vurderer til enhver tid")."""

    grounds: str
    purpose: str
    review_due: date
    risk_assessment_ref: str | None = None
    dpo_opinion: str | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """What the editor keeps up to date; None leaves a part as it is."""

    name: str | None = None
    profile_text: str | None = None
    hours: Mapping[str, Any] | None = None
    formal_contact: Mapping[str, Any] | None = None
    house_rules_url: str | None = None


def propose(proposal: Proposal, channel_id: UUID, by: str, now: datetime) -> Channel:
    """4.2: employees' private profiles are never a source. Raises `Invalid` with `NOT_AN_OWN_CHANNEL`."""
    if proposal.account_type not in _OWN_ACCOUNTS:
        raise Invalid("NOT_AN_OWN_CHANNEL", account_type=proposal.account_type)
    return Channel(
        id=channel_id,
        key=proposal.key,
        platform=proposal.platform,
        account_id=proposal.account_id,
        name=proposal.name,
        state="proposed",
        owner_unit=proposal.owner_unit,
        purpose=proposal.purpose,
        version=1,
        changed_by=by,
        changed_at=now,
        arguments_for=proposal.arguments_for,
        arguments_against=proposal.arguments_against,
        profile_text=proposal.profile_text,
        formal_contact=proposal.formal_contact,
        house_rules_url=proposal.house_rules_url,
    )


def decide(channel: Channel, decision: Decision, by: str, now: datetime) -> Channel:
    """4: only the management decides. Raises `Conflict` for the state, `Invalid` for a review too far away (L-18)."""
    _from("decide", channel)
    latest = _a_year_after(now.date())
    if not now.date() < decision.review_due <= latest:
        raise Invalid("REVIEW_DUE_OUT_OF_RANGE", channel.id, latest=latest)
    changed = replace(
        channel,
        state="decided",
        grounds=decision.grounds,
        purpose=decision.purpose,
        review_due=decision.review_due,
        risk_assessment_ref=decision.risk_assessment_ref or channel.risk_assessment_ref,
        dpo_opinion=decision.dpo_opinion or channel.dpo_opinion,
        decided_by=by,
        decided_at=now,
    )
    return _changed(changed, by, now)


def activate(channel: Channel, by: str, now: datetime) -> Channel:
    """2, L-18: not without risk assessment, opinion, review date, formal contact, house rules and owner.

    Raises `Conflict` that names the first thing missing. The first activation's time stays: nothing was received
    before it.
    """
    _from("activate", channel)
    for missing, code in lacking(channel, now.date()):
        if missing:
            raise Conflict(code, channel.id)
    return _changed(replace(channel, state="active", activated_at=channel.activated_at or now), by, now)


def lacking(channel: Channel, today: date) -> Sequence[tuple[bool, str]]:
    """What stands between this channel and its use, in the order in which it is said."""
    contact = channel.formal_contact
    return (
        (not channel.owner_unit, "OWNER_UNIT_MISSING"),
        (not (contact.get("email") and contact.get("postal_address")), "FORMAL_CONTACT_MISSING"),
        (not channel.risk_assessment_ref, "RISK_ASSESSMENT_MISSING"),
        (not channel.dpo_opinion, "DPO_OPINION_MISSING"),
        (channel.review_due is None or channel.review_due < today, "REVIEW_DUE_MISSING"),
        (not channel.house_rules_url, "HOUSE_RULES_MISSING"),
    )


def suspend(channel: Channel, grounds: str, by: str, now: datetime) -> Channel:
    """Nothing more goes out; what comes in is still stored. Raises `Conflict` for the state."""
    _from("suspend", channel)
    return _changed(replace(channel, state="suspended", grounds=grounds), by, now)


def close(channel: Channel, grounds: str, final_capture_ref: str | None, by: str, now: datetime) -> Channel:
    """3.2.2: the page is documented a last time before it goes. Raises `Conflict`."""
    _from("close", channel)
    if not final_capture_ref:
        raise Conflict("FINAL_CAPTURE_MISSING", channel.id)
    changed = replace(channel, state="closed", grounds=grounds, closed_at=now, final_capture_ref=final_capture_ref)
    return _changed(changed, by, now)


def set_mode(channel: Channel, mode: CommentMode, grounds: str, by: str, now: datetime) -> Channel:
    """L-18: comments open, private messages only, or closed. Raises `Conflict` for the state."""
    _from("mode", channel)
    return _changed(replace(channel, comment_mode=mode, grounds=grounds), by, now)


def describe(channel: Channel, told: Description, by: str, now: datetime) -> Channel:
    """3.1: the editor's upkeep. An active channel may not lose what it needed to become active.

    Raises `Conflict`.
    """
    _from("describe", channel)
    changed = replace(
        channel,
        name=told.name if told.name is not None else channel.name,
        profile_text=told.profile_text if told.profile_text is not None else channel.profile_text,
        hours=told.hours if told.hours is not None else channel.hours,
        formal_contact=told.formal_contact if told.formal_contact is not None else channel.formal_contact,
        house_rules_url=told.house_rules_url if told.house_rules_url is not None else channel.house_rules_url,
    )
    if channel.state == "active":
        before = {code for missing, code in lacking(channel, now.date()) if missing}
        for missing, code in lacking(changed, now.date()):
            if missing and code not in before:
                raise Conflict(code, channel.id)
    return _changed(changed, by, now)


def _from(action: str, channel: Channel) -> None:
    if channel.state not in _FROM[action]:
        raise Conflict("CHANNEL_STATE_FORBIDS", channel.id, state=channel.state, action=action)


def _changed(channel: Channel, by: str, now: datetime) -> Channel:
    return replace(channel, version=channel.version + 1, changed_by=by, changed_at=now)


def _a_year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + _REVIEW_MONTHS // 12)
    except ValueError:  # 29 February
        return day.replace(year=day.year + _REVIEW_MONTHS // 12, day=28)
