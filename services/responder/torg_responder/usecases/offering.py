"""Drafts that the rules offer before anybody asked, and what templates are filled with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torg_shared.events import responder as contracts
from torg_shared.ids import uuid7
from torg_shared.work import Work

from torg_responder.domain import templates as domain
from torg_responder.domain.reply import SYSTEM_AUTHOR, Reply, State
from torg_responder.domain.settle import Message
from torg_responder.store import registry

from . import events
from .rules import Rules

_PRIVATE_FLAGS = frozenset({"urgent", "national_id", "personal_data", "sensitive"})
# where a statutory request or notice has a page of its own, it goes before the topic
_LEGAL_TOPICS: Mapping[str, str] = {
    "legal_request:access": "innsyn",
    "legal_request:complaint": "klage",
    "legal_request:privacy": "personvern",
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """Approved templates and links, as they stand in this transaction."""

    rules: Rules
    templates: Sequence[domain.Template]
    links: Sequence[registry.Link]

    def values(self, message: Message, lang: str) -> Mapping[str, str | None]:
        """What placeholders stand for in an answer to `message`."""
        legal = (self._link(topic, lang) for flag, topic in _LEGAL_TOPICS.items() if flag in message.flags)
        return {
            **self.rules.values,
            "saksnummer": message.saksnummer,
            "lenke": next(filter(None, legal), None)
            or self._link(message.topic, lang)
            or self._link("postmottak", lang),
            "politisk_lenke": self._link("politikk", lang),
        }

    def offer(
        self, message: Message, kind: str, used: Sequence[str] = (), code: str | None = None
    ) -> tuple[domain.Template, str] | None:
        """The template that fits `message`, or the one named, and its text; None without one.

        `used` are thank-yous that stand in the thread already (G-38).
        """
        lang = self.rules.language_for(message.lang)
        if code is None:
            found = domain.offer(
                self.templates,
                handling=message.handling or "",
                flags=message.flags,
                lang=lang,
                tone=message.tone or "matter_of_fact",
                kind=kind,
                taken=used,
            )
        else:
            named = [one for one in self.templates if one.code == code and one.kind == kind]
            found = next((one for one in named if one.lang == lang), named[0] if named else None)
        return None if found is None else (found, domain.fill(found, self.values(message, found.lang)))

    def standing_approver(self, reply: Reply, message: Message) -> str | None:
        """Who approved the template that this text still equals, None when a person has to look (D-11)."""
        for one in self.templates:
            if reply.template_code == f"{one.code}.{one.lang}" and one.kind == reply.kind:
                same = domain.fill(one, self.values(message, one.lang)) == reply.text.strip()
                return one.approved_by if same else None
        return None

    def _link(self, topic: str | None, lang: str) -> str | None:
        fitting = [one for one in self.links if one.topic == topic and one.approved]
        return next((one.url for one in fitting if one.lang == lang), fitting[0].url if fitting else None)


async def shelf(work: Work, rules: Rules) -> Shelf:
    return Shelf(rules, await registry.approved_templates(work.db), await registry.all_links(work.db))


def suggestion(work: Work, shelf: Shelf, message: Message, kind: str, replies: Sequence[Reply]) -> Reply | None:
    """A draft for `message` (G-20, G-30, G-38, G-46); None when no template fits. `replies` are the conversation's."""
    used = [reply.text for reply in replies if reply.kind == "thanks"]
    offered = shelf.offer(message, kind, used)
    if offered is None or message.channel_id is None:
        return None
    template, text = offered
    visibility = "private" if message.reply_private and may_be_private(message) else "public"
    reply = new_draft(work, message, kind, visibility, text, SYSTEM_AUTHOR, "system", template)
    work.publish(contracts.ReplyDrafted(**events.facts(reply), author_role=reply.author_role))
    return reply


def new_draft(
    work: Work,
    message: Message,
    kind: str,
    visibility: str,
    text: str,
    author: str,
    role: str,
    template: domain.Template | None,
) -> Reply:
    assert message.channel_id is not None
    return Reply(
        id=uuid7(),
        conversation_id=message.conversation_id,
        message_id=message.id,
        message_version=message.version,
        channel_id=message.channel_id,
        version=1,
        state=State.DRAFT,
        kind=kind,
        visibility=visibility,
        text=text,
        author=author,
        author_role=role,
        last_editor=author,
        created_at=work.now,
        updated_at=work.now,
        template_code=f"{template.code}.{template.lang}" if template else None,
    )


def may_be_private(message: Message) -> bool:
    """INV-13: the same medium, except for what must not stand in public."""
    legal = any(flag.startswith("legal_request:") for flag in message.flags)
    return legal or bool(_PRIVATE_FLAGS & message.flags) or message.reply_private
