"""Words and numbers of a contest, for the terminal and the page."""

from math import isfinite
from typing import TYPE_CHECKING, Any

from experiments.metrics.criteria import criteria_units
from experiments.metrics.criteria import criterion as look_up
from experiments.report.account_words import gone_on
from experiments.report.ratios import move_of, no_ratio
from experiments.report.start import NOTHING_FAILED, nothing_failed
from lob.counted import counted
from lob.real_units import RealUnit
from lob.units import show_duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from experiments.metrics.paired import PairedDifference
    from experiments.report.results import ContestResult, ContestStudyResult

__all__ = [
    "beyond",
    "conditions",
    "counted_in",
    "debt_of",
    "fact_headings",
    "fact_rows",
    "mark_of",
    "named",
    "notes",
    "number",
    "place_of",
    "remarks",
    "share_of",
    "shouted",
    "signed",
    "spiral_told",
    "tuning_lines",
    "unit_of",
]

FACTS = (
    ("spread", "spread, {ticks}", "ticks"),
    ("depth", "bid within 1 %, {lots}", "lots"),
    ("volatility", "{ticks} a second", "ticks"),
    ("impact", "impact of the shock, {ticks}", "ticks"),
    ("half_life", "half of it gone after, s", ""),
    ("depth_after", "depth left a second after", ""),
)
"""Fields of ``MarketFacts`` with their headings, and what their numbers count."""
WHERE = {
    "keepers": "with keepers",
    "vault": "in a vault",
    "pool": "in a pool",
    "fund": "in the insurance fund",
}
"""Where a design's capital is, in words, by its form."""


def number(value: float) -> str:
    """A number as text with about four digits: 1.234, 12,345, 12.3M; "-" where it is ``nan``."""
    if value != value:
        return "-"
    size = abs(value)
    if size == float("inf"):
        return "not by the end"
    if size >= 1e7:
        return f"{value / 1e6:,.1f}M"
    if size >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.3f}" if size >= 0.001 else f"{value:.1g}"


def unit_of(contest: "ContestResult", criterion: str) -> RealUnit | None:
    """Unit in which a criterion is shown; ``None``: its numbers are no ticks, lots or cash."""
    scenario = contest.scenario
    first = scenario.number_of(scenario.shocks[0].instrument)
    return criteria_units(scenario.units, first).get(look_up(criterion).unit)


def counted_in(value: float, unit: RealUnit | None) -> str:
    """A number as text in its unit, which stands beside it: as ``number`` where it is an integer's.

    Parameters
    ----------
    value
        A count of ticks, lots or units of cash, or a number without a unit.
    unit
        The unit in which it is shown; ``None``: it has none.
    """
    if unit is None or not unit.is_real or not isfinite(value):
        return number(value)
    return unit.number(value)


def signed(found: "PairedDifference", unit: RealUnit | None = None) -> str:
    """A paired difference as text, with its interval, in a unit that stands beside it."""
    if found.seeds == 0:
        return "-"
    mean = counted_in(found.estimate, unit)
    if found.method in ("exact", "sign test"):
        seeds = counted(found.seeds, "seed")
        return "the same" if found.estimate == 0 else f"{mean} in each of {seeds}"
    if found.low != found.low:
        return f"{mean}, no interval"
    return f"{mean} [{counted_in(found.low, unit)}, {counted_in(found.high, unit)}]"


def beyond(found: "Iterable[PairedDifference]") -> str:
    """A sentence on how likely differences are that no seed has shown; empty where none is known.

    Parameters
    ----------
    found
        The differences of a report.
    """
    chances = [one.beyond for one in found if one.seeds and 0 < one.beyond < 1]
    if not chances:
        return ""
    return (
        f"Beyond what was seen, on either side, is a run of another seed with a chance of at most "
        f"{share_of(max(chances))}."
    )


def named(contest: "ContestResult", criterion: str) -> str:
    """Name of a criterion in a table, with its unit: a drop is a rise where the shock buys."""
    name = move_of(contest.scenario) if criterion == "drop" else criterion
    unit = unit_of(contest, criterion)
    said = unit.name if unit is not None and unit.is_real else look_up(criterion).unit
    return f"{name}, {said}"


def share_of(value: float) -> str:
    """A share of 1 as whole per cent; "-" where it is ``nan``."""
    return "-" if value != value else f"{value:.0%}"


def conditions(study: "ContestStudyResult") -> list[str]:
    """English lines on what is the same for all designs of a contest: capital, spiral, controls."""
    contest = study.contest
    scenario = contest.scenario
    accounts = contest.accounts
    fund = sum(one.insurance_fund for one in scenario.clearings)
    keepers = sum(one.capital for one in scenario.keepers)
    text = (
        f"{counted(accounts, 'account')}, {counted(len(contest.seeds), 'seed')}, the same for all "
        "designs; insurance "
        f"fund {scenario.units.cash.amount(fund)}"
    )
    if keepers:
        forms: dict[str, list[str]] = {}
        for one in contest.designs:
            if one.label in contest.controls:
                continue
            forms.setdefault(contest.forms[one.label], []).append(one.label)
        where = "; ".join(f"{WHERE[form]}: {', '.join(of)}" for form, of in forms.items())
        text += f", and capital of {scenario.units.cash.amount(keepers)} for all ({where})"
    return [text, spiral_told(contest), study.controls.told()]


def spiral_told(contest: "ContestResult") -> str:
    """An English sentence: how long the spiral of the reference lasted, and whose mark was used."""
    shock, label = contest.scenario.shocks[0], contest.reference
    lasted = contest.spiral_ns(label)
    seeds = counted(len(contest.seeds), "seed")
    if nothing_failed(row["criteria"] for row in contest.rows if row["error"] is None):
        seen = f"{NOTHING_FAILED}, under any design in any of {seeds}: there is nothing to compare"
    elif lasted != lasted:
        seen = f"under {label} no account fails after the shock, in {seeds}"
    elif not lasted:
        seen = (
            f"under {label} every failure is in the very instant of the shock, before anybody can "
            f"react, in {seeds}"
        )
    else:
        seen = (
            f"under {label} accounts go on failing for {show_duration(round(lasted))} after the "
            f"shock, in the mean of {seeds}"
        )
    return f"{seen}; the mark is the {mark_of(contest.scenario, shock.instrument)}"


def shouted(contest: "ContestResult") -> list[str]:
    """Warnings in capitals: books that ran out, refused numbers, runs that raised."""
    lines = []
    for label in contest.labels:
        count, worst = contest.exhausted(label)
        if worst is not None:
            lines.append(
                f"EXHAUSTED ({label}): {worst.told()}; in {count} of "
                f"{counted(len(contest.seeds), 'seed')}. It ranks behind every design with fewer; "
                "its prices and losses are no bounds"
            )
    for row in contest.rows:
        lines += [
            f"REFUSED ({row['label']}, seed {row['seed']}): {one}"
            for one in row.get("refused") or []
        ]
    for label in dict.fromkeys(row["label"] for row in contest.failed):
        rows = [row for row in contest.failed if row["label"] == label]
        seeds = ", ".join(str(row["seed"]) for row in rows)
        lines.append(
            f"FAILED ({label}): {counted(len(rows), 'run')} raised, seed{'s' * (len(rows) > 1)} "
            f"{seeds}: {rows[0]['error']}"
        )
    return lines


def remarks(contest: "ContestResult") -> list[str]:
    """English lines: which designs are not finished, and which are the same here."""
    lines = [
        f"unfinished: {label} has disposed of {contest.disposed(label):.0%} of what failed, so it "
        "has no place in any order"
        for label in contest.unfinished
        if label not in contest.controls
    ]
    lines += [f"the same here, in every digit: {', '.join(group)}" for group in contest.alike]
    lines += gone_on(contest)
    of = contest.amplification(contest.reference)
    if of is not None and of.ratio is None and not contest.exhausted(contest.reference)[0]:
        what = f"{move_of(contest.scenario)} with nothing forced"
        lines.append(
            f"amplification is undefined: {no_ratio(of.twin, what, contest.scenario.price_unit)}"
        )
    return lines


def place_of(contest: "ContestResult", label: str, share: float) -> str:
    """Text of how often a design is on the Pareto front, or of why it takes no part.

    Parameters
    ----------
    contest, label
        The contest, and the design's label in it.
    share
        Share of draws in which it is on the front, 0 to 1.
    """
    if label in contest.controls:
        return "-"
    if label in contest.broken:
        return "raised"
    return "unfinished" if label in contest.unfinished else share_of(share)


def debt_of(contest: "ContestResult", label: str) -> str:
    """Text of in how many seeds there is bad debt, and of the exact interval of its chance."""
    found = contest.chance_of_debt(label)
    if found is None:
        return "-"
    events, chance = found
    if not events:
        return f"0, <={chance.high:.0%}"
    if events == chance.samples:
        return f"all, >={chance.low:.0%}"
    return f"{events}, {chance.low:.0%}-{chance.high:.0%}"


def fact_headings(study: "ContestStudyResult") -> tuple[str, ...]:
    """Headings of ``fact_rows`` after the market's name, with their units."""
    names = {step: unit.name for step, unit in _fact_units(study).items()}
    return tuple(heading.format(**names) for _, heading, _ in FACTS)


def fact_rows(study: "ContestStudyResult") -> list[tuple[str, ...]]:
    """Rows of text: each market without leverage, its name and then as in ``fact_headings``."""
    units = _fact_units(study)
    return [
        (name, *(counted_in(getattr(facts, key), units.get(step)) for key, _, step in FACTS))
        for name, facts in study.facts.items()
    ]


def _fact_units(study: "ContestStudyResult") -> dict[str, RealUnit]:
    """Units of prices and sizes of the first shock's instrument, by what they count."""
    scenario = study.contest.scenario
    first = scenario.number_of(scenario.shocks[0].instrument)
    return {"ticks": scenario.units.prices[first], "lots": scenario.units.sizes[first]}


def notes(study: "ContestStudyResult") -> list[str]:
    """English lines: where rankings flip, and which markets are missing."""
    lines: list[str] = []
    if study.markets:
        lines += study.flip_lines
    lines += [f"{name} does not apply: {why}" for name, why in study.missing.items()]
    return lines


def tuning_lines(study: "ContestStudyResult") -> list[str]:
    """English lines: what tuning found, and whether recommendations for wrong models survive."""
    lines = []
    cash = study.contest.scenario.units.cash
    for name, one in study.tuned.items():
        if one.design.parameters:
            lines.append(
                f"{name} tuned: {one.design.parameters}, harm {_harm(one.harm, cash)}, preset "
                f"{_harm(one.preset_harm, cash)}, {counted(one.trials, 'run')}"
            )
    for wrong in study.wrong:
        how = "survives" if wrong.survives else "does not survive"
        lines.append(
            f"{wrong.name} ({wrong.meaning}): {wrong.recommended} is recommended, {wrong.best} is "
            f"best; it costs {signed(wrong.regret, cash)}{f' {cash.name}' * cash.is_real} of harm: "
            f"the recommendation {how}"
        )
    return lines


def _harm(value: float, cash: RealUnit) -> str:
    """Infinite where a run raised, so that nobody tunes towards it."""
    if not isfinite(value):
        return "not known, a run raised"
    return cash.told(value) if cash.is_real else number(value)


def mark_of(scenario: Any, instrument: str) -> str:
    """English text: what the mark of an instrument is, in each clearing that holds it."""
    said = []
    for clearing in scenario.clearings:
        for holding in clearing.holdings:
            if holding.instrument != instrument:
                continue
            oracle = holding.oracle
            words = f"{oracle.source.kind} of {instrument}"
            words += f", {oracle.lag:g} s late" * bool(oracle.lag)
            words += f", every {oracle.heartbeat:g} s" * bool(oracle.heartbeat)
            words += f", after moves of {oracle.deviation / 10_000:g} %" * bool(oracle.deviation)
            words += ", with outages" * bool(oracle.outages)
            words += ", manipulated" * bool(oracle.manipulations)
            said.append(words)
    return "; ".join(dict.fromkeys(said)) or f"no clearing holds {instrument}"
