"""A market that is stated by what can be read off a screen: depth, spread, volume, volatility.

``stated`` says what may be asked, ``guess`` turns it into parameters of
``agents.flow.MakerMarket``, ``obtained`` measures what a market gives, ``search`` corrects the
guess until that is what was asked, and ``refused`` says what cannot be.
"""

from experiments.calibration.profile.obtained import measured
from experiments.calibration.profile.refused import WITHIN
from experiments.calibration.profile.search import CHECKS, SALES, Solved, solve
from experiments.calibration.profile.stated import (
    KEYS,
    LEAST_RATE,
    MOST_RATE,
    RATE,
    Profile,
    ProfileError,
)

__all__ = [
    "CHECKS",
    "KEYS",
    "LEAST_RATE",
    "MOST_RATE",
    "RATE",
    "SALES",
    "WITHIN",
    "Profile",
    "ProfileError",
    "Solved",
    "measured",
    "solve",
]
