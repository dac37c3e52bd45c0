"""The composition root: real things are made here and nowhere else."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from torg_shared.auth import keep_fresh, tokens_for
from torg_shared.bus.open import open_bus
from torg_shared.bus.port import Bus
from torg_shared.clock import Clock, SystemClock
from torg_shared.db import make_engine
from torg_shared.events.envelope import Actor
from torg_shared.http import Circuit, Outbound
from torg_shared.metrics import Metrics
from torg_shared.municipality import ConfigError, read
from torg_shared.service import Service
from torg_shared.web import make_api, read_secret
from torg_shared.work import Works

from .api import desk_router, registry_router, replies_router
from .authorisation import MATRIX
from .channels.facebook import Facebook
from .channels.port import Platform
from .domain import templates
from .handlers import groups
from .jobs import jobs
from .settings import ResponderSettings
from .store import registry
from .usecases.rules import Rules
from .usecases.sending import Sender


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Contact(_File):
    email: str
    phone: str
    postal_address: list[str]


class _Profile(_File):
    name: str
    website: str
    reply_language_policy: str = "mirror"
    formal_contact: _Contact


class _Unit(_File):
    code: str
    name: str


class _Units(_File):
    units: list[_Unit]


class _Link(_File):
    topic: str
    lang: str = "nb"
    title: str
    url: str


class _Links(_File):
    links: list[_Link]


class _Channel(_File):
    key: str
    platform: str
    account_id: str


class _Channels(_File):
    channels: list[_Channel]


class _Clauses(_File):
    clauses: list[dict[str, str]]


class _Guideline(_File):
    version: str
    sections: list[dict[str, str]]


class _Tip(_File):
    code: str
    tip: str
    phrase: str | None = None


class _Handbook(_File):
    entries: list[_Tip]


class _Front(BaseModel):
    """Front matter of a template file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: templates.Kind
    handlings: list[str]
    flags: list[str] = []
    section: str
    tone: str = "matter_of_fact"


def rules_of(settings: ResponderSettings) -> Rules:
    """The municipality's data as the use cases need it. Raises `ConfigError`."""
    profile = read(settings.config_dir / "profile.yaml", _Profile)
    units = read(settings.config_dir / "units.yaml", _Units)
    contact = profile.formal_contact
    guideline = read(settings.config_dir / "guideline.yaml", _Guideline)
    return Rules(
        values={
            "kommune": profile.name,
            "nettsted": profile.website,
            "epost": contact.email,
            "telefon": contact.phone,
            "postadresse": ", ".join(contact.postal_address),
        },
        units={unit.code: unit.name for unit in units.units},
        language_policy=profile.reply_language_policy,
        undo_s=settings.undo_s,
        claim_minutes=settings.claim_minutes,
        settle_s=settings.settle_s,
        guideline_version=guideline.version,
        handbook=handbook_of(settings.config_dir, guideline.sections),
    )


def handbook_of(folder: Path, sections: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    """The tips of 4.2, each with the sentence it explains (G-47). Raises `ConfigError` for one without a sentence."""
    said = {one["code"]: one["sentence"] for one in sections if one["section"] == "4.2"}
    entries = []
    for tip in read(folder / "handbook.yaml", _Handbook).entries:
        if tip.code not in said:
            raise ConfigError(f"{folder / 'handbook.yaml'}: guideline.yaml has no sentence {tip.code} in section 4.2")
        entries.append({"section": "4.2", "sentence": said[tip.code], **tip.model_dump(exclude_none=True)})
    return entries


def house_rules_of(folder: Path) -> Sequence[Mapping[str, str]]:
    """The clauses of the configuration, each with a code and texts. Raises `ConfigError`."""
    clauses = read(folder / "house_rules.yaml", _Clauses).clauses
    for clause in clauses:
        if not {"code", "nb"} <= clause.keys() <= {"code", "nb", "nn", "en"}:
            raise ConfigError(f"{folder / 'house_rules.yaml'}: a clause needs code and nb, and knows nn and en")
    return clauses


def templates_of(folder: Path) -> Sequence[templates.Template]:
    """`<code>.<lang>.md` with front matter. A template of the configuration has been approved where it was written.

    Raises `ConfigError` that names the file.
    """
    found = []
    for path in sorted(folder.glob("*.md")):
        code, lang = path.stem.rsplit(".", 1)
        try:
            _, front, text = path.read_text(encoding="utf-8").split("---\n", 2)
            head = _Front.model_validate(yaml.safe_load(front))
        except (ValueError, yaml.YAMLError, ValidationError) as error:
            raise ConfigError(f"{path}: {str(error).splitlines()[0]}") from None
        template = templates.Template(
            code=code,
            lang=lang,
            version=1,
            kind=head.kind,
            handlings=tuple(head.handlings),
            flags=tuple(head.flags),
            section=head.section,
            tone=head.tone,
            text=text.strip(),
            approved_by=templates.CONFIGURED,
        )
        templates.check(template)
        found.append(template)
    return found


def build(
    settings: ResponderSettings, *, bus: Bus | None = None, clock: Clock | None = None, platform: Platform | None = None
) -> Service:
    """The responder, ready to run. Raises `ConfigError` for wrong configuration, `OSError` for a missing secret."""
    metrics = Metrics()
    engine = make_engine(
        settings.database_url,
        name="torg-responder",
        pool_size=settings.database_pool,
        command_timeout_s=settings.command_timeout_s,
    )
    works = Works(engine, clock or SystemClock(), "responder")
    bus = bus or open_bus(settings.bus_url, "torg-responder")
    tokens = tokens_for(settings)
    rules = rules_of(settings)
    links = read(settings.config_dir / "links.yaml", _Links).links
    known = templates_of(settings.config_dir / "templates")
    channel = read(settings.config_dir / "channels.yaml", _Channels).channels[0]

    def secrets() -> tuple[str, str]:
        return (
            read_secret(settings.secrets_dir, f"{channel.platform}/app_secret").decode(),
            read_secret(settings.secrets_dir, f"{channel.key}/page_token").decode(),
        )

    outbound = Outbound(
        [urlsplit(settings.facebook_url).hostname or ""],
        allow_private=settings.allow_private_hosts,
        deadline_s=settings.platform_deadline_s,
        circuit=Circuit(),
    )
    platform = platform or Facebook(
        outbound, settings.facebook_url, settings.facebook_version, channel.account_id, secrets
    )
    clauses = house_rules_of(settings.config_dir)

    def web(hosts: Collection[str]) -> Outbound:
        return Outbound(hosts, deadline_s=10, max_body=1024 * 1024)

    sender = Sender(
        works,
        platform,
        rules,
        metrics,
        uuid4(),
        lease=timedelta(seconds=settings.lease_s),
        stuck=timedelta(seconds=settings.stuck_s),
    )
    consumers = groups(rules)
    api, health = make_api(
        name="responder",
        package="torg_responder",
        works=works,
        bus=bus,
        metrics=metrics,
        tokens=tokens,
        matrix=MATRIX,
        routers=[replies_router(rules), desk_router(rules), registry_router(rules)],
        groups=consumers,
        cursor_secret=read_secret(settings.secrets_dir, "cursor_secret"),
    )

    async def seed() -> None:
        async with works.begin(Actor(kind="system", id="responder-seed")) as work:
            await registry.seed(work.db, known, [link.model_dump() for link in links], clauses, work.now)

    return Service(
        name="responder",
        settings=settings,
        works=works,
        bus=bus,
        metrics=metrics,
        api=api,
        health=health,
        groups=consumers,
        jobs=jobs(settings, works, rules, sender, web, metrics),
        beside=[lambda stop: keep_fresh(tokens, stop, metrics)],
        starting=[seed],
        closing=[sender.leave, platform.close],
    )
