"""Measures outside what their definition allows are refused, with the reason, and not shown.

Such a number is a fault of the scenario (a price that nobody trades at, units that do not fit) or
of the measure. Printed, it would be believed.
"""

from collections.abc import Mapping
from math import isnan

from lob.real_units import CASH, LOTS, TICKS, RealUnit

__all__ = ["implausible"]

RECOVERY = (0.0, 2.0)
"""Least and most plausible recovery, in shares of the fair value of what failed; chosen. More than
twice the fair value is no recovery, but a fair value that is none."""


def implausible(
    criteria: Mapping[str, float],
    *,
    exposure: float,
    mark_before: int,
    falls: bool,
    cash: RealUnit = CASH,
    price: RealUnit = TICKS,
    size: RealUnit = LOTS,
) -> dict[str, str]:
    """Name the criteria of a run that cannot be true, each with the reason as an English sentence.

    Parameters
    ----------
    criteria
        A run's criteria by name, as ``criteria_of`` gives them; ``nan``, which is not known, is
        never refused.
    exposure
        Cash units that all that failed was worth at the dearest fair price of the run. Nobody can
        owe more than that.
    mark_before
        Mark just before the first shock, in ticks.
    falls
        Whether the first shock was a sale: then no drop is larger than the price.
    cash, price, size
        Units in which amounts, prices and lots are told; by default those of the integers.
    """
    found: dict[str, str] = {}
    debt = criteria.get("bad_debt", float("nan"))
    if not isnan(debt) and debt > exposure:
        found["bad_debt"] = (
            f"bad debt of {cash.amount(debt)} is more than all that failed was ever worth, "
            f"{cash.amount(exposure)}"
        )
    recovery = criteria.get("recovery", float("nan"))
    if not isnan(recovery) and not RECOVERY[0] <= recovery <= RECOVERY[1]:
        found["recovery"] = (
            f"recovery of {recovery:,.3g} of the fair value is outside {RECOVERY[0]:g} to "
            f"{RECOVERY[1]:g}"
        )
    drop = criteria.get("drop", float("nan"))
    if falls and not isnan(drop) and drop > mark_before:
        found["drop"] = (
            f"a fall of {price.told(drop)} is more than the price, {price.amount(mark_before)}"
        )
    for name in ("unsold", "liquidated", "liquidations", "time_unsafe"):
        if criteria.get(name, 0.0) < 0:
            unit = size if name in ("unsold", "liquidated") else None
            told = f"{criteria[name]:,.0f}" if unit is None else unit.amount(criteria[name])
            found[name] = f"{name} of {told} is below zero"
    return found
