"""What large orders do to the price of a market, against their size: three ways of working them.

A *metaorder* is sold in many children. Each seed gives one twin, the market without the order, and
one run of each order from the same moment and on the same random numbers. Its *impact* is
mid(twin) - mid(full) over mid(twin), once its last child has met the book: positive where a sale
pushed the price down. What a size does is the mean over seeds.

Three protocols, which agree where impact depends on the size alone:

``slices``
    60 equal children over a fixed duration: larger orders have larger children.
``children``
    Children of one size at one pace: larger orders have more of them, and last longer. The largest
    is the same order as that of ``slices``.
``participation``
    A fixed share of all that trades, whatever the market does: larger orders last longer.

Sizes are shares of what the market trades by itself in the fixed duration. The square-root law
(Toth et al., "Anomalous price impact and the critical nature of liquidity in financial markets",
Physical Review X 1, 2011) says: impact = Y sigma sqrt(Q / V), with Q the size, V the volume and
sigma the volatility over one and the same time, and Y near 1.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents import Simulation
from agents.traders import POV, TWAP, Executor
from experiments.calibration.metaorder_impact import (
    MarketScale,
    Metaorder,
    MetaorderImpact,
    OrderOutcome,
    Protocol,
)
from experiments.metrics.quotes import BPS, last_at, mid
from lob import EventKind, Side, journal
from lob.checks import integer, real
from lob.units import MINUTE_NS, SECOND_NS, show_duration

__all__ = [
    "LEFT_AFTER",
    "LEFT_SHARES",
    "OVER_NS",
    "SHARES",
    "WARM_UP_NS",
    "measure_metaorders",
    "plan",
]

Market = Callable[[int], Simulation]
"""Builds a market from a seed, ready to run; it must keep its events."""
Mapper = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]
"""Calls a function on each of several jobs and returns the values in their order, as ``map``."""

SELLER = "the metaorder"
"""Name of the participant that sells, of which its random numbers are made."""
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
"""Sizes, as shares of the volume of the fixed duration."""
LEFT_SHARES = (0.1, 0.3)
"""Sizes of ``slices`` of which it is measured how much of their impact is left."""
OVER_NS = 5 * MINUTE_NS
"""The fixed duration; chosen."""
WARM_UP_NS = 5 * MINUTE_NS
"""How long a market runs before it is sold into, for its book begins empty; chosen."""
SLICES = 60
"""Children of an order of ``slices``."""
PARTICIPATION = 0.1
"""Share of all that trades, its own lots included, of an order of ``participation``."""
LEFT_AFTER = 10
"""How many times its duration after its end it is asked what is left of an order's impact."""
LOOKS = 600
"""How often an order of ``participation`` looks at the volume in the fixed duration; chosen."""
PATIENCE = 3
"""An order of ``participation`` ends undone after so many times what it should take; chosen."""
SCALE_SECONDS = 1_800
"""How long a market is watched for its volume and volatility, a seed; chosen."""
RETURN_SECONDS = 60
"""Step of the returns of the volatility, as of the gate of a score."""
LEAST_RETURNS = 30
EMPTY_SHARE = 0.01
"""Bids that are missing for a larger share of an order's time than in its twin ran out; chosen."""


class _Job(NamedTuple):
    """One seed of a market and what is sold in it."""

    market: Market
    seed: int
    instrument: int
    warm_up_ns: int
    over_ns: int
    orders: tuple[Metaorder, ...] = ()


def measure_metaorders(
    market: Market,
    seeds: Sequence[int],
    *,
    instrument: int = 0,
    over_ns: int = OVER_NS,
    warm_up_ns: int = WARM_UP_NS,
    shares: Sequence[float] = SHARES,
    left_shares: Sequence[float] = LEFT_SHARES,
    protocols: Sequence[Protocol] = tuple(Protocol),
    run: Mapper = map,
) -> MetaorderImpact:
    """Sell orders of several sizes into a market, by each protocol, and measure what they do.

    Parameters
    ----------
    market
        Builds the market from a seed. It must last ``warm_up_ns`` and eleven times ``over_ns``.
    seeds
        One twin and one run an order each.
    instrument
        Number of the instrument that is sold.
    over_ns
        The fixed duration, in ns.
    warm_up_ns
        How long the market runs before, in ns.
    shares
        Sizes, as shares of what the market trades in the fixed duration; above 0, at most 1.
    left_shares
        Those of them of which it is asked what is left; none: not asked, and much quicker.
    protocols
        Which.
    run
        How the jobs of the seeds are done: ``map``, or that of a pool of processes.

    Raises
    ------
    ValueError
        If nobody trades in the market, it trades so little that there are no three sizes, nothing
        can be sold, it ends before the orders do, or an argument is out of range.
    """
    integer("over_ns", over_ns, SLICES)
    integer("warm_up_ns", warm_up_ns, 0)
    for i, share in enumerate(shares):
        real(f"shares[{i}]", share, high=1, above=0)
    if len(seeds) < 2:
        raise ValueError(f"seeds must be at least two, for a mean over seeds, got {len(seeds)}")
    jobs = [_Job(market, seed, instrument, warm_up_ns, over_ns) for seed in seeds]
    scale = _scale_of(list(run(_watch, jobs)), over_ns)
    orders = plan(scale, over_ns, shares, left_shares, protocols)
    rows = list(run(_sell, [job._replace(orders=orders) for job in jobs]))
    if not any(one.sold for row in rows for one in row):
        raise ValueError("nothing can be sold: nobody in the market buys from a market order")
    return MetaorderImpact(scale, over_ns, tuple(seeds), orders, tuple(rows))


def plan(
    scale: MarketScale,
    over_ns: int,
    shares: Sequence[float],
    left_shares: Sequence[float],
    protocols: Sequence[Protocol],
) -> tuple[Metaorder, ...]:
    """The orders of all protocols, in whole lots.

    Parameters
    ----------
    scale
        What the market does by itself.
    over_ns, shares, left_shares, protocols
        As of ``measure_metaorders``.

    Raises
    ------
    ValueError
        If the market trades so little that there are no three sizes.
    """
    volume = scale.volume * over_ns / SECOND_NS
    sizes = sorted({max(1, round(share * volume)) for share in shares})
    if len(sizes) < min(3, len(set(shares))):
        raise ValueError(
            f"the market trades {volume:,.1f} lots in {show_duration(over_ns)}, too few for orders "
            "of several sizes: measure them over a longer time"
        )
    followed = {max(1, round(share * volume)) for share in left_shares}
    found = []
    if Protocol.SLICES in protocols:
        found += [
            Metaorder(Protocol.SLICES, size, size / volume, TWAP(over_ns, SLICES), size in followed)
            for size in sizes
        ]
    if Protocol.CHILDREN in protocols:
        child = max(1, round(sizes[-1] / SLICES))
        pace = over_ns * child // sizes[-1]
        counts = sorted({max(1, round(size / child)) for size in sizes})
        if found:  # the largest is among the slices
            counts = counts[:-1]
        found += [
            Metaorder(
                Protocol.CHILDREN, count * child, count * child / volume, TWAP(count * pace, count)
            )
            for count in counts
        ]
    if Protocol.PARTICIPATION in protocols:
        for size in sizes:
            takes = size * (1 - PARTICIPATION) / PARTICIPATION / scale.volume * SECOND_NS
            most = round(PATIENCE * takes) + over_ns
            schedule = POV(most, PARTICIPATION, max(1, over_ns // LOOKS))
            found.append(Metaorder(Protocol.PARTICIPATION, size, size / volume, schedule))
    return tuple(found)


# ------------------------------------------------------------------------------ one seed


def _begin(job: _Job) -> tuple[Simulation, int]:
    """The market after its warm-up, and the time."""
    simulation = job.market(job.seed)
    if not 0 <= job.instrument < len(simulation.books):
        raise ValueError(
            f"instrument must be 0 to {len(simulation.books) - 1}, got {job.instrument}"
        )
    begin = simulation.now + job.warm_up_ns
    simulation.run(until=begin)
    return simulation, begin


def _watch(job: _Job) -> tuple[int, NDArray[np.float64]]:
    """Lots that trade in a market while it is watched, and its log mid returns over 60 s."""
    simulation, begin = _begin(job)
    end = begin + SCALE_SECONDS * SECOND_NS
    simulation.run(until=end)
    events = _tape(simulation, job)
    _must_last(events, begin, end, job)
    traded = events[(events["kind"] == EventKind.TRADE) & (events["ts_event"] > begin)]
    times = np.arange(begin, end + 1, RETURN_SECONDS * SECOND_NS)
    mids = _mids(events, job.instrument, times)
    with np.errstate(all="ignore"):
        moved = np.diff(np.log(mids))
    return int(traded["size"].sum()), moved[np.isfinite(moved)]


def _scale_of(watched: Sequence[tuple[int, NDArray[np.float64]]], over_ns: int) -> MarketScale:
    lots = sum(volume for volume, _ in watched)
    if not lots:
        raise ValueError("nobody trades in the market: an order has no volume to be a share of")
    returns = np.concatenate([moved for _, moved in watched])
    if len(returns) < LEAST_RETURNS:
        raise ValueError(
            f"a side of the book is empty for so long that there are only {len(returns)} returns "
            f"of 60 s: its volatility is not known"
        )
    return MarketScale(
        lots / (len(watched) * SCALE_SECONDS),
        float(BPS * returns.std(ddof=1) / RETURN_SECONDS**0.5),
    )


def _sell(job: _Job) -> tuple[OrderOutcome, ...]:
    """Run a market once with each order, and once without, from one moment on."""
    twin, begin = _begin(job)
    runs = [_run_order(twin.fork(), job, order, begin) for order in job.orders]
    last = max(max(one.end, one.later) for one in runs)
    twin.run(until=last)
    events = _tape(twin, job)
    _must_last(events, begin, last, job)
    quotes, _ = journal.quotes(events, job.instrument)
    return tuple(_outcome(one, order, quotes, begin) for one, order in zip(runs, job.orders,
                                                                          strict=True))  # fmt: skip


class _Full(NamedTuple):
    """A run with an order."""

    end: int
    """Time of the last child."""
    later: int
    """Time at which it is asked what is left; 0: never."""
    mids: NDArray[np.float64]
    """At these two times."""
    empty: float
    """Share of the time in between in which there were no bids."""
    sold: int


def _run_order(simulation: Simulation, job: _Job, order: Metaorder, begin: int) -> _Full:
    seller = simulation.add(
        Executor(SELLER, side=Side.SELL, size=order.size, schedule=order.schedule,
                 instrument=job.instrument)
    )  # fmt: skip
    until, latest = begin, begin + order.schedule.duration
    while until < latest and seller.filled < order.size:
        until = min(latest, until + max(1, job.over_ns // 4))
        simulation.run(until=until)
    events = simulation.events
    own = events[(events["owner"] == seller.owner) & (events["kind"] == EventKind.TRADE)]
    end = int(own["ts_event"][-1]) if len(own) else until
    later = 0
    if order.follows:
        later = end + LEFT_AFTER * job.over_ns
        simulation.run(until=later)
    quotes, _ = journal.quotes(_tape(simulation, job), job.instrument)
    return _Full(
        end, later, _held_mids(quotes, np.array([end, later])), _without_bids(quotes, begin, end),
        int(own["size"].sum()),
    )  # fmt: skip


def _outcome(full: _Full, order: Metaorder, twin: NDArray[np.void], begin: int) -> OrderOutcome:
    alone = _held_mids(twin, np.array([full.end, full.later]))
    impact = BPS * (alone - full.mids) / np.where(alone > 0, alone, np.nan)
    more_empty = full.empty - _without_bids(twin, begin, full.end) > EMPTY_SHARE
    lost = bool(np.isnan(full.mids[0]) and not np.isnan(alone[0]))
    return OrderOutcome(
        float(impact[0]),
        float(impact[1]) if order.follows else float("nan"),
        full.end - begin,
        full.sold,
        full.sold < order.size or more_empty or lost,
    )


def _tape(simulation: Simulation, job: _Job) -> NDArray[np.void]:
    """The instrument's events; a market without any is refused."""
    events = simulation.events
    if not len(events):
        raise ValueError(f"nothing happens in the market of seed {job.seed}")
    mine = events["instrument"] == job.instrument
    return events if mine.all() else events[mine]


def _must_last(events: NDArray[np.void], begin: int, end: int, job: _Job) -> None:
    """Refuse a market in which nothing happens any more before it is measured for the last time."""
    last = int(events["ts_event"][-1]) if len(events) else begin
    if last < end - max(job.over_ns, MINUTE_NS):
        raise ValueError(
            f"the market of seed {job.seed} ends {show_duration(max(0, last - begin))} after the "
            f"orders begin, before they are measured for the last time, "
            f"{show_duration(end - begin)} after"
        )


def _mids(
    events: NDArray[np.void], instrument: int, times: NDArray[np.int64]
) -> NDArray[np.float64]:
    quotes, _ = journal.quotes(events, instrument)
    return _held_mids(quotes, times)


def _held_mids(quotes: NDArray[np.void], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mid at each time; the last quote holds on: whether the market does is asked elsewhere."""
    row = last_at(quotes["ts_event"], times)
    return np.where(row >= 0, mid(quotes[np.maximum(row, 0)]), np.nan)


def _without_bids(quotes: NDArray[np.void], begin: int, end: int) -> float:
    """The share of a time in which there are no bids."""
    if end <= begin:
        return 0.0
    rows = slice(max(0, int(last_at(quotes["ts_event"], begin))),
                 int(last_at(quotes["ts_event"], end)) + 1)  # fmt: skip
    inside = quotes[rows]
    since = np.maximum(inside["ts_event"], begin)
    lasts = np.diff(np.append(since, end))
    return float(lasts[inside["bid_size"] == 0].sum() / (end - begin))
