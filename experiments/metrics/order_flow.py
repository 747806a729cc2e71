"""Market orders and resting orders as point processes: how they cluster, what they leave.

Sources: A. G. Hawkes, "Spectra of some self-exciting and mutually exciting point processes",
Biometrika 58, 1971; J.-P. Bouchaud, Y. Gefen, M. Potters and M. Wyart, "Fluctuations and response
in financial markets", Quantitative Finance 4, 2004 (the response function).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lob.checks import natural
from lob.units import SECOND_NS

__all__ = [
    "DECAYS",
    "HawkesFit",
    "Lives",
    "StepKind",
    "coefficient_of_variation",
    "fano_factor",
    "hawkes_fit",
    "hazard",
    "mean_imbalance",
    "order_lives",
    "recovery_half_life_ns",
    "recovery_times_ns",
    "response",
    "resting_prices",
]

DECAYS = (0.02, 0.2, 2.0, 20.0, 200.0)
"""Rates in a second at which the kernels of ``hawkes_fit`` decay: memories of 50 s to 5 ms."""


class StepKind:
    """What happened to a resting order."""

    NEW = 1
    """It began to rest with ``size`` lots."""
    TRADED = 2
    """It lost ``size`` lots to a market order."""
    REDUCED = 3
    """``size`` lots were taken off it, and it kept its place."""
    CANCELLED = 4
    """It is gone, with all that was left of it."""
    REPLACED = 5
    """It has another price or size now."""


class HawkesFit(NamedTuple):
    """A self-exciting process fitted to event times."""

    branching: float
    """Events that one event causes directly, on average: 0 is a Poisson process."""
    baseline: float
    """Events a second that come by themselves."""
    norms: NDArray[np.float64]
    """The part of the branching ratio of each kernel."""
    log_likelihood: float
    """Of the times, in nats."""


class Lives(NamedTuple):
    """Resting orders whose birth is known, one array element each."""

    born_ns: NDArray[np.int64]
    """Time at which the order began to rest, in ns."""
    age_ns: NDArray[np.int64]
    """Age at the end, in ns: of its life, or of the record."""
    cancelled: NDArray[np.bool_]
    """Whether it was cancelled; else it traded, or something else hides or ends it."""
    birth: NDArray[np.int64]
    """Row of the steps at which it began."""


def coefficient_of_variation(values: ArrayLike) -> float:
    """Return the standard deviation (n - 1) over the mean, a pure number."""
    found = np.asarray(values, np.float64)
    return float(found.std(ddof=1) / found.mean())


def fano_factor(ts: ArrayLike, window_ns: int, start_ns: int, end_ns: int) -> float:
    """Return the variance of the count of events in a window over its mean; 1 is Poisson.

    Parameters
    ----------
    ts
        Times of the events in ns.
    window_ns
        Length of a window in ns; whole windows count, from the start.
    start_ns, end_ns
        From and until when events were counted.

    Raises
    ------
    ValueError
        If there are not two windows, or no event in them.
    """
    natural("window_ns", window_ns, 1)
    windows = (end_ns - start_ns) // window_ns
    if windows < 2:
        raise ValueError(f"there must be two windows of {window_ns} ns, got {windows}")
    which = (np.asarray(ts, np.int64) - start_ns) // window_ns
    counts = np.bincount(which[(which >= 0) & (which < windows)], minlength=windows)
    if not counts.any():
        raise ValueError("there must be an event in the windows")
    return float(counts.var(ddof=1) / counts.mean())


def hawkes_fit(
    ts: ArrayLike, start_ns: int, end_ns: int, decays: tuple[float, ...] = DECAYS
) -> HawkesFit:
    """Return the self-exciting process of fixed decays that is likeliest for the events.

    The intensity is mu + sum over kernels k of n_k b_k sum over earlier events exp(-b_k age). With
    the decays b fixed, the likelihood is concave in mu and the norms n, so there is one maximum.
    The branching ratio is the sum of the norms. Rates that change over a day pass for excitation
    of the slowest kernel: it is an upper bound where they do.

    Parameters
    ----------
    ts
        Times in ns, never falling, at least 10.
    start_ns, end_ns
        From and until when events were observed.
    decays
        Rates in a second, all positive.

    Raises
    ------
    ValueError
        If there are too few events.
    """
    times = (np.asarray(ts, np.int64) - start_ns) / SECOND_NS
    if len(times) < 10:
        raise ValueError(f"ts must have 10 events or more, got {len(times)}")
    length = (end_ns - start_ns) / SECOND_NS
    rates = np.asarray(decays, np.float64)
    pressure = _pressure(times, rates) * rates
    heard = (1 - np.exp(-np.outer(length - times, rates))).sum(axis=0)
    design = np.column_stack([np.ones(len(times)), pressure])
    expected = np.concatenate([[length], heard])
    # In units in which each part alone would explain all events.
    scale = len(times) / expected
    design, expected = design * scale, expected * scale

    weights, value = _most_likely(design, expected)
    weights = weights * scale
    return HawkesFit(float(weights[1:].sum()), float(weights[0]), weights[1:], value)


def _most_likely(
    design: NDArray[np.float64], expected: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Weights of 0 or more that maximise sum(log(design @ w)) - expected @ w, and the maximum.

    Newton's method among the weights that are not held at zero: the function is concave.
    """
    weights = np.full(len(expected), 1 / len(expected))

    def value(w: NDArray[np.float64]) -> float:
        intensity = design @ w
        return float(np.log(intensity).sum() - expected @ w) if intensity.min() > 0 else -np.inf

    best = value(weights)
    for _ in range(200):
        slopes = design / (design @ weights)[:, None]
        gradient = slopes.sum(axis=0) - expected
        free = (weights > 0) | (gradient > 0)
        curvature = slopes[:, free].T @ slopes[:, free]
        # A kernel that no pair of events is near has no curvature: it stays where it is.
        step = np.zeros_like(weights)
        step[free] = np.linalg.lstsq(curvature, gradient[free], rcond=1e-12)[0]
        length, found = 1.0, -np.inf
        while length > 1e-9 and not found > best:
            trial = np.maximum(weights + length * step, 0)
            found, length = value(trial), length / 2
        if not found > best + 1e-9:
            break
        weights, best = trial, found
    return weights, best


def _pressure(times: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over earlier events of exp(-rate x age) at each event, one column a rate."""
    gaps = np.diff(times)
    found = np.zeros((len(times), len(rates)))
    for k, rate in enumerate(rates):
        value, column = 0.0, [0.0]
        for keep in np.exp(-rate * gaps).tolist():
            value = (value + 1.0) * keep
            column.append(value)
        found[:, k] = column
    return found


def mean_imbalance(
    bid_size: NDArray[np.int64], ask_size: NDArray[np.int64], side: NDArray[np.integer]
) -> float:
    """Return the mean of side x (bid size - ask size) / (bid size + ask size), from -1 to 1.

    Positive: market orders go where less rests against them.

    Parameters
    ----------
    bid_size, ask_size
        Lots at the best prices ahead of each market order, both above 0.
    side
        1: it bought, -1: it sold.
    """
    bid, ask = bid_size.astype(np.float64), ask_size.astype(np.float64)
    return float(np.mean(side * (bid - ask) / (bid + ask)))


def response(mids: NDArray[np.float64], side: NDArray[np.integer], lag: int) -> float:
    """Return R(lag): the mean of side x (mid ahead of the order ``lag`` later - mid ahead of it).

    Parameters
    ----------
    mids
        The mid ahead of each market order, in any unit; those that are ``nan`` are left out.
    side
        1: it bought, -1: it sold.
    lag
        In market orders, 1 or more.
    """
    natural("lag", lag, 1)
    moved = side[:-lag] * (mids[lag:] - mids[:-lag])
    return float(np.nanmean(moved))


def recovery_half_life_ns(
    ts_event: NDArray[np.int64],
    spreads: NDArray[np.float64],
    before: NDArray[np.int64],
    after: NDArray[np.int64],
) -> float:
    """Return the median of ``recovery_times_ns``, in ns; ``nan`` of no order.

    Infinite where less than half of them see it before the record ends.

    Parameters
    ----------
    ts_event, spreads, before, after
        As of ``recovery_times_ns``.
    """
    found = recovery_times_ns(ts_event, spreads, before, after)
    return float(np.median(found)) if len(found) else float("nan")


def recovery_times_ns(
    ts_event: NDArray[np.int64],
    spreads: NDArray[np.float64],
    before: NDArray[np.int64],
    after: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return how long it takes until half of what each order added to the spread is gone, in ns.

    Infinite where the record ends before.

    Parameters
    ----------
    ts_event, spreads
        The spread from each time on; ``nan`` where a side is empty: not recovered.
    before, after
        Rows with the spread as an order met and left it, wider than before.
    """
    goal = (spreads[before] + spreads[after]) / 2
    found = np.full(len(after), np.inf)
    open_ = np.arange(len(after))
    row = after.copy()
    while len(open_):
        row = row + 1
        inside = row < len(spreads)
        open_, row = open_[inside], row[inside]
        done = spreads[row] <= goal[open_]
        found[open_[done]] = ts_event[row[done]] - ts_event[after[open_[done]]]
        open_, row = open_[~done], row[~done]
    return found


def order_lives(steps: NDArray[np.void], end_ns: int) -> Lives:
    """Return the lives of resting orders that began in the record.

    An order that gets another price, or more lots, ends as one that is cancelled and begins anew.

    Parameters
    ----------
    steps
        What happened to resting orders in order of time: rows with the fields ``ts_event`` (ns),
        ``order_id``, ``price``, ``size``, ``kind`` (``StepKind``) and ``told`` (whether somebody
        did it).
    end_ns
        The end of the record, in ns.
    """
    by_order = np.argsort(steps["order_id"], kind="stable")
    rows = steps[by_order]
    kind, size, ts = rows["kind"], rows["size"], rows["ts_event"]
    other = np.ones(len(rows), np.bool_)
    other[1:] = rows["order_id"][1:] != rows["order_id"][:-1]
    # A stretch begins with each statement of what rests: what is taken off is counted from there.
    states = (kind == StepKind.NEW) | (kind == StepKind.REPLACED)
    starts = states | other
    stretch = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    lots = np.minimum(size, 2**40).astype(np.float64)
    taken = np.where((kind == StepKind.TRADED) | (kind == StepKind.REDUCED), lots, 0.0)
    total = np.cumsum(taken)
    gone = total - (total[first] - taken[first])[stretch]
    stated = np.where(states, lots, np.inf)[first][stretch]
    over = (kind == StepKind.CANCELLED) | ((taken > 0) & (gone >= stated))
    # A replacement keeps the order's place only at its price and with no more lots.
    again = np.zeros(len(rows), np.bool_)
    replaced = first[(kind[first] == StepKind.REPLACED) & ~other[first]]
    earlier = first[stretch[replaced] - 1]
    left = stated[earlier] - gone[replaced - 1]
    again[replaced] = (rows["price"][replaced] != rows["price"][earlier]) | (size[replaced] > left)
    begins = (kind == StepKind.NEW) | again | ((kind == StepKind.REPLACED) & other)
    starts_life = begins | other
    life = np.cumsum(starts_life) - 1
    births = np.flatnonzero(starts_life)
    ends = np.full(len(births), len(rows), np.int64)
    where = np.flatnonzero(over)
    np.minimum.at(ends, life[where], where)
    ended = ends < len(rows)
    at = np.minimum(ends, len(rows) - 1)
    by_cancel = ended & (kind[at] != StepKind.TRADED) & rows["told"][at]
    # Replaced while it rested: it ends where its successor begins.
    next_birth = np.append(births[1:], len(rows))
    follows = ~ended & (next_birth < len(rows))
    follows[follows] = again[next_birth[follows]]
    until = np.where(ended, ts[at], np.where(follows, ts[np.minimum(next_birth, len(rows) - 1)],
                                             end_ns))  # fmt: skip
    known = begins[births] & rows["told"][births]
    cancelled = by_cancel | (follows & rows["told"][np.minimum(next_birth, len(rows) - 1)])
    born = ts[births]
    return Lives(born[known], (until - born)[known], cancelled[known], by_order[births[known]])


def resting_prices(steps: NDArray[np.void]) -> NDArray[np.float64]:
    """Return the price of the order that each step is of, in ticks: of a new price the new one.

    ``nan`` where the record does not tell: the order is from before it.

    Parameters
    ----------
    steps
        As of ``order_lives``.
    """
    by_order = np.argsort(steps["order_id"], kind="stable")
    rows = steps[by_order]
    states = (rows["kind"] == StepKind.NEW) | (rows["kind"] == StepKind.REPLACED)
    last = np.maximum.accumulate(np.where(states, np.arange(len(rows)), -1))
    known = (last >= 0) & (rows["order_id"][last] == rows["order_id"])
    found = np.empty(len(rows))
    found[by_order] = np.where(known, rows["price"][last], np.nan)
    return found


def hazard(lives: Lives, from_ns: int, to_ns: float) -> tuple[float, int]:
    """Return cancellations a second of an order whose age is in a range, and their count.

    ``nan`` where no order lived at that age.

    Parameters
    ----------
    lives
        Lives of orders.
    from_ns, to_ns
        The range of ages in ns: from the first on, below the second, which may be infinite.
    """
    age = lives.age_ns.astype(np.float64)
    lived = np.clip(np.minimum(age, to_ns) - from_ns, 0, None).sum() / SECOND_NS
    count = int(np.count_nonzero(lives.cancelled & (age >= from_ns) & (age < to_ns)))
    return (count / float(lived) if lived > 0 else float("nan")), count
