"""Profiles that no parameters give: what is known before anything is run, and what is missed."""

import math

from experiments.calibration.profile.guess import LEAST_LOTS, MOST_RATIO
from experiments.calibration.profile.stated import DAY, KEYS, Profile, ProfileError, share_text

__all__ = ["WITHIN", "refuse", "refuse_missed", "refuse_spread"]

WITHIN = 0.15
"""Largest share by which what is obtained may differ from what is asked; ``half_life`` is told."""
MISSED = 1.5
"""Factor by which ``half_life`` may be missed: how fast depth is back differs from run to run."""
MOST_HALF_LIFE = 1_800.0
"""Seconds: runs that check a half-life are three times as long; chosen."""
LEAST_MARKETS = 1 / 60
"""Market orders a second, at least: of fewer no volume is to be known from some hours; chosen."""
LEAST_ORDERS = 12
"""Orders at rest on a side within reach, at least; chosen."""


def refuse(profile: Profile) -> None:
    """Raise ``ProfileError`` for what is known to be impossible before anything is run."""
    spread, reach = profile.spread * profile.price, profile.within * profile.price
    if spread < 1:
        raise ProfileError(
            "spread",
            f"must be a tick or more, {share_text(1 / profile.price)} at this price, got "
            f"{share_text(profile.spread)}: a smaller tick_size would do",
        )
    if reach < 2 * spread or reach < 4:
        least = max(2 * profile.spread, 4 / profile.price)
        raise ProfileError(
            "within",
            f"must be two spreads and four ticks or more, {share_text(least)}, got "
            f"{share_text(profile.within)}",
        )
    least_depth = LEAST_ORDERS * LEAST_LOTS * profile.lot
    if profile.depth < least_depth:
        raise ProfileError(
            "depth",
            f"must be {LEAST_ORDERS} orders of {LEAST_LOTS:g} lots or more on a side, "
            f"{profile.money(least_depth)}, got {profile.money(profile.depth)}: a smaller lot_size "
            "would do",
        )
    if profile.half_life > MOST_HALF_LIFE:
        raise ProfileError(
            "half_life",
            f"must be at most {MOST_HALF_LIFE:g} s, for the runs that check it are three times as "
            f"long, got {profile.half_life:g} s",
        )
    least_volume = LEAST_MARKETS * LEAST_LOTS * profile.lot * DAY
    if profile.volume < least_volume:
        raise ProfileError(
            "volume",
            f"must be a market order of {LEAST_LOTS:g} lots a minute or more, "
            f"{profile.money(least_volume)} a day, got {profile.money(profile.volume)}: a smaller "
            "lot_size would do",
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


def refuse_missed(profile: Profile, obtained: dict[str, float]) -> None:
    """Raise ``ProfileError`` if something that was asked did not come out: the farthest first."""
    asked = profile.asked()
    missed = [key for key in KEYS if not abs(obtained[key] / asked[key] - 1) <= WITHIN]
    if not 1 / MISSED <= obtained["half_life"] / asked["half_life"] <= MISSED:
        missed.append("half_life")
    if missed:
        missed.sort(key=lambda key: -abs(math.log(max(obtained[key] / asked[key], 1e-9))))
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


def refuse_spread(profile: Profile, tightest: float) -> None:
    """Raise ``ProfileError``: so small a spread cannot be held, and this is the nearest."""
    raise ProfileError(
        "spread",
        f"no parameters were found that give {share_text(profile.spread)} with all else that is "
        f"asked: the nearest has {share_text(tightest)}. More than {profile.rate:g} messages a "
        "second (rate), less volume or less volatility would do",
    )
