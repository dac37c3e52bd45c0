"""A client of the services as a person is one: by REST, with a persona's token, with keys and versions."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import orjson

T = TypeVar("T")
_PATIENCE_S = 20.0
_LOOK_EVERY_S = 0.15


class NotRunning(Exception):
    """Nothing runs here; the text is one line in Norwegian that says what to do."""


class Refused(Exception):
    """A service answered with a problem; the text names it and what to do."""

    def __init__(self, what: str, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, problem
        self.code = str(problem.get("code", ""))
        told = problem.get("detail") or problem.get("title") or ""
        super().__init__(f"{what}: {status} {self.code} {told}".strip())


class WaitedInVain(Exception):
    """What should have happened has not, within the time that it may take."""


@dataclass(frozen=True, slots=True)
class Found:
    """A resource with the version that it had."""

    body: Any
    version: int | None
    location: str | None = None

    def __getitem__(self, name: str) -> Any:
        return self.body[name]


class House:
    """A running product, as `running.json` describes it.

    With `patience_s`, whoever gets no answer tries again, with the same idempotency key, as people and platforms do.
    """

    def __init__(self, running: Mapping[str, Any], patience_s: float = 0.0) -> None:
        self.running = running
        self._patience_s = patience_s
        self._http = httpx.Client(timeout=20.0, trust_env=False)

    @classmethod
    def at(cls, folder: Path) -> "House":
        """The product that `make run` runs with `folder`. Raises `NotRunning`."""
        try:
            return cls(orjson.loads((folder / "running.json").read_bytes()))
        except (OSError, ValueError):
            raise NotRunning(f"Torg kjører ikke her ({folder / 'running.json'} mangler): start med make run") from None

    def close(self) -> None:
        self._http.close()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """The simulator's control face: what a citizen does, and what goes wrong."""
        url = f"{self.running['simulator']['control']}{path}"
        return self._ask(method, url, body, {}).body

    def get(self, service: str, path: str, persona: str | None, **query: Any) -> Found:
        """A resource, seen by `persona` (None: the public). Raises `Refused`."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", self._url(service, path), None, self._headers(persona), asked)

    def items(self, service: str, path: str, persona: str | None, **query: Any) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        after = None
        while True:
            page = self.get(service, path, persona, after=after, **query).body
            yield from page["items"]
            after = page.get("next")
            if not after or not page["items"]:
                return

    def act(
        self, method: str, service: str, path: str, persona: str, body: Any = None, version: int | None = None
    ) -> Found:
        """Do something: a fresh idempotency key, and the version that was seen. Raises `Refused`."""
        headers = self._headers(persona) | {"Idempotency-Key": str(uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return self._ask(method, self._url(service, path), {} if body is None else body, headers)

    def post(self, service: str, path: str, persona: str, body: Any = None, version: int | None = None) -> Found:
        return self.act("POST", service, path, persona, body, version)

    def until(self, what: str, look: Callable[[], T | None], within_s: float = _PATIENCE_S) -> T:
        """The first thing that `look` finds; what is not there yet is looked for again. Raises `WaitedInVain`."""
        last = time.monotonic() + within_s + self._patience_s
        while True:
            try:
                if found := look():
                    return found
            except Refused as refused:
                if refused.status != 404:
                    raise
            if time.monotonic() > last:
                raise WaitedInVain(f"Ventet {within_s:.0f} s uten å få se: {what}")
            time.sleep(_LOOK_EVERY_S)

    def _url(self, service: str, path: str) -> str:
        return f"{self.running['services'][service]}{path}"

    def _headers(self, persona: str | None) -> dict[str, str]:
        if persona is None:
            return {}
        tokens = self.running["tokens"] | self.running["system_tokens"]
        return {"Authorization": f"Bearer {tokens[persona]}"}

    def _ask(
        self, method: str, url: str, body: Any, headers: Mapping[str, str], query: Mapping[str, Any] | None = None
    ) -> Found:
        content = None if body is None else orjson.dumps(body)
        told = {**headers, **({} if content is None else {"Content-Type": "application/json"})}
        last = time.monotonic() + self._patience_s
        while True:
            try:
                answer = self._http.request(method, url, content=content, headers=told, params=query)
                if answer.status_code != 503 or time.monotonic() > last:
                    break
            except httpx.HTTPError as error:
                if time.monotonic() > last:
                    name = type(error).__name__
                    raise NotRunning(f"{url} svarer ikke ({name}): kjører make run?") from None
            time.sleep(_LOOK_EVERY_S)
        kind = answer.headers.get("content-type", "")
        known = orjson.loads(answer.content) if "json" in kind and answer.content else answer.text
        if answer.status_code >= 400:
            problem = known if isinstance(known, dict) else {"title": answer.text[:200]}
            raise Refused(f"{method} {url}", answer.status_code, problem)
        tag = answer.headers.get("etag", "").strip('"')
        return Found(known, int(tag) if tag.isdigit() else None, answer.headers.get("location"))
