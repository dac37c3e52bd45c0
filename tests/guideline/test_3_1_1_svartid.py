"""3.1.1: «Henvendelser bør besvares så hurtig så mulig», within what laws and rules demand."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from torg_journal.domain import deadlines, timers
from torg_journal.domain.timers import LEGAL_MAXIMUM, Rule, Unit
from torg_journal.settings import Municipality, load
from torg_shared.municipality import ConfigError

SOGNE = Path(__file__).parents[2] / "config" / "sogne"
OSLO = ZoneInfo("Europe/Oslo")


@pytest.fixture(scope="module")
def sogne() -> Municipality:
    return load(SOGNE)


def oslo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OSLO).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-06-05T14:50", "2026-06-08T14:50"),  # Friday to Monday
        ("2026-06-06T11:00", "2026-06-09T08:00"),  # Saturday: Monday's opening and one day
        ("2026-04-01T10:00", "2026-04-07T10:00"),  # Wednesday before Maundy Thursday to Tuesday after Easter
    ],
)
def test_g12_first_response_is_due_the_next_working_day(sogne: Municipality, start: str, due: str) -> None:
    """G-12: the same clock time on the next working day; a time outside the hours moves to the next opening."""
    rule = sogne.rules["T-FIRST", "must"]
    assert timers.due(rule, sogne.calendar, oslo(start)) == oslo(due)


def changed(folder: Path, code: str, **values: object) -> Path:
    """A copy of the municipality where the rule `code` says something else."""
    for file in SOGNE.glob("*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    data = yaml.safe_load((SOGNE / "deadlines.yaml").read_text("utf-8"))
    for one in data["deadlines"]:
        if one["code"] == code:
            one.update(values)
    (folder / "deadlines.yaml").write_text(yaml.safe_dump(data), "utf-8")
    return folder


@pytest.mark.parametrize(
    "values",
    [
        {"amount": 2},
        {"amount": 45, "unit": "working_days"},
        {"amount": 64_800, "unit": "minutes"},
        {"statutory": False},
    ],
)
def test_g13_a_statutory_time_limit_cannot_be_lengthened(tmp_path: Path, values: dict[str, object]) -> None:
    """G-13: whatever unit the municipality writes it in."""
    with pytest.raises(ConfigError, match=r"deadlines\.yaml: T-PRELIM"):
        load(changed(tmp_path, "T-PRELIM", **values))


def test_g13_it_can_be_shortened_and_other_targets_are_free(tmp_path: Path) -> None:
    """G-13: the municipality may be quicker than the statute."""
    shorter = load(changed(tmp_path, "T-INNSYN", amount=2))
    assert shorter.rules["T-INNSYN", "limit"].amount == 2
    freer = load(changed(tmp_path, "T-FIRST", amount=4, unit="office_hours"))
    assert freer.rules["T-FIRST", "must"].amount == 4


def test_g13_check_config_fails_and_names_file_and_place(tmp_path: Path) -> None:
    """G-13: the command that operations run before a start refuses it, and so does the start."""
    settings = {
        "TORG_DATABASE_URL": "postgresql://torg_journal:x@127.0.0.1:1/torg_journal",
        "TORG_BUS_URL": "postgresql://torg_bus:x@127.0.0.1:1/torg_bus",
        "TORG_JWKS": "keys.json",
    }
    for folder, code in ((SOGNE, 0), (changed(tmp_path, "T-PRELIM", amount=45, unit="working_days"), 2)):
        done = subprocess.run(
            [sys.executable, "-m", "torg_journal", "--check-config"],
            env={**os.environ, **settings, "TORG_CONFIG_DIR": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
    assert "deadlines.yaml: T-PRELIM: 45 working_days er lengre enn loven tillater" in done.stderr


def test_inv16_no_rule_can_be_made_past_the_legal_maximum() -> None:
    for (code, variant), (amount, unit) in LEGAL_MAXIMUM.items():
        assert Rule(code, amount, unit, "x", variant, statutory=True).amount == amount
        with pytest.raises(ValueError, match="lengre enn loven"):
            Rule(code, amount + 1, unit, "x", variant, statutory=True)
    with pytest.raises(ValueError, match="ikke lovbestemt"):
        Rule("T-FIRST", 1, Unit.WORKING_DAYS, "x", "must", statutory=True)


def test_inv16_own_closing_days_do_not_lengthen_what_a_statute_sets(sogne: Municipality) -> None:
    rule = sogne.rules["T-INNSYN", "limit"]
    start = oslo("2026-12-21T10:00")  # 24 December is closed here, but a working day to the law
    assert timers.due(rule, sogne.calendar, start) == oslo("2026-12-29T10:00")


def test_warnings_come_before_the_due_time_and_in_working_hours(sogne: Municipality) -> None:
    for key, rule in sogne.rules.by_key.items():
        for day in range(0, 400, 7):
            at = oslo("2026-01-02T22:00") + timedelta(days=day)
            started = deadlines.start(rule, sogne.calendar, at)
            assert all(at <= one.at < started.due_at for one in started.warnings), (key, at)
            if rule.unit in (Unit.WORKING_DAYS, Unit.OFFICE_HOURS, Unit.CALENDAR_MONTHS) and not rule.statutory:
                assert all(sogne.calendar.is_open(one.at) for one in started.warnings), (key, at)


def test_l04_the_preliminary_answer_is_warned_of_on_day_fourteen(sogne: Municipality) -> None:
    started = deadlines.start(sogne.rules["T-PRELIM", ""], sogne.calendar, oslo("2026-06-01T10:00"))
    assert started.due_at == oslo("2026-07-01T10:00")
    assert started.statutory
    assert oslo("2026-06-15T10:00") in [one.at for one in started.warnings]
