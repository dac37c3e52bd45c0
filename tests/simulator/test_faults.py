"""Every fault script: what the caller sees, and what stands on the platform afterwards."""

import gzip
from typing import Any

import httpx
import pytest
from torg_simulator.behaviour import Fault, Faults

from .conftest import Face


async def reply(graph: httpx.AsyncClient, parent: str, **parts: Any) -> httpx.Response:
    return await graph.post(f"/v23.0/{parent}/comments", data={"message": "Svar"}, **parts)


async def standing(control: Face) -> int:
    return int((await control.get("/_sim/counts"))["by_page"])


@pytest.fixture
async def parent(control: Face) -> str:
    return str((await control.post("/_sim/comments", message="Spørsmål"))["id"])


@pytest.mark.parametrize(("do", "effects"), [("effect_then_timeout", 1), ("timeout", 0)])
async def test_time_out(do: str, effects: int, control: Face, graph: httpx.AsyncClient, parent: str) -> None:
    await control.post("/_sim/faults", on="reply", do=do)

    with pytest.raises(httpx.ReadTimeout):
        await reply(graph, parent, timeout=0.3)

    assert await standing(control) == effects


@pytest.mark.parametrize(("do", "effects"), [("effect_then_timeout", 1), ("timeout", 0)])
async def test_time_out_ends_by_closing(
    do: str, effects: int, control: Face, graph: httpx.AsyncClient, parent: str
) -> None:
    await control.post("/_sim/faults", on="reply", do=do, hold_s=0.1)

    with pytest.raises(httpx.RemoteProtocolError):
        await reply(graph, parent)

    assert await standing(control) == effects


@pytest.mark.parametrize(
    ("do", "effects", "status", "code"),
    [
        ("effect_then_500", 1, 500, 2),
        ("error_500", 0, 500, 2),
        ("effect_then_400", 1, 400, 20),
        ("expired_token", 0, 400, 190),
        ("rate_limited", 0, 429, 32),
    ],
)
async def test_errors_with_and_without_effect(
    do: str, effects: int, status: int, code: int, control: Face, graph: httpx.AsyncClient, parent: str
) -> None:
    await control.post("/_sim/faults", on="reply", do=do)

    answer = await reply(graph, parent)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert await standing(control) == effects
    assert (await control.get("/_sim/calls", operation="reply"))["data"][-1]["fault"] == do


async def test_error_page_after_the_effect(control: Face, graph: httpx.AsyncClient, parent: str) -> None:
    await control.post("/_sim/faults", on="reply", do="effect_then_502")

    answer = await reply(graph, parent)

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert b"<h1>" in answer.content
    assert await standing(control) == 1


@pytest.mark.parametrize(("do", "effects"), [("reset_after_write", 1), ("reset", 0)])
async def test_reset(do: str, effects: int, control: Face, graph: httpx.AsyncClient, parent: str) -> None:
    await control.post("/_sim/faults", on="reply", do=do)

    with pytest.raises(httpx.ReadError) as broken:
        await reply(graph, parent)

    assert isinstance(root_cause(broken.value), ConnectionResetError)
    assert await standing(control) == effects


def root_cause(error: BaseException) -> BaseException:
    while deeper := error.__cause__ or error.__context__:
        error = deeper
    return error


async def test_cut_answer(control: Face, graph: httpx.AsyncClient, parent: str) -> None:
    await control.post("/_sim/faults", on="reply", do="effect_then_cut")

    with pytest.raises(httpx.RemoteProtocolError):
        await reply(graph, parent)

    assert await standing(control) == 1


async def test_rate_limit_says_how_long(control: Face, graph: httpx.AsyncClient, parent: str) -> None:
    await control.post("/_sim/faults", on="any", do="rate_limited", retry_after_s=90)

    answer = await graph.get("/me")

    assert answer.headers["retry-after"] == "90"
    assert '"estimated_time_to_regain_access":2' in answer.headers["x-business-use-case-usage"]


async def test_any_documented_error(control: Face, graph: httpx.AsyncClient, parent: str) -> None:
    await control.post("/_sim/faults", on="reply", do="error", code=368, subcode=1390008, status=403)

    answer = await reply(graph, parent)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["error_subcode"]) == (403, 368, 1390008)
    assert await standing(control) == 0


async def test_slow_and_trickled_answers_are_right(control: Face, graph: httpx.AsyncClient, parent: str) -> None:
    await control.patch("/_sim/behaviour", refuse_repeated=False)
    await control.post("/_sim/faults", on="reply", do="slow", delay_s=0.05)
    await control.post("/_sim/faults", on="reply", do="trickle", delay_s=0.001)

    answers = [(await reply(graph, parent)).json()["id"] for _ in range(2)]

    assert answers == [one["id"] for one in (await control.get("/_sim/comments", by="page"))["data"]]


async def test_slow_answer_trips_the_caller(control: Face, graph: httpx.AsyncClient, parent: str) -> None:
    await control.post("/_sim/faults", on="reply", do="slow", delay_s=30)

    with pytest.raises(httpx.ReadTimeout):
        await reply(graph, parent, timeout=0.2)


async def test_bodies_no_caller_should_swallow(control: Face, graph: httpx.AsyncClient) -> None:
    for fault in ("huge", "bomb", "garbage"):
        await control.post("/_sim/faults", on="read", do=fault)

    async with graph.stream("GET", "/me") as huge:
        assert int(huge.headers["content-length"]) == 64 * 1024 * 1024
    async with graph.stream("GET", "/me") as bomb:
        assert bomb.headers["content-encoding"] == "gzip"
        assert int(bomb.headers["content-length"]) < 1024 * 1024
        packed = b"".join([chunk async for chunk in bomb.aiter_raw()])
    assert packed[:2] == gzip.compress(b"")[:2]
    with pytest.raises(ValueError, match=r"Expecting|control|column"):
        (await graph.get("/me")).json()


async def test_scripts_follow_one_another(control: Face, graph: httpx.AsyncClient, parent: str) -> None:
    await control.patch("/_sim/behaviour", refuse_repeated=False)
    await control.post("/_sim/faults", on="reply", do="error_500", after=1, times=2)
    await control.post("/_sim/faults", on="reply", do="expired_token")

    answers = [(await reply(graph, parent)).status_code for _ in range(5)]

    assert answers == [200, 500, 500, 400, 200]
    assert (await control.get("/_sim/faults"))["data"] == []


async def test_scripts_can_be_dropped(control: Face, graph: httpx.AsyncClient, parent: str) -> None:
    await control.post("/_sim/faults", on="any", do="error_500", times=0)
    assert [(await graph.get("/me")).status_code for _ in range(3)] == [500] * 3

    await control.client.delete("/_sim/faults")
    assert (await graph.get("/me")).status_code == 200


def test_script_waits_for_its_own_operation() -> None:
    faults = Faults()
    faults.add(Fault(on="delete", do="error_500"))

    assert faults.take("reply") is None
    assert faults.take("delete") == Fault(on="delete", do="error_500")
    assert faults.take("delete") is None
