"""Settings of the classifier."""

from pydantic import Field
from torg_shared.settings import ServiceSettings


class ClassifierSettings(ServiceSettings):
    """What an operations team may set for the classifier, beside what every service has."""

    http_port: int = Field(default=8102, description="Port of the REST API", ge=1, le=65535)
    batch_size: int = Field(default=256, ge=1, le=1000, description="Messages classified in one transaction")
    sure_threshold: float = Field(default=0.60, ge=0, le=1, description="Below this confidence a person is asked")
    pass_answer: float | None = Field(default=None, ge=0, le=1, description="`answer` passes above; default off")
    pass_thank: float | None = Field(default=None, ge=0, le=1, description="`thank` passes above; default off")
    pass_none_needed: float | None = Field(
        default=None, ge=0, le=1, description="`none_needed` passes above; default off"
    )
    alert_repeat_s: float = Field(default=300.0, gt=0, le=900, description="An unacknowledged alert repeats this often")
    alert_escalate_s: float = Field(default=900.0, gt=0, le=3600, description="T-EMERG: then the leader is told")
