"""The bands of crvUSD's LLAMMA: a collateral that is sold band by band as the oracle price falls.

Source: curvefi/curve-stablecoin, AMM.vy. Only the geometry of the bands is here, exact and rounded
down once, where the contract goes through a logarithm of 18 digits.
"""

from typing import NamedTuple

from lob.checks import natural

__all__ = ["LlammaBand", "amm_prices", "band"]


class LlammaBand(NamedTuple):
    """Oracle prices between which a band is converted."""

    up: int
    down: int


def band(number: int, base: int, amplification: int) -> LlammaBand:
    """The band of a number: ``up = base * ((A - 1) / A) ** number``, ``down = up * (A - 1) / A``.

    Parameters
    ----------
    number
        May be negative: bands above the base price.
    base
        The upper price of band 0.
    amplification
        A: a band is 1/A wide.

    Returns
    -------
    Band
        In the unit of ``base``, each rounded down.
    """
    return LlammaBand(_edge(number, base, amplification), _edge(number + 1, base, amplification))


def _edge(number: int, base: int, amplification: int) -> int:
    natural("base", base, 1)
    natural("amplification", amplification, 2)
    above, below = amplification - 1, amplification
    if number < 0:
        above, below, number = below, above, -number
    ratio: tuple[int, int] = (above**number, below**number)
    return base * ratio[0] // ratio[1]


def amm_prices(oracle_price: int, band: LlammaBand) -> tuple[int, int]:
    """The pool's own prices at the two ends of a band, at an oracle price.

    ``oracle ** 3 / up ** 2`` where all is collateral still sold at the bottom, and
    ``oracle ** 3 / down ** 2`` at the top, each rounded down: they move three times as fast as the
    oracle, so that a fall below the band sells it.
    """
    cube = natural("oracle_price", oracle_price) ** 3
    return cube // band.up**2, cube // band.down**2
