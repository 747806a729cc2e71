"""A contest on one screen."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from experiments.metrics.criteria import CRITERIA

if TYPE_CHECKING:
    from experiments.contest.compare import Contest

__all__ = ["SHOWN", "number", "show_contest"]

LEAST = 10
"""Columns of a design's cells, so that its name has room."""
SHOWN = (
    "drop",
    "liquidations",
    "bad_debt",
    "insurance_draw",
    "socialised",
    "adl_overshoot",
    "recovery",
    "borrower_loss",
    "bonus",
    "time_unsafe",
    "unsold",
    "taker_profit",
    "concentration",
)
"""Criteria in the table; all are in the JSON and on the page."""


def show_contest(contest: "Contest", console: Console | None = None) -> None:
    """Print the means, what differs for certain, and the Pareto view."""
    console = console or Console(highlight=False)
    scenario = contest.scenario
    console.print(f"{scenario.name}: {scenario.question}", markup=False)
    console.print(
        f"{len(contest.seeds)} seeds, the same for all designs; + and - mark what differs from "
        f"{contest.reference} (95 %, all comparisons at once)",
        markup=False,
    )
    for table in _tables(contest, console.width):
        console.print(table)
    for label in dict.fromkeys(row["label"] for row in contest.failed):
        rows = [row for row in contest.failed if row["label"] == label]
        console.print(f"{label}: {len(rows)} runs failed: {rows[0]['error']}", markup=False)


def _tables(contest: "Contest", width: int) -> Iterator[Table]:
    """The designs side by side, as many at a time as there is room for."""
    rows = _rows(contest)
    first = max(len(name) for name, _ in rows) + 1
    wide = [
        max(LEAST, max(len(cells[i]) for _, cells in rows) + 1) for i in range(len(contest.labels))
    ]
    start = 0
    while start < len(wide):
        end, used = start + 1, first + wide[start]
        while end < len(wide) and used + wide[end] <= width:
            used += wide[end]
            end += 1
        table = Table(box=None, pad_edge=False, padding=(0, 0, 0, 1), header_style="")
        table.add_column("", no_wrap=True)
        for label in contest.labels[start:end]:
            table.add_column(label, justify="right", overflow="fold", max_width=max(wide) - 1)
        for name, cells in rows:
            table.add_row(name, *cells[start:end])
        yield table
        start = end


def _rows(contest: "Contest") -> list[tuple[str, list[str]]]:
    differences, pareto = contest.differences(), contest.pareto()
    rows = [("parameters", [f"{one.how} " for one in contest.challengers])]
    for one in CRITERIA:
        if one.name not in SHOWN:
            continue
        cells = []
        for label in contest.labels:
            found = differences.get((label, one.name))
            sign = " " if not found or not found.certain else "+" if found.low > 0 else "-"
            cells.append(number(contest.mean(label, one.name).estimate) + sign)
        rows.append((f"{one.name}, {one.unit}", cells))
    times = []
    for label in contest.labels:
        of = contest.amplification(label)
        times.append(f"{of.ratio.estimate:.2f} " if of and of.ratio else "undefined ")
    rows.append(("amplification, times", times))
    rows.append(("on the Pareto front", [f"{pareto[label]:.0%} " for label in contest.labels]))
    return rows


def number(value: float) -> str:
    """Four digits or so: 1.23, 12,345, 12.3M."""
    if value != value:
        return "-"
    size = abs(value)
    if size >= 1e7:
        return f"{value / 1e6:,.1f}M"
    if size >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.3f}" if size >= 0.001 else f"{value:.1g}"
