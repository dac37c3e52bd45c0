"""Environment variables of the responder, beside those that every service has."""

from pydantic import Field
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
    claim_minutes: int = Field(default=10, ge=1, le=60, description="Minutes a claim lasts")
    allow_private_hosts: bool = Field(
        default=False, description="The platform is on this machine or network; never in production"
    )
