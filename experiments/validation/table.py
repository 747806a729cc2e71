"""Validation results as rows of short text, and as the table of docs/validation.md."""

from collections.abc import Iterable, Mapping
from typing import Any

from experiments.validation.target import Result
from lob.counted import counted

__all__ = ["markdown", "rows", "short"]

MOST = 5  # numbers shown of a list or of a row of a table


def rows(result: Result) -> list[tuple[str, str, str, str]]:
    """Return (value, published, ours, band) of each value that was compared, as text.

    Of every value, if nothing was compared.
    """
    published = result.published or {}
    names = [name for name in result.ours if name in result.band or name in published]
    names = names or [name for name in result.ours if not name.endswith("_error")]
    return [
        (
            name,
            short(published[name]) if name in published else "-",
            short(result.ours[name]),
            result.band.get(name, "-"),
        )
        for name in names
    ]


def short(value: Any) -> str:
    """Return a number as text of five digits; of a list the first five, of a table a row."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        shown = [short(item) for item in value[:MOST]]
        if value and isinstance(value[0], list | tuple):
            return f"{shown[0]} / ... ({counted(len(value), 'row')})"
        return ", ".join(shown) + (", ..." if len(value) > MOST else "")
    return f"{value:.5g}" if isinstance(value, float) and abs(value) < 1e5 else f"{value:,.6g}"


def markdown(results: Iterable[Result]) -> str:
    """Return the Markdown table of validation results, one row a compared value."""
    lines = [
        "| name | computed by | value | published | ours | band | verdict | provenance |",
        "|---|---|---|---|---|---|---|---|",
    ]
    seen = set()
    for result in results:
        # A check of ours against theory stands in every case of its target: once is enough.
        fresh = [row for row in rows(result) if row[1] != "-" or row not in seen]
        seen.update(fresh)
        for index, row in enumerate(fresh):
            opening = ("", "") if index else (result.name, result.kind)
            closing = ("", "") if index else (result.verdict, result.provenance)
            cells = (*opening, *row, *closing)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
