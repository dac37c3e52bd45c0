"""Environment variables of the responder, beside those that every service has."""

from typing import Self

from pydantic import Field, model_validator
from torg_shared.settings import ServiceSettings


class ResponderSettings(ServiceSettings):
    http_port: int = Field(default=8104, description="Port of the REST API", ge=1, le=65535)
    facebook_url: str = Field(
        default="https://graph.facebook.com",
        description="Base address of the Graph API",
    )
    facebook_version: str = Field(default="v24.0", pattern=r"^v\d+\.\d+$", description="Version of the Graph API")
    undo_s: int = Field(default=30, ge=0, le=120, description="Seconds in which a released reply can be taken back")
    settle_s: int = Field(default=120, ge=1, le=600, description="Seconds until an unknown outcome is read back")
    platform_deadline_s: float = Field(default=30.0, gt=0, le=60, description="Longest time for one platform call")
    lease_s: int = Field(default=60, ge=2, le=600, description="Seconds after which another process may send instead")
    stuck_s: int = Field(
        default=90,
        ge=2,
        le=900,
        description="Seconds until a reply in `sending` is unknown; above the platform's deadline",
    )
    claim_minutes: int = Field(default=10, ge=1, le=60, description="Minutes a claim lasts")
    allow_private_hosts: bool = Field(
        default=False, description="The platform is on this machine or network; never in production"
    )

    @model_validator(mode="after")
    def _patient(self) -> Self:
        """A call that still runs must not be taken for one whose process died."""
        if self.stuck_s <= self.platform_deadline_s:
            raise ValueError("TORG_STUCK_S must be above TORG_PLATFORM_DEADLINE_S")
        return self
