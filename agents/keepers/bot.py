"""The base of keepers and bidders: an account, an agenda, a way to the venue, offers followed.

A bot is told of offers by liquidation engines (``LiquidationEngine.watch``), and notes when to look
at each: at once, and then at the time that it has solved for. It never polls an offer.

What it does about one is a *transaction*: decided at one time, executed as a whole when it arrives,
a latency later; under congestion it then waits in the mempool until a block includes it. It pays
its gas whether or not it succeeds. With what it holds it trades like everybody, with the same
latency and without gas.
"""

from collections import Counter
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from agents.agent import Agent, EventView
from agents.keepers.gas import FixedGas, GasPolicy
from agents.keepers.transactions import (
    GAS_ACCOUNT,
    Transaction,
    TransactionOutcome,
    checked_outages,
    sink_account,
)
from agents.keepers.valuation import Costs, Levels, SellableDepth, limit_at, limit_of
from agents.latency import Distance, Latency
from agents.random import Purpose, RandomStream
from lob import EntryKind, EventKind, Reason, Side
from lob.checks import integer
from lob.clearing import Clearing, Ledger
from lob.liquidation.offers import Offer
from lob.types import LIQUIDATION_TAG
from lob.units import SECOND_NS

if TYPE_CHECKING:
    from agents.keepers.congestion import Congestion

__all__ = ["Bot"]

DEEP_REVIEW = 8
"""Every so many reviews all offers are looked at."""
MOST = 2**62 - 1


class Bot(Agent):
    """The base of all bots: extend ``look``, and ``perform`` for another kind of transaction.

    Parameters
    ----------
    name
        Identity of the bot.
    capital
        Cash units that it brings onto a ledger account of its own at the start, 0 or more.
    cash
        Name of the asset that these are units of; ``None``: that of the first clearing.
    gas
        A ``GasPolicy``, or a number of cash units for every transaction, 0 or more.
    congestion
        Name of the ``Congestion`` whose blocks its transactions wait for; ``None``: they wait for
        none.
    offline
        Pairs ``(start, end)`` of times in ns that do not overlap: it neither looks nor sends in
        between.
    review
        ns between two looks at whether the books have become better for what it follows, 1 or more.
    retry
        ns until it tries again after a refusal, or when the book was empty, 1 or more.
    to_venue, from_venue, owner
        See ``Participant``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range, or outages overlap.
    """

    def __init__(
        self,
        name: str,
        *,
        capital: int = 0,
        cash: str | None = None,
        gas: GasPolicy | int = 0,
        congestion: str | None = None,
        offline: Iterable[tuple[int, int]] = (),
        review: int = SECOND_NS,
        retry: int = SECOND_NS,
        to_venue: Latency | Distance | None = None,
        from_venue: Latency | Distance | None = None,
        owner: int | None = None,
    ) -> None:
        super().__init__(name, owner=owner, from_venue=from_venue)
        for latency in (to_venue, from_venue):
            if latency is not None and not isinstance(latency, Latency | Distance):
                raise TypeError(f"to_venue must be a Latency, a Distance or None, got {latency!r}")
        self.capital = integer("capital", capital, 0, MOST)
        self.cash_name = cash
        self.gas = gas if not isinstance(gas, int) else FixedGas(gas)
        self.congestion = congestion
        self.offline = checked_outages(offline)
        self.review_every = integer("review", review, 1)
        self.retry = integer("retry", retry, 1)
        self.way_out = to_venue
        self.account = 0
        self.cash_asset = 0
        self.gas_account = 0
        self.last_out = self.last_back = 0  # ns: when the latest message, and news, arrive
        self.agenda: list[tuple[int, int, str, Any]] = []
        self.entered = 0
        self.following: dict[int, Offer] = {}
        self.looks: dict[int, int] = {}  # tag -> when it is looked at next
        self.groups: dict[tuple[int, Side], dict[int, None]] = {}
        self.reviewing = False
        self.reviews = 0
        self.seen_limits: dict[tuple[int, Side], tuple[int, int]] = {}
        self.poor: dict[int, None] = {}  # tags for which capital was missing, in their order
        self.under_way: dict[int, Transaction] = {}
        self.busy: dict[int, int] = {}  # tag -> number of the transaction under way
        self.reserved = 0
        self.promised: dict[tuple[int, Side], int] = {}
        self.gas_paid = 0
        self.outcomes: list[TransactionOutcome] = []
        self.refused: Counter[Reason] = Counter()
        self.depths: dict[tuple[int, Side], SellableDepth] = {}
        self.costs: dict[int, Costs] = {}
        self.assets: dict[tuple[int, int], int] = {}

    # ---------------------------------------------------------------- joining

    def on_start(self) -> None:
        """Open the account, and watch what every clearing has on offer."""
        simulation = self.simulation
        ledger: Ledger = simulation.ledger
        self.account = ledger.open_account(self.name, owner=self.owner)
        if self.cash_name is not None:
            self.cash_asset = ledger.asset(self.cash_name)
        elif simulation.clearings:
            self.cash_asset = simulation.clearings[0].cash_asset
        self.prepare(ledger)
        for clearing in simulation.clearings:
            clearing.liquidation_engine.watch(self)
            for offer in clearing.liquidation_engine.offers.values():
                self.on_offer(offer)

    def prepare(self, ledger: Ledger) -> None:
        """Bring the capital, and find the way to the venue."""
        simulation = self.simulation
        if isinstance(self.way_out, Distance):
            self.way_out = self.way_out.latency(simulation.seed, self.name, "the venue")
        self.delays = RandomStream(simulation.seed, self.name, Purpose.LATENCY)
        self.gas_account = sink_account(ledger, GAS_ACCOUNT)
        ledger.transfer(
            self.cash_asset, ledger.WORLD, self.account, self.capital, kind=EntryKind.OPENING
        )
        simulation.venue.refresh()

    # ---------------------------------------------------------------- to override

    def look(self, offer: Offer) -> None:
        """To override: decide on an offer: ``transact``, ``look_at`` a later time, or nothing."""

    def perform(self, transaction: Transaction) -> int:
        """Carry out a transaction, here a take of its offer; returns the signed lots that came."""
        offer = self.following.get(transaction.tag)
        if offer is None:
            # It is too late: the venue is asked all the same, and says so.
            self.take_offer(transaction.tag, transaction.lots, transaction.price)
            return 0
        ledger, asset = self.simulation.ledger, self.asset_of(offer)
        before = ledger.balance(self.account, asset)
        self.take_offer(transaction.tag, transaction.lots, transaction.price)
        return ledger.balance(self.account, asset) - before

    def took(self, offer: Offer, lots: int, cash: int) -> None:
        """Hook: signed lots came with a transaction, for cash units received (negative: paid)."""

    def filled(self, order_id: int, price: int, size: int) -> None:
        """Hook: an own order traded ``size`` lots at ``price`` ticks."""

    def unfilled(self, order_id: int, size: int) -> None:
        """Hook: ``size`` lots of an own order in the book did not trade and were cancelled."""

    def refusal(self, tag: int, reason: Reason, price: int) -> None:
        """Hook: a transaction about the offer ``tag`` at this price in ticks was refused."""

    def gone(self, tag: int) -> None:
        """Hook: the offer of the liquidation ``tag`` has ended."""

    # ---------------------------------------------------------------- offers

    def on_offer(self, offer: Offer) -> None:
        """Hear that an offer was made or has changed: look at it once what happens now is over.

        The liquidation engine calls this in the middle of its work.
        """
        tag = offer.tag
        if tag not in self.following:
            group = (offer.instrument, offer.side)
            self.groups.setdefault(group, {})[tag] = None
            if not self.reviewing:
                self.reviewing = True
                self.at(self.simulation.venue.now + self.review_every, "review", 0)
        self.following[tag] = offer
        self.look_at(tag, self.simulation.venue.now)

    def on_offer_closed(self, tag: int) -> None:
        """Hear that the offers of a liquidation, known by its tag, are closed."""
        offer = self.following.pop(tag, None)
        if offer is not None:
            del self.groups[offer.instrument, offer.side][tag]
            self.looks.pop(tag, None)
            self.poor.pop(tag, None)
            self.gone(tag)

    def look_at(self, tag: int, time: int) -> None:
        """Look at an offer at a time in ns, instead of when that was planned before."""
        if self.looks.get(tag) != time:
            self.looks[tag] = time
            self.at(time, "look_again", tag)

    def look_again(self, tag: int) -> None:
        """Look at the offer ``tag`` if this is the time planned for that."""
        offer = self.following.get(tag)
        if offer is None or self.looks.get(tag) != self.now or tag in self.busy:
            return
        del self.looks[tag]
        back = self.back_online()
        if back > self.now:
            self.look_at(tag, back)
        else:
            self.look(offer)

    def review(self, _: int) -> None:
        """Look anew at the offers that followed books have made good enough since the last review.

        Only where the best price, or what it has to sell there itself, is better than at the last
        review; all the same every few reviews, for books that have only become deeper.
        """
        self.reviews += 1
        all_of_them = self.reviews % DEEP_REVIEW == 0
        if self.back_online() == self.now and self.free() > 0:
            for group, tags in self.groups.items():
                instrument, side = group
                limit = self.rough_limit(instrument, side) if tags else None
                if limit is None:
                    self.seen_limits.pop(group, None)
                    continue
                state = (side * limit, -self.ahead_of(group))
                before = self.seen_limits.get(group)
                self.seen_limits[group] = state
                if (
                    not all_of_them
                    and before is not None
                    and (state[0] <= before[0] and state[1] <= before[1])
                ):
                    continue
                for tag in tags:
                    offer = self.following[tag]
                    price = offer.price.price_at(self.now)
                    # An auction without a bid may have been passed over for want of capital.
                    if offer.bids if price is None else side * (limit - price) >= 0:
                        self.look_at(tag, self.now)
        self.reviewing = bool(self.following)
        if self.reviewing:
            self.at(self.now + self.review_every, "review", 0)

    def ahead_of(self, group: tuple[int, Side]) -> int:
        """Lots that this bot has to bring to a side of a book, or may have to, before any others.

        ``group`` is the number of the instrument and the side of the offers.
        """
        return self.promised.get(group, 0)

    def promise(self, group: tuple[int, Side], lots: int) -> None:
        """Count lots that a transaction asks for as ones that the bot may have to bring to a book.

        Negative ``lots`` are counted no longer. ``group`` is as in ``ahead_of``.
        """
        self.promised[group] = self.promised.get(group, 0) + lots

    def rough_limit(self, instrument: int, side: Side) -> int | None:
        """The worst price in ticks at which an offer of this side is worth a look at the review.

        ``None``: no offer is.
        """
        book = self.simulation.books[instrument]
        best = book.best_bid if side == Side.BUY else book.best_ask
        if best is None:
            return None
        return limit_at(side, best, self.costs_of(instrument))

    # ---------------------------------------------------------------- time

    def at(self, time: int, action: str, key: Any) -> None:
        """Have the method named ``action`` called with ``key`` at a time in ns.

        May be called from anywhere, also from ``on_offer``.
        """
        self.entered += 1
        heappush(self.agenda, (time, self.entered, action, key))
        # While the venue works its clock is ahead of the simulation's.
        self.wake_in(max(time, self.simulation.venue.now) - self.now)

    def on_wake(self) -> None:
        """Call the methods that ``at`` has planned until now."""
        agenda = self.agenda
        while agenda and agenda[0][0] <= self.now:
            _, _, action, key = heappop(agenda)
            getattr(self, action)(key)

    def back_online(self) -> int:
        """Time in ns at which this bot is online: now, or the end of the outage that it is in."""
        now = self.now
        for start, end in self.offline:
            if start <= now < end:
                return end
        return now

    def delay_to_venue(self) -> int:
        """Draw the latency of a message to the venue in ns: none arrives before the last one."""
        self.last_out, delay = self.behind(self.last_out, self.way_out)
        return delay

    def delay_from_venue(self) -> int:
        """Draw the latency of news from the venue in ns: none arrive before the last."""
        self.last_back, delay = self.behind(self.last_back, self.from_venue)
        return delay

    def behind(self, last: int, way: object) -> tuple[int, int]:
        """When a message that sets out now arrives, and how long it takes, both in ns.

        ``last`` is when the one before arrives, in ns, and ``way`` the latency. Where that lets
        messages overtake each other, they need not wait.
        """
        if not isinstance(way, Latency):
            return last, 0
        arrival = self.now + way.draw(self.delays)
        if not way.overtaking:
            arrival = max(arrival, last)
        return arrival, arrival - self.now

    # ---------------------------------------------------------------- money

    def balance(self) -> int:
        """Cash units on the bot's account."""
        return self.simulation.ledger.balance(self.account, self.cash_asset)

    def free(self) -> int:
        """Cash units on the bot's account that are reserved for nothing."""
        return self.balance() - self.reserved

    def clearing_of(self, offer: Offer) -> Clearing:
        """The ``Clearing`` whose liquidation an offer is of."""
        clearing: Clearing = self.simulation.clearings[offer.clearing]
        return clearing

    def asset_of(self, offer: Offer) -> int:
        """Number in the ledger of the asset that is on offer."""
        key = (offer.clearing, offer.holding)
        asset = self.assets.get(key)
        if asset is None:
            name = self.clearing_of(offer).holdings[offer.holding].name
            asset = self.assets[key] = self.simulation.ledger.asset(name)
        return asset

    def costs_of(self, instrument: int) -> Costs:
        """The ``Costs`` of trading in an instrument for this bot, its gas at the least bid."""
        costs = self.costs.get(instrument)
        if costs is None:
            terms = self.simulation.instruments[instrument]
            costs = self.costs[instrument] = Costs(
                hurdle=self.hurdle(),
                fee=terms.taker_fee,
                gas=self.gas.least(),
                multiplier=terms.multiplier,
                inverse=terms.inverse,
            )
        return costs

    def depth(self, offer: Offer, ahead: int, slices: int) -> Levels:
        """The levels of the book into which the lots of an offer would be traded.

        ``ahead`` lots are traded before them; each level counts ``slices`` times.
        """
        group = (offer.instrument, offer.side)
        depth = self.depths.get(group)
        if depth is None:
            depth = self.depths[group] = SellableDepth()
        book = self.simulation.books[offer.instrument]
        return depth.levels(book, Side(-offer.side), offer.size, ahead=ahead, slices=slices)

    def worst(self, offer: Offer, levels: Levels, lots: int, price: int) -> int:
        """The worst price in ticks at which taking ``lots`` breaks even, ``price`` if none does."""
        limit = limit_of(
            offer.side,
            levels,
            size=offer.size,
            most=lots,
            least=lots,
            costs=self.costs_of(offer.instrument),
            reward=offer.reward,
        )
        return price if limit is None else max(1, limit)

    def hurdle(self) -> int:
        """The return that a take must bring, in ppm of the capital: 0 for a plain bot."""
        return 0

    def worth(self, offer: Offer, price: int, lots: int) -> int:
        """Cash units of lots of an offer at a price in ticks, rounded up."""
        costs = self.costs_of(offer.instrument)
        value = lots * costs.multiplier
        return -(-value // price) if costs.inverse else value * price

    # ---------------------------------------------------------------- transactions

    def transact(self, offer: Offer, lots: int, price: int, *, profit: int, reserved: int) -> None:
        """Send a transaction about an offer; none while an earlier one is under way.

        Parameters
        ----------
        offer
            The offer that the transaction is about.
        lots
            Lots to take or to bid for.
        price
            Ticks: the worst acceptable price of a take, or the bid.
        profit
            Cash units that it is expected to bring before gas: what the bid for inclusion is made
            of.
        reserved
            Cash units that it may cost, gas apart.
        """
        # Money that something else speaks for is not spent on gas.
        gas = min(self.gas.bid(profit), max(0, self.free() - reserved))
        reserved += gas
        group = (offer.instrument, offer.side)
        transaction = Transaction(offer.tag, lots, price, gas, reserved, group)
        self.promise(group, lots)
        self.entered += 1
        number = self.entered
        self.under_way[number] = transaction
        self.busy[offer.tag] = number
        self.reserved += reserved
        delay = self.delay_to_venue()
        if delay:
            self.at(self.now + delay, "arrive", number)
        else:
            self.arrive(number)

    def arrive(self, number: int) -> None:
        """Let a transaction, by its number, arrive: it is executed, or waits for a block."""
        if self.congestion is None:
            gas = min(self.under_way[number].gas, max(0, self.balance()))
            self.execute(number, gas, self.gas_account)
        else:
            pool: Congestion = self.simulation[self.congestion]
            pool.add(self, number, self.under_way[number].gas)

    def execute(self, number: int, gas: int, gas_account: int) -> None:
        """Execute a transaction by its number: it pays its gas whatever comes of it.

        ``gas`` is cash units, paid to the account ``gas_account``.
        """
        transaction = self.under_way.pop(number)
        tag = transaction.tag
        self.reserved -= transaction.reserved
        self.promise(transaction.group, -transaction.lots)
        ledger = self.simulation.ledger
        ledger.transfer(
            self.cash_asset, self.account, gas_account, gas, kind=EntryKind.FEE, tag=tag
        )
        self.gas_paid += gas
        offer = self.following.get(tag)
        cash = self.balance()
        lots = self.perform(transaction)
        cash = self.balance() - cash
        self.outcomes.append(TransactionOutcome(self.now, tag, transaction.lots, abs(lots), cash))
        del self.busy[tag]
        if lots and offer is not None:
            self.took(offer, lots, cash)
        self.done(tag, bool(lots))

    def done(self, tag: int, succeeded: bool) -> None:
        """Hear what became of a transaction: look again now, after a refusal ``retry`` ns later."""
        if tag in self.following:
            self.look_at(tag, self.now if succeeded else self.now + self.retry)

    def drop(self, number: int) -> None:
        """Hear that a transaction, by its number, left the mempool because it could not pay."""
        transaction = self.under_way.pop(number)
        self.reserved -= transaction.reserved
        self.promise(transaction.group, -transaction.lots)
        del self.busy[transaction.tag]
        self.refused[Reason.INSUFFICIENT_MARGIN] += 1
        self.done(transaction.tag, False)

    def on_event(self, event: EventView) -> None:
        """Hook: an event comes, a refusal or news of the bot's own orders."""
        kind = event.kind
        if kind == EventKind.TRADE:
            if event.owner == self.owner:
                self.filled(event.order_id, event.price, event.size)
            if event.resting_owner == self.owner:
                self.filled(event.resting_order_id, event.price, event.size)
        elif event.owner == self.owner:
            if kind == EventKind.REJECTED:
                if event.order_id >= LIQUIDATION_TAG:
                    self.refused[event.reason] += 1
                    self.refusal(event.order_id, event.reason, event.price)
                else:
                    self.unfilled(event.order_id, event.size)
            elif kind == EventKind.CANCELLED:
                self.unfilled(event.order_id, event.size)
