"""Columns of frames in units that people have: each row in those of its own instrument."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.criteria import criteria_units
from experiments.scenario.read import Scenario
from lob.real_units import CASH, LOTS, TICKS, RealUnit, RealUnits

__all__ = ["INTEGERS", "UNIT_OF", "criteria_in", "in_units", "unit_names", "units_in"]

UNIT_OF = {"ticks": TICKS, "lots": LOTS, "cash": CASH}
"""Units of integers by the names that they have in the lists of columns."""
NO_UNIT = RealUnit("units", CASH.factor, "units")
"""Unit of claims: a share of something has no other."""

INTEGERS = RealUnits(names=(), prices=(), sizes=(), cash=CASH, lots=LOTS, lots_of_clearings=(),
                     assets={})  # fmt: skip
"""Units with which every integer stays as it is."""


def units_in(wanted: str, units: RealUnits) -> RealUnits:
    """The units of a frame: those of the market, or those of integers.

    Parameters
    ----------
    wanted
        ``real`` or ``integer``.
    units
        Units of the market.

    Raises
    ------
    ValueError
        If ``wanted`` is neither.
    """
    if wanted not in ("real", "integer"):
        raise ValueError(f"units must be 'real' or 'integer', got {wanted!r}")
    return units if wanted == "real" else INTEGERS


def criteria_in(wanted: str, scenario: Scenario) -> dict[str, RealUnit]:
    """The units of a frame of criteria, by the units that ``CRITERIA`` gives.

    Parameters
    ----------
    wanted
        ``real`` or ``integer``; anything else raises ``ValueError``.
    scenario
        The scenario, of whose first shock the drop is.
    """
    if units_in(wanted, scenario.units) is INTEGERS:
        return UNIT_OF
    return criteria_units(scenario.units, scenario.number_of(scenario.shocks[0].instrument))


def in_units(
    values: NDArray[np.generic], units: Sequence[RealUnit], rows: NDArray[np.int64] | None = None
) -> NDArray[np.generic]:
    """A column in its units: float64 if any of them is not that of the integers, else as it was.

    Parameters
    ----------
    values
        Integers, or means of them, a row each.
    units
        The units that rows may have; with one of them, all have it.
    rows
        Index of the unit of each row; ``None``: all have the first.
    """
    if not any(one.is_real for one in units):
        return values
    factors = np.array([float(one.factor) for one in units])
    made: NDArray[np.generic] = values * (factors[0] if rows is None else factors[rows])
    return made


def unit_names(units: Mapping[str, RealUnit]) -> str | dict[str, str]:
    """What ``attrs["units"]`` says of a column: a name, or one by instrument or asset.

    Parameters
    ----------
    units
        By name of the instrument or asset.
    """
    names = {name: one.name for name, one in units.items()}
    return names.popitem()[1] if len(set(names.values())) == 1 else names
