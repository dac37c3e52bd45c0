"""Who asks: bearer tokens, roles with unit and channels, and the authorisation matrix as data."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
import orjson
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from .errors import DomainError
from .events.envelope import Actor
from .metrics import Metrics
from .settings import ServiceSettings

# pinned: the token does not choose, and no shared secret is accepted; Ed25519 is the present name of EdDSA
ALGORITHMS = ["ES256", "RS256", "Ed25519", "EdDSA"]
AUDIENCE = "torg"
EMERGENCY_ISSUER = "torg-break-glass"
_LEEWAY_S = 60
_LONGEST_TOKEN = 8192
_LOOK_AGAIN_S = 5.0
_FETCH_S = 5.0
_TRY_AGAIN_S = 10.0
_LARGEST_JWKS = 256 * 1024

_log = structlog.get_logger()


class Role(StrEnum):
    """The hats of requirements section 6. Whoever has no token is the public."""

    SA = "sideadministrator"
    RED = "redaktoer"
    FAG = "fagperson"
    ARK = "arkivar"
    LED = "leder"
    POL = "politisk_sekretariat"
    REV = "revisor"
    SYS = "system"


STAFF: frozenset[Role] = frozenset(Role) - {Role.SYS}


class Unauthenticated(DomainError):
    """No token, or one that does not hold; `code` never says more than that to the caller."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The person or system behind a request. `role` is the hat in use, `roles` all hats of the token."""

    subject: str
    role: Role
    roles: frozenset[Role]
    unit: str
    channels: frozenset[str] = frozenset()
    name: str | None = None
    title: str | None = None
    emergency: bool = False  # signed by the key in the safe: every use is accounted for

    @property
    def actor(self) -> Actor:
        kind = "system" if self.role is Role.SYS else "person"
        return Actor.model_validate({"kind": kind, "id": self.subject, "role": self.role.value})

    def has_channel(self, key: str) -> bool:
        """True when the role is bound to the channel `key`; `*` in the token means all."""
        return "*" in self.channels or key in self.channels


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the matrix: who may, and what the request must carry (● key, ◆ match)."""

    roles: frozenset[Role]
    public: bool = False
    key: bool = False
    match: bool = False


Matrix = Mapping[str, Row]


def row(*roles: Role | Collection[Role], public: bool = False, key: bool = False, match: bool = False) -> Row:
    """A row for `roles` (sets are joined); `public` also without a token."""
    joined: set[Role] = set()
    for one in roles:
        joined |= {one} if isinstance(one, Role) else set(one)
    return Row(frozenset(joined), public, key, match)


class KeySource:
    """The keys of one issuer, which may change while the process runs.

    `load` gives the key set as JSON data; it is asked again only by `refresh`, never because of a token (promise P7).
    """

    def __init__(self, load: Callable[[], Mapping[str, Any]], issuer: str, audience: str = AUDIENCE) -> None:
        self._load = load
        self._keys: KeySet | None = None
        self._rules = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )

    @property
    def ready(self) -> bool:
        return self._keys is not None

    def refresh(self) -> None:
        """Read the keys again. Raises `OSError` or `ValueError`; the old keys then stay in force."""
        self._keys = KeySet.import_key_set(self._load())  # type: ignore[arg-type] # JSON data of the provider

    def claims(self, token: str) -> Mapping[str, Any] | None:
        """The claims of a token that these keys signed for us, else None."""
        if self._keys is None:
            return None
        try:
            claims = jwt.decode(token, self._keys, algorithms=ALGORITHMS).claims
            self._rules.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError, UnicodeError):
            return None
        return claims


class _FileKeys(KeySource):
    """Keys of a JWKS file; a changed file is read again within seconds."""

    def __init__(self, path: Path, issuer: str, audience: str = AUDIENCE) -> None:
        super().__init__(lambda: orjson.loads(path.read_bytes()), issuer, audience)
        self._file = _Watched(path)
        self._look()

    def claims(self, token: str) -> Mapping[str, Any] | None:
        self._look()
        return super().claims(token)

    def _look(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._file.changed():
                self.refresh()
                self._file.seen()


class _Watched:
    """A file that is looked at every few seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int] | None = None
        self._found: tuple[int, int] | None = None
        self._looked = float("-inf")

    def changed(self) -> bool:
        """Raises `OSError` when it cannot be looked at."""
        if time.monotonic() - self._looked <= _LOOK_AGAIN_S:
            return False
        self._looked = time.monotonic()
        found = self.path.stat()
        self._found = (found.st_mtime_ns, found.st_size)
        return self._found != self._stamp

    def seen(self) -> None:
        self._stamp = self._found


class Tokens:
    """Checks bearer tokens: signed by the provider, or for emergencies by the key that lies in the safe.

    `denied` is a file of subjects, one a line, whose tokens hold no longer though they have not expired.
    """

    def __init__(self, provider: KeySource, emergency: KeySource | None = None, denied: Path | None = None) -> None:
        self.provider = provider
        self._emergency = emergency
        self._denied_file = _Watched(denied) if denied else None
        self._denied: frozenset[str] = frozenset()

    @property
    def ready(self) -> bool:
        return self.provider.ready

    def check(self, token: str, hat: str | None = None) -> Principal:
        """The principal of `token`, wearing `hat` (a role's value) or its first role.

        Raises `Unauthenticated`.
        """
        if len(token) > _LONGEST_TOKEN:
            raise Unauthenticated("TOKEN_INVALID")
        claims, emergency = self.provider.claims(token), False
        if claims is None and self._emergency is not None:
            claims, emergency = self._emergency.claims(token), True
        if claims is None or str(claims["sub"]) in self._now_denied():
            raise Unauthenticated("TOKEN_INVALID")
        return principal_of(claims, hat, emergency=emergency)

    def _now_denied(self) -> frozenset[str]:
        if self._denied_file is not None:
            try:
                if self._denied_file.changed():
                    lines = self._denied_file.path.read_text(encoding="utf-8").splitlines()
                    self._denied = frozenset(line.strip() for line in lines if line.strip())
                    self._denied_file.seen()
            except FileNotFoundError:
                self._denied = frozenset()
        return self._denied


def open_keys(jwks: str, issuer: str, audience: str = AUDIENCE) -> KeySource:
    """Keys at `jwks`: a file's path, or an address (asked by `keep_fresh` alone)."""
    if "://" not in jwks:
        return _FileKeys(Path(jwks), issuer, audience)

    def fetch() -> Mapping[str, Any]:
        answer = httpx.get(jwks, timeout=_FETCH_S, follow_redirects=False, trust_env=False)
        if answer.status_code != 200 or len(answer.content) > _LARGEST_JWKS:
            raise ValueError(f"the key set answers {answer.status_code}")
        found: Mapping[str, Any] = orjson.loads(answer.content)
        return found

    return KeySource(fetch, issuer, audience)


def tokens_for(settings: ServiceSettings) -> Tokens:
    """The tokens that a service with these settings accepts."""
    emergency = settings.break_glass_jwks
    return Tokens(
        open_keys(settings.jwks, settings.token_issuer, settings.token_audience),
        _FileKeys(emergency, EMERGENCY_ISSUER) if emergency else None,
        settings.secrets_dir / "denied_subjects",
    )


async def keep_fresh(tokens: Tokens, stop: asyncio.Event, metrics: Metrics, every_s: float = 300.0) -> None:
    """Fetch the keys now and every `every_s`; while the provider is away the old ones stay in force.

    On a timer and never because of a token: nobody without one causes an outbound request (P7). A rotation therefore
    has to publish the new key `every_s` before the first token that it signs.
    """
    while not stop.is_set():
        wait_s = every_s
        try:
            await asyncio.to_thread(tokens.provider.refresh)
            metrics.counter("torg_keys_refreshed_total").labels("ok").inc()
        except (OSError, ValueError, httpx.HTTPError, JoseError) as error:
            metrics.counter("torg_keys_refreshed_total").labels("failed").inc()
            _log.warning("auth.keys_not_refreshed", error=type(error).__name__)
            wait_s = min(every_s, _TRY_AGAIN_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait_s)


def principal_of(claims: Mapping[str, Any], hat: str | None, *, emergency: bool = False) -> Principal:
    """The principal that validated `claims` describe. Raises `Unauthenticated` when they describe nobody known."""
    known = {role.value for role in Role}
    listed = claims.get("roles")
    roles = [Role(value) for value in listed if value in known] if isinstance(listed, list) else []
    if not roles:
        raise Unauthenticated("TOKEN_WITHOUT_ROLE")
    if hat is not None and hat not in {role.value for role in roles}:
        raise Unauthenticated("ROLE_NOT_IN_TOKEN")
    channels = claims.get("channels")
    return Principal(
        subject=str(claims["sub"]),
        role=Role(hat) if hat else roles[0],
        roles=frozenset(roles),
        unit=str(claims.get("unit") or ""),
        channels=frozenset(map(str, channels)) if isinstance(channels, list) else frozenset(),
        name=_text(claims.get("name")),
        title=_text(claims.get("title")),
        emergency=emergency,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
