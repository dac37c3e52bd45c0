"""The generated files: `python -m tests.architecture.generate` (`make docs`) writes them, tests compare them.

Event schemas, the AsyncAPI document and `docs/events.md` follow from the contracts, `docs/openapi/` from the services.
Golden events are written once, at the first sight of a contract, and never again: they are what earlier versions sent.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from torg_shared.events.catalogue import CONTRACTS, PRODUCERS, TOPICS
from torg_shared.events.envelope import CONTENT_TYPE, Actor, Event, Meta, encode
from torg_shared.settings import ServiceSettings

from . import guideline
from .services import SERVICES, openapi_of, settings_of

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "events" / "schemas"
GOLDEN = ROOT / "tests" / "contracts" / "golden"
_EXAMPLE_ID = UUID("018f3f6e-7c00-7000-8000-000000000001")
_EXAMPLE_TIME = datetime(2026, 6, 3, 8, 0, tzinfo=UTC)

Json = dict[str, Any]


def dump(content: Json) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def schema_of(contract: type[Event]) -> Json:
    """The JSON Schema of `data`; the envelope around it is the same for all. What is None is left out on the wire."""
    schema = contract.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": contract.TYPE, **schema}


def envelope_schema() -> Json:
    text = {"type": "string", "minLength": 1}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "envelope",
        "title": "CloudEvents 1.0 in structured JSON",
        "type": "object",
        "required": ["specversion", "id", "type", "source", "subject", "time", "correlationid", "actor", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "format": "uuid", "description": "UUIDv7, minted once with the log row"},
            "type": text,
            "source": text,
            "subject": {**text, "description": "id of the thing that the event is about"},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "correlationid": text,
            "causationid": {"type": "string", "format": "uuid"},
            "actor": {**text, "description": "kind/role/id; never a name"},
            "traceparent": text,
            "data": {"type": "object"},
        },
    }


def example_of(contract: type[Event]) -> Event:
    """One event of `contract` with every field set, always the same."""
    schema = contract.model_json_schema(mode="validation")
    return contract.model_validate(_example(schema, schema.get("$defs", {})))


def golden_of(contract: type[Event]) -> Json:
    """What is kept of a version for ever: an event as it was sent, and the schema that it had."""
    meta = Meta(
        id=_EXAMPLE_ID,
        time=_EXAMPLE_TIME,
        actor=Actor(kind="person", id="per.tangen", role="sideadministrator"),
        correlationid=str(_EXAMPLE_ID),
        causationid=_EXAMPLE_ID,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return {"event": json.loads(encode(example_of(contract), meta, "urn:torg:example")), "schema": schema_of(contract)}


def _example(schema: Json, definitions: Mapping[str, Json]) -> Any:  # noqa: PLR0911 - one return per kind of value
    if "$ref" in schema:
        return _example(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return _example(next(one for one in schema[several] if one.get("type") != "null"), definitions)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {name: _example(one, definitions) for name, one in schema["properties"].items()}
        case "object":
            return {"key": "value"}
        case "array":
            return [_example(schema["items"], definitions)] if "items" in schema else []
        case "integer":
            return 1
        case "number":
            return 0.5
        case "boolean":
            return True
    formats = {"uuid": str(_EXAMPLE_ID), "date-time": "2026-06-03T08:00:00Z", "date": "2026-06-03"}
    return formats.get(schema.get("format", ""), "tekst")


def asyncapi() -> Json:
    """The AsyncAPI 3 document: topics as channels, contracts as messages, who sends what."""
    channels = {
        topic.name: {
            "address": topic.name,
            "description": f"{topic.partitions} partitions; events are kept {_kept(topic.retention_days)}",
            "messages": {
                name: {"$ref": f"#/components/messages/{name}"}
                for name, contract in sorted(CONTRACTS.items())
                if topic.name == contract.TOPIC
            },
        }
        for topic in TOPICS
    }
    messages = {
        name: {
            "name": name,
            "summary": _summary(contract),
            "contentType": CONTENT_TYPE,
            "payload": {
                "allOf": [
                    {"$ref": "schemas/envelope.json"},
                    {"properties": {"type": {"const": name}, "data": {"$ref": f"schemas/{name}.json"}}},
                ]
            },
        }
        for name, contract in CONTRACTS.items()
    }
    operations = {
        f"{service}.sends.{topic}": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{topic}"},
            "messages": [
                {"$ref": f"#/channels/{topic}/messages/{name}"}
                for name, contract in sorted(owned.items())
                if topic == contract.TOPIC
            ],
        }
        for service, owned in PRODUCERS.items()
        for topic in sorted({contract.TOPIC for contract in owned.values()})
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Torg events",
            "version": "1",
            "description": "CloudEvents 1.0 in structured JSON; keyed by conversation, or by the id of what has none.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def events_page() -> str:
    """`docs/events.md`: what travels on the bus, by producing service."""
    lines = [
        "# Events",
        "",
        "Generated from `torg_shared/events` by `make docs`; do not edit.",
        "",
        "CloudEvents 1.0 in structured JSON. Readers ignore unknown fields; a contract changes by addition only, else",
        "its major version does. Schemas: `docs/events/schemas/`, whole document: `docs/events/asyncapi.json`.",
        "A field with a question mark may lack.",
        "",
        "| topic | partitions | kept |",
        "|---|---|---|",
        *(f"| `{topic.name}` | {topic.partitions} | {_kept(topic.retention_days)} |" for topic in TOPICS),
    ]
    for service, owned in PRODUCERS.items():
        lines += [
            "",
            f"## {service}",
            "",
            "| event | topic | subject | key | fields | meaning |",
            "|---|---|---|---|---|---|",
        ]
        for name, contract in sorted(owned.items()):
            fields = ", ".join(
                f"`{field}`" if one.is_required() else f"`{field}`?" for field, one in contract.model_fields.items()
            )
            cells = (f"`{name}`", f"`{contract.TOPIC}`", f"`{contract.SUBJECT}`", f"`{contract.KEY}`", fields)
            lines.append(f"| {' | '.join(cells)} | {_summary(contract)} |")
    return "\n".join(lines) + "\n"


def _summary(contract: type[Event]) -> str:
    own = contract.__dict__.get("__doc__") or ""
    return " ".join(own.split())


def _kept(days: int | None) -> str:
    return "for ever" if days is None else f"{days} days"


def event_files() -> Iterator[tuple[Path, str]]:
    """What follows from the contracts."""
    yield SCHEMAS / "envelope.json", dump(envelope_schema())
    for name, contract in CONTRACTS.items():
        yield SCHEMAS / f"{name}.json", dump(schema_of(contract))
    yield ROOT / "docs" / "events" / "asyncapi.json", dump(asyncapi())
    yield ROOT / "docs" / "events.md", events_page()


def golden_files() -> Iterator[tuple[Path, str]]:
    for name, contract in CONTRACTS.items():
        yield GOLDEN / f"{name}.json", dump(golden_of(contract))


def settings_page() -> str:
    """`docs/settings.md`: every environment variable, what all services have first."""
    lines = [
        "# Settings",
        "",
        "Generated from the services' `settings` by `make docs`; do not edit. Environment variables with the prefix",
        "`TORG_`; `python -m torg_<service> --check-config` prints the values in force, secrets masked.",
        "The simulator's stand in `docs/simulator.md`.",
        "",
        "## Every service",
        "",
        *_variables(ServiceSettings, set()),
    ]
    common = ServiceSettings.model_fields
    for service in SERVICES:
        kind = settings_of(service)
        same = {
            name
            for name, field in kind.model_fields.items()
            if name in common and (field.default, field.description) == (common[name].default, common[name].description)
        }
        lines += ["", f"## {service}", "", *_variables(kind, same)]
    return "\n".join(lines) + "\n"


def _variables(settings: type[ServiceSettings], without: set[str]) -> Iterator[str]:
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for name, field in settings.model_fields.items():
        if name not in without:
            default = "required" if field.is_required() else "–" if field.default is None else f"`{field.default}`"
            yield f"| `TORG_{name.upper()}` | {default} | {field.description} |"


def settings_file() -> tuple[Path, str]:
    return ROOT / "docs" / "settings.md", settings_page()


def guideline_file() -> tuple[Path, str]:
    return ROOT / "docs" / "guideline.md", guideline.page()


def openapi_file(service: str) -> Path:
    return ROOT / "docs" / "openapi" / f"{service}.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only-events", action="store_true", help="leave the services out")
    only_events = parser.parse_args().only_events
    wanted = dict(event_files())
    if not only_events:
        wanted |= dict([guideline_file(), settings_file()])
        wanted |= {openapi_file(service): dump(openapi_of(service)) for service in SERVICES}
    for old in {*SCHEMAS.glob("*.json")} - wanted.keys():
        old.unlink()
    written = 0
    for path, content in wanted.items():
        written += _write(path, content)
    for path, content in golden_files():
        if not path.exists():
            written += _write(path, content)
    sys.stdout.write(f"{written} files written\n")


def _write(path: Path, content: str) -> bool:
    if path.exists() and path.read_text(encoding="utf-8") == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return True


if __name__ == "__main__":
    main()
