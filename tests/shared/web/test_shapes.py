"""Times, dates and query values at the edge, and what the OpenAPI document tells of every guarded route."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from starlette.responses import Response
from torg_shared.auth import STAFF, Role, row
from torg_shared.bus.memory import MemoryBus
from torg_shared.metrics import Metrics
from torg_shared.web import Answer, Body, Command, Day, Instant, Router, make_api


class Times(Body):
    at: Instant | None = None
    day: Day | None = None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-06-03T08:00:00Z", datetime(2026, 6, 3, 8, tzinfo=UTC)),
        ("2026-06-03T10:00:00.5+02:00", datetime(2026, 6, 3, 8, 0, 0, 500000, tzinfo=UTC)),
        ("2026-06-03T22:00:00+14:00", datetime(2026, 6, 3, 8, tzinfo=UTC)),
        ("2026-10-25T02:30:00+02:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the hour that comes twice
        ("2026-10-25T02:30:00+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2024-02-29T23:59:59Z", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_instant_is_an_rfc_3339_time(written: str, meant: datetime) -> None:
    assert Times(at=written).at == meant  # type: ignore[arg-type] # as it comes in JSON


@pytest.mark.parametrize(
    "written",
    [
        "2026-06-03T08:00:00",
        "2026-06-03",
        "2026-06-03T24:00:00Z",
        "2026-06-03 08:00:00Z",
        "2026-06-03T08:00Z",
        "2026-02-29T08:00:00Z",
        "2026-06-03T08:00:00+25:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1780473600",
        1780473600,
        1780473600.5,
        True,
        "",
    ],
)
def test_no_zone_no_number_and_no_hour_24_is_an_instant(written: Any) -> None:
    with pytest.raises(ValidationError):
        Times(at=written)


@pytest.mark.parametrize(
    "written", ["2026-02-29", "2026-06-03T00:00:00Z", "9999-12-31", "0001-01-01", "20260603", 1, ""]
)
def test_a_day_is_a_full_date_of_our_time(written: Any) -> None:
    with pytest.raises(ValidationError):
        Times(day=written)


def test_29_february_is_a_day_in_leap_years() -> None:
    assert Times(day="2024-02-29").day == date(2024, 2, 29)  # type: ignore[arg-type] # as it comes in JSON


MATRIX = {
    "GET /found": row(STAFF),
    "POST /made/{thing_id}": row(Role.SA, key=True, match=True),
    "GET /open": row(public=True),
}


def _routes() -> Router:
    router = Router()

    @router.get("/found")
    async def found(command: Command, word: str | None = None) -> Response:
        return command.answer(Answer({"word": word}))

    @router.post("/made/{thing_id}", status_code=201)
    async def made(thing_id: int, body: Times, command: Command) -> Response:
        return command.answer(Answer({"id": thing_id}))

    @router.get("/open")
    async def for_everybody(command: Command) -> Response:
        return command.answer(Answer({}))

    return router


@pytest.fixture
async def api(works_for: Any, database: Any, tokens: Any) -> FastAPI:
    made, _ = make_api(
        name="test",
        package="torg_shared.web",
        works=works_for(await database("torg_shared"), "shared"),
        bus=MemoryBus(),
        metrics=Metrics(),
        tokens=tokens.checker(),
        matrix=MATRIX,
        routers=[_routes()],
        cursor_secret=b"secret",
    )
    return made


@pytest.fixture
async def client(api: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://test") as found:
        yield found


async def test_a_query_value_with_nul_is_refused_before_it_meets_a_column(
    client: httpx.AsyncClient, tokens: Any
) -> None:
    answer = await client.get("/found?word=a%00b", headers=tokens.header(Role.SA))
    assert (answer.status_code, answer.json()["code"]) == (422, "QUERY_INVALID")
    for literal in ("%25", "_", "'", "\\", "(a+)+$"):
        answer = await client.get("/found", params={"word": literal}, headers=tokens.header(Role.SA))
        assert answer.json() == {"word": literal}


async def test_the_document_tells_keys_versions_tokens_and_problems(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    made = document["paths"]["/made/{thing_id}"]["post"]
    assert {one["name"]: one["required"] for one in made["parameters"]} == {
        "thing_id": True,
        "Idempotency-Key": True,
        "If-Match": True,
        "Torg-Role": False,
    }
    assert set(made["responses"]) == {"201", "default"}
    assert list(made["responses"]["default"]["content"]) == ["application/problem+json"]
    assert made["security"] == [{"token": []}]
    assert document["paths"]["/open"]["get"]["security"] == [{}, {"token": []}]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert "Problem" in document["components"]["schemas"]
