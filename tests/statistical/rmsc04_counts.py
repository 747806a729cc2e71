"""What the makers of rmsc04 send in 30 minutes, over seeds, beside the original's published counts.

    python -m tests.statistical.rmsc04_counts --seeds 2000
    python -m tests.statistical.rmsc04_counts --seeds 2000 --sleeps --asks

Counts run to a second after the close, as the original's do. Runs are told apart by how many of
the two makers slept for ever: that decides more than anything else, and how many such runs are
among 30 is chance.
"""

import argparse

import numpy as np

from experiments.markets import rmsc04
from experiments.markets.rmsc04 import OPEN
from lob import Kind
from lob.units import MINUTE_NS, SECOND_NS

NAMES = ("limit orders", "cancellations", "ladders on waking", "ladders on leaning")
PUBLISHED = {
    0: (21, (2_601.0, 1_478.0, 59.8, 9.7)),
    1: (9, (2_086.0, 996.0, 30.1, 13.1)),
}
"""Of the original's 30 runs, by makers asleep: how many there were, and their means."""


def counts(seed: int, *, sleeps: bool, asks: bool) -> tuple[int, tuple[int, ...]]:
    """How many makers slept for ever in a run, and the four counts."""
    simulation = rmsc04(
        seed, sleeps_for_ever=sleeps, quotes_while_asking=asks, events=False, messages=True
    )
    simulation.run(until=OPEN + 30 * MINUTE_NS + SECOND_NS)
    makers, messages = simulation["makers"], simulation.messages
    kinds = messages["kind"]
    new = messages["owner"][kinds == Kind.NEW]
    awake = np.unique(new[(new >= makers.owner) & (new < makers.owner + makers.members)])
    found = (
        int((kinds == Kind.NEW).sum()),
        int((kinds == Kind.CANCEL).sum()),
        makers.ladders_on_waking,
        makers.ladders_on_leaning,
    )
    return makers.members - len(awake), found


def by_sleepers(seeds: range, *, sleeps: bool, asks: bool) -> dict[int, np.ndarray]:
    """The counts of all runs, a row each, by how many makers slept for ever."""
    found: dict[int, list[tuple[int, ...]]] = {}
    for seed in seeds:
        asleep, row = counts(seed, sleeps=sleeps, asks=asks)
        found.setdefault(asleep, []).append(row)
    return {asleep: np.array(rows, float) for asleep, rows in sorted(found.items())}


def distances(runs: np.ndarray, asleep: int) -> np.ndarray:
    """By count: ours less the original's mean, in standard errors of that difference.

    The deviation of one run is taken from ours: the original's is not published.
    """
    many, means = PUBLISHED[asleep]
    error = runs.std(axis=0, ddof=1) * np.sqrt(1 / many + 1 / len(runs))
    return (runs.mean(axis=0) - np.array(means)) / error


def lines(found: dict[int, np.ndarray]) -> list[str]:
    """What is printed: means, standard errors of the mean and deviations, all runs first."""
    every = np.concatenate(list(found.values()))
    said = []
    for name, runs in [("all runs", every), *((f"{n} asleep", rows) for n, rows in found.items())]:
        said.append(f"{name}: {len(runs)} ({len(runs) / len(every):.3f})")
        for number, count in enumerate(NAMES):
            column = runs[:, number]
            spread = column.std(ddof=1) if len(runs) > 1 else np.nan
            said.append(
                f"  {count:<20}{column.mean():9.2f} ({spread / len(runs) ** 0.5:.2f}), "
                f"deviation {spread:.1f}"
            )
    for asleep, runs in found.items():
        if asleep in PUBLISHED and len(runs) > 1:
            away = ", ".join(f"{one:+.1f}" for one in distances(runs, asleep))
            said.append(f"{asleep} asleep, ours less the original, in standard errors: {away}")
    return said


def main() -> None:
    """Count over seeds."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.statistical.rmsc04_counts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=400, help="how many; 400 if not given")
    parser.add_argument("--sleeps", action="store_true", help="sleeps_for_ever on")
    parser.add_argument("--asks", action="store_true", help="quotes_while_asking on")
    asked = parser.parse_args()
    seeds = range(1, asked.seeds + 1)
    print("\n".join(lines(by_sleepers(seeds, sleeps=asked.sleeps, asks=asked.asks))))


if __name__ == "__main__":
    main()
