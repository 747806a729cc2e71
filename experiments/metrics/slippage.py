"""Slippage: what an order cost against the price that stood there before it.

Every cost is signed so that a positive number is a loss to the one who traded, whether they
bought or sold. ``trades`` are rows of ``lob.EVENT`` of kind TRADE whose aggressor is the order
studied; ``d`` below is +1 where it bought and -1 where it sold, ``p`` a trade's price, ``q`` its
size, ``m`` a mid. Venue fees are not in any of these.

Sources: A. F. Perold, "The implementation shortfall", Journal of Portfolio Management 14(3), 1988
(shortfall); R. D. Huang and H. R. Stoll, "Dealer versus auction markets", Journal of Financial
Economics 41(3), 1996 (effective and realized spread).
"""

from math import isnan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.metrics.quotes import mid_at
from lob import EventKind, Side

__all__ = [
    "effective_spread",
    "filled_lots",
    "implementation_shortfall_bps",
    "levels_consumed",
    "notional",
    "paired_cost_bps",
    "realized_spread",
    "share_beyond",
    "trades_of",
    "vwap",
    "vwap_slippage_bps",
]

BPS = 1e4


def trades_of(events: NDArray[np.void], owner: int, tag: int) -> NDArray[np.void]:
    """Return the trades in which the aggressor carries this owner and tag, in tape order."""
    own = (events["owner"] == owner) & (events["tag"] == tag)
    trades: NDArray[np.void] = events[own & (events["kind"] == EventKind.TRADE)]
    return trades


def filled_lots(trades: NDArray[np.void]) -> int:
    """Return the sum of q, in lots, exact."""
    return sum(trades["size"].tolist())


def notional(trades: NDArray[np.void]) -> int:
    """Return the sum of p q, in ticks times lots, exact."""
    prices, sizes = trades["price"].tolist(), trades["size"].tolist()
    return sum(price * size for price, size in zip(prices, sizes, strict=True))


def vwap(trades: NDArray[np.void]) -> float:
    """Return the volume-weighted average price, sum(p q) / sum(q), in ticks.

    The sums are exact integers: only the division rounds. ``nan`` without a trade.
    """
    return notional(trades) / filled_lots(trades) if len(trades) else float("nan")


def implementation_shortfall_bps(trades: NDArray[np.void], arrival_mid: float) -> float:
    """Return 1e4 d (vwap - m) / m, in basis points of the arrival mid m.

    ``arrival_mid`` is the mid in ticks just before the first of the orders. What stayed unfilled
    has no price and is not in it: read it beside the number of lots that did fill. ``nan`` without
    a trade, and where the arrival mid is undefined or not positive.

    Raises ``ValueError`` where the trades are on both sides.
    """
    return _cost_bps(trades, arrival_mid)


def paired_cost_bps(trades: NDArray[np.void], mid_without: ArrayLike) -> float:
    """Return 1e4 sum(d q (p - m)) / sum(q m): the shortfall without the market's own drift.

    Each trade is held against the mid that the market had at that moment without the order, so
    what the price did by itself since the arrival costs nothing. ``nan`` without a trade, and
    where one of the mids is undefined or their mean is not positive.

    Parameters
    ----------
    trades
        ``lob.EVENT`` rows of kind TRADE.
    mid_without
        For each trade, the twin's mid in ticks at the same moment.
    """
    mids = np.asarray(mid_without, np.float64)
    lost = _weighted(trades["side"] * (trades["price"] - mids), trades["size"])
    level = _weighted(mids, trades["size"])
    return BPS * lost / level if level > 0 else float("nan")


def vwap_slippage_bps(trades: NDArray[np.void], market_vwap: float) -> float:
    """Return 1e4 d (vwap - v) / v, in basis points of the market's own VWAP v.

    ``market_vwap`` is in ticks, over the time of execution, in the run without the order.
    ``nan`` and ``ValueError`` as for the shortfall.
    """
    return _cost_bps(trades, market_vwap)


def effective_spread(trades: NDArray[np.void], mid_before: ArrayLike) -> float:
    """Return the mean of 2 d (p - m) weighted by q, in ticks.

    On trades at or outside the mid this is 2 |p - m|.

    Parameters
    ----------
    trades
        ``lob.EVENT`` rows of kind TRADE.
    mid_before
        For each trade, the mid in ticks just before the message that traded. One that is ``nan``
        makes the result ``nan``.
    """
    distance = trades["side"] * (trades["price"] - np.asarray(mid_before, np.float64))
    return _weighted(2.0 * distance, trades["size"])


def realized_spread(trades: NDArray[np.void], quotes: NDArray[np.void], horizon_ns: int) -> float:
    """Return the mean of 2 d (p - m(t + horizon)) weighted by q, in ticks.

    It is what those on the other side kept once the price had moved on. ``nan`` where the tape
    ends before the horizon of any trade.

    Parameters
    ----------
    trades
        ``lob.EVENT`` rows of kind TRADE.
    quotes
        The ``lob.QUOTE`` tape of the same run.
    horizon_ns
        In ns.
    """
    return effective_spread(trades, mid_at(quotes, trades["ts_event"] + horizon_ns))


def levels_consumed(trades: NDArray[np.void]) -> NDArray[np.int64]:
    """Return how many prices each order traded at, in the order of their first trades.

    An order takes the best price first, so this is also how many occupied levels deep it went;
    the last of them it may have left partly standing.
    """
    if not len(trades):
        return np.empty(0, np.int64)
    new_order = np.diff(trades["order_id"], prepend=~trades["order_id"][0]) != 0
    new_price = np.diff(trades["price"], prepend=0) != 0
    return np.add.reduceat((new_order | new_price).astype(np.int64), np.flatnonzero(new_order))


def share_beyond(trades: NDArray[np.void], worst_recorded: ArrayLike) -> float:
    """Return the share of lots that traded at a worse price than the record of the book reaches.

    Depth out there is stale: what happened to it was not recorded. ``nan`` without a trade.

    Parameters
    ----------
    trades
        ``lob.EVENT`` rows of kind TRADE.
    worst_recorded
        For each trade, in ticks, the last price that was recorded on the side it took from just
        before its message; ``nan`` where that side of the record was empty, so that all is beyond.
    """
    boundary = np.asarray(worst_recorded, np.float64)
    within = trades["side"] * trades["price"] <= trades["side"] * boundary
    total = filled_lots(trades)
    return sum(trades["size"][~within].tolist()) / total if total else float("nan")


def _cost_bps(trades: NDArray[np.void], benchmark: float) -> float:
    sides = np.unique(trades["side"])
    if len(sides) > 1:
        raise ValueError("trades must be on one side, got both")
    if not len(sides) or isnan(benchmark) or benchmark <= 0:
        return float("nan")
    return BPS * Side(int(sides[0])) * (vwap(trades) - benchmark) / benchmark


def _weighted(values: NDArray[np.float64], sizes: NDArray[np.int64]) -> float:
    return float(np.average(values, weights=sizes)) if len(sizes) else float("nan")
