"""The municipality as settling knows it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict
from torg_shared.municipality import read

from torg_journal.domain.house import House

from .municipality import Municipality


class _Topic(BaseModel):
    model_config = ConfigDict(extra="ignore")

    code: str
    name: str


class _Gazetteers(BaseModel):
    """The parts of gazetteers.yaml that titles are made of; the rest is the classifier's."""

    model_config = ConfigDict(extra="ignore")

    politics: str
    topics: list[_Topic]


def house_of(municipality: Municipality, folder: Path) -> House:
    """What settling must know of `municipality`. Raises `ConfigError` for a wrong gazetteers.yaml under `folder`."""
    words = read(folder / "gazetteers.yaml", _Gazetteers)
    choices = municipality.profile.journal
    unit_names = {unit.code: unit.name for unit in municipality.units.values()}
    return House(
        name=municipality.profile.name,
        saksansvarlig=choices.saksansvarlig,
        administrativ_enhet=choices.administrativ_enhet,
        politics_unit=words.politics,
        unit_names=unit_names,
        topic_names={topic.code: topic.name for topic in words.topics},
        rules=municipality.rules,
        calendar=municipality.calendar,
        channel_calendars=municipality.calendars.channels,
        answer_type=choices.consultation_answer_type,
        answered_in_social_media=choices.answered_in_social_media,
    )
