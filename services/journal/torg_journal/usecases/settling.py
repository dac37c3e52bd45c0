"""The one way by which anything happens in a conversation: lock, keep the facts, settle, number, write, tell.

Handlers, REST actions and jobs all end here. Locks are taken in the order of architecture section 5: conversations,
then the counter of saksmapper, then that of the journal, then (by `Works`) the log.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from torg_shared import crash
from torg_shared.events.envelope import Event
from torg_shared.work import Work

from torg_journal.domain import chain
from torg_journal.domain.cases import Avskrivning, Case, Consultation, Draft
from torg_journal.domain.effects import Conversation, Effects
from torg_journal.domain.facts import Fact
from torg_journal.domain.house import House
from torg_journal.domain.numbers import Numbered, number
from torg_journal.domain.settle import settle
from torg_journal.store import settling as store

from . import announcing, writing


@dataclass(slots=True)
class Settled:
    """What came of it, for the action that asked."""

    effects: Mapping[UUID, Effects]
    cases: dict[UUID, Case] = field(default_factory=dict)
    entries: Sequence[Numbered] = ()


async def take(work: Work, house: House, facts: Sequence[Fact], causes: Mapping[UUID, Event]) -> None:
    """Facts from the bus. `causes` are the events that led here, by conversation."""
    ids = {one.conversation_id for one in facts}
    await store.lock(work.db, ids)
    await store.put_facts(work.db, facts)
    await settle_all(work, house, await store.load(work.db, ids), causes=causes)


async def again(work: Work, house: House, ids: Collection[UUID]) -> None:
    """Settle what is stored once more: what a rebuild does, and what follows when a channel becomes known."""
    if ids:
        await store.lock(work.db, ids)
        await settle_all(work, house, await store.load(work.db, ids))


async def settle_all(
    work: Work,
    house: House,
    conversations: Mapping[UUID, Conversation],
    *,
    causes: Mapping[UUID, Event] | None = None,
    by: str = "journal",
    consultations: Iterable[Consultation] = (),
    cases: Iterable[Case] = (),
    drafts: Iterable[Draft] = (),
    avskrivninger: Mapping[UUID, Sequence[Avskrivning]] | None = None,
) -> Settled:
    """Settle `conversations`, which are locked. The rest is what an action has just made, to be stored with it;
    `avskrivninger` come by conversation."""
    made, changed, written = list(consultations), list(cases), list(drafts)
    effects = {
        one.id: settle(
            one,
            house,
            work.now,
            uuid4,
            by=by,
            consultations=[c for c in made if c.conversation_id == one.id],
            cases=[c for c in changed if c.conversation_id == one.id],
            drafts=[d for d in written if d.conversation_id == one.id],
            avskrivninger=(avskrivninger or {}).get(one.id, ()),
        )
        for one in conversations.values()
    }
    settled = Settled(effects)
    await _number(work, house, conversations, settled)
    await writing.write(work, settled.effects.values(), settled.cases, settled.entries)
    announcing.announce(work, settled.effects.values(), settled.cases, settled.entries, conversations, causes or {})
    return settled


async def _number(work: Work, house: House, conversations: Mapping[UUID, Conversation], settled: Settled) -> None:
    """Give numbers to all new saksmapper, then to all new journalposter, each in one step."""
    all_effects = settled.effects.values()
    day = house.calendar.day_of(work.now)
    new_cases = [case for one in all_effects for case in one.new_cases]
    if new_cases:
        last = await store.take_case_numbers(work.db, day.year, len(new_cases))
        for position, case in enumerate(new_cases, last - len(new_cases) + 1):
            settled.cases[case.id] = replace(case, saksaar=day.year, sakssekvensnummer=position)
    for one in all_effects:
        for _, case in one.changed_cases:
            settled.cases[case.id] = case
    drafts = [draft for one in all_effects for draft in one.drafts]
    if not drafts:
        return
    for case in (case for one in conversations.values() for case in one.cases):
        settled.cases.setdefault(case.id, case)
    last, head = await store.lock_journal_numbers(work.db, day.year, chain.GENESIS)
    settled.entries, head, counts = number(
        drafts,
        year=day.year,
        journaldato=day,
        last=last,
        head=head,
        case_numbers={case.id: case.saksnummer for case in settled.cases.values()},
        in_case={case.id: case.antall_journalposter for case in settled.cases.values()},
    )
    await store.move_journal_numbers(work.db, day.year, last + len(drafts), head)
    crash.point("journal.numbers_taken")
    changed = {case.id for one in all_effects for _, case in one.changed_cases} | {case.id for case in new_cases}
    for case_id, count in counts.items():
        case = settled.cases[case_id]
        if case.antall_journalposter == count:
            continue
        version = case.version if case_id in changed else case.version + 1
        settled.cases[case_id] = replace(case, antall_journalposter=count, version=version, changed_at=work.now)


async def act(work: Work, conversation_id: UUID) -> Conversation:
    """The conversation, locked, for an action of a person or a job."""
    await store.lock(work.db, [conversation_id])
    return (await store.load(work.db, [conversation_id]))[conversation_id]


async def say(work: Work, facts: Sequence[Fact]) -> Mapping[UUID, Conversation]:
    """Keep facts that a person states; their conversations are locked. Gives them as they are now."""
    await store.put_facts(work.db, facts)
    return await store.load(work.db, {one.conversation_id for one in facts})
