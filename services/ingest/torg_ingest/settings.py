"""Settings of ingest."""

from pydantic import Field
from torg_shared.settings import ServiceSettings


class IngestSettings(ServiceSettings):
    """What an operations team may set for ingest, beside what every service has."""

    http_port: int = Field(default=8101, description="Port of the REST API and the webhooks", ge=1, le=65535)
    parking_s: float = Field(default=20.0, gt=0, le=600, description="Longest wait for an unknown parent or original")
    queue_mib: int = Field(default=64, ge=1, le=1024, description="Deliveries that may wait for the committer")
    body_mib: int = Field(default=8, ge=1, le=64, description="Largest delivery")
    answer_s: float = Field(default=8.0, gt=0, le=30, description="Longest time of a delivery; then 408 or 503")
    raw_days: int = Field(default=90, ge=14, le=3650, description="Days a raw delivery is kept")
    quarantine_days: int = Field(
        default=400, ge=90, le=3650, description="Days a delivery with set-aside parts is kept"
    )
    committers: int = Field(default=1, ge=1, le=4, description="Committer tasks that take turns")
