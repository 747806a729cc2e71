"""Terminal view of a replay, with a sale or without."""

from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from experiments.report import words
from experiments.report.results import SaleResult
from lob.replay_report import ReplayReport

__all__ = ["print_replay", "print_sale"]

MOST_COLUMNS = 100
"""Most characters of a line."""
INDENT = (0, 0, 0, 2)
"""Padding of lines below a title."""


def print_replay(console: Console, report: ReplayReport) -> None:
    """Print the counts that a replay ended with."""
    title, *counts = str(report).splitlines()
    _say(console, title, "bold")
    for line in counts:
        console.print(
            Padding(Text(line.strip()), INDENT, expand=False),
            width=min(MOST_COLUMNS, console.width),
        )


def print_sale(console: Console, m: SaleResult) -> None:
    """Print the answer of a sale in a recorded day: headline, numbers, impact, depth, caveat."""
    console.print()
    _say(console, words.sale_in_words(m), "bold")
    _say(console, words.headline(m))
    console.print()
    _table(console, ("", ""), words.number_rows(m), show_header=False)
    console.print()
    _say(console, "Impact on the mid, by the time since the last order of the sale", "bold")
    _table(console, words.impact_columns(m), words.impact_rows(m))
    console.print()
    _say(console, f"Depth in {words.size_name(m.instrument)} around the mid", "bold")
    _table(console, ("", *words.DEPTH_COLUMNS.values()), words.depth_rows(m))
    console.print()
    for warning in words.warnings(m):
        _say(console, f"Warning: {warning}", "red")
        console.print()
    _say(console, f"Mark: {m.report.mark}", "yellow")
    _say(console, f"Caveat: {words.caveat(m.report.mode)}", "yellow")


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style), width=min(MOST_COLUMNS, console.width))


def _table(
    console: Console, head: tuple[str, ...], rows: list[tuple[str, ...]], **options: Any
) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", **options)
    for i, name in enumerate(head):
        table.add_column(name, justify="left" if i == 0 or len(head) == 2 else "right")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(Padding(table, INDENT, expand=False))
