"""A guess in closed form of the market that a profile states, with a factor on each part of it."""

import math
from typing import Any, NamedTuple

import numpy as np

from experiments.calibration.profile.stated import DAY, YEAR, Profile

__all__ = ["LEAST_LOTS", "MOST_RATIO", "Knobs", "guess"]

LEAST_LOTS = 2.0
"""Lots of an order, at least, on average; chosen."""
MOST_RATIO, MOST_SHARE = 0.5, 0.5
"""Most market orders a message of another kind, in the guess; and a message in all; chosen."""
MOST_RESTING = 3_000
"""Orders at rest, at most, that the lifetimes are chosen for."""


class Knobs(NamedTuple):
    """Factors on the first guess."""

    depth: float = 1.0
    """On sizes of limit orders."""
    volume: float = 1.0
    """On rates of market orders."""
    spread: float = 1.0
    """On ``gap``."""
    news: float = 0.7
    """Share of the volatility that news alone give."""
    impact: float = 1.0
    """On ``impact``: lowered where trades alone would move the price too much."""
    life: float = 1.0
    """On lifetimes."""


def guess(profile: Profile, knobs: Knobs) -> dict[str, Any]:
    """Parameters of ``MakerMarket`` by a guess in closed form, times the factors."""
    life = profile.half_life / math.log(2) * knobs.life
    spread, reach = profile.spread * profile.price, profile.within * profile.price
    depth, volume = profile.depth / profile.lot, profile.volume / profile.lot / DAY
    sigma = profile.volatility * 1e4 / math.sqrt(YEAR)
    # Limit orders behind the best price: near ones by the logarithm of the distance, far ones
    # evenly, beyond the reach too, for the mid moves.
    distances = _distances(spread, reach)
    inside = float(np.mean(np.array(distances) <= reach))
    # So many stay, and for how long; the others go soon. Fewer, larger orders where there would be
    # less than some lots each, or where market orders would take more than rests at the best price.
    each = 0.5 * profile.rate * life
    stay = min(
        0.5,
        MOST_RESTING / each,
        2 * depth / (LEAST_LOTS * each * inside),
        2.8 * MOST_RATIO * depth / (volume * life * inside),
    )
    # Market orders ask for about 0.7 of a limit order; each message but them is half of one that
    # comes and goes.
    ratio = volume * life * stay * inside / (2.8 * depth)
    markets = min(profile.rate * ratio / (1 + ratio), volume / LEAST_LOTS)
    limits = 0.5 * (profile.rate - markets)
    size = 2 * depth / (limits * life * stay * inside) * knobs.depth
    asked = volume / markets
    markets = min(markets * knobs.volume, MOST_SHARE * profile.rate)
    followers = (0.3, 0.2, 0.2)
    whole = markets * (1 - sum(followers))
    answers = min(0.5, 0.3 * limits / markets)
    scale = min(1.0, life / 60)
    gone = -math.log(stay) / 2.7
    gap = 1.2 * spread * knobs.spread
    # The square root law: 0.6 sigma sqrt(Q / V), of the volatility and volume of a second.
    impact = 0.6 * sigma / math.sqrt(volume) * knobs.impact
    return {
        "clusters": 0.8 * whole,
        "followers": list(followers),
        "follower_rates": [200.0, 7.8, 0.08],
        "same_side": [0.97, 0.85, 0.8],
        "metaorders": 5,
        "metaorder_rate": 0.2 * whole,
        "beta": 1.5,
        "market_sizes": _sizes(1.2 * asked, 0.8),
        "limit_sizes": _sizes(size, 0.5),
        "distances": distances,
        "ages": [0.1 * scale, 1.0 * scale, 5.0 * scale],
        "hazard": [10 * gone / scale, gone / scale, 0.2 * gone / scale, 1 / life],
        "limit_rate": max(0.5 * limits, limits - answers * markets),
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
