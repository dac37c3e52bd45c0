"""A text as the classifier proposes it, by the rules of the demonstration municipality alone."""

from functools import cache
from pathlib import Path

from torg_classifier.domain.decide import classify
from torg_classifier.domain.decision import Config, Decision, Item
from torg_classifier.rules import load


@cache
def _config() -> Config:
    return load(Path(__file__).parents[2] / "config" / "sogne")[0]


def proposed(text: str) -> Decision:
    return classify(Item(text), _config())
