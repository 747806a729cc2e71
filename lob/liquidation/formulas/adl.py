"""Auto-deleveraging: whose opposing position is closed, and by how much.

Ranks and shares are exact; sizes are lots, money cash units.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from lob.allocation import drawn

__all__ = [
    "bitmex_score",
    "least_worst_loss",
    "profit_leverage_score",
    "queue_order",
    "take_from_queue",
]

FINE = 64
"""Bits of the grid on which a share of equity is searched, before it is made exact."""


def bitmex_score(mark_value: int, entry_value: int, bankruptcy_value: int) -> Fraction:
    """The rank of a position in BitMEX's queue.

    ``profit = (MV - AEV) / |AEV|`` and ``leverage = |MV| / (MV - BV)``: their product where there
    is a profit, else profit over leverage. All values are signed; the bankruptcy value is not the
    mark value, or the position is bankrupt itself.

    Raises ``ValueError`` if a value makes the rank undefined.
    """
    if entry_value == 0 or mark_value == bankruptcy_value or mark_value == 0:
        raise ValueError(
            "mark_value, entry_value and the equity must not be 0, got "
            f"{mark_value}, {entry_value} and {mark_value - bankruptcy_value}"
        )
    profit = Fraction(mark_value - entry_value, abs(entry_value))
    leverage = Fraction(abs(mark_value), mark_value - bankruptcy_value)
    return profit * leverage if profit > 0 else profit / leverage


def profit_leverage_score(profit: int, margin: int, leverage: int | Fraction) -> Fraction:
    """Profit over margin, times leverage: the plainer rank that many venues describe."""
    if margin <= 0:
        raise ValueError(f"margin must be positive, got {margin}")
    return Fraction(profit, margin) * leverage


def queue_order(
    scores: Mapping[int, int | Fraction],
    *,
    ties: Mapping[int, Any] | None = None,
    case: int = 0,
    owners: Mapping[int, int] | None = None,
) -> list[int]:
    """Accounts in the order in which they are deleveraged: by falling score.

    Parameters
    ----------
    scores
        Rank by account, of any unit.
    ties
        What orders accounts of one score, the largest first.
    case
        What the draw among accounts that are equal otherwise depends on, see ``drawn`` of
        ``lob.allocation``: no account is before another because of its number.
    owners
        Owner of each account, by whom is drawn; without it by the account itself.
    """
    ordered = sorted(scores, key=lambda a: (drawn(owners[a] if owners else a, case), a))
    return sorted(
        ordered, key=lambda a: (scores[a], ties[a] if ties is not None else 0), reverse=True
    )


def least_worst_loss(
    contracts: Sequence[int], losses: Sequence[int], equities: Sequence[int], budget: int
) -> tuple[Fraction, list[int]]:
    """Whole contracts that raise a budget so that the greatest loss over equity is least.

    The least ``z`` for which ``sum k * loss >= budget`` with ``k * loss <= z * equity`` and ``0 <=
    k <= contracts``, all ``k`` whole (arXiv 2602.15182, policy per wave, without its solver). ``z``
    is unique; of the many ``k`` these are the largest that it allows, less what is not needed, the
    last accounts first.

    Parameters
    ----------
    contracts
        The most that each account may lose, 0 or more.
    losses
        What a contract costs each, 1 or more, in the unit of ``budget``.
    equities
        Equity of each in that unit, 1 or more.
    budget
        What is to be raised, 0 or more.

    Raises
    ------
    ValueError
        If all contracts together do not raise it.
    """
    if sum(n * loss for n, loss in zip(contracts, losses, strict=True)) < budget:
        raise ValueError(f"budget must be within what all contracts raise, got {budget}")
    rows = list(zip(contracts, losses, equities, strict=True))

    def allowed(share: int) -> list[int]:
        return [min(n, share * equity // (loss << FINE)) for n, loss, equity in rows]

    def raises(taken: list[int]) -> bool:
        return sum(k * loss for k, (_, loss, _) in zip(taken, rows, strict=True)) >= budget

    def share_of(taken: list[int]) -> Fraction:
        shares = (Fraction(k * loss, e) for k, (_, loss, e) in zip(taken, rows, strict=True))
        return max(shares, default=Fraction(0))

    # Bisection to a fine grid, then from one loss of a whole contract to the next below.
    low, high = -1, max((-(-(n * loss << FINE) // e) for n, loss, e in rows), default=0)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if raises(allowed(middle)) else (middle, high)
    taken = allowed(max(0, high))
    best = share_of(taken)
    while best:
        less = [
            k - (Fraction(k * loss, e) == best) for k, (_, loss, e) in zip(taken, rows, strict=True)
        ]
        if not raises(less):
            break
        taken, best = less, share_of(less)
    over = sum(k * loss for k, (_, loss, _) in zip(taken, rows, strict=True)) - budget
    for i in range(len(rows) - 1, -1, -1):
        back = min(taken[i], over // rows[i][1])
        taken[i] -= back
        over -= back * rows[i][1]
    return best, taken


def take_from_queue(order: list[int], held: Mapping[int, int], amount: int) -> dict[int, int]:
    """Take an amount from the accounts in their order, each as far as it goes.

    What nobody has left to give is not in the result: compare its sum with ``amount``.
    """
    taken: dict[int, int] = {}
    for account in order:
        if amount <= 0:
            break
        part = min(amount, held[account])
        if part > 0:
            taken[account] = part
            amount -= part
    return taken
