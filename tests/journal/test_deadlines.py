"""The timer table and the life of one deadline, as rules."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from uuid import UUID

import pytest
from torg_journal.domain.deadlines import (
    Deadline,
    Happened,
    PauseReason,
    State,
    cancel,
    colour,
    next_look,
    pause,
    resume,
    satisfy,
    start,
    tick,
    timers,
    used_percent,
)
from torg_journal.domain.timers import TABLE, Occurrence, Rule, Rules, Unit
from torg_journal.settings import load
from torg_shared.errors import Conflict, Invalid

SOGNE = load(Path(__file__).parents[2] / "config" / "sogne")
RULES, CALENDAR = SOGNE.rules, SOGNE.calendar
MONDAY = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)  # 10:00 in Norway
O = Occurrence  # noqa: E741


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def derived(*happened: Happened) -> dict[str, Deadline]:
    found = timers(RULES, CALENDAR, happened)
    return {f"{one.code} {one.variant}".strip(): one for one in found}


def states(*happened: Happened) -> dict[str, str]:
    return {name: one.state.value for name, one in derived(*happened).items()}


def test_a_question_starts_the_first_response_and_any_published_reply_meets_it() -> None:
    received = Happened(O.DUTY_MUST, MONDAY)
    assert states(received) == {"T-FIRST must": "running"}
    assert derived(received)["T-FIRST must"].due_at == at(24)
    for reply in (O.REPLY_HOLDING, O.REPLY_FULL, O.REPLY_CAPTURED, O.REPLY_REFERRAL):
        assert states(received, Happened(reply, at(23))) == {"T-FIRST must": "satisfied"}
        assert states(received, Happened(reply, at(25))) == {"T-FIRST must": "satisfied_late"}
    assert states(received, Happened(O.REPLY_CORRECTION, at(1))) == {"T-FIRST must": "running"}


def test_the_stricter_duty_rules() -> None:
    assert list(derived(Happened(O.DUTY_SHOULD, MONDAY), Happened(O.DUTY_MUST, MONDAY))) == ["T-FIRST must"]


def test_the_timers_of_a_case_count_from_the_received_time() -> None:
    consultation = UUID(int=5)
    case = (
        Happened(O.DUTY_MUST, MONDAY),
        Happened(O.OPEN_CASE, at(1)),
        Happened(O.SAKSMAPPE, MONDAY),
        Happened(O.CONSULTATION, at(2), consultation),
    )
    found = derived(*case)
    assert found["T-PRELIM"].due_at == datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
    assert found["T-PRELIM"].statutory
    assert found["T-HOLD"].due_at == at(5)
    assert found["T-CONSULT"].due_at == at(50)
    assert found["T-CONSULT"].ref == consultation
    held = states(*case, Happened(O.REPLY_HOLDING, at(3)))
    assert held == {
        "T-FIRST must": "satisfied",
        "T-HOLD": "satisfied",
        "T-CONSULT": "running",
        "T-PRELIM": "running",
        "T-FULL": "running",
    }
    done = states(*case, Happened(O.CONSULTATION_ENDED, at(4), consultation), Happened(O.REPLY_FULL, at(5)))
    assert set(done.values()) == {"satisfied"}


def test_a_promised_date_replaces_the_target_of_the_full_answer() -> None:
    promised = datetime(2026, 6, 30, 10, 0, tzinfo=UTC)
    case = Happened(O.SAKSMAPPE, MONDAY)
    found = derived(case, Happened(O.REPLY_PRELIMINARY, at(4), promised=promised))
    assert found["T-FULL"].due_at == promised
    assert found["T-PRELIM"].state is State.SATISFIED


def test_two_consultations_have_a_clock_each() -> None:
    one, other = UUID(int=1), UUID(int=2)
    happened = (
        Happened(O.CONSULTATION, at(0), one),
        Happened(O.CONSULTATION, at(1), other),
        Happened(O.CONSULTATION_ENDED, at(2), other),
    )
    assert {d.ref: d.state for d in timers(RULES, CALENDAR, happened)} == {one: State.RUNNING, other: State.SATISFIED}
    withdrawn = (*happened, Happened(O.CONSULTATION_WITHDRAWN, at(3), one))
    assert {d.state for d in timers(RULES, CALENDAR, withdrawn)} == {State.CANCELLED, State.SATISFIED}


def test_a_statutory_request_goes_on_when_the_author_deletes_the_message() -> None:
    found = states(
        Happened(O.DUTY_MUST, MONDAY),
        Happened(O.ACCESS, MONDAY),
        Happened(O.PRIVACY, MONDAY),
        Happened(O.AUTHOR_DELETED, at(1)),
    )
    assert found == {
        "T-FIRST must": "cancelled",
        "T-INNSYN target": "running",
        "T-INNSYN limit": "running",
        "T-GDPR": "running",
    }


def test_a_redirect_alone_never_meets_an_access_request() -> None:
    asked = Happened(O.ACCESS, MONDAY)
    assert states(asked, Happened(O.REPLY_REDIRECT, at(1)))["T-INNSYN limit"] == "running"
    assert states(asked, Happened(O.REFUSED, at(1)))["T-INNSYN limit"] == "satisfied"


def test_a_complaint_needs_guidance_and_a_unit_that_has_accepted() -> None:
    asked = Happened(O.COMPLAINT, MONDAY)
    assert states(asked, Happened(O.REPLY_REDIRECT, at(1)))["T-KLAGE"] == "running"
    assert states(asked, Happened(O.HANDOVER, at(1)))["T-KLAGE"] == "running"
    both = derived(asked, Happened(O.HANDOVER, at(1)), Happened(O.REPLY_FULL, at(2)))["T-KLAGE"]
    assert (both.state, both.ended_at) == (State.SATISFIED, at(2))


def test_danger_and_a_child_at_risk_run_through_the_night() -> None:
    night = datetime(2026, 6, 6, 23, 50, tzinfo=UTC)
    found = derived(Happened(O.URGENT, night), Happened(O.CHILD_CONCERN, night))
    assert found["T-EMERG"].due_at == night + timedelta(minutes=15)
    assert found["T-CHILD"].due_at == night + timedelta(minutes=60)
    assert [one.at for one in found["T-EMERG"].warnings] == [
        night + timedelta(minutes=7.5),
        night + timedelta(minutes=12),
    ]


def test_every_order_of_what_happened_gives_the_same_deadlines() -> None:
    happened = (
        Happened(O.DUTY_MUST, MONDAY),
        Happened(O.OPEN_CASE, at(1)),
        Happened(O.SAKSMAPPE, MONDAY),
        Happened(O.CONSULTATION, at(2), UUID(int=1)),
        Happened(O.CONSULTATION_ENDED, at(30), UUID(int=1)),
        Happened(O.REPLY_FULL, at(31)),
    )
    results = [timers(RULES, CALENDAR, order) for order in permutations(happened)]
    assert all(one == results[0] for one in results)
    assert len(results) == 720


def test_every_timer_of_the_table_starts_and_can_end() -> None:
    for timer in TABLE:
        ref = UUID(int=1) if timer.code == "T-CONSULT" else None
        started = Happened(timer.starts, MONDAY, ref)
        ends = timer.satisfied_by_all or {min(timer.satisfied_by)}
        found = [d for d in timers(RULES, CALENDAR, [started]) if (d.code, d.variant) == (timer.code, timer.variant)]
        assert [one.state for one in found] == [State.RUNNING], timer.code
        met = [started, *(Happened(end, MONDAY, ref) for end in ends)]
        found = [d for d in timers(RULES, CALENDAR, met) if (d.code, d.variant) == (timer.code, timer.variant)]
        assert [one.state for one in found] == [State.SATISFIED], timer.code
        closed = [started, Happened(O.CLOSED, at(1))]
        found = [d for d in timers(RULES, CALENDAR, closed) if (d.code, d.variant) == (timer.code, timer.variant)]
        assert [one.state for one in found] == [State.CANCELLED], timer.code


def first(**changes: object) -> Deadline:
    rule = Rule("T-FIRST", 1, Unit.WORKING_DAYS, "retningslinjer_svartid", "must")
    return start(rule, CALENDAR, MONDAY, **changes)  # type: ignore[arg-type]


def test_time_warns_at_half_and_at_eighty_percent_then_is_overdue_once() -> None:
    deadline = first()  # 10:00 to 10:00: seven and a half open hours
    assert [(one.percent, one.at) for one in deadline.warnings] == [(50, at(3.75)), (80, at(22.5))]
    seen = []
    for hours in (0, 3.7, 3.75, 3.8, 22.4, 22.5, 24, 25):
        deadline, percent = tick(deadline, at(hours))
        seen.append((percent, deadline.state.value))
    assert seen == [
        (None, "running"),
        (None, "running"),
        (50, "running"),
        (None, "running"),
        (None, "running"),
        (80, "running"),
        (None, "overdue"),
        (None, "overdue"),
    ]
    assert satisfy(deadline, at(26)).state is State.SATISFIED_LATE


def test_warnings_missed_while_nothing_ran_are_given_once() -> None:
    deadline, percent = tick(first(), at(23))
    assert percent == 80
    assert tick(deadline, at(23.5))[1] is None


def test_next_look_is_when_tick_acts() -> None:
    deadline = first()
    assert next_look(deadline) == at(3.75)
    deadline, _ = tick(deadline, at(3.75))
    assert next_look(deadline) == at(22.5)
    deadline, _ = tick(deadline, at(22.5))
    assert next_look(deadline) == at(24)
    deadline, _ = tick(deadline, at(24))
    assert next_look(deadline) is None
    assert next_look(pause(first(), at(1), "awaiting_author")) is None
    assert next_look(satisfy(first(), at(1))) is None


def test_a_pause_gives_back_what_was_left() -> None:
    paused = pause(first(), at(2), PauseReason.AWAITING_AUTHOR.value)
    assert tick(paused, at(100)) == (paused, None)
    resumed = resume(paused, CALENDAR, at(2 + 48), Unit.WORKING_DAYS)
    assert resumed.due_at == at(24 + 48)
    assert [one.at for one in resumed.warnings] == [at(3.75 + 48), at(22.5 + 48)]
    assert satisfy(paused, at(3)).state is State.SATISFIED


def test_a_pause_never_moves_a_statutory_time_limit() -> None:
    deadline = start(RULES["T-PRELIM", ""], CALENDAR, MONDAY)
    paused = pause(deadline, at(24), "awaiting_other_body")
    assert next_look(paused) == deadline.due_at
    assert tick(paused, deadline.due_at)[0].state is State.OVERDUE
    assert resume(paused, CALENDAR, at(240), Unit.CALENDAR_MONTHS).due_at == deadline.due_at
    assert used_percent(paused, deadline.started_at + (deadline.due_at - deadline.started_at) / 2) == 50


def test_a_clock_of_minutes_pauses_by_the_clock() -> None:
    deadline = start(Rule("T-X", 60, Unit.MINUTES, "x"), CALENDAR, MONDAY)
    resumed = resume(pause(deadline, at(0.5), "platform_away"), CALENDAR, at(5.5), Unit.MINUTES)
    assert resumed.due_at == at(6)


def test_only_delays_outside_our_control_pause_a_clock() -> None:
    with pytest.raises(Invalid) as refused:
        pause(first(), at(1), "ferie")
    assert refused.value.code == "PAUSE_REASON_INVALID"


def test_a_step_that_is_not_in_the_table_raises() -> None:
    met, gone = satisfy(first(), at(1)), cancel(first(), at(1), "closed")
    overdue, _ = tick(first(), at(30))
    steps: tuple[Callable[[], object], ...] = (
        lambda: satisfy(met, at(2)),
        lambda: cancel(met, at(2), "x"),
        lambda: pause(met, at(2), "awaiting_author"),
        lambda: pause(gone, at(2), "awaiting_author"),
        lambda: pause(overdue, at(31), "awaiting_author"),
        lambda: resume(first(), CALENDAR, at(2), Unit.WORKING_DAYS),
        lambda: resume(overdue, CALENDAR, at(31), Unit.WORKING_DAYS),
    )
    for step in steps:
        with pytest.raises(Conflict) as refused:
            step()
        assert refused.value.code == "DEADLINE_STATE"


def test_green_amber_red() -> None:
    deadline = first()
    assert [colour(deadline, at(hours)) for hours in (1, 4, 25)] == ["green", "amber", "red"]
    assert colour(satisfy(deadline, at(4)), at(5)) == "green"
    assert colour(satisfy(deadline, at(25)), at(26)) == "red"


def test_the_rules_are_complete_and_said_once() -> None:
    rules = list(RULES.by_key.values())
    with pytest.raises(ValueError, match="mangler"):
        Rules.of(rules[1:])
    with pytest.raises(ValueError, match="to ganger"):
        Rules.of([*rules, rules[0]])
