"""Tables of what runs with auctions or deleveraging have beyond the spiral, design by design.

A line is there if a run has the number; nothing depends on which scenario it is. Numbers are means
over the seeds in which they are known. What others have published stands in a column beside them.
"""

from collections.abc import Callable
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from experiments.report.ratios import move_of

if TYPE_CHECKING:
    from experiments.report.results import Spiral

__all__ = ["alternative_lines"]

Summary = dict[str, Any]
"""``Run.summary()`` of one run."""
WIDTH = 30
"""Characters of the column of words."""


class Line(NamedTuple):
    """One line of a table: which number of a run's summary, and how it is shown."""

    measure: str
    """Path in a run's summary, as ``auctions.zero_bids``."""
    words: str
    """Heading of the line."""
    show: Callable[[float], str]
    """From the number to its text."""
    of: tuple[str, str] | None = None
    """Of a ratio the paths of numerator and denominator: the ratio of the means, not the mean of
    ratios."""
    spread: bool = False
    """Whether the lowest and the highest run are shown as well."""
    cash: bool = False
    """Whether it is an amount of cash, shown in money where the instruments say in which."""


def count(value: float) -> str:
    """A number of things as text, with a decimal where the mean has one that matters."""
    return f"{value:,.1f}" if abs(value) < 10 and value != round(value) else f"{value:,.0f}"


def share(value: float) -> str:
    """A share of 1 as a percentage with one decimal."""
    return f"{value:.1%}"


def ratio(value: float) -> str:
    """A number without a unit as text, with two decimals."""
    return f"{value:.2f}"


TABLES: dict[str, tuple[Line, ...]] = {
    "auctions": (
        Line("auctions.cases", "accounts with an offer", count),
        Line("auctions.waiting", "of them not settled at the end", count),
        Line("auctions.won", "won or taken", count),
        Line("auctions.zero_bids", "for a zero bid (< 1 %)", count),
        Line(
            "auctions.zero_bid_share", "share of zero bids", share,
            ("auctions.zero_bids", "auctions.won"), spread=True,
        ),
        Line("auctions.zero_bid_value", "value taken by zero bids", count, cash=True),
        Line("auctions.zero_bidders", "zero bidders", count),
        Line("auctions.recovered", "paid / worth", share, ("auctions.paid", "auctions.worth")),
        Line("auctions.shortfall", "shortfall", count, cash=True),
        Line(
            "auctions.shortfall_ratio", "shortfall / value by zero bids", ratio,
            ("auctions.shortfall", "auctions.zero_bid_value"),
        ),
    ),
    "auto-deleveraging": (
        Line("deleveraging.fills", "fills", count),
        Line("deleveraging.cases", "failed accounts", count),
        Line("deleveraging.value", "value closed at the mark", count, cash=True),
        Line("deleveraging.negative_accounts", "of them below zero", count),
        Line("deleveraging.negative_equity", "their negative equity", count, cash=True),
        Line("deleveraging.overshoot", "overshoot at the mark", count, cash=True),
        Line("deleveraging.overshoot_fair", "overshoot, twin at the horizon", count, cash=True),
        Line("deleveraging.from_longs", "closed lots that longs held", share),
        Line("deleveraging.hit_share", "opposing positions hit", share),
        Line("deleveraging.closed_share", "opposing lots closed", share),
        Line("deleveraging.concentration", "concentration (Gini)", ratio),
        Line("deleveraging.top_share", "share of the ten most hit", share),
    ),
}  # fmt: skip
"""Lines of each table, by the part of a run's summary that they are read from."""


def alternative_lines(study: "Spiral") -> list[str]:
    """English lines: the tables a study has numbers for, and what was published beside that."""
    designs = study.designs
    shown: set[str] = set()
    lines: list[str] = []
    for title, table in TABLES.items():
        part = table[0].measure.partition(".")[0]
        if any(run[part] is not None for runs in designs.values() for run in runs):
            lines += ["", *_table(study, title, table, shown)]
    if study.alternatives:
        lines += ["", *_outcomes(study)]
    others = [one for one in study.scenario.published if one.measure not in shown]
    if others:
        lines += ["", "  published, as context:"]
        lines += [f"    {_said(one.value, one.unit)} {one.name} ({one.source})" for one in others]
    if study.scenario.note and (study.scenario.published or study.scenario.alternatives):
        lines += ["", *wrap(study.scenario.note, 98, initial_indent="  ", subsequent_indent="  ")]
    return lines


def _table(study: "Spiral", title: str, table: tuple[Line, ...], shown: set[str]) -> list[str]:
    published = {one.measure: one for one in study.scenario.published if one.measure}
    known = [line for line in table if line.measure in published]
    rows = [[title, *study.designs, *(["published"] if known else [])]]
    sources: dict[str, None] = {}
    for line in table:
        shown_as = _in_money(line, study)
        cells = [_cell(runs, shown_as) for runs in study.designs.values()]
        if not any(cells):
            continue
        row = [f"  {line.words}", *cells]
        if known:
            one = published.get(line.measure)
            row.append("" if one is None else _alternatives(one.value, one.unit, line))
            if one is not None:
                shown.add(one.measure)
                sources[one.source] = None
        rows.append(row)
    rows += _buckets(study) if title == "auto-deleveraging" else []
    return [*_aligned(rows), *(f"    published: {source}" for source in sources)]


def _in_money(line: Line, study: "Spiral") -> Line:
    """A line of an amount of cash, shown in money if the scenario says in which."""
    cash = study.scenario.units.cash
    return line._replace(show=cash.told) if line.cash and cash.is_real else line


def _buckets(study: "Spiral") -> list[list[str]]:
    """How much of the opposing lots of each leverage was closed, and which part of all that is."""
    totals: dict[float, dict[str, tuple[float, float]]] = {}
    for label, runs in study.designs.items():
        found = [bucket for run in runs if run["deleveraging"] for bucket in _of(run)]
        for least in sorted({bucket["least"] for bucket in found}):
            ours = [bucket for bucket in found if bucket["least"] == least]
            closed = sum(bucket["closed"] for bucket in ours)
            totals.setdefault(least, {})[label] = (
                closed / sum(bucket["lots"] for bucket in ours),
                closed / max(1, sum(bucket["closed"] for bucket in found)),
            )
    rows = []
    for least in sorted(totals):
        cells = [
            "" if label not in totals[least] else "{:.0%}, {:.0%} of all".format(
                *totals[least][label]
            )
            for label in study.designs
        ]  # fmt: skip
        rows.append([f"  closed at leverage {least:g} and more", *cells])
    return rows


def _of(run: Summary) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run["deleveraging"]["buckets"]
    return found


def _outcomes(study: "Spiral") -> list[str]:
    """What every design came to: the same few lines for all."""
    price = study.scenario.instruments[
        study.scenario.number_of(study.scenario.shocks[0].instrument)
    ].start_price
    rows = [["on the same seeds", *study.designs]]
    cash = study.scenario.units.cash
    paid = cash.told if cash.is_real else count

    def add(words: str, made: Callable[[Summary], float], show: Callable[[float], str]) -> None:
        cells = [
            show(float(np.mean([made(run) for run in runs]))) for runs in study.designs.values()
        ]
        rows.append([f"  {words}", *cells])

    add(move_of(study.scenario), lambda run: run["drops"][0] / price, share)
    add("liquidations", lambda run: run["criteria"]["liquidations"], count)
    add("bad debt", lambda run: run["criteria"]["bad_debt"], paid)
    add("paid by the insurance fund", lambda run: run["criteria"]["insurance_draw"], paid)
    add("left to failed accounts", lambda run: run["solvency"]["left_to_accounts"], paid)
    return _aligned(rows)


def _cell(runs: tuple[Summary, ...], line: Line) -> str:
    values = _values(runs, line.measure)
    if not values:
        return ""
    value = float(np.mean(values))
    if line.of is not None:
        over, under = (sum(_values(runs, one)) for one in line.of)
        if not under:
            return ""
        value = over / under
    shown = line.show(value)
    if line.spread and len(values) > 1:
        shown += f" [{line.show(min(values))}, {line.show(max(values))}]"
    return shown


def _values(runs: tuple[Summary, ...], measure: str) -> list[float]:
    part, _, name = measure.partition(".")
    return [run[part][name] for run in runs if run[part] and run[part][name] is not None]


def _alternatives(value: float, unit: str, line: Line) -> str:
    return line.show(value) if not unit else _said(value, unit)


def _said(value: float, unit: str) -> str:
    return f"{value:,.12g} {unit}".strip()


def _aligned(rows: list[list[str]]) -> list[str]:
    """Columns to the right of the first, each as wide as it has to be."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    widths[0] = max(widths[0], WIDTH)
    return [
        "  " + "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in rows
    ]
