"""Secrets of a development installation, made at the first run and kept: what a real one gets from its safe."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import orjson

from .bootstrap import BUS, SERVICES
from .issuer import write_secret

PLATFORM = "facebook"
CHANNEL = "facebook-sogne"
PAGE_ID = "105678901234567"


@dataclass(frozen=True, slots=True)
class Credentials:
    """`folder` is what TORG_SECRETS_DIR names; `passwords` gives (owner, run-time role) per database."""

    folder: Path
    passwords: dict[str, tuple[str, str]]

    def read(self, name: str) -> str:
        return (self.folder / name).read_text().strip()

    def write_system_token(self, service: str, token: str) -> None:
        """The token with which `service` calls another one, where it looks for it."""
        write_secret(self.folder / "tokens" / service, token.encode())


def open_credentials(folder: Path) -> Credentials:
    """The secrets in `folder`; those that lack are made.

    Passwords of databases lie beside the folder, which services read; TORG_<SERVICE>_PASSWORD and
    TORG_<SERVICE>_OWNER_PASSWORD are taken instead where they are set.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    names = (
        f"{PLATFORM}/app_secret",
        f"{PLATFORM}/verify_token",
        f"{CHANNEL}/page_token",
        "receipt_secret",
        "cursor_secret",
    )
    for name in names:
        if not (folder / name).exists():
            write_secret(folder / name, secrets.token_hex(32).encode())
    kept = folder.parent / "database-passwords.json"
    known: dict[str, list[str]] = orjson.loads(kept.read_bytes()) if kept.exists() else {}
    passwords = {name: _given(name) or known.get(name) or _new() for name in (*SERVICES, BUS)}
    made = {name: pair for name, pair in passwords.items() if not _given(name)}
    if made.keys() - known.keys():
        write_secret(kept, orjson.dumps(known | made))
    return Credentials(folder, {name: (pair[0], pair[1]) for name, pair in passwords.items()})


def _given(name: str) -> list[str] | None:
    prefix = f"TORG_{name.upper()}"
    pair = [os.environ.get(f"{prefix}_OWNER_PASSWORD"), os.environ.get(f"{prefix}_PASSWORD")]
    return [one for one in pair if one] if all(pair) else None


def _new() -> list[str]:
    return [secrets.token_urlsafe(24), secrets.token_urlsafe(24)]
