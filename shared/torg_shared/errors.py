"""The error tree of the domain.

DomainError
├── NotFound           no such thing, or not yours: the two are never told apart
├── Conflict           the state forbids it
│   └── VersionConflict    somebody else changed it first
├── PreconditionRequired   the request does not say which version it saw
├── Invalid            the request is understood and wrong
└── Forbidden          this person may never do this here

None of them knows HTTP: `web.problems` maps classes to problem documents. The text for people is found by `code`
in the service's `errors.yaml` (bokmål, nynorsk, English); `facts` fill its placeholders.
"""

from uuid import UUID


class DomainError(Exception):
    """Something the domain refuses. `code` is stable for ever, `subject` names the thing concerned."""

    def __init__(self, code: str, subject: UUID | str | None = None, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.subject = subject
        self.facts = facts

    def __str__(self) -> str:
        told = "".join(f" {name}={value}" for name, value in self.facts.items())
        return f"{self.code} {self.subject or ''}{told}".strip()


class NotFound(DomainError):
    pass


class Conflict(DomainError):
    pass


class VersionConflict(Conflict):
    pass


class PreconditionRequired(DomainError):
    pass


class Invalid(DomainError):
    pass


class Forbidden(DomainError):
    pass
