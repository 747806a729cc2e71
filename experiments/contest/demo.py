"""The demo of ``firesale demo``: a spiral, and five ways of selling compared in it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from experiments.report.bars import bars
from experiments.report.contest_words import number
from experiments.report.ratios import times_of
from experiments.runs.store import RunStore
from experiments.scenario.read import read_scenario
from experiments.scenario.shock_words import lots_of
from lob.counted import counted
from lob.real_units import RealUnit

if TYPE_CHECKING:
    from experiments.contest.study import ContestStudy

__all__ = ["DESIGNS", "SCENARIO", "SEEDS", "hold_demo", "story"]

SCENARIO = "deleveraging-spiral"
"""Name of the ready scenario."""
DESIGNS = ("market-sale", "bankruptcy-takeover", "backstop", "call-auction", "stability-pool")
"""Names of the designs that are compared."""
SEEDS = 8
"""Runs of each design unless said otherwise."""
MOST_BARS = 40
"""Most generations that are drawn as bars."""


def hold_demo(
    seeds: int, store: RunStore | None, report: Callable[[str], object]
) -> "ContestStudy":
    """Compare the designs of the demo over seeds, with pictures of the first.

    Parameters
    ----------
    seeds
        How many, from seed 1 on; at least two.
    store
        Where finished runs are kept, and taken from; ``None``: they are not kept.
    report
        Called in words with what is done.
    """
    from experiments.contest.designs import parse_designs
    from experiments.contest.study import study_contest

    return study_contest(
        read_scenario(SCENARIO),
        parse_designs(",".join(DESIGNS)),
        range(1, seeds + 1),
        store=store,
        pictures=True,
        report=report,
    )


def story(study: "ContestStudy") -> list[str]:
    """English lines on the spiral under the reference design, a bar for each generation."""
    contest = study.contest
    shock, units = contest.scenario.shocks[0], contest.scenario.units
    size = units.sizes[contest.scenario.number_of(shock.instrument)]
    move = contest.scenario.price_unit
    name = contest.reference
    before = [row["mark_before"] for row in contest.rows if row.get("mark_before")]
    price = sum(before) / len(before) if before else float("nan")
    found = contest.amplification(name)
    lines = [
        f"{counted(contest.accounts, 'leveraged account')}; at {shock.at:g} s somebody "
        f"{'sells' if shock.side == 'sell' else 'buys'} "
        f"{size.told(lots_of(contest.scenario, shock) or 0)}",
    ]
    if found is None:
        return lines
    failed = contest.mean(name, "liquidations").estimate
    owed = contest.mean(name, "bad_debt").estimate
    debt = units.cash.told(owed) if units.cash.is_real else number(owed)
    lines += [
        f"nothing forced: the price falls {_drop(found.twin.estimate, price, move)}",
        f"{name}: it falls {_drop(found.full.estimate, price, move)}"
        + ("" if found.ratio is None else f", {times_of(found.ratio)}"),
        f"{counted(failed, 'account')} failed, "
        f"{units.lots.told(contest.mean(name, 'liquidated').estimate)} were sold by force; "
        f"bad debt {debt}",
    ]
    drawn = [row for row in contest.rows if row["label"] == name and "generations" in row]
    if drawn and drawn[0]["generations"]:
        counts = [nodes for nodes, _ in drawn[0]["generations"]][:MOST_BARS]
        lines.append(
            f"one sale fails the next: {bars(counts, MOST_BARS)}  "
            f"({counts[0]:,} first, {max(counts):,} most)"
        )
    return lines


def _drop(ticks: float, price: float, unit: RealUnit) -> str:
    return f"{unit.told(ticks)} ({ticks / price:.1%})"
