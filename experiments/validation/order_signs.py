"""Flows with memory: Hawkes clusters, and the signs of split orders, as ``agents.flow`` sends them.

Sources: A. Hawkes and D. Oakes, "A cluster process representation of a self-exciting process",
Journal of Applied Probability 11, 1974; F. Lillo, S. Mike and J. D. Farmer, "Theory for long memory
in supply and demand", Physical Review E 71, 2005; F. Lillo and J. D. Farmer, "The long memory of
the efficient market", Studies in Nonlinear Dynamics & Econometrics 8, 2004.
"""

import warnings
from collections.abc import Sequence
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

import agents
from agents import flow
from experiments.metrics.stylized import hurst_exponent
from experiments.validation.flows import market_signs
from experiments.validation.target import Values
from lob import EventKind
from lob.checks import natural, real
from lob.units import SECOND_NS

__all__ = [
    "cluster_sizes",
    "hawkes",
    "hurst_of_splitting",
    "order_splitting",
    "zeta",
]

MOST_TRADES = 20_000_000
FIRST_RATE = 1e-3
"""Clusters a second."""
CLUSTERS_APART = SECOND_NS // 10
"""Longest gap within a cluster in ns: 100 times the mean time from an order to its child."""


class _Arrivals:
    """Keeps the times at which orders came of what is written to it."""

    def __init__(self) -> None:
        self.parts: list[NDArray[np.int64]] = []

    def write(self, rows: NDArray[np.void], /) -> None:
        self.parts.append(rows["ts_event"][rows["kind"] == EventKind.ACCEPTED])


def hawkes(
    branching: Sequence[float] = (0.15, 0.5, 0.8),
    clusters: int = 200_000,
    seed: int = 1,
) -> Values:
    """Clusters of a Hawkes process: an event has Poisson(n) children, they likewise.

    Parameters
    ----------
    branching
        n: mean children of an event, each from 0 to below 1; the defaults are chosen.
    clusters
        About how many clusters ``agents.flow.Hawkes`` sends for each n, so far apart that the tape
        tells them from each other.
    seed
        Seed of the runs.

    Returns
    -------
    Values
        For each n: ``size`` (mean), ``fano`` (variance over mean of counts in long windows, which
        is E[S^2] / E[S] of the cluster size S) and ``alone`` (share of clusters of one event) of
        the orders in the book, and 1 / (1 - n), 1 / (1 - n)^2, exp(-n) as ``..._theory``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    natural("clusters", clusters, 100)
    values: Values = {
        key: []
        for name in ("size", "fano", "alone")
        for key in (name, f"{name}_error", f"{name}_theory")
    }
    for n in branching:
        real("branching", n, above=0, below=1)
        sizes = cluster_sizes(n, clusters, seed).astype(np.float64)
        squares = sizes**2
        mean, fano = float(sizes.mean()), float(squares.mean() / sizes.mean())
        alone = float((sizes == 1).mean())
        values["size"].append(mean)
        values["fano"].append(fano)
        values["alone"].append(alone)
        values["size_theory"].append(1 / (1 - n))
        values["fano_theory"].append(1 / (1 - n) ** 2)
        values["alone_theory"].append(exp(-n))
        values["size_error"].append(float(sizes.std() / sqrt(len(sizes))))
        ratio = (squares - fano * sizes).std() / mean  # the delta method for a quotient of means
        values["fano_error"].append(float(ratio / sqrt(len(sizes))))
        values["alone_error"].append(sqrt(alone * (1 - alone) / len(sizes)))
    return values


def cluster_sizes(branching: float, clusters: int, seed: int) -> NDArray[np.int64]:
    """Return how many orders each cluster of ``agents.flow.Hawkes`` has, the first one included.

    An order's children follow it within milliseconds, the next cluster after a quarter of an hour:
    orders 0.1 s apart are of different clusters but for one chance in ten thousand.

    Parameters
    ----------
    branching
        Mean children of an event, from 0 to below 1.
    clusters
        About how many clusters.
    seed
        Seed of the run.

    Returns
    -------
    numpy.ndarray
        int64, orders of each cluster, 1 or more; the first and the last of the run are left out.
    """
    others = [0.0] * (len(flow.EVENT_TYPES) - 1)
    with warnings.catch_warnings():
        # The book grows without end, and is to: nothing trades, so that every order rests.
        warnings.simplefilter("ignore", UserWarning)
        one = flow.Hawkes(
            "flow",
            price=1_000,
            baseline=[FIRST_RATE, *others],
            excitation=[[branching, *others]] + [[0.0, *others]] * len(others),
            decay=1_000.0,
        )
    arrived = _Arrivals()
    simulation = agents.Simulation(seed, events=arrived, messages=False)
    simulation.add(one)
    simulation.run(until=round(clusters / FIRST_RATE * SECOND_NS))
    simulation.close()
    times = np.concatenate(arrived.parts)
    starts = np.flatnonzero(np.diff(times) > CLUSTERS_APART) + 1
    sizes: NDArray[np.int64] = np.diff(starts)
    return sizes


def order_splitting(
    alpha: float = 1.5,
    lags: Sequence[int] = (1, 5, 10, 50, 100),
    trades: int = 1_000_000,
    seed: int = 1,
) -> Values:
    """Autocorrelation of order signs where one large order at a time is executed in pieces.

    Lengths L are Pareto: P(L >= k) = k^-alpha; each order buys or sells with equal chance (Lillo,
    Mike and Farmer 2005). The market orders are those of ``agents.flow.LongMemory``.

    Parameters
    ----------
    alpha
        Exponent of the lengths, above 1 to 10; 1.5 is the paper's.
    lags
        In trades, each 1 or more.
    trades
        Market orders, up to 20 million.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``correlation`` and ``correlation_theory`` = zeta(alpha, lag + 1) / zeta(alpha), one a
        lag. For alpha below 2 the lengths have no variance: a finite sample lacks the longest
        orders and comes out low, the more so at long lags.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    if not alpha > 1:
        raise ValueError(f"alpha must exceed 1, got {alpha!r}")
    real("alpha", alpha, 1, 10)
    for lag in lags:
        natural("lags", lag, 1)
    natural("trades", trades, 1)
    if trades > MOST_TRADES:
        raise ValueError(f"trades must be 20 million at most, got {trades:,}")
    if max(lags, default=0) >= trades:
        raise ValueError(f"lags must stay below trades = {trades}, got {max(lags)!r}")
    signs = market_signs(alpha, trades, seed).astype(np.float32)
    # The mean is not subtracted: it is zero by symmetry, and its estimate would bias further.
    products = [float(np.mean(signs[lag:] * signs[:-lag], dtype=np.float64)) for lag in lags]
    return {
        "correlation": products,
        "correlation_theory": [zeta(alpha, lag + 1) / zeta(alpha, 1) for lag in lags],
    }


def zeta(exponent: float, start: float) -> float:
    """Return the Hurwitz zeta function: the sum of (start + k)^-exponent over k = 0, 1, 2...

    Twenty terms, and the rest by the Euler-Maclaurin formula: exact to some 1e-14.

    Parameters
    ----------
    exponent
        Above 1.
    start
        Above 0.

    Raises
    ------
    ValueError
        If the sum diverges.
    """
    if exponent <= 1 or start <= 0:
        raise ValueError(f"the sum diverges at exponent {exponent!r}, start {start!r}")
    s, near = float(exponent), start + np.arange(20.0)
    end = start + 20.0
    rest = end ** (1 - s) / (s - 1) + end**-s / 2 + s * end ** (-s - 1) / 12
    rest -= s * (s + 1) * (s + 2) * end ** (-s - 3) / 720
    rest += s * (s + 1) * (s + 2) * (s + 3) * (s + 4) * end ** (-s - 5) / 30240
    return float((near**-s).sum() + rest)


def hurst_of_splitting(
    alpha: float = 1.5, trades: int = 250_000, replicas: int = 8, seed: int = 1
) -> Values:
    """Hurst exponent of the signs of large orders that are executed in pieces.

    The market orders are those of ``agents.flow.LongMemory``; the exponent is that of
    ``firesale facts``, by detrended fluctuation analysis.

    Parameters
    ----------
    alpha
        Exponent of the orders' lengths, P(L >= k) = k^-alpha; between 1 and 2.
    trades
        Market orders of a replica, up to 20 million.
    replicas
        Independent simulations; the result is their mean.
    seed
        Seed of the first simulation.

    Returns
    -------
    Values
        ``hurst``, its ``hurst_error`` over the replicas, and ``hurst_theory`` = (3 - alpha) / 2,
        which holds for blocks of infinite length.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("alpha", alpha, above=1, below=2)
    natural("trades", trades, 10_000)
    natural("replicas", replicas, 2)
    if trades > MOST_TRADES:
        raise ValueError(f"trades must be 20 million at most, got {trades:,}")
    found = [
        hurst_exponent(market_signs(alpha, trades, seed + number)).slope.estimate
        for number in range(replicas)
    ]
    return {
        "hurst": float(np.mean(found)),
        "hurst_error": float(np.std(found, ddof=1) / sqrt(replicas)),
        "hurst_theory": (3 - alpha) / 2,
    }
