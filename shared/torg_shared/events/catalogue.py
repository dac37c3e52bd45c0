"""Every contract and every topic, in one place: what `migrate`, the generated documents and the tests go through."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType

from . import classifier, ingest, journal, responder
from .envelope import Event

PARTITIONS = 12  # never changed in place: the key's partition is its order


@dataclass(frozen=True, slots=True)
class Topic:
    """`retention_days` None means for ever."""

    name: str
    retention_days: int | None
    partitions: int = PARTITIONS


TOPICS = (
    Topic("torg.messages", 14),
    Topic("torg.classifications", 90),
    Topic("torg.saksmapper", 90),
    Topic("torg.journal", 90),
    Topic("torg.replies", 14),
    Topic("torg.moderation", 90),
    Topic("torg.announcements", 90),
    Topic("torg.channels", None),
    Topic("torg.deadlines", 90),
)


def contracts_of(module: ModuleType) -> Mapping[str, type[Event]]:
    """The contracts that one producing service owns, by type."""
    found = {
        thing.TYPE: thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Event) and "TYPE" in vars(thing)
    }
    return MappingProxyType(found)


PRODUCERS: Mapping[str, Mapping[str, type[Event]]] = MappingProxyType(
    {
        "ingest": contracts_of(ingest),
        "classifier": contracts_of(classifier),
        "journal": contracts_of(journal),
        "responder": contracts_of(responder),
    }
)
CONTRACTS: Mapping[str, type[Event]] = MappingProxyType(
    {name: contract for owned in PRODUCERS.values() for name, contract in owned.items()}
)
