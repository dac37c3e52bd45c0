"""How the platform behaves: standing traits, and fault scripts that some calls meet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .payloads import Signature

Operation = Literal["reply", "publish", "update", "delete", "read", "list", "feed", "debug_token", "subscribe"]
AFTER_EFFECT = frozenset(
    {
        "effect_then_timeout",
        "effect_then_500",
        "effect_then_502",
        "effect_then_400",
        "reset_after_write",
        "effect_then_cut",
        "slow",
        "trickle",
    }
)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Behaviour(Strict):
    echo: Literal["after", "before", "none"] = "after"
    echo_delay_s: float = Field(default=0.05, ge=0, le=3600)
    read_lag_s: float = Field(default=0, ge=0, le=86400)
    hold: bool = False
    duplicates: int = Field(default=0, ge=0, le=100)
    remake: bool = False
    disorder: bool = False
    batch: int = Field(default=1, ge=1, le=1000)
    signature: Signature = "right"
    senders: int = Field(default=1, ge=1, le=64)
    token: Literal["valid", "expired", "password_changed", "no_permission"] = "valid"  # noqa: S105 - a state
    require_proof: bool = False
    refuse_repeated: bool = True


class Fault(Strict):
    """One script: `after` calls of the operation go by, then `times` calls meet it (0 = for ever)."""

    on: Operation | Literal["any"]
    do: Literal[
        "effect_then_timeout",
        "effect_then_500",
        "effect_then_502",
        "effect_then_400",
        "reset_after_write",
        "effect_then_cut",
        "timeout",
        "error_500",
        "reset",
        "rate_limited",
        "expired_token",
        "error",
        "slow",
        "trickle",
        "huge",
        "bomb",
        "garbage",
    ]
    times: int = Field(default=1, ge=0, le=1_000_000)
    after: int = Field(default=0, ge=0, le=1_000_000)
    hold_s: float = Field(default=120, ge=0, le=3600)
    delay_s: float | None = Field(default=None, ge=0, le=3600)
    retry_after_s: int = Field(default=60, ge=0, le=86400)
    code: int = 1
    subcode: int | None = None
    status: int = Field(default=400, ge=200, le=599)

    @property
    def keeps_effect(self) -> bool:
        return self.do in AFTER_EFFECT


@dataclass(slots=True)
class _Script:
    fault: Fault
    to_pass: int
    left: int


class Faults:
    def __init__(self) -> None:
        self._scripts: list[_Script] = []

    def add(self, fault: Fault) -> None:
        self._scripts.append(_Script(fault, fault.after, fault.times))

    def clear(self) -> None:
        self._scripts.clear()

    def waiting(self) -> Sequence[Fault]:
        return [
            script.fault.model_copy(update={"after": script.to_pass, "times": script.left}) for script in self._scripts
        ]

    def take(self, operation: Operation) -> Fault | None:
        """The fault this call meets; the oldest script for its operation goes first."""
        for script in self._scripts:
            if script.fault.on not in (operation, "any"):
                continue
            if script.to_pass:
                script.to_pass -= 1
                return None
            if script.fault.times:
                script.left -= 1
                if not script.left:
                    self._scripts.remove(script)
            return script.fault
        return None
