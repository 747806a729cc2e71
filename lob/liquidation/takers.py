"""Takers: the book, keepers, the lenders."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from lob.checks import integer, ppm
from lob.liquidation.curves import ceil_div
from lob.liquidation.lending import AaveRules, Seizure, aave_leaves_dust
from lob.liquidation.maker import ClipAuction, ClipRules, Refusal
from lob.liquidation.offers import AnyPrice, Falling, OfferPrice, Spread, good
from lob.liquidation.parts import Takers
from lob.liquidation.price_paths import fee_of, taker_side
from lob.liquidation.sale import Sale
from lob.types import MAX_PRICE, EntryKind, Reason, Side
from lob.units import PPM, SECOND_NS

if TYPE_CHECKING:
    from lob.liquidation.stages import StagedDesign

__all__ = ["Book", "Keepers", "Lenders", "Resting"]

NO_TAB = 2**200
ANY = 2**200
REASONS = {Refusal.NO_PARTIAL: Reason.LEAVES_DUST}


@dataclass(frozen=True)
class Book(Takers):
    """Whoever rests in the order book.

    Parameters
    ----------
    funded
        Whether the insurance fund pays at once what a sale brings less than the bankruptcy price.
    """

    funded: bool = False

    def offer(
        self, design: "StagedDesign", case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """See ``Takers``."""
        best = design.best(case, holding)
        if best is None:
            return False
        limit = price.price_at(design.clearing.market.now)
        if limit is not None and not good(limit, best, taker_side(design, case, holding)):
            return False
        before = design.bankruptcy_price(case, holding) if self.funded else None
        design.sell(case, lots, limit, holding=holding)
        if before is not None:
            self._fund(design, case, holding, before)
        return True

    def _fund(self, design: "StagedDesign", case: int, holding: int, price: int) -> None:
        """Let the fund pay what lacks for what is left to be worth nothing at the price."""
        worth = design.clearing.worth(holding, design.held(case, holding), price)
        lacks = -(design.cash(case) + worth)
        paid = min(lacks, max(0, design.balance(design.clearing.fund)))
        if paid > 0:
            account = design.account_of(case)
            design.pay(case, design.clearing.fund, account, paid, EntryKind.INSURANCE)


@dataclass(frozen=True)
class Resting(Takers):
    """An order of the account rests in the book at the price, and waits for whoever comes.

    Parameters
    ----------
    sweeps
        Whether the insurance fund gets at once what lots bring beyond the price: the engine has
        taken the position over at it (BitMEX, Bybit).
    """

    sweeps: bool = False

    def offer(
        self, design: "StagedDesign", case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """See ``Takers``. One order a case: of a cross account one holding after the other."""
        limit = price.price_at(design.clearing.market.now)
        if self.sweeps:
            self._sweep(design, case)
        if design.has_resting(case):
            return True
        if limit is None:
            return False
        if self.sweeps:
            found = design.memory.get(("rests", case))
            if found is None or found[0] != holding:
                design.memory["rests", case] = (holding, limit)
            else:
                limit = found[1]
        design.rest(case, lots, limit, holding=holding)
        if self.sweeps:
            self._sweep(design, case)
        return True

    @staticmethod
    def _sweep(design: "StagedDesign", case: int) -> None:
        """Let the fund have what is more than the rest is worth nothing with, at the price."""
        found = design.memory.get(("rests", case))
        if found is None:
            return
        holding, price = found
        cash = design.cash(case)
        if design.is_inverse(holding):
            return
        for i in range(len(design.clearing.holdings)):
            at = price if i == holding else (design.mark(i) or 0)
            cash += design.held(case, i) * at * design.multiplier(i)
        if cash > 0:
            fund, account = design.clearing.fund, design.account_of(case)
            design.pay(case, account, fund, cash, EntryKind.INSURANCE)

    def withdraw(self, design: "StagedDesign", case: int) -> None:
        """See ``Takers``."""
        super().withdraw(design, case)
        if self.sweeps:
            self._sweep(design, case)
            design.memory.pop(("rests", case), None)


@dataclass(frozen=True)
class Lenders(Takers):
    """The lenders take it over, at the price, or at the mark without one."""

    def offer(
        self, design: "StagedDesign", case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """See ``Takers``."""
        at = price.price_at(design.clearing.market.now) or design.mark(holding) or 1
        design.take_over(case, design.clearing.pool, lots, at, holding=holding)
        return True


@dataclass(frozen=True)
class NeverFalls:
    """A curve that stays where it starts: a fixed price as an auction."""

    def price(self, top: int, elapsed: int) -> int:
        """See ``Curve``."""
        return top


FIXED = ClipRules(NeverFalls(), buf=1, tail=2**62, cusp=0, unit=1, wad=PPM)


@dataclass(frozen=True)
class Keepers(Takers):
    """Whoever sends a TAKE first, at the price of that moment.

    With a falling price it is Maker's auction (``lob.liquidation.maker.ClipAuction``): no more is
    sold than raises the tab that ``Hole`` has set, a part must leave enough of it, and where the
    price falls too far it starts again. Whole lots are sold: the last one may raise more than the
    tab, which is the owner's.

    Parameters
    ----------
    least
        The fewest lots of one take, unless it takes all.
    tip, chip
        A sum in units of cash and a share of the tab in ppm, for who takes the last of an auction,
        out of the insurance fund: Maker pays it to who starts or restarts one; here the design
        does.
    leaves
        Aave's rules of what must be left of debt and collateral.
    level
        The level of the circuit breaker: 2 stops restarts, 3 takes too.
    every
        ns after which an offer that does not bind is looked at again.
    """

    least: int = 1
    tip: int = 0
    chip: int = 0
    leaves: AaveRules | None = None
    level: int = 0
    every: int = SECOND_NS

    def __post_init__(self) -> None:
        integer("least", self.least, 1)
        integer("tip", self.tip, 0)
        ppm("chip", self.chip)
        integer("level", self.level, 0, 3)
        integer("every", self.every, 1)

    def offer(
        self, design: "StagedDesign", case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """See ``Takers``."""
        now = design.clearing.market.now
        asked = price.price_at(now)
        if asked is None or isinstance(price, AnyPrice):
            return False
        done, side = design.progress[case].barked, taker_side(design, case, holding)
        rules = FIXED
        closes, due = now + self.every, now + self.every
        if isinstance(price, Falling):
            rules = self._rules(design, case, design.multiplier(holding))
            closes = price.closes
            due = restart_time(rules, price)
        tab = done.tab if done is not None else 0
        raises = tab and side == Side.BUY
        auction = ClipAuction(
            rules,
            lots,
            ceil_div(tab, design.multiplier(holding)) if raises else NO_TAB,
            price.top if isinstance(price, Falling) else asked,
            0,
        )
        sale = Sale(holding, side, lots, price, now, closes, isinstance(price, Falling), due)
        sale.auction, sale.tab, sale.due = auction, tab, done.due if done is not None else 0
        sale.asked, sale.cash = asked, design.cash(case)
        if isinstance(price, Falling):
            sale.reward = self.tip + tab * self.chip // PPM
        design.start_sale(case, sale, least=self.least, note=isinstance(price, Falling))
        return True

    def _rules(self, design: "StagedDesign", case: int, multiplier: int) -> ClipRules:
        """Of the price path, with what a part must leave in ticks times lots."""
        path = design.stages[design.stage(case)].price_path
        found: ClipRules = path.rules  # type: ignore[attr-defined]
        if multiplier == 1 or not found.chost:
            return found
        return replace(found, chost=ceil_div(found.chost, multiplier))

    def take(
        self, design: "StagedDesign", case: int, account: int, size: int, limit: int
    ) -> Reason:
        """See ``Takers``."""
        sale = design.progress[case].sale
        assert sale is not None
        now = design.clearing.market.now
        at = sale.price.price_at(now)
        if at is None or not isinstance(sale.auction, ClipAuction):
            return Reason.NOT_ON_OFFER
        if limit and not good(at, limit, sale.side):
            return Reason.NOT_ON_OFFER
        if not sale.binding and design.is_safe(case):
            return Reason.NOT_ON_OFFER
        if size < self.least and size < sale.lots:
            return Reason.LEAVES_DUST
        lots, after, refusal = self._bought(sale, size, at, now)
        if refusal:
            return REASONS.get(refusal, Reason.NOT_ON_OFFER)
        multiplier = design.multiplier(sale.holding)
        sign = 1 if sale.side == Side.BUY else -1
        cash = lots * at * multiplier
        if self.leaves is not None and self._leaves_dust(design, case, sale, lots, cash):
            return Reason.LEAVES_DUST
        reason = design.refusal_to_carry(account, sign * lots, sign * cash, holding=sale.holding)
        if reason != Reason.NONE:
            return reason
        design.take_over(case, account, lots, at, holding=sale.holding)
        fee = fee_of(sale.price, at) * lots * multiplier
        if fee:
            design.pay(case, design.account_of(case), design.clearing.fees, fee)
        self._after_take(design, case, sale, account, lots, cash, after)
        return Reason.NONE

    def _bought(self, sale: Sale, size: int, at: int, now: int) -> tuple[int, ClipAuction, Refusal]:
        auction = sale.auction
        assert isinstance(auction, ClipAuction)
        elapsed = 0
        if isinstance(sale.price, Falling):
            elapsed = sale.price.elapsed(now)
        elif auction.top != at:
            # The price follows the mark.
            auction = ClipAuction(auction.rules, auction.lot, auction.tab, at, 0)
        took = auction.take(min(size, sale.lots), ANY, elapsed, level=self.level)
        if took.refusal:
            return 0, auction, took.refusal
        lots, after = took.bought, took.auction
        if sale.side == Side.BUY and took.paid > lots * at:
            # Whole lots are sold. The one that raises the tab may bring more, which the owner
            # keeps; where a part must stay, what is short of a lot does too.
            if after.tab == 0:
                lots = min(lots + 1, size, sale.lots)
            elif lots == 0:
                return 0, auction, Refusal.NO_PARTIAL
            else:
                after = ClipAuction(
                    after.rules, auction.lot - lots, auction.tab - lots * at, after.top, 0
                )
        return lots, after, Refusal.NONE

    def _after_take(
        self,
        design: "StagedDesign",
        case: int,
        sale: Sale,
        account: int,
        lots: int,
        cash: int,
        after: ClipAuction,
    ) -> None:
        sale.lots -= lots
        sale.raised += cash
        design.raised(sale, cash)
        sale.auction = after
        if not sale.binding:
            # What may be taken next depends on what the account has now.
            design.end_sale(case)
        elif after.ended or sale.lots == 0:
            self._end(design, case, sale, account)
        else:
            design.note_auction(case, sale.lots, sale.price.price_at(sale.opened) or 0)
            design.change_sale(case, size=sale.lots, least=min(self.least, sale.lots))

    def _end(self, design: "StagedDesign", case: int, sale: Sale, account: int) -> None:
        """An auction is over: the penalty, as far as it was raised, and the keeper's reward."""
        pay_penalty(design, case, sale)
        fund = design.clearing.fund
        reward = min(sale.reward, max(0, design.balance(fund)))
        if reward:
            design.pay(case, fund, account, reward)
        design.end_sale(case)

    def _leaves_dust(
        self, design: "StagedDesign", case: int, sale: Sale, lots: int, cash: int
    ) -> bool:
        assert self.leaves is not None
        held, mark = abs(design.held(case, sale.holding)), design.mark(sale.holding)
        if mark is None:
            return False
        one = mark * design.multiplier(sale.holding)
        if sale.side == Side.BUY:
            left = Seizure(cash, lots)
            debt, collateral, prices = max(0, -design.cash(case)), held, (1, one)
        else:
            left = Seizure(lots, cash)
            debt, collateral, prices = held, max(0, design.cash(case)), (one, 1)
        return aave_leaves_dust(
            self.leaves,
            left,
            debt=debt,
            collateral=collateral,
            debt_price=prices[0],
            collateral_price=prices[1],
        )

    def due(self, design: "StagedDesign", case: int, ts: int) -> None:
        """See ``Takers``: an offer at the mark is made anew, an auction starts again."""
        sale = design.progress[case].sale
        assert sale is not None
        stage = design.stages[design.stage(case)]
        timed_out = ts >= design.progress[case].entered + stage.patience
        if not sale.binding:
            self._renew(design, case, sale, ts, timed_out)
            return
        assert isinstance(sale.auction, ClipAuction)
        assert isinstance(sale.price, Falling)
        mark = design.mark(sale.holding) or sale.price.feed
        done = sale.auction.redo(mark, sale.price.elapsed(ts), level=self.level)
        if done.refusal or timed_out:
            # Nobody may start it again, or it has had its time.
            design.end_sale(case)
            design.progress[case].barked = None
            return
        rules = sale.auction.rules
        closes = ts + (rules.tail + 1) * sale.price.unit
        price = replace(sale.price, top=done.auction.top, feed=mark, opened=ts, closes=closes)
        sale.auction = done.auction._replace(started=0)
        sale.price, sale.closes, sale.opened = price, closes, ts
        sale.next = restart_time(rules, price)
        if done.reward:
            sale.reward += self.tip + sale.tab * self.chip // PPM
        design.note_auction(case, sale.lots, price.price_at(ts) or 0)
        design.change_sale(case, price=price, closes=closes, opened=ts, reward=sale.reward)

    def _renew(
        self, design: "StagedDesign", case: int, sale: Sale, ts: int, timed_out: bool
    ) -> None:
        """Look at the mark of now; who listens hears of a price that moved."""
        stage = design.stages[design.stage(case)]
        if timed_out or design.is_safe(case) or not stage.trigger.holds(design, case):
            design.end_sale(case)
            return
        if (
            isinstance(sale.price, Spread)
            and sale.price.price_at(ts) == sale.asked
            and (sale.cash == design.cash(case))
        ):
            sale.closes = sale.next = ts + self.every
            return
        lots = stage.limits.allow(
            design, case, sale.holding, stage.sizing.lots(design, case, sale.holding)
        )
        price = stage.price_path.quote(design, case, sale.holding)
        if lots == 0 or price.price_at(ts) is None:
            design.end_sale(case)
            return
        moved = lots != sale.lots or not isinstance(price, Spread)
        moved |= price.price_at(ts) != getattr(sale.auction, "top", None)
        sale.lots, sale.price, sale.closes = lots, price, ts + self.every
        sale.next = ts + self.every
        top = price.price_at(ts) or 1
        sale.auction = ClipAuction(FIXED, lots, NO_TAB, top, 0)
        sale.asked, sale.cash = top, design.cash(case)
        if moved:
            design.change_sale(
                case, size=lots, least=min(self.least, lots), price=price, closes=sale.closes
            )


def pay_penalty(design: "StagedDesign", case: int, sale: Sale) -> None:
    """The insurance fund gets the penalty, as far as more than the debt was raised for it.

    Of a short position the debt are lots: the penalty comes out of the cash that is left.
    """
    if sale.side == Side.BUY:
        penalty = min(sale.raised, sale.tab) - sale.due
    else:
        penalty = min(sale.tab - sale.due, design.cash(case))
    if penalty > 0:
        design.pay(case, design.account_of(case), design.clearing.fund, penalty)


def restart_time(rules: ClipRules, price: Falling) -> int:
    """When an auction that nobody ends must start again, in ns."""
    return price.opened + _restart_after(rules, price.top) * price.unit


@lru_cache(maxsize=65_536)
def _restart_after(rules: ClipRules, top: int) -> int:
    """The first unit of time at which the auction has run for too long or fallen too far."""
    auction = ClipAuction(rules, 1, 1, min(top, MAX_PRICE**2), 0)
    low, high = 1, rules.tail + 1
    while low < high:
        middle = (low + high) // 2
        if auction.needs_redo(middle):
            high = middle
        else:
            low = middle + 1
    return low
