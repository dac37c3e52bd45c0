"""The municipality's files under `config/<name>/` that the journal reads: checked whole, turned into domain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field
from torg_shared.municipality import ConfigError, read

from torg_journal.domain.calendar import WorkingCalendar
from torg_journal.domain.public_journal import SensitiveWords
from torg_journal.domain.timers import Rule, Rules, Unit

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_Hours = dict[_Weekday, list[str]]
_YearlyDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Contact(_File):
    unit: str
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    phone: str
    postal_address: list[str] = Field(default_factory=list)
    visiting_address: list[str] = Field(default_factory=list)


class PublicJournal(_File):
    """What the public journal says of itself: title, contact point (Noark 5.2.29), what is left out."""

    title: str
    contact: Contact
    statement: str


class JournalChoices(_File):
    """The municipality's choices where the guideline or the standard leaves one (G-26, G-28, L-13)."""

    saksansvarlig: str = "servicetorget"
    administrativ_enhet: str = "servicetorget"
    consultation_answer_type: Literal["N", "X"] = "N"
    answered_in_social_media: Literal["BU", "BE", "TE", "TO"] = "BU"


class Profile(_File):
    name: str
    short_name: str
    municipality_number: Annotated[str, Field(pattern=r"^\d{4}$")]
    organisation_number: Annotated[str, Field(pattern=r"^\d{9}$")]
    language: Literal["nb", "nn"] = "nb"
    reply_language_policy: Literal["mirror", "fixed:nb", "fixed:nn"] = "mirror"
    sami_area: bool = False
    website: str
    formal_contact: Contact
    public_journal: PublicJournal
    journal: JournalChoices = JournalChoices()


class MunicipalUnit(_File):
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    name: str
    leader_role: str
    front_line: bool = False


class LegalBasis(_File):
    """One legal reference: code names `code` alone, people see act and paragraph."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    act: str
    paragraph: str
    kind: Literal["guideline", "duty", "skjerming"]
    valid_from: date
    valid_to: date | None = None
    text_url: str | None = None

    def valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    @property
    def label(self) -> str:
        """`Offl. § 14` as it stands in the public journal."""
        return f"{self.act} {self.paragraph}"


class Keep(_File):
    days: int = 0
    months: int = 0
    years: int = 0


class RetentionClass(_File):
    class_: str = Field(alias="class")
    keep: Keep | Literal["for_ever"]
    then: Literal["purge", "disposal_list"]
    kassasjonsvedtak: Literal["Bevares", "Kasseres", "Vurderes senere"] | None = None
    basis: str


class _Units(_File):
    units: list[MunicipalUnit]


class _Calendar(_File):
    timezone: str
    hours: _Hours
    closed_yearly: list[_YearlyDay] = Field(default_factory=list)
    closed_days: list[date] = Field(default_factory=list)
    special_days: dict[date, list[str]] = Field(default_factory=dict)
    channels: dict[str, _Hours] = Field(default_factory=dict)


class _Deadline(_File):
    code: str
    variant: str = ""
    amount: int
    unit: Unit
    statutory: bool
    basis: str
    warn_after_days: int | None = None


class _Deadlines(_File):
    deadlines: list[_Deadline]


class _LegalBasis(_File):
    version: str
    rows: list[LegalBasis]


class _Retention(_File):
    classes: list[RetentionClass]


_LowerWord = Annotated[str, Field(min_length=3, pattern=r"^[^A-ZÆØÅ]+$")]


class _NeverOnline(_File):
    stems: list[_LowerWord]
    words: list[_LowerWord]


@dataclass(frozen=True)
class Calendars:
    """The municipality's calendar, and those of channels with hours of their own."""

    office: WorkingCalendar
    channels: Mapping[str, WorkingCalendar]

    def of(self, channel_key: str | None) -> WorkingCalendar:
        return self.channels.get(channel_key or "", self.office)


@dataclass(frozen=True)
class Municipality:
    """Everything the journal reads from the folder, already checked against each other."""

    profile: Profile
    units: Mapping[str, MunicipalUnit]
    calendars: Calendars
    rules: Rules
    legal_basis: Mapping[str, LegalBasis]
    retention: Mapping[str, RetentionClass]
    never_online: SensitiveWords

    @property
    def calendar(self) -> WorkingCalendar:
        return self.calendars.office

    def skjermingshjemmel(self, code: str, day: date) -> LegalBasis | None:
        """The basis `code` when it may be given for a screening on `day`."""
        found = self.legal_basis.get(code)
        return found if found and found.kind == "skjerming" and found.valid_on(day) else None


def load(folder: Path) -> Municipality:
    """The municipality under `folder`. Raises `ConfigError` that names the file and the place."""
    profile = read(folder / "profile.yaml", Profile)
    units = _by_code(folder / "units.yaml", read(folder / "units.yaml", _Units).units)
    basis = _by_code(folder / "legal_basis.yaml", read(folder / "legal_basis.yaml", _LegalBasis).rows)
    retention = {one.class_: one for one in read(folder / "retention.yaml", _Retention).classes}
    rules = read(folder / "deadlines.yaml", _Deadlines).deadlines
    for file, used in (("deadlines.yaml", rules), ("retention.yaml", list(retention.values()))):
        for one in used:
            if one.basis not in basis:
                raise ConfigError(f"{folder / file}: hjemmelen «{one.basis}» står ikke i legal_basis.yaml")
    for unit in (profile.journal.saksansvarlig, profile.journal.administrativ_enhet):
        if unit not in units:
            raise ConfigError(f"{folder / 'profile.yaml'}: enheten «{unit}» står ikke i units.yaml")
    never = read(folder / "never_online.yaml", _NeverOnline)
    return Municipality(
        profile=profile,
        units=units,
        calendars=_calendars(folder / "calendar.yaml"),
        rules=_rules(folder / "deadlines.yaml", rules),
        legal_basis=basis,
        retention=retention,
        never_online=SensitiveWords(tuple(never.stems), tuple(never.words)),
    )


def _calendars(path: Path) -> Calendars:
    data = read(path, _Calendar)
    try:
        zone = ZoneInfo(data.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(f"{path}: tidssonen «{data.timezone}» er ukjent") from None

    def calendar(hours: _Hours) -> WorkingCalendar:
        return WorkingCalendar.of(
            {_DAYS.index(day): intervals for day, intervals in hours.items()},
            closed=data.closed_days,
            closed_yearly=[(int(day[:2]), int(day[3:])) for day in data.closed_yearly],
            special=data.special_days,
            zone=zone,
        )

    try:
        return Calendars(calendar(data.hours), {key: calendar(hours) for key, hours in data.channels.items()})
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _rules(path: Path, rows: list[_Deadline]) -> Rules:
    try:
        return Rules.of(Rule(**row.model_dump()) for row in rows)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _by_code(path: Path, rows: list[Any]) -> dict[str, Any]:
    found = {row.code: row for row in rows}
    if len(found) != len(rows):
        raise ConfigError(f"{path}: en kode står to ganger")
    return found
