"""Wordings become proposals: once each, in any order, with what follows by rule alone."""

from itertools import permutations
from uuid import uuid4

import pytest
import sqlalchemy as sa
from torg_classifier.tables import classifications, messages
from torg_shared.auth import Role
from torg_shared.events.classifier import MessageClassified, MessageTriaged
from torg_shared.events.envelope import Actor

from .conftest import House, asked, edited, received

LAMP = "Hvorfor er gatelyset i Høllebakken av?"


async def test_a_message_is_classified_and_told_with_codes_and_offsets_alone(house: House) -> None:
    message = received(LAMP)
    await house.take(message)

    [told] = await house.told()
    assert isinstance(told, MessageClassified)
    assert (told.handling, told.unit, told.record_class, told.reply_duty) == (
        "open_case",
        "teknisk-drift",
        "journal",
        "must",
    )
    assert told.meta.causationid == message.meta.id
    assert told.reasons[0].section == "3.2.2"
    assert "gatelys" not in told.model_dump_json()


async def test_a_batch_costs_the_same_statements_however_long(house: House) -> None:
    counted: list[str] = []

    def count(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("NOTIFY"):  # the wake-up of the relay comes when it comes
            counted.append(statement)

    sa.event.listen(house.works.engine.sync_engine, "before_cursor_execute", count)
    await house.take(received(LAMP))
    one = len(counted)
    counted.clear()
    await house.take(*(received(f"{LAMP} {number}") for number in range(60)))
    assert len(counted) == one


async def test_the_newest_wording_is_kept_in_whatever_order_they_come(house: House) -> None:
    for order in permutations(range(3)):
        message_id = uuid4()
        first = received("Fint bilde!", message_id)
        wordings = [first, edited("Elendig kommune", message_id), edited(LAMP, message_id, 3)]
        for place in order:
            await house.take(wordings[place])
        answer = await house.get(f"/messages/{message_id}/classification", Role.SA)
        assert answer.status_code == 200
        body = answer.json()
        assert (body["message_version"], body["handling"], body["kind"]) == (3, "open_case", "comment"), order
        everything = await house.get(f"/messages/{message_id}/classifications", Role.SA)
        assert sorted(one["message_version"] for one in everything.json()["items"]) == [1, 2, 3]


async def test_all_wordings_of_one_batch_are_classified(house: House) -> None:
    message_id = uuid4()
    await house.take(edited(LAMP, message_id, 2), received("Fint bilde!", message_id))
    told = await house.told("message.classified.v1")
    assert sorted((one.message_version, one.handling) for one in told) == [(1, "thank"), (2, "open_case")]


async def test_a_message_without_text_is_classified_and_goes_to_a_person(house: House) -> None:
    for text in (None, "", "\u200b \u200b"):
        message = received(text)
        await house.take(message)
        body = (await house.get(f"/messages/{message.message_id}/classification", Role.SA)).json()
        assert (body["handling"], body["needs_triage"]) == ("none_needed", True)
        assert "no_text" in body["triage_reasons"]


async def test_the_first_consultation_makes_it_a_case_in_either_order(house: House) -> None:
    for early in (True, False):
        message = received("Når åpner biblioteket i morgen?")
        steps = [asked(message.message_id), message]
        for step in steps if early else reversed(steps):
            await house.take(step)
        told = [one for one in await house.told("message.triaged.v1") if one.message_id == message.message_id]
        assert [(one.handling, one.by, one.rule_id, one.changed_from) for one in told] == [
            ("open_case", "rule", "D-6", "answer")
        ]
        assert told[0].record_class == "journal"
        assert (told[0].saksdokument, told[0].saksbehandling, told[0].dokumentasjonsverdi) == (True, True, True)
        # a second consultation, and the first once more, change nothing
        await house.take(asked(message.message_id), steps[0])
        again = [one for one in await house.told("message.triaged.v1") if one.message_id == message.message_id]
        assert len(again) == 1


async def test_a_consultation_on_a_text_that_must_go_keeps_the_removal(house: House) -> None:
    message = received("Jeg skal ta dere, men når kommer svaret på byggesaken min?")
    await house.take(message, asked(message.message_id))
    [told] = await house.told("message.triaged.v1")
    assert isinstance(told, MessageTriaged)
    assert (told.handling, told.secondary) == ("remove", ("open_case",))


async def test_decisions_cannot_be_changed_afterwards(house: House) -> None:
    await house.take(received(LAMP))
    for statement in (sa.update(classifications).values(handling="thank"), sa.delete(classifications)):
        with pytest.raises(sa.exc.DBAPIError, match="permission denied"):
            async with house.works.begin(Actor(kind="system", id="test")) as work:
                await work.db.execute(statement)
    async with house.works.begin(Actor(kind="system", id="test")) as work:
        assert await work.db.scalar(sa.select(sa.func.count()).select_from(messages)) == 1
