"""Texts that were approved beforehand, and how one is filled (G-20 to G-22, G-38, G-46)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from torg_shared.errors import Invalid

Kind = Literal["holding", "preliminary", "full", "referral", "redirect", "thanks", "correction"]
_PLACEHOLDER = re.compile(r"\{([a-zæøå_]+)\}")

REQUIRED: Mapping[str, frozenset[str]] = {
    "redirect": frozenset({"epost", "postadresse"}),
    "referral": frozenset({"politisk_lenke"}),
}


CONFIGURED = "config"  # who has proposed and approved what the municipality's own files hold
SERIOUS_HANDLINGS = frozenset({"remove", "answer_criticism", "redirect_formal"})


def is_serious(flag: str) -> bool:
    """Danger, law and what is sensitive are no place for humour (4.1; G-41)."""
    return flag in {"urgent", "sensitive"} or flag.startswith("legal_request:")


@dataclass(frozen=True, slots=True)
class Template:
    """`approved_by` None means proposed. `handlings` are those whose messages it is offered for, first come first."""

    code: str
    lang: str
    version: int
    kind: Kind
    handlings: tuple[str, ...]
    flags: tuple[str, ...]
    section: str
    tone: str
    text: str
    approved_by: str | None = None
    proposed_by: str = CONFIGURED
    id: UUID | None = None


def check(template: Template) -> None:
    """Raises `Invalid` with `PLACEHOLDER_REQUIRED` when the guideline's own words would lack (3.2.1)."""
    there = set(_PLACEHOLDER.findall(template.text))
    if lacking := REQUIRED.get(template.kind, frozenset()) - there:
        raise Invalid("PLACEHOLDER_REQUIRED", template.code, placeholders=", ".join(sorted(lacking)))


def fill(template: Template, values: Mapping[str, str | None]) -> str:
    """The text with every value that is known; what is not known stays as `{…}` and stops the reply at its check."""
    return _PLACEHOLDER.sub(lambda hit: values.get(hit[1]) or hit[0], template.text).strip()


def offer(
    templates: Sequence[Template],
    *,
    handling: str,
    flags: frozenset[str],
    lang: str,
    tone: str = "matter_of_fact",
    kind: str | None = None,
    taken: Sequence[str] = (),
) -> Template | None:
    """The approved template that fits best: flags first, then the written form, then the tone.

    `taken` are texts used before in the thread: a thank-you is not said twice in the same words (4.1; G-38). Humour is
    offered to the humorous only, never where it would hurt (4.1; G-41).
    """
    serious = handling in SERIOUS_HANDLINGS or any(is_serious(flag) for flag in flags)
    fitting = [
        one
        for one in templates
        if one.approved_by
        and handling in one.handlings
        and set(one.flags) <= flags
        and (kind is None or one.kind == kind)
        and one.text.strip() not in taken
        and (one.tone != "humorous" or (tone == "humorous" and not serious))
    ]
    if not fitting:
        return None
    return max(
        fitting, key=lambda one: (len(one.flags), one.lang == lang, one.tone == tone, one.lang == "nb", one.code)
    )
