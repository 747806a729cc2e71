"""How much whoever takes over failed positions may hold for his capital: one rule for all."""

from dataclasses import dataclass

from lob.checks import integer
from lob.units import PPM

__all__ = ["CapitalRule"]


@dataclass(frozen=True, slots=True)
class CapitalRule:
    """What vaults, keepers and bidders may hold: paid in full, or with a stated margin.

    Parameters
    ----------
    margin
        1 to 1,000,000 ppm of the value of all that is held, at the marks, which equity must cover;
        1,000,000: all is paid in full.

    Raises
    ------
    TypeError, ValueError
        If it is no such integer.
    """

    margin: int = PPM

    def __post_init__(self) -> None:
        integer("margin", self.margin, 1, PPM)

    def room(self, equity: int, gross: int) -> int:
        """Cash units of value that may be taken over besides what is held, 0 or more.

        Parameters
        ----------
        equity
            Cash units: own cash, and what is held at its marks with its sign.
        gross
            Cash units: the value of all that is held, without signs.
        """
        return max(0, max(0, equity) * PPM // self.margin - gross)

    def credit(self, capital: int) -> int:
        """Cash units that lenders add to a capital, so that it pays for all that it may hold."""
        return capital * PPM // self.margin - capital
