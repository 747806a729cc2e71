"""Small designs that have something on offer, and markets around them, for tests of bots."""

from typing import Any

import agents
import lob
from lob import Reason, Side
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import Fixed
from lob.liquidation import LiquidationDesign, Offer
from lob.liquidation.formulas.curves import Linear
from lob.liquidation.offers import AtPrice, Falling, HighestBid, Sealed
from lob.units import SECOND_NS

DEBTOR = 10**6


class Shop(LiquidationDesign):
    """Sells what it gets to whoever takes it: at ``price``, or on a linear curve from ``top``."""

    def __init__(self, price=None, *, top=None, seconds=100, least=1, reward=0):
        super().__init__()
        self.price, self.top, self.seconds = price, top, seconds
        self.least, self.reward = least, reward

    def on_failure(self, case):
        now, held = self.clearing.market.now, self.held(case)
        side = Side.BUY if held > 0 else Side.SELL
        if self.top is None:
            price = AtPrice(self.price, now)
        else:
            feed = self.top if side == Side.SELL else 1
            price = Falling(Linear(self.seconds), self.top, feed, side, now,
                            now + self.seconds * SECOND_NS - 1)  # fmt: skip
        self.open_offer(self.offer(case, side, abs(held), price))

    def offer(self, case, side, size, price, bids=False):
        return Offer(self.tag(case), self.clearing.number, self.account_of(case), 0, 0, side, size,
                     self.least, self.clearing.market.now, None, price, bids,
                     self.reward)  # fmt: skip

    def on_take(self, case, account, size, price):
        offer = self.offers[self.tag(case)]
        asked = offer.price.price_at(self.clearing.market.now)
        if size > offer.size or (price and offer.side * (price - asked) < 0):
            return Reason.NOT_ON_OFFER
        if size < min(offer.least, offer.size):
            return Reason.NOT_ON_OFFER
        reason = self.refusal_to_carry(account, offer.side * size, offer.side * size * asked)
        if reason:
            return reason
        self.take_over(case, account, size, asked)
        if size < offer.size:
            self.open_offer(offer._replace(size=offer.size - size))
        else:
            self.pay(case, self.clearing.fund, account, self.reward)
            self.settle(case)
        return Reason.NONE


class English(Shop):
    """The best bid wins when none came for a while; paid at the end."""

    def __init__(self, *, reserve=1, ttl=10 * SECOND_NS):
        super().__init__()
        self.reserve, self.ttl = reserve, ttl
        self.best = {}
        self.ends = {}
        self.revenue = []

    def on_failure(self, case):
        self.open_offer(self.offer(case, Side.BUY, self.held(case), HighestBid(), bids=True))
        self.extend(case)

    def extend(self, case):
        self.ends[case] = self.clearing.market.now + self.ttl
        self.call_back(case, self.ends[case])

    def on_bid(self, case, account, size, price):
        if price < self.reserve or price <= self.best.get(case, (0, 0))[0]:
            return Reason.BID_TOO_LOW
        reason = self.refusal_to_carry(account, size, size * price)
        if not reason:
            self.best[case] = (price, account)
            offer = self.offers[self.tag(case)]
            self.open_offer(offer._replace(price=self.shown(price)))
            self.extend(case)
        return reason

    def shown(self, price):
        return HighestBid(price)

    def on_due(self, case, ts):
        if ts < self.ends[case]:
            return
        price, account = self.best.get(case, (0, self.clearing.pool))
        self.revenue.append(price)
        self.take_over(case, account, abs(self.held(case)), max(1, price))
        self.settle(case)


class FirstPriceAuction(English):
    """Nobody sees the bids; the best one wins, and is what is paid."""

    def extend(self, case):
        if case not in self.ends:
            super().extend(case)

    def on_failure(self, case):
        self.open_offer(self.offer(case, Side.BUY, self.held(case), Sealed(), bids=True))
        self.extend(case)

    def shown(self, price):
        return Sealed()


class Book(agents.Agent):
    """Puts levels into a book once, as somebody without an account; more of them later."""

    def __init__(self, levels, instrument=0, later=()):
        super().__init__(f"book {instrument}")
        self.levels, self.instrument, self.later = levels, instrument, sorted(later)

    def on_start(self):
        for side, price, size in self.levels:
            self.submit(side, size, price, instrument=self.instrument)
        if self.later:
            self.wake_in(self.later[0][0] - self.now)

    def on_wake(self):
        _, side, price, size = self.later.pop(0)
        self.submit(side, size, price, instrument=self.instrument)
        if self.later:
            self.wake_in(self.later[0][0] - self.now)


def bids(best, ticks, size):
    return [(Side.BUY, best - i, size) for i in range(ticks)]


def asks(best, ticks, size):
    return [(Side.SELL, best + i, size) for i in range(ticks)]


def selling(
    design: Any,
    levels: Any,
    *,
    lots: Any = (10,),
    bots: Any = (),
    seed: int = 1,
    mark: int = 100,
    later: Any = (),
    instrument: Any = None,
) -> agents.Simulation:
    """A run in which accounts with so many lots have failed: their equity is zero at the mark."""
    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(mark)), FlatMargin(200_000, 100_000))],
        liquidation_engine=design,
        insurance_fund=1_000_000,
    )
    simulation = agents.Simulation(
        seed, instruments=[instrument or lob.Instrument("X")], clearings=[clearing]
    )
    multiplier = simulation.instruments[0].multiplier
    clearing.open(DEBTOR, [-mark * multiplier * n for n in lots], list(lots))
    simulation.add(Book(levels, later=later))
    for bot in bots:
        simulation.add(bot)
    simulation.venue.refresh()
    return simulation


def cash_of(simulation: agents.Simulation, bot: Any) -> int:
    """Units on a bot's account."""
    return simulation.ledger.balance(bot.account, bot.cash_asset)


def lots_of(simulation: agents.Simulation, bot: Any) -> int:
    """Lots on a bot's account."""
    return simulation.ledger.balance(bot.account, simulation.ledger.asset("X"))
