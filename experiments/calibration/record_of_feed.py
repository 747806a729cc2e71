"""A market's record out of recorded order flow of any format."""

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.changes import changes_of_levels, changes_of_steps
from experiments.calibration.market_record import (
    MARKET_ORDER,
    STEP,
    MarketRecord,
    keep_last,
    windowed,
)
from experiments.metrics.order_flow import StepKind
from lob.feeds import PRINT, Feed, PrintKind
from lob.feeds.lobster_feed import Lobster
from lob.replay import RUNNING, STILL, Replay
from lob.types import MESSAGE, QUOTE, Kind

__all__ = ["record_of_feed"]

_KINDS = {
    Kind.NEW: StepKind.NEW,
    Kind.CANCEL: StepKind.CANCELLED,
    Kind.REDUCE: StepKind.REDUCED,
    Kind.REPLACE: StepKind.REPLACED,
}

_STATES = (Kind.NEW, Kind.REPLACE)
MARKET_OPENS, MARKET_CLOSES = "start of market hours", "end of market hours"
"""Events of the day, as the readers of feeds call them."""


def record_of_feed(
    feed: Feed,
    symbol: str | None = None,
    *,
    since: int | None = None,
    until: int | None = None,
    with_changes: bool = False,
) -> MarketRecord:
    """Read a feed once, from the front, and return its record.

    Visible trades in a row at one time and of one side are one market order. A trade whose side is
    not told has that of the mid that it is beyond; at the mid it is left out. Executions of hidden
    orders, auctions and broken trades are none.

    Parameters
    ----------
    feed
        Recorded order flow.
    symbol
        Name of the instrument; ``None``: the feed has one alone.
    since, until
        What is earlier or later is left out: ns as the feed's clock has it.
    with_changes
        Whether the record has ``changes``.

    Raises
    ------
    FeedError
        If the feed is damaged.
    SymbolError
        If the instrument is not told, or is not there.
    """
    messages, prints, quotes, settled = _read(feed, symbol, until)
    quotes = keep_last(quotes, settled)
    replayed = feed.instruments
    unit = next((float(one.lot_size) for one in replayed if symbol in (None, one.name)), 1.0)
    orders = _market_orders(prints, quotes, settled)
    steps = None if feed.is_level_feed else _steps(feed, messages, prints)
    changes = None
    if with_changes:
        changes = changes_of_levels(messages, prints) if steps is None else changes_of_steps(steps)
    record = MarketRecord(
        symbol or (replayed[0].name if len(replayed) == 1 else feed.path.name),
        quotes,
        orders,
        steps,
        unit,
        tuple(feed.report.notes) + tuple(feed.report.faults),
        changes,
        _halts(feed, messages),
    )
    return windowed(record, since)


def _halts(feed: Feed, messages: NDArray[np.void]) -> tuple[tuple[int, int], ...]:
    """When nothing could trade: states of the instrument, and what is outside market hours."""
    if not len(messages):
        return ()
    end = int(messages["ts_event"][-1]) + 1
    number = int(messages["instrument"][0])
    told = [(one.ts_event, one.state in STILL) for one in feed.report.halts
            if one.instrument == number and one.state in STILL | RUNNING]  # fmt: skip
    hours = {name: ts for ts, name in feed.report.sessions}
    found = []
    since = None
    for ts, still in told:
        if still and since is None:
            since = ts
        elif not still and since is not None:
            found.append((since, ts))
            since = None
    if since is not None:
        found.append((since, end))
    if MARKET_OPENS in hours:
        found.append((int(messages["ts_event"][0]), hours[MARKET_OPENS]))
    if MARKET_CLOSES in hours:
        found.append((hours[MARKET_CLOSES], end))
    return tuple(sorted((a, b) for a, b in found if b > a))


def _read(
    feed: Feed, symbol: str | None, until: int | None
) -> tuple[NDArray[np.void], NDArray[np.void], NDArray[np.void], NDArray[np.bool_]]:
    """All messages of the instrument, its prints, the quote after each message, and if it lasts."""
    messages, prints = [np.zeros(0, MESSAGE)], [np.zeros(0, PRINT)]
    quotes, settled = [np.zeros(0, QUOTE)], [np.zeros(0, np.bool_)]
    for stretch in Replay(feed, symbol=symbol, until=until).stretches():
        messages.append(stretch.messages.copy())
        prints.append(stretch.prints.copy())
        quotes.append(stretch.live.copy())
        settled.append(stretch.settled.copy())
    return (
        np.concatenate(messages),
        np.concatenate(prints),
        np.concatenate(quotes),
        np.concatenate(settled),
    )


def _market_orders(
    prints: NDArray[np.void], quotes: NDArray[np.void], settled: NDArray[np.bool_]
) -> NDArray[np.void]:
    taken = prints[(prints["kind"] == PrintKind.TRADE) & (prints["size"] > 0)]
    if not len(taken) or not len(quotes):
        return np.zeros(0, MARKET_ORDER)
    before = np.minimum(taken["at"], len(quotes)) - 1
    side = taken["side"].astype(np.int64)
    met = quotes[np.maximum(before, 0)]
    both = (before >= 0) & (met["bid_size"] > 0) & (met["ask_size"] > 0)
    beyond = np.sign(2 * taken["price"] - met["bid_price"] - met["ask_price"])
    side = np.where((side == 0) & both, beyond, side)
    taken, before, side = taken[side != 0], before[side != 0], side[side != 0]
    if not len(taken):
        return np.zeros(0, MARKET_ORDER)
    same = (taken["ts_event"][1:] == taken["ts_event"][:-1]) & (side[1:] == side[:-1])
    first = np.flatnonzero(np.concatenate([[True], ~same]))
    last = np.append(first[1:], len(taken)) - 1
    found = np.zeros(len(first), MARKET_ORDER)
    found["ts_event"] = taken["ts_event"][first]
    found["side"] = side[first]
    found["size"] = np.add.reduceat(taken["size"], first)
    found["before"] = before[first]
    # The message that takes the last lots off the book, and the next book that lasted.
    rows = np.arange(len(quotes))
    lasting = np.minimum.accumulate(np.where(settled, rows, len(quotes) - 1)[::-1])[::-1]
    found["after"] = lasting[np.minimum(np.maximum(taken["at"][last], 0), len(quotes) - 1)]
    return found


def _steps(feed: Feed, messages: NDArray[np.void], prints: NDArray[np.void]) -> NDArray[np.void]:
    found = np.zeros(len(messages), STEP)
    for name in ("ts_event", "order_id", "price", "size"):
        found[name] = messages[name]
    found["message"] = np.arange(len(messages))
    for kind, step in _KINDS.items():
        found["kind"][messages["kind"] == kind] = step
    by_trade = _by_trade(messages, prints)
    # A cancellation that a trade explains leaves no size: all that was left has traded.
    found["kind"][by_trade] = StepKind.TRADED
    found["size"][by_trade & (messages["kind"] == Kind.CANCEL)] = np.iinfo(np.int64).max
    found["side"] = np.where(np.isin(messages["kind"], _STATES), messages["side"], 0)
    found["told"] = True
    if isinstance(feed, Lobster):
        found["told"] = ~feed.read_synthetic()[: len(found)]
    return found[found["kind"] > 0]


def _by_trade(messages: NDArray[np.void], prints: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which messages take lots off that a print tells to have traded.

    A print that names the order explains the first removal of it at that time that is not ahead of
    the print; one that does not, the message that follows on it.
    """
    kind = messages["kind"]
    removal = (kind == Kind.CANCEL) | (kind == Kind.REDUCE)
    taken = prints[prints["kind"] == PrintKind.TRADE]
    if not len(messages) or not len(taken):
        return np.zeros(len(messages), np.bool_)
    place = np.minimum(taken["at"], len(messages) - 1)
    found = np.zeros(len(messages), np.bool_)
    follows = (taken["order_id"] == 0) | (messages["order_id"][place] == taken["order_id"])
    found[place[follows]] = True
    named = taken[~follows]
    if len(named):
        pair = np.dtype([("ts_event", "<i8"), ("order_id", "<i8")])
        told = np.zeros(len(named), pair)
        asked = np.zeros(len(messages), pair)
        for name in pair.names or ():
            told[name], asked[name] = named[name], messages[name]
        found |= np.isin(asked, told)
    return np.asarray(found & removal)
