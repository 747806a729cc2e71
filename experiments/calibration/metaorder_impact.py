"""What metaorders did in a market, over seeds: impact by size, its law, and what is left of it.

The protocols and how they are run: ``experiments.calibration.metaorder``.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.traders.schedules import Schedule
from experiments.metrics.intervals import Interval, bootstrap_interval, interval_of_mean
from experiments.metrics.power_law import PowerLaw, fit_power_law, prefactor_at
from lob.units import SECOND_NS

__all__ = ["MarketScale", "Metaorder", "MetaorderImpact", "OrderOutcome", "Protocol"]

MOST_RUN_OUT = 0.05
"""Sizes that more of the seeds could not take are no part of a law; chosen."""


class Protocol(StrEnum):
    """How an order is worked."""

    SLICES = "slices"
    CHILDREN = "children"
    PARTICIPATION = "participation"


class MarketScale(NamedTuple):
    """What a market does by itself."""

    volume: float
    """Lots a second."""
    volatility: float
    """Standard deviation of log mid returns over 60 s, scaled to a root of a second, in bps."""

    def square_root(self, size: float) -> float:
        """The sigma sqrt(Q / V) in bps, whatever the time that both are of."""
        return float(self.volatility * (size / self.volume) ** 0.5)


@dataclass(frozen=True)
class Metaorder:
    """An order to sell.

    Attributes
    ----------
    protocol
        How it is worked.
    size
        Lots, 1 or more.
    share
        Size over the volume of the fixed duration.
    schedule
        Of its children.
    follows
        Whether it is asked what is left of its impact.
    """

    protocol: Protocol
    size: int
    share: float
    schedule: Schedule
    follows: bool = False


class OrderOutcome(NamedTuple):
    """What one order did in one seed."""

    impact_bps: float
    """mid(twin) - mid(full) over mid(twin), after its last child; ``nan``: not known."""
    left_bps: float
    """The same after ten times the duration; ``nan``: not known or not asked."""
    lasted_ns: int
    """From its start to its last child."""
    sold: int
    """Lots."""
    ran_out: bool
    """Whether the market could not take it: lots were left, or bids were missing."""


@dataclass(frozen=True)
class MetaorderImpact:
    """What orders of several sizes did in a market, over seeds.

    Attributes
    ----------
    scale
        What the market does by itself.
    over_ns
        The fixed duration.
    seeds
        One pair of runs an order each.
    orders
        What was sold.
    outcomes
        [seed][order].
    """

    scale: MarketScale
    over_ns: int
    seeds: tuple[int, ...]
    orders: tuple[Metaorder, ...]
    outcomes: tuple[tuple[OrderOutcome, ...], ...]

    @cached_property
    def samples(self) -> NDArray[np.float64]:
        """Impact in bps, [seed, order]; ``nan`` where it is not known or the market ran out."""
        return np.array(
            [[np.nan if one.ran_out else one.impact_bps for one in row] for row in self.outcomes]
        )

    def ran_out(self, order: int) -> int:
        """In how many seeds the market could not take an order, by its place."""
        return sum(row[order].ran_out for row in self.outcomes)

    def of(self, protocol: Protocol) -> list[int]:
        """Places of the orders of a protocol, by size."""
        which = [i for i, order in enumerate(self.orders) if self._is_of(order, protocol)]
        return sorted(which, key=lambda i: self.orders[i].size)

    def impact(self, order: int) -> Interval:
        """Mean impact of an order in bps with its Student interval, by its place."""
        known = self.samples[:, order]
        known = known[np.isfinite(known)]
        if not len(known):
            return _nothing(len(self.seeds))
        return interval_of_mean(known)

    def in_law(self, protocol: Protocol) -> list[int]:
        """Places of the orders of a protocol that the market could take."""
        most = MOST_RUN_OUT * len(self.seeds)
        return [
            i for i in self.of(protocol)
            if self.ran_out(i) <= most and np.isfinite(self.samples[:, i]).any()
        ]  # fmt: skip

    def law(self, protocol: Protocol) -> PowerLaw:
        """Impact in bps as a power of the share of the volume.

        ``nan`` with fewer than three sizes that the market could take.
        """
        which = self.in_law(protocol)
        if len(which) < 3:
            return PowerLaw(_nothing(len(self.seeds)), _nothing(len(self.seeds)))
        return fit_power_law([self.orders[i].share for i in which], self.samples[:, which])

    def ratio(self, protocol: Protocol) -> Interval:
        """The Y of the square-root law, impact over sigma sqrt(Q / V), fitted to all sizes.

        ``nan`` where the price does not move by itself.
        """
        which = self.in_law(protocol)
        # Where only the order moves the price, that is all but rounding.
        if not which or self.scale.volatility < 1e-9:
            return _nothing(len(self.seeds))
        unit = self.scale.square_root(self.scale.volume * self.over_ns / SECOND_NS)
        shares = [self.orders[i].share for i in which]
        return prefactor_at(0.5, shares, self.samples[:, which] / unit)

    def left(self, share: float) -> Interval:
        """The share of the impact of an order of ``slices`` left after ten times its duration.

        A ratio of means over seeds with its bootstrap interval; ``nan`` where the impact itself
        may be zero.

        Parameters
        ----------
        share
            One of those that were followed: the nearest counts.
        """
        followed = [i for i, order in enumerate(self.orders) if order.follows]
        if not followed:
            return _nothing(len(self.seeds))
        order = min(followed, key=lambda i: abs(self.orders[i].share - share))
        pairs = np.array([[row[order].impact_bps, row[order].left_bps] for row in self.outcomes])
        pairs = pairs[np.isfinite(pairs).all(axis=1) & np.isfinite(self.samples[:, order])]
        if not len(pairs) or self.ran_out(order) > MOST_RUN_OUT * len(self.seeds):
            return _nothing(len(self.seeds))
        if len(pairs) > 1 and not interval_of_mean(pairs[:, 0]).low > 0:
            return _nothing(len(self.seeds))

        def share_left(rows: NDArray[np.float64]) -> float:
            at_end, later = rows.mean(axis=0)
            return float(later / at_end) if at_end > 0 else np.nan

        return bootstrap_interval(pairs, share_left)

    def _is_of(self, order: Metaorder, protocol: Protocol) -> bool:
        # The largest order of slices is the largest of children too: it is run once.
        largest = max(
            (one.size for one in self.orders if one.protocol == Protocol.SLICES), default=0
        )
        return order.protocol == protocol or (
            protocol == Protocol.CHILDREN
            and order.protocol == Protocol.SLICES
            and order.size == largest
        )


def _nothing(seeds: int) -> Interval:
    nan = float("nan")
    return Interval(nan, nan, nan, 0.95, "bootstrap", seeds)
