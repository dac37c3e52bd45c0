"""The development issuer: a key made at the first run, tokens of a day for seven personas and for each service.

Production has the municipality's own identity provider; services only see its public keys (TORG_JWKS).
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from torg_shared.auth import AUDIENCE, Role

ISSUER = "torg-development"
LIFETIME_S = 24 * 3600
_ALGORITHM = "Ed25519"  # the name of RFC 9864 for what used to be called EdDSA


@dataclass(frozen=True, slots=True)
class Persona:
    """A person of the demonstration municipality. `key` is the name in running.json."""

    key: str
    role: Role
    subject: str
    name: str
    title: str
    unit: str
    channels: tuple[str, ...] = ("*",)


PERSONAS = (
    Persona("sideadministrator", Role.SA, "per.tangen", "Per Tangen", "konsulent", "servicetorget"),
    Persona("redaktoer", Role.RED, "randi.lunde", "Randi Lunde", "kommunikasjonsrådgiver", "servicetorget"),
    Persona("fagperson", Role.FAG, "turid.hoellen", "Turid Høllen", "avdelingsingeniør", "teknisk-drift"),
    Persona("arkivar", Role.ARK, "astrid.langenes", "Astrid Langenes", "arkivar", "arkiv"),
    Persona("leder", Role.LED, "leif.eik", "Leif Eik", "leder for servicetorget", "servicetorget"),
    Persona("politisk_sekretariat", Role.POL, "pia.monan", "Pia Monan", "politisk sekretær", "politisk-sekretariat"),
    Persona("revisor", Role.REV, "rune.vedderheia", "Rune Vedderheia", "forvaltningsrevisor", "radmann"),
)


class Issuer:
    """Signs tokens with the key in `folder`; `jwks` is the file that services read."""

    def __init__(self, key: OKPKey, jwks: Path) -> None:
        self._key = key
        self.jwks = jwks

    @classmethod
    def open(cls, folder: Path) -> "Issuer":
        """The issuer whose key lies in `folder`; made there at the first call."""
        private, public = folder / "issuer.json", folder / "public" / "jwks.json"
        public.parent.mkdir(parents=True, exist_ok=True)
        if not private.exists():
            write_secret(private, orjson.dumps(OKPKey.generate_key("Ed25519", private=True).as_dict(private=True)))
        key = OKPKey.import_key(orjson.loads(private.read_bytes()))
        key.ensure_kid()
        public.write_bytes(orjson.dumps(KeySet([key]).as_dict(private=False)))
        return cls(key, public)

    def mint(self, persona: Persona, lifetime_s: int = LIFETIME_S) -> str:
        claims = {
            "sub": persona.subject,
            "roles": [persona.role.value],
            "unit": persona.unit,
            "channels": list(persona.channels),
            "name": persona.name,
            "title": persona.title,
        }
        return self._sign(claims, lifetime_s)

    def mint_system(self, service: str, lifetime_s: int = LIFETIME_S) -> str:
        """The token with which `service` calls another one."""
        return self._sign({"sub": service, "roles": [Role.SYS.value], "unit": "", "channels": ["*"]}, lifetime_s)

    def _sign(self, claims: Mapping[str, object], lifetime_s: int) -> str:
        now = int(time.time())
        whole = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + lifetime_s, **claims}
        return jwt.encode({"alg": _ALGORITHM, "kid": self._key.kid}, whole, self._key, algorithms=[_ALGORITHM])


def write_secret(path: Path, content: bytes) -> None:
    """Write whole or not at all, readable by the owner alone from the first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    half.replace(path)
