"""Facts of a market: the statistics by which markets are compared, one definition each.

``docs/reference/facts.md`` has the formulas. A statistic that a record cannot give has a reason in
place of a value. The *distance* of two markets is the mean over the statistics that both have of
min(3, abs(log(a / b))), or, where a statistic may be zero or negative, min(3, abs(a - b) / 0.25).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import NamedTuple

import numpy as np

from lob import Instrument

__all__ = [
    "FACTS",
    "GATES",
    "GATE_LIMIT",
    "LEVEL_FEED",
    "MOST",
    "TOO_SHORT",
    "UNDEFINED",
    "Fact",
    "Facts",
    "Statistic",
    "difference",
    "distance",
    "unit_in_words",
]

MOST = 3.0
"""The most that one statistic adds before the mean is taken."""
SCALE = 0.25
"""A difference of this much counts like a ratio of e."""
GATE_LIMIT = 0.15
"""How far the quantities of ``GATES`` may be off, as a share."""

TOO_SHORT = "too short"
LEVEL_FEED = "not in a level feed"
UNDEFINED = "undefined"
"""Reasons why a record cannot give a statistic: too few events, sizes of prices alone, or a market
in which the quantity does not exist, as the kurtosis of a price that never moves."""


class Statistic(NamedTuple):
    """One of the statistics."""

    title: str
    unit: str
    form: str
    """``ratio``, ``difference``, or ``kurtosis``: the ratio of 3 + the value."""


class Fact(NamedTuple):
    """The value of a statistic, or why there is none."""

    value: float | None
    reason: str = ""


FACTS: dict[str, Statistic] = {
    "spread_ticks": Statistic("spread", "ticks", "ratio"),
    "spread_bps": Statistic("spread", "bps", "ratio"),
    "spread_dispersion": Statistic("spread, sd / mean", "", "ratio"),
    "depth_per_order": Statistic("best depth / market order", "", "ratio"),
    "size_dispersion": Statistic("market order size, sd / mean", "", "ratio"),
    "limits_per_order": Statistic("limit orders a market order", "", "ratio"),
    "cancels_per_limit": Statistic("cancellations a limit order", "", "ratio"),
    "hazard_old_young": Statistic("cancel hazard, old / young", "", "ratio"),
    "gap_dispersion": Statistic("gaps of market orders, sd / mean", "", "ratio"),
    "fano_60s": Statistic("Fano factor at 60 s", "", "ratio"),
    "branching": Statistic("branching ratio of market orders", "", "difference"),
    "sign_1": Statistic("sign autocorrelation at 1", "", "difference"),
    "sign_10": Statistic("sign autocorrelation at 10", "", "difference"),
    "sign_50": Statistic("sign autocorrelation at 50", "", "difference"),
    "sign_exponent": Statistic("its exponent", "", "difference"),
    "variance_ratio_1s_60s": Statistic("variance ratio 60 s / 1 s", "", "ratio"),
    "variance_ratio_10s_300s": Statistic("variance ratio 300 s / 10 s", "", "ratio"),
    "kurtosis_10s": Statistic("excess kurtosis at 10 s", "", "kurtosis"),
    "kurtosis_60s": Statistic("excess kurtosis at 60 s", "", "kurtosis"),
    "tail_exponent": Statistic("tail exponent at 10 s", "", "ratio"),
    "volatility_memory": Statistic("autocorrelation of abs. returns", "", "difference"),
    "imbalance": Statistic("imbalance before market orders", "", "difference"),
    "widening_share": Statistic("market orders that widen the spread", "", "ratio"),
    "recovery_s": Statistic("half-life of the spread", "s", "ratio"),
    "response_1": Statistic("response R(1) / spread", "", "difference"),
    "response_10": Statistic("response R(10) / spread", "", "difference"),
    "response_100": Statistic("response R(100) / spread", "", "difference"),
}
"""The statistics by name, in the order in which they are shown."""

GATES: dict[str, Statistic] = {
    "gate_spread_bps": Statistic("spread", "bps", "ratio"),
    "gate_volatility": Statistic("volatility of 60 s returns, a day", "%", "ratio"),
    "gate_volume": Statistic("volume an hour", "units", "ratio"),
}
"""What two markets must have in common for their distance to mean something."""


@dataclass(frozen=True)
class Facts:
    """All statistics of one record.

    Attributes
    ----------
    name
        What was measured.
    values
        A ``Fact`` for each name in ``FACTS``.
    gates
        A ``Fact`` for each name in ``GATES``.
    seconds
        Length of the record.
    messages, market_orders
        How many there are in it.
    notes
        What a reader must know.
    instrument
        What is traded, with the names of its money and size; ``None``: not known.
    """

    name: str
    values: Mapping[str, Fact]
    gates: Mapping[str, Fact]
    seconds: float
    messages: int
    market_orders: int
    notes: tuple[str, ...] = ()
    instrument: Instrument | None = None


def unit_in_words(unit: str, *instruments: Instrument | None) -> str:
    """The unit of a statistic or gate, with what a tick and a unit are where instruments agree.

    Parameters
    ----------
    unit
        As of a ``Statistic``.
    instruments
        What is traded in each of the records that are shown.

    Examples
    --------
    >>> from decimal import Decimal
    >>> amzn = Instrument("AMZN", Decimal("0.01"), base="shares", quote="USD")
    >>> unit_in_words("ticks", amzn), unit_in_words("units", amzn), unit_in_words("ticks", None)
    ('ticks of 0.01 USD', 'shares', 'ticks')
    """
    known = [one for one in instruments if one is not None and one.has_units]
    if len(known) < len(instruments):
        return unit
    told = {"ticks": {f"ticks of {one.write_price(1)}" for one in known},
            "units": {one.size_asset for one in known}}.get(unit, set())  # fmt: skip
    return told.pop() if len(told) == 1 else unit


def difference(name: str, one: float, other: float) -> float:
    """How far two values of a statistic are apart, 0 to ``MOST``.

    Parameters
    ----------
    name
        Of the statistic.
    one, other
        Its values.
    """
    form = FACTS[name].form
    if form == "difference":
        return min(MOST, abs(one - other) / SCALE)
    if form == "kurtosis":
        one, other = one + 3, other + 3
    if one == other:
        return 0.0
    return min(MOST, abs(log(one / other))) if one > 0 and other > 0 else MOST


def distance(facts: Facts, target: Facts) -> tuple[float, dict[str, float]]:
    """The distance of a market to another one, and what each statistic adds before the mean.

    What either record is too short for, or does not tell, is left out. What exists in the target
    and not in the market counts ``MOST``. ``nan`` where nothing is left.

    Parameters
    ----------
    facts
        Of the market.
    target
        Of what it is held against.
    """
    parts = {}
    for name in FACTS:
        one, other = facts.values[name], target.values[name]
        if other.value is None:
            continue
        if one.value is not None:
            parts[name] = difference(name, one.value, other.value)
        elif one.reason == UNDEFINED:
            parts[name] = MOST
    return (float(np.mean(list(parts.values()))) if parts else float("nan")), parts
