"""Terminal view of a sweep: what was found at each point."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["print_sensitivity", "print_sweep"]

MOST_ROWS = 60
"""Most points that are printed; chosen."""


def print_sweep(
    console: Console,
    lines: Sequence[str],
    names: Sequence[str],
    means: Mapping[str, "pd.DataFrame"],
    units: Mapping[str, str],
) -> None:
    """Print a headline, and the means of some measures at each point with their intervals.

    Parameters
    ----------
    console
        Where to.
    lines
        The headline.
    names
        Names of the parameters.
    means
        Frames with ``mean``, ``low``, ``high``, ``runs`` and ``failed``, by measure.
    units
        Unit by measure.
    """
    for line in lines:
        console.print(Text(line, "bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in [*names, *(f"{name}, {units[name]}" if units.get(name) else name for name in means),
                 "runs", "failed"]:  # fmt: skip
        table.add_column(name, justify="right")
    first = next(iter(means.values()))
    for at in range(min(len(first), MOST_ROWS)):
        cells = [_cell(first[name].iloc[at]) for name in names]
        cells += [_mean(one.iloc[at]) for one in means.values()]
        cells += [f"{first['runs'].iloc[at]:,}", f"{first['failed'].iloc[at]:,}"]
        table.add_row(*map(Text, cells))
    console.print(table)
    if len(first) > MOST_ROWS:
        console.print(Text(f"and {len(first) - MOST_ROWS:,} points more: --json has all", "dim"))


def print_sensitivity(
    console: Console, measure: str, found: Mapping[str, Mapping[str, Sequence[float]]]
) -> None:
    """Print Sobol indices with their intervals.

    Parameters
    ----------
    console
        Where to.
    measure
        Of what.
    found
        ``first`` and ``total`` by parameter: estimate, low and high.
    """
    console.print(Text(f"Share of the variance of {measure} (95 % interval)", "bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("", "by itself", "with others"):
        table.add_column(name, justify="right" if name else "left")
    for name, orders in found.items():
        cells = [
            f"{one[0]:.2f} ({one[1]:.2f} to {one[2]:.2f})"
            for one in (orders["first"], orders["total"])
        ]
        table.add_row(*map(Text, (name, *cells)))
    console.print(table)


def _mean(row: Any) -> str:
    if math.isnan(row["mean"]):
        return "-"
    if math.isnan(row["low"]) or row["low"] == row["high"]:
        # Of one run, or of runs that agree: that is no interval.
        return _cell(row["mean"])
    return f"{_cell(row['mean'])} ({_cell(row['low'])} to {_cell(row['high'])})"


def _cell(value: Any) -> str:
    if isinstance(value, str | bool):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
