"""Settings every service has, from environment variables with the prefix `TORG_`."""

import re
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_PASSWORD = re.compile(r"(?<=://)([^:/@]+):([^@]+)@")


class ServiceSettings(BaseSettings):
    """What an operations team sets for one process. The same names in every service."""

    model_config = SettingsConfigDict(env_prefix="TORG_", extra="ignore", frozen=True)

    database_url: str = Field(description="The service's database, as its run-time role")
    migrate_url: str | None = Field(default=None, description="The same database, as its owner; `migrate` needs it")
    bus_url: str = Field(description="kafka://host:9092 or postgresql://…/torg_bus")
    http_host: str = Field(default="127.0.0.1", description="Address to listen on")
    http_port: int = Field(description="Port of the REST API; of the health pages alone in a worker", ge=1, le=65535)
    jwks: str = Field(description="Keys that sign tokens: a file or an https address")
    token_issuer: str = Field(default="torg-development", description="The `iss` that tokens must carry")
    token_audience: str = Field(default="torg", description="The `aud` that tokens must carry")
    break_glass_jwks: Path | None = Field(default=None, description="Public half of the key kept for emergencies")
    secrets_dir: Path = Field(default=Path(".run/secrets"), description="Folder of secrets, one file each")
    config_dir: Path = Field(default=Path("config/sogne"), description="The municipality as data")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least that is logged")
    database_pool: int = Field(default=8, ge=2, le=100, description="Connections per process")
    command_timeout_s: float = Field(default=10.0, gt=0, le=60, description="Longest wait for one statement")
    drain_s: float = Field(default=10.0, gt=0, le=60, description="Longest time to finish work at SIGTERM")
    inbox_days: int = Field(default=100, ge=91, le=3650, description="Days the inbox remembers; longer than the bus")
    idempotency_days: int = Field(default=7, ge=1, le=90, description="Days an Idempotency-Key is remembered")
    replayed_letter_days: int = Field(default=90, ge=1, le=3650, description="Days a replayed dead letter is kept")
    batch_size: int = Field(default=500, ge=1, le=5000, description="Events per transaction")

    def effective(self) -> dict[str, Any]:
        """The values in force, with passwords masked: what `--check-config` prints."""
        return {
            name: _PASSWORD.sub(r"\1:***@", value) if isinstance(value, str) else value
            for name, value in self.model_dump(mode="json").items()
        }
