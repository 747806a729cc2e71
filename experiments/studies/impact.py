"""A forced sale in a simulated market: what it costs and what it does, over many seeds.

Each seed gives a pair of runs on the same random numbers, with and without the sale. The cost is
that of each full run, the impact the difference of the mids; both are means over seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agents.traders import TWAP, Executor
from experiments.metrics.impact import LAGS_NS, Decay, impact_paths, mean_impact
from experiments.metrics.intervals import Interval, interval_of_mean
from experiments.metrics.slippage import Slippage, slippage_of
from experiments.report.counted import counted
from experiments.report.notebook import Shown
from experiments.report.study_figures import impact_figure
from experiments.runs.twin import Market, Twins, run_twins
from lob import Side, journal

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["SELLER", "SimulatedSale", "measure_sale"]

SELLER = "the forced seller"
"""Name of the participant that sells, of which its random numbers are made."""
BEYOND_NS = 60_000_000_000
"""How long a run goes on after the last lag, in ns; chosen."""
SLICES = 60
"""Equal parts of a sale over some time; chosen."""


@dataclass(frozen=True)
class SimulatedSale(Shown):
    """Cost and impact of a sale in a simulated market, over seeds."""

    size: int
    """Lots to sell."""
    seeds: int
    """Count of seeds."""
    lags_ns: tuple[int, ...]
    """Times after the last order of the sale at which the impact is measured, in ns, rising."""
    costs: tuple[Slippage, ...]
    """What the sale cost, one a seed."""
    paths: NDArray[np.float64]
    """mid(full) - mid(twin) in ticks: float64 [seed, lag]."""
    impact: Decay

    def mean(self, what: str) -> Interval:
        """The mean over seeds of a field of ``Slippage`` with its Student interval, in its unit.

        Seeds without a value do not count.

        Parameters
        ----------
        what
            Name of the field.

        Raises
        ------
        ValueError
            If no seed has a value.
        """
        values = np.array([getattr(cost, what) for cost in self.costs], np.float64)
        return interval_of_mean(values[np.isfinite(values)])

    def headline(self) -> list[str]:
        """The answer in words."""
        cost, peak = self.mean("shortfall_bps"), self.impact.peak
        return [
            f"selling {counted(self.size, 'lot')} costs {cost.estimate:,.1f} bps "
            f"[{cost.low:,.1f}, {cost.high:,.1f}] and moves the mid by {peak.estimate:,.1f} ticks "
            f"at the most, {counted(self.seeds, 'seed')}"
        ]

    def plot(self) -> "Figure":
        """The mean impact over time, with its interval."""
        return impact_figure(self.lags_ns, self.impact.path, self.headline()[0])

    def summary(self) -> dict[str, Any]:
        """Ready for JSON: a mean with its interval; undefined is ``None``."""
        names = ("filled", "vwap", "arrival_mid", "shortfall_bps", "effective_spread")
        return {
            "size": self.size,
            "seeds": self.seeds,
            "cost": {name: _said(self.mean(name)) for name in names},
            "impact": [
                {"lag_ns": lag, **_said(at)}
                for lag, at in zip(self.lags_ns, self.impact.path, strict=True)
            ],
            "peak": {"lag_ns": self.impact.peak_lag_ns, **_said(self.impact.peak)},
            "permanent": _said(self.impact.permanent),
            "half_life_ns": _said(self.impact.half_life_ns),
        }


def measure_sale(
    market: Market,
    *,
    size: int,
    at_ns: int,
    over_ns: int = 0,
    seeds: Sequence[int],
    lags_ns: tuple[int, ...] = tuple(LAGS_NS),
    instrument: int = 0,
) -> SimulatedSale:
    """Sell into a market, once a seed, and measure it against the twins without the sale.

    Parameters
    ----------
    market
        Builds the market from a seed; it must keep its events.
    size
        Lots, sold by market orders; 1 or more.
    at_ns
        When the sale starts, in ns since the start of the market.
    over_ns
        How long it takes, in ns, in equal parts; 0: all at once.
    seeds
        At least two.
    lags_ns
        Times after the last order at which the impact is measured, in ns, rising; the last counts
        as permanent.
    instrument
        Number of the instrument that is sold.

    Raises
    ------
    ValueError
        If there are fewer than two seeds, or nothing of the sale trades.
    """
    if len(seeds) < 2:
        raise ValueError(f"seeds must be at least two, for a mean over seeds, got {len(seeds)}")
    start = market(seeds[0]).now
    # The tapes must go on beyond the last lag: a mid is known only up to the last quote.
    until = start + at_ns + over_ns + lags_ns[-1] + BEYOND_NS

    def studied() -> list[Executor]:
        schedule = TWAP(max(1, over_ns), min(SLICES, size) if over_ns else 1)
        return [
            Executor(
                SELLER,
                side=Side.SELL,
                size=size,
                schedule=schedule,
                start_in=at_ns,
                instrument=instrument,
            )
        ]

    pairs = run_twins(market, studied, seeds=seeds, until=until)
    owner = studied()[0].owner
    costs = tuple(
        slippage_of(pair.full, owner=owner, instrument=instrument, horizon_ns=lags_ns[-1])
        for pair in pairs
    )
    paths = impact_paths((_quotes(pair, owner, instrument) for pair in pairs), lags_ns)
    return SimulatedSale(
        size, len(seeds), tuple(lags_ns), costs, paths, mean_impact(paths, lags_ns)
    )


def _quotes(pair: Twins, owner: int, instrument: int) -> tuple[Any, Any, int]:
    """The quotes of both runs, and when the last order of the sale met the book."""
    last = int(pair.full["ts_event"][pair.full["owner"] == owner][-1])
    full, _ = journal.quotes(pair.full, instrument)
    twin, _ = journal.quotes(pair.twin, instrument)
    return full, twin, last


def _said(interval: Interval) -> dict[str, float | None]:
    values = {"mean": interval.estimate, "low": interval.low, "high": interval.high}
    return {name: float(v) if np.isfinite(v) else None for name, v in values.items()}
