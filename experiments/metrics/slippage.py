"""Slippage: what an order cost against the price that stood there before it.

Every cost is signed so that a positive number is a loss to the one who traded, whether they
bought or sold. ``trades`` are the trades of the orders studied: rows of ``lob.EVENT`` of kind TRADE
in which they were the aggressor, or ``FILL`` rows, as ``fills_of`` gives them, in which they may
have rested. ``d`` below is +1 where they bought and -1 where they sold, ``p`` a trade's price,
``q`` its size, ``m`` a mid. Venue fees are in none of these but where a function takes ``fees``.

Sources: A. F. Perold, "The implementation shortfall", Journal of Portfolio Management 14(3), 1988
(shortfall); R. D. Huang and H. R. Stoll, "Dealer versus auction markets", Journal of Financial
Economics 41(3), 1996 (effective and realized spread).
"""

from math import isnan
from operator import index as whole
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.metrics.quotes import BPS, mid_at, mid_before
from lob import EventKind, Reason, Side, journal

__all__ = [
    "FILL",
    "Slippage",
    "arrival_row",
    "effective_spread",
    "fee_bps",
    "filled_lots",
    "fills_of",
    "implementation_shortfall_bps",
    "levels_consumed",
    "market_vwap",
    "notional",
    "paired_cost_bps",
    "realized_spread",
    "share_beyond",
    "slippage_of",
    "trades_of",
    "vwap",
    "vwap_slippage_bps",
]

FILL = np.dtype(
    [
        ("row", "<i8"),  # of the event tape
        ("ts_event", "<i8"),  # ns
        ("price", "<i8"),  # ticks
        ("size", "<i8"),  # lots
        ("side", "i1"),  # Side of the one whose fill it is
        ("maker", "?"),  # whether their order was the one that rested
    ]
)
"""One trade as one of its two parties saw it: the row of the event tape, time (ns), price (ticks),
size (lots), side (1 bought, -1 sold), and whether its order was resting."""


class Slippage(NamedTuple):
    """What a set of orders cost, all from the tape of one run; a cost is positive."""

    filled: int
    """Lots that traded."""
    maker_share: float
    """Share of the lots that traded while resting."""
    vwap: float
    """Volume-weighted average price of the fills, in ticks."""
    arrival_mid: float
    """Mid just before the first of the orders came in, in ticks."""
    shortfall_bps: float
    """Implementation shortfall without fees, in basis points of the arrival mid."""
    fee_bps: float
    """Fees paid, in basis points of the lots at the arrival mid; rebates are negative."""
    shortfall_with_fees_bps: float
    """Implementation shortfall plus fees, in basis points of the arrival mid."""
    market_vwap: float
    """Volume-weighted average price of everyone else's trades from the arrival to the last fill, in
    ticks."""
    vwap_slippage_bps: float
    """Average price against the market's, in basis points of the market's."""
    effective_spread: float
    """Mean over lots of twice the distance to the mid before each message, in ticks; what rested
    has earned it: negative."""
    realized_spread: float
    """Mean over lots of twice the distance to the mid at the horizon after each trade, in ticks."""


def slippage_of(
    events: NDArray[np.void],
    *,
    owner: int | None = None,
    tag: int | None = None,
    instrument: int = 0,
    fees: ArrayLike = 0,
    horizon_ns: int = 60_000_000_000,
) -> Slippage:
    """Return what the orders of an owner, a tag, or both cost, measured on one event tape.

    What has no value is ``nan``: all prices where nothing filled, for example.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows of a run that started with empty books.
    owner, tag
        Which orders; ``None`` is any.
    instrument
        Number of the instrument they traded.
    fees
        Whole numbers in ticks times lots, paid positive, rebates negative; one a fill in the order
        of ``fills_of``, or their sum.
    horizon_ns
        Horizon of the realized spread, in ns.

    Raises
    ------
    ValueError
        If the fills are on both sides, ``fees`` does not match them, or no order is selected.
    """
    own = fills_of(events, owner=owner, tag=tag, instrument=instrument)
    start = arrival_row(events, owner=owner, tag=tag, instrument=instrument)
    quotes, index = journal.quotes(events, instrument)
    arrival_mid = float(mid_before(quotes, index, [start])[0])
    others = float("nan")
    if len(own):
        others = market_vwap(events, start, int(own["row"][-1]) + 1, own["row"], instrument)
    shortfall = implementation_shortfall_bps(own, arrival_mid)
    of_fees = fee_bps(own, arrival_mid, fees)
    filled = filled_lots(own)
    return Slippage(
        filled=filled,
        maker_share=filled_lots(own[own["maker"]]) / filled if filled else float("nan"),
        vwap=vwap(own),
        arrival_mid=arrival_mid,
        shortfall_bps=shortfall,
        fee_bps=of_fees,
        shortfall_with_fees_bps=shortfall + of_fees,
        market_vwap=others,
        vwap_slippage_bps=vwap_slippage_bps(own, others),
        effective_spread=effective_spread(own, mid_before(quotes, index, own["row"])),
        realized_spread=realized_spread(own, quotes, horizon_ns),
    )


def fills_of(
    events: NDArray[np.void],
    *,
    owner: int | None = None,
    tag: int | None = None,
    instrument: int = 0,
) -> NDArray[np.void]:
    """Return every trade of an owner, a tag, or both as ``FILL`` rows, aggressive or resting.

    In tape order; a trade of theirs with themselves gives two rows, the aggressor's first. In a
    call auction both orders rested, the buyer's comes first.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows.
    owner, tag
        Which orders; ``None`` is any.
    instrument
        Number of the instrument they traded.

    Raises
    ------
    ValueError
        If neither an owner nor a tag is given.
    """
    rows = np.flatnonzero(
        (events["kind"] == EventKind.TRADE) & (events["instrument"] == instrument)
    )
    traded = events[rows]
    parts = []
    for maker, prefix in ((False, ""), (True, "resting_")):
        mine = np.ones(len(rows), np.bool_)
        for name, wanted in (("owner", owner), ("tag", tag)):
            if wanted is not None:
                mine &= traded[prefix + name] == wanted
        part = np.empty(int(mine.sum()), FILL)
        part["row"] = rows[mine]
        for name in ("ts_event", "price", "size"):
            part[name] = traded[name][mine]
        part["side"] = -traded["side"][mine] if maker else traded["side"][mine]
        part["maker"] = maker | (traded["reason"][mine] == Reason.UNCROSS)
        parts.append(part)
    found = np.concatenate(parts)
    return found[np.argsort(found["row"], kind="stable")]


def arrival_row(
    events: NDArray[np.void],
    *,
    owner: int | None = None,
    tag: int | None = None,
    instrument: int = 0,
) -> int:
    """Return the row at which the first order of an owner, a tag, or both was accepted.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows.
    owner, tag
        Which orders; ``None`` is any.
    instrument
        Number of the instrument they traded.

    Raises
    ------
    ValueError
        If no such order was accepted.
    """
    theirs = (events["kind"] == EventKind.ACCEPTED) & (events["instrument"] == instrument)
    for name, wanted in (("owner", owner), ("tag", tag)):
        if wanted is not None:
            theirs &= events[name] == wanted
    if not theirs.any():
        raise ValueError(
            f"events must hold an order of owner {owner}, tag {tag} in instrument {instrument}, "
            f"got none"
        )
    return int(np.argmax(theirs))


def market_vwap(
    events: NDArray[np.void],
    start: int,
    stop: int,
    without: ArrayLike = (),
    instrument: int = 0,
) -> float:
    """Return the volume-weighted average price, sum(p q) / sum(q), of an instrument, in ticks.

    ``nan`` where nothing traded.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows.
    start, stop
        Row numbers between which trades count, ``stop`` excluded.
    without
        Rows of trades that do not count, for example one's own.
    instrument
        Number of the instrument.
    """
    counts = (events["kind"] == EventKind.TRADE) & (events["instrument"] == instrument)
    counts[:start] = False
    counts[stop:] = False
    counts[np.asarray(without, np.int64)] = False
    return vwap(events[counts])


def trades_of(events: NDArray[np.void], owner: int, tag: int) -> NDArray[np.void]:
    """Return the trades in which the aggressor carries an owner and a tag, in tape order.

    A call auction has no aggressor.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows.
    owner, tag
        Both must match.
    """
    own = (events["owner"] == owner) & (events["tag"] == tag) & (events["reason"] != Reason.UNCROSS)
    trades: NDArray[np.void] = events[own & (events["kind"] == EventKind.TRADE)]
    return trades


def filled_lots(trades: NDArray[np.void]) -> int:
    """Return the sum of the sizes of trades, in lots, exact."""
    return sum(trades["size"].tolist())


def notional(trades: NDArray[np.void]) -> int:
    """Return the sum of price times size of trades, in ticks times lots, exact."""
    prices, sizes = trades["price"].tolist(), trades["size"].tolist()
    return sum(price * size for price, size in zip(prices, sizes, strict=True))


def vwap(trades: NDArray[np.void]) -> float:
    """Return the volume-weighted average price of trades, sum(p q) / sum(q), in ticks.

    The sums are exact integers: only the division rounds. ``nan`` without a trade.
    """
    return notional(trades) / filled_lots(trades) if len(trades) else float("nan")


def implementation_shortfall_bps(
    trades: NDArray[np.void], arrival_mid: float, fees: ArrayLike = 0
) -> float:
    """Return the implementation shortfall, 1e4 d (vwap - m) / m plus fees, in basis points.

    A cost is positive. What stayed unfilled has no price and is not in it: read it beside the
    number of lots that did fill. ``nan`` without a trade, and where the arrival mid is undefined or
    not positive.

    Parameters
    ----------
    trades
        ``lob.EVENT`` rows of kind TRADE, or ``FILL`` rows, all on one side d (1 bought, -1 sold).
    arrival_mid
        The mid m in ticks just before the first of the orders.
    fees
        Whole numbers in ticks times lots, paid positive; one a trade, or their sum.

    Raises
    ------
    ValueError
        If the trades are on both sides, or ``fees`` is one a trade and not as many as these.
    TypeError
        If a fee is not a whole number.
    """
    return _cost_bps(trades, arrival_mid) + fee_bps(trades, arrival_mid, fees)


def fee_bps(trades: NDArray[np.void], arrival_mid: float, fees: ArrayLike) -> float:
    """Return fees, 1e4 sum(fees) / (m sum(q)), in basis points of the lots at the arrival mid.

    They add to the shortfall, which is over the same denominator. ``nan`` where the shortfall is.

    Parameters
    ----------
    trades
        ``lob.EVENT`` rows of kind TRADE, or ``FILL`` rows, of size q each.
    arrival_mid
        The mid m in ticks just before the first of the orders.
    fees
        Whole numbers in ticks times lots, the unit of ``notional``: what was paid is positive, a
        rebate negative. One a trade, or their sum.

    Raises
    ------
    ValueError
        If ``fees`` is one a trade and not as many as these.
    TypeError
        If a fee is not a whole number.
    """
    paid = np.asarray(fees)
    if paid.ndim and paid.shape != (len(trades),):
        raise ValueError(
            f"fees must be one number or one a trade, {len(trades)}, got shape {paid.shape}"
        )
    try:
        total = sum(whole(fee) for fee in paid.reshape(-1).tolist())
    except TypeError:
        raise TypeError(f"fees must be whole numbers of ticks times lots, got {fees!r}") from None
    if not len(trades) or isnan(arrival_mid) or arrival_mid <= 0:
        return float("nan")
    return BPS * total / (arrival_mid * filled_lots(trades))


def paired_cost_bps(trades: NDArray[np.void], mid_without: ArrayLike) -> float:
    """Return the cost of trades against the twin's mids, 1e4 sum(d q (p - m)) / sum(q m).

    In basis points, a cost positive. Each trade is held against the mid m that the market had at
    that moment without the order, so what the price did by itself since the arrival costs nothing.
    ``nan`` without a trade, and where one of the mids is undefined or their mean is not positive.

    Parameters
    ----------
    trades
        ``lob.EVENT`` rows of kind TRADE, or ``FILL`` rows: side d, size q, price p.
    mid_without
        For each trade, the twin's mid in ticks at the same moment.
    """
    mids = np.asarray(mid_without, np.float64)
    lost = _weighted(trades["side"] * (trades["price"] - mids), trades["size"])
    level = _weighted(mids, trades["size"])
    return BPS * lost / level if level > 0 else float("nan")


def vwap_slippage_bps(trades: NDArray[np.void], market_vwap: float) -> float:
    """Return VWAP slippage, 1e4 d (vwap - v) / v, in basis points of the market's VWAP v.

    A cost is positive. ``nan`` without a trade, and where v is undefined or not positive.

    Parameters
    ----------
    trades
        ``lob.EVENT`` rows of kind TRADE, or ``FILL`` rows, all on one side d (1 bought, -1 sold).
    market_vwap
        v in ticks, over the time of execution, in the run without the order.

    Raises
    ------
    ValueError
        If the trades are on both sides.
    """
    return _cost_bps(trades, market_vwap)


def effective_spread(trades: NDArray[np.void], mid_before: ArrayLike) -> float:
    """Return the effective spread: the mean of 2 d (p - m) weighted by size, in ticks.

    On trades at or outside the mid this is 2 |p - m|. ``nan`` without a trade.

    Parameters
    ----------
    trades
        ``lob.EVENT`` rows of kind TRADE, or ``FILL`` rows: side d (1 bought, -1 sold), price p.
    mid_before
        For each trade, the mid m in ticks just before the message that traded. One that is ``nan``
        makes the result ``nan``.
    """
    distance = trades["side"] * (trades["price"] - np.asarray(mid_before, np.float64))
    return _weighted(2.0 * distance, trades["size"])


def realized_spread(trades: NDArray[np.void], quotes: NDArray[np.void], horizon_ns: int) -> float:
    """Return the realized spread: the mean of 2 d (p - m(t + horizon)) weighted by size, in ticks.

    It is what those on the other side kept once the price had moved on. ``nan`` where the tape ends
    before the horizon of any trade.

    Parameters
    ----------
    trades
        ``lob.EVENT`` rows of kind TRADE, or ``FILL`` rows: side d, price p, time t.
    quotes
        The ``lob.QUOTE`` tape of the same run.
    horizon_ns
        Time after each trade at which the mid is taken, in ns.
    """
    return effective_spread(trades, mid_at(quotes, trades["ts_event"] + horizon_ns))


def levels_consumed(trades: NDArray[np.void]) -> NDArray[np.int64]:
    """Return how many prices each aggressive order traded at, in the order of their first trades.

    An order takes the best price first, so this is also how many occupied levels deep it went; the
    last of them it may have left partly standing. int64, one element an order.

    Parameters
    ----------
    trades
        ``lob.EVENT`` rows of kind TRADE, in tape order.
    """
    if not len(trades):
        return np.empty(0, np.int64)
    new_order = np.diff(trades["order_id"], prepend=~trades["order_id"][0]) != 0
    new_price = np.diff(trades["price"], prepend=0) != 0
    return np.add.reduceat((new_order | new_price).astype(np.int64), np.flatnonzero(new_order))


def share_beyond(trades: NDArray[np.void], worst_recorded: ArrayLike) -> float:
    """Return the share of lots that traded at a worse price than the record of the book reaches.

    From 0 to 1. Depth out there is stale: what happened to it was not recorded. ``nan`` without a
    trade.

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
