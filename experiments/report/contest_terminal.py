"""Terminal view of a contest, on one screen."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from experiments.metrics.closed_account import PARTIES, gain_of
from experiments.metrics.criteria import CRITERIA
from experiments.report.account_words import compared
from experiments.report.contest_words import (
    beyond,
    conditions,
    counted_in,
    debt_of,
    fact_headings,
    fact_rows,
    named,
    notes,
    place_of,
    remarks,
    shouted,
    tuning_lines,
    unit_of,
)
from experiments.report.flip_map import flip_told
from experiments.report.lots_of_instruments import is_of_several, lots_rows
from lob.counted import counted

if TYPE_CHECKING:
    from experiments.report.results import ContestResult, ContestStudyResult

__all__ = ["SHOWN", "show_contest"]

LEAST = 10
"""Characters of a design's cells, at least, so that its name has room."""
SHOWN = (
    "harm",
    *map(gain_of, PARTIES),
    "drop",
    "liquidations",
    "bad_debt",
    "insurance_draw",
    "socialised",
    "adl_overshoot",
    "recovery",
    "bonus",
    "time_unsafe",
    "unsold",
    "disposed",
    "concentration",
)
"""Names of the criteria in the table; all are in the JSON and on the page."""


def show_contest(
    study: "ContestStudyResult", console: Console | None = None, asked: str | None = None
) -> None:
    """Print a contest: means, differences that are certain, the Pareto view and the notes.

    Parameters
    ----------
    study
        The contest with its controls and markets.
    console
        Where to; ``None``: stdout.
    asked
        Scenario and settings as on the command line; ``None``: the name of the scenario.
    """
    console = console or Console(highlight=False, markup=False, emoji=False)
    contest = study.contest
    scenario = contest.scenario
    lines = [*shouted(contest), *compared(contest, asked)]
    lines += [f"{scenario.name}: {scenario.question}", *conditions(study)]
    lines += remarks(contest)
    lines += [f"TOXIC: {line}" for line in study.toxic]
    lines += flip_told(study.screening)
    lines.append(
        f"+ and - mark what is above and below {contest.reference} in the mean of what was seen, "
        "beyond the error of the seeds (95 %, all at once); frozen: nothing is forced"
    )
    lines += filter(None, [beyond(contest.differences().values())])
    for line in lines:
        _say(console, line)
    for table in _tables(contest, console.width):
        console.print(table)
    if study.facts:
        console.print(_facts(study))
    for line in (*notes(study), *tuning_lines(study)):
        _say(console, line)


def _say(console: Console, line: str) -> None:
    """Print a line as it is: whole where nobody watches, and with nothing read into it."""
    console.print(Text(line), soft_wrap=not console.is_terminal)


def _facts(study: "ContestStudyResult") -> Table:
    table = Table(box=None, pad_edge=False, header_style="", title="the markets, without leverage")
    table.add_column("", no_wrap=True)
    for name in fact_headings(study):
        table.add_column(name, justify="right")
    for row in fact_rows(study):
        table.add_row(*map(Text, row))
    return table


def _tables(contest: "ContestResult", width: int) -> Iterator[Table]:
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
            # A label may hold what rich takes for markup, or for the name of a picture.
            head = Text(_broken(label, max(wide) - 1))
            table.add_column(head, justify="right", overflow="fold")
        for name, cells in rows:
            table.add_row(Text(name), *map(Text, cells[start:end]))
        yield table
        start = end


def _broken(label: str, width: int) -> str:
    """A name over several lines, broken behind hyphens and the like where that is enough."""
    lines = [""]
    for piece in re.findall(r"[^- (,=]*[- (,=]?", label):
        if lines[-1] and len(lines[-1]) + len(piece) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _rows(contest: "ContestResult") -> list[tuple[str, list[str]]]:
    differences, pareto, scenario = contest.differences(), contest.pareto(), contest.scenario
    rows = [("parameters", [f"{one.how} " for one in contest.designs])]
    for one in CRITERIA:
        if one.name not in SHOWN:
            continue
        if is_of_several(scenario, one.name):
            rows += [(name, [f"{cell} " for cell in each])
                     for name, each in lots_rows(contest, one.name)]  # fmt: skip
            continue
        cells, unit = [], unit_of(contest, one.name)
        for label in contest.labels:
            found = differences.get((label, one.name))
            sign = " " if not found or not found.certain else "+" if found.estimate > 0 else "-"
            cells.append(counted_in(contest.mean(label, one.name).estimate, unit) + sign)
        rows.append((named(contest, one.name), cells))
        if one.name == "bad_debt":
            chances = [f"{debt_of(contest, label)} " for label in contest.labels]
            rows.append((f"  of {counted(len(contest.seeds), 'seed')}, chance", chances))
    times = []
    for label in contest.labels:
        of = contest.amplification(label)
        times.append(f"{of.ratio.estimate:.2f} " if of and of.ratio else "undefined ")
    rows.append(("amplification, times", times))
    places = [f"{place_of(contest, label, pareto[label])} " for label in contest.labels]
    rows.append(("on the Pareto front", places))
    return rows
