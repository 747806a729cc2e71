"""The zero-intelligence book of Smith, Farmer, Gillemot and Krishnamurthy, on the real engine.

Source: E. Smith, J. D. Farmer, L. Gillemot and S. Krishnamurthy, "Statistical theory of the
continuous double auction", Quantitative Finance 3, 2003.

Unit limit orders arrive at rate alpha on every tick of a window behind the opposite best quote,
market orders at rate mu / 2 a side, and each resting order is cancelled at rate delta. The natural
unit of price is p_c = mu / (2 alpha), of time 1 / delta; eps = 2 delta / mu.

All times can be drawn beforehand, for none of the rates depends on the book: an order brings its
own time of cancellation, which finds nothing if the order has traded. Only the price of a limit
order waits for the opposite best quote.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from experiments.validation.target import Values
from lob import OrderBook, OrderType, Side, TimeInForce
from lob.checks import natural, real

__all__ = ["SantaFeFlow", "santa_fe", "santa_fe_scaling", "simulate"]

BID, ASK, SELL_MARKET, BUY_MARKET, CANCEL = range(5)
LIFETIMES = 10  # 1 / delta between two snapshots of the far book; arrivals are drawn as far ahead
NEAR, FAR = 0.45, 0.6  # of the window: levels this far from the opposite best stay inside it
WIDE = 8.0  # in p_c: a narrower window has no levels that are always in it and never traded at
MARKET_RATE = 1.0  # mu: the unit of time


@dataclass(frozen=True)
class SantaFeFlow:
    """Measures of a stretch of the zero-intelligence book; ticks, and times in units of 1 / mu."""

    spread: float
    """Time average of best ask - best bid, in ticks."""
    impact: float
    """Mean shift of the mid by a market order, towards the side it trades to, in ticks."""
    realised: float
    """Sum of squared changes of the mid over time, in squared ticks times mu: the limit of V(t) / t
    at short times."""
    middle: NDArray[np.float64]
    """The mid at equal steps of ``grid``, in ticks."""
    grid: float
    """Time between two samples of the mid, in units of 1 / mu."""
    far_mean: float
    """Mean orders a tick, far from the touch."""
    far_fano: float
    """Variance over mean of the orders a tick far from the touch; 0 where there was none."""
    market_orders: int
    """Count of market orders."""
    empty: float
    """Share of the time in which a side was empty, from 0 to 1."""


def santa_fe(
    eps: float = 0.2,
    granularity: float = 0.02,
    window: float = 10.0,
    market_orders: int = 1_000_000,
    seed: int = 1,
    emptied: Literal["refuse", "go on"] = "refuse",
) -> Values:
    """Spread, diffusion, impact and far depth of the zero-intelligence book.

    The defaults are those of Smith et al. 2003 at a large ``eps``.

    Parameters
    ----------
    eps
        2 delta / mu, positive.
    granularity
        Tick over p_c, so that p_c is a whole number of ticks.
    window
        How far from the opposite best quote limit orders are placed, in p_c; at least 3.
    market_orders
        Market orders of the run, after a warm-up of 20 / delta.
    seed
        Seed of the simulation.
    emptied
        Where a side of the book empties, which the model does at a large ``eps``: "refuse", or "go
        on": the last best quote of that side stands in for it where limit orders are placed, market
        orders against it find nothing, the mid is that of these quotes, and the spread is that of
        the time that has both sides.

    Returns
    -------
    Values
        ``spread`` / p_c (time average), ``variance`` of the mid over 0.5 / delta, over p_c^2,
        ``late_diffusion`` = V(t) / (t p_c^2 delta) over 20 / delta, ``early_diffusion`` the same at
        t -> 0, ``impact`` of one market order on the mid / p_c, ``far_depth`` over alpha / delta,
        and ``far_fano`` (both 1 by theory; absent where ``window`` is below 8 or nothing rests
        there), and, where it goes on, ``empty_share``: the share of the time that lacks a side.
        Standard errors are between ten stretches of the run.

    Raises
    ------
    ValueError
        If a parameter is out of range, or a side empties where that is refused.
    """
    real("eps", eps, above=0)
    real("granularity", granularity, above=0)
    natural("market_orders", market_orders, 100)
    if window < 3:
        raise ValueError(f"window must be at least 3 (in p_c), got {window!r}")
    unit = round(1 / granularity)
    if unit < 1 or abs(unit * granularity - 1) > 1e-9:
        raise ValueError(f"granularity must be 1 over a whole number, got {granularity!r}")
    delta = eps * MARKET_RATE / 2
    parts = simulate(eps, unit, round(window * unit), market_orders, seed, emptied == "go on")
    middle = np.concatenate([part.middle for part in parts])
    steps = round(0.5 / delta / parts[0].grid)
    late = 40 * steps
    measured = {
        "spread": [part.spread / unit for part in parts],
        "impact": [part.impact / unit for part in parts],
        "variance": [_variance(part.middle, steps) / unit**2 for part in parts],
        "early_diffusion": [part.realised / unit**2 / delta for part in parts],
    }
    values: Values = {}
    if emptied == "go on":
        measured["empty_share"] = [part.empty for part in parts]
    if window >= WIDE and all(part.far_mean for part in parts):
        depth = 2 * unit * delta / MARKET_RATE
        measured["far_depth"] = [part.far_mean * depth for part in parts]
        measured["far_fano"] = [part.far_fano for part in parts]
    for name, found in measured.items():
        values[name] = float(np.mean(found))
        values[f"{name}_error"] = float(np.std(found, ddof=1) / sqrt(len(found)))
    if len(middle) > 5 * late:
        values["late_diffusion"] = _variance(middle, late) / unit**2 / 20
        # Overlapping differences carry about as much as 1.5 times the disjoint ones.
        values["late_diffusion_error"] = values["late_diffusion"] * sqrt(
            2 / (1.5 * len(middle) / late)
        )
    return values


def _variance(middle: NDArray[np.float64], steps: int) -> float:
    """Return the mean square of overlapping differences: the drift is zero by symmetry."""
    changes = middle[steps:] - middle[:-steps]
    return float((changes**2).mean())


def santa_fe_scaling(
    lower_eps: float = 0.02,
    upper_eps: float = 0.2,
    granularity: float = 0.02,
    market_orders: int = 200_000,
    seed: int = 1,
) -> Values:
    """How diffusion of the zero-intelligence book scales with eps, as exponents between two runs.

    Parameters
    ----------
    lower_eps, upper_eps
        2 delta / mu of the two runs, positive and rising.
    granularity
        Tick over p_c, so that p_c is a whole number of ticks.
    market_orders
        Market orders of each run, far more than 200 / ``lower_eps``.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``exponents`` of the diffusion at t -> 0 and at late times, in units of mu^2 delta /
        alpha^2, with ``exponents_error``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    if not 0 < lower_eps < upper_eps:
        raise ValueError(f"upper_eps must exceed lower_eps = {lower_eps!r}, got {upper_eps!r}")
    natural("market_orders", market_orders, 100_000)
    runs = [santa_fe(eps, granularity, 6.0, market_orders, seed) for eps in (lower_eps, upper_eps)]
    wide = np.log(upper_eps / lower_eps)
    names = ("early_diffusion", "late_diffusion")
    if any("late_diffusion" not in run for run in runs):
        raise ValueError(
            f"market_orders must exceed 200 / lower_eps = {200 / lower_eps:.0f} by far, "
            f"got {market_orders!r}"
        )
    errors = [
        sqrt(sum((run[f"{name}_error"] / run[name]) ** 2 for run in runs)) / wide for name in names
    ]
    return {
        "exponents": [float(np.log(runs[1][name] / runs[0][name]) / wide) for name in names],
        "exponents_error": [float(error) for error in errors],
    }


@lru_cache(maxsize=4)  # one run serves several targets
def simulate(
    eps: float,
    unit: int,
    window: int,
    market_orders: int,
    seed: int,
    goes_on: bool = False,
    parts: int = 10,
) -> tuple[SantaFeFlow, ...]:
    """Run the zero-intelligence book and measure consecutive stretches of it, after the warm-up.

    Parameters
    ----------
    eps
        2 delta / mu, positive.
    unit, window
        p_c, and the reach of limit orders from the opposite best quote, in ticks.
    market_orders
        Market orders of the whole run without the warm-up.
    seed
        Seed of the simulation.
    goes_on
        Whether an empty side is part of the run, or ends it.
    parts
        How many stretches of equal length.

    Raises
    ------
    ValueError
        If a side empties and ``goes_on`` is false.
    """
    delta = eps * MARKET_RATE / 2
    random = np.random.default_rng(seed)
    book = _Book(unit, window, delta, random, goes_on)
    book.run(20 / delta)
    return tuple(book.run(market_orders / MARKET_RATE / parts) for _ in range(parts))


class _Book:
    """The book, the orders that will be cancelled, and the clock."""

    def __init__(
        self, unit: int, window: int, delta: float, random: np.random.Generator, goes_on: bool
    ) -> None:
        self.engine = OrderBook()
        self.goes_on, self.empty = goes_on, 0.0
        self.quotes = (-1, 1)  # best bid and ask, of an empty side the last ones
        self.window, self.delta, self.random = window, delta, random
        alpha = MARKET_RATE / (2 * unit)
        self.rates = np.array([alpha * window, alpha * window, MARKET_RATE / 2, MARKET_RATE / 2])
        self.grid = 0.1 / delta / 2
        self.time, self.next_id = 0.0, 0
        # Cancellations to come: times and the orders they are for.
        self.due: tuple[NDArray[np.float64], NDArray[np.int64]] = (np.empty(0), np.empty(0, int))
        self._fill(alpha / delta)

    def _fill(self, density: float) -> None:
        """Start from the law of the far book, the two sides a tick apart."""
        for side in (Side.BUY, Side.SELL):
            for distance in range(1, self.window):
                for _ in range(max(int(self.random.poisson(density)), distance == 1)):
                    self.engine.submit(
                        order_id=self.next_id, side=side, price=-side * distance, size=1
                    )
                    self.next_id += 1
        times = self.random.exponential(1 / self.delta, self.next_id)
        self.due = times, np.arange(self.next_id)

    def _draw(self, until: float) -> tuple[list[float], list[int], list[int], list[float]]:
        """Return times, kinds, order ids and placements of all that happens before ``until``."""
        span = until - self.time
        counts = self.random.poisson(self.rates * span)
        kinds = np.repeat(np.arange(4), counts)
        times = self.time + span * self.random.random(len(kinds))
        ids = np.arange(self.next_id, self.next_id + len(kinds))
        self.next_id += len(kinds)
        limits = kinds <= ASK
        gone = times[limits] + self.random.exponential(1 / self.delta, int(limits.sum()))
        due = np.concatenate([self.due[0], gone])
        owed = np.concatenate([self.due[1], ids[limits]])
        now = due < until
        self.due = due[~now], owed[~now]
        times = np.concatenate([times, due[now]])
        kinds = np.concatenate([kinds, np.full(int(now.sum()), CANCEL)])
        ids = np.concatenate([ids, owed[now]])
        order = np.argsort(times, kind="stable")
        places = self.random.random(len(order))
        return times[order].tolist(), kinds[order].tolist(), ids[order].tolist(), places.tolist()

    def run(self, span: float) -> SantaFeFlow:
        """Let ``span`` of time pass and measure it."""
        end, start, self.empty = self.time + span, self.time, 0.0
        spread = shift = realised = 0.0
        takers = 0
        middle: list[float] = []
        far: list[NDArray[np.int64]] = []
        while self.time < end:
            until = min(end, self.time + LIFETIMES / self.delta)
            found = self._stretch(until, start, middle)
            spread, shift = spread + found[0], shift + found[1]
            realised, takers = realised + found[2], takers + found[3]
            self.time = until
            far += [self._far_levels(Side.BUY), self._far_levels(Side.SELL)]
        counts = np.concatenate(far)
        return SantaFeFlow(
            spread=spread / max(span - self.empty, 1e-300),
            impact=shift / max(takers, 1),
            realised=realised / span,
            middle=np.array(middle),
            grid=self.grid,
            far_mean=float(counts.mean()),
            far_fano=float(counts.var() / counts.mean()) if counts.any() else 0.0,
            market_orders=takers,
            empty=self.empty / span,
        )

    def _far_levels(self, side: Side) -> NDArray[np.int64]:
        """Return how many orders rest on each tick that is far from the touch."""
        levels = self.engine.bids() if side == Side.BUY else self.engine.asks()
        best = self.quotes[1 if side == Side.BUY else 0]
        distance = side * (best - levels["price"])
        first, last = int(NEAR * self.window), int(FAR * self.window)
        here = (distance >= first) & (distance < last)
        counts = np.zeros(last - first, np.int64)
        counts[distance[here] - first] = levels["orders"][here]
        return counts

    def _emptied(self) -> ValueError:
        eps = 2 * self.delta / MARKET_RATE
        return ValueError(
            f"a side of the book emptied at eps = {eps:g}, where it holds some "
            'window / eps orders: take a smaller eps, a wider window, or emptied = "go on"'
        )

    def _stretch(
        self, until: float, start: float, middle: list[float]
    ) -> tuple[float, float, float, int]:
        """Apply every event before ``until``; return sums of spread, impact, squared changes."""
        book, window = self.engine, self.window
        submit, cancel = book.submit, book.cancel
        (bid, ask), whole = self.quotes, None not in (book.best_bid, book.best_ask)
        last, spread, realised, shift, takers = self.time, 0.0, 0.0, 0.0, 0
        sample = start + (len(middle) + 1) * self.grid
        for time, kind, order_id, place in zip(*self._draw(until), strict=True):
            while sample <= time:
                middle.append((bid + ask) / 2)
                sample += self.grid
            if whole:
                spread += (time - last) * (ask - bid)
            else:
                self.empty += time - last
            last = time
            if kind == CANCEL:
                cancel(order_id)
            elif kind == BID:
                submit(order_id=order_id, side=1, price=ask - 1 - int(place * window), size=1)
            elif kind == ASK:
                submit(order_id=order_id, side=-1, price=bid + 1 + int(place * window), size=1)
            else:
                submit(
                    order_id=order_id,
                    side=1 if kind == BUY_MARKET else -1,
                    size=1,
                    order_type=OrderType.MARKET,
                    time_in_force=TimeInForce.IOC,
                )
            new_bid, new_ask = book.best_bid, book.best_ask
            whole = new_bid is not None and new_ask is not None
            if new_bid is None or new_ask is None:
                if not self.goes_on:
                    raise self._emptied()
                new_bid, new_ask = _stand_in(new_bid, new_ask, bid, ask)
            if new_bid != bid or new_ask != ask:
                moved = (new_bid + new_ask - bid - ask) / 2
                realised += moved * moved
                if kind in (SELL_MARKET, BUY_MARKET):
                    shift += moved if kind == BUY_MARKET else -moved
                bid, ask = new_bid, new_ask
            takers += kind in (SELL_MARKET, BUY_MARKET)
        if whole:
            spread += (until - last) * (ask - bid)
        else:
            self.empty += until - last
        self.quotes = bid, ask
        return spread, shift, realised, takers


def _stand_in(new_bid: int | None, new_ask: int | None, bid: int, ask: int) -> tuple[int, int]:
    """Return the quotes that orders are placed by: of an empty side the last one, uncrossed."""
    if new_ask is not None:
        return min(bid, new_ask - 1), new_ask
    return (bid, ask) if new_bid is None else (new_bid, max(ask, new_bid + 1))
