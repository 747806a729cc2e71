"""A trading day that never was, in LOBSTER's format: for demonstrations and tests without data.

The flow knows nothing of value: orders come at random distances from the other side's best price
and leave at random, aggressors of random size come on either side. Such flow gives spreads, depth
and impact of a believable shape, but no trends, no clustering and no reaction to anything. Source:
Smith, Farmer, Gillemot, Krishnamurthy, "Statistical theory of the continuous double auction",
Quantitative Finance 3 (2003).

Everything is drawn in integers from the raw bits of PCG64, so a seed gives the same files to the
byte on every machine and with every version of numpy.
"""

from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.random import PCG64

from lob.book import OrderBook
from lob.feeds.lobster import NO_ASK, NO_BID, ROW, Day, Type, write
from lob.instrument import Instrument
from lob.types import Side, TimeInForce
from lob.units import MILLISECOND_NS

__all__ = ["make_day", "write_day"]

TICKER = "SYNTH"
DATE = "2000-01-03"
START_MS, END_MS = 34_200_000, 57_600_000  # 09:30 to 16:00
TICK = 100  # a cent in the file's prices
OPENING_PRICE = 10_000  # ticks
ORDERS_KEPT = 240  # where arrivals and cancellations balance
GAP_NS = 390_000_000
REACH = 6  # ticks that an aggressor is willing to go beyond the best price
LOT_SIZES = (100, 100, 100, 100, 100, 200, 200, 300, 400, 500, 50, 20, 10, 75, 1, 1000)


def write_day(folder: str | Path, *, seed: int = 1, levels: int = 10) -> Path:
    """Write a synthetic day as a pair of LOBSTER files; returns the path of the message file.

    Parameters
    ----------
    folder
        Where to; made if it is not there.
    seed
        Root of all randomness: another seed, another day.
    levels
        Levels a side to record.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    return write(make_day(seed=seed, levels=levels), folder, start=START_MS, end=END_MS)


def make_day(
    *, seed: int = 1, levels: int = 10, start_ms: int = START_MS, end_ms: int = END_MS
) -> Day:
    """Return a synthetic day: a stock at about 100 dollars, about 70,000 messages.

    Parameters
    ----------
    seed
        Root of all randomness: another seed, another day.
    levels
        Levels a side to record: messages that change none of them are left out.
    start_ms, end_ms
        The session in milliseconds after midnight; 09:30 to 16:00.
    """
    market = _Market(seed, levels)
    market.ts = start_ms * MILLISECOND_NS
    while len(market.live) < ORDERS_KEPT:
        market.add()
    market.rows.clear()
    market.states.clear()
    while (ts := market.ts + market.gap()) <= end_ms * MILLISECOND_NS:
        market.ts = ts
        market.step()
    return Day(
        name=f"{TICKER} {DATE}",
        instrument=Instrument(TICKER, tick_size=Decimal("0.01")),
        levels=levels,
        messages=np.array(market.rows, dtype=ROW),
        book=np.array(market.states, dtype=np.int64),
        source=(f"synthetic day, seed {seed}", f"book of the synthetic day, seed {seed}"),
    )


class _Dice:
    """Random integers from the raw bits of a bit generator."""

    def __init__(self, seed: int) -> None:
        self._bits = PCG64(seed)
        self._pool: list[int] = []

    def below(self, bound: int) -> int:
        """Return one of 0, 1, ... ``bound - 1``; the bias, bound / 2**64, is of no matter here."""
        if not self._pool:
            self._pool = self._bits.random_raw(4096).tolist()
        return self._pool.pop() * bound >> 64

    def geometric(self, parts: int) -> int:
        """Return how often in a row a chance of ``1 - 1 / parts`` comes true."""
        count = 0
        while self.below(parts):
            count += 1
        return count


class _Market:
    """A book, the orders in it, and the rows that LOBSTER would have written."""

    def __init__(self, seed: int, levels: int) -> None:
        self.levels = levels
        self.dice = _Dice(seed)
        self.book = OrderBook()
        self.ts = 0
        self.live: list[int] = []
        self.place: dict[int, int] = {}  # of an id in ``live``
        self.next_id = 1_000_001
        self.rows: list[tuple[int, ...]] = []
        self.states: list[list[int]] = []
        self.shown = self._state()

    def gap(self) -> int:
        """Nanoseconds to the next message: mostly short, at times long."""
        doublings = min(self.dice.geometric(2), 4)
        return self.dice.below(GAP_NS << doublings) >> self.dice.below(4) * 3

    def step(self) -> None:
        """Let one thing happen."""
        chance = self.dice.below(1000)
        if chance < 940:
            # Each order is as likely to leave as any other, so more leave when there are more.
            if self.dice.below(2 * ORDERS_KEPT) < len(self.live):
                self.leave(partly=chance < 20)
            else:
                self.add()
        elif chance < 985:
            self.trade()
        else:
            self.trade_hidden()

    def add(self) -> None:
        """Enter a limit order that does not trade."""
        side = self._side()
        other = self.book.best_ask if side == Side.BUY else self.book.best_bid
        anchor = OPENING_PRICE + (side == Side.SELL) if other is None else other
        price = anchor - side * (1 + self.dice.geometric(20))
        size, order_id = self._size(), self.next_id
        # Ids are shared by all stocks of an exchange, so they leave gaps.
        self.next_id += 1 + self.dice.below(400)
        self.book.submit(order_id=order_id, side=side, price=price, size=size, ts_event=self.ts)
        self.place[order_id] = len(self.live)
        self.live.append(order_id)
        self._record(Type.ADD, order_id, size, price, side)

    def leave(self, *, partly: bool) -> None:
        """Cancel an order, or a part of it."""
        order_id = self.live[self.dice.below(len(self.live))]
        order = self.book.get(order_id)
        assert order is not None
        if partly and order.size > 1:
            size = 1 + self.dice.below(order.size - 1)
            self.book.reduce(order_id, size, ts_event=self.ts)
            self._record(Type.REDUCE, order_id, size, order.price, order.side)
        else:
            self.book.cancel(order_id, ts_event=self.ts)
            self._forget(order_id)
            self._record(Type.DELETE, order_id, order.size, order.price, order.side)

    def trade(self) -> None:
        """Send an aggressor: one row for each order it meets, each with the book at that moment."""
        side = self._side()
        best = self.book.best_ask if side == Side.BUY else self.book.best_bid
        size = self._size() * (1 + self.dice.geometric(2))
        if best is None:
            return
        levels = self.levels + REACH
        rest = (self.book.asks if side == Side.BUY else self.book.bids)(levels)
        queue = [[level["price"].item(), level["size"].item()] for level in rest]
        outcome = self.book.submit(
            order_id=0,
            side=side,
            price=best + side * (REACH - 1),
            size=size,
            time_in_force=TimeInForce.IOC,
            ts_event=self.ts,
        )
        for trade in outcome.trades:
            queue[0][1] -= trade.size
            if queue[0][1] == 0:
                queue.pop(0)
            self._record(
                Type.EXECUTE,
                trade.resting_order_id,
                trade.size,
                trade.price,
                -side,
                self._with_side(-side, queue),
            )
            if trade.resting_order_id not in self.book and trade.resting_order_id in self.place:
                self._forget(trade.resting_order_id)

    def trade_hidden(self) -> None:
        """Execute an order that nobody could see, at the middle of the spread."""
        bid, ask = self.book.best_bid, self.book.best_ask
        if bid is not None and ask is not None and ask - bid > 1:
            row = (self.ts, 0, self._size(), (bid + ask) * TICK // 2)
            self.rows.append((*row, Type.EXECUTE_HIDDEN, self._side()))
            self.states.append(self.shown)

    def _side(self) -> Side:
        return Side.BUY if self.dice.below(2) else Side.SELL

    def _size(self) -> int:
        return LOT_SIZES[self.dice.below(len(LOT_SIZES))]

    def _forget(self, order_id: int) -> None:
        at = self.place.pop(order_id)
        last = self.live.pop()
        if last != order_id:
            self.live[at] = last
            self.place[last] = at

    def _record(
        self,
        kind: Type,
        order_id: int,
        size: int,
        price: int,
        side: int,
        state: list[int] | None = None,
    ) -> None:
        """Write a row if the recorded levels change."""
        state = state or self._state()
        if state != self.shown:
            self.rows.append((self.ts, order_id, size, price * TICK, kind, side))
            self.states.append(state)
            self.shown = state

    def _state(self) -> list[int]:
        state = [NO_ASK, 0, NO_BID, 0] * self.levels
        for first, levels in ((0, self.book.asks(self.levels)), (2, self.book.bids(self.levels))):
            state[first : first + 4 * len(levels) : 4] = (levels["price"] * TICK).tolist()
            state[first + 1 : first + 1 + 4 * len(levels) : 4] = levels["size"].tolist()
        return state

    def _with_side(self, side: int, queue: list[list[int]]) -> list[int]:
        """Return the last state with one side in the middle of a trade."""
        first, missing = (2, NO_BID) if side == Side.BUY else (0, NO_ASK)
        state = list(self.shown)
        shown = queue[: self.levels]
        shown_prices = [price * TICK for price, _ in shown]
        gone = self.levels - len(shown)
        state[first::4] = shown_prices + [missing] * gone
        state[first + 1 :: 4] = [size for _, size in shown] + [0] * gone
        return state
