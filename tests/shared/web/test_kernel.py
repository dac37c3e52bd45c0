"""The rules of requirements section 11 that hold for every resource, on a small service with one resource."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from starlette.responses import Response
from torg_shared.auth import STAFF, Role, row
from torg_shared.bus.memory import MemoryBus
from torg_shared.errors import Conflict, NotFound
from torg_shared.metrics import Metrics
from torg_shared.web import After, Answer, Body, Command, Id, Limit, Router, RouteWithoutRow, Text, make_api
from torg_shared.work import Work, Works

MATRIX = {
    "GET /things": row(STAFF),
    "GET /things/{thing_id}": row(STAFF),
    "POST /things": row(Role.SA, key=True),
    "POST /things/{thing_id}/rename": row(Role.SA, key=True, match=True),
    "GET /open": row(public=True),
    "POST /broken": row(Role.SA),
}


class Make(Body):
    name: Text
    count: int = 0
    other: Id | None = None


class Rename(Body):
    name: Text


def things(made: dict[UUID, list[Any]]) -> Router:
    router = Router()

    @router.get("/things")
    async def all_things(command: Command, after: After = None, limit: Limit = 2) -> Response:
        page = command.page("things", after, limit)
        last = page.position[0] if page.position else ""
        rows = sorted(name for name, _ in made.values() if name > last)[: limit + 1]
        return command.list(page, rows, lambda one: [one], lambda one: {"name": one})

    @router.get("/things/{thing_id}")
    async def one_thing(thing_id: UUID, command: Command) -> Response:
        if thing_id not in made:
            raise NotFound("THING_UNKNOWN", thing_id)
        name, version = made[thing_id]
        return command.answer(Answer({"name": name}, version=version))

    @router.post("/things")
    async def make(body: Make, command: Command) -> Response:
        async def use_case(work: Work) -> UUID:
            if body.name == "taken":
                raise Conflict("THING_TAKEN")
            if body.name == "boom":
                raise RuntimeError("a fault of ours")
            thing_id = uuid4()
            made[thing_id] = [body.name, 1]
            work.audit("thing.made", thing_id, count=body.count)
            return thing_id

        return await command.run(
            use_case, lambda one: Answer({"id": one}, status=201, version=1, location=f"/things/{one}")
        )

    @router.post("/things/{thing_id}/rename")
    async def rename(thing_id: UUID, body: Rename, command: Command) -> Response:
        async def use_case(work: Work) -> int:
            if thing_id not in made:
                raise NotFound("THING_UNKNOWN", thing_id)
            command.expected.check(thing_id, made[thing_id][1], changed_by="kari")
            made[thing_id] = [body.name, made[thing_id][1] + 1]
            return int(made[thing_id][1])

        return await command.run(use_case, lambda version: Answer({"version": version}, version=version))

    @router.get("/open")
    async def for_everybody(command: Command) -> Response:
        return command.answer(Answer({"caller": command.caller.subject if command.caller else None}))

    @router.post("/broken")
    async def broken(command: Command) -> Response:
        async def use_case(work: Work) -> None:
            await work.db.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

        return await command.run(use_case)

    return router


@pytest.fixture
async def made() -> dict[UUID, list[Any]]:
    return {}


@pytest.fixture
async def works(database: Any, works_for: Any) -> Works:
    found: Works = works_for(await database("torg_shared"), "shared")
    return found


@pytest.fixture
async def client(works: Works, tokens: Any, made: dict[UUID, list[Any]]) -> AsyncIterator[httpx.AsyncClient]:
    api, _ = make_api(
        name="test",
        package="torg_shared.web",
        works=works,
        bus=MemoryBus(),
        metrics=Metrics(),
        tokens=tokens.checker(),
        matrix=MATRIX,
        routers=[things(made)],
        cursor_secret=b"secret",
    )
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
        yield found


def keyed(header: dict[str, str], key: str = "k1", **more: str) -> dict[str, str]:
    return header | {"Idempotency-Key": key} | more


async def test_a_role_is_asked_before_the_body_is_read(client: httpx.AsyncClient, tokens: Any) -> None:
    for header, status, code in (
        ({}, 401, "TOKEN_MISSING"),
        ({"Authorization": "Bearer nonsense"}, 401, "TOKEN_INVALID"),
        ({"Authorization": "Basic a2FyaQ=="}, 401, "TOKEN_INVALID"),
        (tokens.header(Role.SA, exp=1), 401, "TOKEN_INVALID"),
        (tokens.header(Role.SA, aud="another"), 401, "TOKEN_INVALID"),
        (tokens.header(Role.SA, iss="another"), 401, "TOKEN_INVALID"),
        (tokens.header(), 401, "TOKEN_WITHOUT_ROLE"),
        (tokens.header(Role.SA) | {"Torg-Role": "leder"}, 401, "ROLE_NOT_IN_TOKEN"),
        (tokens.header(Role.FAG), 403, "ROLE_FORBIDDEN"),
    ):
        answer = await client.post("/things", content=b"{broken", headers=header)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_hat_decides(client: httpx.AsyncClient, tokens: Any) -> None:
    both = tokens.header(Role.FAG, Role.SA)
    assert (await client.post("/things", json={"name": "x"}, headers=keyed(both))).status_code == 403
    worn = keyed(both, **{"Torg-Role": "sideadministrator"})
    assert (await client.post("/things", json={"name": "x"}, headers=worn)).status_code == 201


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{broken", 400),
        (b'{"name": NaN}', 400),
        (b'{"name": "a", "count": 1e999}', 400),
        (b'{"name": "a", "name": "b"}', 400),
        (b'{"name": "\xff"}', 400),
        (b"[" * 5000 + b"]" * 5000, 400),
        (b'{"name": "\\ud800"}', 400),
        (b'{"name": "a\\u0000b"}', 422),
        (b'{"name": "a", "count": "1"}', 422),
        (b'{"name": "a", "count": true}', 422),
        (b'{"name": ["a"]}', 422),
        (b'{"name": "a", "approved_by": "me"}', 422),
        (b'{"name": "a", "other": "no-id"}', 422),
        (b"", 422),
    ],
)
async def test_bad_bodies_get_a_clear_problem_and_no_effect(
    client: httpx.AsyncClient, tokens: Any, made: dict[UUID, Any], content: bytes, status: int
) -> None:
    header = keyed(tokens.header(Role.SA)) | {"Content-Type": "application/json"}
    answer = await client.post("/things", content=content, headers=header)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == ("JSON_INVALID" if status == 400 else "BODY_INVALID")
    assert not made


async def test_an_id_may_be_written_as_a_string(client: httpx.AsyncClient, tokens: Any) -> None:
    body = {"name": "a", "other": str(uuid4())}
    assert (await client.post("/things", json=body, headers=keyed(tokens.header(Role.SA)))).status_code == 201


async def test_a_body_past_the_limit_is_refused(client: httpx.AsyncClient, tokens: Any) -> None:
    answer = await client.post("/things", json={"name": "x" * 1_100_000}, headers=keyed(tokens.header(Role.SA)))
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


async def test_the_same_key_has_one_effect_and_one_answer(
    client: httpx.AsyncClient, tokens: Any, made: dict[UUID, Any]
) -> None:
    header = keyed(tokens.header(Role.SA, subject="per"))
    first = await client.post("/things", json={"name": "a"}, headers=header)
    second = await client.post("/things", json={"name": "a"}, headers=header)
    assert (first.status_code, second.status_code, len(made)) == (201, 201, 1)
    assert first.json() == second.json()
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    other_body = await client.post("/things", json={"name": "b"}, headers=header)
    assert (other_body.status_code, other_body.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    other_person = keyed(tokens.header(Role.SA, subject="kari"))
    assert (await client.post("/things", json={"name": "c"}, headers=other_person)).status_code == 201
    missing = await client.post("/things", json={"name": "d"}, headers=tokens.header(Role.SA))
    assert (missing.status_code, missing.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")


async def test_only_committed_outcomes_are_kept(client: httpx.AsyncClient, tokens: Any) -> None:
    header = keyed(tokens.header(Role.SA))
    refused = await client.post("/things", json={"name": "taken"}, headers=header)
    assert (refused.status_code, refused.json()["code"]) == (409, "THING_TAKEN")
    assert (await client.post("/things", json={"name": "free"}, headers=header)).status_code == 201


async def test_an_action_names_the_version_it_saw(
    client: httpx.AsyncClient, tokens: Any, made: dict[UUID, Any]
) -> None:
    thing = uuid4()
    made[thing] = ["a", 3]
    header = tokens.header(Role.SA)

    async def rename(path: UUID, key: str, **more: str) -> httpx.Response:
        return await client.post(f"/things/{path}/rename", json={"name": "b"}, headers=keyed(header, key, **more))

    for key, condition, status in (
        ("1", {}, 428),
        ("2", {"If-Match": "*"}, 428),
        ("3", {"If-Match": '"2"'}, 412),
        ("4", {"If-Match": 'W/"3"'}, 412),
        ("5", {"If-Match": '"3"'}, 200),
    ):
        assert (await rename(thing, key, **condition)).status_code == status
    assert (await rename(uuid4(), "6")).status_code == 404
    got = await client.get(f"/things/{thing}", headers=header)
    assert got.headers["etag"] == '"4"'
    again = await client.get(f"/things/{thing}", headers=header | {"If-None-Match": '"4"'})
    assert (again.status_code, again.content) == (304, b"")


async def test_lists_are_walked_by_signed_cursors(
    client: httpx.AsyncClient, tokens: Any, made: dict[UUID, Any]
) -> None:
    for name in "abcde":
        made[uuid4()] = [name, 1]
    header = tokens.header(Role.SA)
    seen: list[str] = []
    path: str | None = "/things"
    while path:
        answer = await client.get(path, headers=header)
        seen += [one["name"] for one in answer.json()["items"]]
        link = answer.headers.get("link")
        assert bool(link) == bool(answer.json()["next"])
        path = link[1 : link.index(">")] if link else None
    assert seen == list("abcde")
    first = (await client.get("/things", headers=header)).json()["next"]
    for after in (first[:-2] + "xx", "nonsense", "æ", ""):
        answer = await client.get("/things", params={"after": after}, headers=header)
        assert (answer.status_code, answer.json()["code"]) == (422, "CURSOR_INVALID")
    for query in ("limit=0", "limit=-1", "limit=1000000000", "limit=x", "sort=name", "limit=1&limit=2"):
        assert (await client.get(f"/things?{query}", headers=header)).status_code == 422


async def test_a_commit_that_fails_is_answered_503(client: httpx.AsyncClient, tokens: Any) -> None:
    answer = await client.post("/broken", headers=tokens.header(Role.SA))
    assert (answer.status_code, answer.json()["code"]) == (503, "STORAGE_AWAY")
    assert answer.headers["retry-after"] == "5"


async def test_a_fault_of_ours_tells_the_caller_nothing(client: httpx.AsyncClient, tokens: Any) -> None:
    answer = await client.post("/things", json={"name": "boom"}, headers=keyed(tokens.header(Role.SA)))
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert "fault of ours" not in answer.text


async def test_errors_speak_the_readers_language(client: httpx.AsyncClient) -> None:
    texts = {
        language: (await client.get("/things", headers={"Accept-Language": language})).json()["detail"]
        for language in ("nb", "nn", "en", "no", "de")
    }
    assert texts["en"] == "Sign in first."
    assert texts["nb"] == texts["no"] == texts["de"] == "Du må logge inn."


async def test_public_routes_need_no_token_and_refuse_a_bad_one(client: httpx.AsyncClient, tokens: Any) -> None:
    assert (await client.get("/open")).json() == {"caller": None}
    assert (await client.get("/open", headers=tokens.header(Role.SA, subject="per"))).json() == {"caller": "per"}
    assert (await client.get("/open", headers={"Authorization": "Bearer x"})).status_code == 401


async def test_unknown_paths_and_methods(client: httpx.AsyncClient) -> None:
    for method, path, status in (("GET", "/nowhere", 404), ("DELETE", "/things", 405), ("TRACE", "/things", 405)):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_audit_rows_are_chained_and_told_to_the_auditor(
    client: httpx.AsyncClient, tokens: Any, works: Works
) -> None:
    for number in range(3):
        header = keyed(tokens.header(Role.SA), f"k{number}")
        await client.post("/things", json={"name": f"n{number}", "count": number}, headers=header)
    assert (await client.get("/audit", headers=tokens.header(Role.SA))).status_code == 403
    rows = (await client.get("/audit", headers=tokens.header(Role.REV))).json()["items"]
    assert [one["facts"] for one in rows] == [{"count": 0}, {"count": 1}, {"count": 2}]
    one_subject = await client.get("/audit", params={"subject": rows[1]["subject"]}, headers=tokens.header(Role.REV))
    assert [one["position"] for one in one_subject.json()["items"]] == [2]


async def test_feed_payload_is_for_systems_and_the_auditor(client: httpx.AsyncClient, tokens: Any) -> None:
    assert (await client.get("/feed", headers=tokens.header(Role.SA))).json() == {"items": [], "next": 0}
    refused = await client.get("/feed?payload=full", headers=tokens.header(Role.SA))
    assert (refused.status_code, refused.json()["code"]) == (403, "PAYLOAD_FORBIDDEN")
    for role in (Role.SYS, Role.REV):
        assert (await client.get("/feed?payload=full", headers=tokens.header(role))).status_code == 200


async def test_health_pages(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).text == "ok\n"
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert (await client.get("/metrics")).status_code == 200


async def test_a_route_without_a_row_is_not_built(works: Works, tokens: Any) -> None:
    for matrix in (
        {name: one for name, one in MATRIX.items() if name != "GET /open"},
        MATRIX | {"GET /gone": row(STAFF)},
    ):
        with pytest.raises(RouteWithoutRow):
            make_api(
                name="test",
                package="torg_shared.web",
                works=works,
                bus=MemoryBus(),
                metrics=Metrics(),
                tokens=tokens.checker(),
                matrix=matrix,
                routers=[things({})],
                cursor_secret=b"secret",
            )
