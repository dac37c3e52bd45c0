"""`python -m bench [names] [--runs N]`: measures, prints the table, and ends with 1 when a figure misses its floor."""

import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from torg_ops.bootstrap import prepare
from torg_ops.kafka import Kafka, libraries
from torg_ops.postgres import Postgres, start
from torg_shared.bus import kafka
from torg_shared.events.catalogue import TOPICS
from torg_shared.testing import free_port

from . import intake, stage, triage
from .measure import Figure, Goal, figure, paired, table

_HERE = Path(__file__).parent.parent
_EVENTS, _WAKES = 40_000, 200


class _Place:
    """The servers of one run, started when a benchmark first needs them."""

    def __init__(self, folder: Path, runs: int) -> None:
        self.folder, self.runs = folder, runs
        self._postgres: Postgres | None = None
        self._kafka: Kafka | None = None

    @property
    def postgres(self) -> Postgres:
        if self._postgres is None:
            self._postgres = start(self.folder / "postgres", free_port())
        return self._postgres

    async def broker(self) -> str:
        if self._kafka is None:
            libs = libraries(_HERE / "tests/kafka/pom.xml", _HERE / "tests/kafka/libs")
            self._kafka = Kafka(self.folder / "kafka", libs, free_port(), free_port())
            self._kafka.start()
            await kafka.make(self._kafka.address, [(t.name, t.partitions, t.retention_days) for t in TOPICS])
        return self._kafka.address

    def end(self) -> None:
        if self._kafka:
            self._kafka.stop()
        if self._postgres:
            self._postgres.stop()


async def _stage(place: _Place) -> Sequence[Figure]:
    servers = await place.broker()
    access = await prepare(place.postgres.url(), "shared", ("bench", "bench"), "torg_bench_stage")
    await stage.produce(servers, _EVENTS)
    await stage.bare(servers, _EVENTS, "warm")
    number = iter(range(1000))

    async def ours() -> float:
        return await stage.product(servers, access.owner_url, access.url, _EVENTS, f"ours-{next(number)}")

    async def limit() -> float:
        return await stage.bare(servers, _EVENTS, f"bare-{next(number)}")

    async def peer() -> float:
        return await stage.one_by_one(servers, _EVENTS // 8, f"peer-{next(number)}")

    products, limits = await paired(ours, limit, place.runs)
    others, peers = await paired(ours, peer, place.runs)
    return [
        figure("a bus stage against the raw client", "events/s", products, limits, Goal(0.35, 0.50)),
        figure("a bus stage against FastStream, one by one", "events/s", others, peers, Goal(8, 15)),
    ]


async def _wake(place: _Place) -> Sequence[Figure]:
    servers = await place.broker()
    access = await prepare(place.postgres.url(), "shared", ("bench", "bench"), "torg_bench_wake")
    number = iter(range(1000))

    async def ours() -> float:
        group = f"wake-{next(number)}"
        return 1000 * await stage.wake_of_product(servers, access.owner_url, access.url, _WAKES, group)

    async def limit() -> float:
        return 1000 * await stage.wake_of_client(servers, _WAKES)

    products, limits = await paired(ours, limit, place.runs)
    return [figure("commit to handler on Kafka, idle, p50", "ms", products, limits, Goal(5, 3, at_most=True))]


async def _intake(place: _Place) -> Sequence[Figure]:
    return await intake.figures(place.postgres, place.folder, place.runs)


async def _triage(place: _Place) -> Sequence[Figure]:
    return await triage.figures(place.postgres, place.folder, place.runs)


_BENCHES: dict[str, Callable[[_Place], Awaitable[Sequence[Figure]]]] = {
    "intake": _intake,
    "stage": _stage,
    "wake": _wake,
    "triage": _triage,
}


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(_BENCHES)}; all without a name")] = None,
    runs: Annotated[int, typer.Option(help="Pairs of runs; the median counts")] = 3,
) -> None:
    """Measure and print the table."""

    async def measure() -> list[Figure]:
        found: list[Figure] = []
        for name in names or _BENCHES:
            for one in await _BENCHES[name](place):
                found.append(one)
                print(table([one]).splitlines()[-1], file=sys.stderr)
        return found

    folder = Path(tempfile.mkdtemp(prefix="torg-bench-"))
    folder.chmod(0o755)
    place = _Place(folder, runs)
    try:
        figures = uvloop.run(measure())
    finally:
        place.end()
        shutil.rmtree(folder, ignore_errors=True)
    print(table(figures))
    if any(one.verdict == "NOT MET" for one in figures):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
