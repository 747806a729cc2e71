"""Bidders in auctions with a winner: with private values, for theory, and keepers that sell on."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from agents.liquidators.bot import Bot, Outcome, Transaction
from agents.liquidators.keeper import Keeper
from agents.liquidators.valuation import limit_of
from lob import Reason, Side
from lob.checks import integer
from lob.liquidation.offers import Offer

__all__ = [
    "Ascending",
    "AuctionKeeper",
    "Bidder",
    "BiddingRule",
    "FirstPrice",
    "SealedBid",
    "expected_revenue",
    "first_price_bid",
]

PPM = 1_000_000


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
    """

    beg: int = 0
    opening: int = 1

    def __post_init__(self) -> None:
        integer("beg", self.beg, 0, PPM)
        integer("opening", self.opening, 1)

    def bid(self, value: int, best: int | None, side: Side) -> int | None:
        """See ``BiddingRule``."""
        if side == Side.BUY:
            if best is None:
                price = min(self.opening, value)
            else:
                price = max(best + 1, -(-best * (PPM + self.beg) // PPM))
            return price if 1 <= price <= value else None
        if best is None:
            return max(1, value * self.opening)
        price = min(best - 1, best * PPM // (PPM + self.beg))
        return price if price >= max(1, value) else None


@dataclass(frozen=True)
class SealedBid:
    """A share of the value, once: what a bidder guesses of the others is in the share.

    Parameters
    ----------
    share
        Ppm, rounded down; 1,000,000: the value itself (the dominant strategy of a second-price
        auction).
    """

    share: int = PPM

    def __post_init__(self) -> None:
        integer("share", self.share, 1, PPM)

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
    if not 0 <= r <= 1:
        raise ValueError(f"reserve must be 0 to 1, got {reserve}")
    return float(2 * n / (n + 1) * (1 - r ** (n + 1)) - (1 - r**n))


class Auctioneer(Bot):
    """What bidders have in common: they know which bids are theirs, and bid by a rule.

    Extend ``valuation``. A bid is paid, or pledged, until another beats it.
    """

    rule: BiddingRule

    def __init__(self, name: str, *, rule: BiddingRule, **bot: Any) -> None:
        super().__init__(name, **bot)
        self.rule = rule
        self.mine: dict[int, int] = {}  # tag -> its latest bid
        self.seen: dict[int, int | None] = {}  # tag -> the best bid when it decided
        self.pledged: dict[int, int] = {}  # tag -> cash units that its best bid may still cost
        self.pledges = 0  # the sum of them
        self.too_low: dict[int, int] = {}  # tag -> a bid that was refused
        self.bids_sent = 0

    def valuation(self, offer: Offer) -> int | None:
        """The worst price, in ticks, at which all lots of an offer are worth having."""
        raise NotImplementedError

    def look(self, offer: Offer) -> None:
        """Bid, unless its own bid is the best already."""
        tag = offer.tag
        best = offer.price.price_at(self.now)
        if not offer.bids or self.leads(tag, best) or (best is None and tag in self.mine):
            return
        value = self.valuation(offer)
        refused = self.too_low.get(tag)
        price = None
        if value is not None:
            # A reserve that nobody tells is found by bidding.
            price = self.rule.bid(value, refused if best is None else best, offer.side)
        if value is None or price is None or price == refused:
            return
        self.redeem(tag)
        needed = self.worth(offer, price, offer.size)
        if needed > self.free() - self.gas.least():
            return
        self.seen[tag] = best
        profit = abs(self.worth(offer, value, offer.size) - needed)
        self.transact(offer, offer.size, price, profit=profit, reserved=needed)

    def leads(self, tag: int, best: int | None) -> bool:
        """Whether the best bid is its own."""
        return best is not None and best == self.mine.get(tag)

    def free(self) -> int:
        """Cash units that nothing speaks for."""
        return super().free() - self.pledges

    def redeem(self, tag: int) -> None:
        """Nothing is pledged for an auction any more."""
        self.pledges -= self.pledged.pop(tag, 0)

    def perform(self, transaction: Transaction) -> int:
        """Bid. What is not paid at once is pledged."""
        tag, lots, price, gas, needed = transaction
        before = self.balance()
        self.mine[tag] = price
        self.bids_sent += 1
        self.bid_for(tag, lots, price)
        self.redeem(tag)
        paid = max(0, before - self.balance())
        offer = self.following.get(tag)
        best = None if offer is None else offer.price.price_at(self.simulation.venue.now)
        if paid and best is not None:
            # What stands is the bid up to the debt, in whole ticks.
            self.mine[tag] = best
        left = max(0, needed - gas - paid)
        if left:
            self.pledged[tag] = left
            self.pledges += left
        return 0

    def done(self, tag: int, succeeded: bool) -> None:
        """Look again only if others have bid while its own was on its way."""
        offer = self.following.get(tag)
        if offer is not None:
            best = offer.price.price_at(self.now)
            if not self.leads(tag, best) and best != self.seen.get(tag):
                self.look_at(tag, self.now)

    def on_offer(self, offer: Offer) -> None:
        """Somebody bid: what was pledged for its own bid is free again."""
        now = self.simulation.venue.now
        if offer.tag not in self.busy and not self.leads(offer.tag, offer.price.price_at(now)):
            self.redeem(offer.tag)
        super().on_offer(offer)

    def refusal(self, tag: int, reason: Reason) -> None:
        """The bid does not count; another try is made a while later."""
        bid = self.mine.pop(tag, None)
        if reason == Reason.BID_TOO_LOW and bid is not None:
            self.too_low[tag] = bid
        self.redeem(tag)
        if tag in self.following:
            self.look_at(tag, self.now + self.retry)

    def gone(self, tag: int) -> None:
        """The auction is over."""
        self.mine.pop(tag, None)
        self.seen.pop(tag, None)
        self.too_low.pop(tag, None)
        self.redeem(tag)
        super().gone(tag)


class Bidder(Auctioneer):
    """Bids for lots that are worth so much to it and to nobody else.

    Parameters
    ----------
    value
        Ticks a lot; or ``(low, high)``: a new value for every auction, uniform over the ticks from
        one to the other, both included, from its own stream.
    rule
        A ``BiddingRule``.
    """

    def __init__(
        self, name: str, *, value: int | tuple[int, int], rule: BiddingRule, **bot: Any
    ) -> None:
        super().__init__(name, rule=rule, **bot)
        low, high = (value, value) if isinstance(value, int) else value
        self.low = integer("value", low, 0)
        self.high = integer("value", high, max(1, low))
        self.values: dict[int, int] = {}

    def valuation(self, offer: Offer) -> int | None:
        """Its private value."""
        value = self.values.get(offer.tag)
        if value is None:
            value = self.low + self.random.integers(self.high - self.low + 1)
            self.values[offer.tag] = value
        return value


class AuctionKeeper(Auctioneer, Keeper):
    """A keeper for auctions with a winner: values the lots by the book, bids, and sells them on.

    Takes part in offers that are taken first come as a ``Keeper`` does.

    Parameters
    ----------
    rule
        A ``BiddingRule``; ``Ascending()`` if not given.
    """

    def __init__(
        self, name: str, *, capital: int, rule: BiddingRule | None = None, **keeper: Any
    ) -> None:
        super().__init__(
            name, capital=capital, rule=Ascending(50_000) if rule is None else rule, **keeper
        )

    def look(self, offer: Offer) -> None:
        """Bid or take."""
        if self.clearing_of(offer).cash_asset == self.cash_asset:
            (Auctioneer if offer.bids else Keeper).look(self, offer)

    def valuation(self, offer: Offer) -> int | None:
        """What all lots would bring in the book, less its costs."""
        return limit_of(
            offer.side,
            self.levels(offer),
            size=offer.size,
            most=offer.size,
            least=offer.size,
            costs=self.costs_of(offer.instrument),
            reward=offer.reward,
        )

    def perform(self, transaction: Transaction) -> int:
        """Bid or take."""
        offer = self.following.get(transaction.tag)
        if offer is not None and offer.bids:
            return Auctioneer.perform(self, transaction)
        return Keeper.perform(self, transaction)

    def refusal(self, tag: int, reason: Reason) -> None:
        """See the two kinds."""
        Keeper.refusal(self, tag, reason)
        Auctioneer.refusal(self, tag, reason)

    def done(self, tag: int, succeeded: bool) -> None:
        """See the two kinds."""
        offer = self.following.get(tag)
        if offer is not None:
            (Auctioneer if offer.bids else Keeper).done(self, tag, succeeded)

    def on_offer_closed(self, tag: int) -> None:
        """The auction is over: collect what was won as soon as the venue is done."""
        offer = self.following.get(tag)
        now = self.simulation.venue.now
        if offer is not None and self.leads(tag, offer.price.price_at(now)):
            self.at(now, "collect", (offer, self.mine[tag]))
        super().on_offer_closed(tag)

    def collect(self, won: tuple[Offer, int]) -> None:
        """Note the lots that came from an auction, and bring them to the market."""
        offer, price = won
        lots = min(offer.size, self.unaccounted(offer))
        if lots > 0:
            cash = self.worth(offer, price, lots)
            self.outcomes.append(Outcome(self.now, offer.tag, offer.size, lots, -offer.side * cash))
            self.took(offer, offer.side * lots, -offer.side * cash)
