"""A figure: product and limit measured alternately in one run, several times; the median of the ratios."""

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Measure = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Goal:
    """`must` and `goal` are ratios of product to limit; `at_most` turns the comparison round."""

    must: float
    goal: float
    at_most: bool = False

    def met_by(self, ratio: float, wanted: float) -> bool:
        return ratio <= wanted if self.at_most else ratio >= wanted


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table; `product` and `limit` in `unit`, medians of the runs."""

    name: str
    unit: str
    product: float
    limit: float
    ratio: float
    spread: tuple[float, float]
    goal: Goal

    @property
    def verdict(self) -> str:
        if self.goal.met_by(self.ratio, self.goal.goal):
            return "goal"
        return "met" if self.goal.met_by(self.ratio, self.goal.must) else "NOT MET"


def figure(name: str, unit: str, products: Sequence[float], limits: Sequence[float], goal: Goal) -> Figure:
    """The figure of paired runs: the ratio is taken pair by pair, since a noisy minute hits both of a pair."""
    ratios = [product / limit for product, limit in zip(products, limits, strict=True)]
    return Figure(
        name,
        unit,
        statistics.median(products),
        statistics.median(limits),
        statistics.median(ratios),
        (min(ratios), max(ratios)),
        goal,
    )


async def paired(product: Measure, limit: Measure, runs: int) -> tuple[list[float], list[float]]:
    """Both measured `runs` times, in turn; whoever goes first changes every time."""
    products, limits = [], []
    for number in range(runs):
        if number % 2:
            products.append(await product())
            limits.append(await limit())
        else:
            limits.append(await limit())
            products.append(await product())
    return products, limits


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| figure | product | limit | ratio (lowest–highest) | must | goal | |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in figures:
        sign = "≤" if one.goal.at_most else "≥"
        low, high = one.spread
        lines.append(
            f"| {one.name} | {one.product:,.1f} {one.unit} | {one.limit:,.1f} {one.unit} "
            f"| {one.ratio:.2f} ({low:.2f}–{high:.2f}) | {sign} {one.goal.must:g} | {sign} {one.goal.goal:g} "
            f"| {one.verdict} |"
        )
    return "\n".join(lines)
