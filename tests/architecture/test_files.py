"""No secret, no large file, no address in the repository."""

from pathlib import Path

import pytest

from .files import faults, tracked

_DASHES = "-" * 5


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (f"{_DASHES}BEGIN PRIVATE KEY{_DASHES}", "a private key"),
        ("token: " + ".".join(["eyJ" + "a" * 20, "eyJ" + "b" * 20, "c" * 20]), "a token"),
        ("url = postgresql://torg:" + "x" * 24 + "@db/torg", "a password in an address"),
        ("see /" + "home/kari/torg", "a path of a machine"),
        ("x" * (1024 * 1024 + 1), "larger than 1 MiB"),
    ],
)
def test_refuses(content: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    file.write_text(content)

    assert [told in fault for fault in faults(file)] == [True]


def test_the_repository_is_clean() -> None:
    assert [fault for path in tracked() for fault in faults(path)] == []
