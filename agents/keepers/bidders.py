"""Bidders in auctions with a winner: with private values, for theory, and keepers that sell on."""

from typing import Any

from agents.keepers.bidding import Ascending, BiddingRule, ShareOfValue
from agents.keepers.bot import Bot
from agents.keepers.keeper import Keeper
from agents.keepers.transactions import Transaction, TransactionOutcome
from agents.keepers.valuation import limit_of
from lob import Reason, Side
from lob.checks import integer
from lob.liquidation.offers import Collected, HighestBid, Offer, Sealed

__all__ = ["AuctionKeeper", "Auctioneer", "Bidder"]


class Auctioneer(Bot):
    """The base of bidders in auctions: they know which bids are theirs, and bid by a rule.

    Extend ``valuation``. In an open auction it bids whenever another leads, by ``rule``; in a
    sealed one once, by ``sealed_rule``. In a call of the book it sends an ordinary order, which it
    takes back after the call. It does not bid for the right to take something.

    Once bids have reached what an auction is to raise (Maker 1.2's dent), the price of a lot goes
    on rising by fewer lots for the same cash. Nobody tells it when: it learns from a bid that is
    cut to it, or refused though it was high enough, and then bids for fewer lots.

    Parameters
    ----------
    name
        Identity of the bidder.
    rule
        ``BiddingRule`` of open auctions.
    sealed_rule
        ``BiddingRule`` of sealed auctions; ``None``: ``rule``.
    **bot
        As for ``Bot``.
    """

    def __init__(
        self, name: str, *, rule: BiddingRule, sealed_rule: BiddingRule | None = None, **bot: Any
    ) -> None:
        super().__init__(name, **bot)
        self.rule = rule
        self.sealed_rule = rule if sealed_rule is None else sealed_rule
        self.mine: dict[int, int] = {}  # tag -> its latest bid
        self.leading: dict[int, tuple[int | None, int]] = {}  # tag -> best bid and lots, if its own
        self.seen: dict[int, tuple[int | None, int]] = {}  # tag -> the same, when it decided
        self.denting: set[int] = set()  # tags of auctions that have raised what they are to
        self.pledged: dict[int, int] = {}  # tag -> cash units that its best bid may still cost
        self.pledges = 0  # the sum of them
        self.too_low: dict[int, int] = {}  # tag -> a first bid that was refused
        self.orders: dict[int, tuple[int, int]] = {}  # tag -> its order in a call, and the book
        self.sending: int | None = None
        self.bids_sent = 0

    def valuation(self, offer: Offer) -> int | None:
        """To override: the worst price in ticks at which all lots of an offer are worth having.

        ``None``: they are at no price.
        """
        raise NotImplementedError

    def look(self, offer: Offer) -> None:
        """Look at an offer: bid for it, unless the best bid is this bidder's own already."""
        tag = offer.tag
        state = self.state_of(offer)
        if not offer.bids or (tag in self.mine and state[0] is None) or self.leads(tag, state):
            return
        value = self.valuation(offer)
        found = None if value is None else self.next_bid(offer, value, state[0])
        if value is None or found is None:
            if isinstance(offer.price, HighestBid):
                best, rule = state[0], self.rule
                if best is not None and isinstance(rule, Ascending):
                    best = rule.least(best, offer.side)
                self.sleep(offer, value, best)
            return
        lots, price = found
        self.redeem(tag)
        needed = self.worth(offer, price, lots)
        if offer.side == Side.SELL:
            # What is put up is their value at the mark.
            mark = self.clearing_of(offer).holdings[offer.holding].mark_price
            needed = max(needed, self.worth(offer, mark or price, lots))
        if needed > self.free() - self.gas.least():
            self.lack(offer, needed)
            return
        self.seen[tag] = state
        profit = abs(self.worth(offer, value, lots) - self.worth(offer, price, lots))
        self.transact(offer, lots, price, profit=profit, reserved=needed)

    def next_bid(self, offer: Offer, value: int, best: int | None) -> tuple[int, int] | None:
        """Lots of the bidder's next bid and its price in ticks; ``None``: it is out.

        ``value`` is what a lot is worth to it and ``best`` the best bid of another, both in ticks.
        """
        tag, size = offer.tag, offer.size
        if isinstance(offer.price, Sealed | Collected):
            right = isinstance(offer.price, Sealed) and offer.price.right
            price = None if right else self.sealed_rule.bid(value, None, offer.side)
            return None if price is None or price == self.too_low.get(tag) else (size, price)
        refused = self.too_low.get(tag)
        # A reserve that nobody tells is found by bidding.
        price = self.rule.bid(value, refused if best is None else best, offer.side)
        if price is None or (best is None and price == refused):
            return None
        if tag not in self.denting or best is None or offer.side == Side.SELL:
            return size, price
        lots = size * best // price
        if lots < 1 or lots >= size:
            return None
        # The cash is more than best * size, and less than a tick a lot more.
        price = -(-(best + 1) * size // lots)
        return (lots, price) if price <= value else None

    def state_of(self, offer: Offer) -> tuple[int | None, int]:
        """The best bid of an auction now in ticks, ``None`` if there is none, and its lots."""
        return offer.price.price_at(self.simulation.venue.now), offer.size

    def leads(self, tag: int, state: tuple[int | None, int]) -> bool:
        """Whether the best bid in the auction ``tag`` is this bidder's.

        ``state`` is that bid in ticks and its lots, as ``state_of`` has them.
        """
        return state[0] is not None and state == self.leading.get(tag)

    def lead(self, offer: Offer, state: tuple[int | None, int] | None) -> None:
        """Note that the best bid of an auction is this bidder's own, or (``None``) is not.

        The lots of a bid that leads are promised to it.
        """
        group, tag = (offer.instrument, offer.side), offer.tag
        before = self.leading.pop(tag, None)
        if before is not None:
            self.promise(group, -before[1])
        if state is not None:
            self.leading[tag] = state
            self.promise(group, state[1])

    def free(self) -> int:
        """Cash units that nothing speaks for."""
        return super().free() - self.pledges

    def redeem(self, tag: int) -> None:
        """Free the capital pledged for bids in the auction ``tag``, which has closed."""
        self.pledges -= self.pledged.pop(tag, 0)

    def perform(self, transaction: Transaction) -> int:
        """Carry out a transaction of this bidder: send its bid to the venue.

        Cash that the venue does not collect at once is pledged. Returns the lots that came: none.
        """
        tag, lots, price, gas, needed, _ = transaction
        before = self.balance()
        self.mine[tag] = price
        self.bids_sent += 1
        offer = self.following.get(tag)
        if offer is not None and isinstance(offer.price, Collected):
            book = offer.instrument
            self.orders[tag] = (self.submit(offer.side, lots, price, instrument=book), book)
        else:
            self.sending = tag
            self.bid_for(tag, lots, price)
            self.sending = None
        self.redeem(tag)
        paid = max(0, before - self.balance())
        offer = self.following.get(tag)
        best = None if offer is None else offer.price.price_at(self.simulation.venue.now)
        if paid and best is not None:
            # What stands is the bid up to the debt, in whole ticks.
            self.mine[tag] = best
        if paid:
            self.bids_paid[tag] = self.bids_paid.get(tag, 0) + paid
        left = max(0, needed - gas - paid)
        if left:
            self.pledged[tag] = left
            self.pledges += left
        return 0

    def done(self, tag: int, succeeded: bool) -> None:
        """Look again at the auction ``tag`` only if others bid while its bid was under way."""
        offer = self.following.get(tag)
        if offer is not None:
            state = self.state_of(offer)
            if not self.leads(tag, state) and state != self.seen.get(tag):
                self.look_at(tag, self.now)

    def on_offer(self, offer: Offer) -> None:
        """Hear that somebody bid in an auction: this bidder itself, while its own is being sent."""
        tag, state = offer.tag, self.state_of(offer)
        if self.sending == tag:
            self.lead(offer, state)
            self.too_low.pop(tag, None)
            if offer.side == Side.BUY and state[0] is not None and state[0] < self.mine[tag]:
                self.denting.add(tag)
        elif tag in self.leading and not self.leads(tag, state):
            self.lead(offer, None)
            self.redeem(tag)
            self.bids_paid.pop(tag, None)
            self.spend()
        super().on_offer(offer)

    def refusal(self, tag: int, reason: Reason, price: int) -> None:
        """Hear that a bid of ``price`` ticks was refused; the bidder tries again later."""
        bid, offer = self.mine.get(tag), self.following.get(tag)
        if (
            bid is not None
            and offer is not None
            and (bid != price or self.leads(tag, self.state_of(offer)))
        ):
            # Late news of an earlier bid: since then it has sent another one, which may stand.
            return
        self.mine.pop(tag, None)
        self.redeem(tag)
        if offer is None:
            return
        if reason == Reason.BID_TOO_LOW and bid is not None:
            state = self.state_of(offer)
            if state[0] is None:
                self.too_low[tag] = bid
            elif state == self.seen.get(tag):
                # It was high enough, so it is not the price that must change; or it was not.
                self.denting ^= {tag}
        self.look_at(tag, self.now + self.retry)

    def on_offer_closed(self, tag: int) -> None:
        """Hear from the liquidation engine that the auction of the liquidation ``tag`` is over."""
        offer = self.following.get(tag)
        if offer is not None:
            self.lead(offer, None)
        super().on_offer_closed(tag)

    def gone(self, tag: int) -> None:
        """Forget the auction of the liquidation ``tag``, which is over."""
        for memory in (self.mine, self.seen, self.too_low):
            memory.pop(tag, None)
        self.denting.discard(tag)
        self.redeem(tag)
        self.bids_paid.pop(tag, None)
        self.spend()
        if tag in self.orders:
            self.at(self.simulation.venue.now, "take_back", self.orders.pop(tag))
        super().gone(tag)

    def take_back(self, order: tuple[int, int]) -> None:
        """Cancel what is left of an order that was meant for a call: its id and its instrument."""
        order_id, instrument = order
        if order_id in self.open_orders:
            self.cancel(order_id, instrument=instrument)


class Bidder(Auctioneer):
    """A bidder in auctions with a private value: what a lot is worth to it is given.

    Parameters
    ----------
    name
        Identity of the bidder.
    value
        Ticks a lot, 0 or more; or ``(low, high)``: a new value for every auction, uniform over the
        ticks from one to the other, both included, from the bidder's own stream.
    rule
        ``BiddingRule`` of its bids.
    **bot
        As for ``Bot``; ``sealed_rule`` as for ``Auctioneer``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
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
        """What the bidder thinks the lots on offer are worth to it, in ticks a lot."""
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
    name
        Identity of the keeper.
    capital
        Cash units that it brings, 0 or more.
    rule, sealed_rule
        ``BiddingRule`` of open and of sealed auctions; ``None``: ``Ascending(50_000)`` (steps of
        5 %, the initial ``beg`` of Maker's auctions) and ``ShareOfValue()`` (the value itself).
    **keeper
        As for ``Keeper``.
    """

    def __init__(
        self,
        name: str,
        *,
        capital: int,
        rule: BiddingRule | None = None,
        sealed_rule: BiddingRule | None = None,
        **keeper: Any,
    ) -> None:
        super().__init__(
            name,
            capital=capital,
            rule=Ascending(50_000) if rule is None else rule,
            sealed_rule=ShareOfValue() if sealed_rule is None else sealed_rule,
            **keeper,
        )

    def look(self, offer: Offer) -> None:
        """Look at an offer: bid where bids are asked for, take where that pays."""
        if self.clearing_of(offer).cash_asset == self.cash_asset:
            (Auctioneer if offer.bids else Keeper).look(self, offer)

    def valuation(self, offer: Offer) -> int | None:
        """What the lots of an offer would bring in the book, less the keeper's costs: ticks a lot.

        ``None``: they are worth having at no price.
        """
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
        """Carry out a transaction of this keeper, a bid or a take; returns the lots that came."""
        offer = self.following.get(transaction.tag)
        if offer is not None and offer.bids:
            return Auctioneer.perform(self, transaction)
        return Keeper.perform(self, transaction)

    def refusal(self, tag: int, reason: Reason, price: int) -> None:
        """Hear that a bid or a take at ``price`` ticks was refused."""
        Keeper.refusal(self, tag, reason, price)
        Auctioneer.refusal(self, tag, reason, price)

    def done(self, tag: int, succeeded: bool) -> None:
        """Hear what became of a bid or a take, and go on as ``Auctioneer`` or ``Keeper``."""
        offer = self.following.get(tag)
        if offer is not None:
            (Auctioneer if offer.bids else Keeper).done(self, tag, succeeded)

    def on_offer_closed(self, tag: int) -> None:
        """Hear that the auction ``tag`` is over: collect what was won once the venue is done."""
        offer = self.following.get(tag)
        if offer is not None and offer.bids and tag in self.mine:
            state = self.state_of(offer)
            if isinstance(offer.price, Sealed | Collected) or self.leads(tag, state):
                price = self.mine[tag] if state[0] is None else state[0]
                self.at(self.simulation.venue.now, "collect", (offer, price))
        super().on_offer_closed(tag)

    def collect(self, won: tuple[Offer, int]) -> None:
        """Note the lots that came from an auction, and bring them to the market.

        ``won`` is the offer and the price in ticks that a lot counts as having cost: the best bid,
        in a call of the book the keeper's own, which is the most it can be.
        """
        offer, price = won
        lots = min(offer.size, self.unaccounted(offer))
        if lots > 0:
            cash = self.worth(offer, max(1, price), lots)
            self.outcomes.append(
                TransactionOutcome(self.now, offer.tag, offer.size, lots, -offer.side * cash)
            )
            self.took(offer, offer.side * lots, -offer.side * cash)
