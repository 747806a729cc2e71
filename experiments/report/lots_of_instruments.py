"""Lots of several assets in a comparison: one row an instrument, in its own unit.

A sum of lots of BTC and of ETH is an amount of nothing; where accounts hold several assets, the
tables show each by itself.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.metrics.solvency import quantile_95

if TYPE_CHECKING:
    from experiments.report.results import ContestResult

__all__ = ["is_of_several", "lots_rows", "tail_rows"]

OF_ROWS = {"unsold": "unsold", "liquidated": "sold"}
"""Criteria that count lots, and where a contest's rows have them by instrument."""


def is_of_several(scenario: Any, criterion: str) -> bool:
    """Whether a criterion is a sum of lots of several assets in a scenario.

    Parameters
    ----------
    scenario
        The scenario.
    criterion
        Its name, as in ``experiments.metrics.criteria.CRITERIA``.
    """
    return criterion in OF_ROWS and bool(scenario.units.is_mixed)


def lots_rows(contest: "ContestResult", criterion: str) -> list[tuple[str, list[str]]]:
    """Rows of a table: heading with the unit, and the mean over seeds under each design.

    Parameters
    ----------
    contest
        The comparison.
    criterion
        ``unsold`` or ``liquidated``.
    """
    rows = []
    for name, unit, values in _found(contest, criterion):
        cells = [unit.number(float(np.mean(one))) if one else "-" for one in values]
        rows.append((f"{criterion}, {_named(unit, name)}", cells))
    return rows


def tail_rows(contest: "ContestResult") -> list[tuple[str, list[str]]]:
    """Rows of a table: ``lar_95`` of each instrument, with its unit, under each design."""
    rows = []
    for name, unit, values in _found(contest, "liquidated"):
        cells = [
            unit.number(quantile_95(np.array(one, np.float64)).value) if one else "-"
            for one in values
        ]
        rows.append((f"lar_95, {_named(unit, name)}", cells))
    return rows


def _found(contest: "ContestResult", criterion: str) -> list[tuple[str, Any, list[list[int]]]]:
    """By instrument of which any run has some: its name, its unit, and lots of runs by design."""
    units, key = contest.scenario.units, OF_ROWS[criterion]
    found = []
    for name, unit in zip(units.names, units.sizes, strict=True):
        values = [
            [row["lots"][key].get(name, 0) for row in contest.rows
             if row["label"] == label and row.get("lots")]
            for label in contest.labels
        ]  # fmt: skip
        if any(map(any, values)):
            found.append((name, unit, values))
    return found


def _named(unit: Any, name: str) -> str:
    """The unit, and of what where it does not say that."""
    return unit.name if unit.is_real and unit.name == name else f"{unit.name} of {name}"
