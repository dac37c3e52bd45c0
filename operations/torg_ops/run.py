"""`make run`: everything up, one line with the addresses, Ctrl-C stops all of it."""

import contextlib
import fcntl
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from .house import DEFAULT_PORTS, DEMONSTRATION, BusKind, House, HouseFailed, free_ports

_LOOK_EVERY_S = 0.25
_MINT_EVERY_S = 12 * 3600.0
_RESTART_AFTER_S = 1.0
_MOST_RESTARTS = 5


def run(
    root: Path,
    folder: Path,
    bus: BusKind,
    ports: str,
    say: Callable[[str], None],
    admin_url: str | None = None,
) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code. `ports` is `fixed` or `free`; `say` prints a line."""
    if not (root / "config" / "sogne").is_dir():
        say(f"Her er ingen kommune: {root / 'config' / 'sogne'} mangler. Kjør fra mappen der Makefile ligger.")
        return 1
    chosen = dict(DEFAULT_PORTS) if ports == "fixed" else free_ports(*DEFAULT_PORTS, "postgres", "kafka")
    house = House(root, folder, bus, chosen, admin_url, settings=DEMONSTRATION)
    running = folder / "running.json"
    with _alone(folder, say) as alone, _asked_to_stop() as stop:
        if not alone:
            return 1
        try:
            house.prepare()
            house.start()
            house.await_ready()
            house.write_running()
            say(_line(house, running))
            _watch(house, stop, say)
        except (HouseFailed, _Stopped) as error:
            if isinstance(error, HouseFailed):
                say(str(error))
                return 1
        finally:
            running.unlink(missing_ok=True)
            stop.closing = True
            late = house.stop()
        say("Torg er stanset." if not late else f"Torg er stanset; måtte avbryte {', '.join(late)}.")
    return 0


class _Stopped(Exception):
    """Ctrl-C while things were being started."""


class _Stop:
    """Set by SIGINT and SIGTERM. Before everything is up the signal interrupts; afterwards the loop looks."""

    def __init__(self) -> None:
        self.asked = False
        self.closing = False
        self.up = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if not self.up and not self.closing:
            raise _Stopped


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[_Stop]:
    stop = _Stop()
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _alone(folder: Path, say: Callable[[str], None]) -> Iterator[bool]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say(f"Torg kjører allerede med data i {folder}: stans det først (Ctrl-C der det kjører).")
            yield False
            return
        yield True


def _line(house: House, running: Path) -> str:
    places = [f"simulator {house.url('simulator')} (styring {house.url('control')})"]
    places += [f"{name} {house.url(name)}" for name in ("ingest", "classifier", "journal", "responder")]
    shown = running.relative_to(house.root) if running.is_relative_to(house.root) else running
    return f"Torg kjører på {house.bus}: {' · '.join(places)} · tokens for sju personer: {shown} · Ctrl-C stanser"


def _watch(house: House, stop: _Stop, say: Callable[[str], None]) -> None:
    """Start again what ends by itself, and mint new tokens before the old ones run out."""
    stop.up = True
    minted = time.monotonic()
    restarts = dict.fromkeys(house.children, 0)
    while not stop.asked:
        time.sleep(_LOOK_EVERY_S)
        for name, child in house.children.items():
            if child.running or stop.asked:
                continue
            restarts[name] += 1
            if restarts[name] > _MOST_RESTARTS:
                raise HouseFailed(f"{name} stanser om og om igjen: {child.last_words()}")
            say(f"{name} stanset med kode {child.code} og startes igjen: {child.last_words()}")
            time.sleep(_RESTART_AFTER_S)
            child.start()
        if time.monotonic() - minted > _MINT_EVERY_S:
            minted = time.monotonic()
            house.mint()
            house.write_running()
