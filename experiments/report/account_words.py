"""Words and tables of closed accounts: the harm of forced sales, and who gained what was lost."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.metrics.closed_account import PARTIES, gain_of
from experiments.metrics.intervals import Interval, student_interval
from lob.counted import counted
from lob.real_units import RealUnit, RealUnits, significant

if TYPE_CHECKING:
    from experiments.report.results import ContestResult

__all__ = [
    "account_lines",
    "account_rows",
    "compared",
    "flow_rows",
    "gone_on",
    "harm_told",
    "mean_account",
    "prices_told",
]

HARM = "borrowers, insurance fund and lenders"
"""Whose losses harm is, in words."""
FLOWS = 6
"""Flows in a story, at most, the largest; chosen."""
SHARE = 0.05
"""Least share of all gains for a party to be named among those who gained; chosen."""


def mean_account(accounts: Sequence[Mapping[str, Any]]) -> dict[str, Interval]:
    """Mean harm and gains over runs with their Student intervals, in cash units, by name.

    Parameters
    ----------
    accounts
        Closed accounts as of ``ClosedAccount.to_dict``, at least one.
    """
    values = {"harm": [one["harm"] for one in accounts]}
    values |= {name: [one["gains"][name] for one in accounts] for name in PARTIES}
    return {name: student_interval(np.array(of, np.float64)) for name, of in values.items()}


def harm_told(accounts: Sequence[Mapping[str, Any]], cash: RealUnit) -> str:
    """An English sentence: the harm of forced sales, with its interval, and who gained.

    Empty where no account is known.

    Parameters
    ----------
    accounts
        Closed accounts of the runs of one design.
    cash
        Unit of cash.
    """
    if not accounts:
        return ""
    means = mean_account(accounts)
    harm = means["harm"]
    gains = {name: means[name].estimate for name in PARTIES}
    return (
        f"harm (what {HARM} lost by forced sales, at the twin's price in the end): "
        f"{_with_interval(harm, cash)}; {_gained(gains, cash)}"
    )


def _with_interval(found: Interval, cash: RealUnit) -> str:
    low, high = found.bounds
    told = cash.told(found.estimate)
    if low is None or high is None or not low < high:
        return told
    return f"{told} [{cash.number(low)}, {cash.number(high)}]"


def _gained(gains: Mapping[str, float], cash: RealUnit) -> str:
    most = sum(gain for gain in gains.values() if gain > 0)
    named = sorted((name for name in gains if gains[name] > SHARE * most), key=lambda n: -gains[n])
    if not most or not named:
        return "nobody gained"
    return "gained by " + ", ".join(f"{name} {cash.number(gains[name])}" for name in named)


def compared(contest: "ContestResult", asked: str | None = None) -> list[str]:
    """English sentences: the harm of every design, the least first, who gained, the worst run.

    Designs that are unfinished are left to the end, and are in no order.

    Parameters
    ----------
    contest
        The contest.
    asked
        Scenario and settings as on the command line; ``None``: the name of the scenario.
    """
    cash = contest.scenario.units.cash
    means = {label: contest.mean(label, "harm") for label in contest.labels}
    known = [label for label in contest.labels if means[label].estimate == means[label].estimate]
    out = {*contest.unfinished, *contest.controls}
    order = sorted((one for one in known if one not in out), key=lambda n: means[n].estimate)
    rest = [one for one in known if one in out and one not in contest.controls]
    if not order and not rest:
        return []
    told = [f"{label} {_with_interval(means[label], cash)}" for label in order]
    lines = [f"harm, what {HARM} lost by forced sales: {', '.join(told)}"] if told else []
    if rest:
        said = ", ".join(f"{label} {_with_interval(means[label], cash)}" for label in rest)
        lines.append(f"harm so far of those that are unfinished and have no place: {said}")
    if order:
        whom = {
            label: _gained(
                {name: contest.mean(label, gain_of(name)).estimate for name in PARTIES}, cash
            )
            for label in order
        }
        groups: dict[str, list[str]] = {}
        for label, text in whom.items():
            groups.setdefault(text, []).append(label)
        lines.append("; ".join(f"{', '.join(of)}: {text}" for text, of in groups.items()))
    worst = _worst(contest, [*order, *rest], asked or contest.scenario.name)
    return [*lines, *([worst] if worst else [])]


def _worst(contest: "ContestResult", labels: Iterable[str], asked: str) -> str:
    """The run of a design of the contest with the most harm, and how to see it again."""
    rows = [
        row for row in contest.rows
        if row["label"] in set(labels) and row["criteria"].get("harm") is not None
        and row["criteria"]["harm"] == row["criteria"]["harm"]
    ]  # fmt: skip
    if not rows:
        return ""
    row = max(rows, key=lambda one: (one["criteria"]["harm"], -one["seed"]))
    if row["criteria"]["harm"] <= 0:
        return ""
    harm = contest.scenario.units.cash.told(row["criteria"]["harm"])
    again = _again(contest, row, asked)
    return f"worst: seed {row['seed']} under {row['label']}, harm {harm}; {again}"


def _again(contest: "ContestResult", row: Mapping[str, Any], asked: str) -> str:
    """The command that holds a seed again, beside the reference; two seeds are the fewest."""
    labels = dict.fromkeys((contest.reference, row["label"]))
    designs = ",".join(_written(one) for one in contest.designs if one.label in labels)
    market = f" (in the market {row['market']})" if row.get("market", "base") != "base" else ""
    words = f"--designs {shlex.quote(designs)} --seed {row['seed']} --seeds 2"
    return f"again with: firesale compare {asked} {words}{market} --fast"


def _written(design: Any) -> str:
    """A design as it is written on the command line."""
    given = design.how in ("given", "tuned") and design.parameters
    inner = ",".join(f"{key}={json.dumps(value)}" for key, value in design.parameters.items())
    text = f"{design.design}({inner})" if given else str(design.design)
    return text if design.label in (text, design.design) else f"{_plain(design.label)}={text}"


def _plain(label: str) -> str:
    return re.sub(r"[=(),]", " ", label).strip()


def account_lines(accounts: Sequence[Mapping[str, Any]], cash: RealUnit) -> list[tuple[str, str]]:
    """Rows of a story: harm, what each party gained or lost in the mean, and who paid whom.

    Parameters
    ----------
    accounts
        Closed accounts of the runs of one design, at least one.
    cash
        Unit of cash.
    """
    means = mean_account(accounts)
    named = [name for name in PARTIES if any(one["gains"][name] for one in accounts)]
    rows = [("harm of forced sales", _with_interval(means["harm"], cash))]
    lost = [f"{name} {cash.number(-means[name].estimate)}" for name in named
            if means[name].estimate < 0]  # fmt: skip
    if lost:
        rows.append(("who lost", ", ".join(lost)))
        gains = {name: means[name].estimate for name in PARTIES}
        gained = [name for name in named if gains[name] > 0]
        rows.append(("who gained", ", ".join(f"{one} {cash.number(gains[one])}" for one in gained)))
    for giver, receiver, what, amount in flow_rows({"": accounts}, cash)[:FLOWS]:
        rows.append((f"  {what}", f"{giver} to {receiver}, {amount}"))
    return [*rows, ("closed account", "sums to zero, in every run")]


def account_rows(contest: "ContestResult") -> list[tuple[str, ...]]:
    """Rows of text: each party's mean gain under every design, in real units, then the harm."""
    cash = contest.scenario.units.cash
    rows = []
    for name, key in (*((one, gain_of(one)) for one in PARTIES), ("harm", "harm")):
        cells = [_with_interval(contest.mean(label, key), cash) for label in contest.labels]
        rows.append((name, *cells))
    return rows


def flow_rows(
    accounts: Mapping[str, Sequence[Mapping[str, Any]]], cash: RealUnit
) -> list[tuple[str, ...]]:
    """Rows of text: who paid whom for what, with the mean under every design, the largest first.

    Parameters
    ----------
    accounts
        Closed accounts of the runs of each design, by its label.
    cash
        Unit of cash.
    """
    sums: dict[tuple[str, str, str], dict[str, float]] = {}
    for label, those in accounts.items():
        for one in those:
            for flow in one["flows"]:
                ends, amount = (flow["giver"], flow["receiver"]), flow["amount"] / len(those)
                if PARTIES.index(ends[0]) > PARTIES.index(ends[1]):
                    ends, amount = ends[::-1], -amount
                of = sums.setdefault((*ends, flow["what"]), {})
                of[label] = of.get(label, 0.0) + amount
    found = []
    for (giver, receiver, what), of in sums.items():
        if sum(of.values()) < 0:
            giver, receiver, of = receiver, giver, {key: -value for key, value in of.items()}
        size = max(abs(value) for value in of.values())
        cells = [cash.number(of[label]) if label in of else "-" for label in accounts]
        found.append((size, (giver, receiver, what, *cells)))
    return [row for _, row in sorted(found, key=lambda one: (-one[0], one[1]))]


def prices_told(account: Mapping[str, Any], units: RealUnits) -> str:
    """An English sentence: at which one price each asset counts in an account.

    Parameters
    ----------
    account
        A closed account, as of ``ClosedAccount.to_dict``.
    units
        Units of the market.
    """
    said = {"mid": "the twin's mid at the end", "mark": "the twin's last mark",
            "backing": "what backs it", "none": "it has no price"}  # fmt: skip
    told = []
    for name, one in account["prices"].items():
        if one["basis"] == "cash":
            continue
        asset = units.assets.get(name)
        if units.cash.is_real and asset is not None and asset.is_real:
            price = float(units.cash.factor / asset.factor) * one["cash_units"]
            told.append(
                f"{name} at {significant(price, 7)} {units.cash.name} ({said[one['basis']]})"
            )
        else:
            price = one["cash_units"]
            told.append(f"a unit of {name} at {significant(price, 7)} ({said[one['basis']]})")
    return f"one price for all: {', '.join(told)}" if told else ""


def gone_on(contest: "ContestResult") -> list[str]:
    """English sentences: which designs ran on after the scenario's time because of open cases."""
    end = contest.scenario.seconds
    lines = []
    for label in contest.labels:
        ends = [
            row["end_ns"] / 1e9
            for row in contest.rows
            if row["label"] == label and row.get("end_ns")
        ]
        longer = [one for one in ends if one > end + 1e-6]
        if longer:
            lines.append(
                f"{label} took longer than the {end:g} s of a run: it, and its twin, went on to "
                f"{max(longer):g} s at most, in {len(longer)} of {counted(len(ends), 'seed')}"
            )
    return lines
