"""Liquidation and bankruptcy prices in closed form, exact, for any whole numbers.

An account with ``cash`` (what was paid for its positions is off it already) and ``units`` of a
linear holding fails where ``1e6 * (cash + units * price * multiplier)`` is below its requirement
times a million; an inverse holding is worth ``-units * multiplier / price`` of its coin. The
compiled clearing finds the least adverse whole tick; these functions give the exact ratio, for
accounts of any width, and what venues publish.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from lob.checks import integer
from lob.clearing.margin import Tiers
from lob.units import PPM

__all__ = [
    "Position",
    "bankruptcy_price",
    "cross_liquidation_price",
    "first_failing_tick",
    "liquidation_price",
    "looped_liquidation_price",
    "zero_price",
]

Exact = int | Fraction


class Position(NamedTuple):
    """One linear position of a cross account."""

    units: Exact
    """Signed units, negative: short."""
    entry: Exact
    """Entry price in cash units for one unit."""
    mark: Exact
    """Mark in cash units for one unit."""
    tiers: Tiers
    """Maintenance rates of the position."""


def liquidation_price(
    cash: Exact, units: Exact, tiers: Tiers, *, multiplier: Exact = 1, inverse: bool = False
) -> Fraction | None:
    """The price at which an isolated account's equity is its requirement, exactly.

    Below it (above it, for a short position) the account fails.

    Parameters
    ----------
    cash
        Units of cash, what was paid for the position taken off.
    units
        Lots, signed.
    tiers
        Maintenance rates.
    multiplier
        Cash units of one lot at one tick.
    inverse
        The holding is an inverse contract: its tier goes by its size in quote currency.

    Returns
    -------
    Fraction or None
        Price in ticks; ``None``: there is no positive price at which it fails.
    """
    worth = Fraction(units) * multiplier
    if worth == 0:
        return None
    if inverse:
        rate, deduction = _line(tiers, abs(worth))
        owed = worth + (rate * abs(worth) - deduction) / PPM
        return owed / cash if cash and owed / cash > 0 else None
    sign = 1 if worth > 0 else -1
    found = []
    for rate, deduction in _lines(tiers):
        slope = worth * (PPM - sign * rate)
        if slope:
            found.append((-PPM * Fraction(cash) - deduction) / slope)
    # The requirement is the largest of its lines, so the account fails where it does by any.
    price = max(found) if sign > 0 else min(found)
    return price if price > 0 else None


def first_failing_tick(
    cash: Exact, units: Exact, tiers: Tiers, *, multiplier: Exact = 1, inverse: bool = False
) -> int | None:
    """The least adverse whole tick at which an isolated account fails; ``None``: none.

    Parameters are those of ``liquidation_price``.
    """
    price = liquidation_price(cash, units, tiers, multiplier=multiplier, inverse=inverse)
    if price is None:
        return None
    down = -(-price.numerator // price.denominator) - 1
    up = price.numerator // price.denominator + 1
    tick = down if units > 0 else up
    return tick if tick >= 1 else None


def cross_liquidation_price(
    wallet: Exact, target: Position, others: Iterable[Position] = ()
) -> Fraction | None:
    """The price of one position at which a whole cross account fails, all other marks staying.

    Binance's formula: the others' unrealised profit counts as cash, their maintenance margin is
    taken off it.

    Parameters
    ----------
    wallet
        Balance in units of cash, nothing taken off for positions.
    target, others
        Linear positions with a multiplier of one: the one whose price is sought, and the rest.

    Returns
    -------
    Fraction or None
        Price in cash units for one unit; ``None``: there is no positive one.
    """
    cash = Fraction(wallet) - Fraction(target.units) * Fraction(target.entry)
    for position in others:
        notional = abs(Fraction(position.units) * Fraction(position.mark))
        rate, deduction = _line(position.tiers, notional)
        cash += Fraction(position.units) * (Fraction(position.mark) - Fraction(position.entry))
        cash -= (rate * notional - deduction) / PPM
    return liquidation_price(cash, target.units, target.tiers)


def bankruptcy_price(
    cash: Exact, units: Exact, *, multiplier: Exact = 1, inverse: bool = False
) -> Fraction | None:
    """The price in ticks at which an isolated account's equity is zero; ``None``: there is none.

    Parameters are those of ``liquidation_price``.

    Of a long inverse position entered at ``P`` with leverage ``L`` that is ``P L / (L + 1)``
    (Bybit).
    """
    worth = Fraction(units) * multiplier
    if inverse:
        price = worth / Fraction(cash) if cash else Fraction(0)
    else:
        price = -Fraction(cash) / worth if worth else Fraction(0)
    return price if price > 0 else None


def zero_price(mark: Exact, margin_fraction: Exact) -> Fraction:
    """The price that leaves a long position's account with nothing: ``mark (1 - fraction)`` (FTX).

    In the unit of ``mark``; ``margin_fraction`` is the equity over the notional at the mark.
    """
    return Fraction(mark) * (1 - Fraction(margin_fraction))


def looped_liquidation_price(
    entry_price: int, leverage: Fraction | int, threshold: int, unit: int = PPM
) -> Fraction:
    """The price at which a recursive borrower fails: ``entry * (1 - 1 / leverage) / threshold``.

    For an entry without slippage or fees; where there were some, ``liquidation_price`` of the debt
    and a maintenance rate of ``1 - threshold`` counts. The threshold is the liquidation threshold
    over ``unit``, leverage the collateral over equity, and the result in the unit of
    ``entry_price``. Raises ``ValueError`` for a leverage below 1 or a threshold outside 1 to
    ``unit``.
    """
    if leverage < 1:
        raise ValueError(f"leverage must be at least 1, got {leverage}")
    integer("threshold", threshold, 1, unit)
    return entry_price * (1 - 1 / Fraction(leverage)) * Fraction(unit, threshold)


def _lines(tiers: Tiers) -> list[tuple[int, int]]:
    return [(tier.rate, deduction) for tier, deduction in zip(tiers, tiers.deductions, strict=True)]


def _line(tiers: Tiers, notional: Fraction) -> tuple[int, int]:
    return max(_lines(tiers), key=lambda line: line[0] * notional - line[1])
