"""The webhook face: subscription, signed deliveries, retries, and a journal of all of them."""

import asyncio
import contextlib
import dataclasses
import random
import secrets
import time
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from .behaviour import Behaviour
from .payloads import USER_AGENT, Signature, delivery, encode, signature_headers
from .platform import Change, Clock
from .settings import Settings

State = Literal["waiting", "delivered", "dropped"]
GIVES_UP_AFTER_S = 36 * 3600.0
ANSWER_WITHIN_S = 20.0
KEPT = 20_000
_LOOKS_AROUND_S = 0.3


@dataclass(frozen=True, slots=True)
class Attempt:
    at: float
    status: int | None
    error: str | None
    ms: float

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class Delivery:
    n: int
    body: bytes
    headers: Mapping[str, str]
    changes: int
    created: float
    state: State = "waiting"
    attempts: list[Attempt] = field(default_factory=list)


class Deliveries:
    """Changes go in by `tell`; one pump sends them in order, or several at a time when asked to."""

    def __init__(self, settings: Settings, behaviour: Behaviour, clock: Clock) -> None:
        self.behaviour = behaviour
        self.subscribed = asyncio.Event()
        self.journal: dict[int, Delivery] = {}
        self.counts: Counter[str] = Counter()
        self.held: list[Change] = []
        self._settings = settings
        self._clock = clock
        self._queue: list[Change] = []
        self._wake = asyncio.Event()
        self._retry_now = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._busy = 0
        self._open: set[int] = set()
        self._number = 0
        self._random = random.Random(settings.seed)  # noqa: S311 - order of a demonstration, no secret
        self._client = httpx.AsyncClient(
            timeout=ANSWER_WITHIN_S, trust_env=False, limits=httpx.Limits(max_connections=128)
        )

    # --- subscription

    async def subscribe(self, url: str) -> int | None:
        """The handshake; the status it was answered with, None when nobody answered."""
        challenge = str(secrets.randbelow(10**10))
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": self._settings.verify_token}
        try:
            answer = await self._client.get(url, params=query, headers={"User-Agent": USER_AGENT})
        except httpx.HTTPError:
            return None
        if answer.status_code == 200 and answer.text == challenge:
            self.subscribed.set()
            self._wake.set()
        return answer.status_code

    async def run(self) -> None:
        """Subscribe as soon as somebody answers, then send what there is. Ends by cancellation."""
        url = self._settings.webhook
        while url and not self.subscribed.is_set():
            await self.subscribe(url)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.subscribed.wait(), 0.5)
        await self.subscribed.wait()
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self.behaviour.disorder:
                await asyncio.sleep(_LOOKS_AROUND_S)
                self._random.shuffle(self._queue)
            while self._queue:
                if self.behaviour.senders > 1:
                    await self._send_side_by_side()
                else:
                    taken = self._take(self.behaviour.batch)
                    await self._send_new(taken)

    async def close(self) -> None:
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    # --- changes in

    def tell(self, *changes: Change) -> None:
        """These things have changed on the platform."""
        self.counts["changes"] += len(changes)
        if self.behaviour.hold:
            self.held += changes
        elif self._settings.webhook or self.subscribed.is_set():
            self._queue += changes
            self._wake.set()

    def tell_later(self, delay_s: float, *changes: Change) -> None:
        async def later() -> None:
            await asyncio.sleep(delay_s)
            self.tell(*changes)

        self._busy += 1
        self._start(later()).add_done_callback(self._one_less)

    def tell_in_batches(self, changes: Sequence[Change], batch: int) -> None:
        """As `tell`, in deliveries of up to `batch`, whatever the standing size is."""
        if batch == 1 or self.behaviour.hold or not self.subscribed.is_set():
            self.tell(*changes)
            return

        async def send() -> None:
            for start in range(0, len(changes), batch):
                await self._send_new(changes[start : start + batch])

        self.counts["changes"] += len(changes)
        self._busy += 1
        self._start(send()).add_done_callback(self._one_less)

    async def tell_at_once(self, *changes: Change) -> None:
        """Delivered, or refused once, when this returns; a hold holds these too."""
        if self.behaviour.hold or not self.subscribed.is_set():
            self.tell(*changes)
            return
        self.counts["changes"] += len(changes)
        await self._counted(self._send_new(changes))

    async def release(
        self, *, batch: int, order: Literal["fifo", "reversed", "shuffled"], times: int, limit: int | None
    ) -> list[int]:
        """Send held changes, in deliveries of up to `batch`, each `times` times; their numbers."""
        taken = self.held[:limit]
        del self.held[: len(taken)]
        if order == "reversed":
            taken.reverse()
        elif order == "shuffled":
            self._random.shuffle(taken)
        numbers = []
        for start in range(0, len(taken), batch):
            made = self._make(taken[start : start + batch])
            numbers.append(made.n)
            await self._counted(self._send(made, times))
        return numbers

    # --- deliveries out

    async def resend(self, n: int, times: int) -> Sequence[Attempt]:
        """The same bytes again. Raises KeyError."""
        made = self.journal[n]
        return [await self._attempt(made) for _ in range(times)]

    async def send_by_hand(
        self, body: bytes, how: Signature, headers: Mapping[str, str], times: int
    ) -> Sequence[Attempt]:
        """A delivery that no change made; sent, not retried."""
        signed = self._signed(body, how)
        made = self._journaled(Delivery(self._next(), body, {**signed, **headers}, 0, self._clock.now(), "dropped"))
        return await asyncio.gather(*(self._attempt(made) for _ in range(times)))

    def retry_now(self) -> None:
        self._retry_now.set()
        self._retry_now = asyncio.Event()

    async def idle(self, timeout_s: float) -> bool:
        """Whether, within the time, nothing is under way, queued or waiting for another try."""
        last = time.monotonic() + timeout_s
        while not (quiet := self._quiet()) and time.monotonic() < last:  # noqa: ASYNC110 - one look at three reasons
            await asyncio.sleep(0.02)
        return quiet

    def forget(self) -> None:
        """Everything told or held so far is dropped."""
        for task in [*self._tasks]:
            task.cancel()
        self._queue.clear()
        self.held.clear()
        self.journal.clear()
        self._open.clear()
        self.counts.clear()

    def waiting(self) -> int:
        """Changes not yet sent, and deliveries that wait for an answer or for another try."""
        return len(self._queue) + len(self._open)

    def _quiet(self) -> bool:
        return not self._busy and not self.waiting()

    def _one_less(self, _task: object) -> None:
        self._busy -= 1

    def _take(self, batch: int) -> list[Change]:
        taken = self._queue[:batch]
        del self._queue[: len(taken)]
        return taken

    async def _send_side_by_side(self) -> None:
        async def one() -> None:
            while self._queue:
                await self._send_new(self._take(self.behaviour.batch))

        await asyncio.gather(*(one() for _ in range(self.behaviour.senders)))

    async def _send_new(self, changes: Sequence[Change]) -> None:
        """A delivery with these changes, and the copies that the behaviour wants, side by side."""
        copies, remake = self.behaviour.duplicates, self.behaviour.remake
        first = self._make(changes)
        if not remake:
            await self._counted(self._send(first, 1 + copies))
            return
        others = [self._make([_a_second_later(change, n + 1) for change in changes]) for n in range(copies)]
        await self._counted(asyncio.gather(*(self._send(made, 1) for made in (first, *others))))

    async def _send(self, made: Delivery, times: int) -> None:
        attempts = await asyncio.gather(*(self._attempt(made) for _ in range(times)))
        if any(attempt.accepted for attempt in attempts):
            self._end(made, "delivered")
        else:
            self._start(self._retry(made))

    async def _retry(self, made: Delivery) -> None:
        gaps = self._settings.gaps_s
        tries = 0
        while made.state == "waiting":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._retry_now.wait(), gaps[min(tries, len(gaps) - 1)])
            tries += 1
            if (await self._attempt(made)).accepted:
                self._end(made, "delivered")
            elif self._clock.now() - made.created > GIVES_UP_AFTER_S:
                self._end(made, "dropped")

    async def _attempt(self, made: Delivery) -> Attempt:
        headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, "Accept": "*/*", **made.headers}
        started = time.monotonic()
        status = error = None
        try:
            url = self._settings.webhook or ""
            status = (await self._client.post(url, content=made.body, headers=headers)).status_code
        except (httpx.HTTPError, httpx.InvalidURL) as cause:
            error = type(cause).__name__
        attempt = Attempt(self._clock.now(), status, error, round((time.monotonic() - started) * 1000, 1))
        made.attempts.append(attempt)
        self.counts["attempts"] += 1
        self.counts["refused_attempts"] += not attempt.accepted
        return attempt

    def _make(self, changes: Sequence[Change]) -> Delivery:
        body = encode(delivery(changes))
        signed = self._signed(body, self.behaviour.signature)
        return self._journaled(Delivery(self._next(), body, signed, len(changes), self._clock.now()))

    def _signed(self, body: bytes, how: Signature) -> Mapping[str, str]:
        return signature_headers(body, how, self._settings.app_secret, self._settings.next_app_secret)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _journaled(self, made: Delivery) -> Delivery:
        self.journal[made.n] = made
        if made.state == "waiting":
            self._open.add(made.n)
        if len(self.journal) > KEPT:
            oldest = next(iter(self.journal))
            if oldest not in self._open:
                del self.journal[oldest]
        return made

    def _end(self, made: Delivery, state: State) -> None:
        made.state = state
        self._open.discard(made.n)
        self.counts[state] += 1

    async def _counted(self, task: Any) -> None:
        self._busy += 1
        try:
            await task
        finally:
            self._busy -= 1

    def _start(self, task: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        started = asyncio.create_task(task)
        self._tasks.add(started)
        started.add_done_callback(self._tasks.discard)
        return started


def _a_second_later(change: Change, seconds: int) -> Change:
    return dataclasses.replace(change, time=None if change.time is None else change.time + seconds)
