"""What a market gives of a profile: runs that are looked at, with forks in which something is sold.

A sale is measured against the same run without it. A fork shares all that came before the sale, so
only what follows is run twice.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import agents
import lob
from experiments.calibration.market_file import MarketFile
from experiments.calibration.profile.stated import DAY, YEAR, Profile
from lob.units import SECOND_NS

__all__ = ["HOURS", "measured"]

HOURS = 2.0
"""Simulated hours that count, a seed; chosen."""
MOST_WARM_UP = 7_200
"""Seconds that do not count, at most; chosen."""
LOOK = 20
"""Seconds between two looks at the depth."""
SHIFT = 10
"""Seconds between the beginnings of two returns of 60 s."""
SOLD = 0.5
"""Share of the bids that is sold to see how fast they come back."""
LOOKS, WINDOW = 30, 3.0
"""How often it is looked after a sale, and over how many half-lives."""
SOON = SECOND_NS // 1_000
"""Ns after a sale at which is looked first: what it took is gone, and nothing is back."""


class _Seen(NamedTuple):
    """What was seen of a market, summed over seeds: all are sums, so that those add up."""

    seconds: float
    """Seconds that were seen."""
    depth: float
    """Lots of a side, times seconds."""
    spread: float
    """Share of the mid, times seconds."""
    traded: float
    """Lots."""
    variance: float
    """Of the mid, summed over minutes."""
    missing: NDArray[np.float64]
    """Lots of the bids that a sale took and that are not back, at each look after it."""


class _Watcher(agents.Agent):
    """Counts what trades; where it is told to in a fork, sells a share of the bids once.

    Parameters
    ----------
    name
        Name of the participant.
    sales
        Ns at each of which it would sell.
    within
        Share of the mid within which bids are counted.
    """

    def __init__(self, name: str, sales: Sequence[int], within: float) -> None:
        super().__init__(name)
        self.sales, self.within = list(sales), within
        self.sells = False
        self.traded = 0

    def on_start(self) -> None:
        """Wait, and listen to trades."""
        self.subscribe(0, [lob.EventKind.TRADE])
        for at in self.sales:
            self.wake_in(at - self.now)

    def on_fields(
        self, kind: int, order_id: int, side: int, price: int, size: int, leaves: int
    ) -> None:
        """Count what trades."""
        self.traded += size

    def on_wake(self) -> None:
        """Sell."""
        lots = round(SOLD * _bids_and_asks(self.simulation.books[0], self.within)[0])
        if self.sells and lots:
            self.sells = False
            self.submit(lob.Side.SELL, lots)


def measured(
    profile: Profile,
    parameters: dict[str, Any],
    seeds: Sequence[int],
    hours: float = HOURS,
    *,
    sales: int = 2,
) -> dict[str, float]:
    """What a market gives, by key of a profile, in its units: means over seeds.

    Parameters
    ----------
    profile
        Says within how much of the mid depth is counted, and what a lot is worth.
    parameters
        Of ``agents.flow.MakerMarket``.
    seeds
        Of the runs.
    hours
        Simulated hours that count, a seed; more where the sales need more.
    sales
        How many sales a seed, each of half of the bids, say how fast depth is back: 1 or more.
    """
    market = MarketFile(
        name=profile.instrument.name,
        model="maker-market",
        price=profile.price,
        instrument=profile.instrument,
        parameters=parameters,
    )
    seen = [_seen(profile, market, seed, hours, sales) for seed in seeds]
    whole = _Seen(*(sum(column[1:], column[0]) for column in zip(*seen, strict=True)))
    returns = whole.seconds / 60
    return {
        "depth": whole.depth / whole.seconds * profile.lot,
        "spread": whole.spread / whole.seconds,
        "volume": whole.traded * profile.lot * DAY / whole.seconds,
        "volatility": math.sqrt(whole.variance / returns * YEAR / 60),
        "half_life": _half_life(profile, whole.missing),
    }


def _seen(profile: Profile, market: MarketFile, seed: int, hours: float, sales: int) -> _Seen:
    begin = warm_up(profile)
    window = WINDOW * profile.half_life
    end = begin + 60 * math.ceil(max(hours * 3600, sales * (window + LOOK)) / 60)
    steps = [SOON, *(round(window * SECOND_NS * one / LOOKS) for one in range(1, LOOKS + 1))]
    sold = [begin * SECOND_NS + (end - begin) * SECOND_NS // sales * one for one in range(sales)]
    simulation = market.simulation(seed, events=False)
    simulation.follow_quotes()
    watcher = simulation.add(_Watcher("watcher", sold, profile.within))
    regular = [at * SECOND_NS for at in range(begin + LOOK, end + 1, LOOK)]
    looks: dict[int, tuple[int, int]] = {}
    after: list[list[int]] = []
    before = 0
    # A fork is made just before its sale; the run itself is looked at whenever a fork is.
    todo = {at - 1: True for at in sold} | {at + step: False for at in sold for step in steps}
    for at in sorted({*todo, *regular, begin * SECOND_NS}):
        simulation.run(until=at)
        if todo.get(at):
            after.append(_after_a_sale(simulation, at + 1, steps, profile.within))
        if at == begin * SECOND_NS:
            before = watcher.traded
        looks[at] = _bids_and_asks(simulation.books[0], profile.within)
    missing = np.zeros(LOOKS + 1)
    for at, bids in zip(sold, after, strict=True):
        missing += np.array([looks[at + step][0] for step in steps]) - np.array(bids)
    spread, variance = _of_quotes(simulation.quotes(), begin, end)
    depth = np.mean([sum(looks[at]) / 2 for at in regular])
    return _Seen(
        seconds=end - begin,
        depth=float(depth) * (end - begin),
        spread=spread * (end - begin),
        traded=watcher.traded - before,
        variance=variance,
        missing=missing,
    )


def _after_a_sale(
    simulation: agents.Simulation, at: int, steps: Sequence[int], within: float
) -> list[int]:
    """Lots of the bids in a fork, at so many ns after it sells at a time that is next."""
    fork = simulation.fork()
    fork["watcher"].sells = True
    bids = []
    for step in steps:
        fork.run(until=at + step)
        bids.append(_bids_and_asks(fork.books[0], within)[0])
    return bids


def _half_life(profile: Profile, missing: NDArray[np.float64]) -> float:
    """Seconds until half of what sales took out of the bids is back, by what is missing."""
    waits = np.linspace(0.0, WINDOW * profile.half_life, LOOKS + 1)
    if missing[0] <= 0:
        return float(waits[-1])
    # The exponential decay that is nearest: a crossing of a half would hang on a few looks.
    tried = profile.half_life * np.geomspace(0.05, 10, 400)
    curves = 0.5 ** (waits[None, :] / tried[:, None])
    return float(tried[np.argmin(((curves - missing / missing[0]) ** 2).sum(axis=1))])


def warm_up(profile: Profile) -> int:
    """Seconds that do not count."""
    return round(min(max(5 * profile.half_life / math.log(2), 300), MOST_WARM_UP))


def _bids_and_asks(book: lob.OrderBook, within: float) -> tuple[int, int]:
    """Lots of either side within a share of the mid."""
    bids, asks = book.bids(), book.asks()
    if not len(bids) or not len(asks):
        return int(bids["size"].sum()), int(asks["size"].sum())
    mid = 0.5 * (int(bids["price"][0]) + int(asks["price"][0]))
    below = bids["size"][bids["price"] >= mid * (1 - within)].sum()
    above = asks["size"][asks["price"] <= mid * (1 + within)].sum()
    return int(below), int(above)


def _of_quotes(quotes: NDArray[np.void], begin: int, end: int) -> tuple[float, float]:
    """Mean spread as a share of the mid, and squared returns of 60 s summed over minutes."""
    both = quotes[(quotes["bid_size"] > 0) & (quotes["ask_size"] > 0)]
    times = both["ts_event"] / SECOND_NS
    mids = 0.5 * (both["bid_price"] + both["ask_price"])
    lasts = np.diff(np.clip(np.append(times, end), begin, end))
    spread = np.average((both["ask_price"] - both["bid_price"]) / mids, weights=lasts)
    places = np.searchsorted(times, np.arange(begin, end + 1, SHIFT), side="right") - 1
    logs = np.log(mids[np.maximum(places, 0)])
    # Minutes that overlap: the same mean with a third less noise.
    lag = 60 // SHIFT
    returns = logs[lag:] - logs[:-lag]
    return float(spread), float((returns**2).mean()) * (end - begin) / 60
