"""Contracts of the classifier. No personal data: spans are offsets into the text, never text."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from .envelope import Event

CLASSIFICATIONS = "torg.classifications"

Handling = Literal[
    "remove",
    "refer_politics",
    "redirect_formal",
    "open_case",
    "archive_only",
    "answer",
    "answer_criticism",
    "thank",
    "none_needed",
]
ReplyDuty = Literal["must", "should", "may", "none"]
RecordClass = Literal["none", "archive", "journal"]


class Alternative(BaseModel):
    model_config = ConfigDict(frozen=True)

    handling: Handling
    p: float


class Reason(BaseModel):
    """Why: the rule or detector, its section of the guideline, and the matched span in the original text."""

    model_config = ConfigDict(frozen=True)

    rule_id: str
    section: str
    start: int | None = None
    end: int | None = None
    effect: str


class _AboutMessage(Event):
    message_id: UUID
    conversation_id: UUID
    message_version: int


class MessageClassified(
    _AboutMessage,
    type="message.classified.v1",
    topic=CLASSIFICATIONS,
    subject="message_id",
    key="conversation_id",
):
    """A proposal. Flags spell their legal kind out: `legal_request:access`.

    `ground` is the proposed ground code of a `remove` (L-16); `sentiment` is -1, 0 or 1.
    """

    classification_id: UUID
    handling: Handling
    alternatives: tuple[Alternative, ...] = ()
    secondary: tuple[Handling, ...] = ()
    flags: tuple[str, ...] = ()
    reply_duty: ReplyDuty
    reply_private: bool
    record_class: RecordClass
    ground: str | None = None
    sentiment: int
    tone: str
    length: str
    lang: str
    topic: str | None = None
    unit: str
    confidence: float
    needs_human: bool
    needs_triage: bool
    triage_reasons: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    rules_version: str
    model_version: str | None = None
    guideline_version: str


class MessageTriaged(
    _AboutMessage,
    type="message.triaged.v1",
    topic=CLASSIFICATIONS,
    subject="message_id",
    key="conversation_id",
):
    """The handling stands: confirmed or changed by a person, or by rule where section 2 allows it.

    `returned`: the political secretariat gives the message back to the service desk, which decides again; until then
    the handling named here stands.
    """

    triage_version: int
    handling: Handling
    secondary: tuple[Handling, ...] = ()
    flags: tuple[str, ...] = ()
    reply_duty: ReplyDuty
    reply_private: bool = False
    record_class: RecordClass
    topic: str | None = None
    unit: str
    lang: str
    changed_from: Handling | None = None
    saksdokument: bool
    saksbehandling: bool
    dokumentasjonsverdi: bool
    by: Literal["person", "rule"]
    rule_id: str | None = None
    section: str
    guideline_version: str
    reason: str | None = None
    ground: str | None = None
    returned: bool = False


class UrgentRaised(
    _AboutMessage, type="urgent.raised.v1", topic=CLASSIFICATIONS, subject="message_id", key="conversation_id"
):
    """Danger to life or health now, or concern for a child: people are alerted by the classifier itself.

    `category`: `child` is a concern without danger now (T-CHILD alone); all others start T-EMERG: `self_harm`, `fire`,
    `violence`, `child_danger` (T-CHILD as well), `hazard`, `life`.
    """

    category: str
    rule_ids: tuple[str, ...]


class UrgentAcknowledged(
    _AboutMessage,
    type="urgent.acknowledged.v1",
    topic=CLASSIFICATIONS,
    subject="message_id",
    key="conversation_id",
):
    """`handed_over` says that the hand-over is noted, which T-CHILD asks for."""

    acknowledged_by: str
    action: str
    handed_over: bool = False
