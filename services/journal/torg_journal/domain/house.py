"""What settling must know of the municipality: words for titles, units, choices that the standard leaves open."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .calendar import WorkingCalendar
from .timers import Rules

PLATFORMS: Mapping[str, str] = {
    "facebook": "Facebook",
    "instagram": "Instagram",
    "mastodon": "Mastodon",
    "twitter": "X",
    "youtube": "YouTube",
    "web": "kommunens nettskjema",
}


@dataclass(frozen=True)
class House:
    """`channel_calendars` are channels' own hours by key; `answer_type` is N or X (G-28)."""

    name: str
    saksansvarlig: str
    administrativ_enhet: str
    politics_unit: str
    unit_names: Mapping[str, str]
    topic_names: Mapping[str, str]
    rules: Rules
    calendar: WorkingCalendar
    channel_calendars: Mapping[str, WorkingCalendar] = field(default_factory=dict)
    answer_type: str = "N"
    answered_in_social_media: str = "BU"
    web_klasse: tuple[str, str] = ("NETT", "Hjemmeside og nettdokumentasjon")

    def calendar_of(self, channel_key: str | None) -> tuple[str, WorkingCalendar]:
        """The hours that count for a channel, and the name of their calendar."""
        own = self.channel_calendars.get(channel_key or "")
        return (channel_key or "", own) if own else ("office", self.calendar)

    def unit_name(self, code: str) -> str:
        return self.unit_names.get(code, code)

    def subject_of(self, platform: str, topic: str | None) -> str:
        """`henvendelse på Facebook om vei, trafikk og gatelys`: never the sender's name, never the sender's words."""
        where = PLATFORMS.get(platform, platform)
        name = self.topic_names.get(topic or "")
        about = f" om {name[0].lower()}{name[1:]}" if name else ""
        return f"henvendelse på {where}{about}"
