"""Auto-deleveraging: whose opposing position is closed, and by how much.

Ranks and shares are exact; sizes are lots, money cash units.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from lob.allocation import drawn

__all__ = ["bitmex_score", "profit_leverage_score", "queue_order", "take_from_queue"]


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
