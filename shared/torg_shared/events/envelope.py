"""The CloudEvents 1.0 envelope around every contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Literal, Self
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict

CONTENT_TYPE = "application/cloudevents+json"


class Actor(BaseModel):
    """Who caused an event. Never a name: `id` is the token's subject, a service's name, or a rule's id."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["person", "system", "rule", "platform"]
    id: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Meta:
    """What travels around a contract: minted once with the log row, never part of the contract's schema."""

    id: UUID
    time: datetime
    actor: Actor
    correlationid: str
    causationid: UUID | None = None
    traceparent: str | None = None


class Event(BaseModel):
    """Base of all contracts. Subclasses name `type`, `topic`, and the fields that give `subject` and `key`.

    Readers ignore unknown fields, so that a producer one version ahead is understood.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]
    SUBJECT: ClassVar[str]
    KEY: ClassVar[str]

    __slots__ = ("_carried",)  # a private attribute of pydantic would cost every event more than its parsing

    def __init_subclass__(
        cls, *, type: str | None = None, topic: str = "", subject: str = "", key: str = "", **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        if type is None:  # an intermediate base with shared fields
            return
        cls.TYPE, cls.TOPIC, cls.SUBJECT, cls.KEY = type, topic, subject, key

    @property
    def meta(self) -> Meta:
        """The envelope of a decoded event.

        Raises `LookupError` for an event that was made here and has not travelled.
        """
        try:
            carried: Meta = object.__getattribute__(self, "_carried")
        except AttributeError:
            raise LookupError(f"{self.TYPE} has no envelope yet: it was not read from a bus") from None
        return carried

    def with_meta(self, meta: Meta) -> Self:
        object.__setattr__(self, "_carried", meta)
        return self

    @property
    def subject(self) -> str:
        return str(getattr(self, self.SUBJECT))

    @property
    def key(self) -> str:
        return str(getattr(self, self.KEY))


def encode(event: Event, meta: Meta, source: str) -> bytes:
    """The bytes of one event, made once when its log row is written; the attributes come in a fixed order."""
    envelope = {
        "specversion": "1.0",
        "id": meta.id,
        "type": event.TYPE,
        "source": source,
        "subject": event.subject,
        "time": meta.time,
        "datacontenttype": "application/json",
        "correlationid": meta.correlationid,
        # CloudEvents extensions are scalars: the actor travels as kind/role/id (an id may hold a slash)
        "actor": _write_actor(meta.actor),
    }
    if meta.causationid is not None:
        envelope["causationid"] = meta.causationid
    if meta.traceparent is not None:
        envelope["traceparent"] = meta.traceparent
    data = event.__pydantic_serializer__.to_json(event, exclude_none=True)
    envelope["data"] = orjson.Fragment(data)
    return orjson.dumps(envelope, option=orjson.OPT_UTC_Z)


def decode(payload: bytes, contracts: Mapping[str, type[Event]]) -> Event:
    """The event in `payload`, with its envelope as `meta`.

    Raises `ValueError` (pydantic's `ValidationError` is one) for bytes that are no event, `KeyError` for a type
    that is not among `contracts`.
    """
    envelope = orjson.loads(payload)
    try:
        version, type_, data = envelope["specversion"], envelope["type"], envelope["data"]
        meta = Meta(
            id=UUID(envelope["id"]),
            time=datetime.fromisoformat(envelope["time"]),
            actor=_read_actor(envelope["actor"]),
            correlationid=envelope["correlationid"],
            causationid=UUID(envelope["causationid"]) if envelope.get("causationid") else None,
            traceparent=envelope.get("traceparent"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an event of ours: {type(error).__name__}") from None
    if version != "1.0" or meta.time.tzinfo is None:
        raise ValueError("not an event of ours: CloudEvents 1.0 with a zoned time is wanted")
    return contracts[type_].model_validate(data).with_meta(meta)


def _write_actor(actor: Actor) -> str:
    return f"{actor.kind}/{actor.role or '-'}/{actor.id}"


@lru_cache(maxsize=4096)
def _read_actor(text: str) -> Actor:
    kind, role, identity = text.split("/", 2)
    return Actor.model_validate({"kind": kind, "id": identity, "role": None if role == "-" else role})
