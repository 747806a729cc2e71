"""Books of a known shape, swept and pushed: linear depth, equal depth, and double auctions.

Sources: B. Toth et al., "Anomalous price impact and the critical nature of liquidity in financial
markets", Physical Review X 1, 2011 (linear book, square-root law); R. Cont, A. Kukanov and
S. Stoikov, "The price impact of order book events", Journal of Financial Econometrics 12, 2014;
D. Gode and S. Sunder, "Allocative efficiency of markets with zero-intelligence traders", Journal
of Political Economy 101, 1993.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt

import numpy as np

from experiments.metrics.response import OrderFlow, flow_per_interval, ofi_slope, size_law
from experiments.validation.target import Values
from lob import MESSAGE, ORDER, Kind, OrderBook, OrderType, Side
from lob.checks import natural, real

__all__ = ["linear_sweep", "order_flow_imbalance", "square_root_law"]

NORMAL_95 = 1.96
"""Standard errors on either side of a mean that hold it in 95 of 100 large samples."""


def linear_sweep(slope: float = 10.0, size: float = 500.0, ticks_per_unit: int = 200) -> Values:
    """A market order sweeps a book that holds slope x distance lots a unit of price.

    The book is a real one; it is both asked (``cost``) and traded with (``submit``). The defaults
    are chosen.

    Parameters
    ----------
    slope
        L: lots a unit of price, per unit of distance; positive.
    size
        Q: lots of the order, positive.
    ticks_per_unit
        How fine the book is, 1 or more: the finer, the closer to the continuous theory.

    Returns
    -------
    Values
        ``shift`` of the best price and ``average`` slippage in units of price, measured;
        ``..._theory``: sqrt(2 Q / L) and two thirds of it; ``submitted_average``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("slope", slope, above=0)
    real("size", size, above=0)
    natural("ticks_per_unit", ticks_per_unit, 1)
    book, lots = _linear_book(slope, size, ticks_per_unit)
    cost = book.cost(Side.BUY, lots)
    outcome = book.submit(order_id=2**40, side=Side.BUY, size=lots, order_type=OrderType.MARKET)
    paid = sum(trade.price * trade.size for trade in outcome.trades)
    shift = sqrt(2 * size / slope)
    return {
        "shift": (cost.worst_price or 0) / ticks_per_unit,
        "average": cost.notional / cost.filled / ticks_per_unit,
        "submitted_average": paid / outcome.filled / ticks_per_unit,
        "shift_theory": shift,
        "average_theory": 2 * shift / 3,
    }


def _linear_book(slope: float, size: float, ticks_per_unit: int) -> tuple[OrderBook, int]:
    """Return asks at 1, 2, 3... ticks and the lots to take.

    Lots are carried in such units that every level holds whole ones: with s ticks a unit of
    price, the level at i ticks holds slope i / s^2, so a lot is counted as s^2 / gcd units.
    """
    exact = Fraction(slope).limit_denominator(10**6)
    scale = ticks_per_unit**2 * exact.denominator
    lots = round(size * scale)
    levels = int(sqrt(2 * lots / exact.numerator)) + 3
    orders = np.zeros(levels, ORDER)
    orders["price"] = orders["order_id"] = np.arange(1, levels + 1)
    orders["size"] = exact.numerator * orders["price"]
    orders["side"] = Side.SELL
    return OrderBook.from_orders(orders), lots


def square_root_law(
    slope: float = 10.0,
    daily_volume: float = 1e6,
    sigma: float = 100.0,
    smallest: float = 1e-4,
    largest: float = 1e-1,
    points: int = 13,
) -> Values:
    """Fit I = Y sigma (Q/V)^delta to sweeps of a linear book.

    A linear book at rest gives the square root by construction; this shows that the fit recovers it
    from the engine's fills, and nothing about a market. The defaults are chosen, but for the range
    of Q/V, which is that of Sato and Kanazawa 2024.

    Parameters
    ----------
    slope
        Lots a unit of price, per unit of distance; positive.
    daily_volume
        V in lots, positive.
    sigma
        Daily volatility in units of price, positive.
    smallest, largest, points
        Range of Q/V and how many values of it, evenly spaced on a log scale.

    Returns
    -------
    Values
        ``delta`` and ``prefactor`` with the half-widths of their intervals, and what the book
        implies: ``delta_theory`` and ``prefactor_theory`` = sqrt(2 V / slope) / sigma.

    Raises
    ------
    ValueError
        If a parameter is out of range, or ``largest`` does not exceed ``smallest``.
    """
    real("slope", slope, above=0)
    real("daily_volume", daily_volume, above=0)
    real("sigma", sigma, above=0)
    real("smallest", smallest, above=0)
    natural("points", points, 3)
    if not largest > smallest:
        raise ValueError(f"largest must exceed smallest = {smallest!r}, got {largest!r}")
    shares = np.geomspace(smallest, largest, points)
    shifts = np.array([linear_sweep(slope, daily_volume * x, 20)["shift"] for x in shares])
    law = size_law(shares, shifts / sigma)
    return {
        "delta": law.exponent.estimate,
        "delta_interval": (law.exponent.high - law.exponent.low) / 2,
        "prefactor": law.prefactor.estimate,
        "prefactor_interval": (law.prefactor.high - law.prefactor.low) / 2,
        "delta_theory": 0.5,
        "prefactor_theory": sqrt(2 * daily_volume / slope) / sigma,
    }


def order_flow_imbalance(
    depths: Sequence[int] = (5, 10, 20), window: int = 50, windows: int = 15_000, seed: int = 1
) -> Values:
    """Regress changes of the mid on order flow imbalance in a book of equal depth.

    Every level holds D lots. An event adds or takes one lot at one of the best quotes: a queue that
    empties uncovers D lots one tick behind, one that is full to D starts a new level one tick
    ahead. The two sides do not meet, as in the stylised book of Cont, Kukanov and Stoikov 2014.
    Imbalance and regression are those of ``firesale.metrics``, on the tape of a real book.

    Parameters
    ----------
    depths
        D, in lots, each 1 or more.
    window
        Events to each change of the mid, 1 or more.
    windows
        Simulated windows.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        For each depth ``slope`` in ticks a lot with its ``slope_error``, ``slope_theory`` = 1 / (2
        D), and ``r_squared``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    natural("window", window, 1)
    natural("windows", windows, 100)
    random = np.random.default_rng(seed)
    slopes, errors, explained = [], [], []
    for depth in depths:
        natural("depths", depth, 1)
        line = ofi_slope(_pushed_quotes(depth, window, windows, random))
        slopes.append(line.slope.estimate)
        errors.append((line.slope.high - line.slope.low) / 2 / NORMAL_95)
        explained.append(line.r2)
    return {
        "slope": slopes,
        "slope_error": errors,
        "slope_theory": [1 / (2 * depth) for depth in depths],
        "r_squared": explained,
    }


def _pushed_quotes(depth: int, window: int, windows: int, random: np.random.Generator) -> OrderFlow:
    """Push the quotes of a book one event a nanosecond, and return its flow by window."""
    events = window * windows
    on_bid, adds = random.random((2, events)) < 0.5
    step = np.where(adds, 1, -1)
    # Each side stands from its first lot, far behind, to its last: that is where it grows.
    walks = [np.cumsum(step * mine) for mine in (on_bid, ~on_bid)]
    behind = [1 - min(0, int(walk.min())) // depth for walk in walks]
    last = np.where(
        on_bid, *(walk + depth * levels for walk, levels in zip(walks, behind, strict=True))
    )
    rows = np.zeros(sum(behind) + events, MESSAGE)
    rows["kind"], rows["order_id"] = Kind.NEW, np.arange(1, len(rows) + 1)
    first, rest = rows[: sum(behind)], rows[sum(behind) :]
    apart = 10 * (events // depth + sum(behind))
    level = np.concatenate([np.arange(1, levels + 1) for levels in behind])
    first["side"] = np.repeat([Side.BUY, Side.SELL], behind)
    first["size"] = depth
    first["price"] = np.where(first["side"] == Side.BUY, level, apart - level)
    rest["ts_event"], rest["size"] = np.arange(1, events + 1), 1
    rest["side"] = np.where(on_bid == adds, Side.BUY, Side.SELL)
    rest["order_type"] = np.where(adds, OrderType.LIMIT, OrderType.MARKET)
    level = -(-last // depth)
    price = np.where(on_bid, level, apart - level)
    rest["price"] = np.where(adds, price, 0)
    return flow_per_interval(OrderBook().process(rows), window)
