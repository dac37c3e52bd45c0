"""Settings, from environment variables with the prefix `TORG_SIMULATOR_`; secrets lie where the services look."""

from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

CONTROL_HOST = "127.0.0.1"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="TORG_SIMULATOR_", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    public_port: int = 8110
    control_port: int = 8111
    public_url: str | None = None
    webhook: str | None = None
    platform: str = "facebook"
    page_id: str = "105678901234567"
    page_name: str = "Sogne kommune"
    app_id: str = "210987654321098"
    channel: str = "facebook-sogne"
    secrets_dir: Path = Field(validation_alias=AliasChoices("TORG_SECRETS_DIR", "secrets_dir"))
    state: Path | None = None
    seed: str | None = None
    retry_s: str = "0,2,5,10,15,30"

    @property
    def base(self) -> str:
        """What permalinks and paging addresses begin with."""
        return (self.public_url or f"http://127.0.0.1:{self.public_port}").rstrip("/")

    @property
    def gaps_s(self) -> tuple[float, ...]:
        return tuple(float(gap) for gap in self.retry_s.split(","))

    def secret(self, name: str) -> str | None:
        """The content of a secret's file, read anew each time: a rotation needs no restart."""
        path = self.secrets_dir / name
        return path.read_text(encoding="utf-8").strip() if path.exists() else None

    @property
    def app_secret(self) -> str:
        return self.secret(f"{self.platform}/app_secret") or ""

    @property
    def next_app_secret(self) -> str:
        return self.secret(f"{self.platform}/app_secret_next") or self.app_secret

    @property
    def verify_token(self) -> str:
        return self.secret(f"{self.platform}/verify_token") or ""

    @property
    def page_token(self) -> str:
        return self.secret(f"{self.channel}/page_token") or ""
