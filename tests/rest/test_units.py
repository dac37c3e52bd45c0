"""Route x role x own and other unit or channel: what is not yours answers as what is not there (section 6)."""

from typing import Any
from uuid import uuid4

import pytest
from torg_shared.auth import Role

from .running import UNIT, Running
from .test_bad_input import NEVER_SEEN, _schema, _value, told

pytestmark = pytest.mark.asyncio(loop_scope="module")
BY_UNIT = (Role.FAG, Role.POL)
BY_CHANNEL = (Role.SA, Role.RED)
# what belongs to the whole municipality, and the register of channels, which all staff may read
EVERYBODYS = (
    *("/channels", "/templates", "/links", "/house-rules"),
    *("/rules", "/dead-letters", "/deliveries", "/outbound-pause"),
)
NOT_MADE = ("/external-replies",)  # nobody has answered outside of Torg here
FOREIGN_UNIT: dict[str, Any] = {"unit": "oppvekst"}
FOREIGN_CHANNEL: dict[str, Any] = {"channels": ["another-channel"]}


def routes(house: Running) -> list[str]:
    """Routes of one thing that belongs to a unit or came by a channel, where such a thing is known."""
    return [
        route
        for route, row in house.matrix.items()
        if not row.public
        and "{" in route
        and not route.split(" ", 1)[1].startswith((*EVERYBODYS, *NOT_MADE))
        and house.known.get(route.split("{", 1)[1].split("}", 1)[0])
    ]


def request(house: Running, route: str, role: Role, **claims: Any) -> dict[str, Any]:
    headers = house.allowed(route) | house.header(role, **claims)
    body = {"json": _value(house, _schema(house, route))} if house.takes_a_body(route) else {}
    return {"headers": headers, **body}


async def test_a_thing_of_another_unit_or_channel_is_not_there(house: Running) -> None:
    wrong = []
    for route in routes(house):
        for role in house.matrix[route].roles & {*BY_UNIT, *BY_CHANNEL}:
            foreign = FOREIGN_UNIT if role in BY_UNIT else FOREIGN_CHANNEL
            answer = await house.ask(route, **request(house, route, role, **foreign))
            if answer.status_code != 404 and not (answer.status_code == 422 and house.takes_a_body(route)):
                wrong.append((route, role.value, answer.status_code, answer.text[:150]))
            elif answer.status_code == 404:
                path = house.path_of(route)
                identity = house.known[route.split("{", 1)[1].split("}", 1)[0]][0]
                none = await house.ask(route, path=path.replace(identity, NEVER_SEEN), **request(house, route, role))
                assert told(answer, f"torg_{house.name}") == told(none, f"torg_{house.name}"), route
    assert wrong == []


async def test_a_list_shows_nothing_of_another_unit_or_channel(house: Running) -> None:
    wrong = []
    for route, row in house.matrix.items():
        path = route.split(" ", 1)[1]
        if (
            not route.startswith("GET ")
            or "{" in route
            or row.public
            or path.startswith((*EVERYBODYS, "/feed", "/audit"))
        ):
            continue
        for role in row.roles & {*BY_UNIT, *BY_CHANNEL}:
            foreign = FOREIGN_UNIT if role in BY_UNIT else FOREIGN_CHANNEL
            answer = await house.ask(route, headers=house.header(role, **foreign))
            assert answer.status_code == 200, (route, role, answer.text)
            if answer.json().get("items"):
                wrong.append((route, role.value, len(answer.json()["items"])))
    assert wrong == []


async def test_ones_own_is_there(house: Running) -> None:
    """The other half: the same routes with the same ids are not closed to those whose they are."""
    wrong = []
    for route in (one for one in routes(house) if one.startswith("GET ") and house.name != "ingest"):
        for role in house.matrix[route].roles & {Role.FAG, *BY_CHANNEL}:
            answer = await house.ask(route, **request(house, route, role, unit=UNIT, channels=["facebook-sogne"]))
            if answer.status_code not in {200, 409}:
                wrong.append((route, role.value, answer.status_code, answer.text[:150]))
    assert wrong == []


async def test_roles_without_bounds_reach_what_their_row_gives_them(house: Running) -> None:
    for route in (one for one in routes(house) if one.startswith("GET ")):
        for role in house.matrix[route].roles & {Role.ARK, Role.LED, Role.REV}:
            answer = await house.ask(route, headers=house.header(role, unit=f"unit-{uuid4().hex[:4]}"))
            assert answer.status_code in {200, 409}, (route, role, answer.text)
