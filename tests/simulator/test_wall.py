"""The website, where one is the citizen."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .conftest import Face, Receiver

HOSTILE = "<script>alert(1)</script> \"' & </textarea><img src=x onerror=alert(2)> \u202eabc"


@pytest.fixture
async def visitor(graph: httpx.AsyncClient) -> httpx.AsyncClient:
    graph.headers.pop("authorization")
    return graph


async def write(visitor: httpx.AsyncClient, **form: str) -> httpx.Response:
    return await visitor.post("/wall/comments", data=form)


async def first_parent(visitor: httpx.AsyncClient) -> str:
    found = re.search(r'name="parent" value="([^"]+)"', (await visitor.get("/")).text)
    assert found
    return found.group(1)


async def test_comment_written_in_the_form_is_delivered_and_stands(
    visitor: httpx.AsyncClient, receiver: Receiver, idle: Callable[[], Any]
) -> None:
    parent = await first_parent(visitor)

    answer = await write(visitor, parent=parent, name="Åse Øra", message="Når åpner det?\r\nHilsen Åse")
    await idle()

    assert (answer.status_code, receiver.values[0]["from"]["name"]) == (303, "Åse Øra")
    page = (await visitor.get(answer.headers["location"])).text
    assert "Når åpner det?" in page
    assert 'class="marked"' in page


async def test_permalink_shows_the_thread_with_the_published_answer(control: Face, visitor: httpx.AsyncClient) -> None:
    made = await control.post("/_sim/comments", message="Når åpner svømmehallen?")
    reply = await control.post(
        "/_sim/comments", message="Kl. 10.\n\nMed vennlig hilsen", parent=made["id"], as_page=True
    )

    for link in (made["permalink"], reply["permalink"]):
        page = await visitor.get(link)
        assert page.status_code == 200
        assert "Når åpner svømmehallen?" in page.text
        assert "Kl. 10.\n\nMed vennlig hilsen" in page.text
        assert "Sogne kommune" in page.text


async def test_what_people_write_is_text_only(control: Face, visitor: httpx.AsyncClient) -> None:
    made = await control.post("/_sim/comments", message=HOSTILE, name="<b>Ola</b>")

    for page in (await visitor.get("/"), await visitor.get(made["permalink"])):
        assert "<script" not in page.text
        assert "<img src=x" not in page.text
        assert "<b>Ola" not in page.text
        assert "&lt;script&gt;" in page.text


async def test_nothing_comes_from_elsewhere(control: Face, visitor: httpx.AsyncClient) -> None:
    made = await control.post("/_sim/comments", message="x", photo=True)
    page = await visitor.get(made["permalink"])

    assert all(link.startswith(("/", "#")) for link in re.findall(r'(?:src|href|action)="([^"]*)"', page.text))
    assert "script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    for link in re.findall(r'(?:src|href)="([^"#]*(?:css|png))"', page.text):
        assert (await visitor.get(link)).status_code == 200


async def test_citizen_edits_and_deletes_what_is_theirs(
    control: Face, visitor: httpx.AsyncClient, receiver: Receiver, idle: Callable[[], Any]
) -> None:
    made = await control.post("/_sim/comments", message="A")
    own = await control.post("/_sim/comments", message="Svar", as_page=True)

    assert (await visitor.post("/wall/edit", data={"id": made["id"], "message": "B"})).status_code == 303
    assert (await visitor.post("/wall/remove", data={"id": made["id"]})).status_code == 303
    assert (await visitor.post("/wall/edit", data={"id": own["id"], "message": "B"})).status_code == 404
    assert (await visitor.post("/wall/remove", data={"id": own["id"]})).status_code == 404
    await idle()

    assert [value["verb"] for value in receiver.values] == ["add", "add", "edited", "remove"]
    assert (await visitor.get(made["permalink"])).status_code == 404


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"name": "Kari", "message": "x", "parent": "1_2"}, 404),
        ({"name": "Kari", "message": "x"}, 404),
        ({"name": "", "message": "x"}, 422),
        ({"name": "Kari", "message": " "}, 422),
        ({"name": "Kari", "message": "x" * 8001}, 422),
        ({"name": "Sogne kommune", "message": "x"}, 422),
        ({}, 422),
    ],
)
async def test_forms_that_are_refused(form: dict[str, str], status: int, visitor: httpx.AsyncClient) -> None:
    parent = await first_parent(visitor)

    assert (await write(visitor, **({"parent": parent} if status == 422 else {}) | form)).status_code == status


async def test_unknown_permalink(visitor: httpx.AsyncClient) -> None:
    assert (await visitor.get("/105678901234567/posts/1")).status_code == 404
    assert (await visitor.get("/1/posts/1")).status_code == 404
