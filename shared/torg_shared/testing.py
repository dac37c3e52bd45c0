"""What tests of every package need: a clock that stands, tokens, free ports, and waiting for a condition."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from .auth import AUDIENCE, KeySource, Principal, Role, Tokens

ISSUER = "torg-test"


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime(2026, 6, 3, 8, 0, tzinfo=UTC)  # a Wednesday, 10:00 in Norway

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


class TestTokens:
    """An issuer with a key of its own."""

    __test__ = False

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "test"}, private=True)

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def checker(self) -> Tokens:
        keys = KeySource(self.jwks, ISSUER)
        keys.refresh()
        return Tokens(keys)

    def mint(self, *roles: Role, subject: str = "", unit: str = "servicetorget", **claims: Any) -> str:
        """A token that holds for an hour; any claim can be replaced."""
        now = int(time.time())
        content: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject or (roles[0].value if roles else "nobody"),
            "roles": [role.value for role in roles],
            "unit": unit,
            "channels": ["*"],
            "name": "Kari Nordmann",
            "title": "rådgiver",
            "iat": now,
            "exp": now + 3600,
        } | claims
        return jwt.encode({"alg": "ES256", "kid": "test"}, content, self.key)

    def header(self, *roles: Role, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.mint(*roles, **claims)}"}


def a_principal(role: Role, subject: str = "", unit: str = "servicetorget", **facts: Any) -> Principal:
    """A principal for tests of use cases, bound to every channel."""
    known: dict[str, Any] = {"channels": frozenset({"*"}), "name": "Kari Nordmann", "title": "rådgiver"} | facts
    return Principal(subject or role.value, role, frozenset({role}), unit, **known)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(
    condition: Callable[[], Awaitable[Any]], *, what: str, within_s: float = 30.0, every_s: float = 0.05
) -> Any:
    """The first true value of `condition`. Raises `AssertionError` that names `what` when it never comes true."""
    last = time.monotonic() + within_s
    while time.monotonic() < last:
        if value := await condition():
            return value
        await asyncio.sleep(every_s)
    raise AssertionError(f"waited {within_s} s in vain: {what}")
