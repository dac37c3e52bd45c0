"""Triage: what people decide, and the two decisions that follow by rule."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from torg_shared.auth import Principal, Role
from torg_shared.errors import NotFound
from torg_shared.events.classifier import MessageTriaged
from torg_shared.events.envelope import Event
from torg_shared.events.journal import ConsultationRequested
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_classifier import store
from torg_classifier.domain import triage as rules
from torg_classifier.domain.decision import Decision
from torg_classifier.domain.facets import SECTION
from torg_classifier.domain.triage import Choice, Proposal, Triage, Units


async def decide(
    work: Work,
    principal: Principal,
    message_id: UUID,
    expected: Expected,
    choice: Choice,
    units: Units,
    guideline_version: str,
) -> tuple[Triage, int]:
    """A person's decision, and the version of the message's state after it. Raises the errors of `domain.triage`."""
    message = await store.lock_message(work.db, message_id)
    classified = (await store.newest_classifications(work.db, [message_id])).get(message_id)
    standing = (await store.standing_triages(work.db, [message_id])).get(message_id)
    if message is None or classified is None or not await may_see(work, principal, message, classified, standing):
        raise NotFound("MESSAGE_UNKNOWN", message_id)
    expected.check(message_id, message.state_version, changed_by=message.changed_by, changed_at=message.changed_at)
    proposal = proposal_of(classified)
    known = standing.triage if standing else None
    made = rules.decide(str(message_id), proposal, known, choice, principal.role.value, units)
    row = store.triage_row(message_id, made, proposal.handling, principal.subject, principal.role.value, work.now)
    await store.add_triages(work.db, [row])
    await store.touch(work.db, [message_id], principal.subject, work.now)
    work.publish(_event(message, made, guideline_version))
    work.audit(
        "message.returned" if made.returned else "message.triaged",
        message_id,
        handling=made.handling,
        proposed=proposal.handling,
        changed_from=made.changed_from,
        record_class=made.record_class,
        message_version=made.message_version,
        triage_version=made.version,
    )
    return made, message.state_version + 1


async def note_consultations(work: Work, asked: Sequence[ConsultationRequested], guideline_version: str) -> None:
    """D-6: the first consultation turns the message into `open_case`, as soon as both are known here."""
    await store.keep_consultations(
        work.db,
        [
            {
                "id": one.consultation_id,
                "message_id": one.message_id,
                "conversation_id": one.conversation_id,
                "unit": one.unit,
                "requested_at": one.requested_at,
            }
            for one in sorted(asked, key=lambda one: one.consultation_id)
        ],
    )
    known = await store.lock_messages(work.db, {one.message_id for one in asked})
    causes: dict[UUID, Event] = {}
    for one in asked:
        causes.setdefault(one.message_id, one)
    if known:
        await settle(work, known, {}, guideline_version, causes)


async def settle(
    work: Work,
    messages: Mapping[UUID, store.Message],
    passing: Mapping[UUID, Triage],
    guideline_version: str = "",
    causes: Mapping[UUID, Event] | None = None,
) -> None:
    """What rules decide about `messages` (locked): consultations that wait for their message, and what may pass."""
    asked = await store.unapplied_consultations(work.db, list(messages))
    wanted = set(asked) | set(passing)
    if not wanted:
        return
    proposals = await store.newest_classifications(work.db, wanted)
    standing = await store.standing_triages(work.db, wanted)
    made: dict[UUID, Triage] = {}
    for message_id in sorted(wanted & set(proposals)):
        known = standing[message_id].triage if message_id in standing else None
        if message_id in asked:
            decided = rules.by_consultation(proposal_of(proposals[message_id]), known)
        else:
            decided = passing[message_id] if known is None else None
        if decided is not None:
            made[message_id] = decided
    applied = set(asked) & set(proposals)
    if applied:
        await store.apply_consultations(work.db, applied, work.now)
    if not made:
        return
    rows = [
        store.triage_row(one, done, str(proposals[one].decision["handling"]), str(done.rule_id), None, work.now)
        for one, done in made.items()
    ]
    await store.add_triages(work.db, rows)
    await store.touch(work.db, list(made), work.actor.id, work.now)
    for message_id, done in made.items():
        version = guideline_version or str(proposals[message_id].decision["guideline_version"])
        event = _event(messages[message_id], done, version)
        work.publish(event, cause=(causes or {}).get(message_id))


async def may_see(
    work: Work,
    principal: Principal,
    message: store.Message,
    classified: store.Classified,
    standing: store.Triaged | None,
) -> bool:
    """Requirements 6: SA and RED in their channels; experts and the secretariat what is assigned to them."""
    if principal.role in {Role.SA, Role.RED}:
        if "*" in principal.channels:
            return True
        key = await store.channel_key(work.db, message.channel_id)
        return key is not None and principal.has_channel(key)
    if principal.role in {Role.FAG, Role.POL}:
        mine = {standing.triage.unit} if standing else set()
        if standing and standing.triage.returned and principal.role is Role.POL:
            mine.add(principal.unit)
        if principal.unit in mine:
            return True
        return principal.unit in await store.consulted_units(work.db, message.id)
    return True


def proposal_of(classified: store.Classified) -> Proposal:
    told = classified.decision
    return Proposal(
        message_version=classified.message_version,
        handling=told["handling"],
        secondary=told["secondary"],
        flags=told["flags"],
        reply_private=told["reply_private"],
        ground=told["ground"],
        topic=told["topic"],
        unit=told["unit"],
        lang=told["lang"],
    )


def proposal_of_decision(decision: Decision, message_version: int) -> Proposal:
    return Proposal(
        message_version,
        decision.handling,
        decision.secondary,
        decision.flags,
        decision.reply_private,
        decision.ground,
        decision.topic,
        decision.unit,
        decision.lang,
    )


def _event(message: store.Message, made: Triage, guideline_version: str) -> MessageTriaged:
    return MessageTriaged(
        message_id=message.id,
        conversation_id=message.conversation_id,
        message_version=made.message_version,
        triage_version=made.version,
        handling=made.handling,
        secondary=tuple(made.secondary),
        flags=tuple(made.flags),
        reply_duty=made.reply_duty,
        reply_private=made.reply_private,
        record_class=made.record_class,
        topic=made.topic,
        unit=made.unit,
        lang=made.lang,
        changed_from=made.changed_from,
        saksdokument=made.record.saksdokument,
        saksbehandling=made.record.saksbehandling,
        dokumentasjonsverdi=made.record.dokumentasjonsverdi,
        by="person" if made.by == "person" else "rule",
        rule_id=made.rule_id,
        section=SECTION[made.handling][0],
        guideline_version=guideline_version,
        reason=made.reason,
        ground=made.ground,
        returned=made.returned,
    )
