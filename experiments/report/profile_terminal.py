"""Terminal view of a market that was solved for a profile."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["print_profile"]


def print_profile(
    console: Console, headline: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Print what was asked and what came out.

    Parameters
    ----------
    console
        Where to.
    headline
        Lines above the table.
    rows
        A number each: ``key``, ``asked``, ``obtained``, ``ratio``.
    """
    for line in headline:
        console.print(line, soft_wrap=True)
    console.print()
    table = Table(box=None, pad_edge=False)
    for name in ("", "asked", "obtained", "ratio"):
        table.add_column(name, justify="right" if name else "left")
    for row in rows:
        table.add_row(row["key"], row["asked"], row["obtained"], f"{row['ratio']:.2f}")
    console.print(table)
