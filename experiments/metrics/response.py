"""How prices respond to flow: impact against size, Kyle's lambda, order flow imbalance, recovery.

Sources: A. S. Kyle, "Continuous auctions and insider trading", Econometrica 53(6), 1985 (lambda);
R. Cont, A. Kukanov and S. Stoikov, "The price impact of order book events", Journal of Financial
Econometrics 12(1), 2014 (order flow imbalance); N. Torre, BARRA Market Impact Model Handbook, 1997
(the square-root law).
"""

from math import exp, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.metrics.intervals import (
    FittedLine,
    Interval,
    bootstrap_interval,
    fit_line,
    to_series,
)
from experiments.metrics.quotes import crossed, last_at, mid_at
from lob import Reason, journal
from lob.checks import natural

__all__ = [
    "OrderFlow",
    "SizeLaw",
    "flow_per_interval",
    "kyle_lambda",
    "ofi",
    "ofi_slope",
    "recovery_time_ns",
    "size_law",
]


class SizeLaw(NamedTuple):
    """A fitted power law: impact = prefactor x size ** exponent."""

    exponent: Interval
    """Exponent of size: 1/2 is the square-root law, 1 a linear one."""
    prefactor: Interval
    """Impact of size 1, in the unit of the impacts."""
    r2: float
    """R squared of the line through the logarithms, at most 1."""


class OrderFlow(NamedTuple):
    """Price changes and flow in intervals of one length, one array element each.

    Intervals with an undefined mid are left out.
    """

    end_ns: NDArray[np.int64]
    """End of the interval, in ns."""
    mid_change: NDArray[np.float64]
    """Change of the mid over the interval, in ticks."""
    signed_volume: NDArray[np.int64]
    """Lots bought less lots sold by aggressors."""
    ofi: NDArray[np.int64]
    """Order flow imbalance in lots, positive where buying presses."""


def size_law(
    sizes: ArrayLike, impacts: ArrayLike, *, level: float = 0.95, seed: int = 0
) -> SizeLaw:
    """Return the least-squares line through log(impact) against log(size).

    Impact is signed so that a move in the direction of the order is positive; its unit is free
    (ticks, bps, daily volatilities), as is that of size (lots, shares of daily volume).

    Parameters
    ----------
    sizes
        At least 3, all positive.
    impacts
        One a size: the intervals are Student's, from the scatter about the line. Or [seed, size]:
        the line goes through the means, and intervals come from a bootstrap over seeds. A mean of
        logarithms would drop every seed with a negative impact, and so exaggerate.
    level
        Confidence level of the intervals, between 0 and 1.
    seed
        Seed of the bootstrap.

    Raises
    ------
    ValueError
        If a size or a mean impact is not positive (a power law has none), or shapes do not match.
    """
    across, up = to_series("sizes", sizes, 3), np.asarray(impacts, np.float64)
    if up.shape[-1:] != across.shape or up.ndim > 2 or not up.size:
        raise ValueError(f"impacts must have one a size, {len(across)}, got shape {up.shape}")
    means = up.mean(axis=0) if up.ndim == 2 else up
    for name, values in (("sizes", across), ("mean impacts", means)):
        if not (values > 0).all():
            row = int(np.argmin(values > 0))
            raise ValueError(f"{name} must be positive, got {values[row]} for size {across[row]}")
    line = fit_line(np.log(across), np.log(means), level=level)
    if up.ndim == 1:
        bounds = line.intercept
        prefactor = bounds._replace(
            estimate=exp(bounds.estimate), low=exp(bounds.low), high=exp(bounds.high)
        )
        return SizeLaw(line.slope, prefactor, line.r2)

    def exponent_of(rows: NDArray[np.float64]) -> float:
        return _power_of(across, rows.mean(axis=0))[0]

    def prefactor_of(rows: NDArray[np.float64]) -> float:
        return _power_of(across, rows.mean(axis=0))[1]

    return SizeLaw(
        bootstrap_interval(up, exponent_of, level=level, seed=seed),
        bootstrap_interval(up, prefactor_of, level=level, seed=seed),
        line.r2,
    )


def ofi(quotes: NDArray[np.void]) -> NDArray[np.int64]:
    """Return the contribution of each quote to the order flow imbalance, in lots; 0 of the first.

    With bid price and size P, q and ask price and size A, r, before (1) and after (2)::

        e = q2 [P2 >= P1] - q1 [P2 <= P1] - r2 [A2 <= A1] + r1 [A2 >= A1]

    Buying pressure is positive: bids that come, asks that go. An empty side has size 0 at a price
    worse than every other. (Cont, Kukanov and Stoikov, section 2.)
    """
    worst = np.iinfo(np.int64).max
    bid = np.where(quotes["bid_size"] > 0, quotes["bid_price"], -worst)
    ask = np.where(quotes["ask_size"] > 0, quotes["ask_price"], worst)
    bid_size, ask_size = quotes["bid_size"], quotes["ask_size"]
    found = np.zeros(len(quotes), np.int64)
    found[1:] = (
        np.where(bid[1:] >= bid[:-1], bid_size[1:], 0)
        - np.where(bid[1:] <= bid[:-1], bid_size[:-1], 0)
        - np.where(ask[1:] <= ask[:-1], ask_size[1:], 0)
        + np.where(ask[1:] >= ask[:-1], ask_size[:-1], 0)
    )
    return found


def flow_per_interval(
    events: NDArray[np.void],
    interval_ns: int,
    *,
    instrument: int = 0,
    quotes: NDArray[np.void] | None = None,
) -> OrderFlow:
    """Return mid change, signed volume and order flow imbalance in intervals of one length.

    Intervals begin after the time of the first quote and are whole: what is left at the end does
    not count. What happens at the end of an interval is of that interval. Trades of a call auction
    have no aggressor, and its quotes bind nobody once they cross: neither counts.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows of a run that started with an empty book.
    interval_ns
        Length in ns, positive.
    instrument
        Number of the instrument on the tape.
    quotes
        The instrument's ``lob.QUOTE`` rows of this tape, if at hand; ``None``: made from the
        events.

    Raises
    ------
    ValueError
        If the tape is shorter than one interval.
    """
    natural("interval_ns", interval_ns, 1)
    if quotes is None:
        quotes, _ = journal.quotes(events, instrument)
    quotes = quotes[~crossed(quotes)]
    length = int(quotes["ts_event"][-1] - quotes["ts_event"][0]) if len(quotes) else 0
    if length < interval_ns:
        raise ValueError(f"events must last an interval of {interval_ns} ns, got {length} ns")
    edges = quotes["ts_event"][0] + interval_ns * np.arange(length // interval_ns + 1)
    change = np.diff(mid_at(quotes, edges))
    traded = journal.trades(events, instrument)
    traded = traded[traded["reason"] != Reason.UNCROSS]
    volume = _between(traded["ts_event"], traded["side"] * traded["size"], edges)
    imbalance = _between(quotes["ts_event"], ofi(quotes), edges)
    known = ~np.isnan(change)
    return OrderFlow(edges[1:][known], change[known], volume[known], imbalance[known])


def kyle_lambda(flow: OrderFlow, *, level: float = 0.95) -> FittedLine:
    """Return Kyle's lambda: the slope of mid change on signed volume, in ticks a lot.

    Standard errors are robust to scatter that depends on volume.

    Parameters
    ----------
    flow
        Flow in intervals, as ``flow_per_interval`` gives it.
    level
        Confidence level of the intervals, between 0 and 1.

    Raises
    ------
    ValueError
        If there are fewer than 3 intervals, or volume never changes.
    """
    return fit_line(flow.signed_volume, flow.mid_change, level=level, robust=True)


def ofi_slope(flow: OrderFlow, *, level: float = 0.95) -> FittedLine:
    """Return the regression of mid change on order flow imbalance, slope in ticks a lot.

    In a book of ``d`` lots at every tick the slope is 1 / (2 d). Standard errors are robust to
    scatter that depends on the imbalance.

    Parameters
    ----------
    flow
        Flow in intervals, as ``flow_per_interval`` gives it.
    level
        Confidence level of the intervals, between 0 and 1.

    Raises
    ------
    ValueError
        If there are fewer than 3 intervals, or the imbalance never changes.
    """
    return fit_line(flow.ofi, flow.mid_change, level=level, robust=True)


def recovery_time_ns(
    ts_event: ArrayLike,
    depth: ArrayLike,
    shock_ns: int,
    *,
    share: float = 0.9,
    window_ns: int = 60_000_000_000,
    hold_ns: int = 0,
    baseline: float | None = None,
) -> int | None:
    """Return how long after a shock depth was back, in ns; ``None`` if not while the tape lasts.

    Depth is back from the first time on at which it is at least ``share`` of the baseline and stays
    so for ``hold_ns``. 0 if the shock left it there.

    Parameters
    ----------
    ts_event
        Times in ns, never falling: each depth holds until the next.
    depth
        Lots at these times: a touch size of ``lob.QUOTE``, or a sum over ``lob.journal.depths``.
    shock_ns
        Time of the shock; its effect is in the last depth of that time.
    share
        Share of the baseline, more than 0.
    window_ns
        The baseline is the mean over time of the depth in this window before the shock; positive.
    hold_ns
        How long depth has to stay back, in ns, not negative.
    baseline
        In lots, to use instead: for example the twin's depth.

    Raises
    ------
    ValueError
        If nothing is known before the shock, or an argument is out of range.
    """
    times, lots = np.asarray(ts_event, np.int64), to_series("depth", depth, 1)
    if times.shape != lots.shape:
        raise ValueError(f"depth must have one a time, {len(times)}, got {len(lots)}")
    if share <= 0 or window_ns < 1 or hold_ns < 0:
        raise ValueError(
            f"share and window_ns must be positive and hold_ns not negative, "
            f"got {share}, {window_ns} and {hold_ns}"
        )
    if baseline is None:
        baseline = _mean_between(times, lots, shock_ns - window_ns, shock_ns)
    at_shock = int(last_at(times, shock_ns))
    if at_shock < 0:
        raise ValueError(f"ts_event must begin by the shock at {shock_ns}, got {times[0]}")
    # Of rows that share a time only the last is a state that lasted.
    lasting = np.flatnonzero(np.diff(times, append=times[-1] + 1))
    lasting = lasting[lasting >= at_shock]
    back = lots[lasting] >= share * baseline
    starts = np.maximum(times[lasting], shock_ns)
    fresh = np.flatnonzero(back & ~np.concatenate([[False], back[:-1]]))
    for row in fresh:
        lost = np.flatnonzero(~back[row:])
        until = starts[row + lost[0]] if len(lost) else times[-1]
        if until - starts[row] >= hold_ns:
            return int(starts[row] - shock_ns)
    return None


def _mean_between(
    times: NDArray[np.int64], values: NDArray[np.float64], start: int, stop: int
) -> float:
    """Return the mean over time of a step function from its first value after ``start`` on."""
    edges = np.clip(np.append(times, stop), start, stop)
    held = np.diff(edges).astype(np.float64)
    if not held.any():
        raise ValueError(f"ts_event must begin before the shock at {stop}, got {times[0]}")
    return float(np.average(values, weights=held))


def _between(
    times: NDArray[np.int64], amounts: NDArray[np.int64], edges: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the sum of amounts after each edge up to the next, exact."""
    running = np.concatenate([[0], np.cumsum(amounts, dtype=np.int64)])
    return np.diff(running[last_at(times, edges) + 1])


def _power_of(sizes: NDArray[np.float64], impacts: NDArray[np.float64]) -> tuple[float, float]:
    """Return exponent and prefactor of the line through the logarithms, ``nan`` without one."""
    if not (impacts > 0).all():
        return nan, nan
    logs = np.log(sizes)
    centred = logs - logs.mean()
    exponent = float(centred @ np.log(impacts) / (centred @ centred))
    return exponent, exp(float(np.log(impacts).mean()) - exponent * float(logs.mean()))
