"""The Dutch auction: a price that falls until somebody takes."""

from dataclasses import dataclass, replace
from functools import lru_cache

from lob.checks import integer, ppm
from lob.liquidation.context import TakerContext
from lob.liquidation.formulas.arithmetic import ceil_div
from lob.liquidation.formulas.maker import ClipAuction, ClipRules, Refusal
from lob.liquidation.offers import Falling, OfferPrice, good
from lob.liquidation.parts.price_paths import taker_side
from lob.liquidation.parts.protocols import Takers
from lob.liquidation.sale import Sale
from lob.liquidation.takers.penalty import pay_penalty
from lob.types import MAX_PRICE, Reason, Side
from lob.units import PPM

__all__ = ["DutchAuction"]

NO_TARGET = 2**200
ANY = 2**200
REASONS = {Refusal.NO_PARTIAL: Reason.LEAVES_DUST}


@dataclass(frozen=True)
class DutchAuction(Takers):
    """A price that falls until somebody sends a TAKE: Maker's auction.

    It needs a price path that falls (``Dutch``); another one it has no use for. No more is sold
    than raises what the stage's limit has set, a part must leave enough of it, and where the price
    falls too far the auction starts again (``lob.liquidation.formulas.maker.ClipAuction``). Whole
    lots are sold: the last one may raise more than is needed, which is the owner's.

    Parameters
    ----------
    least
        The fewest lots of one take, unless it takes all; 1 or more.
    reward, reward_share
        A sum in units of cash and a share of what is to be raised in ppm, for who takes the last of
        an auction, out of the insurance fund: Maker pays it to who starts or restarts one; here the
        design does.
    breaker
        The level of the circuit breaker, 0 to 3: 2 stops restarts, 3 takes too.
    """

    least: int = 1
    reward: int = 0
    reward_share: int = 0
    breaker: int = 0

    def __post_init__(self) -> None:
        integer("least", self.least, 1)
        integer("reward", self.reward, 0)
        ppm("reward_share", self.reward_share)
        integer("breaker", self.breaker, 0, 3)

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """Offer lots of a case to these takers at a price or better; whether any of it worked."""
        if not isinstance(price, Falling):
            return False
        now, start = design.now, design.progress[case].auction_start
        side = taker_side(design, case, holding)
        rules = self._rules(design, case, design.multiplier(holding))
        target = start.target if start is not None else 0
        raises = target and side == Side.BUY
        sale = Sale(holding, side, lots, price, now, price.closes, True, restart_time(rules, price))
        sale.auction = ClipAuction(
            rules,
            lots,
            ceil_div(target, design.multiplier(holding)) if raises else NO_TARGET,
            price.top,
            0,
        )
        sale.target, sale.debt = target, start.debt if start is not None else 0
        sale.asked, sale.cash = price.price_at(now) or 0, design.cash(case)
        sale.reward = self.reward + target * self.reward_share // PPM
        design.start_sale(case, sale, least=self.least)
        return True

    def _rules(self, design: TakerContext, case: int, multiplier: int) -> ClipRules:
        """Of the price path, with what a part must leave in ticks times lots."""
        path = design.stages[design.stage(case)].price_path
        found: ClipRules = path.rules
        return found.leaving(multiplier)

    def take(self, design: TakerContext, case: int, account: int, size: int, limit: int) -> Reason:
        """Answer a TAKE of lots at ``limit`` ticks or better (0: any): ``NONE``, or why not."""
        sale = design.progress[case].sale
        assert sale is not None
        now = design.now
        at = sale.price.price_at(now)
        if at is None or not isinstance(sale.auction, ClipAuction):
            return Reason.NOT_ON_OFFER
        if limit and not good(at, limit, sale.side):
            return Reason.NOT_ON_OFFER
        if size < self.least and size < sale.lots:
            return Reason.LEAVES_DUST
        lots, after, refusal = self._bought(sale, size, at, now)
        if refusal:
            return REASONS.get(refusal, Reason.NOT_ON_OFFER)
        multiplier = design.multiplier(sale.holding)
        sign = 1 if sale.side == Side.BUY else -1
        cash = lots * at * multiplier
        reason = design.refusal_to_carry(account, sign * lots, sign * cash, holding=sale.holding)
        if reason != Reason.NONE:
            return reason
        design.take_over(case, account, lots, at, holding=sale.holding)
        self._after_take(design, case, sale, account, lots, cash, after)
        return Reason.NONE

    def _bought(self, sale: Sale, size: int, at: int, now: int) -> tuple[int, ClipAuction, Refusal]:
        auction = sale.auction
        assert isinstance(auction, ClipAuction)
        assert isinstance(sale.price, Falling)
        elapsed = sale.price.elapsed(now)
        took = auction.take(min(size, sale.lots), ANY, elapsed, level=self.breaker)
        if took.refusal:
            return 0, auction, took.refusal
        lots, after = took.bought, took.auction
        if sale.side == Side.BUY and took.paid > lots * at:
            # Whole lots are sold. The one that raises the target may bring more, which the owner
            # keeps; where a part must stay, what is short of a lot does too.
            if after.target == 0:
                lots = min(lots + 1, size, sale.lots)
            elif lots == 0:
                return 0, auction, Refusal.NO_PARTIAL
            else:
                after = ClipAuction(
                    after.rules, auction.lot - lots, auction.target - lots * at, after.top, 0
                )
        return lots, after, Refusal.NONE

    def _after_take(
        self,
        design: TakerContext,
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
        if after.ended or sale.lots == 0:
            self._end(design, case, sale, account)
        else:
            design.note_auction(case, sale.lots, sale.price.price_at(sale.opened) or 0)
            design.change_sale(case, size=sale.lots, least=min(self.least, sale.lots))

    def _end(self, design: TakerContext, case: int, sale: Sale, account: int) -> None:
        """An auction is over: the penalty, as far as it was raised, and the keeper's reward."""
        pay_penalty(design, case, sale)
        fund = design.fund
        reward = min(sale.reward, max(0, design.balance(fund)))
        if reward:
            design.pay(case, fund, account, reward)
        design.end_sale(case)

    def due(self, design: TakerContext, case: int, ts: int) -> None:
        """Do what the sale of a case asked for at this time, in ns.

        The auction starts again, if it may.
        """
        sale = design.progress[case].sale
        assert sale is not None
        stage = design.stages[design.stage(case)]
        timed_out = ts >= design.progress[case].entered + stage.patience
        assert isinstance(sale.auction, ClipAuction)
        assert isinstance(sale.price, Falling)
        mark = design.mark(sale.holding) or sale.price.feed
        done = sale.auction.redo(mark, sale.price.elapsed(ts), level=self.breaker)
        if done.refusal or timed_out:
            # Nobody may start it again, or it has had its time.
            design.end_sale(case)
            design.progress[case].auction_start = None
            return
        rules = sale.auction.rules
        price = replace(sale.price, top=done.auction.top, feed=mark, opened=ts, closes=ts)
        closes = price.time_after(rules.tail + 1)
        price = replace(price, closes=closes)
        sale.auction = done.auction._replace(started=0)
        sale.price, sale.closes, sale.opened = price, closes, ts
        sale.next = restart_time(rules, price)
        if done.reward:
            sale.reward += self.reward + sale.target * self.reward_share // PPM
        design.note_auction(case, sale.lots, price.price_at(ts) or 0)
        design.change_sale(case, price=price, closes=closes, opened=ts, reward=sale.reward)


def restart_time(rules: ClipRules, price: Falling) -> int:
    """When an auction that nobody ends must start again, in ns."""
    return price.time_after(_restart_after(rules, price.top))


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
