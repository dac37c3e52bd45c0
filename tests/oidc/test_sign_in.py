"""Sign-in against a real OpenID Connect provider: code flow with PKCE, rotation, and the provider away."""

import asyncio
import base64
import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey
from torg_shared.auth import Role, Tokens, Unauthenticated, keep_fresh, open_keys
from torg_shared.metrics import Metrics
from torg_shared.testing import free_port, until

_HERE = Path(__file__).parent
_BACK = "https://portal.example/back"


class Provider:
    """The provider as a process that can be stopped, and started again with other keys."""

    def __init__(self, port: int, keys: Path) -> None:
        self.port, self.keys = port, keys
        self.issuer = f"http://127.0.0.1:{port}"
        self._process: asyncio.subprocess.Process | None = None

    def write_keys(self, *keys: ECKey) -> None:
        """The first signs, all are published."""
        content = {"keys": [key.as_dict(private=True, use="sig", alg="ES256") for key in keys]}
        self.keys.write_text(json.dumps(content))

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(_HERE / "provider.mjs"),
            str(self.port),
            str(self.keys),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with httpx.AsyncClient(trust_env=False) as client:

            async def answers() -> bool:
                try:
                    return (await client.get(f"{self.issuer}/jwks")).status_code == 200
                except httpx.HTTPError:
                    return False

            await until(answers, what="the provider")

    async def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None


def _installed() -> str | None:
    """Why the provider cannot run here; None when it can. In CI it has to."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "Node.js is not installed"
    if not (_HERE / "node_modules" / "oidc-provider").is_dir():
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"], cwd=_HERE, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"npm ci failed: {done.stderr[-200:]}"
    return None


@pytest.fixture(scope="session")
def _node() -> None:
    reason = _installed()
    if reason and os.environ.get("TORG_REQUIRE_OIDC") == "1":
        raise RuntimeError(reason)
    if reason:
        pytest.skip(reason)


def _key(name: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": name}, private=True)


@pytest.fixture
async def provider(_node: None, tmp_path: Path) -> AsyncIterator[Provider]:
    found = Provider(free_port(), tmp_path / "keys.json")
    found.write_keys(_key("first"))
    await found.start()
    yield found
    await found.stop()


@pytest.fixture
async def tokens(provider: Provider) -> AsyncIterator[Tokens]:
    """What a service runs: keys fetched on a timer."""
    found = Tokens(open_keys(f"{provider.issuer}/jwks", provider.issuer))
    stop = asyncio.Event()
    fetching = asyncio.create_task(keep_fresh(found, stop, Metrics(), every_s=0.1))

    async def ready() -> bool:
        return found.ready

    await until(ready, what="keys of the provider")
    yield found
    stop.set()
    await fetching


async def sign_in(provider: Provider, person: str) -> dict[str, Any]:
    """What the token endpoint answers after the person has typed the name into the provider's own pages."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    async with httpx.AsyncClient(trust_env=False) as browser:
        page = await browser.get(
            f"{provider.issuer}/auth",
            params={
                "client_id": "portal",
                "response_type": "code",
                "scope": "openid torg",
                "resource": "urn:torg",
                "redirect_uri": _BACK,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            },
        )
        for _ in range(12):
            if page.is_redirect:
                target = urljoin(str(page.url), page.headers["location"])
                if target.startswith(_BACK):
                    break
                page = await browser.get(target)
                continue
            action = re.search(r'<form[^>]+action="([^"]+)"', page.text)
            prompt = re.search(r'name="prompt" value="([^"]+)"', page.text)
            assert action is not None, page.text
            assert prompt is not None, page.text
            page = await browser.post(
                urljoin(str(page.url), action[1]), data={"prompt": prompt[1], "login": person, "password": "x"}
            )
        else:
            raise AssertionError("the sign-in pages did not come to an end")
        code = parse_qs(urlsplit(target).query)["code"][0]
        answer = await browser.post(
            f"{provider.issuer}/token",
            auth=("portal", "only-for-tests"),
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": _BACK,
                "code_verifier": verifier,
                "resource": "urn:torg",
            },
        )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_person_signs_in_with_role_unit_name_and_title(provider: Provider, tokens: Tokens) -> None:
    answer = await sign_in(provider, "anne")
    anne = tokens.check(answer["access_token"])
    assert (anne.subject, anne.role, anne.unit) == ("anne", Role.FAG, "teknisk-drift")
    assert (anne.name, anne.title) == ("Anne Berg", "enhetsleder")
    with pytest.raises(Unauthenticated):  # it is for the portal, not for the services
        tokens.check(answer["id_token"])


async def test_two_hats_are_one_person(provider: Provider, tokens: Tokens) -> None:
    access = (await sign_in(provider, "per"))["access_token"]
    assert tokens.check(access).role is Role.SA
    assert tokens.check(access, "fagperson").role is Role.FAG
    with pytest.raises(Unauthenticated):
        tokens.check(access, "leder")


async def test_a_person_without_a_role_gets_nowhere(provider: Provider, tokens: Tokens) -> None:
    access = (await sign_in(provider, "nina"))["access_token"]
    with pytest.raises(Unauthenticated) as refused:
        tokens.check(access)
    assert refused.value.code == "TOKEN_WITHOUT_ROLE"


async def test_a_service_signs_in_by_its_own_credentials(provider: Provider, tokens: Tokens) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            f"{provider.issuer}/token",
            auth=("torg-journal", "only-for-tests"),
            data={"grant_type": "client_credentials", "resource": "urn:torg"},
        )
    assert answer.status_code == 200, answer.text
    found = tokens.check(answer.json()["access_token"])
    assert (found.role, found.subject) == (Role.SYS, "torg-journal")


async def test_keys_rotate_without_throwing_anybody_out(provider: Provider, tokens: Tokens) -> None:
    first, second = _key("first"), _key("second")

    async def restart(*keys: ECKey) -> None:
        await provider.stop()
        provider.write_keys(*keys)
        await provider.start()

    await restart(first)
    held = (await sign_in(provider, "anne"))["access_token"]
    await until(_accepts(tokens, held), what="the first key")
    await restart(first, second)  # the new key is published before it signs
    await restart(second, first)
    fresh = (await sign_in(provider, "anne"))["access_token"]
    await until(_accepts(tokens, fresh), what="the second key")
    assert tokens.check(held).subject == "anne"
    await restart(second)
    await until(_refuses(tokens, held), what="the first key is gone")
    assert tokens.check(fresh).subject == "anne"


async def test_the_provider_away_logs_nobody_out(provider: Provider, tokens: Tokens) -> None:
    held = (await sign_in(provider, "anne"))["access_token"]
    await provider.stop()
    counted = Metrics()
    stop = asyncio.Event()
    fetching = asyncio.create_task(keep_fresh(tokens, stop, counted, every_s=0.05))

    async def failed() -> bool:
        return bool(counted.counter("torg_keys_refreshed_total").labels("failed")._value.get() >= 1)

    await until(failed, what="a failed fetch")
    assert tokens.check(held).subject == "anne"
    stop.set()
    await fetching


def _accepts(tokens: Tokens, token: str) -> Callable[[], Any]:
    async def accepted() -> bool:
        try:
            return bool(tokens.check(token))
        except Unauthenticated:
            return False

    return accepted


def _refuses(tokens: Tokens, token: str) -> Callable[[], Any]:
    accepted = _accepts(tokens, token)

    async def refused() -> bool:
        return not await accepted()

    return refused
