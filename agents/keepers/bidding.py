"""Bidding rules: how much to bid in an auction of liquidated lots, and what theory says of it."""

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
    """A rule for bids in an auction of lots: prices are ticks a lot.

    On ``side`` BUY (long lots, which are bought) a bidder wants a low price and bids more to win;
    on SELL (short lots) the other way round.
    """

    def bid(self, value: int, best: int | None, side: Side) -> int | None:
        """The next bid in ticks, never worse than the bidder's value; ``None``: no further bid.

        Parameters
        ----------
        value
            What a lot is worth to the bidder, in ticks.
        best
            The best bid of another in ticks; ``None``: there is none, or bids are sealed.
        side
            ``BUY`` for long lots, ``SELL`` for short ones.
        """
        ...


@dataclass(frozen=True)
class Ascending:
    """Bid as little as is enough, up to the value: the dominant strategy of an English auction.

    Parameters
    ----------
    beg
        Least improvement of a bid, 0 to 1,000,000 ppm of the best one; at least a tick.
    opening
        The first bid in ticks, 1 or more: 1 for long lots is what was called a zero bid in March
        2020. For short lots, of which the bids fall, it is a factor: the value times ``opening``.
    jump
        Share of the value, 0 to 1,000,000 ppm, that a bid reaches at once, if that is not too low:
        0 bids as little as is enough; keepers that follow a pricing model start near their value.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    beg: int = 0
    opening: int = 1
    jump: int = 0

    def __post_init__(self) -> None:
        ppm("beg", self.beg)
        integer("opening", self.opening, 1)
        ppm("jump", self.jump)

    def bid(self, value: int, best: int | None, side: Side) -> int | None:
        """The next bid of this rule in ticks, ``None``: no further one; see ``BiddingRule.bid``."""
        if side == Side.BUY:
            price = min(self.opening, value) if best is None else self.least(best, side)
            price = max(price, value * self.jump // PPM)
            return price if 1 <= price <= value else None
        if best is None:
            return max(1, value * self.opening)
        price = self.least(best, side)
        if self.jump:
            price = min(price, max(value, -(-value * PPM // self.jump)))
        return price if price >= max(1, value) else None

    def least(self, best: int, side: Side) -> int:
        """The least bid in ticks that beats the best one, of another, on a side."""
        if side == Side.BUY:
            return max(best + 1, -(-best * (PPM + self.beg) // PPM))
        return min(best - 1, best * PPM // (PPM + self.beg))


@dataclass(frozen=True)
class ShareOfValue:
    """A bidding rule: one bid, a share of the value, rounded down to a tick.

    Parameters
    ----------
    share
        1 to 1,000,000 ppm of the value; 1,000,000: the value itself (the dominant strategy of a
        second-price auction, Vickrey 1961).

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    share: int = PPM

    def __post_init__(self) -> None:
        ppm("share", self.share, 1)

    def bid(self, value: int, best: int | None, side: Side) -> int | None:
        """The next bid of this rule in ticks, ``None``: no further one; see ``BiddingRule.bid``."""
        if side == Side.BUY:
            return value * self.share // PPM or None
        return -(-value * PPM // self.share)


@dataclass(frozen=True)
class FirstPrice:
    """A bidding rule: the equilibrium bid of a sealed first-price auction among equals, once.

    ``n`` bidders whose values are independent and uniform on ``[0, high]``, reserve ``r``: a bidder
    with a value of ``v >= r`` bids what the second-highest value is expected to be, given that his
    is the highest and what is below the reserve counts as the reserve:
    ``v (n-1)/n + r**n / (n v**(n-1))`` (Krishna, Auction Theory, 2nd edition, proposition 2.3).
    The highest value does not matter.

    Parameters
    ----------
    bidders
        n, how many bidders there are, 1 or more.
    reserve
        r, the reserve price in ticks, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    bidders: int
    reserve: int = 0

    def __post_init__(self) -> None:
        integer("bidders", self.bidders, 1)
        integer("reserve", self.reserve, 0)

    def bid(self, value: int, best: int | None, side: Side) -> int | None:
        """The equilibrium bid for long lots, rounded down to a tick: see ``BiddingRule.bid``.

        Raises ``ValueError`` for short lots (``SELL``).
        """
        if side != Side.BUY:
            raise ValueError(f"side must be BUY for values from 0 on, got {Side(side)!r}")
        if value < max(1, self.reserve):
            return None
        return max(1, int(first_price_bid(value, self.bidders, self.reserve)))


def first_price_bid(value: int, bidders: int, reserve: int = 0) -> Fraction:
    """The equilibrium bid in a sealed first-price auction, in ticks: an exact ``Fraction``.

    ``value`` is the bidder's and ``reserve`` the auction's, in ticks; ``bidders`` how many there
    are. Formula and source are those of ``FirstPrice``.

    >>> first_price_bid(100, 2), first_price_bid(100, 2, 50)
    (Fraction(50, 1), Fraction(125, 2))
    """
    n = integer("bidders", bidders, 1)
    below = Fraction(reserve**n, n * value ** (n - 1))
    return Fraction(value * (n - 1), n) + below


def expected_revenue(bidders: int, reserve: float = 0.0) -> float:
    """Expected revenue of any standard auction, as a share of the highest possible value.

    Of bidders whose values are independent and uniform from 0 to that value:

    ``n`` integrals of the virtual value: ``2n/(n+1) (1-r**(n+1)) - (1-r**n)``; ``(n-1)/(n+1)``
    without a reserve (revenue equivalence: Vickrey 1961, Myerson 1981).

    Parameters
    ----------
    bidders
        n, how many bidders there are, 1 or more.
    reserve
        r, the reserve price as a share of the highest possible value, 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range.
    """
    n, r = integer("bidders", bidders, 1), reserve
    real("reserve", reserve, 0, 1)
    return float(2 * n / (n + 1) * (1 - r ** (n + 1)) - (1 - r**n))
