"""Robustness of a comparison in other markets: where the ranking flips."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from experiments.contest.compare import OBJECTIVES, Contest
from experiments.contest.designs import FROZEN
from experiments.metrics.criteria import criterion
from experiments.metrics.paired import PairedDifference, simultaneous_differences
from lob.counted import counted

__all__ = ["Flip", "flips", "pairwise", "to_rows", "told"]


class Flip(NamedTuple):
    """Two designs whose order in a criterion is another one in another market."""

    criterion: str
    """Name of the criterion."""
    market: str
    """Name of the other market."""
    ahead: str
    """Label of the better one of the two in the base market."""
    behind: str
    """Label of the worse one of the two in the base market."""
    certain: bool
    """Whether both orders are beyond chance, over all pairs of the two markets at once."""

    def told(self) -> str:
        """An English sentence: which design is ahead of which, in which market and criterion."""
        how = "" if self.certain else ", within the error of the seeds"
        return f"{self.market}: {self.behind} is ahead of {self.ahead} in {self.criterion}{how}"


def pairwise(contest: Contest, name: str) -> dict[tuple[str, str], PairedDifference]:
    """Mean paired differences between all pairs of designs in a criterion, in its unit.

    By the pair of labels, the first less the second; intervals hold all at once.

    Parameters
    ----------
    contest
        The contest.
    name
        The criterion's name.
    """
    import itertools

    import numpy as np

    values = contest.values(name)
    # What was not forced, or is unfinished, has no place that could change.
    out = contest.unfinished
    taking = [
        i for i, one in enumerate(contest.designs)
        if one.how != FROZEN.how and one.label not in out
    ]  # fmt: skip
    pairs = list(itertools.combinations(taking, 2))
    if not pairs:
        return {}
    columns = np.array([values[i] - values[j] for i, j in pairs]).T
    found = simultaneous_differences(columns)
    names = [(contest.labels[i], contest.labels[j]) for i, j in pairs]
    return dict(zip(names, found, strict=True))


def flips(
    base: Contest, others: Mapping[str, Contest], criteria: tuple[str, ...] = OBJECTIVES
) -> list[Flip]:
    """Find all pairs of designs whose order differs in other markets, the certain ones first.

    A tie in either market is none.

    Parameters
    ----------
    base
        The contest in the base market.
    others
        The contests in the other markets, by name.
    criteria
        Names of the criteria.
    """
    found = []
    for name in criteria:
        sign = -1 if criterion(name).better == "higher" else 1
        at_base = pairwise(base, name)
        for market, contest in others.items():
            for (one, other), there in pairwise(contest, name).items():
                here = at_base.get((one, other))
                if here is None or not here.estimate * there.estimate < 0:
                    continue
                ahead, behind = (one, other) if sign * here.estimate < 0 else (other, one)
                certain = here.certain and there.certain
                found.append(Flip(name, market, ahead, behind, certain))
    return sorted(found, key=lambda flip: not flip.certain)


def told(found: list[Flip], most: int = 12) -> list[str]:
    """English sentences on flips; of many that are within error, only how many.

    Parameters
    ----------
    found
        The flips, the certain ones first.
    most
        Sentences on single flips, at most.
    """
    certain = [flip.told() for flip in found if flip.certain]
    rest = sum(not flip.certain for flip in found)
    lines = certain[:most]
    if len(certain) > most:
        lines.append(f"and {len(certain) - most} more that are certain")
    if rest:
        lines.append(
            f"{counted(rest, 'more order')} {'differs' if rest == 1 else 'differ'} within the "
            "error of the seeds"
        )
    return lines or ["no order of two designs changes"]


def to_rows(found: list[Flip]) -> list[dict[str, Any]]:
    """Flips as JSON values, one a flip."""
    return [flip._asdict() for flip in found]
