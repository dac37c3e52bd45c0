"""The control face, the settings and the state that outlives a restart."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import orjson
import pytest
from torg_simulator.app import build, running
from torg_simulator.settings import Settings
from torg_simulator.world import World

from .conftest import TOKEN, Face, Receiver


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/_sim/comments", {"mesage": "x"}),
            ("/_sim/comments", {"message": 1}),
            ("/_sim/faults", {"on": "reply", "do": "explode"}),
            ("/_sim/release", {"batch": 1001}),
            ("/_sim/comments/bulk", {"count": 0}),
        ],
    )
    async def test_unknown_or_wrong(self, path: str, body: dict[str, object], control: Face) -> None:
        assert (await control.client.post(path, json=body)).status_code == 422

    async def test_unknown_traits(self, control: Face) -> None:
        for traits in ({"echoes": "after"}, {"echo": "sideways"}, {"batch": 0}):
            assert (await control.client.patch("/_sim/behaviour", json=traits)).status_code == 422
        assert (await control.get("/_sim/behaviour"))["echo"] == "after"

    async def test_unknown_ids(self, control: Face) -> None:
        assert (await control.client.get("/_sim/comments/1_2")).status_code == 404
        assert (await control.client.post("/_sim/comments/1_2/remove")).status_code == 404
        assert (await control.client.post("/_sim/comments", json={"message": "x", "parent": "1_2"})).status_code == 404


async def test_lists_what_stands(control: Face) -> None:
    first = await control.post("/_sim/comments", message="A", name="Kari")
    reply = await control.post("/_sim/comments", message="B", parent=first["id"], as_page=True)
    gone = await control.post("/_sim/comments", message="C", name="Per")
    await control.post(f"/_sim/comments/{gone['id']}/remove")

    async def ids(**params: str) -> list[str]:
        return [one["id"] for one in (await control.get("/_sim/comments", **params))["data"]]

    assert await ids() == [first["id"], reply["id"]]
    assert await ids(removed="true") == [first["id"], reply["id"], gone["id"]]
    assert await ids(by="page") == await ids(parent=first["id"]) == [reply["id"]]
    assert await ids(by="citizen") == [first["id"]]
    counts = await control.get("/_sim/counts")
    assert (counts["comments"], counts["by_citizens"], counts["by_page"], counts["removed"]) == (2, 1, 1, 1)
    assert (await control.get("/_sim/posts"))["data"][0]["comments"] == 2


async def test_same_name_is_the_same_person(control: Face) -> None:
    people = [(await control.post("/_sim/comments", message="x", name=name))["from"] for name in ("A", "B", "A")]

    assert people[0] == people[2] != people[1]


async def test_reset_empties_all_but_the_subscription(control: Face, graph: httpx.AsyncClient) -> None:
    made = await control.post("/_sim/comments", message="x")
    await control.post("/_sim/faults", on="any", do="error_500", times=0)
    await control.patch("/_sim/behaviour", echo="none", hold=True)
    await control.post("/_sim/reset")

    counts = await control.get("/_sim/counts")
    assert (counts["comments"], counts["posts"], counts["changes"]) == (0, 0, 0)
    assert (await control.get("/_sim/behaviour"))["hold"] is False
    assert (await graph.get("/me")).status_code == 200
    assert (await control.get("/healthz")) == {"status": "ok", "subscribed": True}
    again = await control.post("/_sim/comments", message="x")
    assert again["id"] != made["id"]


async def test_same_seed_same_ids(settings: Settings) -> None:
    def ids() -> list[str]:
        platform = build(settings).platform
        return [platform.newest_post().id, platform.write_post("x")[0].id]

    assert ids() == ids()
    assert build(settings.model_copy(update={"seed": None})).platform.newest_post().id not in ids()


async def test_state_outlives_a_restart(settings: Settings, tmp_path: Path) -> None:
    kept = settings.model_copy(update={"state": tmp_path / "deep" / "state.json", "webhook": None})
    first = build(kept)
    async with running(first):
        comment, _ = first.platform.write_comment(
            first.platform.newest_post().id, "Hei æøå", first.platform.page, "citizen", photo=True
        )
        first.platform.edit(comment.id, "Hei igjen")

    second = build(kept)

    assert second.platform.comments == first.platform.comments
    assert second.platform.posts == first.platform.posts
    assert second.platform.direct(comment.post_id) == [comment]
    third, _ = second.platform.write_comment(comment.post_id, "Ny", second.platform.page, "citizen")
    assert third.id not in first.platform.comments


async def test_taken_port_is_said(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.control_port))
        taken.listen()
        with pytest.raises(OSError, match=str(settings.control_port)):
            async with running(build(settings)):
                raise AssertionError("two servers on one port")


async def test_control_face_is_on_loopback_only(settings: Settings) -> None:
    open_to_all = settings.model_copy(update={"host": "0.0.0.0"})
    async with running(build(open_to_all)):
        with Path("/proc/net/tcp").open() as lines:
            listening = {line.split()[1] for line in lines if " 0A " in line}
    by_port = {int(one.partition(":")[2], 16): one.partition(":")[0] for one in listening}

    assert by_port[settings.public_port] == "00000000"
    assert by_port[settings.control_port] == "0100007F"


async def test_command_serves_until_told_to_stop(settings: Settings, receiver: Receiver) -> None:
    command = [sys.executable, "-m", "torg_simulator"]
    environment = {
        "TORG_SECRETS_DIR": str(settings.secrets_dir),
        "TORG_SIMULATOR_PUBLIC_PORT": str(settings.public_port),
        "TORG_SIMULATOR_CONTROL_PORT": str(settings.control_port),
        "TORG_SIMULATOR_WEBHOOK": receiver.url,
    }
    process = subprocess.Popen([*command, "serve"], env=environment)
    try:
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            while not await answers(client, f"http://127.0.0.1:{settings.control_port}/healthz"):
                assert process.poll() is None
                await asyncio.sleep(0.05)
            assert (await client.get(f"http://127.0.0.1:{settings.public_port}/me")).status_code == 200
            called = await asyncio.to_thread(
                subprocess.run,
                [*command, "control", "POST", "/_sim/comments", '{"message": "Hei"}'],
                env=environment,
                capture_output=True,
                check=True,
            )
            assert orjson.loads(called.stdout)["message"] == "Hei"
    finally:
        process.terminate()
        assert await asyncio.to_thread(process.wait, 15) == 0
    assert receiver.asked


async def answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.ConnectError:
        return False


def test_world_has_no_default_secret(tmp_path: Path) -> None:
    assert (settings := Settings(secrets_dir=tmp_path)).app_secret == settings.page_token == ""


async def test_empty_secret_lets_nobody_in(settings: Settings, world: World, control: Face) -> None:
    (settings.secrets_dir / "facebook-sogne" / "page_token").write_text("")
    async with httpx.AsyncClient(base_url=settings.base) as client:
        for header in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer x"}):
            assert (await client.get("/me", headers=header)).status_code == 400
