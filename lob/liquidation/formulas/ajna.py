"""Ajna's auctions: the price of a liquidation, its bond, and the price of reserves."""

from lob.checks import natural
from lob.liquidation.formulas.arithmetic import RAY, WAD, exp2, half_up, rmul, rpow

__all__ = ["ajna_bond_factor", "ajna_price", "ajna_reserve_price"]

AJNA_RESERVE_VALUE = 10**9
AJNA_MINUTE = 988514020352896135356867505
"""A ray: 2^(-1/60), as the contract has it."""


def ajna_price(reference: int, elapsed: int) -> int:
    """The price of an Ajna auction: 256 times the reference, halved ever more slowly.

    Six halvings in 20 minutes each, six in two hours each, then one an hour. Source:
    ajna-finance/ajna-core, ``_auctionPrice``.

    Parameters
    ----------
    reference
        The larger of the highest threshold price and the neutral price, a wad.
    elapsed
        Seconds since the kick.

    Returns
    -------
    int
        A wad. The power of two is rounded down, its product with the reference to the nearest, and
        the division by 16 after 14 hours down.
    """
    natural("elapsed", elapsed)
    minutes = (elapsed * WAD + 30) // 60
    if minutes < 120 * WAD:
        return 256 * half_up(reference, exp2(-(minutes // 20)), WAD)
    if minutes < 840 * WAD:
        return 4 * half_up(reference, exp2(-((minutes - 120 * WAD) // 120)), WAD)
    return half_up(reference, exp2(-((minutes - 840 * WAD) // 60)), WAD) // 16


def ajna_bond_factor(
    debt_to_collateral: int, neutral: int, bond_factor: int, price: int, unit: int = WAD
) -> int:
    """What the kicker of an Ajna auction gains (or loses, negative) on a take at a price.

    ``bond_factor * clamp((neutral - price) / (neutral - debt_to_collateral), -1, 1)`` where
    ``debt_to_collateral < neutral``, else ``bond_factor`` with the sign of ``neutral - price``.
    The quotient is rounded towards zero, the product to the nearest. Source: ajna-core, ``_bpf``.
    """
    gap, room = neutral - price, neutral - debt_to_collateral
    full = unit if gap else 0
    size = min(unit, abs(gap) * unit // room) if room > 0 else full
    bond = half_up(bond_factor, size, unit)
    return bond if gap >= 0 else -bond


def ajna_reserve_price(reserves: int, elapsed: int, expiry: int | None = 72 * 3600) -> int:
    """The price of Ajna's auction of reserves: 1e9 over the reserves, halved each hour.

    Source: ajna-core, ``_reserveAuctionPrice``.

    Parameters
    ----------
    reserves
        Reserves at the kick, a wad.
    elapsed
        Seconds since the kick; minutes count, seconds do not.
    expiry
        Seconds up to and with which there is something to buy; later the price is 0. ``None``:
        there always is.

    Returns
    -------
    int
        A wad, rounded down; the start is rounded to the nearest.
    """
    natural("elapsed", elapsed)
    if not natural("reserves", reserves) or (expiry is not None and elapsed > expiry):
        return 0
    start = (AJNA_RESERVE_VALUE * WAD * WAD + reserves // 2) // reserves
    left = half_up(RAY >> elapsed // 3600, rpow(AJNA_MINUTE, elapsed % 3600 // 60), RAY)
    return rmul(start, left)
