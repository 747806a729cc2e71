"""Races of two queues at the best quotes of the project's own book: which empties first."""

import numpy as np
from numpy.typing import NDArray

from experiments.validation.flows import Tape, next_mid_move
from experiments.validation.target import Values
from lob import MESSAGE, Kind, OrderBook, OrderType, Side, journal

__all__ = ["Tally", "race_in_book", "table_of_moves"]

BID = 1_000
"""Price of the bids of a race in ticks; the asks are a tick above."""
LENGTHS = (60, 600, 6_000, 60_000)
"""Messages after which a race is called off, and begun again where it stood."""
BATCHES = 20
"""Groups of races from whose scatter the errors are."""


class Tally:
    """Counts which way the mid moves next from each pair of short queues, part by part."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.seen: list[NDArray[np.float64]] = []
        self.ups: list[NDArray[np.float64]] = []

    def add(self, bid: NDArray[np.int64], ask: NDArray[np.int64], up: NDArray[np.floating]) -> None:
        """Count one independent part: queues of at least one order, and 1, 0 or half for a draw."""
        short = (bid <= self.size) & (ask <= self.size)
        cell = (bid[short] - 1) * self.size + ask[short] - 1
        cells = self.size**2
        self.seen.append(np.bincount(cell, minlength=cells).astype(np.float64))
        self.ups.append(np.bincount(cell, up[short], minlength=cells).astype(np.float64))

    def values(self) -> Values:
        """Return ``up``, row b - 1, column a - 1 for b bids and a asks, and its ``up_error``."""
        seen, ups = np.array(self.seen), np.array(self.ups)
        total = np.maximum(seen.sum(axis=0), 1)
        met = seen.sum(axis=0) > 0
        up = np.where(met, ups.sum(axis=0) / total, 0.5)
        scatter = ((ups - up * seen) ** 2).sum(axis=0)
        error = np.sqrt(scatter * len(seen) / max(1, len(seen) - 1)) / total
        # A chance that came out as 0 or 1 has an error too: that of one more event.
        error = np.maximum(error, 1 / total)
        form = (self.size, self.size)
        return {"up": up.reshape(form).tolist(), "up_error": error.reshape(form).tolist()}


def table_of_moves(tally: Tally, tape: Tape) -> None:
    """Count the next moves of the mid after each quote of a tape with a spread of one tick.

    Parameters
    ----------
    tally
        What they are counted in, as one part.
    tape
        Of a run with orders of one lot.
    """
    quotes = tape.quotes
    moves = next_mid_move(quotes)
    close = (quotes["ask_price"] - quotes["bid_price"] == 1) & (moves != 0)
    close &= (quotes["bid_size"] > 0) & (quotes["ask_size"] > 0)
    tally.add(quotes["bid_size"][close], quotes["ask_size"][close], (moves[close] > 0) * 1.0)


def race_in_book(
    bid: NDArray[np.int64],
    ask: NDArray[np.int64],
    arrival: float,
    departure: float,
    tally: Tally,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """Race queues whose rates do not depend on them, by limit and market orders of one lot.

    All times a queue is as short as the tally counts, it counts the outcome.

    Parameters
    ----------
    bid, ask
        Orders in the queues at the start of each race, 1 or more.
    arrival, departure
        Rates of limit and of market orders at a side, in any unit.
    tally
        What the outcomes are counted in, in parts that are independent.
    random
        The generator that is drawn from.

    Returns
    -------
    numpy.ndarray
        float64: of each race 1 if the ask emptied first, 0 if the bid, and 1/2 if neither did in
        some 67,000 messages.
    """
    up = np.full(len(bid), 0.5)
    going, bids, asks = np.arange(len(bid)), bid.copy(), ask.copy()
    seen: list[NDArray[np.int64]] = []
    for length in LENGTHS:
        path, ended, won = _one_heat(bids, asks, length, arrival / (arrival + departure), random)
        seen.append(np.column_stack([going[path[:, 0]], path[:, 1:]]))
        up[going[ended]] = won[ended]
        # The last that was seen of each: where it goes on.
        last = np.searchsorted(path[:, 0], np.arange(len(going)), side="right") - 1
        bids, asks = path[last, 1][~ended], path[last, 2][~ended]
        going = going[~ended]
        if not len(going):
            break
    rows = np.concatenate(seen)
    for part in range(BATCHES):
        mine = rows[rows[:, 0] % BATCHES == part]
        tally.add(mine[:, 1], mine[:, 2], up[mine[:, 0]])
    return up


def _one_heat(
    bids: NDArray[np.int64],
    asks: NDArray[np.int64],
    length: int,
    share: float,
    random: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    """Return the path (race, bids, asks), which races have ended, and 1 where the ask emptied."""
    rows = np.zeros((len(bids), length + 4), MESSAGE)
    rows["kind"], rows["size"] = Kind.NEW, 1
    rows["order_id"] = np.arange(1, rows.size + 1).reshape(rows.shape)
    # The orders of a race at an even time, the two that clear the book at the odd one after it.
    rows["ts_event"] = 2 * np.arange(len(bids))[:, None]
    rows["ts_event"][:, -2:] += 1
    buys = random.random((len(bids), length)) < 0.5
    rests = random.random((len(bids), length)) < share
    rows["side"][:, 2:-2] = np.where(buys, Side.BUY, Side.SELL)
    rows["order_type"][:, 2:-2] = np.where(rests, OrderType.LIMIT, OrderType.MARKET)
    rows["side"][:, [0, -1]], rows["side"][:, [1, -2]] = Side.BUY, Side.SELL
    rows["size"][:, 0], rows["size"][:, 1] = bids, asks
    rows["size"][:, -2:] = 2**31
    rows["order_type"][:, -2:] = OrderType.MARKET
    limit = rows["order_type"] == OrderType.LIMIT
    rows["price"] = np.where(limit, np.where(rows["side"] == Side.BUY, BID, BID + 1), 0)
    quotes, _ = journal.quotes(OrderBook().process(rows.ravel()))
    quotes = quotes[quotes["ts_event"] % 2 == 0]
    race, bid, ask = quotes["ts_event"] // 2, quotes["bid_size"], quotes["ask_size"]
    # Where a side is empty: at the start of a race for its bids come first, or at its end.
    start = np.searchsorted(race, np.arange(len(bids)))
    over = (bid == 0) | (ask == 0)
    over[start] = False
    ends = np.flatnonzero(over)
    which, first = np.unique(race[ends], return_index=True)
    end = np.append(start[1:], len(race))
    end[which] = ends[first]
    ended = np.zeros(len(bids), bool)
    ended[which] = True
    won = np.zeros(len(bids))
    won[which] = ask[ends[first]] == 0
    row = np.arange(len(race))
    path = (row > start[race]) & (row < end[race])
    return np.column_stack([race, bid, ask])[path], ended, won
