"""The Graph face: fields, paging, tokens, errors, effects."""

import hashlib
import hmac
from typing import Any

import httpx
import pytest
from torg_simulator.world import World

from .conftest import SECRET, TOKEN, Face

PAGE = "105678901234567"


async def ask(graph: httpx.AsyncClient, method: str, path: str, **parts: Any) -> tuple[int, Any]:
    answer = await graph.request(method, path, **parts)
    return answer.status_code, answer.json()


def told(answer: tuple[int, Any]) -> tuple[int, int, int | None]:
    status, body = answer
    return status, body["error"]["code"], body["error"].get("error_subcode")


class TestReading:
    async def test_fields_not_asked_for_are_absent(self, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="Hei æøå")

        by_default = await ask(graph, "GET", f"/{made['id']}")
        few = await ask(graph, "GET", f"/v23.0/{made['id']}", params={"fields": "message,can_hide,parent,is_hidden"})

        assert by_default[1].keys() == {"created_time", "from", "message", "id"}
        assert few == (200, {"message": "Hei æøå", "can_hide": True, "is_hidden": False, "id": made["id"]})
        assert by_default[1]["created_time"].endswith("+0000")

    async def test_nested_fields_and_a_reply_s_parent(self, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="A")
        reply = await control.post("/_sim/comments", message="B", parent=made["id"])

        _, got = await ask(
            graph, "GET", f"/{reply['id']}", params={"fields": "from{id,name},parent{id},permalink_url,object"}
        )

        assert got["parent"]["id"] == made["id"]
        assert got["from"] == reply["from"]
        assert (got["permalink_url"], got["object"]) == (reply["permalink"], {"id": made["post_id"]})

    async def test_author_that_is_kept_private(self, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="A", without_from=True)

        assert "from" not in (await ask(graph, "GET", f"/{made['id']}"))[1]

    @pytest.mark.parametrize(
        ("fields", "code"), [("message,nothing", 100), ("from{id", 2500), ("}", 2500), ("a{" * 50, 2500)]
    )
    async def test_wrong_fields(self, fields: str, code: int, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="A")

        assert told(await ask(graph, "GET", f"/{made['id']}", params={"fields": fields}))[:2] == (400, code)

    async def test_page_knows_itself(self, graph: httpx.AsyncClient, simulator: World) -> None:
        expected = {"id": PAGE, "name": "Sogne kommune"}

        assert await ask(graph, "GET", "/me", params={"fields": "id,name"}) == (200, expected)
        assert await ask(graph, "GET", f"/v23.0/{PAGE}") == (200, expected)

    async def test_gone_and_never_there_are_the_same(self, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="A")
        await control.post(f"/_sim/comments/{made['id']}/remove")

        for path in (made["id"], "1_2", f"{made['id']}/comments"):
            assert told(await ask(graph, "GET", f"/{path}")) == (400, 100, 33)
        assert told(await ask(graph, "POST", f"/{made['id']}/comments", data={"message": "x"})) == (400, 100, 33)
        assert told(await ask(graph, "DELETE", f"/{made['id']}")) == (400, 100, 33)

    async def test_unknown_edge(self, graph: httpx.AsyncClient) -> None:
        assert told(await ask(graph, "GET", "/1/2/3"))[:2] == (400, 2500)
        assert told(await ask(graph, "GET", "/v23.0"))[:2] == (400, 2500)

    async def test_usage_is_told(self, graph: httpx.AsyncClient) -> None:
        answer = await graph.get("/me")

        assert {"x-app-usage", "x-business-use-case-usage", "facebook-api-version"} <= answer.headers.keys()


class TestLists:
    async def test_pages_by_cursor_and_next_holds_the_token(self, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments/bulk", count=7)
        post = (await control.get("/_sim/posts"))["data"][0]["id"]
        got, after, pages = [], None, 0
        while True:
            params = {"limit": "3", "fields": "id", "order": "chronological"} | ({"after": after} if after else {})
            _, page = await ask(graph, "GET", f"/{post}/comments", params=params)
            pages += 1
            got += [one["id"] for one in page["data"]]
            if "next" not in page["paging"]:
                break
            assert f"access_token={TOKEN}" in page["paging"]["next"]
            after = page["paging"]["cursors"]["after"]

        assert (got, pages) == (made["ids"], 3)
        assert "previous" in page["paging"]
        _, back = await ask(
            graph, "GET", f"/{post}/comments", params={"limit": "3", "before": page["paging"]["cursors"]["before"]}
        )
        assert [one["id"] for one in back["data"]] == made["ids"][3:6]

    async def test_next_can_be_followed(self, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments/bulk", count=3)
        _, page = await ask(graph, "GET", f"/{made['ids'][0].partition('_')[0]}", params={})
        post = (await control.get("/_sim/posts"))["data"][0]["id"]
        _, page = await ask(graph, "GET", f"/{post}/comments", params={"limit": "2"})

        async with httpx.AsyncClient() as nobody:
            followed = (await nobody.get(page["paging"]["next"])).json()
        assert [one["id"] for one in followed["data"]] == made["ids"][2:]

    async def test_stream_has_all_levels_and_reverse_order(self, control: Face, graph: httpx.AsyncClient) -> None:
        first = await control.post("/_sim/comments", message="1")
        reply = await control.post("/_sim/comments", message="2", parent=first["id"])
        second = await control.post("/_sim/comments", message="3")
        post = first["post_id"]

        async def ids(**params: str) -> list[str]:
            return [one["id"] for one in (await ask(graph, "GET", f"/{post}/comments", params=params))[1]["data"]]

        assert await ids() == [first["id"], second["id"]]
        assert await ids(filter="stream", order="reverse_chronological") == [second["id"], reply["id"], first["id"]]
        _, summed = await ask(graph, "GET", f"/{post}/comments", params={"summary": "1", "limit": "1"})
        assert summed["summary"]["total_count"] == 2

    async def test_hidden_ones_are_listed_for_the_page(self, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="1")
        await control.post(f"/_sim/comments/{made['id']}/hide")

        _, page = await ask(graph, "GET", f"/{made['post_id']}/comments", params={"fields": "is_hidden"})
        assert page["data"] == [{"id": made["id"], "is_hidden": True}]

    async def test_since_and_bad_cursors(self, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="1")
        edge = f"/{made['post_id']}/comments"

        assert (await ask(graph, "GET", edge, params={"since": "99999999999"}))[1] == {"data": []}
        for wrong in ({"after": "nonsense"}, {"after": "%%"}, {"limit": "many"}, {"since": "1e9"}):
            assert told(await ask(graph, "GET", edge, params=wrong))[:2] == (400, 100)

    async def test_read_lag(self, control: Face, graph: httpx.AsyncClient) -> None:
        await control.patch("/_sim/behaviour", read_lag_s=60)
        made = await control.post("/_sim/comments", message="1")
        edge = f"/{made['post_id']}/comments"

        assert (await ask(graph, "GET", edge))[1] == {"data": []}
        await control.post("/_sim/clock", forward_s=61)
        assert [one["id"] for one in (await ask(graph, "GET", edge))[1]["data"]] == [made["id"]]

    async def test_feed_and_own_posts(self, control: Face, graph: httpx.AsyncClient) -> None:
        own = await control.post("/_sim/posts", message="Fra siden")
        visitor = await control.post("/_sim/posts", message="Fra en gjest", name="Kari")

        async def ids(edge: str) -> list[str]:
            return [one["id"] for one in (await ask(graph, "GET", f"/{PAGE}/{edge}"))[1]["data"]]

        assert await ids("feed") == [visitor["id"], own["id"]]
        assert await ids("published_posts") == [own["id"]]


class TestEffects:
    async def test_reply_stands_once_with_its_text(self, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="Spørsmål")

        status, answer = await ask(graph, "POST", f"/v23.0/{made['id']}/comments", data={"message": "Svar æøå\n\nKari"})

        (own,) = (await control.get("/_sim/comments", by="page"))["data"]
        assert (status, answer) == (200, {"id": own["id"]})
        assert (own["message"], own["parent_id"], own["origin"]) == ("Svar æøå\n\nKari", made["id"], "graph")

    @pytest.mark.parametrize("parts", [{"json": {"message": "Svar"}}, {"params": {"message": "Svar"}}])
    async def test_reply_by_json_or_query(self, parts: dict[str, Any], control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="Spørsmål")

        assert (await ask(graph, "POST", f"/{made['id']}/comments", **parts))[0] == 200
        assert (await control.get("/_sim/counts"))["by_page"] == 1

    @pytest.mark.parametrize("message", ["", "   ", "x" * 8001])
    async def test_reply_that_is_refused(self, message: str, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="Spørsmål")

        answer = await ask(graph, "POST", f"/{made['id']}/comments", data={"message": message})
        assert told(answer)[:2] == (400, 100)
        assert (await control.get("/_sim/counts"))["by_page"] == 0

    async def test_same_text_twice_in_a_row_is_506(self, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="Spørsmål")
        other = await control.post("/_sim/comments", message="Spørsmål 2")

        async def reply(parent: str) -> int:
            return (await ask(graph, "POST", f"/{parent}/comments", data={"message": "Takk!"}))[0]

        assert [await reply(made["id"]), await reply(other["id"])] == [200, 200]
        assert told(await ask(graph, "POST", f"/{made['id']}/comments", data={"message": "Takk!"}))[1] == 506
        await control.patch("/_sim/behaviour", refuse_repeated=False)
        assert await reply(made["id"]) == 200

    async def test_fields_on_a_post_create_and_then_fail(self, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="Spørsmål")

        answer = await ask(graph, "POST", f"/{made['id']}/comments", data={"message": "Svar", "fields": "id"})

        assert told(answer) == (400, 20, 1772107)
        assert (await control.get("/_sim/counts"))["by_page"] == 1

    async def test_hide_show_edit_delete(self, control: Face, graph: httpx.AsyncClient) -> None:
        made = await control.post("/_sim/comments", message="Stygt")
        own = (await ask(graph, "POST", f"/{made['id']}/comments", data={"message": "Svar"}))[1]["id"]
        one = f"/_sim/comments/{made['id']}"

        assert await ask(graph, "POST", f"/{made['id']}", data={"is_hidden": "true"}) == (200, {"success": True})
        assert (await control.get(one))["hidden"] is True
        assert (await ask(graph, "POST", f"/{made['id']}", json={"is_hidden": False}))[0] == 200
        assert (await control.get(one))["hidden"] is False
        assert (await ask(graph, "POST", f"/{own}", data={"message": "Rettet"}))[0] == 200
        assert (await control.get(f"/_sim/comments/{own}"))["edits"] == ["Svar"]
        assert told(await ask(graph, "POST", f"/{made['id']}", data={"message": "Ikke mitt"}))[1] == 200
        assert told(await ask(graph, "POST", f"/{own}", data={"is_hidden": "true"}))[1] == 200
        assert await ask(graph, "DELETE", f"/{made['id']}") == (200, {"success": True})
        assert (await control.get(one))["removed"] is True

    async def test_page_publishes(self, control: Face, graph: httpx.AsyncClient) -> None:
        _, answer = await ask(graph, "POST", f"/{PAGE}/feed", data={"message": "Vannet er stengt"})

        assert (await control.get("/_sim/posts"))["data"][-1]["id"] == answer["id"]


class TestTokens:
    @pytest.mark.parametrize(
        ("header", "code"), [({}, 104), ({"Authorization": "Bearer wrong"}, 190), ({"Authorization": "Bearer"}, 104)]
    )
    async def test_only_the_page_s_token(
        self, header: dict[str, str], code: int, simulator: World, control: Face
    ) -> None:
        made = await control.post("/_sim/comments", message="x")
        async with httpx.AsyncClient(base_url=simulator.settings.base) as nobody:
            for method, path in (("GET", made["id"]), ("POST", f"{made['id']}/comments"), ("DELETE", made["id"])):
                answer = await ask(nobody, method, f"/{path}", headers=header, params={"message": "x"})
                assert told(answer)[1] == code
        counts = await control.get("/_sim/counts")
        assert (counts["by_page"], counts["removed"], counts["effects"]) == (0, 0, {})

    async def test_token_in_the_query_works_too(self, simulator: World) -> None:
        async with httpx.AsyncClient(base_url=simulator.settings.base) as client:
            assert (await ask(client, "GET", "/me", params={"access_token": TOKEN}))[0] == 200

    async def test_new_token_is_followed_at_once(self, graph: httpx.AsyncClient, simulator: World) -> None:
        (simulator.settings.secrets_dir / "facebook-sogne" / "page_token").write_text("another")

        assert told(await ask(graph, "GET", "/me"))[1] == 190
        assert (await ask(graph, "GET", "/me", headers={"Authorization": "Bearer another"}))[0] == 200

    async def test_proof(self, control: Face, graph: httpx.AsyncClient) -> None:
        right = hmac.digest(SECRET.encode(), TOKEN.encode(), "sha256").hex()
        assert (await ask(graph, "GET", "/me", params={"appsecret_proof": right}))[0] == 200
        wrong = hashlib.sha256(TOKEN.encode()).hexdigest()
        assert told(await ask(graph, "GET", "/me", params={"appsecret_proof": wrong}))[1] == 100

        await control.patch("/_sim/behaviour", require_proof=True)
        assert told(await ask(graph, "GET", "/me"))[1] == 100
        assert (await ask(graph, "GET", "/me", params={"appsecret_proof": right}))[0] == 200

    @pytest.mark.parametrize(
        ("state", "expected"),
        [("expired", (400, 190, 463)), ("password_changed", (400, 190, 460)), ("no_permission", (403, 200, None))],
    )
    async def test_states(
        self, state: str, expected: tuple[int, int, int | None], control: Face, graph: httpx.AsyncClient
    ) -> None:
        await control.patch("/_sim/behaviour", token=state)

        assert told(await ask(graph, "GET", "/me")) == expected
        assert (await control.get("/_sim/calls"))["data"][-1]["authorised"] is False

    async def test_debug_token(self, control: Face, graph: httpx.AsyncClient, simulator: World) -> None:
        app = {"Authorization": f"Bearer {simulator.settings.app_id}|{SECRET}"}

        async def debug(token: str) -> Any:
            return (await ask(graph, "GET", "/debug_token", params={"input_token": token}, headers=app))[1]["data"]

        good, wrong = await debug(TOKEN), await debug("wrong")
        assert (good["is_valid"], good["profile_id"], good["type"]) == (True, PAGE, "PAGE")
        assert "pages_manage_engagement" in good["scopes"]
        assert (wrong["is_valid"], wrong["error"]["code"]) == (False, 190)
        await control.patch("/_sim/behaviour", token="expired")
        expired = await debug(TOKEN)
        assert (expired["is_valid"], expired["error"]["subcode"]) == (False, 463)


async def test_body_that_is_no_body(graph: httpx.AsyncClient) -> None:
    for headers, content in (
        ({"Content-Type": "application/json"}, b"{"),
        ({"Content-Type": "application/json"}, b"[]"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"\xff\xfe"),
        ({}, b"x" * 5_000_000),
    ):
        answer = await graph.post("/1_2/comments", headers=headers, content=content)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)
