"""What the caller saw: the version that an action on an existing thing was meant for."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from .errors import PreconditionRequired, VersionConflict


@dataclass(frozen=True, slots=True)
class Expected:
    """The version named by If-Match; `None` when the caller named none."""

    version: int | None
    unconditional: bool = False

    @classmethod
    def exactly(cls, version: int) -> "Expected":
        return cls(version)

    @classmethod
    def none(cls) -> "Expected":
        """The caller did not say what it saw."""
        return cls(None)

    @classmethod
    def any(cls) -> "Expected":
        """For jobs and handlers, which read and write in one transaction."""
        return cls(None, unconditional=True)

    def check(
        self,
        subject: UUID | str,
        version: int,
        *,
        changed_by: str | None = None,
        changed_at: datetime | None = None,
        changed: str | None = None,
    ) -> None:
        """Call it after the thing is found and before its state is judged.

        Raises `PreconditionRequired`, or `VersionConflict` that says who changed what and when.
        """
        if self.unconditional or self.version == version:
            return
        if self.version is None:
            raise PreconditionRequired("PRECONDITION_REQUIRED", subject)
        facts = {"changed_by": changed_by, "changed_at": changed_at, "changed": changed, "version": version}
        raise VersionConflict("VERSION_CONFLICT", subject, **{k: v for k, v in facts.items() if v is not None})
