"""What a liquidation has on offer, and at what price over time.

A design that sells to takers, or asks for bids, says so in ``LiquidationEngine.offers``; whoever
wants to hear of changes gives ``LiquidationEngine.watch`` a listener. What a taker or bidder
answers is a message, ``Kind.TAKE`` or ``Kind.BID`` with the tag of the offer as ``order_id``.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from lob.liquidation.formulas.curves import Curve
from lob.types import MAX_PRICE, Side
from lob.units import SECOND_NS

__all__ = [
    "AnyPrice",
    "AtPrice",
    "Collected",
    "Falling",
    "HighestBid",
    "Offer",
    "OfferListener",
    "OfferPrice",
    "Sealed",
    "Spread",
    "first_time",
]


class OfferPrice(Protocol):
    """The price of an offer over time, in ticks."""

    def price_at(self, ts: int) -> int | None:
        """The price at a time in ns; ``None``: none is asked, or none is known yet."""
        ...

    def time_of(self, limit: int, side: Side) -> int | None:
        """When the price is first at least as good as ``limit`` for who takes; ``None``: never.

        ``side`` is the taker's: a buyer wants no more than the limit, a seller no less.
        """
        ...


class Offer(NamedTuple):
    """Lots of a failed account that others may take over, or bid for."""

    tag: int
    """The liquidation's; the ``order_id`` of a TAKE or BID."""
    clearing: int
    """Number in the venue of the clearing that offers."""
    account: int
    """Number in the ledger of the account that failed."""
    holding: int
    """Number in the clearing of what is on offer."""
    instrument: int
    """The book in which the lots are traded."""
    side: Side
    """Of whoever takes it: ``BUY`` takes over long lots, ``SELL`` short ones."""
    size: int
    """Lots on offer now."""
    least: int
    """The fewest lots of one take, unless it takes all."""
    opened: int
    """ns at which the offer opened."""
    closes: int | None
    """ns at which it ends by itself; ``None``: when its design says so."""
    price: OfferPrice
    bids: bool
    """An auction, which wants BID, or orders if the price is ``Collected``; else TAKE."""
    reward: int = 0
    """Units of cash for who takes the last of it, beyond the price."""


class OfferListener(Protocol):
    """Somebody who wants to know what is on offer. He may note and schedule, not send."""

    def on_offer(self, offer: Offer) -> Any:
        """An offer opened, or its size, price or best bid changed."""
        ...

    def on_offer_closed(self, tag: int) -> Any:
        """Hear that the offers of a liquidation, known by its tag, are closed."""
        ...


def good(price: int | None, limit: int, side: Side) -> bool:
    """Whether a price is at least as good as a limit for who takes."""
    if price is None:
        return False
    return price <= limit if side == Side.BUY else price >= limit


def first_time(price: OfferPrice, limit: int, side: Side, start: int, end: int) -> int | None:
    """The first ns from ``start`` to ``end`` at which a price that only gets better is good.

    By bisection: about 60 looks at the price.
    """
    if not good(price.price_at(end), limit, side):
        return None
    low, high = start, end
    while low < high:
        middle = (low + high) // 2
        if good(price.price_at(middle), limit, side):
            high = middle
        else:
            low = middle + 1
    return low


@dataclass(frozen=True, slots=True)
class AnyPrice:
    """No price is asked: whatever a book or a bidder gives."""

    def price_at(self, ts: int) -> int | None:
        """The price of the offer in ticks at a time in ns; ``None``: none is asked or known."""
        return None

    def time_of(self, limit: int, side: Side) -> int | None:
        """The first ns at which the price is as good as a limit in ticks; ``None``: never."""
        return None


@dataclass(frozen=True, slots=True)
class AtPrice:
    """An offer at one price, from a time on."""

    price: int
    opened: int = 0

    def price_at(self, ts: int) -> int | None:
        """The price of the offer in ticks at a time in ns; ``None``: none is asked or known."""
        return self.price

    def time_of(self, limit: int, side: Side) -> int | None:
        """The first ns at which the price is as good as a limit in ticks; ``None``: never."""
        return self.opened if good(self.price, limit, side) else None


class Marked(Protocol):
    """Something with a mark: a ``lob.clearing.Holding``."""

    @property
    def mark_price(self) -> int | None:
        """The mark in ticks; ``None`` before the first."""
        ...


@dataclass(frozen=True, slots=True)
class Spread:
    """The mark of now less a bonus for who takes, whatever the mark is then.

    A buyer pays the mark over ``1 + bonus``, a seller gets the mark times it, at most
    ``MAX_PRICE``; of the bonus the protocol keeps a share. Rounded against the taker.

    Parameters
    ----------
    bonus, fee
        Over ``unit``: 10,500 of 10,000 is 5 %; the protocol's share of it.
    """

    holding: Marked
    side: Side
    bonus: int
    fee: int = 0
    unit: int = 10_000
    opened: int = 0

    def price_at(self, ts: int) -> int | None:
        """The price of the offer in ticks at a time in ns; ``None``: none is asked or known."""
        mark = self.holding.mark_price
        if mark is None:
            return None
        unit, bonus, fee = self.unit, self.bonus, self.fee
        if self.side == Side.BUY:
            # mark / bonus, and of what is between it and the mark the fee.
            above = mark * (unit * unit + fee * (bonus - unit))
            return -(-above // (unit * bonus))
        share = unit * unit + (bonus - unit) * (unit - fee)
        return min(MAX_PRICE, mark * share // (unit * unit))

    def bare(self) -> int | None:
        """The price without the protocol's share: what the failed account gets, or pays."""
        mark = self.holding.mark_price
        if mark is None:
            return None
        if self.side == Side.BUY:
            return -(-mark * self.unit // self.bonus)
        return min(MAX_PRICE, mark * self.bonus // self.unit)

    def time_of(self, limit: int, side: Side) -> int | None:
        """The first ns at which the price is as good as a limit in ticks; ``None``: never.

        From the start, if it is good at the mark of now.
        """
        return self.opened if good(self.price_at(self.opened), limit, side) else None


@dataclass(frozen=True, slots=True)
class Falling:
    """A price that gets better for the taker on a curve: a Dutch auction.

    A buyer's falls from ``top``. A seller's rises as its mirror image in the feed: where a buyer
    would pay ``feed * x``, it is ``feed / x``. Rounded down; between 1 tick and ``MAX_PRICE``.

    Parameters
    ----------
    opened, closes
        ns: the start, and the end of what is looked at for a good price.
    unit
        ns that count as one step of the curve's time: contracts count whole seconds.
    stops
        ``(start, end)`` times in ns in which the clock stands still, rising and apart.
    """

    curve: Curve
    top: int
    feed: int
    side: Side
    opened: int
    closes: int
    unit: int = SECOND_NS
    stops: tuple[tuple[int, int], ...] = ()
    known: dict[int, int] = field(default_factory=dict, init=False, compare=False, repr=False)
    """The price that was asked for last, by units of time: many takers ask at one time."""
    times: dict[tuple[int, Side], int | None] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    """When the limit that was asked for last is reached."""

    def elapsed(self, ts: int) -> int:
        """Whole units of time from the start of the auction to a time in ns, less its stops."""
        stood = 0
        for start, end in self.stops:
            stood += max(0, min(ts, end) - max(self.opened, start))
        return (ts - self.opened - stood) // self.unit

    def time_after(self, elapsed: int) -> int:
        """The first ns at which so many whole units of time have gone by since the start."""
        ts = self.opened + elapsed * self.unit
        for start, end in self.stops:
            if end > self.opened and max(self.opened, start) < ts:
                ts += end - max(self.opened, start)
        return ts

    def price_at(self, ts: int) -> int | None:
        """The price of the offer in ticks at a time in ns; ``None``: none is asked or known."""
        return self.after(self.elapsed(ts))

    def after(self, elapsed: int) -> int:
        """The price in ticks after whole units of time, as it was computed last."""
        price = self.known.get(elapsed)
        if price is None:
            price = self.computed(elapsed)
            self.known.clear()
            self.known[elapsed] = price
        return price

    def computed(self, elapsed: int) -> int:
        """The price in ticks after whole units of time, computed from the curve."""
        falling = self.curve.price(self.top, elapsed)
        if self.side == Side.BUY:
            return min(MAX_PRICE, max(1, falling))
        return min(MAX_PRICE, self.feed * self.feed // falling) if falling else MAX_PRICE

    def time_of(self, limit: int, side: Side) -> int | None:
        """The first ns at which the price is as good as a limit in ticks; ``None``: never.

        Until the auction closes. It moves with whole units only.
        """
        key = limit, side
        if key not in self.times:
            steps = first_time(InUnits(self), limit, side, 0, self.elapsed(self.closes))
            self.times.clear()
            self.times[key] = None if steps is None else self.time_after(steps)
        return self.times[key]


class InUnits(NamedTuple):
    """A falling price with whole units as its time."""

    falling: Falling

    def price_at(self, ts: int) -> int | None:
        """The price in ticks after ``ts`` whole units of time, not ns."""
        return self.falling.computed(ts)

    def time_of(self, limit: int, side: Side) -> int | None:
        """The first whole unit at which the price is as good as a limit; ``None``: never."""
        return first_time(self, limit, side, 0, self.falling.elapsed(self.falling.closes))


@dataclass(slots=True)
class HighestBid:
    """An auction with a winner: the best bid so far, which the next one must beat."""

    price: int | None = None

    def price_at(self, ts: int) -> int | None:
        """The best bid so far in ticks, at any time; ``None``: there is none yet."""
        return self.price

    def time_of(self, limit: int, side: Side) -> int | None:
        """Always ``None``: a bidder need not wait for a price."""
        return None


@dataclass(frozen=True, slots=True)
class Sealed:
    """Bids that nobody sees, answered all at once at the end.

    Parameters
    ----------
    right
        Whether they are for the right to take what is on offer next, not for the lots.
    """

    right: bool = False

    def price_at(self, ts: int) -> int | None:
        """Always ``None``: no sealed bid is told."""
        return None

    def time_of(self, limit: int, side: Side) -> int | None:
        """Always ``None``: a bidder need not wait for a price."""
        return None


@dataclass(frozen=True, slots=True)
class Collected:
    """The lots are in the book, which collects orders: ordinary ones meet them in its call.

    Neither BID nor TAKE is answered.
    """

    def price_at(self, ts: int) -> int | None:
        """Always ``None``: the price is found at the end of the call, one for all."""
        return None

    def time_of(self, limit: int, side: Side) -> int | None:
        """Always ``None``: an order to the call need not wait for a price."""
        return None
