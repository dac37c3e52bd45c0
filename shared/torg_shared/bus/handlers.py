"""Which handler gets which event. A handler knows events and one use case; never the bus, never a commit."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Self, TypeVar, overload

from torg_shared.events.envelope import Event
from torg_shared.work import Work

E = TypeVar("E", bound=Event)
F = TypeVar("F", bound=Event)


class Handlers:
    """Bound by contract, so that the type checker refuses a handler bound to the wrong event."""

    def __init__(self) -> None:
        self._single: dict[str, Callable[[Any, Work], Awaitable[None]]] = {}
        self._batch: list[tuple[frozenset[str], Callable[[Any, Work], Awaitable[None]]]] = []
        self._contracts: dict[str, type[Event]] = {}

    def on(self, contract: type[E], handle: Callable[[E, Work], Awaitable[None]]) -> Self:
        """`handle` gets each event of `contract`, in order."""
        self._contracts[contract.TYPE] = contract
        self._single[contract.TYPE] = handle
        return self

    @overload
    def on_batch(self, handle: Callable[[Sequence[E], Work], Awaitable[None]], first: type[E], /) -> Self: ...
    @overload
    def on_batch(
        self, handle: Callable[[Sequence[E | F], Work], Awaitable[None]], first: type[E], second: type[F], /
    ) -> Self: ...
    @overload
    def on_batch(
        self, handle: Callable[[Sequence[Event], Work], Awaitable[None]], /, *contracts: type[Event]
    ) -> Self: ...
    def on_batch(self, handle: Callable[[Any, Work], Awaitable[None]], /, *contracts: type[Event]) -> Self:
        """`handle` gets all events of `contracts` in a batch at once, after the single handlers of that batch."""
        for contract in contracts:
            self._contracts[contract.TYPE] = contract
        self._batch.append((frozenset(contract.TYPE for contract in contracts), handle))
        return self

    @property
    def contracts(self) -> Mapping[str, type[Event]]:
        return self._contracts

    @property
    def topics(self) -> Collection[str]:
        return sorted({contract.TOPIC for contract in self._contracts.values()})

    def knows_name_of(self, type_: str) -> bool:
        """True when some major version of this type's name has a handler here."""
        name = type_.rpartition(".")[0]
        return any(name == known.rpartition(".")[0] for known in self._contracts)

    async def handle(self, events: Sequence[Event], work: Work) -> None:
        for event in events:
            if single := self._single.get(event.TYPE):
                await single(event, work)
        for types, batch in self._batch:
            if mine := [event for event in events if event.TYPE in types]:
                await batch(mine, work)
