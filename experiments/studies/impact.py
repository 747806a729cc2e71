"""A forced sale in a simulated market: what it costs and what it does, over many seeds.

Each seed gives a pair of runs on the same random numbers, with and without the sale. The cost is
that of each full run, the impact the difference of the mids; both are means over seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agents.traders import POV, Executor
from agents.traders.schedules import Schedule
from experiments.metrics.exhausted import empty_sides
from experiments.metrics.impact import LAGS_NS, Decay, impact_paths, mean_impact, mean_path
from experiments.metrics.intervals import Interval, interval_of_mean, known
from experiments.metrics.quotes import mid_at
from experiments.metrics.slippage import Slippage, fills_of, paired_cost_bps, slippage_of
from experiments.report.means import mean_in, mean_told
from experiments.report.notebook import Shown
from experiments.report.study_figures import impact_figure
from experiments.runs.twin import Market, Twins, run_twins
from experiments.scenario.shocks import evenly
from lob import Side, journal
from lob.checks import integer
from lob.counted import counted
from lob.real_units import LOTS, TICKS, RealUnit, price_unit, size_unit
from lob.units import SECOND_NS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["SELLER", "SimulatedSale", "measure_sale"]

SELLER = "the forced seller"
"""Name of the participant that sells, of which its random numbers are made."""
BEYOND_NS = 60_000_000_000
"""How long a run goes on after the last lag, in ns; chosen."""


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
    paired_costs_bps: tuple[float, ...]
    """What it cost against the mids of the twin at the moment of each trade, so without what the
    price did by itself, in bps, one a seed."""
    paths: NDArray[np.float64]
    """mid(full) - mid(twin) in ticks: float64 [seed, lag]."""
    impact: Decay
    """Mean impact over the seeds: its path, peak, permanent part and half-life."""
    emptied: tuple[bool, ...] = ()
    """Whether the bids ran out after the sale began, one a seed."""
    price_unit: RealUnit = TICKS
    """Unit in which prices are shown; the integers are ticks."""
    size_unit: RealUnit = LOTS
    """Unit in which sizes are shown; the integers are lots."""

    def exhausted_lines(self) -> list[str]:
        """What must be shouted: that the sale found nobody left to buy."""
        seeds = counted(self.seeds, "seed")
        lines = []
        if any(self.emptied):
            lines.append(
                f"EXHAUSTED: the bids ran out in {sum(self.emptied)} of {seeds}. Nobody was left "
                "to sell to: cost and impact are no bounds"
            )
        short = sum(cost.filled < self.size for cost in self.costs)
        if short:
            lines.append(
                f"UNFILLED: in {short} of {seeds} less was sold than had to be; costs are of what "
                "was sold"
            )
        return lines

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
        return _mean_of([getattr(cost, what) for cost in self.costs])

    @property
    def paired_cost_bps(self) -> Interval:
        """Mean over the seeds of the cost against the twin's mids, in bps, with its interval."""
        return _mean_of(self.paired_costs_bps)

    def headline(self) -> list[str]:
        """The answer of the study in words, a sentence a line."""
        cost = mean_told(self.paired_cost_bps, "bps", digits=1)
        moved = (
            "what it moves the mid by is not defined"
            if np.isnan(self.impact.peak.estimate)
            else "the mid moves by "
            f"{mean_in(self.impact.peak, self.price_unit, digits=1)} at the most"
        )
        said = f"selling {self.size_unit.told(self.size)} costs {cost} against the twin; {moved}"
        return [*self.exhausted_lines(), f"{said}; {counted(self.seeds, 'seed')}"]

    def plot(self) -> "Figure":
        """The mean impact over time, with its interval: a plotly figure."""
        title = self.headline()[-1]
        return impact_figure(self.lags_ns, self.impact.path, title, self.price_unit)

    def summary(self) -> dict[str, Any]:
        """The answer as JSON values: means with intervals, ticks and bps; undefined is ``None``.

        ``units`` says by key what to multiply ticks and lots by, and what that is then in.
        """
        prices = ("cost.vwap", "cost.arrival_mid", "cost.effective_spread", "impact.*", "peak",
                  "permanent")  # fmt: skip
        said = {"size": self.size_unit, **dict.fromkeys(_values("cost.filled"), self.size_unit)}
        said |= {key: self.price_unit for one in prices for key in _values(one)}
        names = ("filled", "vwap", "arrival_mid", "shortfall_bps", "effective_spread")
        return {
            "exhausted": self.exhausted_lines(),
            "units": {key: one.to_dict() for key, one in said.items()},
            "size": self.size,
            "seeds": self.seeds,
            "cost": {name: _said(self.mean(name)) for name in names}
            | {"paired_bps": _said(self.paired_cost_bps)},
            "impact": [
                {"lag_ns": lag, **_said(at)}
                for lag, at in zip(self.lags_ns, self.impact.path, strict=True)
            ],
            "peak": {
                "lag_ns": None if np.isnan(self.impact.peak.estimate) else self.impact.peak_lag_ns,
                **_said(self.impact.peak),
            },
            "permanent": _said(self.impact.permanent),
            "half_life_ns": _said(self.impact.half_life_ns),
        }


def measure_sale(
    market: Market,
    *,
    size: int | str,
    at_ns: int,
    over_ns: int = 0,
    participation: float | None = None,
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
        Lots, sold by market orders, 1 or more; or a text with its unit: ``"2 BTC"``.
    at_ns
        When the sale starts, in ns since the start of the market.
    over_ns
        How long it takes, in ns, in equal parts; 0: all at once.
    participation
        Share of the volume, its own included, above 0 and below 1: it trades as others do,
        for ``over_ns`` at most. ``None``: it does not look at the volume.
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
        If there are fewer than two seeds, the size or the share is none, a share comes without a
        time, or nothing of the sale trades.
    """
    if len(seeds) < 2:
        raise ValueError(f"seeds must be at least two, for a mean over seeds, got {len(seeds)}")
    if participation is not None and not over_ns:
        raise ValueError("over_ns must say how long a sale with participation may take, got 0")
    first = market(seeds[0])
    start, traded = first.now, first.instruments[instrument]
    lots = integer("size", traded.to_lots(size) if isinstance(size, str) else size, 1)
    # The tapes must go on beyond the last lag: a mid is known only up to the last quote.
    until = start + at_ns + over_ns + lags_ns[-1] + BEYOND_NS

    def studied() -> list[Executor]:
        schedule: Schedule = (
            evenly(lots, over_ns)
            if participation is None
            else POV(over_ns, participation, every=SECOND_NS)
        )
        return [
            Executor(
                SELLER,
                side=Side.SELL,
                size=lots,
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
    quotes = [_quotes(pair, owner, instrument) for pair in pairs]
    paired = tuple(
        paired_cost_bps(fills, mid_at(twin, fills["ts_event"]))
        for pair, (_, twin, _) in zip(pairs, quotes, strict=True)
        for fills in [fills_of(pair.full, owner=owner, instrument=instrument)]
    )
    emptied = tuple(
        any(one.side == "bids" for one in empty_sides([full], [""], start + at_ns, until))
        for full, _, _ in quotes
    )
    paths = impact_paths(quotes, lags_ns)
    try:
        impact = mean_impact(paths, lags_ns)
    except ValueError:
        if not any(emptied):
            raise
        impact = _no_impact(paths, lags_ns)
    return SimulatedSale(
        lots, len(seeds), tuple(lags_ns), costs, paired, paths, impact, emptied,
        price_unit(traded), size_unit(traded),
    )  # fmt: skip


def _quotes(pair: Twins, owner: int, instrument: int) -> tuple[Any, Any, int]:
    """The quotes of both runs, and when the last order of the sale met the book."""
    last = int(pair.full["ts_event"][pair.full["owner"] == owner][-1])
    full, _ = journal.quotes(pair.full, instrument)
    twin, _ = journal.quotes(pair.twin, instrument)
    return full, twin, last


def _no_impact(paths: NDArray[np.float64], lags_ns: Sequence[int]) -> Decay:
    """What is known where no seed has a mid at some lag: the path at the others, and no peak."""
    nan = float("nan")
    none = Interval(nan, nan, nan, 0.95, "bootstrap", 0)
    path = mean_path(paths)
    return Decay(tuple(lags_ns), path, none, 0, path[-1], none)


def _mean_of(values: Sequence[float]) -> Interval:
    known_ones = np.array(values, np.float64)
    return interval_of_mean(known_ones[np.isfinite(known_ones)])


def _values(path: str) -> list[str]:
    return [f"{path}.{name}" for name in ("mean", "low", "high")]


def _said(interval: Interval) -> dict[str, float | None]:
    values = {"mean": interval.estimate, **dict(zip(("low", "high"), interval.bounds, strict=True))}
    return {name: known(value) for name, value in values.items()}
