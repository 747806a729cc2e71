"""The page of a contest: one HTML file that needs nothing else."""

from html import escape
from math import isnan
from typing import TYPE_CHECKING

from experiments.metrics.criteria import CRITERIA
from experiments.metrics.solvency import LEAST_SEEDS
from experiments.report import contest_figures as figures
from experiments.report.account_words import account_rows, compared, flow_rows, prices_told
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
    signed,
    spiral_told,
    tuning_lines,
    unit_of,
)
from experiments.report.flip_map import flip_section
from experiments.report.lots_of_instruments import is_of_several, lots_rows, tail_rows
from experiments.report.page import document, drawn, note, section, table
from experiments.report.ratios import times_of

if TYPE_CHECKING:
    from experiments.report.results import ContestResult, ContestStudyResult

__all__ = ["contest_page"]


def contest_page(study: "ContestStudyResult") -> str:
    """Write the HTML page of a contest, which needs nothing else.

    Pictures are there if the rows of its first seed have them.
    """
    contest = study.contest
    scenario = contest.scenario
    title = f"{scenario.question}"
    body = [
        f'<header><p class="kicker">{escape(scenario.name)} · liquidation designs compared</p>'
        f"<h1>{escape(title)}</h1>"
        f'<p class="kicker">{escape(conditions(study)[0])}</p></header>',
        *(note("warning", line) for line in shouted(contest)),
        *(note("warning", f"TOXIC: {line}") for line in study.toxic),
        note("note", spiral_told(contest)),
        *(note("note", line) for line in (*compared(contest), *remarks(contest))),
        note("note" if study.controls.passed else "warning", study.controls.told()),
    ]
    if any("path" in row for row in contest.rows):
        body += [
            section(
                "Prices by design",
                f"The mark on seed {contest.seeds[0]}, and with failed accounts frozen."
                + figures.missing_told(contest, "path"),
                drawn("paths", figures.path_figure(contest)),
            ),
            '<div class="columns">',
            section(
                "The cascade",
                "Accounts that failed because the one before them was sold, by generation."
                + figures.missing_told(contest, "generations"),
                drawn("cascade", figures.cascade_figure(contest)),
            ),
            _tradeoff(contest),
            "</div>",
        ]
    else:
        body.append(_tradeoff(contest))
    body += [
        _account(contest),
        flip_section(study.screening),
        _means(contest),
        _differences(contest),
        _pareto(contest),
    ]
    if study.facts:
        rows = fact_rows(study)
        body.append(
            section(
                "The markets",
                "The same market without any leveraged account.",
                table(rows, ("", *fact_headings(study))),
                _list([f"{name}: {text}" for name, text in study.meanings.items()]),
            )
        )
        body += [_market(name, held) for name, held in study.markets.items()]
    if study.markets or study.missing:
        body.append(section("Where the ranking flips", "", _list(notes(study))))
    if study.tuned:
        body.append(
            section(
                "Tuned parameters",
                "Random search with successive halving on seeds of their own; harm is what "
                "borrowers, insurance fund and lenders lost.",
                _list(tuning_lines(study)),
            )
        )
    if scenario.note:
        body.append(note("note", " ".join(scenario.note.split())))
    return document(f"{scenario.name}: liquidation designs compared", body)


def _tradeoff(contest: "ContestResult") -> str:
    return section(
        "What is traded off",
        "Means over seeds with their 95 % intervals; filled: on the Pareto front in half of all "
        "draws or more."
        + "".join(
            f" {label}: not drawn, no run of it was finished."
            for label in contest.labels
            if isnan(contest.mean(label, "drop").estimate)
        ),
        drawn("tradeoff", figures.tradeoff_figure(contest)),
    )


def _account(contest: "ContestResult") -> str:
    """The closed account: what each party gained, and who paid whom."""
    accounts = {
        label: [
            row["closed_account"] for row in contest.rows
            if row["label"] == label and row.get("closed_account")
        ]
        for label in contest.labels
    }  # fmt: skip
    known = {label: those for label, those in accounts.items() if those}
    if not known:
        return ""
    cash = contest.scenario.units.cash
    unit = f", {cash.name}" * cash.is_real
    first = next(iter(known.values()))[0]
    return section(
        "The closed account",
        "What each party has at the end of the run more than in its twin, in which nothing is "
        "forced: means over seeds, with 95 % intervals. In every run it sums to zero, to the unit. "
        f"Seed {contest.seeds[0]}: {prices_told(first, contest.scenario.units)}.",
        table(account_rows(contest), ("", *contest.labels)),
        "<h3>Who paid whom</h3>",
        table(flow_rows(known, cash), ("from", "to", f"for{unit}", *known)),
    )


def _means(contest: "ContestResult") -> str:
    head = ("", *(f"{one.label} ({one.how})" for one in contest.designs))
    rows: list[tuple[str, ...]] = []
    for one in CRITERIA:
        if is_of_several(contest.scenario, one.name):
            rows += [(name, *cells) for name, cells in lots_rows(contest, one.name)]
            continue
        means = (_mean(contest, label, one.name) for label in contest.labels)
        rows.append((named(contest, one.name), *means))
    times = []
    for label in contest.labels:
        of = contest.amplification(label)
        times.append("undefined" if of is None or of.ratio is None else times_of(of.ratio))
    rows.append(("amplification", *times))
    chances = (debt_of(contest, label) for label in contest.labels)
    rows.append((f"seeds with bad debt, of {len(contest.seeds)}; its chance, 95 %", *chances))
    for name, of in (("var_95", "bad_debt"), ("lar_95", "liquidated")):
        if is_of_several(contest.scenario, of):
            rows += [(name_of, *cells) for name_of, cells in tail_rows(contest)]
            continue
        found, unit = [contest.tails(label) for label in contest.labels], unit_of(contest, of)
        head_of = f"{name}, {unit.name}" if unit is not None and unit.is_real else name
        if len(contest.seeds) < LEAST_SEEDS:
            head_of += f" (no upper bound: {LEAST_SEEDS} seeds are needed)"
        values = [None if one is None else getattr(one[name], "value", 0.0) for one in found]
        rows.append((head_of, *("-" if one is None else counted_in(one, unit) for one in values)))
    return section("Criteria", "Means over seeds.", table(rows, head))


def _differences(contest: "ContestResult") -> str:
    found = contest.differences()
    others = [label for label in contest.labels if label != contest.reference]
    rows = [
        (
            named(contest, one.name),
            *(signed(found[label, one.name], unit_of(contest, one.name)) for label in others),
        )
        for one in CRITERIA
        if not is_of_several(contest.scenario, one.name)
    ]
    return section(
        f"Against {contest.reference}",
        "Paired differences within the range that was seen, with intervals of their mean. "
        f"{beyond(found.values())} All that is said here and of the chances of a debt holds at "
        "once with 95 % over seeds.",
        table(rows, ("", *others)),
    )


def _pareto(contest: "ContestResult") -> str:
    found = contest.pareto()
    rows = [(label, place_of(contest, label, found[label])) for label in contest.labels]
    return section(
        "The Pareto front",
        f"How often a design is beaten by no other in {', '.join(contest.objectives)} together, "
        "when seeds are drawn again. A design that has disposed of less than 90 % of what failed "
        "takes no part.",
        table(rows, ("", "of 1,000 draws")),
    )


def _market(name: str, contest: "ContestResult") -> str:
    pareto = contest.pareto()
    rows = [
        (label, *(_mean(contest, label, each) for each in contest.objectives),
         place_of(contest, label, pareto[label]))
        for label in contest.labels
    ]  # fmt: skip
    return section(
        f"In the market {name}",
        "",
        table(rows, ("", *(named(contest, each) for each in contest.objectives), "on the front")),
    )


def _mean(contest: "ContestResult", label: str, criterion: str) -> str:
    return counted_in(contest.mean(label, criterion).estimate, unit_of(contest, criterion))


def _list(lines: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
