"""Events as the other services send them, for tests of the journal."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

from torg_shared.events import classifier, ingest, responder
from torg_shared.events.envelope import Actor, Event, Meta
from torg_shared.ids import uuid7

RECEIVED_AT = datetime(2026, 6, 3, 7, 30, tzinfo=UTC)  # a Wednesday, 09:30 in Norway
_SPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
CHANNEL = uuid5(_SPACE, "facebook-sogne")


E = TypeVar("E", bound=Event)


def sent(event: E, at: datetime = RECEIVED_AT, actor: Actor | None = None) -> E:
    """`event` as it comes from a bus."""
    actor = actor or Actor(kind="system", id="test")
    return event.with_meta(Meta(uuid7(), at, actor, event.key))


class Told:
    """One message and everything that can be said of it."""

    def __init__(self, name: str = "gatelys", *, conversation: UUID | None = None, author: str = "u-1") -> None:
        self.message_id = uuid5(_SPACE, f"{name}-{uuid4()}")
        self.conversation_id = conversation or self.message_id
        self.author = author
        self.snapshots = {1: uuid7(), 2: uuid7()}

    def _about(self, version: int = 1) -> dict[str, Any]:
        return {
            "message_id": self.message_id,
            "conversation_id": self.conversation_id,
            "message_version": version,
        }

    def received(self, text: str = "Hvorfor er gatelyset i Høllebakken av?", **more: Any) -> ingest.MessageReceived:
        at = more.pop("at", RECEIVED_AT)
        facts: dict[str, Any] = {
            **self._about(),
            "channel_id": CHANNEL,
            "author": ingest.Author(handle=self.author, display_name="Ola Nordmann"),
            "text": text,
            "snapshot_id": self.snapshots[1],
            "sha256": "a" * 64,
            "platform": "facebook",
            "external_id": f"105678901234567_{self.message_id.int % 10**9}",
            "permalink": "https://facebook.test/1",
            "kind": "comment",
            "created_at": at,
            "received_at": at,
            "raw_ref": uuid7(),
        }
        return sent(ingest.MessageReceived(**(facts | more)), at)

    def edited(self, version: int = 2, text: str = "Hvorfor er lyset av?") -> ingest.MessageEdited:
        at = RECEIVED_AT + timedelta(minutes=20)
        event = ingest.MessageEdited(
            **self._about(version),
            channel_id=CHANNEL,
            author=ingest.Author(handle=self.author, display_name="Ola Nordmann"),
            text=text,
            snapshot_id=self.snapshots[2],
            sha256="b" * 64,
            detected_at=at,
        )
        return sent(event, at)

    def deleted(self, version: int = 2) -> ingest.MessageDeleted:
        at = RECEIVED_AT + timedelta(hours=2)
        return sent(ingest.MessageDeleted(**self._about(version), channel_id=CHANNEL, detected_at=at), at)

    def snapshot(self, version: int = 1, media: tuple[ingest.Medium, ...] = ()) -> ingest.SnapshotTaken:
        event = ingest.SnapshotTaken(
            **self._about(version),
            snapshot_id=self.snapshots[version],
            sha256=("a" if version == 1 else "b") * 64,
            depth="thread",
            media=media,
            capture_method="webhook",
            captured_at=RECEIVED_AT,
        )
        return sent(event)

    def classified(self, handling: classifier.Handling = "open_case", version: int = 1, **more: Any) -> Any:
        facts: dict[str, Any] = {
            **self._about(version),
            "classification_id": uuid7(),
            "handling": handling,
            "reply_duty": "must",
            "reply_private": False,
            "record_class": "journal",
            "sentiment": 0,
            "tone": "matter_of_fact",
            "length": "short",
            "lang": "nb",
            "topic": "veg",
            "unit": "teknisk-drift",
            "confidence": 0.9,
            "needs_human": False,
            "needs_triage": False,
            "rules_version": "1",
            "guideline_version": "2012",
        }
        return sent(classifier.MessageClassified(**(facts | more)), RECEIVED_AT + timedelta(seconds=2))

    def triaged(
        self, handling: classifier.Handling = "open_case", triage: int = 1, version: int = 1, **more: Any
    ) -> classifier.MessageTriaged:
        at = RECEIVED_AT + timedelta(minutes=5 * triage)
        journal = handling == "open_case" or any(f.startswith("legal_request") for f in more.get("flags", ()))
        archive = handling in ("archive_only", "redirect_formal")
        facts: dict[str, Any] = {
            **self._about(version),
            "triage_version": triage,
            "handling": handling,
            "reply_duty": "must",
            "record_class": "journal" if journal else "archive" if archive else "none",
            "topic": "veg",
            "unit": "teknisk-drift",
            "lang": "nb",
            "saksdokument": journal or archive,
            "saksbehandling": journal,
            "dokumentasjonsverdi": journal or archive,
            "by": "person",
            "section": "3.2.2",
            "guideline_version": "2012",
        }
        actor = Actor(kind="person", id="per", role="sideadministrator")
        return sent(classifier.MessageTriaged(**(facts | more)), at, actor)

    def urgent(self, category: str = "fire") -> classifier.UrgentRaised:
        return sent(classifier.UrgentRaised(**self._about(), category=category, rule_ids=("U-1",)))

    def acknowledged(self, *, handed_over: bool = False) -> classifier.UrgentAcknowledged:
        at = RECEIVED_AT + timedelta(minutes=10)
        event = classifier.UrgentAcknowledged(
            **self._about(), acknowledged_by="per", action="ringte", handed_over=handed_over
        )
        return sent(event, at)

    def reply(self, kind: responder.ReplyKind = "full", **more: Any) -> "Answer":
        return Answer(self, kind, **more)


class Answer:
    """One reply and its life."""

    def __init__(self, message: Told, kind: responder.ReplyKind, hours: float = 3, version: int = 1) -> None:
        self.message, self.kind, self.reply_id = message, kind, uuid7()
        self.at = RECEIVED_AT + timedelta(hours=hours)
        self.message_version = version

    def _about(self, version: int) -> dict[str, Any]:
        return {
            **self.message._about(self.message_version),
            "reply_id": self.reply_id,
            "channel_id": CHANNEL,
            "version": version,
            "kind": self.kind,
            "visibility": "public",
            "text_sha256": "c" * 64,
        }

    def drafted(self) -> responder.ReplyDrafted:
        return sent(responder.ReplyDrafted(**self._about(1), author_role="sideadministrator"), self.at)

    def published(self, version: int = 5, text: str = "Sikringen er skiftet.") -> responder.ReplyPublished:
        event = responder.ReplyPublished(
            **self._about(version),
            external_id="105678901234567_77",
            permalink="https://facebook.test/77",
            text=text,
            published_at=self.at,
            published_by="per",
            attempt=1,
            binding_sha256="d" * 64,
        )
        return sent(event, self.at)

    def captured(self, text: str = "Vi fikser det!") -> responder.ReplyCaptured:
        event = responder.ReplyCaptured(
            **self._about(1),
            external_id="105678901234567_88",
            permalink="https://facebook.test/88",
            text=text,
            published_at=self.at,
        )
        return sent(event, self.at)

    def verified(self) -> responder.ReplyVerified:
        return sent(responder.ReplyVerified(**self._about(6), read_back_sha256="c" * 64), self.at)

    def mismatch(self, text: str = "Sikringen er skif…") -> responder.ReplyMismatch:
        event = responder.ReplyMismatch(**self._about(6), read_back_sha256="e" * 64, published_text=text)
        return sent(event, self.at)


def channel_activated(version: int = 3) -> ingest.ChannelActivated:
    event = ingest.ChannelActivated(
        channel_id=CHANNEL,
        channel_key="facebook-sogne",
        version=version,
        platform="facebook",
        account_id="105678901234567",
        name="Søgne kommune",
        state="active",
        connection="connected",
        owner_unit="servicetorget",
        comment_mode="open",
        capture_depth="+enquiries",
        purpose="informasjon",
    )
    return sent(event)
