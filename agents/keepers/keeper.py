"""Keepers, which buy what liquidations have on offer and sell it through the same book."""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any, NamedTuple

from agents.keepers.bot import LENDERS, Bot
from agents.keepers.inventory_exit import AtOnce, InventoryExit
from agents.keepers.sellable_depth import SellableDepth
from agents.keepers.sleepers import WatchedPrice
from agents.keepers.transactions import sink_account
from agents.keepers.valuation import Levels, Worth, limit_of, worth_taking
from lob import EntryKind, Reason, Side, TimeInForce
from lob.checks import integer, ppm, real
from lob.liquidation.offers import Offer
from lob.types import MAX_PRICE
from lob.units import DAY_NS, PPM, SECOND_NS

__all__ = ["Keeper", "KeeperReport"]

Key = tuple[int, int]
"""Tag of a liquidation and number of an instrument."""


SOLVENCY = -1
"""The sleeper that waits for marks at which a keeper is insolvent."""


class KeeperReport(NamedTuple):
    """What a keeper did so far, in lots and cash units."""

    takes: int
    """Transactions that brought lots."""
    refused: int
    """Refusals by the venue, whatever their reason."""
    taken: int
    """Lots that the keeper took, long and short ones added up."""
    traded: int
    """Lots that the keeper got rid of through the book."""
    holds: int
    """Lots that the keeper still has, without their signs."""
    cash: int
    """Cash units on the keeper's account, what its lenders have put up included."""
    gas_paid: int
    """Cash units that the keeper paid for gas."""
    funding_paid: int
    """Cash units that the keeper paid to its lenders."""
    peak_capital: int
    """The most cash units of capital that were tied up at a time."""
    gain: int
    """Cash units gained so far, what it holds at the marks; negative: lost."""
    borrowed: int
    """Cash units that its lenders have put up."""


@dataclass(slots=True)
class Inventory:
    """The lots that a keeper has of one liquidation in one instrument."""

    instrument: int
    """Number of the instrument in which the lots are sold."""
    side: Side
    """``BUY``: long lots; ``SELL``: short ones."""
    asset: int = 0
    """Number in the ledger of what the lots are of."""
    lots: int = 0
    """Lots held, without their sign."""
    cost: int = 0
    """Cash units of capital that the lots tie up: paid for long, received for short ones."""
    received: int = 0
    """Cash units received for short lots, which must be there to buy them back."""
    since: int = 0
    """Time in ns at which the lots came, on average."""
    part: int = 0
    """Lots of one order of the inventory exit."""
    working: int = 0
    """Lots of orders under way."""
    planned: bool = False
    """Whether a further order is planned."""

    @property
    def group(self) -> tuple[int, Side]:
        """Instrument and side of these lots: inventories that are alike share the way out."""
        return self.instrument, self.side


class Keeper(Bot):
    """A keeper: takes what pays for itself after a walk of the real book, within its capital.

    It values an offer by what the lots would bring in the book now, behind what it has to sell
    already, less fees, gas, funding and a charge for risk, and takes the lots that are worth their
    price. If none are, it solves for the time at which the price will have come down (for short
    lots: up) to that, and looks again then, or as soon as the book has become better by what is
    missing. What it gets it trades back through the same book with the liquidation's tag.

    Short lots are the mirror image, and tie up as much capital as long ones of the same price: it
    keeps what it received for them, and as much of its own.

    Parameters
    ----------
    name
        Identity of the keeper.
    capital
        Cash units, 0 or more, for all offers of all clearings that are settled in its cash.
    min_profit_bps
        Least profit, 0 to 9,999 basis points of what it pays.
    funding
        0 to 1,000,000 ppm a day on the capital that is tied up, paid to its lenders when lots are
        sold, rounded up.
    inventory_exit
        How it sells: ``AtOnce()`` (the default), ``Sliced(slices, over)``, ``WhileSolvent(margin)``
        or ``Hold()``. Parts are believed to meet a book that has refilled.
    volatility
        Believed standard deviation of returns over a second in ppm, 0 or more.
    risk_aversion
        Extra profit that it wants, in standard deviations over the expected holding time; 0 or
        more.
    holding_time
        Expected time to sell in ns, 0 or more; ``None``: that of ``inventory_exit``.
    **bot
        As for ``Bot``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str,
        *,
        capital: int,
        min_profit_bps: int = 0,
        funding: int = 0,
        inventory_exit: InventoryExit | None = None,
        volatility: float = 0.0,
        risk_aversion: float = 0.0,
        holding_time: int | None = None,
        **bot: Any,
    ) -> None:
        super().__init__(name, capital=capital, **bot)
        self.min_profit_bps = integer("min_profit_bps", min_profit_bps, 0, 9_999)
        self.funding = ppm("funding", funding)
        self.inventory_exit = AtOnce() if inventory_exit is None else inventory_exit
        self.volatility = real("volatility", volatility, 0)
        self.risk_aversion = real("risk_aversion", risk_aversion, 0)
        time = self.inventory_exit.holding_time if holding_time is None else holding_time
        self.holding_time = integer("holding_time", time, 0)
        self.held: dict[Key, Inventory] = {}
        self.sales: dict[int, tuple[Key, int]] = {}  # order id -> whose lots, how many are left
        self.whole: set[int] = set()  # tags of which no part is sold
        self.kept: dict[Key, int] = {}  # lots that are waited with -> their number as a sleeper
        self.kept_keys: list[Key] = []
        self.owned: dict[int, int] = {}  # asset -> signed lots that it knows of
        self.ahead: dict[tuple[int, Side], int] = {}
        self.locked = 0
        self.in_use = 0
        self.peak_capital = 0
        self.funding_paid = 0
        self.traded = 0
        self.funding_account = 0

    def on_start(self) -> None:
        """Hook: the run begins; open the keeper's account, and the one of its lenders."""
        super().on_start()
        if self.funding:
            self.funding_account = sink_account(self.simulation.ledger, LENDERS)

    def hurdle(self) -> int:
        """The return that a take must bring, in ppm of the capital: least profit, funding and risk.

        Funding and risk are for the time that lots are held; each part is rounded up.
        """
        seconds = self.holding_time / SECOND_NS
        funding = -(-self.funding * self.holding_time // DAY_NS)
        risk = ceil(self.risk_aversion * self.volatility * sqrt(seconds))
        return min(PPM - 1, 100 * self.min_profit_bps + funding + risk)

    def free(self) -> int:
        """Cash units that are neither reserved nor tied up, with lenders as far as is allowed."""
        free = self.balance() - self.reserved - self.locked
        return free if not self.credit else min(free, self.room() - self.reserved)

    def values_held(self) -> list[int]:
        """Cash units that what the keeper holds is worth at the marks, each with its sign."""
        found = []
        for clearing in self.simulation.clearings:
            for number, holding in enumerate(clearing.holdings):
                lots = self.owned.get(self.simulation.ledger.asset(holding.name), 0)
                if lots and holding.mark_price is not None:
                    found.append(clearing.worth(number, lots, holding.mark_price))
        return found

    def report(self) -> KeeperReport:
        """What the keeper did so far: a ``KeeperReport``."""
        return KeeperReport(
            takes=sum(one.got > 0 for one in self.outcomes),
            refused=sum(self.refused.values()),
            taken=sum(one.got for one in self.outcomes),
            traded=self.traded,
            holds=sum(one.lots for one in self.held.values()),
            cash=self.balance(),
            gas_paid=self.gas_paid,
            funding_paid=self.funding_paid,
            peak_capital=self.peak_capital,
            gain=self.gained(),
            borrowed=self.credit,
        )

    def gained(self) -> int:
        """Cash units gained so far: cash, bids that stand, and what is held at the marks."""
        return self.equity()[0] - self.capital

    # ---------------------------------------------------------------- valuation

    def look(self, offer: Offer) -> None:
        """Look at an offer: take what is worth its price, or look again when something will be."""
        if offer.bids or self.clearing_of(offer).cash_asset != self.cash_asset:
            return
        if offer.tag in self.whole:
            offer = offer._replace(least=offer.size)
        levels = self.levels(offer)
        price = offer.price.price_at(self.now)
        if price is not None and price >= 1:
            most = self.most(offer, price)
            least = min(offer.least, offer.size)
            if most < least:
                self.lack(offer, self.worth(offer, price, least), self.payable(offer, least))
                return
            found = self.value(offer, levels, price, most)
            if found.lots:
                worst = self.affordable(offer, levels, found.lots, price)
                self.transact(
                    offer,
                    found.lots,
                    worst,
                    profit=found.gain + self.gas.least(),
                    reserved=self.worth(offer, max(worst, price), found.lots),
                )
                return
        self.sleep(offer, self.limit(offer, levels), price)

    def most(self, offer: Offer, price: int) -> int:
        """Lots of an offer that the keeper's capital allows at a price in ticks, gas put aside."""
        free = self.free() - self.gas.least()
        return min(offer.size, max(0, free) // max(1, self.worth(offer, price, 1)))

    def payable(self, offer: Offer, lots: int) -> int | None:
        """The worst price in ticks at which the capital of now pays for lots; ``None``: at none."""
        costs = self.costs_of(offer.instrument)
        free = self.free() - self.gas.least()
        if costs.inverse or free <= 0:
            return None
        price = free // (lots * costs.multiplier)
        return price if price >= 1 else None

    def affordable(self, offer: Offer, levels: Levels, lots: int, price: int) -> int:
        """The worst price in ticks at which taking ``lots`` breaks even and can be paid."""
        worst = self.worst(offer, levels, lots, price)
        if offer.side == Side.SELL:
            return min(worst, price)
        costs = self.costs_of(offer.instrument)
        if costs.inverse:
            return max(worst, price)
        free = self.free() - self.gas.least()
        return max(price, min(worst, free // (lots * costs.multiplier)))

    def value(self, offer: Offer, levels: Levels, price: int, most: int) -> Worth:
        """How many lots of an offer to take at a price in ticks, at most ``most``: a ``Worth``."""
        return worth_taking(
            offer.side,
            price,
            levels,
            size=offer.size,
            most=most,
            least=offer.least,
            costs=self.costs_of(offer.instrument),
            reward=offer.reward,
        )

    def limit(self, offer: Offer, levels: Levels) -> int | None:
        """The worst price in ticks at which some lots of an offer would be worth taking.

        ``None``: none would at any price.
        """
        return limit_of(
            offer.side,
            levels,
            size=offer.size,
            most=offer.size,
            least=offer.least,
            costs=self.costs_of(offer.instrument),
            reward=offer.reward,
        )

    def refusal(self, tag: int, reason: Reason, price: int) -> None:
        """Hear that a take was refused: if it would leave dust, all or nothing from now on."""
        if reason == Reason.LEAVES_DUST:
            self.whole.add(tag)

    def gone(self, tag: int) -> None:
        """Forget the offer ``tag``, which has ended."""
        self.whole.discard(tag)

    def ahead_of(self, group: tuple[int, Side]) -> int:
        """Lots that this keeper has to bring to a side of a book, or may have to, before others.

        ``group`` is the number of the instrument and the side of the lots.
        """
        return self.ahead.get(group, 0) + super().ahead_of(group)

    def levels(self, offer: Offer) -> Levels:
        """The levels of the book for the lots of an offer, behind what the keeper holds already."""
        ahead = self.ahead_of((offer.instrument, offer.side))
        return self.depth(offer, ahead, self.inventory_exit.slices or 1)

    # ---------------------------------------------------------------- what it takes

    def execute(self, number: int, gas: int, gas_account: int) -> None:
        """Execute a transaction by its number: its capital is in use from then on.

        ``gas`` is cash units, paid to the account ``gas_account``.
        """
        self.peak_capital = max(self.peak_capital, self.in_use + self.reserved)
        super().execute(number, gas, gas_account)

    def took(self, offer: Offer, lots: int, cash: int) -> None:
        """Note lots that a take brought, and bring them to the market once that is heard of."""
        self.receive(offer.tag, offer.instrument, self.asset_of(offer), lots, cash)

    def receive(self, tag: int, instrument: int, asset: int, lots: int, cash: int) -> None:
        """Book signed lots that came from the liquidation ``tag``, and the cash units received."""
        key, side = (tag, instrument), Side.BUY if lots > 0 else Side.SELL
        held = self.held.get(key)
        if held is None:
            held = self.held[key] = Inventory(instrument, side, asset)
        cost = abs(cash)
        total = held.cost + cost
        # The average time: so that funding is that of all parts.
        held.since = (held.cost * held.since + cost * self.now) // total if total else self.now
        held.cost = total
        held.lots += abs(lots)
        if cash > 0 and side == Side.SELL:
            held.received += cash
            self.locked += 2 * cash
        self.in_use += cost
        self.owned[asset] = self.owned.get(asset, 0) + lots
        self.peak_capital = max(self.peak_capital, self.in_use + self.reserved)
        if self.inventory_exit.slices:
            self.ahead[held.group] = self.ahead.get(held.group, 0) + abs(lots)
            if self.waits_with(held):
                self.at(self.now + self.delay_from_venue(), "hear_of", key)
                return
            held.part = -(-held.lots // self.inventory_exit.slices)
            self.plan(key, held, self.delay_from_venue())

    # ---------------------------------------------------------------- lots that are waited with

    def waits_with(self, held: Inventory) -> bool:
        """Whether lots wait for a gain."""
        inverse = self.simulation.instruments[held.instrument].inverse
        return self.inventory_exit.solvent > 0 and not inverse

    def wanted(self, held: Inventory) -> int:
        """The worst price in ticks at which held lots bring what is wanted of them."""
        costs = self.costs_of(held.instrument)
        worth = held.lots * costs.multiplier
        if held.side == Side.BUY:
            if costs.fee >= PPM:
                return MAX_PRICE
            goal = -(-held.cost * (PPM + costs.hurdle) // ((PPM - costs.fee) * worth))
        else:
            goal = held.cost * (PPM - costs.hurdle) // ((PPM + costs.fee) * worth)
        return max(1, min(MAX_PRICE, goal))

    def hear_of(self, key: Key) -> None:
        """Hear of lots that came, and wait with them."""
        held = self.held.get(key)
        if held is not None:
            self.keep(key, held)
            self.watch_solvency()

    def keep(self, key: Key, held: Inventory) -> None:
        """Wait with lots until the book pays what is wanted of them."""
        number = self.kept.get(key)
        if number is None:
            self.kept_keys.append(key)
            number = self.kept[key] = -1 - len(self.kept_keys)
        price = WatchedPrice(-1, held.instrument, held.side, held.side)
        self.sleepers.add(price, number, self.wanted(held))

    def watch_solvency(self) -> None:
        """Wake when a mark makes the keeper insolvent, were it the only one to move."""
        margin = self.inventory_exit.solvent
        for clearing in self.simulation.clearings:
            for number, holding in enumerate(clearing.holdings):
                lots = self.owned.get(self.simulation.ledger.asset(holding.name), 0)
                mark = holding.mark_price
                if (
                    not lots
                    or mark is None
                    or self.simulation.instruments[holding.instrument].inverse
                ):
                    continue
                equity, gross = self.equity()
                side = Side.BUY if lots > 0 else Side.SELL
                # equity + lots * (goal - mark) = margin * (gross + |lots| * (goal - mark))
                slope = abs(lots) * clearing.worth(number, 1, 1)
                short = equity * PPM - margin * gross
                fall = short // (slope * (PPM - side * margin)) if side * margin < PPM else 0
                price = WatchedPrice(clearing.number, number, side, -side)
                goal = max(1, min(MAX_PRICE, mark - side * max(0, fall)))
                self.sleepers.add(price, SOLVENCY, goal)

    def insolvent(self) -> bool:
        """Whether the keeper's equity covers less than it must of what it holds."""
        equity, gross = self.equity()
        return equity * PPM < self.inventory_exit.solvent * gross

    def woken(self, tag: int) -> None:
        """Sell lots that were waited with, since a price is reached."""
        if tag == SOLVENCY:
            if self.insolvent():
                for every, one in self.held.items():
                    one.part = one.lots
                    self.plan(every, one, 0)
            elif self.held:
                self.watch_solvency()
            return
        key = self.kept_keys[-2 - tag]
        held = self.held.get(key)
        if held is None or held.planned or held.working:
            return
        book = self.simulation.books[held.instrument]
        depth = self.depths.setdefault((held.instrument, held.side), SellableDepth())
        levels = depth.levels(book, Side(-held.side), held.lots)
        held.part = levels.until(self.wanted(held), held.side == Side.BUY)
        if held.part:
            self.plan(key, held, 0)
        else:
            self.keep(key, held)

    def plan(self, key: Key, held: "Inventory", delay: int) -> None:
        """Plan to sell a part of held lots in ``delay`` ns, unless one is planned already."""
        if not held.planned:
            held.planned = True
            self.at(self.now + delay, "unwind", key)

    def unwind(self, key: Key) -> None:
        """Send an order for a part of what the keeper holds of a liquidation."""
        held = self.held.get(key)
        if held is None:
            return
        held.planned = False
        back = self.back_online()
        part = min(held.lots - held.working, held.part)
        if back > self.now:
            self.plan(key, held, back - self.now)
        elif part > 0:
            held.working += part
            delay = self.delay_to_venue()
            if delay:
                self.at(self.now + delay, "trade", (key, part))
            else:
                self.trade((key, part))
            if held.lots > held.working and not self.waits_with(held):
                self.plan(key, held, max(1, self.inventory_exit.every))

    def trade(self, what: tuple[Key, int]) -> None:
        """Enter an order of this keeper that arrives at the venue, immediate or cancel.

        ``what`` is the liquidation and instrument of the lots, and how many they are.
        """
        key, lots = what
        held = self.held[key]
        ledger = self.simulation.ledger
        before = ledger.balance(self.account, held.asset)
        order_id = self.submit(
            Side(-held.side),
            lots,
            instrument=held.instrument,
            time_in_force=TimeInForce.IOC,
            tag=key[0],
        )
        self.sales[order_id] = (key, lots)
        self.owned[held.asset] += ledger.balance(self.account, held.asset) - before

    def unaccounted(self, offer: Offer) -> int:
        """Lots of an offer's kind that came to the keeper's account without its own doing."""
        asset = self.asset_of(offer)
        balance = self.simulation.ledger.balance(self.account, asset)
        return offer.side * (balance - self.owned.get(asset, 0))

    def filled(self, order_id: int, price: int, size: int) -> None:
        """Hook: lots were sold; their capital is free again, and its funding is due."""
        if order_id not in self.sales:
            return
        key, left = self.sales.pop(order_id)
        if left > size:
            self.sales[order_id] = (key, left - size)
        held = self.held[key]
        cost = -(-held.cost * size // held.lots)
        received = -(-held.received * size // held.lots)
        held.cost -= cost
        held.received -= received
        held.lots -= size
        held.working -= size
        self.locked -= 2 * received
        self.in_use -= cost
        self.traded += size
        self.ahead[held.group] -= size
        self.pay_funding(cost, self.now - held.since, key[0])
        if not held.lots:
            del self.held[key]
        elif self.waits_with(held) and not held.working:
            self.go_on_waiting(key, held)
        self.spend()

    def go_on_waiting(self, key: Key, held: Inventory) -> None:
        """Wait with what is left of lots; if the keeper is insolvent, only to try again."""
        if self.insolvent():
            held.part = held.lots
            self.plan(key, held, self.retry)
        else:
            self.at(self.now, "hear_of", key)

    def unfilled(self, order_id: int, size: int) -> None:
        """Hook: lots found nobody in the book, or it was closed to them; they are sent again."""
        if order_id in self.sales:
            key, left = self.sales.pop(order_id)
            held = self.held[key]
            held.working -= left
            if self.waits_with(held):
                self.go_on_waiting(key, held)
            else:
                self.plan(key, held, self.retry)

    def pay_funding(self, cost: int, time: int, tag: int) -> None:
        """Pay the lenders for ``cost`` cash units tied up for ``time`` ns, as far as there is cash.

        Rounded up; ``tag`` is the liquidation that the capital was used for.
        """
        owed = -(-cost * self.funding * time // (PPM * DAY_NS))
        owed = min(owed, max(0, self.free()))
        if owed:
            self.simulation.ledger.transfer(
                self.cash_asset,
                self.account,
                self.funding_account,
                owed,
                kind=EntryKind.INTEREST,
                tag=tag,
            )
            self.funding_paid += owed
