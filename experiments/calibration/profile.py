"""A market that is stated by what can be read off a screen: depth, spread, volume, volatility.

``solve`` finds parameters of ``agents.flow.MakerMarket`` that give them: a first guess in closed
form, then runs with fixed seeds, each of which corrects the guess. What other seeds give is what
was obtained, and stands beside what was asked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

import agents
import lob
from experiments.calibration.market_file import InstrumentOfMarket, MarketFile
from lob.units import SECOND_NS

__all__ = ["KEYS", "Profile", "ProfileError", "Solved", "measured", "solve"]

KEYS = ("depth", "spread", "volume", "volatility")
"""What a market is solved for and checked against, by key of a profile; ``half_life`` besides."""
WITHIN = 0.15
"""Largest share by which what is obtained may differ from what is asked; ``half_life`` is told."""
CLOSE = 0.03
"""Share at which the search stops; chosen."""
ROUNDS = 10
"""Most corrections; chosen."""
SEEDS, CHECKS = (1, 2, 3), (11, 12, 13, 14)
"""Seeds of the search, and of the check that follows."""
RATE, LEAST_RATE, MOST_RATE = 50.0, 1.0, 1_000.0
"""Messages a second if none is stated, and the bounds; chosen."""
HOURS = 2.0
"""Simulated hours that count, a seed; chosen."""
MOST_RESTING = 3_000
"""Orders at rest, at most, that the lifetimes are chosen for."""
YEAR, DAY = 365 * 86_400.0, 86_400.0
"""Seconds."""
LOOK = 10
"""Seconds between two looks at the depth."""


class ProfileError(ValueError):
    """No parameters give a profile: the message names the key and the nearest that can be had."""


@dataclass(frozen=True)
class Profile:
    """What is asked of a market.

    Parameters
    ----------
    instrument
        The instrument, by whose units of cash depth and volume are counted.
    price
        Ticks: where the market begins.
    depth
        Cash units at the start price that rest on one side within ``within`` of the mid: the mean
        over time and over both sides.
    within
        Share of the mid.
    half_life
        Seconds after a sale of half of the depth of the bids until half of what it removed is back.
    spread
        Share of the mid: mean over time.
    volume
        Cash units a day at the start price, traded.
    volatility
        Share, of a year of 365 days: of returns of the mid in 60 s.
    rate
        Messages a second, roughly: orders and cancellations.
    """

    instrument: InstrumentOfMarket
    price: int
    depth: int
    within: float
    half_life: float
    spread: float
    volume: int
    volatility: float
    rate: float = RATE

    @property
    def lot(self) -> float:
        """Cash units that a lot is worth at the start price."""
        one = self.instrument
        return one.multiplier / self.price if one.inverse else float(one.multiplier * self.price)

    def asked(self) -> dict[str, float]:
        """What is asked, by key."""
        return {key: float(getattr(self, key)) for key in (*KEYS, "half_life")}


class Solved(NamedTuple):
    """Parameters that give a profile."""

    profile: Profile
    """What was asked."""
    parameters: dict[str, Any]
    """Of ``agents.flow.MakerMarket``."""
    obtained: dict[str, float]
    """What came out over ``CHECKS``, by key, in the units of the profile."""


class _Knobs(NamedTuple):
    """Factors on the first guess."""

    depth: float = 1.0
    """On sizes of limit orders."""
    volume: float = 1.0
    """On rates of market orders."""
    spread: float = 1.0
    """On ``gap``."""
    news: float = 0.7
    """Share of the volatility that news alone give."""
    life: float = 1.0
    """On lifetimes."""


def solve(profile: Profile) -> Solved:
    """Find parameters that give a profile, and check them.

    Parameters
    ----------
    profile
        What is asked.

    Raises
    ------
    ProfileError
        If there are none: the message names the key, and the nearest that can be had.
    """
    return _solve(profile)


@lru_cache(maxsize=64)
def _solve(profile: Profile) -> Solved:
    _refuse(profile)
    knobs = _Knobs()
    asked = profile.asked()
    best: tuple[float, _Knobs] | None = None
    for _ in range(ROUNDS):
        parameters = _parameters(profile, knobs)
        found = measured(profile, parameters, SEEDS)
        off = {key: found[key] / asked[key] for key in KEYS}
        worst = max(abs(math.log(max(one, 1e-9))) for one in off.values())
        if best is None or worst < best[0]:
            best = worst, knobs
        if worst < CLOSE:
            break
        knobs = _corrected(knobs, off)
    assert best is not None
    parameters = _parameters(profile, best[1])
    obtained = measured(profile, parameters, CHECKS)
    return Solved(profile, parameters, obtained)


def _corrected(knobs: _Knobs, off: dict[str, float]) -> _Knobs:
    """The factors for the next round, by what came out over what was asked."""
    news = knobs.news**2 + 0.8 * (1 - off["volatility"] ** 2)
    return knobs._replace(
        depth=knobs.depth * _bounded(1 / off["depth"]),
        volume=knobs.volume * _bounded(1 / off["volume"]),
        spread=knobs.spread * _bounded(1 / off["spread"]),
        news=math.sqrt(min(max(news, 0.01), 4.0)),
    )


def _bounded(factor: float) -> float:
    return min(max(factor, 0.4), 2.5)


def _parameters(profile: Profile, knobs: _Knobs) -> dict[str, Any]:
    """Parameters of ``MakerMarket`` by a guess in closed form, times the factors."""
    life = profile.half_life / math.log(2) * knobs.life
    spread, reach = profile.spread * profile.price, profile.within * profile.price
    depth, volume = profile.depth / profile.lot, profile.volume / profile.lot / DAY
    sigma = profile.volatility * 1e4 / math.sqrt(YEAR)
    # Limit orders behind the best price: near ones by the logarithm of the distance, far ones
    # evenly, beyond the reach too, for the mid moves.
    distances = _distances(spread, reach)
    inside = float(np.mean(np.array(distances) <= reach))
    # So many stay, and for how long; the others go soon.
    stay = min(0.5, MOST_RESTING / (0.5 * profile.rate * life))
    resting = 0.5 * profile.rate * life * stay
    # Market orders ask for about 0.7 of a limit order; each message but them is half of one that
    # comes and goes.
    ratio = volume * life * stay * inside / (2.8 * depth)
    markets = profile.rate * ratio / (1 + ratio)
    limits = 0.5 * (profile.rate - markets)
    size = 2 * depth / (limits * life * stay * inside) * knobs.depth
    markets *= knobs.volume
    followers = (0.3, 0.2, 0.2)
    whole = markets * (1 - sum(followers))
    answers = min(0.5, 0.3 * limits / markets)
    scale = min(1.0, life / 60)
    gone = -math.log(stay) / 2.7
    gap = 1.2 * spread * knobs.spread
    mean_market = volume / (markets / knobs.volume)
    impact = 0.6 * sigma * math.sqrt(DAY / (volume * DAY))
    return {
        "clusters": 0.8 * whole,
        "followers": list(followers),
        "follower_rates": [200.0, 7.8, 0.08],
        "same_side": [0.97, 0.85, 0.8],
        "metaorders": 5,
        "metaorder_rate": 0.2 * whole,
        "beta": 1.5,
        "market_sizes": _sizes(mean_market * 1.2, 0.8),
        "limit_sizes": _sizes(size, 0.5),
        "distances": distances,
        "ages": [0.1 * scale, 1.0 * scale, 5.0 * scale],
        "hazard": [10 * gone / scale, gone / scale, 0.2 * gone / scale, 1 / life],
        "limit_rate": limits - answers * markets,
        "answers": [0.0, 0.0, answers],
        "answer_rates": [250.0, 25.0, 1.4],
        "answer_same": [0.9, 0.9, 0.9],
        "gap": gap,
        "join": 0.15,
        "undercut": 0.3,
        "reach": 0.7,
        "least_gap": 0.1 * gap,
        "reaction": 20.0,
        "volatility": sigma * knobs.news,
        "news_rate": 1.0,
        "news_followers": 0.5,
        "news_follower_rate": 0.01,
        "calm": 1.5 * sigma,
        "thinning": 0.58,
        "calming": 0.005,
        "impact": impact,
        "permanent": 0.4,
        "decays": [0.008, 0.0003, 0.00005],
        "forgetting": 0.00005,
    }


def _sizes(mean: float, width: float) -> list[int]:
    """Equally likely sizes of a lognormal law about a mean, in whole lots."""
    quantiles = (np.arange(24) + 0.5) / 24
    drawn = np.exp(width * _normal(quantiles))
    exact = mean * drawn / drawn.mean()
    # Each is rounded so that the sum of all so far is: the mean is right for small ones too.
    ends = np.round(np.cumsum(exact))
    return [max(1, int(one)) for one in np.diff(ends, prepend=0.0)]


def _normal(quantiles: Any) -> Any:
    """Quantiles of the normal law (Abramowitz and Stegun 1964, 26.2.23; to 0.0005)."""
    tail = np.minimum(quantiles, 1 - quantiles)
    t = np.sqrt(-2 * np.log(tail))
    above = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (
        1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    )
    return np.where(quantiles < 0.5, -above, above)


def _distances(spread: float, reach: float) -> list[int]:
    near = np.geomspace(max(1.0, 0.1 * spread), max(2.0, reach), 26)[:-1]
    far = np.linspace(0, 1.5 * reach, 38)[1:]
    return [max(1, round(one)) for one in (*near, *far)]


# ------------------------------------------------------------------ what comes out


def measured(
    profile: Profile, parameters: dict[str, Any], seeds: Sequence[int]
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
    """
    found = [_measured(profile, parameters, seed) for seed in seeds]
    means = {key: float(np.mean([one[key] for one in found])) for key in KEYS}
    means["volatility"] = math.sqrt(np.mean([one["volatility"] ** 2 for one in found]))
    return means


def _market(profile: Profile, parameters: dict[str, Any]) -> MarketFile:
    return MarketFile(
        name=profile.instrument.name,
        model="maker-market",
        price=profile.price,
        instrument=profile.instrument,
        parameters=parameters,
    )


def _measured(profile: Profile, parameters: dict[str, Any], seed: int) -> dict[str, float]:
    simulation = _market(profile, parameters).simulation(seed)
    simulation.follow_quotes()
    life = profile.half_life / math.log(2)
    begin = round(min(max(5 * life, 300), 3_600))
    end = begin + round(HOURS * 3600)
    depths = []
    for at in range(begin, end, LOOK):
        simulation.run(until=at * SECOND_NS)
        depths.append(_depth(simulation.books[0], profile.within))
    simulation.run(until=end * SECOND_NS)
    events = simulation.events
    traded = events["size"][
        (events["kind"] == lob.EventKind.TRADE) & (events["ts_event"] >= begin * SECOND_NS)
    ].sum()
    spread, volatility = _of_quotes(simulation.quotes(), begin, end)
    return {
        "depth": float(np.mean(depths)) * profile.lot,
        "spread": spread,
        "volume": float(traded) * profile.lot * DAY / (end - begin),
        "volatility": volatility,
    }


def _depth(book: lob.OrderBook, within: float) -> float:
    """Lots on one side within a share of the mid: the mean of both sides."""
    bids, asks = book.bids(), book.asks()
    if not len(bids) or not len(asks):
        return 0.5 * float(bids["size"].sum() + asks["size"].sum())
    mid = 0.5 * (int(bids["price"][0]) + int(asks["price"][0]))
    below = bids["size"][bids["price"] >= mid * (1 - within)].sum()
    above = asks["size"][asks["price"] <= mid * (1 + within)].sum()
    return 0.5 * float(below + above)


def _of_quotes(quotes: Any, begin: int, end: int) -> tuple[float, float]:
    """Mean spread as a share of the mid, and volatility in a year."""
    both = quotes[(quotes["bid_size"] > 0) & (quotes["ask_size"] > 0)]
    times = both["ts_event"] / SECOND_NS
    mids = 0.5 * (both["bid_price"] + both["ask_price"])
    lasts = np.diff(np.clip(np.append(times, end), begin, end))
    spread = np.average((both["ask_price"] - both["bid_price"]) / mids, weights=lasts)
    places = np.searchsorted(times, np.arange(begin, end + 1, 60), side="right") - 1
    returns = np.diff(np.log(mids[np.maximum(places, 0)]))
    return float(spread), float(np.sqrt(np.mean(returns**2) * YEAR / 60))
