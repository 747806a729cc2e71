"""Incidents in a terminal, out of their summaries."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

__all__ = ["amount_in_words", "print_incident"]


def amount_in_words(value: float, unit: str) -> str:
    """A figure with its unit, short: large ones by thousands, millions or billions."""
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            scale = 1e3 if letter == " k" else size
            return f"{value / scale:,.4g}{letter} {unit}".rstrip()
    return f"{value:,.5g} {unit}".rstrip()


def print_incident(console: Console, summary: Mapping[str, Any]) -> None:
    """Print what is known of an incident, what was chosen, each figure, and the verdict.

    ``summary`` as of ``IncidentResult.summary``.
    """
    console.print(f"{summary['name']}: {summary['title']} ({summary['date']})", soft_wrap=True)
    for word in ("sourced", "chosen", "disputed"):
        _listed(console, word, summary[word])
    _listed(console, "check", [summary["check"]])
    for one in summary["findings"]:
        mark = "holds" if one["holds"] else "does not hold"
        found, stated = (amount_in_words(one[key], one["unit"]) for key in ("found", "stated"))
        near = f" within {one['within']:.3g}" if one["within"] else ""
        console.print(f"  {one['name']}: {found}, stated {stated}{near}: {mark}", soft_wrap=True)
    for one in summary["shown"]:
        told = amount_in_words(one["found"], one["unit"])
        console.print(f"  shown: {one['name']}: {told}", soft_wrap=True)
    console.print(f"  {summary['verdict']}", soft_wrap=True)


def _listed(console: Console, word: str, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(f"  {word}: {line}", soft_wrap=True)
