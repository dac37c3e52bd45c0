"""What a change of a contract may be, within one major version: an optional field more, and nothing else.

Readers one version behind must understand new events, and new readers the events that lie in logs for years.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
_TOLD_ELSEWHERE = {"title", "description", "default", "$schema", "$id", "$defs", "examples"}


def breaking_changes(before: Json, now: Json) -> list[str]:
    """Each difference between two schemas that breaks a reader, as a sentence; empty when there is none."""
    return list(_compare("data", before, now, before.get("$defs", {}), now.get("$defs", {})))


def _compare(place: str, before: Json, now: Json, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    before, now = _resolved(before, old), _resolved(now, new)
    if "anyOf" in before or "anyOf" in now:
        was, is_ = _alternatives(before, old), _alternatives(now, new)
        if was.keys() != is_.keys():
            yield f"{place}: was {_told(was)}, is {_told(is_)}"
        for name in was.keys() & is_.keys():
            yield from _compare(place, was[name], is_[name], old, new)
        return
    for word in ("type", "format", "const", "enum", "pattern"):
        if before.get(word) != now.get(word):
            yield f"{place}: {word} was {before.get(word)}, is {now.get(word)}"
    if "items" in before and "items" in now:
        yield from _compare(f"{place}[]", before["items"], now["items"], old, new)
    fields_before, fields_now = before.get("properties", {}), now.get("properties", {})
    required_before, required_now = set(before.get("required", ())), set(now.get("required", ()))
    for name in sorted(fields_before.keys() - fields_now.keys()):
        yield f"{place}.{name}: is gone"
    for name in sorted(required_now - required_before):
        yield f"{place}.{name}: has become required; events without it lie in the logs"
    for name in sorted(required_before - required_now):
        yield f"{place}.{name}: is no longer always there; readers one version behind need it"
    for name in sorted(fields_before.keys() & fields_now.keys()):
        yield from _compare(f"{place}.{name}", fields_before[name], fields_now[name], old, new)
    handled = {"type", "format", "const", "enum", "pattern", "items", "properties", "required", *_TOLD_ELSEWHERE}
    for word in sorted((before.keys() | now.keys()) - handled):
        if before.get(word) != now.get(word):
            yield f"{place}: {word} was {before.get(word)}, is {now.get(word)}"


def _resolved(schema: Json, definitions: Mapping[str, Json]) -> Json:
    return definitions[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def _alternatives(schema: Json, definitions: Mapping[str, Json]) -> dict[str, Json]:
    several = [_resolved(one, definitions) for one in schema.get("anyOf", [schema])]
    return {f"{one.get('type')}/{one.get('format', '')}": one for one in several}


def _told(alternatives: Mapping[str, Json]) -> str:
    return " or ".join(sorted(name.rstrip("/") for name in alternatives))
