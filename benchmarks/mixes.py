"""The three message mixes: what arrives at a calm book, at a deep one, and at one that is swept.

Each mix is an untimed preload followed by the timed messages, all ``lob.MESSAGE`` rows, the same
for the same seed on every machine. New bids lie an exponential distance below a fixed centre and
new asks above it, so the shape of the book does not drift; the share of cancels leans gently
against the number of resting orders, so that is kept too. The flow is made by driving a real
book: a cancel names an order that is live at that very point, drawn uniformly from all that are,
and a row that the book rejects is left out, which changes nothing for the rows after it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import lob

__all__ = ["RECIPES", "Mix", "Recipe", "describe", "make"]

CENTRE = 100_000
LARGEST_ORDER = 100  # lots; sizes are uniform from 1
OWNERS = 50
NANOSECONDS_BETWEEN = 1_000


@dataclass(frozen=True)
class Recipe:
    """What a mix is made of. The shares are of the messages other than sweeps, and add up to 1."""

    name: str
    resting: int
    """Orders that are preloaded and kept."""
    spread_out: float
    """Mean distance of new orders from the centre, in ticks."""
    add: float
    cancel: float
    market: float
    crossing: float
    largest_taker: int
    """Lots; market and crossing orders are uniform from 1."""
    sweep_every: int = 0
    """Messages from one sweep of 20,000 to 40,000 lots to the next; 0: no sweeps."""


# In the first two a taker removes 1.2 orders on average, so 0.51 = 0.39 + 0.10 * 1.2.
RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("balanced", 10_000, 52.0, 0.51, 0.39, 0.05, 0.05, 120),
        Recipe("deep", 200_000, 2_300.0, 0.51, 0.39, 0.05, 0.05, 120),
        Recipe("sweep", 20_000, 100.0, 0.801, 0.179, 0.01, 0.01, 100, sweep_every=1_000),
    )
}


class Mix(NamedTuple):
    """A name, the rows that fill the book, and the rows to time."""

    name: str
    preload: NDArray[np.void]
    timed: NDArray[np.void]


def make(
    recipe: Recipe,
    timed: int = 1_000_000,
    seed: int = 1,
    new_book: Callable[[], Any] = lob.OrderBook,
) -> Mix:
    """Draw a mix. Order ids are 1, 2, 3... in the order in which the orders are entered."""
    flow = _Flow(recipe, seed, new_book())
    flow.run(recipe.resting, only_adds=True)
    flow.run(2 * recipe.resting)  # until the touch has found its place
    preload = _as_messages(flow.book.orders())
    rows = flow.run(timed)
    ids = np.concatenate([preload["order_id"], rows["order_id"][rows["kind"] == lob.Kind.NEW]])
    for part in (preload, rows):
        part["order_id"] = np.searchsorted(ids, part["order_id"]) + 1
    rows["ts_event"] = NANOSECONDS_BETWEEN * np.arange(1, len(rows) + 1)
    return Mix(recipe.name, preload, rows)


class _Flow:
    """The messages so far, and the book that they led to."""

    def __init__(self, recipe: Recipe, seed: int, book: Any) -> None:
        self.recipe = recipe
        self.book = book
        self.random = np.random.default_rng(seed)
        self.next_id = 1
        self.live = np.zeros(0, dtype=np.int64)  # ids

    def run(self, count: int, only_adds: bool = False) -> NDArray[np.void]:
        """The next ``count`` rows, all of them accepted by the book."""
        rows = np.zeros(count, dtype=lob.MESSAGE)
        # Few enough that the orders of one draw, which it cannot yet cancel, are a small part.
        most = max(1, self.recipe.resting // 40)
        every = self.recipe.sweep_every if not only_adds else 0
        done = 0
        while done < count:
            until_sweep = every - done % every if every else count
            if until_sweep == 1:
                drawn = self._sweep()
            else:
                drawn = self._draw(min(most, count - done, until_sweep - 1), only_adds)
            taken = self._apply(drawn)
            rows[done : done + len(taken)] = taken
            done += len(taken)
        return rows

    def _draw(self, count: int, only_adds: bool) -> NDArray[np.void]:
        """Rows that the book has not seen; a few of them it may yet reject."""
        recipe, random = self.recipe, self.random
        lean = (len(self.book) - recipe.resting) / recipe.resting
        shares = [recipe.add - lean, recipe.cancel + lean, recipe.market, recipe.crossing]
        if only_adds:
            shares = [1.0, 0.0, 0.0, 0.0]
        what = np.searchsorted(np.cumsum(shares[:3]), random.random(count), side="right")
        add, cancel, market, crossing = (what == part for part in range(4))
        buys = random.random(count) < 0.5
        distance = random.exponential(recipe.spread_out, count).astype(np.int64)
        passive = np.where(buys, CENTRE - 1 - distance, CENTRE + distance)
        rows = self._new_orders(count)
        rows["side"] = np.where(buys, lob.Side.BUY, lob.Side.SELL)
        rows["price"] = np.where(crossing, np.where(buys, *self._through()), passive)
        rows["size"] = random.integers(
            1, np.where(add, LARGEST_ORDER, recipe.largest_taker), endpoint=True
        )
        rows["price"][market] = 0
        rows["order_type"][market] = lob.OrderType.MARKET
        cancels = np.zeros(int(cancel.sum()), dtype=lob.MESSAGE)
        cancels["kind"] = lob.Kind.CANCEL
        if len(cancels):
            cancels["order_id"] = random.choice(self.live, len(cancels))
        rows[cancel] = cancels
        return rows

    def _sweep(self) -> NDArray[np.void]:
        row = self._new_orders(1)
        row["side"] = lob.Side.BUY if self.random.random() < 0.5 else lob.Side.SELL
        row["size"] = self.random.integers(20_000, 40_000, endpoint=True)
        row["order_type"] = lob.OrderType.MARKET
        return row

    def _through(self) -> tuple[int, int]:
        """Limits that cross: far enough through the best prices that nearly all of it fills."""
        reach = max(1, int(self.recipe.spread_out // 4))
        bid, ask = self.book.best_bid, self.book.best_ask
        return (CENTRE if ask is None else ask) + reach, (CENTRE if bid is None else bid) - reach

    def _new_orders(self, count: int) -> NDArray[np.void]:
        rows = np.zeros(count, dtype=lob.MESSAGE)
        rows["kind"] = lob.Kind.NEW
        rows["order_id"] = np.arange(self.next_id, self.next_id + count)
        rows["owner"] = rows["order_id"] % OWNERS + 1
        self.next_id += count
        return rows

    def _apply(self, drawn: NDArray[np.void]) -> NDArray[np.void]:
        """Enter the rows; return those that were accepted, and keep the list of live ids."""
        events = self.book.process(drawn)
        kind, ids = events["kind"], events["order_id"]
        answers = kind[
            (kind == lob.EventKind.ACCEPTED)
            | (kind == lob.EventKind.REJECTED)
            | ((kind == lob.EventKind.CANCELLED) & (events["reason"] == lob.Reason.NONE))
        ]
        alive = np.zeros(self.next_id, dtype=bool)
        alive[self.live] = True
        alive[ids] = events["leaves"] > 0  # of the events of one order the last one stays
        alive[events["resting_order_id"][events["resting_leaves"] == 0]] = False
        self.live = np.flatnonzero(alive)
        taken: NDArray[np.void] = drawn[answers != lob.EventKind.REJECTED]
        return taken


def _as_messages(orders: NDArray[np.void]) -> NDArray[np.void]:
    """The new orders that fill an empty book with these, in the order in which they came."""
    orders = orders[np.argsort(orders["order_id"])]
    rows = np.zeros(len(orders), dtype=lob.MESSAGE)
    rows["kind"] = lob.Kind.NEW
    for field in ("order_id", "side", "price", "size", "owner"):
        rows[field] = orders[field]
    return rows


def describe(mix: Mix, new_book: Callable[[], Any] = lob.OrderBook) -> str:
    """What the mix really holds, for the reader to check."""
    book = new_book()
    book.process(mix.preload)
    resting, levels = [len(book)], [len(book.bids()) + len(book.asks())]
    counts = np.zeros(5, dtype=np.int64)  # adds, cancels, market orders, crossing, rejected
    events = trades = 0
    for rows in np.array_split(mix.timed, 10):
        out = book.process(rows)
        is_trade = out["kind"] == lob.EventKind.TRADE
        market = int((rows["order_type"] == lob.OrderType.MARKET).sum())
        cancels = int((rows["kind"] == lob.Kind.CANCEL).sum())
        takers = len(np.unique(out["order_id"][is_trade]))
        rejected = int((out["kind"] == lob.EventKind.REJECTED).sum())
        counts += (len(rows) - cancels - takers, cancels, market, takers - market, rejected)
        events, trades = events + len(out), trades + int(is_trade.sum())
        resting.append(len(book))
        levels.append(len(book.bids()) + len(book.asks()))
    share = 100 * counts / len(mix.timed)
    return (
        f"{mix.name}: {len(mix.timed):,} messages after {len(mix.preload):,}: "
        f"adds {share[0]:.1f} %, cancels {share[1]:.1f} %, market {share[2]:.2f} %, "
        f"crossing {share[3]:.2f} %, rejected {counts[4]}; "
        f"resting {min(resting):,} to {max(resting):,} (end {resting[-1]:,}), "
        f"levels {min(levels):,} to {max(levels):,}; "
        f"{events / len(mix.timed):.3f} events and {trades / len(mix.timed):.3f} trades a message"
    )
