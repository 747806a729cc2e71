"""Robustness of a ranking: the same contest in twelve markets, and where the order flips.

The markets are a design of R. L. Plackett and J. P. Burman ("The design of optimum multifactorial
experiments", Biometrika 33, 1946): in twelve runs each of up to eleven factors is at its low level
in six and at its high level in six, and of any two factors every pair of levels comes three times.
So what hangs on one factor is seen whatever the others are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from experiments.contest.compare import Contest
from experiments.contest.factors import FACTORS, Factor
from experiments.metrics.criteria import criterion
from experiments.scenario.read import Scenario
from lob.counted import counted

__all__ = [
    "MARKETS",
    "SEEDS",
    "FlipWhen",
    "HeadToHead",
    "Screening",
    "levels_of",
    "screened_markets",
]

MARKETS = 12
"""Markets of the design."""
SEEDS = 12
"""Runs of each design in each of them, at most: the first seeds of the contest; chosen."""
FIRST_ROW = (True, True, False, True, True, True, False, False, False, True, False)
"""First row of the design of twelve runs; the others are its rotations, and one of low levels."""


def levels_of(market: int) -> tuple[bool, ...]:
    """Whether each of the eleven columns is at its high level in a market.

    Parameters
    ----------
    market
        Number of the market, 0 to 11; the last one has low levels only.
    """
    if market == MARKETS - 1:
        return (False,) * len(FIRST_ROW)
    return FIRST_ROW[-market:] + FIRST_ROW[:-market] if market else FIRST_ROW


def screened_markets(
    scenario: Scenario, factors: Sequence[Factor] = FACTORS
) -> tuple[dict[str, Scenario], tuple[Factor, ...], dict[str, str]]:
    """Make the twelve markets of a scenario.

    They run even if accounts fail before the shock: a run says how many.

    Parameters
    ----------
    scenario
        The base market.
    factors
        What the markets differ in, eleven at most.

    Returns
    -------
    tuple
        Scenarios by the name of the market; the factors that apply, in the order of the columns;
        and reasons why the others do not, by name. Where none applies there are no markets.

    Raises
    ------
    ValueError
        If there are more factors than columns.
    """
    if len(factors) > len(FIRST_ROW):
        raise ValueError(f"at most {len(FIRST_ROW)} factors fit, got {len(factors)}")
    taken, missing = [], {}
    for one in factors:
        try:
            for high in (False, True):
                one.change(scenario, high)
        except ValueError as reason:
            missing[one.name] = str(reason)
        else:
            taken.append(one)
    if not taken:
        return {}, (), missing
    markets = {}
    for number in range(MARKETS):
        made = scenario.model_copy(update={"allow_failed_at_start": True})
        for one, high in zip(taken, levels_of(number), strict=False):
            made = made.model_copy(update=one.change(made, high))
        markets[f"market {number + 1}"] = made
    return markets, tuple(taken), missing


class HeadToHead(NamedTuple):
    """In how many markets one design comes before another in the mean."""

    before: int
    """Markets in which the first one is better."""
    behind: int
    """Markets in which the other one is."""
    alike: int
    """Markets in which they tie."""

    @property
    def of(self) -> int:
        """Markets in which both can be ranked."""
        return sum(self)


class FlipWhen(NamedTuple):
    """A factor between whose levels the order of two designs changes."""

    factor: str
    """Name of the factor."""
    level: str
    """The level at which the order is the other one, in words."""
    there: HeadToHead
    """The order in the markets at that level."""
    else_: HeadToHead
    """The order in the markets at the other level."""

    def told(self) -> str:
        """The change as a phrase: what is how, and in how many markets."""
        return (
            f"{self.factor} is {self.level} "
            f"({self.there.behind} of {counted(self.there.of, 'market')}, else "
            f"{self.else_.behind} of {self.else_.of})"
        )


@dataclass(frozen=True)
class Screening:
    """A contest in the twelve markets, and the orders of its designs there."""

    by: str
    """Name of the criterion that ranks."""
    contests: dict[str, Contest]
    """The contests by the name of the market, in the order of the design."""
    factors: tuple[Factor, ...]
    """What the markets differ in, in the order of the columns."""
    missing: dict[str, str]
    """Factors that do not apply, by name, and why."""

    @cached_property
    def without_sale(self) -> tuple[str, ...]:
        """Names of the markets in which no account failed: there is nothing to rank."""
        return tuple(
            name
            for name, one in self.contests.items()
            if not np.nansum(one.values("liquidations")) > 0
        )

    @cached_property
    def _means(self) -> np.ndarray:
        """[market, design]: mean of the criterion, lower is better; ``nan``: not ranked."""
        sign = -1.0 if criterion(self.by).better == "higher" else 1.0
        rows = []
        for name, one in self.contests.items():
            if name in self.without_sale:
                rows.append([np.nan] * len(one.labels))
                continue
            out = {*one.controls, *one.broken}
            behind = set(one.unfinished)
            rows.append(
                [
                    np.nan if label in out
                    else np.inf if label in behind
                    else sign * one.mean(label, self.by).estimate
                    for label in one.labels
                ]
            )  # fmt: skip
        return np.array(rows)

    def order(self, one: str, other: str, markets: Sequence[int] | None = None) -> HeadToHead:
        """In how many markets a design comes before another in the mean of the criterion.

        One that is unfinished in a market comes behind one that is not; where both are they are
        not ranked, nor where a run of one raised.

        Parameters
        ----------
        one, other
            Labels of the designs.
        markets
            Numbers of the markets that count; none: all.
        """
        labels = next(iter(self.contests.values())).labels
        at = list(range(len(self.contests))) if markets is None else list(markets)
        first, second = (self._means[at, labels.index(name)] for name in (one, other))
        ranked = ~np.isnan(first) & ~np.isnan(second) & ~(np.isinf(first) & np.isinf(second))
        first, second = first[ranked], second[ranked]
        return HeadToHead(
            int((first < second).sum()), int((first > second).sum()), int((first == second).sum())
        )

    def at_level(self, factor: int, high: bool) -> list[int]:
        """Numbers of the markets in which a factor, by its number, is at a level."""
        return [i for i in range(len(self.contests)) if levels_of(i)[factor] == high]

    def flips_when(self, one: str, other: str) -> list[FlipWhen]:
        """Factors between whose levels the order changes, the clearest first.

        At one level the second design comes before the first in more markets than the other way
        round, at the other level in fewer.

        Parameters
        ----------
        one, other
            Labels of the designs, the better one first.
        """
        found = []
        for number, factor in enumerate(self.factors):
            orders = [self.order(one, other, self.at_level(number, high)) for high in (False, True)]
            for high in (False, True):
                there, else_ = orders[high], orders[not high]
                if there.behind > there.before and else_.behind < else_.before:
                    level = factor.high if high else factor.low
                    found.append(FlipWhen(factor.name, level, there, else_))
        return sorted(found, key=lambda flip: flip.else_.behind - flip.there.behind)

    def ranked(self) -> list[str]:
        """Labels of the designs by how often they come before others in all markets, best first."""
        contest = next(iter(self.contests.values()))
        labels = [one for one in contest.labels if one not in contest.controls]
        wins = {
            one: sum(self.order(one, other).before for other in labels if other != one)
            for one in labels
        }
        return sorted(labels, key=lambda one: -wins[one])

    def told(self, first: str | None = None) -> Iterator[str]:
        """English sentences: in how many markets a design comes before each other, and when not.

        Parameters
        ----------
        first
            Label of the design; none: the one that most often comes before others.
        """
        if not self.contests:
            yield "no market could be made of it: " + "; ".join(
                f"{name}: {why}" for name, why in self.missing.items()
            )
            return
        if self.without_sale:
            yield (
                f"in {len(self.without_sale)} of {counted(len(self.contests), 'market')} "
                "no account failed: nothing is ranked there"
            )
        ranked = self.ranked()
        first = first or (ranked[0] if ranked else None)
        for other in ranked:
            if first is None or other == first:
                continue
            order = self.order(first, other)
            if not order.of:
                yield f"{first} and {other} cannot be ranked in any market"
                continue
            if order.alike == order.of:
                yield f"{first} and {other} are alike in all {counted(order.of, 'market')}"
                continue
            alike = f", alike in {order.alike}" if order.alike else ""
            said = f"{first} before {other} in {order.before} of {counted(order.of, 'market')}"
            flips = self.flips_when(first, other)
            when = ""
            if flips:
                when = "; it flips when " + " or when ".join(flip.told() for flip in flips[:2])
            elif order.behind:
                when = "; no one factor tells when it flips"
            yield said + alike + when

    def flip_map(self, first: str) -> list[dict[str, Any]]:
        """A row each factor, level and other design: in how many markets ``first`` is before it.

        Keys ``factor``, ``level``, ``design``, ``before``, ``behind`` and ``alike``.

        Parameters
        ----------
        first
            Label of a design.
        """
        rows = []
        for number, factor in enumerate(self.factors):
            for high in (False, True):
                markets = self.at_level(number, high)
                for other in self.ranked():
                    if other != first:
                        order = self.order(first, other, markets)
                        level = factor.high if high else factor.low
                        rows.append(
                            {"factor": factor.name, "level": level, "design": other}
                            | order._asdict()
                        )
        return rows

    def summary(self) -> dict[str, Any]:
        """The robustness check as JSON values by name."""
        ranked = self.ranked() if self.contests else []
        return {
            "criterion": self.by,
            "seeds": max((len(one.seeds) for one in self.contests.values()), default=0),
            "factors": [
                {"factor": one.name, "low": one.low, "high": one.high} for one in self.factors
            ],
            "missing": self.missing,
            "levels": {
                name: list(levels_of(i)[: len(self.factors)])
                for i, name in enumerate(self.contests)
            },
            "without_sale": list(self.without_sale),
            "ranked": ranked,
            "told": list(self.told()),
            "flip_map": self.flip_map(ranked[0]) if ranked else [],
            "markets": {
                name: {label: one.mean(label, self.by).estimate for label in one.labels}
                for name, one in self.contests.items()
            },
        }
