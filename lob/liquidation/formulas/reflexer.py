"""Reflexer's collateral auction: a discount that rises while nobody buys."""

from dataclasses import dataclass

from lob.checks import natural
from lob.liquidation.formulas.arithmetic import RAY, WAD, rdiv, rmul, rpow
from lob.liquidation.formulas.curves import _cut

__all__ = ["IncreasingDiscount", "bought_at", "discounted"]


@dataclass(frozen=True, slots=True)
class IncreasingDiscount:
    """A discount on the price that deepens each second, and jumps to its deepest at a deadline.

    Source: reflexer-labs/geb, ``IncreasingDiscountCollateralAuctionHouse``. Discounts are what is
    left of the price, as shares of a wad: 0.95e18 is 5 % off.

    Parameters
    ----------
    least, deepest
        The discounts at the start and at the end: ``deepest <= least``.
    rate
        What a discount is multiplied with each unit of time, a ray.
    deadline
        Time from the start after which the discount is the deepest.
    """

    least: int
    deepest: int
    rate: int
    deadline: int

    def __post_init__(self) -> None:
        natural("deepest", self.deepest)
        if not self.deepest <= self.least <= WAD:
            raise ValueError(f"least must be {self.deepest} to {WAD}, got {self.least}")
        _cut(self.rate, RAY)
        natural("deadline", self.deadline)

    def next(self, current: int, since: int, elapsed: int) -> int:
        """The discount ``elapsed`` after the start, if it was ``current`` ``since`` ago."""
        natural("since", since)
        if elapsed >= self.deadline or current <= self.deepest:
            return self.deepest
        return max(self.deepest, rmul(rpow(self.rate, since), current))

    def price(self, top: int, elapsed: int) -> int:
        """The price ``elapsed`` after a start at ``top``, in the unit of ``top``, rounded down.

        The discounted price of an auction that nobody has touched.
        """
        natural("elapsed", elapsed)
        return discounted(top, self.next(self.least, elapsed, elapsed))


def discounted(price: int, discount: int) -> int:
    """A price times what a discount leaves of it (a wad), rounded down."""
    return rmul(price, discount, WAD)


def bought_at(bid: int, price: int, available: int) -> int:
    """Collateral that a bid gets at a price in wads: rounded down, at most what is available."""
    return min(available, rdiv(bid, natural("price", price, 1), WAD))
