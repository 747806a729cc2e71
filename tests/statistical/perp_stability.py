"""Whether the perpetual and its spot keep their price: hours of simulated time, seed by seed.

    python -m tests.statistical.perp_stability --hours 24 --seeds 12

A look every ten seconds at both books. A run is stable if both always had two sides and no mid went
beyond a factor 2 of the first; the command ends with 1 if any was not. It takes some 2 s of CPU a
simulated hour.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from experiments.markets import perp
from experiments.markets.perp import PERP, SPOT
from lob.units import SECOND_NS

LOOKS_AN_HOUR = 360
LOOK_NS = 10 * SECOND_NS
FACTOR = 2.0
"""How far the mid may go from where it began, up or down."""


class Stretch(NamedTuple):
    """What one book was like over a run. Prices in ticks."""

    first: float
    lowest: float
    highest: float
    last: float
    moves: tuple[float, float]
    """Standard deviation of the mid's change in ten seconds: first half of the run, second half."""
    empty: int
    """Looks at which a side was missing."""

    @property
    def is_stable(self) -> bool:
        """Whether it had two sides all the time, within the factor."""
        return (
            self.empty == 0
            and self.first / FACTOR < self.lowest
            and self.highest < self.first * FACTOR
        )


def watch(seed: int, hours: float, **options: int) -> dict[str, Stretch]:
    """Run the market for so many simulated hours and look at both of its books."""
    simulation = perp(seed, events=False, **options)
    begin = simulation.now
    mids = np.full((round(hours * LOOKS_AN_HOUR), 2), np.nan)
    for look, row in enumerate(mids, start=1):
        simulation.run(until=begin + look * LOOK_NS)
        for number in (PERP, SPOT):
            book = simulation.books[number]
            if book.best_bid is not None and book.best_ask is not None:
                row[number] = (book.best_bid + book.best_ask) / 2
    return {name: stretch(mids[:, number]) for name, number in (("perp", PERP), ("spot", SPOT))}


def stretch(mids: np.ndarray) -> Stretch:
    """Sum up the mids of one book; not-a-number where a side was missing."""
    seen = mids[np.isfinite(mids)]
    if not len(seen):
        return Stretch(*[np.nan] * 4, (np.nan, np.nan), len(mids))
    early, late = np.array_split(np.diff(mids), 2)
    return Stretch(
        first=float(seen[0]),
        lowest=float(seen.min()),
        highest=float(seen.max()),
        last=float(seen[-1]),
        moves=(deviation(early), deviation(late)),
        empty=len(mids) - len(seen),
    )


def deviation(changes: np.ndarray) -> float:
    """Of those that are known."""
    known = changes[np.isfinite(changes)]
    return float(known.std()) if len(known) else np.nan


def lines(seed: int, found: dict[str, Stretch]) -> Iterator[str]:
    """What is printed of a run."""
    for name, one in found.items():
        yield (
            f"seed {seed:>3} {name}: {one.first:,.1f}, from {one.lowest:,.1f} to "
            f"{one.highest:,.1f}, at last {one.last:,.1f}; moves in 10 s {one.moves[0]:.2f}, then "
            f"{one.moves[1]:.2f}; without a side {one.empty}"
            f"{'' if one.is_stable else '  NOT STABLE'}"
        )


def main() -> int:
    """Watch one seed after the other."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.statistical.perp_stability",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--hours", type=float, default=24.0, help="simulated; 24 if not given")
    parser.add_argument("--seeds", type=int, default=12, help="how many; 12 if not given")
    parser.add_argument("--first", type=int, default=1, help="the first seed; 1 if not given")
    asked = parser.parse_args()
    stable = 0
    for seed in range(asked.first, asked.first + asked.seeds):
        found = watch(seed, asked.hours)
        stable += all(one.is_stable for one in found.values())
        print("\n".join(lines(seed, found)), flush=True)
    print(f"{stable} of {asked.seeds} seeds stable for {asked.hours:g} simulated hours")
    return 0 if stable == asked.seeds else 1


if __name__ == "__main__":
    sys.exit(main())
