"""Terminal view of a fitted market."""

from collections.abc import Sequence

import pandas as pd
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

__all__ = ["print_fit"]

INDENT = (0, 0, 0, 2)
"""Padding of the tables below the headline."""


def print_fit(
    console: Console,
    headline: Sequence[str],
    parameters: pd.DataFrame,
    laws: pd.DataFrame,
    *,
    everything: bool = False,
) -> None:
    """Print the parameters of a fitted market, and the laws of its record.

    Parameters
    ----------
    console
        Where to.
    headline
        Lines above the tables.
    parameters, laws
        A row a number: ``parameter``, ``estimate``, ``error``, ``events``, ``warning``.
    everything
        Whether all numbers of a long list are shown, or its first ones.
    """
    for number, line in enumerate(headline):
        console.print(Text(line, "" if number else "bold"), soft_wrap=True)
    shown, hidden = (parameters, 0) if everything else _shortened(parameters)
    for frame in (shown, laws):
        if len(frame):
            console.print()
            console.print(Padding(_table(frame), INDENT, expand=False))
    if hidden:
        console.print()
        console.print(f"  {hidden:,} numbers more: --all shows them, the market file has them")


MOST_ROWS = 8
"""So many numbers of one list are shown."""


def _shortened(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The first rows of each list of numbers, and how many are left out."""
    of_list = frame["parameter"].str.replace(r"\[\d+\]$", "", regex=True)
    place = frame.groupby(of_list).cumcount()
    return frame[place < MOST_ROWS], int((place >= MOST_ROWS).sum())


def _table(frame: pd.DataFrame) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("", "estimate", "standard error", "events", " "):
        table.add_column(name, justify="left" if name in ("", " ") else "right")
    for row in frame.to_dict("records"):
        error = "" if pd.isna(row["error"]) else f"{row['error']:,.2g}"
        events = "stated" if pd.isna(row["events"]) else f"{row['events']:,.0f}"
        table.add_row(*map(Text, [row["parameter"], f"{row['estimate']:,.4g}", error, events,
                                  row["warning"]]))  # fmt: skip
    return table
