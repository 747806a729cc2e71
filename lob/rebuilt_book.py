"""A book rebuilt from what a tape of events tells, order by order, with no engine run again.

Every event of an order says what is left of it, so the last one says whether it still rests. It
has its place from where it was accepted, or last replaced by more lots or at another price.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lob.book import OrderBook
from lob.checks import integer
from lob.types import EVENT, MAX_PRICE, ORDER, EventKind

__all__ = ["book_after"]

OWN = [EventKind.ACCEPTED, EventKind.TRADE, EventKind.CANCELLED, EventKind.REDUCED,
       EventKind.REPLACED]  # fmt: skip
"""Kinds of events that say in ``leaves`` what is left of ``order_id``."""


def book_after(events: NDArray[np.void], upto: int | None = None, instrument: int = 0) -> OrderBook:
    """The book of an instrument after ``events[:upto]``, of a tape that starts with an empty one.

    It has the orders in their priority, the session, the band and the number of the last event.
    What a tape of events does not tell is how orders prevent self-trades: ``stp`` is 0. Takes time
    and memory of the order of the events.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows in the order of their ``seq``, of one or more instruments.
    upto
        How many of them count, 0 to all; ``None``: all. It ends with a message, not within one.
    instrument
        Number of the instrument, from 0.

    Raises
    ------
    TypeError
        If ``events`` is not a one-dimensional ``EVENT`` array.
    ValueError
        If ``upto`` is outside the tape, or what the tape tells is no possible book: it did not
        start with an empty one, or ends within a message.

    Examples
    --------
    >>> import lob
    >>> book = lob.OrderBook()
    >>> orders = np.zeros(2, lob.MESSAGE)
    >>> for name, values in dict(kind=lob.Kind.NEW, order_id=[1, 2], side=[1, -1], price=[99, 101],
    ...                          size=5).items():
    ...     orders[name] = values
    >>> events = book.process(orders)
    >>> book_after(events, 1).orders()["order_id"].tolist()
    [1]
    """
    if not isinstance(events, np.ndarray) or events.dtype != EVENT or events.ndim != 1:
        raise TypeError("events must be a one-dimensional array of dtype lob.EVENT")
    stop = len(events) if upto is None else integer("upto", upto, 0, len(events))
    told = events[:stop]
    told = told[told["instrument"] == integer("instrument", instrument, 0, 2**16 - 1)]
    return OrderBook.from_orders(
        _resting(told),
        instrument=instrument,
        seq=int(told["seq"][-1]) if len(told) else 0,
        **_rules(told),
    )


def _rules(told: NDArray[np.void]) -> dict[str, Any]:
    """Session and band: the last that were set."""
    found: dict[str, Any] = {}
    sessions = told[told["kind"] == EventKind.SESSION]
    if len(sessions):
        found["session"] = int(sessions["order_id"][-1])
    bands = told[told["kind"] == EventKind.BAND]
    if len(bands):
        low, high = int(bands["price"][-1]), int(bands["leaves"][-1])
        found["band"] = (
            None if low == -MAX_PRICE else low,
            None if high == MAX_PRICE else high,
        )
    return found


def _resting(told: NDArray[np.void]) -> NDArray[np.void]:
    """The ``lob.ORDER`` rows that rest after some events, in the order of their priority."""
    story = _stories(told)
    if not len(story["order_id"]):
        return np.zeros(0, ORDER)
    kind, place = story["kind"], np.arange(len(story["order_id"]))
    first = np.ones(len(place), np.bool_)
    first[1:] = story["order_id"][1:] != story["order_id"][:-1]
    last = np.append(first[1:], True)
    # An id may be of a new order once its old one is gone: only the last one's story counts.
    born = _latest(np.where(kind == EventKind.ACCEPTED, place, -1))
    resting = np.flatnonzero(last & (story["leaves"] > 0))
    starts = np.maximum.accumulate(np.where(first, place, 0))[resting]
    if (born[resting] < starts).any():
        number = story["order_id"][resting][born[resting] < starts][0]
        raise ValueError(f"order {number} was never accepted: the tape starts with orders in it")
    # A replacement keeps the place of an order if it has the same price and no more lots.
    priced = (kind == EventKind.ACCEPTED) | (kind == EventKind.REPLACED)
    before = np.append(0, _latest(np.where(priced, place, -1))[:-1])
    keeps = (story["price"] == story["price"][before]) & (
        story["leaves"] <= np.append(0, story["leaves"][:-1])
    )
    moved = (kind == EventKind.ACCEPTED) | ((kind == EventKind.REPLACED) & ~keeps)
    since = _latest(np.where(moved, place, -1))[resting]
    price = story["price"][_latest(np.where(priced, place, -1))[resting]]
    traded = np.append(0, np.cumsum(np.where(kind == EventKind.TRADE, story["size"], 0)))
    accepted = told[story["row"][born[resting]]]
    rows = np.zeros(len(resting), ORDER)
    for name in ("order_id", "tag", "owner", "side", "flags", "order_type"):
        rows[name] = accepted[name]
    rows["price"], rows["size"] = price, story["leaves"][resting]
    rows["filled"] = traded[resting + 1] - traded[born[resting]]
    return rows[np.argsort(story["row"][since], kind="stable")]


def _latest(marked: NDArray[np.int64]) -> NDArray[np.int64]:
    """At each place the last one that is marked, itself included; -1 before the first."""
    found: NDArray[np.int64] = np.maximum.accumulate(marked)
    return found


def _stories(told: NDArray[np.void]) -> dict[str, NDArray[Any]]:
    """What happened to each order, order by order, in the order of the tape."""
    own = np.flatnonzero(np.isin(told["kind"], OWN))
    other = np.flatnonzero(told["kind"] == EventKind.TRADE)
    row = np.concatenate([own, other])
    order_id = np.concatenate([told["order_id"][own], told["resting_order_id"][other]])
    leaves = np.concatenate([told["leaves"][own], told["resting_leaves"][other]])
    # Both of a trade are of the same row, and of different orders.
    at = np.lexsort((row, order_id))
    row = row[at]
    return {
        "row": row,
        "order_id": order_id[at],
        "leaves": leaves[at],
        "kind": told["kind"][row],
        "price": told["price"][row],
        "size": told["size"][row],
    }
