"""Nothing that anybody writes into an address makes an error of ours."""

import httpx
import pytest
from torg_shared.auth import Role
from torg_shared.testing import TestTokens

ODD = ("", "0001-01-01", "9999-12-31", "2026-02-30", "-1", "1e9", "null", "%00", "x" * 300, "'; --", "☃", "NaN")


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/offentlig-journal", ("fra", "til", "unit", "format", "after", "limit")),
        ("/worklist", ("handling", "flag", "unit", "channel", "saksmappe_id", "overdue", "after", "limit", "state")),
        ("/deadlines", ("code", "due_before", "statutory", "state", "message_id", "after")),
        ("/restanser", ("unit", "older_than", "after")),
        ("/forfall", ("within", "after", "limit")),
        ("/statistics", ("fra", "til")),
        ("/verify", ("year",)),
        ("/heads", ("after", "limit")),
        ("/screenings", ("state", "after")),
    ],
)
async def test_odd_values_get_a_clear_answer(
    reading: httpx.AsyncClient, tokens: TestTokens, path: str, names: tuple[str, ...]
) -> None:
    header = tokens.header(Role.ARK)
    for name in names:
        for value in (*ODD, "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"):
            answer = await reading.get(path, params={name: value}, headers=header)
            assert answer.status_code in (200, 400, 422), (name, value, answer.text)


async def test_odd_days_and_ids_in_paths(reading: httpx.AsyncClient, tokens: TestTokens) -> None:
    header = tokens.header(Role.ARK)
    for value in ODD[1:]:
        day = await reading.get(f"/offentlig-journal/{value}", headers=header)
        assert day.status_code in (200, 404, 422), (value, day.text)
        for path in ("/journalposter/{}/preview", "/journalposter/{}/proof", "/deadlines/{}"):
            answer = await reading.get(path.format(value), headers=header)
            assert answer.status_code in (404, 422), (value, answer.text)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("fra=2026-06-03&til=2026-06-01", 422),
        ("fra=2020-01-01&til=2026-06-01", 422),
        ("til=2299-12-31", 200),
        ("til=9999-12-31", 422),
        ("fra=2027-01-01", 422),
    ],
)
async def test_statistics_are_for_a_year_at_most(reading: httpx.AsyncClient, query: str, status: int) -> None:
    assert (await reading.get(f"/statistics?{query}")).status_code == status


@pytest.mark.parametrize(
    "body",
    [{}, {"text": ""}, {"text": "a\nb"}, {"text": "a", "limit": 0}, {"text": "a", "after": "x"}, {"text": "a\x00"}],
)
async def test_a_search_that_says_nothing_is_refused(reading: httpx.AsyncClient, body: dict[str, object]) -> None:
    assert (await reading.post("/offentlig-journal/search", json=body)).status_code == 422
