"""Auto-deleveraging: whose opposing position is closed, and by how much.

Ranks and shares are exact; sizes are lots, money cash units.
"""

from collections.abc import Mapping
from fractions import Fraction

__all__ = [
    "bitmex_score",
    "pro_rata",
    "profit_leverage_score",
    "queue_order",
    "take_from_queue",
]


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


def queue_order(scores: Mapping[int, int | Fraction]) -> list[int]:
    """Accounts by falling score; those of one score by number."""
    return sorted(scores, key=lambda account: (-scores[account], account))


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


def pro_rata(
    weights: Mapping[int, int | Fraction], amount: int, caps: Mapping[int, int] | None = None
) -> dict[int, int]:
    """Share an amount in proportion to weights, in whole units.

    Shares round down; the units that this leaves go one each to the largest remainders, then the
    lowest numbers. With ``caps`` nobody gives more than its cap, and what a cap cuts off is shared
    among the others again.
    """
    left, found = amount, dict.fromkeys(weights, 0)
    able = {a for a, weight in weights.items() if weight > 0 and (caps is None or caps[a] > 0)}
    while left > 0 and able:
        total = sum((Fraction(weights[a]) for a in able), Fraction(0))
        exact = {a: left * Fraction(weights[a]) / total for a in able}
        shares = {a: int(share) for a, share in exact.items()}
        rest = left - sum(shares.values())
        for a in sorted(able, key=lambda a: (shares[a] - exact[a], a))[:rest]:
            shares[a] += 1
        if caps is not None:
            shares = {a: min(share, caps[a] - found[a]) for a, share in shares.items()}
        for a, share in shares.items():
            found[a] += share
            left -= share
        if caps is None:
            break
        able = {a for a in able if found[a] < caps[a]}
    return found
