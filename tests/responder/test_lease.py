"""One process sends at a time, and a process that ends in order lets the next one send at once."""

from dataclasses import replace
from uuid import uuid4

from .conftest import Desk


async def test_nobody_else_may_send_while_the_lease_holds(desk: Desk) -> None:
    other = replace(desk.sender, holder=uuid4())
    await desk.sender.round()

    assert await other._lease() is None


async def test_an_orderly_end_gives_the_lease_back(desk: Desk) -> None:
    other = replace(desk.sender, holder=uuid4())
    await desk.sender.round()

    await desk.sender.leave()

    assert await other._lease() is not None


async def test_an_end_takes_nothing_from_whoever_sends_meanwhile(desk: Desk) -> None:
    other = replace(desk.sender, holder=uuid4())
    await desk.sender.round()
    await desk.sender.leave()
    await other.round()

    await desk.sender.leave()

    assert await desk.sender._lease() is None
