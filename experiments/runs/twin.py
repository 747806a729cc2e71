"""Twin runs: the same market with and without one thing, on the same random numbers.

Randomness, latency and order ids belong to each participant by name, so the two runs are the same
to the byte up to the first message that differs. After it they part: draws that depend on the
state differ, and what is measured is a mean over seeds.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents import Participant, Simulation

__all__ = ["Market", "Twins", "run_twins"]

Market = Callable[[int], Simulation]
"""Builds a market from a seed, ready to run."""


class Twins(NamedTuple):
    """The event tapes of the two runs of one seed, and where they part."""

    seed: int
    """Root of all randomness of both runs."""
    full: NDArray[np.void]
    """``lob.EVENT`` rows of the run with the thing studied."""
    twin: NDArray[np.void]
    """``lob.EVENT`` rows of the run without it."""
    parted: int | None
    """Index of the first event that differs; ``None``: none does."""


def run_twins(
    market: Market,
    studied: Callable[[], Iterable[Participant]],
    *,
    seeds: Iterable[int],
    until: int,
) -> list[Twins]:
    """Run a market with and without some participants, once a seed.

    Parameters
    ----------
    market
        Builds the market; it must keep its events.
    studied
        Makes the participants that only the full run has, anew for each seed.
    seeds
        One pair of runs each.
    until
        Time in ns at which the runs end.

    Raises
    ------
    ValueError
        If a market does not keep its events, or the runs differ before anything of the studied
        participants happened: then the market is not a function of its seed.
    """
    pairs = []
    for seed in seeds:
        twin, full = market(seed), market(seed)
        added = [full.add(participant) for participant in studied()]
        twin.run(until=until)
        full.run(until=until)
        pairs.append(_paired(seed, full.events, twin.events, added))
    return pairs


def _paired(
    seed: int, full: NDArray[np.void], twin: NDArray[np.void], added: list[Participant]
) -> Twins:
    common = min(len(full), len(twin))
    differs = np.flatnonzero(full[:common] != twin[:common])
    parted = int(differs[0]) if len(differs) else common
    if parted == len(full) == len(twin):
        return Twins(seed, full, twin, None)
    owned = np.zeros(parted + 1, dtype=np.bool_)
    for participant in added:
        for column in ("owner", "resting_owner"):
            numbers = full[column][: parted + 1]
            owned[: len(numbers)] |= (numbers >= participant.owner) & (
                numbers < participant.owner + participant.members
            )
    if added and not owned.any():
        raise ValueError(
            f"the runs of seed {seed} differ at event {parted}, before the studied participants "
            "did anything: the market is not a function of its seed"
        )
    return Twins(seed, full, twin, parted)
