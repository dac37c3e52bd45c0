"""A service as a process: what it is made of, and how it runs as `api`, `worker` or `serve`.

`build()` in a service's `app.py` returns a `Service`; `command_line` turns it into `python -m torg_<service> …`.
"""

import asyncio
import contextlib
import gc
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
import typer
import uvicorn
import uvloop
from pydantic import ValidationError
from pydantic_core import to_json

from . import audit, inbox, logs
from .bus.port import Bus
from .bus.runner import Group, GroupSilent, Pace, describe, replay, run_group
from .db import is_transient, migrate
from .events.envelope import Actor
from .metrics import Metrics
from .relay import run_relay
from .settings import ServiceSettings
from .work import Works

_GROUP_HELP = "Only these consumer groups; no relay, no jobs"
_CHECK_HELP = "Print the effective settings, secrets masked"
_TIDY_BUS_EVERY_S = 600.0
EXIT_SILENT = 70  # EX_SOFTWARE: the supervisor starts a new process

Mode = Literal["api", "worker", "serve"]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """A timed loop: `round` runs every `every_s` seconds; when it returns True, again at once.

    A failing round is logged and counted, and the next one comes as usual. Replicas must be able to run it side by
    side: rounds lock what they work on.
    """

    name: str
    every_s: float
    round: Callable[[], Awaitable[bool | None]]
    wake: asyncio.Event | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """`beside_api` are tasks that must live where the API lives (ingest's committer), `beside` those of every process
    (fresh keys); `starting` runs before a process takes anything (seeds), `closing` at the end."""

    name: str
    settings: ServiceSettings
    works: Works
    bus: Bus
    metrics: Metrics
    api: Asgi
    health: Asgi
    groups: Sequence[Group] = ()
    jobs: Sequence[Job] = ()
    beside: Sequence[Callable[[asyncio.Event], Coroutine[Any, Any, None]]] = ()
    beside_api: Sequence[Callable[[asyncio.Event], Coroutine[Any, Any, None]]] = ()
    starting: Sequence[Callable[[], Awaitable[None]]] = ()
    closing: Sequence[Callable[[], Awaitable[None]]] = ()


async def run(service: Service, mode: Mode, only: Sequence[str] = ()) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code. `only` limits a worker to the groups named.

    At the signal: no new requests or batches, what is under way is finished within `drain_s`, then groups are left.
    """
    stop, stop_relay = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    server = _Server(
        uvicorn.Config(
            service.health if mode == "worker" else service.api,
            host=service.settings.http_host,
            port=service.settings.http_port,
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=int(service.settings.drain_s),
            timeout_keep_alive=30,
        )
    )
    stop_server = asyncio.Event()
    # HTTP comes first: a process that waits for its database is alive, and says that it is not ready
    running = [asyncio.ensure_future(_serve(server, stop, stop_server))]
    running.append(asyncio.ensure_future(_measure_loop_lag(service.metrics, stop)))
    running += [asyncio.ensure_future(task(stop)) for task in service.beside]
    running_late: list[asyncio.Future[None]] = []
    if mode != "worker":
        running_late += [asyncio.ensure_future(task(stop_server)) for task in service.beside_api]
    starting = asyncio.ensure_future(_started(service, stop))
    await asyncio.wait([starting, *running], return_when=asyncio.FIRST_COMPLETED)
    if mode != "api" and starting.done() and not starting.exception() and not stop.is_set():
        groups = [group for group in service.groups if not only or group.name in only]
        pace = Pace(batch=service.settings.batch_size)
        running += [
            asyncio.ensure_future(run_group(g, service.bus, service.works, stop, service.metrics, pace)) for g in groups
        ]
        if not only:
            jobs = [*service.jobs, Job("bus-housekeeping", _TIDY_BUS_EVERY_S, service.bus.tidy)]
            running += [asyncio.ensure_future(_run_job(job, stop, service.metrics)) for job in jobs]
            service.works.relay_is_here = True
            relay = run_relay(service.works, service.bus, service.works.wake, stop_relay, service.metrics)
            running_late.append(asyncio.ensure_future(relay))
    running.append(starting)
    gc.collect()
    gc.freeze()  # what lives for ever need not be looked at again: the collector was the tail latency
    gc.set_threshold(50_000, 20, 100)
    _log.info("service.started", mode=mode, port=service.settings.http_port)
    code = await _first_failure([*running, *running_late], stop)
    stop.set()
    await _drained(running, service.settings.drain_s)
    stop_relay.set()
    stop_server.set()
    await _drained(running_late, service.settings.drain_s)
    for close in (*service.closing, service.bus.close, service.works.close):
        with contextlib.suppress(Exception):
            await close()
    _log.info("service.stopped", code=code)
    return code


def command_line(
    name: str, package: str, build: Callable[[Any], Service], settings_type: type[ServiceSettings]
) -> typer.Typer:
    """The commands every service has: api, worker, serve, migrate, replay, resume, and `--check-config`."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    @app.callback(invoke_without_command=True)
    def main(check_config: Annotated[bool, typer.Option("--check-config", help=_CHECK_HELP)] = False) -> None:
        if check_config:
            typer.echo(to_json(_settings(settings_type).effective(), indent=2))
            raise typer.Exit

    def start(mode: Mode, only: Sequence[str] = ()) -> None:
        settings = _settings(settings_type)
        logs.configure(name, settings.log_level)

        async def main() -> int:
            return await run(build(settings), mode, only)

        sys.exit(uvloop.run(main()))

    @app.command()
    def api() -> None:
        """HTTP only."""
        start("api")

    @app.command()
    def worker(group: Annotated[list[str] | None, typer.Option(help=_GROUP_HELP)] = None) -> None:
        """Consumers, relay and jobs; health pages on the HTTP port."""
        start("worker", group or ())

    @app.command()
    def serve() -> None:
        """HTTP, consumers, relay and jobs in one process."""
        start("serve")

    @app.command(name="migrate")
    def migrate_command(revision: str = "head") -> None:
        """Bring the database to a revision, as its owner (TORG_MIGRATE_URL)."""
        settings = _settings(settings_type)
        if settings.migrate_url is None:
            typer.echo("TORG_MIGRATE_URL mangler: sett adressen til databasen med eierrollen.", err=True)
            raise typer.Exit(2)
        migrate(settings.migrate_url, package, revision)

    @app.command(name="replay")
    def replay_command(letter_id: UUID) -> None:
        """Run the handler of a dead letter again."""
        service = build(_settings(settings_type))
        actor = Actor(kind="system", id=f"{name}-replay")
        asyncio.run(_closing(service, replay(service.groups, service.works, letter_id, actor)))

    @app.command(name="audit")
    def audit_command() -> None:
        """Recompute the hash chain of the audit account; exit code 1 when it does not hold."""
        service = build(_settings(settings_type))

        async def check() -> None:
            async with service.works.engine.connect() as db:
                count, fault = await audit.verify(db)
            typer.echo(f"{count} rader holder" if fault is None else f"{count} rader holder, så: {fault}")
            if fault is not None:
                raise typer.Exit(1)

        asyncio.run(_closing(service, check()))

    @app.command()
    def resume(group: str) -> None:
        """Let a halted consumer group go on."""
        service = build(_settings(settings_type))

        async def lift() -> None:
            async with service.works.begin(Actor(kind="system", id=f"{name}-resume")) as work:
                found = await inbox.resume(work.db, group)
            typer.echo(f"{group}: går videre" if found else f"{group}: sto ikke stille")

        asyncio.run(_closing(service, lift()))

    return app


async def _closing(service: Service, task: Awaitable[None]) -> None:
    try:
        await task
    finally:
        await service.bus.close()
        await service.works.close()


def _settings(settings_type: type[ServiceSettings]) -> ServiceSettings:
    try:
        return settings_type()
    except ValidationError as error:
        for problem in error.errors():
            variable = "TORG_" + "_".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"{variable}: {problem['msg']}", err=True)
        raise SystemExit(2) from None


async def _started(service: Service, stop: asyncio.Event) -> None:
    for start in service.starting:
        while not stop.is_set():
            try:
                await start()
                break
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.warning("service.waits_for_database", error=describe(error))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 1.0)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours: the drain has an order that the server does not know."""
        yield


async def _serve(server: _Server, stop: asyncio.Event, stopped: asyncio.Event) -> None:
    async def end() -> None:
        await stop.wait()
        server.should_exit = True

    ending = asyncio.create_task(end())
    try:
        await server.serve()
        if not server.started:
            raise OSError(f"port {server.config.port} is taken")
    finally:
        ending.cancel()
        stopped.set()


async def _run_job(job: Job, stop: asyncio.Event, metrics: Metrics) -> None:
    while not stop.is_set():
        again: bool | None = False
        try:
            again = await job.round()
        except Exception as error:  # noqa: BLE001 - a timed job outlives every failing round
            metrics.counter("torg_job_failures_total").labels(job.name).inc()
            _log.warning("job.failed", job=job.name, error=describe(error))
        if not again:
            await _next_round(job, stop)


async def _next_round(job: Job, stop: asyncio.Event) -> None:
    waits = [asyncio.create_task(stop.wait())]
    if job.wake:
        waits.append(asyncio.create_task(job.wake.wait()))
    try:
        await asyncio.wait(waits, timeout=job.every_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
        if job.wake:
            job.wake.clear()


async def _measure_loop_lag(metrics: Metrics, stop: asyncio.Event) -> None:
    lag = metrics.gauge("torg_loop_lag_seconds")
    while not stop.is_set():
        before = time.monotonic()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.5)
            return
        lag.set(max(0.0, time.monotonic() - before - 0.5))


async def _first_failure(tasks: Sequence[asyncio.Future[None]], stop: asyncio.Event) -> int:
    """Wait for the signal or for the first task that fails; the exit code says which."""
    stopping = asyncio.ensure_future(stop.wait())
    pending: set[asyncio.Future[Any]] = {stopping, *tasks}
    while stopping in pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task is not stopping and (error := task.exception()):
                stopping.cancel()
                _log.error("service.failed", error=repr(error), exc_info=error)
                return EXIT_SILENT if isinstance(error, GroupSilent) else 1
    return 0


async def _drained(tasks: Sequence[asyncio.Future[None]], seconds: float) -> None:
    if not tasks:
        return
    _, pending = await asyncio.wait(tasks, timeout=seconds)
    for task in pending:
        task.cancel()
    if pending:
        _log.warning("service.drain_timed_out", left=len(pending))
    await asyncio.gather(*tasks, return_exceptions=True)
