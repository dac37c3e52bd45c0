"""Tokens: which are accepted, which are refused, and how keys change while the process runs."""

import asyncio
import base64
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from torg_shared.auth import EMERGENCY_ISSUER, Role, Tokens, Unauthenticated, keep_fresh, open_keys
from torg_shared.metrics import Metrics
from torg_shared.testing import ISSUER, TestTokens, until


def test_a_token_names_a_person_with_unit_and_channels(tokens: TestTokens) -> None:
    found = tokens.checker().check(tokens.mint(Role.FAG, subject="anne", unit="teknisk-drift", channels=["a"]))
    assert (found.subject, found.role, found.unit) == ("anne", Role.FAG, "teknisk-drift")
    assert found.has_channel("a")
    assert not found.has_channel("b")
    assert found.actor.kind == "person"


def _with_secret(claims: dict[str, Any], secret: bytes) -> str:
    """Signed by hand: the library refuses a public key as a secret already when it is asked to sign."""

    def part(content: bytes) -> bytes:
        return base64.urlsafe_b64encode(content).rstrip(b"=")

    signed = part(b'{"alg":"HS256","kid":"test"}') + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(hmac.digest(secret, signed, "sha256"))).decode()


def _forged(tokens: TestTokens, how: str) -> str:
    good = tokens.mint(Role.LED)
    head, body, mac = good.split(".")
    claims = {"iss": ISSUER, "aud": "torg", "sub": "x", "roles": ["leder"], "exp": 4_000_000_000}
    public = tokens.key.as_pem(private=False)
    other = ECKey.generate_key("P-256", {"kid": "test"}, private=True)
    rsa = RSAKey.generate_key(2048, {"kid": "test"}, private=True)
    return {
        "none": f"eyJhbGciOiJub25lIn0.{body}.",
        "other key": jwt.encode({"alg": "ES256", "kid": "test"}, claims, other),
        "other kind of key": jwt.encode({"alg": "RS256", "kid": "test"}, claims, rsa),
        "public key as secret": _with_secret(claims, public),
        "path as kid": jwt.encode({"alg": "ES256", "kid": "../../etc/passwd"}, claims, other),
        "changed body": f"{head}.{body[:-2]}AA.{mac}",
        "without expiry": tokens.mint(Role.LED, exp=None),
        "text as roles": tokens.mint(Role.LED, roles="leder"),
        "unknown role": tokens.mint(Role.LED, roles=["root"]),
        "too long": "a" * 9000,
        "nothing": "",
    }[how]


@pytest.mark.parametrize(
    "how",
    [
        "none",
        "other key",
        "other kind of key",
        "public key as secret",
        "path as kid",
        "changed body",
        "without expiry",
        "text as roles",
        "unknown role",
        "too long",
        "nothing",
    ],
)
def test_forged_tokens_are_refused(tokens: TestTokens, how: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.checker().check(_forged(tokens, how))


def test_a_clock_a_minute_off_is_forgiven(tokens: TestTokens) -> None:
    import time

    now = int(time.time())
    checker = tokens.checker()
    checker.check(tokens.mint(Role.SA, exp=now - 30))
    with pytest.raises(Unauthenticated):
        checker.check(tokens.mint(Role.SA, exp=now - 90))
    with pytest.raises(Unauthenticated):
        checker.check(tokens.mint(Role.SA, nbf=now + 90))


def test_a_changed_key_file_is_read_again(tokens: TestTokens, tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(TestTokens().jwks()))
    monkeypatch.setattr("torg_shared.auth._LOOK_AGAIN_S", -1.0)
    checker = Tokens(open_keys(str(path), ISSUER))
    with pytest.raises(Unauthenticated):
        checker.check(tokens.mint(Role.SA))
    path.write_text(json.dumps(tokens.jwks()) + " ")
    assert checker.check(tokens.mint(Role.SA)).role is Role.SA
    path.unlink()
    assert checker.check(tokens.mint(Role.SA)).role is Role.SA  # a file that is gone for a moment logs nobody out


async def test_keys_are_fetched_on_a_timer_and_never_because_of_a_token(tokens: TestTokens) -> None:
    asked: list[bytes] = []
    answers = [b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n"]

    async def provider(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answers[0])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(provider, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    checker = Tokens(open_keys(f"http://127.0.0.1:{port}/jwks", ISSUER))
    stop = asyncio.Event()
    fetching = asyncio.create_task(keep_fresh(checker, stop, Metrics(), every_s=0.02))

    async def has_asked() -> bool:
        return len(asked) > 1

    async def is_ready() -> bool:
        return checker.ready

    await until(has_asked, what="the provider is asked again after a refusal")
    assert not checker.ready
    body = json.dumps(tokens.jwks()).encode()
    answers[0] = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    await until(is_ready, what="keys")
    stop.set()
    await fetching
    before = len(asked)
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            checker.check(_forged(tokens, "path as kid"))
    assert checker.check(tokens.mint(Role.SA)).role is Role.SA
    assert len(asked) == before
    server.close()


def test_a_removed_person_is_out_within_seconds(tokens: TestTokens, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("torg_shared.auth._LOOK_AGAIN_S", -1.0)
    denied = tmp_path / "denied_subjects"
    checker = Tokens(tokens.checker().provider, denied=denied)
    held = tokens.mint(Role.SA, subject="per")
    assert checker.check(held).subject == "per"
    denied.write_text("kari\n per \n")
    with pytest.raises(Unauthenticated):
        checker.check(held)
    assert checker.check(tokens.mint(Role.SA, subject="anne")).subject == "anne"
    denied.unlink()
    assert checker.check(held).subject == "per"


def test_the_key_in_the_safe_opens_and_is_seen(tokens: TestTokens, tmp_path: Path) -> None:
    safe = TestTokens()
    path = tmp_path / "safe.json"
    path.write_text(json.dumps(safe.jwks()))
    emergency = open_keys(str(path), EMERGENCY_ISSUER)
    checker = Tokens(tokens.checker().provider, emergency)
    assert checker.check(safe.mint(Role.LED, iss=EMERGENCY_ISSUER)).emergency
    assert not checker.check(tokens.mint(Role.LED)).emergency
    for forged in (safe.mint(Role.LED), tokens.mint(Role.LED, iss=EMERGENCY_ISSUER)):
        with pytest.raises(Unauthenticated):
            checker.check(forged)
