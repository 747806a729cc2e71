"""The base of keepers and bidders: an account, an agenda, a way to the venue, offers followed.

A bot is told of offers by liquidation engines (``LiquidationEngine.watch``), and notes when to look
at each: at once, then at the time that it has solved for, or as soon as the price is reached that
would make it worth its while (``agents.keepers.sleepers``). It polls neither offers nor books.

What it does about one is a *transaction*: decided at one time, executed as a whole when it arrives,
a latency later; under congestion it then waits in the mempool until a block includes it. It pays
its gas whether or not it succeeds. With what it holds it trades like everybody, with the same
latency and without gas.
"""

from collections import Counter
from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING, Any

from agents.agent import Agent, EventView
from agents.keepers.gas import FixedGas, GasPolicy
from agents.keepers.sleepers import Sleepers, WatchedPrice
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
from lob.liquidation.capital_rule import CapitalRule
from lob.liquidation.offers import Offer, Spread
from lob.types import LIQUIDATION_TAG, MAX_PRICE
from lob.units import PPM, SECOND_NS

if TYPE_CHECKING:
    from agents.keepers.congestion import Congestion

__all__ = ["Bot"]

LENDERS = "keepers' lenders"
"""Name of the account of those who lend to bots."""
RETRIED = 8
"""Offers that are looked at again when some capital comes back."""
STEPS = 8
"""While a price comes down, a book that is better by this part of what is missing is worth a look.
"""
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
    margin
        Ppm of what it holds that its own capital must cover, that of a ``CapitalRule``: 1,000,000
        pays in full; less has lenders put up the rest, who bear what the capital does not.
    offline
        Pairs ``(start, end)`` of times in ns that do not overlap: it neither looks nor sends in
        between.
    review
        ns between two looks at what a book, or a mark, has made better meanwhile, 1 or more; and
        until the first look at whether a book has become deeper, of which each takes twice as long.
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
        margin: int = PPM,
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
        self.capital_rule = CapitalRule(margin)
        self.credit = self.capital_rule.credit(self.capital)  # cash units that lenders have put up
        self.bids_paid: dict[int, int] = {}  # tag -> cash units paid for a bid that stands
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
        self.sleepers = Sleepers()
        self.poor: dict[int, int] = {}  # tags for which capital was missing -> how much is needed
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
        if self.credit:
            lenders = sink_account(ledger, LENDERS)
            ledger.transfer(
                self.cash_asset, lenders, self.account, self.credit, kind=EntryKind.TRANSFER
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
        self.following[tag] = offer
        self.look_at(tag, self.simulation.venue.now)

    def on_offer_closed(self, tag: int) -> None:
        """Hear that the offers of a liquidation, known by its tag, are closed."""
        offer = self.following.pop(tag, None)
        if offer is not None:
            self.looks.pop(tag, None)
            self.sleepers.forget(tag)
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

    # ---------------------------------------------------------------- sleeping

    def sleep(self, offer: Offer, limit: int | None, price: int | None) -> None:
        """Look at an offer again when its price, the book or a mark may have made it worth it.

        ``limit`` is the worst price in ticks at which it would be now (``None``: at none), and
        ``price`` what is asked for it (``None``: nothing, or it is not known).
        """
        tag, side = offer.tag, offer.side
        time = None if limit is None else offer.price.time_of(limit, side)
        rough = self.rough_limit(offer.instrument, side)
        if time is None or time <= self.now:
            time = None
        if price is not None and limit is not None:
            gap = side * (price - limit)
            if time is not None:
                # A price one step earlier would do too, if the book were better by so much.
                before = offer.price.price_at(time - 1)
                step = gap if before is None else side * (before - limit)
                gap = max(step, gap // STEPS)
            self.wait(offer, max(1, gap))
        elif limit is not None or rough is None:
            self.wait(offer, 1)
        if limit is None or rough is None or price is None or side * (rough - price) >= 0:
            # It is the depth that is missing, of which no price tells.
            later = self.now + max(self.review_every, self.now - offer.opened)
            time = later if time is None else min(time, later)
        if time is not None:
            self.look_at(tag, time)

    def wait(self, offer: Offer, gap: int) -> None:
        """Wake once what an offer depends on has become better by ``gap`` ticks."""
        for price in self.prices_for(offer):
            now = self.price_of(price)
            if now is None:
                goal = 1 if price.direction > 0 else MAX_PRICE
            else:
                goal = now + price.direction * gap
            self.sleepers.add(price, offer.tag, max(1, min(MAX_PRICE, goal)))

    def prices_for(self, offer: Offer) -> list[WatchedPrice]:
        """The prices that may make an offer worth taking: the book's best, and that of a mark."""
        found = [WatchedPrice(-1, offer.instrument, offer.side, offer.side)]
        if isinstance(offer.price, Spread):
            found.append(WatchedPrice(offer.clearing, offer.holding, offer.side, Side(-offer.side)))
        return found

    def price_of(self, price: WatchedPrice) -> int | None:
        """A watched price now, in ticks; ``None``: there is none."""
        if price.clearing >= 0:
            holding = self.simulation.clearings[price.clearing].holdings[price.number]
            mark: int | None = holding.mark_price
            return mark
        book = self.simulation.books[price.number]
        best: int | None = book.best_bid if price.side == Side.BUY else book.best_ask
        return best

    def hear_prices(self, _: int = 0) -> None:
        """Look at the offers whose prices are reached, and wait for those that come next."""
        sleepers = self.sleepers
        for price in sleepers.prices():
            goal = sleepers.goal(price)
            if goal is None:
                continue
            now = self.price_of(price)
            if now is None or price.direction * (now - goal) < 0:
                self.set_alarm(price, goal)
                continue
            due = sleepers.heard.get(price, -self.review_every) + self.review_every
            if due > self.now:
                if sleepers.due.get(price) != due:
                    sleepers.due[price] = due
                    self.at(due, "hear_prices", 0)
                continue
            sleepers.heard[price] = self.now
            for tag in sleepers.awake(price, now):
                if tag in self.following:
                    self.look_at(tag, self.now)
                elif tag < 0:
                    self.woken(tag)

    def woken(self, tag: int) -> None:
        """Hook: a price is reached that something else than an offer, below 0, waited for."""

    def set_alarm(self, price: WatchedPrice, goal: int) -> None:
        """Have the run wake this bot when a price has reached a goal in ticks."""
        if price.clearing >= 0:
            self.wake_at_mark(goal, price.side, clearing=price.clearing, holding=price.number)
        else:
            self.wake_at_price(goal, price.side, instrument=price.number)

    def lack(self, offer: Offer, needed: int, limit: int | None = None) -> None:
        """Look at an offer again once there are ``needed`` cash units for it, or it is cheaper.

        ``limit`` is the price in ticks at which the capital of now would do; ``None``: at none.
        """
        self.poor[offer.tag] = needed
        later = self.now + max(self.review_every, self.now - offer.opened)
        time = None if limit is None else offer.price.time_of(limit, offer.side)
        if time is not None and time > self.now:
            later = min(later, time)
        self.look_at(offer.tag, later)

    def spend(self) -> None:
        """Look again at offers for which capital was missing, as far as it would do for them."""
        if self.poor:
            free = self.free() - self.gas.least()
            for tag in list(islice(self.poor, RETRIED)):
                needed = self.poor.pop(tag)
                if needed <= free:
                    self.look_at(tag, self.simulation.venue.now)
                else:
                    # It has its turn again when all others have had theirs.
                    self.poor[tag] = needed

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
        """The worst price in ticks at which an offer of this side may be worth its price.

        ``None``: at none.
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
        """Call the methods that ``at`` has planned until now, and hear what prices are reached."""
        agenda = self.agenda
        while agenda and agenda[0][0] <= self.now:
            _, _, action, key = heappop(agenda)
            getattr(self, action)(key)
        if self.sleepers:
            self.hear_prices()

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
        """Cash units on the bot's account that are reserved for nothing, and may be spent.

        With lenders as far as the rule for its capital allows.
        """
        free = self.balance() - self.reserved
        return free if not self.credit else min(free, self.room() - self.reserved)

    def room(self) -> int:
        """Cash units of value that the bot may take over besides what it has."""
        return self.capital_rule.room(*self.equity())

    def equity(self) -> tuple[int, int]:
        """Cash units that are the bot's own at the marks; and the value of all that it holds."""
        bids = sum(self.bids_paid.values())
        held = self.values_held()
        return self.balance() - self.credit + bids + sum(held), bids + sum(map(abs, held))

    def values_held(self) -> list[int]:
        """Cash units that what the bot holds is worth at the marks, each holding with its sign."""
        return []

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
