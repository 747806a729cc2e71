"""A forced sale in a day of real order flow: the day with it, without it, and the difference."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from experiments.metrics import impact, slippage
from experiments.metrics.impact import DEPTH_BPS, Impact
from experiments.metrics.quotes import mid
from experiments.report.figures import price_figure
from experiments.report.notebook import Shown
from experiments.report.words import CAVEAT, headline, warnings
from experiments.studies.forced_sale import SALE_OWNER, SALE_TAG, ForcedSale, child_orders
from lob import EventKind, OrderBook, Side
from lob.feeds.lobster import Day, Type
from lob.replay import Replay, reconcile, replay
from lob.units import SECOND_NS, show_time

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["RecordedBook", "ReplaySale", "check_session", "measure"]


REALIZED_HORIZON_NS = 60 * SECOND_NS
MUCH_IS_STALE = 0.2
"""From this share of lots beyond the record on, the cost deserves a warning."""


@dataclass(frozen=True, slots=True)
class RecordedBook:
    """Both sides of a book at one moment, as ``lob.LEVEL`` rows, best first."""

    bids: NDArray[np.void]
    asks: NDArray[np.void]


@dataclass(frozen=True)
class ReplaySale(Shown):
    """What a sale cost and what it did. Prices in ticks, sizes in lots; ``nan``: not defined."""

    day: Day
    sale: ForcedSale
    mode: str
    full: Replay
    twin: Replay
    trades: NDArray[np.void]
    """The trades of the sale: ``lob.EVENT`` rows."""
    before: RecordedBook
    """Just before the first child order."""
    after: RecordedBook
    """Right after the last."""
    without: RecordedBook
    """At that same moment in the twin. After one market order it is the book before."""
    worst_recorded: NDArray[np.float64]
    """For each trade, the last recorded price on the side it took from; ``nan``: none."""
    arrival_mid: float
    """When the sale starts."""
    market_vwap: float
    """Of the twin, over the time of execution."""
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
    def sent(self) -> int:
        """Lots sent to the market: the whole sale, but for a POV sale that ran out of time."""
        return sum(self.full.messages["size"][self.full.injected].tolist())

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
        """The answer, its doubts and the caveat of every replay, in words."""
        return [headline(self), *warnings(self), CAVEAT]

    def plot(self) -> "Figure":
        """The price around the sale, with it and without."""
        return price_figure(self)

    def summary(self) -> dict[str, Any]:
        """Everything that was measured, ready for JSON: integers exact, undefined is ``None``."""
        sale = self.sale
        return {
            "sale": {
                "side": sale.side.name,
                "style": str(sale.style),
                "size": sale.size,
                "at_ns": sale.at_ns,
                "over_ns": sale.over_ns,
                "rate": float(sale.rate) if sale.style == "pov" else None,
                "hidden_counts": sale.hidden_counts if sale.style == "pov" else None,
                "child_orders": int(np.count_nonzero(self.full.injected)),
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
                "recorded_levels": self.day.levels,
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
            "caveat": CAVEAT,
        }


def check_session(day: Day, sale: ForcedSale) -> None:
    """Raise ``ValueError`` unless the sale starts and ends while the day's record lasts."""
    first, last = (int(day.messages["ts_event"][row]) for row in (0, -1))
    if not first < sale.at_ns <= last:
        raise ValueError(
            f"the sale at {show_time(sale.at_ns)} is outside the session, "
            f"which goes from {show_time(first)} to {show_time(last)}"
        )
    if sale.until_ns > last:
        raise ValueError(
            f"the sale would go on until {show_time(sale.until_ns)}, "
            f"past the last message of the day at {show_time(last)}"
        )


def measure(
    day: Day,
    sale: ForcedSale,
    mode: str = "interactive",
    tell: Callable[[str], None] = lambda _: None,
) -> ReplaySale:
    """Replay a day with and without a sale, and measure the difference.

    Parameters
    ----------
    day
        Recorded order flow.
    sale
        What must be sold.
    mode
        How the day is replayed, see ``lob.replay``.
    tell
        Told what is done next, for a progress bar.

    Raises
    ------
    ValueError
        If the sale is not within the session, or no volume trades for a POV sale to follow
        (none ever does in an exact replay).
    """
    check_session(day, sale)
    tell("making one stream of the files")
    stream = reconcile(day)
    tell("replaying the day without the sale")
    twin = replay(stream, mode)
    rows = day.messages[day.messages["kind"] == Type.EXECUTE_HIDDEN]
    orders = child_orders(
        sale,
        twin.events,
        instrument=day.instrument.number,
        hidden=(rows["ts_event"], rows["size"]),
    )
    if not len(orders):
        raise ValueError("too little trades meanwhile for a POV sale to sell a single lot")
    tell("replaying the day with the sale")
    full = replay(stream, mode, inject=orders)
    tell("measuring")
    return _measured(day, sale, mode, full, twin)


def _measured(day: Day, sale: ForcedSale, mode: str, full: Replay, twin: Replay) -> ReplaySale:
    trades = slippage.trades_of(full.events, SALE_OWNER, SALE_TAG)
    rows = np.flatnonzero(full.injected)
    # The sale's ids rise along the tape, so the message of a trade is found by bisection.
    of_trade = rows[np.searchsorted(full.messages["order_id"][rows], trades["order_id"])]
    mids = np.concatenate([[np.nan], mid(full.quotes)])  # mids[i]: just before message i
    # When the sale starts, not when its first order goes out: a POV sale waits for a trade.
    arrival = np.searchsorted(full.messages["ts_event"], sale.at_ns, side="left")
    arrival_mid = float(mids[arrival])
    market_vwap = slippage.vwap(_market_trades(twin, sale))
    worst_recorded = _worst_recorded(day, full.messages["ts_event"][of_trade], Side(-sale.side))
    levels = slippage.levels_consumed(trades)
    twin_of_trade = impact.twin_mid(twin.quotes, full.injected, of_trade)
    last = int(rows[-1])
    twin_last = int(impact.same_moment(full.injected, rows[-1:])[0])
    before, after = _books(full.messages, int(rows[0]), last + 1)
    (without,) = _books(twin.messages, twin_last + 1)
    return ReplaySale(
        day=day,
        sale=sale,
        mode=mode,
        full=full,
        twin=twin,
        trades=trades,
        before=before,
        after=after,
        without=without,
        worst_recorded=worst_recorded,
        arrival_mid=arrival_mid,
        market_vwap=market_vwap,
        shortfall_bps=slippage.implementation_shortfall_bps(trades, arrival_mid),
        paired_cost_bps=slippage.paired_cost_bps(trades, twin_of_trade),
        vwap=slippage.vwap(trades),
        vwap_slippage_bps=slippage.vwap_slippage_bps(trades, market_vwap),
        effective_spread=slippage.effective_spread(trades, mids[of_trade]),
        realized_spread=slippage.realized_spread(trades, full.quotes, REALIZED_HORIZON_NS),
        levels_consumed=int(levels.sum()),
        deepest=int(levels.max(initial=0)),
        share_beyond=slippage.share_beyond(trades, worst_recorded),
        impact=impact.impact_path(full.quotes, twin.quotes, full.injected),
        peak=impact.peak_impact(full.quotes, twin.quotes, full.injected),
        return_time_ns=impact.return_time_ns(full.quotes, twin.quotes, full.injected),
    )


def _market_trades(twin: Replay, sale: ForcedSale) -> NDArray[np.void]:
    """Return what traded in the market alone while the sale went on."""
    times = twin.events["ts_event"]
    meanwhile = (times >= sale.at_ns) & (times <= sale.until_ns)
    trades: NDArray[np.void] = twin.events[meanwhile & (twin.events["kind"] == EventKind.TRADE)]
    return trades


def _worst_recorded(day: Day, times: NDArray[np.int64], side: Side) -> NDArray[np.float64]:
    """Return the last recorded price of a side before each time, in ticks; ``nan``: there is none.

    The record before an order is the row of the last message before its time: the order goes in
    ahead of what shares it.
    """
    rows = np.searchsorted(day.messages["ts_event"], times, side="left") - 1
    first = 2 if side is Side.BUY else 0
    prices, sizes = day.book[rows, first::4], day.book[rows, first + 1 :: 4]
    occupied = np.count_nonzero(sizes, axis=1)
    worst = np.take_along_axis(prices, np.maximum(occupied - 1, 0)[:, None], axis=1)[:, 0]
    return np.where(occupied > 0, worst / day.tick, np.nan)


def _books(messages: NDArray[np.void], *ends: int) -> list[RecordedBook]:
    """Return the book as it is before each of these rows."""
    book, books, start = OrderBook(int(messages["instrument"][0])), [], 0
    for end in ends:
        book.process(messages[start:end])
        books.append(RecordedBook(book.bids(), book.asks()))
        start = end
    return books


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
