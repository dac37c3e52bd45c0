"""`make run` from the first start to Ctrl-C, and again with what it left."""

import subprocess
import sys
import tempfile
from pathlib import Path

from torg_ops.client import House
from torg_ops.postgres import Postgres

from .conftest import ROOT, Running, start


def _ops(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "torg_ops", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_ctrl_c_stops_all_of_it_and_the_next_start_has_what_was_there() -> None:
    with tempfile.TemporaryDirectory(prefix="torg-e2e-") as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "run"
        first = start(folder)
        house = House.at(folder)
        post = house.control("POST", "/_sim/posts", {"message": "Hei"})
        comment = house.control("POST", "/_sim/comments", {"message": "Når åpner biblioteket?"})
        message = house.until("meldingen", lambda: _message(house, comment["id"]))
        house.close()

        assert first.interrupt() == 0

        assert first.said().strip().splitlines()[-1] == "Torg er stanset."
        assert not (folder / "running.json").exists()
        assert Postgres(folder / "postgres" / "data", 0).pid is None

        again = start(folder)
        house = House.at(folder)
        assert _message(house, comment["id"]) == message
        assert post["id"] in {one["id"] for one in house.control("GET", "/_sim/posts")["data"]}
        house.close()
        assert again.interrupt() == 0


def _message(house: House, external_id: str) -> dict[str, object] | None:
    items = house.get("ingest", "/messages", "leder", limit=50)["items"]
    return next((one for one in items if one["external_id"] == external_id), None)


def test_a_second_start_with_the_same_data_is_refused_in_one_line(running: Running) -> None:
    done = _ops("run", "--ports", "free", "--folder", str(running.folder))

    assert done.returncode == 1
    [line] = done.stdout.strip().splitlines()
    assert line.startswith("Torg kjører allerede")


def test_a_demo_without_a_running_product_is_refused_in_one_line(tmp_path: Path) -> None:
    done = _ops("demo", "--folder", str(tmp_path))

    assert done.returncode == 1
    [line] = done.stderr.strip().splitlines()
    assert line.endswith("start med make run")
