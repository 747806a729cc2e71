"""Results of a replay: of history alone, and of a forced sale in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from experiments.metrics import impact, slippage
from experiments.metrics.impact import DEPTH_BPS, Impact
from experiments.metrics.quotes import mid_at
from experiments.report.figures import day_figure, price_figure
from experiments.report.notebook import Shown
from experiments.report.words import caveat, headline, warnings
from experiments.runs.frame_units import units_in
from experiments.runs.units_of_keys import units_of_sale
from experiments.studies.forced_sale import ForcedSale
from lob import Instrument
from lob.real_units import TICKS, RealUnits
from lob.replay import ReplayReport
from lob.units import SECOND_NS

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

__all__ = ["REALIZED_HORIZON_NS", "RecordedBook", "ReplaySale", "Replayed", "known_instrument"]

REALIZED_HORIZON_NS = 60 * SECOND_NS
"""Horizon of the realized spread, in ns; chosen."""
MUCH_IS_STALE = 0.2
"""Share of lots beyond the record from which on the cost deserves a warning; chosen."""


@dataclass(frozen=True, slots=True)
class RecordedBook:
    """Both sides of a book at one moment, as ``lob.LEVEL`` rows, best first."""

    bids: NDArray[np.void]
    """Bids, highest price first."""
    asks: NDArray[np.void]
    """Asks, lowest price first."""


@dataclass(frozen=True)
class Replayed(Shown):
    """A replay of recorded order flow without a sale: its counts and its prices."""

    report: ReplayReport
    """Counts and doubts of the replay."""
    quotes: NDArray[np.void]
    """``lob.QUOTE`` rows of the live book: where a price changed."""

    @property
    def instrument(self) -> Instrument:
        """The instrument that was replayed."""
        return known_instrument(self.report)

    @property
    def mode(self) -> str:
        """How history was replayed: exact, interactive or reanchored."""
        return str(self.report.mode)

    def headline(self) -> list[str]:
        """The report of the replay, as English lines."""
        return str(self.report).splitlines()

    def plot(self) -> "Figure":
        """The mid over the replay: a plotly figure."""
        return day_figure(self)

    def summary(self) -> dict[str, Any]:
        """The mode and the counts of the replay as JSON values."""
        return {"mode": self.mode, "replay": self.report.to_dict()}


@dataclass(frozen=True, kw_only=True)
class ReplaySale(Shown):
    """Cost and impact of a sale in recorded flow: ticks, lots, ns; ``nan`` where not defined."""

    sale: ForcedSale
    """What had to be sold."""
    report: ReplayReport
    """Counts and doubts of the replay."""
    child_orders: int
    """Count of the sale's orders."""
    sent: int
    """Lots sent to the market: the whole sale, unless it ran out of time or of record."""
    full: NDArray[np.void]
    """``lob.QUOTE`` rows of the market with the sale: where a price changed in either market."""
    twin: NDArray[np.void]
    """``lob.QUOTE`` rows, at the same times, of the market without the sale."""
    trades: NDArray[np.void]
    """``lob.EVENT`` rows of the trades of the sale."""
    before: RecordedBook
    """Book just before the first child order."""
    after: RecordedBook
    """Book right after the last child order."""
    without: RecordedBook
    """Book of the market without the sale right after the last child order. After one market order
    it is the book before."""
    last_order_ts: int
    """When the last child order was sent, in ns by the feed's clock."""
    recorded_levels: int | None
    """Levels a side that the record keeps up to date; ``None``: all."""
    worst_recorded: NDArray[np.float64]
    """For each trade, the last price that the record keeps up to date on the side it took from, in
    ticks; ``nan``: none."""
    arrival_mid: float
    """Mid when the sale starts, in ticks."""
    market_vwap: float
    """Volume-weighted average price of the trades that the feed tells, over the time of execution,
    in ticks."""
    shortfall_bps: float
    """Implementation shortfall in basis points of the arrival mid; a cost is positive."""
    paired_cost_bps: float
    """Cost against the twin's mid at each fill in basis points, positive: the shortfall without the
    market's own drift."""
    vwap: float
    """Volume-weighted average price of the sale, in ticks."""
    vwap_slippage_bps: float
    """Average price against the market's, in basis points of the market's; a cost is positive."""
    effective_spread: float
    """Mean over lots of twice the distance to the mid just before each order, in ticks."""
    realized_spread: float
    """Mean over lots of twice the distance to the mid a minute after each trade, in ticks."""
    levels_consumed: int
    """Count of prices touched, counted anew for each child order."""
    deepest: int
    """Count of prices touched by the one child order that went deepest."""
    share_beyond: float
    """Share of the lots that traded at a worse price than the record of the book reaches."""
    impact: list[Impact]
    """Mids with and without the sale at each of ``LAGS_NS`` after the last child order, in
    ticks."""
    peak: Impact
    """Impact furthest from zero; its lag is from the first child order on."""
    return_time_ns: int | None
    """ns after the last child order until the mid was first back on the twin's; ``None``: never."""

    @property
    def instrument(self) -> Instrument:
        """The instrument that was sold."""
        return known_instrument(self.report)

    @property
    def mode(self) -> str:
        """How history was replayed: exact, interactive or reanchored."""
        return str(self.report.mode)

    @property
    def filled(self) -> int:
        """Lots of the sale that traded."""
        return slippage.filled_lots(self.trades)

    @property
    def unfilled(self) -> int:
        """Lots of the sale that did not trade, sent or not."""
        return self.sale.size - self.filled

    @property
    def much_is_stale(self) -> bool:
        """Whether so much of the sale filled beyond the record that its cost deserves a warning."""
        return self.share_beyond >= MUCH_IS_STALE

    def impact_at(self, lags_ns: Sequence[int]) -> list[Impact]:
        """Mids with and without the sale at each lag after the last child order, in ticks.

        Parameters
        ----------
        lags_ns
            In ns, none negative.
        """
        times = self.last_order_ts + np.asarray(lags_ns, np.int64)
        return [
            Impact(int(lag), float(full), float(twin))
            for lag, full, twin in zip(
                lags_ns, mid_at(self.full, times), mid_at(self.twin, times), strict=True
            )
        ]

    def depth(self) -> dict[str, tuple[int, int]]:
        """Lots bid and offered within ``DEPTH_BPS`` of the mid, with and without the sale.

        (bid, offered) by moment. What was there before is counted around the arrival mid, what is
        there right after the sale, with and without it, around the mid without it.
        """
        now = self.impact[0].mid_twin
        books = {
            "before": (self.before, self.arrival_mid),
            "after": (self.after, now),
            "without": (self.without, now),
        }
        return {
            name: (
                impact.depth_within(book.bids, around, DEPTH_BPS),
                impact.depth_within(book.asks, around, DEPTH_BPS),
            )
            for name, (book, around) in books.items()
        }

    def units(self) -> dict[str, dict[str, Any]]:
        """Units of the integers in ``summary`` by key: what to multiply by, and what that is in."""
        return units_of_sale(self.instrument)

    def frame(self, units: Literal["real", "integer"] = "real") -> "pd.DataFrame":
        """The impact path, a row a lag: ``lag_ns``, ``mid_full``, ``mid_twin``, ``impact``, bps.

        Parameters
        ----------
        units
            As of ``Run.frame``: those of the instrument, or ticks; ``attrs["units"]`` says which.
        """
        import pandas as pd

        price = units_in(units, RealUnits.of([self.instrument])).prices or (TICKS,)
        rows = [
            (one.lag_ns, *map(price[0].of, (one.mid_full, one.mid_twin, one.ticks)), one.bps)
            for one in self.impact
        ]
        made = pd.DataFrame(rows, columns=["lag_ns", "mid_full", "mid_twin", "impact", "bps"])
        made.attrs["units"] = {
            "lag_ns": "ns",
            **dict.fromkeys(("mid_full", "mid_twin", "impact"), price[0].name),
            "bps": "bps",
        }
        return made

    def headline(self) -> list[str]:
        """English lines: the mode, the answer, its doubts, and what no replay of it can show."""
        return [
            f"{self.instrument.name}, {self.report.label}.",
            headline(self),
            *warnings(self),
            self.report.mark,
            caveat(self.report.mode),
        ]

    def plot(self) -> "Figure":
        """The mid around the sale in ticks, with the sale and without: a plotly figure."""
        return price_figure(self)

    def summary(self) -> dict[str, Any]:
        """Measures of the sale as JSON values by name: integers exact, undefined is ``None``."""
        sale = self.sale
        return {
            "mode": self.mode,
            "label": self.report.label,
            "units": self.units(),
            "headline": self.headline(),
            "replay": self.report.to_dict(),
            "sale": {
                "side": sale.side.name,
                "style": str(sale.style),
                "size": sale.size,
                "size_in_words": self.instrument.write_size(sale.size),
                "at_ns": sale.at_ns,
                "over_ns": sale.over_ns,
                "rate": float(sale.rate) if sale.style == "pov" else None,
                "hidden_counts": sale.hidden_counts if sale.style == "pov" else None,
                "child_orders": self.child_orders,
                "sent": self.sent,
                "filled": self.filled,
                "unfilled": self.unfilled,
                "notional_ticks_lots": slippage.notional(self.trades),
            },
            "slippage": {
                "arrival_mid_ticks": _known(self.arrival_mid),
                "arrival_mid_at_ns": sale.at_ns,
                "vwap_ticks": _known(self.vwap),
                "implementation_shortfall_bps": _known(self.shortfall_bps),
                "paired_cost_bps": _known(self.paired_cost_bps),
                "market_vwap_ticks": _known(self.market_vwap),
                "vwap_slippage_bps": _known(self.vwap_slippage_bps),
                "effective_spread_ticks": _known(self.effective_spread),
                "realized_spread_ticks": _known(self.realized_spread),
                "realized_spread_horizon_ns": REALIZED_HORIZON_NS,
                "levels_consumed": self.levels_consumed,
                "levels_consumed_by_one_order": self.deepest,
                "recorded_levels": self.recorded_levels,
                "share_beyond_recorded": _known(self.share_beyond),
                "much_is_stale": self.much_is_stale,
            },
            "impact": {
                "path_starts": "after the last child order",
                "path": [_impact_row(one) for one in self.impact],
                "first_back_after_ns": self.return_time_ns,
                "peak_since_first_child_order": _impact_row(self.peak),
            },
            "depth": {
                "within_bps_of_mid": DEPTH_BPS,
                **{
                    name: {"bid_lots": bids, "ask_lots": asks}
                    for name, (bids, asks) in self.depth().items()
                },
            },
            "mark": self.report.mark,
            "caveat": caveat(self.report.mode),
        }


def known_instrument(report: ReplayReport) -> Instrument:
    """The instrument of a replay that has begun."""
    assert report.instrument is not None
    return report.instrument


def _impact_row(one: Impact) -> dict[str, Any]:
    return {
        "lag_ns": one.lag_ns,
        "mid_full_ticks": _known(one.mid_full),
        "mid_twin_ticks": _known(one.mid_twin),
        "impact_ticks": _known(one.ticks),
        "impact_bps": _known(one.bps),
    }


def _known(number: float) -> float | None:
    return None if isnan(number) else number
