"""A forced sale in real order flow of any feed: the market with it, without it, the difference."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.recorded_feed import instrument_of, shown_instrument
from experiments.metrics import slippage
from experiments.metrics.impact import LAGS_NS, Impact
from experiments.metrics.quotes import last_at, mid
from experiments.studies.forced_sale import SALE_OWNER, SALE_TAG, ForcedSale, SaleOrders
from experiments.studies.quote_path import QuotePath
from experiments.studies.replay_result import (
    REALIZED_HORIZON_NS,
    RecordedBook,
    Replayed,
    ReplaySale,
    known_instrument,
)
from lob import OrderBook, Side
from lob.feeds import Feed, PrintKind
from lob.replay import ReactiveAgent, Replay, ReplayError, ReplayMode, Stretch, touch
from lob.units import MINUTE_NS, Quantity, to_quantity

__all__ = ["book_is_there", "lots_to_sell", "measure", "replay_alone"]


BEFORE_NS, AFTER_NS = 5 * MINUTE_NS, 17 * MINUTE_NS
"""Around a sale all quotes are kept: as long as its impact is drawn."""


def book_is_there(feed: Feed, symbol: str | None = None) -> int:
    """Find the first time at which a sale can start: 1 ns after both sides of the book are there.

    Parameters
    ----------
    feed
        Recorded order flow, which is read up to that time.
    symbol
        Name of the instrument, if the feed has several.

    Returns
    -------
    int
        In ns by the feed's clock.

    Raises
    ------
    ReplayError
        If the book never has both sides.
    """
    replay = Replay(feed, symbol=symbol)
    for _ in replay.stretches():
        if replay.report.book_since is not None:
            return replay.report.book_since + 1
    raise ReplayError(f"{feed.path}: the book never has both sides: nothing can be sold")


def lots_to_sell(
    feed: Feed, size: Quantity | Decimal | int | str, at_ns: int, symbol: str | None = None
) -> int:
    """Read a size as people write it: lots of what a feed tells of.

    Parameters
    ----------
    feed
        Recorded order flow, which is read as far as needed.
    size
        ``"2 BTC"``, ``"500 lots"``, a number of units; or what it is worth at the mid just before
        the sale, ``"10 k USD"``, rounded down to whole lots.
    at_ns
        When the sale starts, in ns by the feed's clock.
    symbol
        Name of the instrument, if the feed has several.

    Raises
    ------
    ValueError
        If the size is none, or less than a lot.
    ReplayError
        If the book has no mid at that time.
    """
    traded = instrument_of(feed, symbol)
    shown = shown_instrument(traded, feed.format)
    given = to_quantity("size", size)
    # A number without a unit is a size.
    if shown.has_units and not shown.inverse and given.asset == shown.quote:
        worth = _mid_before(feed, at_ns, symbol) * Fraction(shown.tick_size * shown.lot_size)
        lots = int(given.value / worth)
        if lots < 1:
            raise ValueError(f"{size} is less than a lot, which is worth {float(worth):,.10g} "
                             f"{shown.quote}")  # fmt: skip
        return lots
    lots = (traded if given.is_of(traded.size_asset) else shown).to_lots(size)
    if lots < 1:
        raise ValueError(f"a size must be above 0, got {size}")
    return lots


def _mid_before(feed: Feed, at_ns: int, symbol: str | None) -> Fraction:
    """The mid of the record just before a time, in ticks."""
    replay, last = Replay(feed, symbol=symbol, until=at_ns), float("nan")
    for stretch in replay.stretches():
        before = stretch.twin[stretch.twin["ts_event"] < at_ns]
        known = mid(before)[~np.isnan(mid(before))]
        if len(known):
            last = float(known[-1])
    if isnan(last):
        raise ReplayError(f"{feed.path}: the book has no mid before the sale: write its size")
    return Fraction(last)


def replay_alone(feed: Feed, mode: ReplayMode | str = ReplayMode.EXACT, **options: Any) -> Replayed:
    """Replay a feed without a sale.

    Parameters
    ----------
    feed
        Recorded order flow of any format.
    mode
        How history is replayed: exact, interactive or reanchored.
    **options
        The other arguments of ``lob.replay.Replay``.

    Raises
    ------
    ReplayError
        If the feed cannot be replayed so.
    FeedError
        If the feed is damaged.
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
        mids = float(mid(stretch.before)[0]), float(mid(stretch.twin_before)[0])
        worst = self._worst_recorded()
        for order_id in stretch.sent["order_id"]:
            self.of_order.append(int(np.count_nonzero(trades["order_id"] == order_id)))
            self.mids.append(mids)
            self.worst.append(worst)
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
        if self.back is None:
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
        if report.first_ts == report.last_ts:
            return (
                f"all of the record is of one time, {report.moment(report.first_ts)}: it tells no "
                "market after its book, into which could be sold"
            )
        if report.first_ts < sale.at_ns <= report.last_ts:
            return (
                f"from {report.moment(sale.at_ns)} on the recorded book is crossed, or told in "
                "part, to the end of the record: nothing can be sold into it"
            )
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
    report.instrument = shown_instrument(known_instrument(report), replay.feed.format)


def _book(book: OrderBook) -> RecordedBook:
    return RecordedBook(book.bids(), book.asks())
