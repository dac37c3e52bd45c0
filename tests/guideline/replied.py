"""What the checks say of a reply, for the tests of the guideline."""

from typing import Any

from torg_responder.domain.checks import Draft, Finding, run


def found(text: str, **facts: Any) -> list[Finding]:
    """The findings about `text`, by default a public answer of the administrator to a general question."""
    plain: dict[str, Any] = {"kind": "full", "visibility": "public", "author_role": "sideadministrator"}
    return run(Draft(text=text, **(plain | facts)))


def blocking(text: str, **facts: Any) -> set[str]:
    return {one.code for one in found(text, **facts) if one.severity == "blocking"}


def warnings(text: str, **facts: Any) -> set[str]:
    return {one.code for one in found(text, **facts) if one.severity == "warning"}
