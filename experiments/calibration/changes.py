"""What came to rest at each price and what left it, out of single orders or out of sizes of levels.

The two kinds of feeds say different things; both say this much, and the rates of all flows but the
lifetimes of orders rest on it alone.
"""

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.market_record import CHANGE
from experiments.metrics.order_flow import StepKind
from lob.feeds import PrintKind
from lob.types import Kind
from lob.units import SECOND_NS

__all__ = ["ChangeCause", "changes_of_levels", "changes_of_steps"]

MOST_LOTS = 2**40
"""More than an order has: what stands for all that is left is cut to it."""
TRADE_WINDOW_NS = SECOND_NS
"""How far apart, in a level feed, a trade and the update that it explains may be told."""


class ChangeCause:
    """Why lots came to rest or left."""

    HIDDEN = 0
    """Nobody did it: the file began, or shows a few levels alone."""
    LIMIT = 1
    """A limit order came to rest."""
    MARKET = 2
    """A market order took them."""
    CANCEL = 3
    """They were cancelled."""


def changes_of_steps(steps: NDArray[np.void]) -> NDArray[np.void]:
    """Return ``CHANGE`` rows of single orders.

    An order that gets another price, or more lots, is one that is cancelled and another that comes.
    What is told of orders from before the steps, whose price is not known, is left out.

    Parameters
    ----------
    steps
        ``STEP`` rows from the beginning of the record.
    """
    by_order = np.argsort(steps["order_id"], kind="stable")
    rows = steps[by_order]
    kind = rows["kind"]
    size = np.minimum(rows["size"], MOST_LOTS)
    first = np.ones(len(rows), np.bool_)
    first[1:] = rows["order_id"][1:] != rows["order_id"][:-1]
    states = (kind == StepKind.NEW) | (kind == StepKind.REPLACED)
    starts = np.flatnonzero(states | first)
    if not len(starts):
        return np.zeros(0, CHANGE)
    stretch = np.cumsum(states | first) - 1
    stated = np.where(states, size, 0)[starts]
    taken = np.where((kind == StepKind.TRADED) | (kind == StepKind.REDUCED), size, 0)
    total = np.cumsum(taken)
    gone = total - taken - (total - taken)[starts][stretch]  # ahead of each row
    rest = np.maximum(stated[stretch] - gone, 0)
    rest[states] = 0
    over = kind == StepKind.CANCELLED
    # After a cancellation nothing rests, whatever is told of the order in the same stretch.
    done = np.cumsum(over)
    rest[(done - over - (done - over)[starts][stretch] > 0) & ~states] = 0
    side, price = _sides(rows), rows["price"][starts][stretch]

    lots = np.where(over, rest, np.minimum(taken, rest))
    cause = np.where(kind == StepKind.TRADED, ChangeCause.MARKET, ChangeCause.CANCEL)
    less = np.flatnonzero(lots > 0)
    found = [_rows(rows, less, price, side, -lots, -1 * (lots >= rest), cause)]
    # What was left of an order as it was replaced.
    last = np.append(starts[1:], len(rows)) - 1
    left = np.maximum(rest[last] - lots[last], 0)
    left[states[last]] = size[last][states[last]]
    before = np.zeros(len(rows), np.int64)
    again = np.flatnonzero(states & ~first & (kind == StepKind.REPLACED))
    before[again] = left[stretch[again] - 1]
    old_price, old_side = price.copy(), side.copy()
    old_price[again], old_side[again] = price[again - 1], side[again - 1]
    kept = np.zeros(len(rows), np.bool_)
    kept[again] = (price[again] == old_price[again]) & (size[again] <= before[again])
    cut = np.where(kept, before - size, before)
    found.append(_rows(rows, np.flatnonzero(cut > 0), old_price, old_side, -cut,
                       np.where(kept, 0, -1), np.full(len(rows), ChangeCause.CANCEL)))  # fmt: skip
    comes = np.flatnonzero(states & ~kept & (size > 0))
    found.append(_rows(rows, comes, price, side, size, np.ones(len(rows), np.int64),
                       np.full(len(rows), ChangeCause.LIMIT)))  # fmt: skip
    place = np.concatenate([by_order[less], by_order[cut > 0], by_order[comes]])
    whole = np.concatenate(found)
    # An order that is replaced leaves before it comes again.
    return whole[np.argsort(2 * place + (whole["lots"] > 0), kind="stable")]


def _sides(rows: NDArray[np.void]) -> NDArray[np.int8]:
    """The side of the order of each row, which some messages leave out; sorted by order."""
    told = np.maximum.accumulate(np.where(rows["side"] != 0, np.arange(len(rows)), -1))
    same = (told >= 0) & (rows["order_id"][told] == rows["order_id"])
    return np.where(same, rows["side"][told], 0).astype(np.int8)


def _rows(
    rows: NDArray[np.void],
    which: NDArray[np.int64],
    price: NDArray[np.int64],
    side: NDArray[np.int8],
    lots: NDArray[np.int64],
    orders: NDArray[np.int64],
    cause: NDArray[np.int64],
) -> NDArray[np.void]:
    found = np.zeros(len(which), CHANGE)
    found["ts_event"], found["message"] = rows["ts_event"][which], rows["message"][which]
    found["price"], found["side"] = price[which], side[which]
    found["lots"], found["orders"] = lots[which], orders[which]
    found["cause"] = np.where(rows["told"][which], cause[which], ChangeCause.HIDDEN)
    return found


def changes_of_levels(messages: NDArray[np.void], prints: NDArray[np.void]) -> NDArray[np.void]:
    """Return ``CHANGE`` rows of a level feed.

    A level that falls did so by the trades that are told at its price within a second, as far as
    they go, and by cancellations for the rest; one that rises did so by limit orders. What came and
    went between two updates is not seen.

    Parameters
    ----------
    messages
        ``lob.MESSAGE`` rows of the feed, in which each price is one order.
    prints
        ``lob.feeds.PRINT`` rows of the feed.
    """
    by_order = np.argsort(messages["order_id"], kind="stable")
    rows = messages[by_order]
    states = (rows["kind"] == Kind.NEW) | (rows["kind"] == Kind.REPLACE)
    start = np.maximum.accumulate(np.where(states, np.arange(len(rows)), 0))
    price, side = rows["price"][start], _sides(rows)
    # The size after each message: stated, or what it was less what was taken off.
    taken = np.where(rows["kind"] == Kind.REDUCE, rows["size"], 0)
    total = np.cumsum(taken)
    after = np.where(states, rows["size"], rows["size"][start] - (total - total[start]))
    after[rows["kind"] == Kind.CANCEL] = 0
    before = np.concatenate([[0], after[:-1]])
    before[rows["kind"] == Kind.NEW] = 0
    if len(rows):
        before[0] = 0
    found = np.zeros(len(rows), CHANGE)
    found["ts_event"], found["message"] = rows["ts_event"], by_order
    found["price"], found["side"] = price, side
    found["lots"] = after - before
    found["cause"] = np.where(found["lots"] > 0, ChangeCause.LIMIT, ChangeCause.CANCEL)
    found = found[np.argsort(by_order, kind="stable")]
    found = found[found["lots"] != 0]
    return _with_trades(found, prints)


def _with_trades(changes: NDArray[np.void], prints: NDArray[np.void]) -> NDArray[np.void]:
    """Changes in which falls are cut into what traded and what was cancelled."""
    trades = prints[(prints["kind"] == PrintKind.TRADE) & (prints["size"] > 0)]
    falls: dict[int, list[int]] = {}
    wanted = set(trades["price"].tolist())
    which = np.flatnonzero(changes["lots"] < 0)
    for row, price in zip(which.tolist(), changes["price"][which].tolist(), strict=True):
        if price in wanted:
            falls.setdefault(price, []).append(row)
    ts = changes["ts_event"].tolist()
    left = (-changes["lots"]).tolist()
    explained = [0] * len(changes)
    begin = dict.fromkeys(falls, 0)
    for when, price, size in zip(
        trades["ts_event"].tolist(), trades["price"].tolist(), trades["size"].tolist(), strict=True
    ):
        rows = falls.get(price, [])
        at = begin.get(price, 0)
        while at < len(rows) and ts[rows[at]] < when - TRADE_WINDOW_NS:
            at += 1
        begin[price] = at
        while size > 0 and at < len(rows) and ts[rows[at]] <= when + TRADE_WINDOW_NS:
            part = min(size, left[rows[at]] - explained[rows[at]])
            explained[rows[at]] += part
            size -= part
            at += 1
    traded = np.asarray(explained, np.int64)
    rest = changes.copy()
    rest["lots"] += traded
    took = changes[traded > 0].copy()
    took["lots"], took["cause"] = -traded[traded > 0], ChangeCause.MARKET
    whole = np.concatenate([took, rest])
    place = np.concatenate([np.flatnonzero(traded > 0), np.arange(len(rest)) + 0.5])
    whole = whole[np.argsort(place, kind="stable")]
    return np.asarray(whole[whole["lots"] != 0])
