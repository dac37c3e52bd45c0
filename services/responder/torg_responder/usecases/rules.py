"""What the municipality has decided, as the use cases need it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """`values` fill placeholders; `units` names units by code; `language_policy` is `mirror` or `fixed:nb`."""

    values: Mapping[str, str]
    units: Mapping[str, str]
    language_policy: str = "mirror"
    undo_s: int = 30
    claim_minutes: int = 10
    settle_s: int = 120
    guideline_version: str = "1"
    handbook: Sequence[Mapping[str, str]] = ()

    def unit_name(self, code: str) -> str | None:
        return self.units.get(code)

    def language_for(self, lang: str | None) -> str:
        """The written form of the answer: the sender's, or the one the municipality has fixed (L-14)."""
        if self.language_policy != "mirror":
            return self.language_policy.removeprefix("fixed:")
        return lang if lang in {"nb", "nn"} else "nb"
