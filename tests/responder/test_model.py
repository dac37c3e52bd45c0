"""P4 as a model: the steps of the domain against a platform that lies, lags and dies (reliability.md, section 3.4).

20,000 seeded runs with `TORG_PROVE=1` (`make prove`), fewer otherwise. A seed that fails is named, and replays alone.
"""

import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from torg_responder.domain import sending as flow
from torg_responder.domain.reply import Reply, Signer, State
from torg_responder.domain.settle import Capture, Confirm, Match, Message, OwnText, Retire, settle

_FULL = os.environ.get("TORG_PROVE") == "1"
RUNS = 20_000 if _FULL else 4_000
_START = datetime(2026, 6, 3, 8, 0, tzinfo=UTC)
_ONE = UUID(int=1)
_TEXT = "Lyset er meldt til montøren."
_STUCK = timedelta(seconds=90)
_ENDS = {State.VERIFIED, State.NEEDS_OPERATOR, State.REJECTED, State.MISMATCH, State.RETIRED}


class Crash(Exception):
    """The process is gone; what was committed stays."""


@dataclass
class Lagging:
    """The platform: what was posted and when, and how long reading lags behind writing."""

    rng: random.Random
    lag: timedelta
    posts: list[tuple[str, datetime]] = field(default_factory=list)

    def post(self, now: datetime, *, late: bool = False) -> str:
        effect = now + timedelta(seconds=self.rng.randint(1, 60)) if late else now
        self.posts.append((f"p{len(self.posts) + 1}", effect))
        return self.posts[-1][0]

    def visible(self, now: datetime) -> list[flow.Seen]:
        return [flow.Seen(name, _TEXT, None, at, is_own=True) for name, at in self.posts if at + self.lag <= now]


@dataclass
class Run:
    """One reply from its release to its end; `reply` is what the database holds."""

    rng: random.Random
    platform: Lagging
    settle: timedelta
    absence_is_proof: bool = False
    now: datetime = _START
    reply: Reply = field(
        default_factory=lambda: Reply(
            _ONE, _ONE, _ONE, 1, _ONE, 5, State.RELEASED, "full", "public", _TEXT, "per", "sideadministrator", "per",
            _START, _START, signer=Signer("kommune"), approver="lise", approved_at=_START, submitted_at=_START,
            send_after=_START,
        )
    )  # fmt: skip
    echoes: list[OwnText] = field(default_factory=list)
    unknown_since: datetime | None = None
    captured: int = 0

    def play(self) -> None:
        while self.reply.state not in _ENDS:
            self.now += timedelta(seconds=self.rng.randint(1, 15))
            try:
                self.round()
            except Crash:
                self.now += timedelta(seconds=self.rng.randint(1, 120))
            self.hear()
            self.watch()

    def maybe_die(self) -> None:
        if self.rng.random() < 0.08:
            raise Crash

    def round(self) -> None:
        match self.reply.state:
            case State.RELEASED if self.reply.retry_at is None or self.reply.retry_at <= self.now:
                self.send()
            case State.SENDING if self.reply.sent_at is not None and self.now - self.reply.sent_at >= _STUCK:
                self.reply = flow.lost_sight_of(self.reply, "process_died", self.now, self.settle)
            case State.UNKNOWN if self.reply.retry_at is not None and self.reply.retry_at <= self.now:
                self.read()
            case State.PUBLISHED:
                there = next((one for one in self.seen() if one.external_id == self.reply.external_id), None)
                self.reply = flow.verified(self.reply, there, self.now, self.settle)

    def send(self) -> None:
        self.maybe_die()
        intended = flow.intended(self.reply, self.now)
        self.maybe_die()
        self.reply = intended  # committed
        self.maybe_die()
        outcome = self.call()
        self.maybe_die()
        self.reply = flow.recorded(self.reply, outcome, self.now, self.settle)
        self.maybe_die()

    def call(self) -> flow.Outcome:
        match self.rng.choice(("fine", "fine", "lost", "late", "cut", "busy", "refused", "bad")):
            case "fine":
                outcome: flow.Outcome = flow.Confirmed(self.platform.post(self.now))
            case "lost":
                outcome = flow.Unknown("no_answer")
            case "late":
                self.platform.post(self.now, late=True)
                outcome = flow.Unknown("no_answer")
            case "cut":
                self.platform.post(self.now)
                outcome = flow.Unknown("facebook:2")
            case "busy":
                outcome = flow.Rejected("throttled:4", retry_after_s=self.rng.randint(1, 300))
            case "refused":
                outcome = flow.Rejected("not_sent")
            case _:
                outcome = flow.Rejected("bad_parameter:0", permanent=True)
        return outcome

    def read(self) -> None:
        found = next(iter(self.seen()), None)
        if found is None and self.absence_is_proof:
            self.reply = replace(self.reply, state=State.RELEASED, retry_at=None, version=self.reply.version + 1)
            return
        self.reply = flow.read_back(self.reply, found, self.now)

    def seen(self) -> Sequence[flow.Seen]:
        return [] if self.rng.random() < 0.2 else self.platform.visible(self.now)

    def hear(self) -> None:
        """Echoes come when they like, or never; until they are matched they wait as facts."""
        for name, at in self.platform.posts:
            new = all(echo.external_id != name for echo in self.echoes)
            if new and at <= self.now and self.rng.random() < 0.1:
                self.echoes.append(OwnText(UUID(int=hash(name) % 2**64), _ONE, _ONE, name, "c1", _TEXT, None, at))
        message = Message(_ONE, _ONE, version=1, channel_id=_ONE, external_id="c1", text="Lys?", handling="answer")
        for effect in settle({_ONE: message}, [self.reply], self.echoes, {}, self.now):
            match effect:
                case Confirm(_, own):
                    seen = flow.Seen(own.external_id, own.text, None, own.seen_at)
                    self.reply = flow.confirmed(self.reply, seen, self.now)
                    self.mark(own)
                case Match(_, own):
                    self.mark(own)
                case Capture(own, _):
                    self.captured += 1
                    self.mark(own)
                case Retire(_, cause):
                    self.reply = self.reply.to(State.RETIRED, self.now, cause=cause)

    def mark(self, own: OwnText) -> None:
        self.echoes = [replace(echo, reply_id=_ONE) if echo.id == own.id else echo for echo in self.echoes]

    def watch(self) -> None:
        """An unknown outcome reaches a person within the settle time and a minute, as long as a process runs."""
        if self.reply.state is not State.UNKNOWN:
            self.unknown_since = None
            return
        self.unknown_since = self.unknown_since or self.now
        most = self.settle + timedelta(seconds=60 + 120 + 15)  # the longest absence of all processes in this model
        assert self.now - self.unknown_since <= most


def _play(seed: int, *, settle_s: int, lag_s: int, absence_is_proof: bool = False) -> Run:
    rng = random.Random(seed)
    run = Run(
        rng, Lagging(rng, timedelta(seconds=lag_s)), timedelta(seconds=settle_s), absence_is_proof=absence_is_proof
    )
    run.play()
    return run


@pytest.mark.parametrize(("settle_s", "lag_s"), [(120, 0), (120, 60), (120, 600), (5, 3)])
def test_no_schedule_posts_a_reply_twice(settle_s: int, lag_s: int) -> None:
    """Also where the platform shows its own posts later than anybody waits."""
    ends: Counter[State] = Counter()
    for seed in range(RUNS // 4):
        run = _play(seed, settle_s=settle_s, lag_s=lag_s)
        assert len(run.platform.posts) <= 1, f"seed {seed}: posted {len(run.platform.posts)} times"
        assert run.captured == 0, f"seed {seed}: our own reply was taken for somebody else's"
        if run.reply.state is State.VERIFIED:
            assert len(run.platform.posts) == 1, f"seed {seed}: verified what was never posted"
        ends[run.reply.state] += 1
    seen_in_time = State.VERIFIED if lag_s < settle_s else State.MISMATCH
    assert min(ends[seen_in_time], ends[State.NEEDS_OPERATOR], ends[State.REJECTED]) > RUNS // 100


def test_the_model_finds_double_posts_where_absence_is_taken_for_proof() -> None:
    """A model that cannot fail proves nothing: the forbidden step, made on purpose, posts twice."""
    doubles = sum(
        len(_play(seed, settle_s=0, lag_s=30, absence_is_proof=True).platform.posts) > 1 for seed in range(RUNS // 4)
    )
    assert doubles > RUNS // 400


def test_the_table_itself_refuses_to_send_again_what_is_unknown() -> None:
    run = Run(random.Random(1), Lagging(random.Random(1), timedelta()), timedelta(seconds=5))
    sending = flow.intended(run.reply, _START)
    unknown = flow.recorded(sending, flow.Unknown("no_answer"), _START, run.settle)
    for step in (flow.intended, lambda reply, now: flow.deferred(reply, "x", None, now)):
        with pytest.raises(Exception, match="REPLY_STATE"):
            step(unknown, _START)
