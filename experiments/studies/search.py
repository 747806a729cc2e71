"""Searches over shocks: the smallest that fails, and the mix of several that fails first."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Bisection", "critical_direction", "critical_shock"]


@dataclass(frozen=True)
class Bisection:
    """Result of a bisection for the smallest shock at which something fails."""

    critical: int | None
    """Smallest shock that fails, in the unit of the search; ``None``: the largest one does not."""
    probes: tuple[tuple[int, bool], ...]
    """Every shock that was tried, in order, and whether it failed."""

    @property
    def monotone(self) -> bool:
        """Whether no tried shock held above one that failed."""
        failed = [shock for shock, fails in self.probes if fails]
        held = [shock for shock, fails in self.probes if not fails]
        return not failed or not held or max(held) < min(failed)


def critical_shock(fails: Callable[[int], bool], low: int, high: int) -> Bisection:
    """Find the smallest whole shock at which something fails, by bisection.

    Parameters
    ----------
    fails
        Whether it fails at a shock; it should then fail at every larger shock too. Whether the
        probes bear that out is in the result.
    low, high
        Where to look, both included, in whole steps of any unit.

    Raises
    ------
    ValueError
        If ``low`` exceeds ``high``.
    """
    if low > high:
        raise ValueError(f"low must be at most high, got {low} and {high}")
    probes: list[tuple[int, bool]] = []

    def probe(shock: int) -> bool:
        probes.append((shock, bool(fails(shock))))
        return probes[-1][1]

    if not probe(high):
        return Bisection(None, tuple(probes))
    least, most = low - 1, high
    while most - least > 1:
        middle = (least + most) // 2
        if probe(middle):
            most = middle
        else:
            least = middle
    return Bisection(most, tuple(probes))


def critical_direction(
    fails: Callable[[tuple[int, ...]], bool],
    assets: int,
    high: int,
    *,
    steps: int = 8,
) -> tuple[tuple[float, ...], Bisection]:
    """Find the mix of shocks over several assets at which the least total shock fails.

    Every mix of shares in ``steps`` parts is tried, each by bisection of the total; ties go to the
    first, which is the most on the first asset.

    Parameters
    ----------
    fails
        Whether it fails at a shock to each asset, in whole steps of any unit, rounded down.
    assets
        How many there are, 1 or more.
    high
        Largest total shock that is tried.
    steps
        Parts into which the total is shared out; 8, chosen.

    Returns
    -------
    tuple
        The shares, which sum to 1, and the bisection along them; the critical total is in it.

    Raises
    ------
    ValueError
        If ``assets`` is below 1.
    """
    best: tuple[tuple[float, ...], Bisection] | None = None
    bound = high
    for mix in _mixes(assets, steps):

        def at(total: int, mix: tuple[int, ...] = mix) -> bool:
            return fails(tuple(total * part // steps for part in mix))

        found = critical_shock(at, 1, bound)
        better = found.critical is not None and (
            best is None or best[1].critical is None or found.critical < best[1].critical
        )
        if best is None or better:
            best = tuple(part / steps for part in mix), found
            bound = found.critical or high
    if best is None:
        raise ValueError(f"assets must be at least 1, got {assets}")
    return best


def _mixes(assets: int, steps: int) -> list[tuple[int, ...]]:
    if assets == 1:
        return [(steps,)]
    return [
        (part, *rest)
        for part in range(steps, -1, -1)
        for rest in _mixes(assets - 1, steps - part)
        if part + sum(rest) == steps
    ]
