"""The services as their composition root makes them, without a database, a bus or a network."""

import contextlib
import importlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from torg_ops.credentials import open_credentials
from torg_ops.issuer import Issuer
from torg_shared.settings import ServiceSettings

SERVICES = ("ingest", "classifier", "journal", "responder")
_PORTS = {"ingest": "8101", "classifier": "8102", "journal": "8103", "responder": "8104"}


@contextlib.contextmanager
def built(service: str) -> Iterator[tuple[Any, Issuer]]:
    """`build()` of one service with settings that name nothing real, and who signs its tokens.

    Nothing is opened before it is used.
    """
    with tempfile.TemporaryDirectory(prefix="torg-built-") as folder:
        secrets = open_credentials(Path(folder) / "secrets")
        issuer = Issuer.open(Path(folder) / "issuer")
        secrets.write_system_token(service, issuer.mint_system(service))
        wanted = {
            "TORG_DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:1/nothing",
            "TORG_BUS_URL": "postgresql://nobody:nothing@127.0.0.1:1/nothing",
            "TORG_JWKS": str(issuer.jwks),
            "TORG_SECRETS_DIR": str(secrets.folder),
            "TORG_CONFIG_DIR": str(Path(__file__).resolve().parents[2] / "config" / "sogne"),
            "TORG_HTTP_PORT": _PORTS[service],
        }
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            app = importlib.import_module(f"torg_{service}.app")
            yield app.build(settings_of(service)()), issuer
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def settings_of(service: str) -> type[ServiceSettings]:
    """The class of a service's settings."""
    module = importlib.import_module(f"torg_{service}.settings")
    found: type[ServiceSettings] = getattr(module, f"{service.capitalize()}Settings")
    return found


def openapi_of(service: str) -> dict[str, Any]:
    with built(service) as (made, _):
        document: dict[str, Any] = orjson.loads(orjson.dumps(made.api.openapi()))
        return document
