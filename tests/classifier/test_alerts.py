"""Danger is told to people at once, once per wording, again and again until somebody answers (INV-22)."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from torg_classifier import store
from torg_classifier.tables import alert_attempts
from torg_classifier.usecases import alerts
from torg_shared.auth import Role
from torg_shared.events.envelope import Actor

from .conftest import House, edited, received

DANGER = "Det henger en strømledning ned over gangveien ved kiosken NÅ"
CHILD = "Jeg kjenner en familie der det ikke står bra til med barna. Hva gjør dere med sånt?"
PACE = alerts.Pace(timedelta(minutes=5), timedelta(minutes=15))


async def test_the_alert_is_raised_once_whichever_group_comes_first(house: House) -> None:
    for order in (("classifier-urgent", "classifier"), ("classifier", "classifier-urgent")):
        message = received(DANGER)
        for group in order:
            await house.take(message, group=group)
        told = [one for one in await house.told("urgent.raised.v1") if one.message_id == message.message_id]
        assert [(one.category, one.message_version) for one in told] == [("hazard", 1)]
        assert told[0].rule_ids == ("URGENT-HAZARD-01",) or "URGENT-HAZARD-01" in told[0].rule_ids


async def test_the_same_wording_twice_in_a_batch_is_one_alert(house: House) -> None:
    message = received(DANGER)
    await house.take(message, message, group="classifier-urgent")
    assert len(await house.told("urgent.raised.v1")) == 1


async def test_an_edit_that_brings_danger_raises_a_new_alert(house: House) -> None:
    message = received("Fint bilde!")
    await house.take(message, group="classifier-urgent")
    assert not await house.told("urgent.raised.v1")
    await house.take(edited("Orker ikke mer. Hadet alle sammen.", message.message_id), group="classifier-urgent")
    [told] = await house.told("urgent.raised.v1")
    assert (told.category, told.message_version) == ("self_harm", 2)


async def test_the_first_synchronisation_alarms_nobody(house: House) -> None:
    message = received(DANGER, backfill=True)
    await house.take(message, group="classifier-urgent")
    await house.take(message)
    assert not await house.told("urgent.raised.v1")


async def test_concern_for_a_child_is_an_alert_of_its_own_kind(house: House) -> None:
    message = received(CHILD)
    await house.take(message, group="classifier-urgent")
    [told] = await house.told("urgent.raised.v1")
    assert told.category == "child"


class _Siren:
    name = "siren"

    def __init__(self) -> None:
        self.heard: list[tuple[int, bool]] = []
        self.broken = False

    async def tell(self, alert: store.Alert, *, escalated: bool) -> None:
        if self.broken:
            raise OSError("the siren is away")
        self.heard.append((alert.attempts + 1, escalated))


async def _attempts(house: House) -> list[Any]:
    async with house.works.begin(Actor(kind="system", id="test")) as work:
        columns = (alert_attempts.c.attempt, alert_attempts.c.route, alert_attempts.c.outcome)
        return [tuple(row) for row in await work.db.execute(sa.select(*columns).order_by(*columns))]


async def test_an_alert_repeats_and_escalates_until_it_is_acknowledged(house: House, clock: Any) -> None:
    message = received(DANGER)
    siren = _Siren()
    await house.take(message, group="classifier-urgent")
    await house.take(message)

    await alerts.repeat(house.works, [siren], PACE)
    await alerts.repeat(house.works, [siren], PACE)
    assert siren.heard == [(1, False)], "not due again yet"
    siren.broken = True
    clock.move(timedelta(minutes=6))
    await alerts.repeat(house.works, [siren], PACE)
    siren.broken = False
    clock.move(timedelta(minutes=10))
    await alerts.repeat(house.works, [siren], PACE)
    assert siren.heard == [(1, False), (3, True)]
    assert (2, "siren", "failed: OSError") in await _attempts(house)

    path = f"/messages/{message.message_id}/urgent/acknowledge"
    taken = await house.post(path, {"action": "Ringt brannvesenet 110"}, Role.SA, subject="per")
    assert (taken.status_code, taken.json()["complete"]) == (200, True)
    clock.move(timedelta(minutes=30))
    assert not await alerts.repeat(house.works, [siren], PACE)
    assert len(siren.heard) == 2
    [told] = await house.told("urgent.acknowledged.v1")
    assert (told.acknowledged_by, told.action, told.handed_over) == ("per", "Ringt brannvesenet 110", False)
    again = await house.post(path, {"action": "Ringt en gang til"}, Role.LED)
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_ACKNOWLEDGED")


async def test_a_child_asks_for_the_hand_over_as_well(house: House) -> None:
    message = received(CHILD)
    await house.take(message)
    path = f"/messages/{message.message_id}/urgent/acknowledge"
    first = await house.post(path, {"action": "Sett"}, Role.SA)
    assert first.json()["complete"] is False
    second = await house.post(path, {"action": "Ringt barnevernvakten", "handed_over": True}, Role.SA)
    assert (second.status_code, second.json()["complete"]) == (200, True)
    assert [one.handed_over for one in await house.told("urgent.acknowledged.v1")] == [False, True]


async def test_only_those_on_duty_acknowledge_and_only_what_was_raised(house: House) -> None:
    quiet = received("Fint bilde!")
    await house.take(quiet)
    for message_id in (quiet.message_id, uuid4()):
        path = f"/messages/{message_id}/urgent/acknowledge"
        assert (await house.post(path, {"action": "x"}, Role.SA)).json()["code"] == "ALERT_UNKNOWN"
        for role in (Role.FAG, Role.ARK, Role.POL, Role.REV, Role.SYS):
            assert (await house.post(path, {"action": "x"}, role)).status_code == 403


async def test_open_alerts_are_listed_page_by_page(house: House) -> None:
    await house.take(*(received(DANGER) for _ in range(3)), group="classifier-urgent")
    first = (await house.get("/alerts?limit=2", Role.SA)).json()
    second = (await house.get(f"/alerts?limit=2&after={first['next']}", Role.SA)).json()
    assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]
