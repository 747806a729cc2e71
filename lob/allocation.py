"""Pro-rata allocation of whole units, in which nobody gains or loses by his number.

Whatever a venue shares out (a failed position over other borrowers, a loss over those who have
something, lots over opposing positions) goes by the same rule. Shares round down; the units that
this leaves go one each to the largest remainders, of equal ones to the largest weights, and of
equal weights to whoever is first in an order that the caller states, or else is drawn. A draw
depends on the account's owner and on the case: it favours one owner in one case and another in the
next, and whoever else draws for owners (the order in which accounts that fail together are served)
goes by the same identity, so that numbering the accounts anew changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from hashlib import blake2b
from math import lcm
from typing import Any

__all__ = ["drawn", "pro_rata"]


def drawn(owner: int, case: int = 0) -> bytes:
    """A hash of an owner and a case, which orders accounts that are equal otherwise.

    The same on every machine; of two owners either may be first, whichever has the lower number.
    """
    return blake2b(f"{case} {owner}".encode(), digest_size=8).digest()


def pro_rata(
    weights: Mapping[int, int | Fraction],
    amount: int,
    caps: Mapping[int, int] | None = None,
    *,
    case: int = 0,
    ties: Mapping[int, Any] | None = None,
    owners: Mapping[int, int] | None = None,
) -> dict[int, int]:
    """Share an amount in proportion to weights, in whole units; the sum is exact.

    Shares round down; the units that this leaves go one each to the largest remainders, of equal
    ones to the largest weights, then to the largest ``ties``, then as ``drawn`` for the case.

    Parameters
    ----------
    weights
        Weights by account; one of 0 or less gets nothing.
    amount
        Units to share, 0 or more.
    caps
        The most units that each may get. What a cap cuts off is shared among the others again, and
        what nobody may get any more is not in the result: compare its sum with ``amount``.
    case
        A number that the draw among equal accounts depends on beside the accounts.
    ties
        Numbers by account that order those of equal remainders and weights, the largest first.
    owners
        Owner of each account, by whom is drawn; without it by the account itself.

    Returns
    -------
    dict[int, int]
        Units by account.

    Examples
    --------
    >>> pro_rata({1: 1, 2: 5, 3: 2}, 4)
    {1: 0, 2: 3, 3: 1}
    >>> pro_rata({1: 1, 2: 5, 3: 2}, 4, {1: 4, 2: 1, 3: 4})
    {1: 1, 2: 1, 3: 2}
    """
    left, found = amount, dict.fromkeys(weights, 0)
    whole = _whole(weights)
    able = [a for a in weights if whole[a] > 0 and (caps is None or caps[a] > 0)]
    while left > 0 and able:
        total = sum(whole[a] for a in able)
        shares = {a: divmod(left * whole[a], total) for a in able}
        rest = left - sum(share for share, _ in shares.values())
        rank = {a: (shares[a][1], whole[a], ties[a] if ties else 0) for a in able}
        odd = _first(able, rank, rest, lambda a: drawn(owners[a] if owners else a, case))
        for a in able:
            share = shares[a][0] + (a in odd)
            if caps is not None:
                share = min(share, caps[a] - found[a])
            found[a] += share
            left -= share
        if caps is None:
            break
        able = [a for a in able if found[a] < caps[a]]
    return found


def _whole(weights: Mapping[int, int | Fraction]) -> dict[int, int]:
    """Weights as whole numbers in the same proportion."""
    unit = lcm(*(weight.denominator for weight in weights.values()))
    return {a: int(weight * unit) for a, weight in weights.items()}


def _first(
    accounts: Iterable[int], rank: Mapping[int, Any], count: int, draw: Callable[[int], bytes]
) -> set[int]:
    """The accounts of the highest ranks, so many; drawn among those of the lowest rank needed."""
    ordered = sorted(accounts, key=rank.__getitem__, reverse=True)
    if not 0 < count < len(ordered):
        return set(ordered[:count])
    edge = rank[ordered[count - 1]]
    sure = {a for a in ordered[:count] if rank[a] > edge}
    tied = sorted((a for a in ordered if rank[a] == edge), key=lambda a: (draw(a), a))
    return sure.union(tied[: count - len(sure)])
