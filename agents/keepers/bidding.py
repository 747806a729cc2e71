"""How much to bid, and what theory says of it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from lob import Side
from lob.checks import integer, ppm, real
from lob.units import PPM

__all__ = [
    "Ascending",
    "BiddingRule",
    "FirstPrice",
    "ShareOfValue",
    "expected_revenue",
    "first_price_bid",
]


class BiddingRule(Protocol):
    """What to bid, in ticks; ``side`` BUY wants a low price, and bids more to win."""

    def bid(self, value: int, best: int | None, side: Side) -> int | None:
        """The next bid, never worse than the value for the bidder; ``None``: none.

        ``best`` is the best bid of another, ``None`` if there is none, or bids are sealed.
        """
        ...


@dataclass(frozen=True)
class Ascending:
    """Bid as little as is enough, up to the value: the dominant strategy of an English auction.

    Parameters
    ----------
    beg
        Least improvement of a bid, ppm of the best one; at least a tick.
    opening
        The first bid, in ticks: 1 for long lots is what was called a zero bid. For short lots, of
        which the bids fall, it is a factor: the value times ``opening``.
    jump
        Ppm of the value that a bid reaches at once, if it is not too low anyway: 0 bids as little
        as is enough; keepers that follow a pricing model start near their value.
    """

    beg: int = 0
    opening: int = 1
    jump: int = 0

    def __post_init__(self) -> None:
        ppm("beg", self.beg)
        integer("opening", self.opening, 1)
        ppm("jump", self.jump)

    def bid(self, value: int, best: int | None, side: Side) -> int | None:
        """See ``BiddingRule``."""
        if side == Side.BUY:
            if best is None:
                price = min(self.opening, value)
            else:
                price = max(best + 1, -(-best * (PPM + self.beg) // PPM))
            price = max(price, value * self.jump // PPM)
            return price if 1 <= price <= value else None
        if best is None:
            return max(1, value * self.opening)
        price = min(best - 1, best * PPM // (PPM + self.beg))
        if self.jump:
            price = min(price, max(value, -(-value * PPM // self.jump)))
        return price if price >= max(1, value) else None


@dataclass(frozen=True)
class ShareOfValue:
    """A share of the value, once: what a bidder guesses of the others is in the share.

    Parameters
    ----------
    share
        Ppm, rounded down; 1,000,000: the value itself (the dominant strategy of a second-price
        auction).
    """

    share: int = PPM

    def __post_init__(self) -> None:
        ppm("share", self.share, 1)

    def bid(self, value: int, best: int | None, side: Side) -> int | None:
        """See ``BiddingRule``."""
        if side == Side.BUY:
            return value * self.share // PPM or None
        return -(-value * PPM // self.share)


@dataclass(frozen=True)
class FirstPrice:
    """The equilibrium bid of a sealed first-price auction among equals, once.

    ``n`` bidders whose values are independent and uniform on ``[0, high]``, reserve ``r``: a bidder
    with a value of ``v >= r`` bids what the second-highest value is expected to be, given that his
    is the highest and what is below the reserve counts as the reserve:
    ``v (n-1)/n + r**n / (n v**(n-1))`` (Krishna, Auction Theory, 2nd edition, proposition 2.3).
    The highest value does not matter.

    Parameters
    ----------
    bidders
        n.
    reserve
        r, ticks.
    """

    bidders: int
    reserve: int = 0

    def __post_init__(self) -> None:
        integer("bidders", self.bidders, 1)
        integer("reserve", self.reserve, 0)

    def bid(self, value: int, best: int | None, side: Side) -> int | None:
        """See ``BiddingRule``; for long lots."""
        if side != Side.BUY:
            raise ValueError(f"side must be BUY for values from 0 on, got {Side(side)!r}")
        if value < max(1, self.reserve):
            return None
        return max(1, int(first_price_bid(value, self.bidders, self.reserve)))


def first_price_bid(value: int, bidders: int, reserve: int = 0) -> Fraction:
    """The equilibrium bid of ``FirstPrice``, exact.

    >>> first_price_bid(100, 2), first_price_bid(100, 2, 50)
    (Fraction(50, 1), Fraction(125, 2))
    """
    n = integer("bidders", bidders, 1)
    below = Fraction(reserve**n, n * value ** (n - 1))
    return Fraction(value * (n - 1), n) + below


def expected_revenue(bidders: int, reserve: float = 0.0) -> float:
    """What any standard auction brings, over the highest possible value, for uniform values.

    ``n`` integrals of the virtual value: ``2n/(n+1) (1-r**(n+1)) - (1-r**n)``; ``(n-1)/(n+1)``
    without a reserve (revenue equivalence: Vickrey 1961, Myerson 1981).

    Parameters
    ----------
    reserve
        As a share of the highest possible value.
    """
    n, r = integer("bidders", bidders, 1), reserve
    real("reserve", reserve, 0, 1)
    return float(2 * n / (n + 1) * (1 - r ** (n + 1)) - (1 - r**n))
