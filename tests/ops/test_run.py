"""What `make run` says when it cannot: one line that tells what to do, before anything is started."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from torg_ops.house import DEFAULT_PORTS, House, HouseFailed, free_ports
from torg_ops.run import run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_taken_port_is_named_with_what_to_do(tmp_path: Path, taken_port: int) -> None:
    house = House(ROOT, tmp_path, ports=free_ports(*DEFAULT_PORTS) | {"journal": taken_port})

    with pytest.raises(HouseFailed, match=rf"^Port {taken_port} \(journal\) er opptatt: .*PORTS=free$"):
        house.prepare()


def test_a_folder_without_a_municipality_is_told(tmp_path: Path) -> None:
    said: list[str] = []

    code = run(tmp_path, tmp_path / ".run", "postgres", "free", said.append)

    assert code == 1
    assert len(said) == 1
    assert said[0].startswith("Her er ingen kommune:")


def test_a_database_server_that_does_not_answer_is_told(tmp_path: Path, taken_port: int) -> None:
    away = f"postgresql://postgres:x@127.0.0.1:{free_ports('away')['away']}/postgres"
    said: list[str] = []

    code = run(ROOT, tmp_path / ".run", "postgres", "free", said.append, admin_url=away)

    assert code == 1
    assert len(said) == 1
    assert said[0].startswith("Databasen svarer ikke:")
    assert not (tmp_path / ".run" / "running.json").exists()


def test_free_ports_are_all_different() -> None:
    found = free_ports(*(str(n) for n in range(50)))

    assert len(set(found.values())) == 50
