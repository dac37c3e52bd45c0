"""The simulator stays honest: its payloads have the shape of recorded ones, and its documentation names real tests."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torg_simulator.payloads import delivery
from torg_simulator.platform import Change, Person, Platform, person

ROOT = Path(__file__).resolve().parents[2]
_PERSON = {"id": str, "name": str}
_POST = {
    "id": str,
    "status_type": str,
    "is_published": bool,
    "updated_time": str,
    "permalink_url": str,
    "promotion_status": str,
}
_IDS = {"item": str, "verb": str, "post_id": str, "comment_id": str, "parent_id": str, "from": _PERSON}
# keys and types of public recordings of page deliveries, in our own words
RECORDED: dict[str, dict[str, Any]] = {
    "add": {**_IDS, "post": _POST, "message": str, "created_time": int},
    "edited": {**_IDS, "post": _POST, "message": str, "created_time": int},
    "hide": {**_IDS, "post": _POST, "message": str, "created_time": int},
    "unhide": {**_IDS, "post": _POST, "message": str, "created_time": int},
    "remove": _IDS,
}


def shape(value: Any) -> Any:
    return {name: shape(inner) for name, inner in value.items()} if isinstance(value, dict) else type(value)


def changes(verb: str) -> Change:
    platform = Platform(Person("1001", "Siden"), "http://x", "seed")
    comment, add = platform.write_comment(platform.newest_post().id, "Hei", person("Kari"), "citizen")
    if verb == "unhide":
        platform.set_hidden(comment.id, True)
    ways: dict[str, Callable[[], Change | None]] = {
        "add": lambda: add,
        "edited": lambda: platform.edit(comment.id, "B")[1],
        "hide": lambda: platform.set_hidden(comment.id, True)[1],
        "unhide": lambda: platform.set_hidden(comment.id, False)[1],
        "remove": lambda: platform.remove(comment.id)[1],
    }
    made = ways[verb]()
    assert made
    return made


@pytest.mark.parametrize("verb", RECORDED)
def test_payload_has_the_shape_of_a_recorded_one(verb: str) -> None:
    change = changes(verb)

    assert shape(change.value) == RECORDED[verb]
    assert change.value["verb"] == verb
    body = delivery([change])
    assert body.keys() == {"object", "entry"}
    assert body["entry"][0].keys() == {"id", "time", "changes"}
    assert body["entry"][0]["changes"][0].keys() == {"field", "value"}


def test_one_body_can_hold_several_entries() -> None:
    here, there = Change("1", 10, "feed", {"a": 1}), Change("2", 10, "feed", {"a": 2})
    timeless = Change("2", None, "feed", {"a": 3})

    entries = delivery([here, here, there, timeless])["entry"]

    assert [(entry["id"], entry.get("time"), len(entry["changes"])) for entry in entries] == [
        ("1", 10, 2),
        ("2", 10, 1),
        ("2", None, 1),
    ]


def test_documentation_names_tests_that_exist() -> None:
    told = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", told))
    written = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        written |= {path.stem, *re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))}

    assert len(named) > 20
    assert named - written == set()


def test_no_service_knows_that_there_is_a_simulator() -> None:
    """Base address and secrets are all that differs between the platform and what plays it."""
    knowing = re.compile(r"simulat|/_sim|torg_ops|\b811[01]\b", re.I)
    found = {
        str(path.relative_to(ROOT))
        for folder in ("services", "shared")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".yaml", ".toml", ".md", ".html"}
        and knowing.search(path.read_text(encoding="utf-8", errors="replace"))
    }

    assert found == set()
