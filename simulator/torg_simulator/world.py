"""The parts of one simulator, as they are given to its faces."""

from dataclasses import dataclass

from .behaviour import Behaviour, Faults
from .deliveries import Deliveries
from .graph import Graph
from .platform import Platform
from .settings import Settings


@dataclass(frozen=True, slots=True)
class World:
    settings: Settings
    platform: Platform
    behaviour: Behaviour
    faults: Faults
    deliveries: Deliveries
    graph: Graph

    def reset(self) -> None:
        """Empty platform, no faults, the behaviour of the start; numbers go on, the subscription stands."""
        self.platform.clear()
        self.faults.clear()
        self.deliveries.forget()
        self.graph.calls.clear()
        self.graph.counts.clear()
        self.graph.effects.clear()
        for name, value in Behaviour().model_dump().items():
            setattr(self.behaviour, name, value)
