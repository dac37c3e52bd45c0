"""The composition root: real things are made here and nowhere else."""

from datetime import date, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from torg_shared.auth import keep_fresh, tokens_for
from torg_shared.bus.open import open_bus
from torg_shared.bus.port import Bus
from torg_shared.clock import Clock, SystemClock
from torg_shared.db import make_engine
from torg_shared.events.envelope import Actor
from torg_shared.metrics import Metrics
from torg_shared.municipality import read
from torg_shared.service import Service
from torg_shared.web import make_api, read_secret
from torg_shared.work import Works

from torg_ingest import api, jobs
from torg_ingest.authorisation import MATRIX
from torg_ingest.channels import facebook
from torg_ingest.committer import Committer
from torg_ingest.domain.channels import Channel
from torg_ingest.settings import IngestSettings
from torg_ingest.usecases import channels as registry

_NOBODY = "config"


class _Contact(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: str | None = None
    postal_address: list[str] | None = None
    phone: str | None = None


class _Channel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: str
    platform: str
    account_id: str
    name: str
    state: Literal["proposed", "decided", "active"]
    owner_unit: str
    purpose: str
    comment_mode: Literal["open", "messages_only", "closed"] = "open"
    capture_depth: str = "thread"
    profile_text: str = ""
    arguments_for: str = ""
    arguments_against: str = ""
    house_rules_url: str | None = None
    hours: dict[str, Any] = {}
    formal_contact: _Contact = _Contact()
    decided_by: str | None = None
    decided_at: datetime | None = None
    grounds: str | None = None
    risk_assessment_ref: str | None = None
    dpo_opinion: str | None = None
    review_due: date | None = None


class ChannelsFile(BaseModel):
    """`channels.yaml`: seeds the registry where a key is absent; holds no secrets."""

    model_config = ConfigDict(extra="forbid")

    channels: list[_Channel]

    def seeds(self, now: datetime) -> list[Channel]:
        return [
            Channel(
                id=registry.UNNAMED,
                version=1,
                changed_by=_NOBODY,
                changed_at=now,
                **one.model_dump(exclude={"formal_contact"}),
                formal_contact=one.formal_contact.model_dump(exclude_none=True),
            )
            for one in self.channels
        ]


def build(settings: IngestSettings, *, bus: Bus | None = None, clock: Clock | None = None) -> Service:
    """Ingest, ready to run. Raises `ConfigError` for a wrong channels.yaml, `OSError` for a missing secret."""
    clock = clock or SystemClock()
    metrics = Metrics()
    engine = make_engine(
        settings.database_url,
        name="torg-ingest",
        pool_size=settings.database_pool,
        command_timeout_s=settings.command_timeout_s,
    )
    works = Works(engine, clock, "ingest")
    bus = bus or open_bus(settings.bus_url, "torg-ingest")
    tokens = tokens_for(settings)
    parking = timedelta(seconds=settings.parking_s)
    committer = Committer(works, metrics, parking=parking, queue_bytes=settings.queue_mib * 1024 * 1024)
    webhook = api.Webhook(
        committer,
        api.Secrets(settings.secrets_dir / facebook.PLATFORM),
        clock,
        metrics,
        api.Limits(settings.body_mib * 1024 * 1024, settings.answer_s),
    )
    rest, health = make_api(
        name="ingest",
        package="torg_ingest",
        works=works,
        bus=bus,
        metrics=metrics,
        tokens=tokens,
        matrix=MATRIX,
        routers=[api.messages, api.channels, api.deliveries(parking)],
        cursor_secret=read_secret(settings.secrets_dir, "cursor_secret"),
        doors={f"/webhooks/{facebook.PLATFORM}": webhook},
    )
    seeds = read(settings.config_dir / "channels.yaml", ChannelsFile).seeds(clock.now())

    async def seed() -> None:
        async with works.begin(Actor(kind="system", id="ingest-seed")) as work:
            await registry.seed(work, seeds)

    return Service(
        name="ingest",
        settings=settings,
        works=works,
        bus=bus,
        metrics=metrics,
        api=rest,
        health=health,
        jobs=[jobs.awaiting_parent(works, parking), jobs.housekeeping(works, settings, metrics)],
        beside=[lambda stop: keep_fresh(tokens, stop, metrics)],
        beside_api=[committer.run] * settings.committers,
        starting=[seed],
    )
