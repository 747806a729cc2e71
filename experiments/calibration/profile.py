"""A market that is stated by what can be read off a screen: depth, spread, volume, volatility.

``solve`` finds parameters of ``agents.flow.MakerMarket`` that give them: a first guess in closed
form, then runs with fixed seeds, each of which corrects the guess. What other seeds give is what
was obtained, and stands beside what was asked.
"""

import hashlib
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

__all__ = ["KEYS", "Profile", "ProfileError", "Solved", "half_life_of", "measured", "solve"]

KEYS = ("depth", "spread", "volume", "volatility")
"""What a market is solved for and checked against, by key of a profile; ``half_life`` besides."""
WITHIN = 0.15
"""Largest share by which what is obtained may differ from what is asked; ``half_life`` is told."""
CLOSE = 0.05
"""Share at which the search stops; chosen."""
ROUNDS, STUCK = 10, 3
"""Most rounds, and most without an improvement; chosen."""
SEEDS, CHECKS = (1, 2), (11, 12, 13, 14)
"""Seeds of the search, and of the check that follows."""
TWINS, CHECK_TWINS = tuple(range(21, 29)), tuple(range(31, 47))
"""Seeds of the runs with a sale, likewise."""
MISSED = 1.5
"""Factor by which ``half_life`` may be missed: how fast depth is back differs from run to run."""
LEAST_NEWS = 0.04
"""Least share of the variance that news give; chosen."""
LEAST_LOTS = 2.0
"""Lots of an order, at least, on average; chosen."""
LEAST_ORDERS = 12
"""Orders at rest on a side within reach, at least; chosen."""
MOST_RATIO, MOST_SHARE = 0.5, 0.5
"""Most market orders a message of another kind, in the guess; and a message in all; chosen."""
LONG = 300.0
"""Half-lives above are not searched for, only told, for that would take long; seconds, chosen."""
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
SOLD = 0.5
"""Share of the bids that is sold to see how fast they come back."""
LOOKS = 30
"""How often it is looked, over three half-lives."""


class ProfileError(ValueError):
    """No parameters give a profile: the message names the key and the nearest that can be had.

    Parameters
    ----------
    key
        Key of the profile.
    what
        What must be, without the key.

    Attributes
    ----------
    key, what : str
        As given.
    """

    def __init__(self, key: str, what: str) -> None:
        super().__init__(f"{key}: {what}")
        self.key, self.what = key, what


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

    def digest(self) -> str:
        """A text that is another for another profile."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    def money(self, units: float) -> str:
        """An amount of cash as people write it, rounded; cash units where nobody says whose."""
        one = self.instrument.make()
        if not one.has_units:
            return f"{units:,.4g} cash units"
        amount = float(f"{units * float(one.cash_unit):.4g}")
        return f"{amount:,.10g} {one.paid_asset}"

    def written(self, key: str, value: float) -> str:
        """A value of a key as people write it."""
        if key in ("depth", "volume"):
            return self.money(value) + (" a day" if key == "volume" else "")
        if key == "half_life":
            return f"{value:.4g} s"
        return _share(value) + (" a year" if key == "volatility" else "")


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
    impact: float = 1.0
    """On ``impact``: lowered where trades alone would move the price too much."""
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
    best, best_round, tightest = (math.inf, knobs), 0, math.inf
    for number in range(ROUNDS):
        parameters = _parameters(profile, knobs)
        found = measured(profile, parameters, SEEDS)
        if profile.half_life <= LONG:
            found["half_life"] = half_life_of(profile, parameters, TWINS)
        else:
            found["half_life"] = profile.half_life
        off = {key: found[key] / asked[key] for key in asked}
        # How fast depth is back is known less well.
        miss = {key: abs(math.log(max(one, 1e-9))) for key, one in off.items()}
        worst = max(one / (4 if key == "half_life" else 1) for key, one in miss.items())
        tightest = min(tightest, found["spread"])
        if worst < best[0]:
            best, best_round = (worst, knobs), number
        if worst < CLOSE or number - best_round >= STUCK:
            break
        knobs = _corrected(knobs, off)
    if best[0] > math.log(1 + WITHIN) and tightest > profile.spread * (1 + WITHIN):
        # The cause of all else that is off, so the rest is not told.
        raise ProfileError(
            "spread",
            f"no parameters were found that give {_share(profile.spread)} with all else that is "
            f"asked: the nearest has {_share(tightest)}. More than {profile.rate:g} messages a "
            "second (rate), less volume or less volatility would do",
        )
    parameters = _parameters(profile, best[1])
    obtained = measured(profile, parameters, CHECKS)
    twins = CHECK_TWINS if profile.half_life <= LONG else CHECK_TWINS[:4]
    obtained["half_life"] = half_life_of(profile, parameters, twins)
    _refuse_missed(profile, obtained)
    return Solved(profile, parameters, obtained)


def _corrected(knobs: _Knobs, off: dict[str, float]) -> _Knobs:
    """The factors for the next round, by what came out over what was asked."""
    news = knobs.news**2 + 0.8 * (1 - off["volatility"] ** 2)
    return knobs._replace(
        depth=knobs.depth * _bounded(1 / off["depth"]),
        volume=knobs.volume * _bounded(1 / off["volume"]),
        spread=knobs.spread * _bounded(1 / off["spread"]),
        news=math.sqrt(min(max(news, LEAST_NEWS), 4.0)),
        impact=knobs.impact * (_bounded(1 / off["volatility"]) if news < LEAST_NEWS else 1.0),
        life=knobs.life * _bounded(off["half_life"] ** -0.7),
    )


def _bounded(factor: float) -> float:
    return min(max(factor, 0.4), 2.5) if factor > 0 else 2.5


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


# ------------------------------------------------------------------ what cannot be


def _refuse(profile: Profile) -> None:
    """Raise ``ProfileError`` for what is known to be impossible before anything is run."""
    spread, reach = profile.spread * profile.price, profile.within * profile.price
    if spread < 1:
        raise ProfileError(
            "spread",
            f"must be a tick or more, {_share(1 / profile.price)} at this price, got "
            f"{_share(profile.spread)}: a smaller tick_size would do",
        )
    if reach < 2 * spread or reach < 4:
        least = max(2 * profile.spread, 4 / profile.price)
        raise ProfileError(
            "within",
            f"must be two spreads and four ticks or more, {_share(least)}, got "
            f"{_share(profile.within)}",
        )
    least_depth = LEAST_ORDERS * LEAST_LOTS * profile.lot
    if profile.depth < least_depth:
        raise ProfileError(
            "depth",
            f"must be {LEAST_ORDERS} orders of {LEAST_LOTS:g} lots or more on a side, "
            f"{profile.money(least_depth)}, got {profile.money(profile.depth)}: a smaller lot_size "
            "would do",
        )
    life = profile.half_life / math.log(2)
    # As large as orders may be, and half of all messages market orders.
    most = 1.4 * MOST_RATIO * profile.depth * profile.rate / LEAST_ORDERS * DAY
    if profile.volume > most:
        raise ProfileError(
            "volume",
            f"must be at most {profile.money(most)} a day at this depth and "
            f"{profile.rate:g} messages a second, got {profile.money(profile.volume)}: a larger "
            "rate or depth would do",
        )
    fewest = 2 * LEAST_ORDERS / (0.5 * life)
    if profile.rate < fewest:
        raise ProfileError(
            "rate",
            f"must be {fewest:.3g} messages a second or more, so that {LEAST_ORDERS} orders rest "
            f"on a side with this half_life, got {profile.rate:g}",
        )


def _refuse_missed(profile: Profile, obtained: dict[str, float]) -> None:
    """Raise ``ProfileError`` if something that was asked did not come out."""
    asked = profile.asked()
    missed = [key for key in KEYS if not abs(obtained[key] / asked[key] - 1) <= WITHIN]
    if not 1 / MISSED <= obtained["half_life"] / asked["half_life"] <= MISSED:
        missed.append("half_life")
    if missed:
        found = "; ".join(
            f"{key} {profile.written(key, asked[key])}: the nearest found has "
            f"{profile.written(key, obtained[key])}"
            for key in missed
        )
        raise ProfileError(
            missed[0],
            f"no parameters were found that give all that is asked: {found}. State that, or a rate "
            f"above {profile.rate:g} messages a second",
        )


def _share(value: float) -> str:
    return f"{value * 1e4:.4g} bps" if value < 0.01 else f"{value * 100:.4g} %"


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
    begin = _warm_up(profile)
    end = begin + round(HOURS * 3600)
    depths = []
    for at in range(begin, end, LOOK):
        simulation.run(until=at * SECOND_NS)
        depths.append(sum(_bids_and_asks(simulation.books[0], profile.within)) / 2)
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


class _Seller(agents.Agent):
    """Sells a share of the bids within a share of the mid, once.

    Parameters
    ----------
    name
        Name of the participant.
    at
        Seconds until it sells.
    within
        Share of the mid.
    """

    def __init__(self, name: str, at: float, within: float) -> None:
        super().__init__(name)
        self.at, self.within = round(at * SECOND_NS), within

    def on_start(self) -> None:
        """Wait."""
        self.wake_in(self.at)

    def on_wake(self) -> None:
        """Sell."""
        lots = round(SOLD * _bids_and_asks(self.simulation.books[0], self.within)[0])
        if lots:
            self.submit(lob.Side.SELL, lots)


def half_life_of(profile: Profile, parameters: dict[str, Any], seeds: Sequence[int]) -> float:
    """Seconds until half of what a sale takes out of the bids is back, on average over seeds.

    Parameters
    ----------
    profile, parameters, seeds
        As for ``measured``.
    """
    market = _market(profile, parameters)
    begin = _warm_up(profile)
    steps = np.arange(1, LOOKS + 1) * (3 * profile.half_life / LOOKS)
    missing = np.zeros(LOOKS + 1)
    for seed in seeds:
        paths = []
        for sale in (False, True):
            simulation = market.simulation(seed, events=False)
            if sale:
                simulation.add(_Seller("seller", begin, profile.within))
            depths = []
            for wait in (0.001, *steps):
                simulation.run(until=round((begin + wait) * SECOND_NS))
                depths.append(_bids_and_asks(simulation.books[0], profile.within)[0])
            paths.append(depths)
        missing += np.array(paths[0]) - np.array(paths[1])
    if missing[0] <= 0:
        return float(steps[-1])
    # The exponential decay that is nearest: a crossing of a half would hang on a few looks.
    waits = np.array([0.0, *steps])
    tried = profile.half_life * np.geomspace(0.05, 10, 400)
    curves = 0.5 ** (waits[None, :] / tried[:, None])
    return float(tried[np.argmin(((curves - missing / missing[0]) ** 2).sum(axis=1))])


def _warm_up(profile: Profile) -> int:
    """Seconds that do not count."""
    return round(min(max(5 * profile.half_life / math.log(2), 300), 3_600))


def _bids_and_asks(book: lob.OrderBook, within: float) -> tuple[int, int]:
    """Lots of either side within a share of the mid."""
    bids, asks = book.bids(), book.asks()
    if not len(bids) or not len(asks):
        return int(bids["size"].sum()), int(asks["size"].sum())
    mid = 0.5 * (int(bids["price"][0]) + int(asks["price"][0]))
    below = bids["size"][bids["price"] >= mid * (1 - within)].sum()
    above = asks["size"][asks["price"] <= mid * (1 + within)].sum()
    return int(below), int(above)


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
