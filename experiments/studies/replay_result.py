"""What a replay found: of history alone, and of a forced sale in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from experiments.metrics import impact, slippage
from experiments.metrics.impact import DEPTH_BPS, Impact
from experiments.metrics.quotes import mid_at
from experiments.report.figures import day_figure, price_figure
from experiments.report.notebook import Shown
from experiments.report.words import caveat, headline, warnings
from experiments.studies.forced_sale import ForcedSale
from lob import Instrument
from lob.replay import ReplayReport
from lob.units import SECOND_NS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["REALIZED_HORIZON_NS", "RecordedBook", "ReplaySale", "Replayed", "known_instrument"]

REALIZED_HORIZON_NS = 60 * SECOND_NS
MUCH_IS_STALE = 0.2
"""From this share of lots beyond the record on, the cost deserves a warning."""


@dataclass(frozen=True, slots=True)
class RecordedBook:
    """Both sides of a book at one moment, as ``lob.LEVEL`` rows, best first."""

    bids: NDArray[np.void]
    asks: NDArray[np.void]


@dataclass(frozen=True)
class Replayed(Shown):
    """A replay without a sale: its counts and its prices."""

    report: ReplayReport
    quotes: NDArray[np.void]
    """``lob.QUOTE`` rows of the live book: where a price changed."""

    @property
    def instrument(self) -> Instrument:
        """What was replayed."""
        return known_instrument(self.report)

    @property
    def mode(self) -> str:
        """How it was replayed."""
        return str(self.report.mode)

    def headline(self) -> list[str]:
        """What was met."""
        return str(self.report).splitlines()

    def plot(self) -> "Figure":
        """The price of the day."""
        return day_figure(self)

    def summary(self) -> dict[str, Any]:
        """The counts, ready for JSON."""
        return {"mode": self.mode, "replay": self.report.to_dict()}


@dataclass(frozen=True, kw_only=True)
class ReplaySale(Shown):
    """What a sale cost and what it did. Prices in ticks, sizes in lots; ``nan``: not defined."""

    sale: ForcedSale
    report: ReplayReport
    child_orders: int
    sent: int
    """Lots sent to the market: the whole sale, unless it ran out of time or of record."""
    full: NDArray[np.void]
    """``lob.QUOTE`` rows of the market with the sale: where a price changed in either market."""
    twin: NDArray[np.void]
    """``lob.QUOTE`` rows, at the same times, of the market without the sale."""
    trades: NDArray[np.void]
    """The trades of the sale: ``lob.EVENT`` rows."""
    before: RecordedBook
    """Just before the first child order."""
    after: RecordedBook
    """Right after the last."""
    without: RecordedBook
    """At that same moment without the sale. After one market order it is the book before."""
    last_order_ts: int
    recorded_levels: int | None
    """Levels a side that the record keeps up to date; ``None``: all."""
    worst_recorded: NDArray[np.float64]
    """For each trade, the last of those prices on the side it took from; ``nan``: none."""
    arrival_mid: float
    """When the sale starts."""
    market_vwap: float
    """Of what the feed tells to have traded, over the time of execution."""
    shortfall_bps: float
    paired_cost_bps: float
    """Against the twin's mid at each fill: the shortfall without the market's own drift."""
    vwap: float
    vwap_slippage_bps: float
    effective_spread: float
    realized_spread: float
    """A minute after each trade."""
    levels_consumed: int
    """Prices touched, counted anew for each child order."""
    deepest: int
    """Prices touched by the one child order that went deepest."""
    share_beyond: float
    impact: list[Impact]
    peak: Impact
    """Its lag is from the first child order on."""
    return_time_ns: int | None

    @property
    def instrument(self) -> Instrument:
        """What was sold."""
        return known_instrument(self.report)

    @property
    def mode(self) -> str:
        """How history was replayed."""
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
        """Whether so much filled beyond the record that the cost deserves a warning."""
        return self.share_beyond >= MUCH_IS_STALE

    def impact_at(self, lags_ns: Sequence[int]) -> list[Impact]:
        """The impact at each lag after the last child order."""
        times = self.last_order_ts + np.asarray(lags_ns, np.int64)
        return [
            Impact(int(lag), float(full), float(twin))
            for lag, full, twin in zip(
                lags_ns, mid_at(self.full, times), mid_at(self.twin, times), strict=True
            )
        ]

    def depth(self) -> dict[str, tuple[int, int]]:
        """Lots bid and offered within ``DEPTH_BPS`` of the mid, with and without the sale.

        What was there before is counted around the arrival mid, what is there right after the
        sale, with and without it, around the mid without it.
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

    def headline(self) -> list[str]:
        """How it was replayed, the answer, its doubts, and what no replay of the mode can show."""
        return [
            f"{self.instrument.name}, {self.report.label}.",
            headline(self),
            *warnings(self),
            self.report.mark,
            caveat(self.report.mode),
        ]

    def plot(self) -> "Figure":
        """The price around the sale, with it and without."""
        return price_figure(self)

    def summary(self) -> dict[str, Any]:
        """Everything that was measured, ready for JSON: integers exact, undefined is ``None``."""
        sale = self.sale
        return {
            "mode": self.mode,
            "label": self.report.label,
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
