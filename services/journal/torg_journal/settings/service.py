"""Environment variables of the journal, beside those that every service has."""

from pathlib import Path

from pydantic import Field, field_validator
from torg_shared.municipality import ConfigError
from torg_shared.settings import ServiceSettings

from .municipality import load


class JournalSettings(ServiceSettings):
    """`--check-config` refuses a municipality whose files are wrong, or longer than a statute allows (G-13)."""

    http_port: int = Field(default=8103, description="Port of the REST API", ge=1, le=65535)
    ingest_url: str = Field(default="http://127.0.0.1:8101", description="Where snapshots are fetched from")
    heads_dir: Path | None = Field(default=None, description="Folder where each day's head of the journal is written")

    @field_validator("config_dir")
    @classmethod
    def _municipality(cls, folder: Path) -> Path:
        try:
            load(folder)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return folder
