"""A forced sale in a simulated market: what it costs and what it does, over many seeds.

Each seed gives a pair of runs on the same random numbers, with and without the sale. The cost is
that of each full run, the impact the difference of the mids; both are means over seeds.
"""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
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
from experiments.runs.arrow import ArrowRows
from experiments.runs.kept_runs import Report, kept_runs, raise_misuse
from experiments.runs.provenance import market_of
from experiments.runs.store import key_of
from experiments.runs.swept import Keys
from experiments.runs.twin import Market, Twins, run_twins
from experiments.runs.workers import JobError, Workers
from experiments.scenario.shocks import evenly
from lob import Side, journal
from lob.checks import integer
from lob.counted import counted
from lob.real_units import LOTS, TICKS, RealUnit, price_unit, size_unit
from lob.units import SECOND_NS

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

__all__ = ["SELLER", "SimulatedSale", "measure_sale", "pair_again"]

SELLER = "the forced seller"
"""Name of the participant that sells, of which its random numbers are made."""
BEYOND_NS = 60_000_000_000
"""How long a run goes on after the last lag, in ns; chosen."""
COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(Slippage._fields, pa.float64()), "filled": pa.int64(),
    "paired_bps": pa.float64(), "emptied": pa.bool_(), "path": pa.string(),
    "digest": pa.string(),
}  # fmt: skip
"""Columns of the rows of a sale beside those of every study."""


@dataclass(frozen=True)
class SimulatedSale(Shown, ArrowRows):
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
    digests: tuple[str, ...] = ()
    """Of both tapes of events of each pair of runs, one a seed: 32 hex digits."""
    asked: Mapping[str, Any] = field(default_factory=dict)
    """Market and options, version and digest of the sources, ``seeds``, and ``sale``: all that
    determines the runs, as JSON values, where the market has a name."""

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

    def frame(self, units: Literal["real", "integer"] = "real") -> "pd.DataFrame":
        """A pandas frame, a row a seed: what the sale cost, and the impact at each lag.

        Columns ``seed``, the fields of ``experiments.metrics.slippage.Slippage``, ``paired_bps``,
        ``emptied``, ``impact_<seconds>`` for each lag, and ``digest``; ``frame.attrs["units"]`` has
        the unit of each.

        Parameters
        ----------
        units
            ``real``: those that the instrument says; ``integer``: ticks and lots.
        """
        import pandas as pd

        price, size = (self.price_unit, self.size_unit) if units == "real" else (TICKS, LOTS)
        found = pd.DataFrame([cost._asdict() for cost in self.costs])
        found.insert(0, "seed", self.asked.get("seeds", range(1, self.seeds + 1)))
        found["paired_bps"], found["emptied"] = self.paired_costs_bps, self.emptied
        lags = [f"impact_{lag / SECOND_NS:g}" for lag in self.lags_ns]
        found[lags] = self.paths
        found["digest"] = self.digests or None
        of = dict.fromkeys(("vwap", "arrival_mid", "effective_spread", *lags), price)
        of["filled"] = size
        for name, unit in of.items():
            found[name] = unit.of(found[name])
        bps = [name for name in found.columns if name.endswith("_bps")]
        found.attrs["units"] = {name: unit.name for name, unit in of.items()} | dict.fromkeys(
            bps, "bps"
        )
        return found

    def _said(self) -> Mapping[str, Any]:
        return self.asked

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
        numbers = self.asked.get("seeds", [])
        return {
            **{key: value for key, value in self.asked.items() if key != "seeds"},
            "runs": [
                {"seed": seed, "digest": digest}
                for seed, digest in zip(numbers, self.digests, strict=False)
            ],
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
    workers: int | None = 1,
    store: Path | None = None,
    asked: Mapping[str, Any] | None = None,
    progress: Report = lambda done, total: None,
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
    workers
        Processes; ``None``: one a core. A market that does not pickle is run in this one.
    store
        A folder that keeps the pairs of runs, so that the next call resumes; ``None``: none does.
    asked
        All that determines the market, as JSON values: with ``store`` it must be given.
    progress
        Called with how many of how many pairs are there.

    Raises
    ------
    ValueError
        If there are fewer than two seeds, the size or the share is none, a share comes without a
        time, nothing of the sale trades, or ``store`` comes without ``asked``.
    JobError
        If a run raises.
    OSError
        If ``store`` cannot be written to.
    """
    if store is not None and asked is None:
        raise ValueError("store needs asked: what determines the market")
    if len(seeds) < 2:
        raise ValueError(f"seeds must be at least two, for a mean over seeds, got {len(seeds)}")
    if participation is not None and not over_ns:
        raise ValueError("over_ns must say how long a sale with participation may take, got 0")
    first = market(seeds[0])
    start, traded = first.now, first.instruments[instrument]
    lots = integer("size", traded.to_lots(size) if isinstance(size, str) else size, 1)
    sold = {
        "size": lots, "at_ns": at_ns, "over_ns": over_ns, "participation": participation,
        "lags_ns": list(lags_ns), "instrument": instrument,
    }  # fmt: skip
    said = {**{k: v for k, v in (asked or {}).items() if k != "seeds"}, **sold}
    sale = _Sale(market, lots, start, at_ns, over_ns, participation, tuple(lags_ns), instrument)
    try:
        with kept_runs(
            "impact",
            Workers(workers if _pickles(market) else 1),
            store,
            asked=lambda: {**said, "seeds": list(seeds)},
            columns=COLUMNS,
            report=progress,
        ) as runs:
            of = key_of(study="impact", **said) if store is not None else ""
            found = runs.map(
                _pair_of,
                [(sale, seed) for seed in seeds],
                key=lambda job: Keys.of_run(of, job[1]),
                labels=lambda job: {"seed": job[1]},
            )
    except JobError as error:
        raise_misuse(error)
    costs = tuple(Slippage(*(one[name] for name in Slippage._fields)) for one in found)
    paired = tuple(one["paired_bps"] for one in found)
    emptied = tuple(one["emptied"] for one in found)
    paths = np.array([one["path"] for one in found], np.float64)
    try:
        impact = mean_impact(paths, lags_ns)
    except ValueError:
        if not any(emptied):
            raise
        impact = _no_impact(paths, lags_ns)
    return SimulatedSale(
        lots, len(seeds), tuple(lags_ns), costs, paired, paths, impact, emptied,
        price_unit(traded), size_unit(traded), tuple(one["digest"] for one in found),
        {**(asked or {}), "seeds": list(seeds), "sale": sold},
    )  # fmt: skip


def pair_again(said: Mapping[str, Any], seed: int) -> str:
    """The digest of the pair of runs of a seed, made again.

    Parameters
    ----------
    said
        ``SimulatedSale.summary()`` of a market with a name.
    seed
        Root of all randomness.

    Raises
    ------
    ValueError
        If there is no such market.
    """
    market, options = market_of(said)
    build, sold = partial(market, **options), said["sale"]
    lags = tuple(sold["lags_ns"])
    sale = _Sale(
        build, sold["size"], build(seed).now, sold["at_ns"], sold["over_ns"],
        sold["participation"], lags, sold["instrument"],
    )  # fmt: skip
    return str(_pair_of((sale, seed))["digest"])


class _Sale(NamedTuple):
    """What is sold, when, and what of it is measured: as of ``measure_sale``."""

    market: Market
    lots: int
    start: int
    """When the market starts, in ns."""
    at_ns: int
    over_ns: int
    participation: float | None
    lags_ns: tuple[int, ...]
    instrument: int

    def seller(self) -> Executor:
        """Who sells, anew for each run."""
        schedule: Schedule = (
            evenly(self.lots, self.over_ns)
            if self.participation is None
            else POV(self.over_ns, self.participation, every=SECOND_NS)
        )
        return Executor(
            SELLER,
            side=Side.SELL,
            size=self.lots,
            schedule=schedule,
            start_in=self.at_ns,
            instrument=self.instrument,
        )


def _pair_of(job: tuple[_Sale, int]) -> dict[str, Any]:
    """One pair of runs: the fields of ``Slippage``, and ``paired_bps``, ``emptied``, ``path``."""
    sale, seed = job
    last = sale.lags_ns[-1]
    # The tapes must go on beyond the last lag: a mid is known only up to the last quote.
    until = sale.start + sale.at_ns + sale.over_ns + last + BEYOND_NS
    (pair,) = run_twins(sale.market, lambda: [sale.seller()], seeds=[seed], until=until)
    orders: dict[str, Any] = {"owner": sale.seller().owner, "instrument": sale.instrument}
    cost = slippage_of(pair.full, **orders, horizon_ns=last)
    quotes = _quotes(pair, **orders)
    full, twin, _ = quotes
    fills = fills_of(pair.full, **orders)
    empty = empty_sides([full], [""], sale.start + sale.at_ns, until)
    return {
        **{name: float(value) for name, value in cost._asdict().items()},
        "filled": int(cost.filled),
        "paired_bps": float(paired_cost_bps(fills, mid_at(twin, fills["ts_event"]))),
        "emptied": any(one.side == "bids" for one in empty),
        "path": impact_paths([quotes], sale.lags_ns)[0].tolist(),
        "digest": _digest(pair),
    }


def _digest(pair: Twins) -> str:
    """Of both tapes of a pair."""
    found = blake2b(digest_size=16)
    for events in (pair.full, pair.twin):
        found.update(events.view(np.uint8).data)
    return found.hexdigest()


def _pickles(market: Market) -> bool:
    """Whether another process can be given a market: a function of a function is none."""
    try:
        pickle.dumps(market)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


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
