"""What ``firesale demo`` shows: a spiral, and five ways of selling compared in it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from experiments.runs.store import RunStore
from experiments.scenario.read import read_scenario

if TYPE_CHECKING:
    from experiments.contest.study import ContestStudy

__all__ = ["DESIGNS", "SCENARIO", "SEEDS", "hold_demo", "story"]

SCENARIO = "deleveraging-spiral"
DESIGNS = ("market-sale", "bankruptcy-takeover", "backstop", "call-auction", "stability-pool")
SEEDS = 8
BARS = " ▁▂▃▄▅▆▇█"
MOST_BARS = 40


def hold_demo(
    seeds: int, store: RunStore | None, report: Callable[[str], object]
) -> "ContestStudy":
    """Compare the designs over seeds, with pictures of the first."""
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
    """The spiral in a few lines, under the reference design."""
    contest = study.contest
    shock = contest.scenario.shocks[0]
    number = contest.scenario.number_of(shock.instrument)
    price = contest.scenario.instruments[number].background.price
    name = contest.reference
    accounts = sum(one.count for one in contest.scenario.populations)
    found = contest.amplification(name)
    lines = [
        f"{accounts:,} leveraged accounts; at {shock.at:g} s somebody sells {shock.lots:,} lots",
    ]
    if found is None:
        return lines
    failed = contest.mean(name, "liquidations").estimate
    lines += [
        f"nothing forced: the price falls {_drop(found.twin.estimate, price)}",
        f"{name}: it falls {_drop(found.full.estimate, price)}"
        + (
            ""
            if found.ratio is None
            else f", {found.ratio.estimate:.2f} times as far "
            f"[{found.ratio.low:.2f}, {found.ratio.high:.2f}]"
        ),
        f"{failed:,.0f} accounts are sold out, {contest.mean(name, 'liquidated').estimate:,.0f} "
        f"lots; bad debt {contest.mean(name, 'bad_debt').estimate:,.0f}",
    ]
    drawn = [row for row in contest.rows if row["label"] == name and "generations" in row]
    if drawn and drawn[0]["generations"]:
        counts = [nodes for nodes, _ in drawn[0]["generations"]][:MOST_BARS]
        bars = "".join(BARS[max(1, round(8 * count / max(counts)))] for count in counts)
        lines.append(
            f"one sale fails the next: {bars}  ({counts[0]:,} first, {max(counts):,} most)"
        )
    return lines


def _drop(ticks: float, price: int) -> str:
    return f"{ticks:,.0f} ticks ({ticks / price:.1%})"
