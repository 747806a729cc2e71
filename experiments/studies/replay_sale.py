"""A forced sale in real order flow of any feed: the market with it, without it, the difference."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from experiments.metrics import impact, slippage
from experiments.metrics.impact import DEPTH_BPS, LAGS_NS, Impact
from experiments.metrics.quotes import last_at, mid, mid_at
from experiments.report.figures import price_figure
from experiments.report.notebook import Shown
from experiments.report.words import caveat, headline, warnings
from experiments.studies.forced_sale import SALE_OWNER, SALE_TAG, ForcedSale, SaleOrders
from experiments.studies.quote_path import QuotePath
from experiments.studies.recorded_feed import with_assets
from lob import Instrument, OrderBook, Side
from lob.feeds import Feed, PrintKind
from lob.replay import ReactiveAgent, Replay, ReplayError, ReplayMode, ReplayReport, Stretch, touch
from lob.units import MINUTE_NS, SECOND_NS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["RecordedBook", "ReplaySale", "Replayed", "book_is_there", "measure", "replay_alone"]


REALIZED_HORIZON_NS = 60 * SECOND_NS
BEFORE_NS, AFTER_NS = 5 * MINUTE_NS, 17 * MINUTE_NS
"""Around a sale all quotes are kept: as long as its impact is drawn."""
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
        return _known_instrument(self.report)

    @property
    def mode(self) -> str:
        """How it was replayed."""
        return str(self.report.mode)

    def headline(self) -> list[str]:
        """What was met."""
        return str(self.report).splitlines()

    def plot(self) -> "Figure":
        """The price of the day."""
        from experiments.report.figures import day_figure

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
        return _known_instrument(self.report)

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


def book_is_there(feed: Feed, symbol: str | None = None) -> int:
    """The first time at which a sale can start: a nanosecond after both sides are there.

    The feed is read up to it. Raises ``ReplayError`` where that never is.
    """
    replay = Replay(feed, symbol=symbol)
    for _ in replay.stretches():
        if replay.report.book_since is not None:
            return replay.report.book_since + 1
    raise ReplayError(f"{feed.path}: the book never has both sides: nothing can be sold")


def replay_alone(feed: Feed, mode: ReplayMode | str = ReplayMode.EXACT, **options: Any) -> Replayed:
    """Replay a feed without a sale.

    Parameters
    ----------
    feed, mode
        As of ``lob.replay.Replay``.
    options
        Its other ones.
    """
    replay = Replay(feed, mode, **options)
    path = QuotePath()
    for stretch in replay.stretches():
        if len(stretch.live) and _is_within(stretch, replay):
            path.add(stretch.live, stretch.twin, stretch.settled)
    _name_assets(replay)
    return Replayed(replay.report, path.rows()[0])


def measure(
    feed: Feed,
    sale: ForcedSale,
    mode: ReplayMode | str = ReplayMode.INTERACTIVE,
    *,
    symbol: str | None = None,
    half_life_ns: float | None = None,
    agents: Sequence[ReactiveAgent] = (),
    since: int | None = None,
    until: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> ReplaySale:
    """Replay a feed with a sale in it, beside the same market without, and measure the difference.

    Parameters
    ----------
    feed
        Recorded order flow of any format.
    sale
        What must be sold.
    mode, symbol, half_life_ns, agents, since, until
        As of ``lob.replay.Replay``.
    tell
        Told what is done next, for a progress bar.

    Raises
    ------
    ReplayError
        If the sale starts before the book is there or after the record ends, or no volume trades
        for a POV sale to follow.
    FeedError
        If the feed is damaged.
    """
    replay = Replay(
        feed,
        mode,
        symbol=symbol,
        half_life_ns=half_life_ns,
        orders=SaleOrders(sale),
        agents=agents,
        since=since,
        until=until,
    )
    seen = _Seen(replay, sale)
    tell("replaying")
    for stretch in replay.stretches():
        seen.take(stretch)
    tell("measuring")
    return seen.result()


class _Seen:
    """What is kept of a replay while it goes by."""

    def __init__(self, replay: Replay, sale: ForcedSale) -> None:
        self.replay, self.sale = replay, sale
        self.levels: int | None = getattr(replay.feed, "recorded_levels", None)
        self.path = QuotePath(sale.at_ns - BEFORE_NS, sale.until_ns + AFTER_NS)
        self.trades: list[NDArray[np.void]] = []
        self.mids: list[tuple[float, float]] = []  # before each child order: full, twin
        self.of_order: list[int] = []  # trades of each child order
        self.worst: list[float] = []  # recorded price, of each child order
        self.sent = self.traded_lots = self.traded_notional = 0
        self.first_ts = self.last_ts = -1
        self.books: list[RecordedBook] = []
        self.at_once = Impact(0, float("nan"), float("nan"))
        self.peak = Impact(0, float("nan"), float("nan"))
        self.back: int | None = None

    def take(self, stretch: Stretch) -> None:
        """Take what comes next."""
        if len(stretch.sent):
            self._take_sent(stretch)
        if len(stretch.live):
            self._take_quotes(stretch)
        told = stretch.prints
        during = (
            (told["kind"] == PrintKind.TRADE)
            & (told["ts_event"] >= self.sale.at_ns)
            & (told["ts_event"] <= self.sale.until_ns)
        )
        prices, sizes = told["price"][during].tolist(), told["size"][during].tolist()
        self.traded_lots += sum(sizes)
        self.traded_notional += sum(p * q for p, q in zip(prices, sizes, strict=True))

    def _take_sent(self, stretch: Stretch) -> None:
        replay, now = self.replay, int(stretch.sent["ts_event"][-1])
        if self.first_ts < 0:
            self.first_ts = int(stretch.sent["ts_event"][0])
            # Nothing has happened to the live book yet but the sale: history is what was before.
            self.books.append(_book(replay.twin))
        trades = slippage.trades_of(stretch.sent_events, SALE_OWNER, SALE_TAG)
        for order in stretch.sent:
            of_order = trades[trades["order_id"] == order["order_id"]]
            self.of_order.append(len(of_order))
            self.mids.append((float(mid(stretch.before)[0]), float(mid(stretch.twin_before)[0])))
            self.worst.append(self._worst_recorded())
        self.trades.append(trades)
        self.sent += sum(stretch.sent["size"].tolist())
        self.last_ts = now
        full, twin = touch(replay.live, now), touch(replay.twin, now)
        if replay.mode is ReplayMode.EXACT:  # a book that nothing was taken from
            full = twin
        self.path.add(full, twin, np.ones(1, np.bool_))
        self.books[1:] = [_book(replay.live), _book(replay.twin)]
        self.at_once = Impact(0, float(mid(full)[0]), float(mid(twin)[0]))
        self._see(np.array([now]), mid(full), mid(twin))
        self.back = 0 if self.at_once.ticks == 0 else None

    def _take_quotes(self, stretch: Stretch) -> None:
        if _is_within(stretch, self.replay):
            self.path.add(stretch.live, stretch.twin, stretch.settled)
        if self.first_ts < 0:
            return
        times, settled = stretch.live["ts_event"], stretch.settled
        full, twin = mid(stretch.live), mid(stretch.twin)
        self._see(times[settled], full[settled], twin[settled])
        if self.back is None and self.last_ts >= 0:
            lasts = settled & (np.diff(times, append=times[-1] + 1) != 0)
            back = np.flatnonzero(lasts & (full == twin))
            if len(back):
                self.back = int(times[back[0]]) - self.last_ts

    def _see(
        self, times: NDArray[np.int64], full: NDArray[np.float64], twin: NDArray[np.float64]
    ) -> None:
        """Keep the impact that is furthest from zero."""
        distance = np.abs(full - twin)
        if not len(distance) or np.isnan(distance).all():
            return
        worst = int(np.nanargmax(distance))
        if isnan(self.peak.ticks) or distance[worst] > abs(self.peak.ticks):
            lag = int(times[worst]) - self.first_ts
            self.peak = Impact(lag, float(full[worst]), float(twin[worst]))

    def _worst_recorded(self) -> float:
        """The last price that the record keeps up to date, on the side that the sale takes from."""
        if self.levels is None:
            return float("nan")
        recorded = self.replay.recorded
        sells = self.sale.side is Side.SELL
        levels = recorded.bids(self.levels) if sells else recorded.asks(self.levels)
        return float(levels["price"][-1]) if len(levels) else float("nan")

    def result(self) -> ReplaySale:
        """All measures."""
        sale, report = self.sale, self.replay.report
        _name_assets(self.replay)
        if not self.mids:
            raise ReplayError(self._why_nothing())
        trades = np.concatenate(self.trades)
        full, twin = self.path.rows()
        of_trade = np.repeat(np.arange(len(self.mids)), self.of_order)
        mids, twins = np.array(self.mids).T[:, of_trade]
        worst = np.array(self.worst)[of_trade]
        arrival = self._arrival(full)
        market = self.traded_notional / self.traded_lots if self.traded_lots else float("nan")
        levels = slippage.levels_consumed(trades)
        found = ReplaySale(
            sale=sale,
            report=report,
            child_orders=len(self.mids),
            sent=self.sent,
            full=full,
            twin=twin,
            trades=trades,
            before=self.books[0],
            after=self.books[1],
            without=self.books[2],
            last_order_ts=self.last_ts,
            recorded_levels=self.levels,
            worst_recorded=worst,
            arrival_mid=arrival,
            market_vwap=market,
            shortfall_bps=slippage.implementation_shortfall_bps(trades, arrival),
            paired_cost_bps=slippage.paired_cost_bps(trades, twins),
            vwap=slippage.vwap(trades),
            vwap_slippage_bps=slippage.vwap_slippage_bps(trades, market),
            effective_spread=slippage.effective_spread(trades, mids),
            realized_spread=slippage.realized_spread(trades, full, REALIZED_HORIZON_NS),
            levels_consumed=int(levels.sum()),
            deepest=int(levels.max(initial=0)),
            share_beyond=0.0
            if self.levels is None and len(trades)
            else slippage.share_beyond(trades, worst),
            impact=[self.at_once],
            peak=self.peak,
            return_time_ns=self.back,
        )
        found.impact.extend(found.impact_at(LAGS_NS[1:]))
        return found

    def _arrival(self, full: NDArray[np.void]) -> float:
        """The mid when the sale starts; a POV sale waits for a trade after that."""
        row = int(last_at(full["ts_event"], self.sale.at_ns - 1))
        waits = self.sale.style == "pov" and row >= 0
        return float(mid(full[row : row + 1])[0]) if waits else self.mids[0][0]

    def _why_nothing(self) -> str:
        report, sale = self.replay.report, self.sale
        if sale.style == "pov" and report.last_ts is not None and sale.at_ns <= report.last_ts:
            return "too little trades meanwhile for a POV sale to sell a single lot"
        if self.replay.halted:
            return (
                f"the sale at {report.moment(sale.at_ns)} comes in a halt after which the record "
                "shows no trading"
            )
        assert report.first_ts is not None
        assert report.last_ts is not None
        return (
            f"the sale at {report.moment(sale.at_ns)} is outside the session, which goes from "
            f"{report.moment(report.first_ts)} to {report.moment(report.last_ts)}"
        )


def _is_within(stretch: Stretch, replay: Replay) -> bool:
    """Whether a stretch is in the window that is measured."""
    if replay.since is None or not len(stretch.live):
        return True
    return bool(stretch.live["ts_event"][-1] >= replay.since)


def _name_assets(replay: Replay) -> None:
    report = replay.report
    report.instrument = with_assets(_known_instrument(report), replay.feed.format)


def _book(book: OrderBook) -> RecordedBook:
    return RecordedBook(book.bids(), book.asks())


def _known_instrument(report: ReplayReport) -> Instrument:
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
