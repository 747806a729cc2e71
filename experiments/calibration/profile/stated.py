"""What is stated of a market, by what can be read off a screen, and how people write it."""

import hashlib
from dataclasses import dataclass

from experiments.calibration.market_file import InstrumentOfMarket

__all__ = [
    "DAY",
    "KEYS",
    "LEAST_RATE",
    "MOST_RATE",
    "RATE",
    "YEAR",
    "Profile",
    "ProfileError",
    "share_text",
]

KEYS = ("depth", "spread", "volume", "volatility")
"""What a market is solved for and checked against, by key of a profile; ``half_life`` besides."""
RATE, LEAST_RATE, MOST_RATE = 50.0, 1.0, 1_000.0
"""Messages a second if none is stated, and the bounds; chosen."""
YEAR, DAY = 365 * 86_400.0, 86_400.0
"""Seconds."""


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

    def in_units(self, key: str, value: float) -> tuple[float, str]:
        """A value of a key, and the unit that it is in: money where it is known whose.

        Parameters
        ----------
        key
            Of the profile.
        value
            In the unit of the profile.
        """
        if key in ("depth", "volume"):
            one = self.instrument.make()
            of = " a day" if key == "volume" else ""
            if not one.has_units:
                return value, "cash units" + of
            return value * float(one.cash_unit), one.paid_asset + of
        return value, {"half_life": "s", "volatility": "share a year"}.get(key, "share")

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
        return share_text(value) + (" a year" if key == "volatility" else "")


def share_text(value: float) -> str:
    """A share as people write it: small ones in bps."""
    return f"{value * 1e4:.4g} bps" if value < 0.01 else f"{value * 100:.4g} %"
