"""The search for parameters of ``agents.flow.MakerMarket`` that give a stated profile.

A first guess in closed form, then runs with fixed seeds, each of which corrects the guess. What
other seeds give is what was obtained, and stands beside what was asked.
"""

import math
from functools import lru_cache
from typing import Any, NamedTuple

from experiments.calibration.profile.guess import Knobs, guess
from experiments.calibration.profile.obtained import HOURS, measured
from experiments.calibration.profile.refused import WITHIN, refuse, refuse_missed, refuse_spread
from experiments.calibration.profile.stated import Profile

__all__ = ["CHECKS", "SALES", "Solved", "solve"]

CLOSE = 0.05
"""Share at which the search stops; chosen."""
ROUNDS, STUCK = 10, 3
"""Most rounds, and most without an improvement; chosen."""
SEEDS, CHECKS = (1, 2), tuple(range(11, 19))
"""Seeds of the search, and of the check that follows."""
SEARCH_SALES, SALES = 4, 2
"""Sales a seed by which is seen how fast depth is back, in the search and in the check; chosen."""
LONG = 300.0
"""Half-life in seconds above which the search has as few sales as the check, for each takes longer;
chosen."""
NEAR, ROUGH_HOURS = 0.2, 0.75
"""Share of a miss above which shorter runs do for the next round, and how long those are, in
simulated hours a seed; chosen."""
BUSY, LONGEST = 100.0, 4.0
"""Messages a second below which runs are longer, as few messages tell less, and how many times
longer at most; chosen."""
DAMPED = 0.7
"""Power of corrections after the first: what a round misses by is partly its own noise; chosen."""
NOISE = {"half_life": 4.0, "volatility": 1.5}
"""How much less well a number is known from the runs of a round than the others are; chosen."""
LEAST_NEWS = 0.04
"""Least share of the variance that news give; chosen."""


class Solved(NamedTuple):
    """Parameters that give a profile."""

    profile: Profile
    """What was asked."""
    parameters: dict[str, Any]
    """Of ``agents.flow.MakerMarket``."""
    obtained: dict[str, float]
    """What came out over ``CHECKS``, by key, in the units of the profile."""


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
    refuse(profile)
    knobs, parameters = Knobs(), guess(profile, Knobs())
    asked = profile.asked()
    best, best_round, tightest = (math.inf, parameters), 0, math.inf
    longer = min(max(BUSY / profile.rate, 1.0), LONGEST)
    whole, hours = HOURS * longer, ROUGH_HOURS * longer
    sales = SEARCH_SALES if profile.half_life <= LONG else SALES
    for number in range(ROUNDS):
        found = measured(profile, parameters, SEEDS, hours, sales=sales)
        off = {key: found[key] / asked[key] for key in asked}
        worst = max(abs(math.log(max(off[key], 1e-9))) / NOISE.get(key, 1.0) for key in off)
        tightest = min(tightest, found["spread"])
        if worst < best[0]:
            best, best_round = (worst, parameters), number
        stuck = number - best_round >= STUCK
        if hours == whole and (worst < CLOSE or stuck):
            break
        if hours < whole and (worst < NEAR or stuck):
            # What short runs said is not to be compared with what long ones say.
            hours, best, best_round = whole, (math.inf, parameters), number
        knobs = _corrected(knobs, off, DAMPED if number else 1.0)
        parameters = guess(profile, knobs)
    if best[0] > math.log(1 + WITHIN) and tightest > profile.spread * (1 + WITHIN):
        # The cause of all else that is off, so the rest is not told.
        refuse_spread(profile, tightest)
    obtained = measured(profile, best[1], CHECKS, whole, sales=SALES)
    refuse_missed(profile, obtained)
    return Solved(profile, best[1], obtained)


def _corrected(knobs: Knobs, off: dict[str, float], power: float) -> Knobs:
    """The factors for the next round, by what came out over what was asked."""
    off = {key: one**power for key, one in off.items()}
    news = knobs.news**2 + 0.6 * (1 - off["volatility"] ** 2)
    # Where how fast depth is back is near enough, all else is left in peace.
    far = abs(math.log(max(off["half_life"], 1e-9))) > NOISE["half_life"] * CLOSE
    return knobs._replace(
        depth=knobs.depth / _bounded(off["depth"]),
        volume=knobs.volume / _bounded(off["volume"]),
        spread=knobs.spread / _bounded(off["spread"]),
        news=math.sqrt(min(max(news, LEAST_NEWS), 4.0)),
        impact=knobs.impact / (_bounded(off["volatility"]) if news < LEAST_NEWS else 1.0),
        life=knobs.life / (_bounded(off["half_life"]) ** 0.7 if far else 1.0),
    )


def _bounded(factor: float) -> float:
    return min(max(factor, 0.4), 2.5)
