"""Stylised facts: what the prices, trades and books of nearly every market have in common.

``returns`` are log returns (pure numbers) or price changes (ticks), one a step of a fixed length;
the functions below know no unit but that of their input. Standard errors and intervals are those
of the estimator on one long run: they assume what each docstring says, and where volatility
clusters they are too narrow. The honest error is the scatter over seeds: see ``intervals``.

What to look for: R. Cont, "Empirical properties of asset returns: stylized facts and statistical
issues", Quantitative Finance 1, 2001.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.metrics.intervals import FittedLine, Interval, fit_line, to_series
from experiments.metrics.quotes import crossed, last_at, mid
from lob import EventKind, Reason, journal
from lob.checks import natural, real

__all__ = [
    "Autocorrelation",
    "Distribution",
    "Tail",
    "VarianceRatio",
    "autocorrelation",
    "hurst_exponent",
    "order_signs",
    "sampled_mids",
    "spreads",
    "tail_exponent",
    "time_weighted",
    "touch_depths",
    "variance_ratio",
    "volatility_signature",
]

SMALLEST_WINDOW = 16  # steps: below, the line fitted in a window hides much of the fluctuation
"""Fewest steps of a window of the fluctuation analysis; chosen."""


class Tail(NamedTuple):
    """The tail of a distribution, P(abs(x) > y) ~ y ** -exponent, fitted beyond a threshold."""

    exponent: Interval
    """Tail exponent, positive: the larger, the thinner the tail."""
    k: int
    """Count of the largest abs(x) that the fit rests on."""
    threshold: float
    """The next largest abs(x), in the unit of x."""
    share: float
    """Share of the values that the tail rests on: the bias grows with it."""


class Autocorrelation(NamedTuple):
    """Correlations of a series with itself at lags 1, 2, 3..., from -1 to 1."""

    values: NDArray[np.float64]
    """The correlation at each lag, from lag 1 on."""
    white_error: float
    """Standard error at every lag if there is no correlation at all: 1 / sqrt(n)."""
    errors: NDArray[np.float64]
    """Standard error at each lag if there is no correlation from that lag on (Bartlett)."""


class VarianceRatio(NamedTuple):
    """Variance of q steps over q times that of one step: 1 for a random walk."""

    ratio: float
    """The ratio: above 1 prices trend, below 1 they bounce."""
    z: float
    """(ratio - 1) over its standard error, for independent steps of equal variance."""
    robust_z: float
    """(ratio - 1) over its standard error where the variance may change in time."""


@dataclass(frozen=True)
class Distribution:
    """Shares of the time at which a quantity had each of its values.

    Attributes
    ----------
    values
        Values of the quantity, in its unit, ascending, no two alike.
    shares
        Share of the time at which the quantity was defined that it had each value; they sum to 1.
    defined
        Share of the whole time at which the quantity was defined.
    """

    values: NDArray[np.float64]
    shares: NDArray[np.float64]
    defined: float

    @property
    def mean(self) -> float:
        """Return the mean of a quantity over time, in its unit."""
        return float(self.values @ self.shares)

    def quantile(self, share: float) -> float:
        """Return the least value that a quantity did not exceed for at least a share of the time.

        Parameters
        ----------
        share
            Between 0 and 1.

        Raises
        ------
        ValueError
            If the share is out of range.
        """
        real("share", share, above=0, below=1)
        # The sum of shares may end a rounding error below 1.
        row = np.searchsorted(np.cumsum(self.shares), share * (1 - 1e-12))
        return float(self.values[min(int(row), len(self.values) - 1)])


# ------------------------------------------------------------------------------ series of a tape


def sampled_mids(quotes: NDArray[np.void], step_ns: int) -> NDArray[np.float64]:
    """Return the mid every ``step_ns`` from the first one that is defined, in ticks.

    Where a side is empty the last defined mid holds. Differences are price changes, those of
    logarithms log returns.

    Parameters
    ----------
    quotes
        ``lob.QUOTE`` rows in order of time.
    step_ns
        Distance of the samples in ns, positive.

    Raises
    ------
    ValueError
        If no mid is defined, or the tape is shorter than one step.
    """
    natural("step_ns", step_ns, 1)
    mids = mid(quotes)
    known = np.flatnonzero(~np.isnan(mids))
    if not len(known):
        raise ValueError(f"quotes must have both sides at some time, got {len(quotes)} without")
    times = quotes["ts_event"]
    start, end = int(times[known[0]]), int(times[-1])
    if end - start < step_ns:
        raise ValueError(f"quotes must last a step of {step_ns} ns, got {end - start} ns")
    grid = start + step_ns * np.arange((end - start) // step_ns + 1)
    return np.asarray(mids[known][last_at(times[known], grid)], np.float64)


def order_signs(events: NDArray[np.void], instrument: int = 0) -> NDArray[np.float64]:
    """Return +1 for every message that bought on arrival and -1 for one that sold, in tape order.

    A message counts once, however many orders it took; a trade of a call auction is nobody's.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows.
    instrument
        Number of the instrument.

    Raises
    ------
    TypeError
        If ``events`` is not an ``EVENT`` tape.
    """
    message = np.cumsum(journal.first_of_message(events))
    trades = (events["kind"] == EventKind.TRADE) & (events["instrument"] == instrument)
    trades &= events["reason"] != Reason.UNCROSS
    first = np.unique(message[trades], return_index=True)[1]
    return np.asarray(events["side"][trades][first], np.float64)


def spreads(quotes: NDArray[np.void]) -> NDArray[np.float64]:
    """Return best ask - best bid of each quote, in ticks; ``nan`` where there is no spread.

    That is where a side is empty, and in a call auction once it crosses.
    """
    both = (quotes["bid_size"] > 0) & (quotes["ask_size"] > 0) & ~crossed(quotes)
    width = np.asarray(quotes["ask_price"] - quotes["bid_price"], np.float64)
    return np.where(both, width, np.nan)


def touch_depths(quotes: NDArray[np.void]) -> NDArray[np.float64]:
    """Return (bid size + ask size) / 2 at the touch of each quote, in lots; an empty side has 0."""
    return np.asarray(quotes["bid_size"] / 2 + quotes["ask_size"] / 2, np.float64)


def time_weighted(
    ts_event: ArrayLike, values: ArrayLike, *, until_ns: int | None = None
) -> Distribution:
    """Return how long a quantity had each of its values.

    Parameters
    ----------
    ts_event
        Times in ns, never falling: each value holds until the next.
    values
        One a time, in any unit; ``nan`` where the quantity is undefined.
    until_ns
        When the last one ends; the last time if ``None``, so that it does not count.

    Raises
    ------
    ValueError
        If shapes do not match, times fall, or the quantity is never defined.
    """
    times, held = np.asarray(ts_event, np.int64), np.asarray(values, np.float64)
    if times.ndim != 1 or times.shape != held.shape or not len(times):
        raise ValueError(f"values must have one a time, {times.shape}, got {held.shape}")
    end = int(times[-1]) if until_ns is None else until_ns
    weights = np.diff(times, append=end).astype(np.float64)
    if (weights < 0).any():
        raise ValueError("ts_event must never fall, and until_ns not be before the last of them")
    known = (weights > 0) & ~np.isnan(held)
    if not known.any():
        raise ValueError("values must be defined for some time, got none that lasts")
    distinct, which = np.unique(held[known], return_inverse=True)
    time = np.bincount(which, weights[known])
    return Distribution(distinct, time / time.sum(), float(time.sum() / weights.sum()))


# ------------------------------------------------------------------------------ tails and memory


def tail_exponent(returns: ArrayLike, *, k: int | None = None, level: float = 0.95) -> Tail:
    """Return Hill's estimate of the tail exponent of |x|.

    With |x| in falling order x1, x2...: exponent = k / sum(log(x_i / x_(k+1)), i = 1..k). The
    interval is exponent (1 +- quantile / sqrt(k)), right for independent values and large k.

    It is biased wherever the tail is a power law only far out. Student's t of 3 degrees of freedom
    has the exponent 3; what Hill's estimate tends to is 2.88 with k at 1 % of the values, 2.78
    at 2.5 %, 2.65 at 5 % and 2.45 at 10 %. Few values lower the bias and widen the interval, which
    does not contain the bias. Compare exponents at the same share only.
    (B. M. Hill, "A simple general approach to inference about the tail of a distribution", Annals
    of Statistics 3(5), 1975.)

    Parameters
    ----------
    returns
        In any unit, at least 100.
    k
        How many of the largest to use, at least 10; 2.5 % of them if ``None``, 10 at least.
    level
        Of the interval.

    Raises
    ------
    ValueError
        If there are too few values, or fewer than k + 1 differ from zero.
    """
    real("level", level, above=0, below=1)
    sizes = np.sort(np.abs(to_series("returns", returns, 100)))[::-1]
    used = max(10, len(sizes) // 40) if k is None else k
    if not 10 <= used < len(sizes):
        raise ValueError(f"k must be 10 to {len(sizes) - 1}, got {used}")
    threshold = float(sizes[used])
    if threshold <= 0 or sizes[0] == threshold:
        raise ValueError(
            f"returns must have {used} values beyond a positive threshold, "
            f"got {sizes[0]} down to {threshold}"
        )
    exponent = used / float(np.log(sizes[:used] / threshold).sum())
    reach = exponent * NormalDist().inv_cdf((1 + level) / 2) / sqrt(used)
    interval = Interval(exponent, exponent - reach, exponent + reach, level, "hill", used)
    return Tail(interval, used, threshold, used / len(sizes))


def autocorrelation(series: ArrayLike, lags: int) -> Autocorrelation:
    """Return the autocorrelations of a series at lags 1 to ``lags``, by FFT.

    r(j) = sum((x(t) - m) (x(t + j) - m)) / sum((x(t) - m) ** 2). On white noise its mean is about
    -1 / n. Of returns it shows (the lack of) predictability, of their absolute values volatility
    clustering, of ``order_signs`` the long memory of order flow. The errors of Bartlett, sqrt((1 +
    2 sum(r(i) ** 2, i < j)) / n), are of linear series; where squares are correlated or tails are
    heavy they are too small.

    Parameters
    ----------
    series
        Numbers at equal steps, in any unit.
    lags
        At least 1, at most a quarter of the length: beyond, too few pairs are left.

    Raises
    ------
    ValueError
        If the series is too short, or never changes.
    """
    natural("lags", lags, 1)
    values = to_series("series", series, 4 * lags)
    if not np.ptp(values) > 0:
        raise ValueError(f"series must change, got {values[0]} throughout")
    count = len(values)
    centred = values - values.mean()
    # Zeros behind the series keep its end from meeting its start.
    spectrum = np.fft.rfft(centred, 1 << (2 * count - 1).bit_length())
    power = spectrum.real**2 + spectrum.imag**2
    products = np.fft.irfft(power)[: lags + 1]
    found = products[1:] / products[0]
    before = np.concatenate([[0.0], np.cumsum(found[:-1] ** 2)])
    return Autocorrelation(found, 1 / sqrt(count), np.sqrt((1 + 2 * before) / count))


def hurst_exponent(series: ArrayLike, *, windows: int = 20, level: float = 0.95) -> FittedLine:
    """Return the Hurst exponent of a stationary series by detrended fluctuation analysis (DFA-1).

    The slope of log F(w) against log w, where F(w) is the root mean square of the running sum of
    x - m about a straight line in each of the windows of w steps. 1/2 is no long memory; order
    signs, whose autocorrelation falls as lag ** -g, have 1 - g / 2. The windows are
    spaced evenly in their logarithm, from 16 steps to a quarter of the series. F(w) at
    neighbouring w share their noise, so the interval, made from their scatter, is too narrow; and
    short memory lifts the slope at small w. (C.-K. Peng et al., "Mosaic organization of DNA
    nucleotides", Physical Review E 49, 1994; the exponent of signs: F. Lillo and J. D. Farmer,
    Studies in Nonlinear Dynamics and Econometrics 8(3), 2004.)

    Parameters
    ----------
    series
        At equal steps, at least 256 of them.
    windows
        How many sizes of window at most, at least 4.
    level
        Of the interval.

    Raises
    ------
    ValueError
        If the series is too short, or never changes.
    """
    values = to_series("series", series, 16 * SMALLEST_WINDOW)
    natural("windows", windows, 4)
    if not np.ptp(values) > 0:
        raise ValueError(f"series must change, got {values[0]} throughout")
    profile = np.cumsum(values - values.mean())
    sizes = np.unique(np.rint(np.geomspace(SMALLEST_WINDOW, len(values) // 4, windows)).astype(int))
    found = np.array([_fluctuation(profile, int(size)) for size in sizes])
    if not (found > 0).all():
        size = int(sizes[np.argmin(found > 0)])
        raise ValueError(f"series must change within its windows, got none in those of {size}")
    return fit_line(np.log(sizes), np.log(found), level=level)


# ------------------------------------------------------------------------------ scaling


def volatility_signature(prices: ArrayLike, steps: ArrayLike) -> NDArray[np.float64]:
    """Return the variance of price changes over q steps divided by q, for each q.

    In squared units of price a step: flat for a random walk, falling where prices bounce, rising
    where they trend. Changes overlap, and the mean change is taken out, with the correction of
    ``variance_ratio``: the estimate is unbiased for a random walk.

    Parameters
    ----------
    prices
        Mids or their logarithms at equal steps.
    steps
        Each at least 1 and at most a quarter of the number of changes.

    Raises
    ------
    ValueError
        If there are too few prices, or a step is out of range.
    """
    wanted = np.atleast_1d(np.asarray(steps))
    if wanted.dtype.kind not in "iu" or not wanted.size or wanted.min() < 1:
        raise ValueError(f"steps must be whole numbers from 1 on, got {steps!r}")
    series = to_series("prices", prices, 4 * int(wanted.max()) + 1)
    return np.array([_variance_a_step(series, int(q)) for q in wanted.reshape(-1)])


def variance_ratio(prices: ArrayLike, steps: int) -> VarianceRatio:
    """Return the variance ratio over q steps, overlapping and unbiased, with both test statistics.

    A. W. Lo and A. C. MacKinlay, "Stock market prices do not follow random walks", Review of
    Financial Studies 1(1), 1988: their M(q) + 1, z1 and z2. Under a random walk both z are
    standard normal in the limit; q must be small against the count of prices.

    Parameters
    ----------
    prices
        Mids or their logarithms at equal steps.
    steps
        q: at least 2, at most a quarter of the number of changes.

    Raises
    ------
    ValueError
        If there are too few prices, or they never change.
    """
    natural("steps", steps, 2)
    series = to_series("prices", prices, 4 * steps + 1)
    changes = np.diff(series)
    squares = (changes - changes.mean()) ** 2
    total = float(squares.sum())
    if not np.ptp(changes) > 0:
        raise ValueError(f"prices must not move in equal steps, got steps of {changes[0]}")
    ratio = _variance_a_step(series, steps) / _variance_a_step(series, 1)
    count = len(changes)
    error = sqrt(2 * (2 * steps - 1) * (steps - 1) / (3 * steps * count))
    robust = 0.0
    for lag in range(1, steps):
        weight = 2 * (steps - lag) / steps
        robust += weight**2 * float(squares[lag:] @ squares[:-lag]) / total**2
    return VarianceRatio(ratio, (ratio - 1) / error, (ratio - 1) / sqrt(robust))


def _variance_a_step(prices: NDArray[np.float64], steps: int) -> float:
    count = len(prices) - 1
    drift = (prices[-1] - prices[0]) / count
    moved = prices[steps:] - prices[:-steps] - steps * drift
    freedom = steps * (count - steps + 1) * (1 - steps / count)
    return float(moved @ moved) / freedom


def _fluctuation(profile: NDArray[np.float64], size: int) -> float:
    """Return the root mean square distance of a profile from a line in each window of a size."""
    rows = profile[: len(profile) // size * size].reshape(-1, size)
    rows = rows - rows.mean(axis=1, keepdims=True)
    time = np.arange(size) - (size - 1) / 2
    explained = (rows @ time) ** 2 / (time @ time)
    return sqrt(max(0.0, float((rows**2).sum() - explained.sum()) / rows.size))
