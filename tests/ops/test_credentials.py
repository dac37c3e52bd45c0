"""Secrets are made once, kept, and readable by their owner alone."""

import stat
from pathlib import Path

import pytest
from torg_ops.credentials import open_credentials


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_second_run_changes_nothing(tmp_path: Path) -> None:
    first = open_credentials(tmp_path / "secrets")
    before = _content(tmp_path)

    second = open_credentials(tmp_path / "secrets")

    assert _content(tmp_path) == before
    assert first.passwords == second.passwords


def test_nothing_is_readable_by_others(tmp_path: Path) -> None:
    open_credentials(tmp_path / "secrets").write_system_token("journal", "token")

    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()} == {0o600}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_no_two_secrets_are_alike(tmp_path: Path) -> None:
    credentials = open_credentials(tmp_path / "secrets")
    passwords = [one for pair in credentials.passwords.values() for one in pair]
    secrets = [path.read_text() for path in (tmp_path / "secrets").rglob("*") if path.is_file()]

    assert len({*passwords, *secrets}) == len(passwords) + len(secrets)


def test_services_cannot_read_passwords_of_databases_where_their_secrets_are(tmp_path: Path) -> None:
    open_credentials(tmp_path / "secrets")

    assert not list((tmp_path / "secrets").rglob("*password*"))


def test_passwords_of_the_environment_are_taken_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORG_JOURNAL_PASSWORD", "given-run-time")
    monkeypatch.setenv("TORG_JOURNAL_OWNER_PASSWORD", "given-owner")

    credentials = open_credentials(tmp_path / "secrets")

    assert credentials.passwords["journal"] == ("given-owner", "given-run-time")
    assert "given" not in (tmp_path / "database-passwords.json").read_text()
