"""Terminal view of the facts of a market, alone or beside those of a file."""

from collections.abc import Sequence

import pandas as pd
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lob.real_units import LOTS, RealUnit

__all__ = ["print_facts", "print_metaorders", "print_score"]

INDENT = (0, 0, 0, 2)
"""Padding of the table below the headline."""


def print_facts(console: Console, headline: Sequence[str], frame: pd.DataFrame) -> None:
    """Print the facts of one market.

    Parameters
    ----------
    console
        Where to.
    headline
        Lines above the table.
    frame
        A row a statistic: ``title``, ``unit``, ``value``, ``low``, ``high``, ``reason``.
    """
    several = bool(frame["low"].notna().any())
    table = _table(["", "mean" if several else "value", *(["95 %"] if several else []), "unit"])
    for row in frame.to_dict("records"):
        value = row["reason"] if pd.isna(row["value"]) else f"{row['value']:,.4g}"
        between = "" if pd.isna(row["low"]) else f"{row['low']:,.4g} to {row['high']:,.4g}"
        table.add_row(*map(Text, [row["title"], value, *([between] if several else []),
                                  row["unit"]]))  # fmt: skip
    _show(console, headline, table)


def print_metaorders(console: Console, frame: pd.DataFrame, size: RealUnit = LOTS) -> None:
    """Print what orders of several sizes did.

    Parameters
    ----------
    console
        Where to.
    frame
        A row an order: ``protocol``, ``share_of_volume``, ``size_lots``, ``duration_s``,
        ``impact_bps``, ``low_bps``, ``high_bps``, ``ratio``, ``seeds``, ``ran_out``.
    size
        Unit in which sizes are shown.
    """
    table = _table(["", "Q/V", size.name, "s", "bps", "95 %", "ratio", "ran out"])
    for column in table.columns:
        column.no_wrap = True
    for row in frame.to_dict("records"):
        between = f"{row['low_bps']:,.2g} to {row['high_bps']:,.2g}"
        table.add_row(*map(Text, [
            row["protocol"],
            f"{row['share_of_volume']:.1%}",
            size.number(row["size_lots"]),
            f"{row['duration_s']:,.0f}",
            _number(row["impact_bps"]),
            "" if pd.isna(row["low_bps"]) else between,
            "-" if pd.isna(row["ratio"]) else f"{row['ratio']:.2f}",
            f"{row['ran_out']}/{row['seeds']}" if row["ran_out"] else "",
        ]))  # fmt: skip
    console.print()
    console.print("  impact in bps, means over seeds; ratio: to sigma sqrt(Q/V)")
    console.print(Padding(table, INDENT, expand=False))


def _number(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:,.3g}"


def print_score(console: Console, headline: Sequence[str], frame: pd.DataFrame) -> None:
    """Print a market and a file side by side.

    Parameters
    ----------
    console
        Where to.
    headline
        Lines above the table.
    frame
        A row a statistic: ``title``, ``unit``, ``market``, ``file``, ``adds``, ``reason``.
    """
    table = _table(["", "market", "file", "adds", "unit"])
    for row in frame.to_dict("records"):
        values = ["-" if pd.isna(row[key]) else f"{row[key]:,.4g}" for key in ("market", "file")]
        adds = "-" if pd.isna(row["adds"]) else f"{row['adds']:.2f}"
        table.add_row(*map(Text, [row["title"], *values, adds, row["reason"] or row["unit"]]))
    _show(console, headline, table)


def _table(columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in columns:
        table.add_column(name, justify="left" if name in ("", "unit") else "right")
    return table


def _show(console: Console, headline: Sequence[str], table: Table) -> None:
    for number, line in enumerate(headline):
        console.print(Text(line, "" if number else "bold"), soft_wrap=True)
    console.print()
    console.print(Padding(table, INDENT, expand=False))
