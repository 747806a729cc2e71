"""The English auction: bids rise, then less is accepted for the best of them."""

from dataclasses import dataclass

from lob.checks import integer
from lob.liquidation.context import TakerContext
from lob.liquidation.formulas.maker import FlipAuction, FlipBid, Refusal
from lob.liquidation.offers import HighestBid, OfferPrice
from lob.liquidation.parts.price_paths import taker_side
from lob.liquidation.parts.protocols import Takers
from lob.liquidation.sale import Sale
from lob.liquidation.takers.penalty import pay_penalty
from lob.types import MAX_PRICE, MAX_SIZE, EntryKind, Reason, Side
from lob.units import HOUR_NS, PPM

__all__ = ["Bidding", "English", "escrow_of"]


@dataclass(slots=True)
class Escrow:
    """Where a design keeps what bidders have put up."""

    account: int = 0
    """Number in the ledger; 0: it is not open yet."""


def escrow_of(design: TakerContext) -> int:
    """The account that holds what bidders have put up, of one design."""
    return design.shared(Escrow).account


class Bidding(Takers):
    """Takers that need an account for what bidders put up."""

    def attach(self, design: TakerContext) -> None:
        """Open the accounts that these takers need, once their design has a clearing."""
        escrow = design.shared(Escrow)
        if not escrow.account:
            escrow.account = design.clearing.ledger.open_account(f"{design.clearing.name}: bids")


@dataclass(frozen=True)
class English(Bidding):
    """Bids rise to what is to be raised, then less and less is accepted for it (as in Maker 1.2).

    Of a long position the lots are sold for its debt: a BID for all lots at a price bids that much
    cash, up to the target; once that is bid, a BID for fewer lots that pays it takes those, and the
    rest is the owner's. A price of 0 bids one unit of cash. A bid is paid at once, and paid back by
    whoever beats it.

    Of a short position it is the other way round: the cash of the account is sold for its lots. A
    BID for some of the lots takes them over for all the cash, one for all lots takes them over for
    size times price. What is put up is the value of the lots at the mark, until the end.

    Parameters
    ----------
    improvement
        The least improvement as a factor, ppm: 1,050,000 is 5 %.
    bid_time, auction_time
        ns that a bid stands unless it is beaten, and that an auction lasts at most.
    """

    improvement: int = 1_050_000
    bid_time: int = 3 * HOUR_NS
    auction_time: int = 48 * HOUR_NS

    def __post_init__(self) -> None:
        integer("improvement", self.improvement, PPM)
        integer("bid_time", self.bid_time, 1)
        integer("auction_time", self.auction_time, 1)

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """Offer lots of a case to these takers at a price or better; whether any of it worked."""
        now, side = design.now, taker_side(design, case, holding)
        done, cash = design.progress[case].auction_start, design.cash(case)
        value = lots * (design.mark(holding) or 0) * design.multiplier(holding)
        target = (
            done.target if done is not None else (-cash if side == Side.BUY and cash < 0 else value)
        )
        lot, raises = (lots, target) if side == Side.BUY else (cash, lots)
        if lot <= 0 or raises <= 0:
            return False
        auction = FlipAuction.kick(
            lot,
            raises,
            now,
            beg=self.improvement,
            ttl=self.bid_time,
            tau=self.auction_time,
            unit=PPM,
        )
        sale = Sale(
            holding, side, lots, HighestBid(), now, now + self.auction_time, True, auction.end + 1
        )
        sale.auction, sale.target, sale.debt = (
            auction,
            target,
            done.debt if done is not None else target,
        )
        sale.multiplier = design.multiplier(holding)
        design.start_sale(case, sale, bids=True, least=1)
        return True

    def bid(self, design: TakerContext, case: int, account: int, size: int, price: int) -> Reason:
        """Answer a BID for lots of a case at a price in ticks: ``NONE``, or why it is refused."""
        sale = design.progress[case].sale
        assert sale is not None
        auction = sale.auction
        assert isinstance(auction, FlipAuction)
        now = design.now
        amount = price * size * sale.multiplier
        if sale.side == Side.BUY:
            done = self._for_lots(auction, account, size, amount, now)
        else:
            done = self._for_cash(auction, account, size, amount, now)
        if done.refusal:
            late = done.refusal in (Refusal.ALREADY_FINISHED, Refusal.ENDED)
            return Reason.NOT_ON_OFFER if late else Reason.BID_TOO_LOW
        reason = (
            self._pay(design, case, account, done)
            if sale.side == Side.BUY
            else self._put_up(design, case, account, sale, done)
        )
        if reason != Reason.NONE:
            return reason
        self._note(design, case, sale, done.auction)
        return Reason.NONE

    @staticmethod
    def _for_lots(auction: FlipAuction, bidder: int, size: int, amount: int, now: int) -> FlipBid:
        if size == auction.lot:
            return auction.tend(bidder, size, min(max(1, amount), auction.target), now)
        if size > auction.lot or amount < auction.target:
            return FlipBid(auction, refusal=Refusal.INSUFFICIENT_INCREASE)
        return auction.dent(bidder, size, auction.target, now)

    @staticmethod
    def _for_cash(auction: FlipAuction, bidder: int, size: int, amount: int, now: int) -> FlipBid:
        if size > auction.target or amount > auction.lot:
            return FlipBid(auction, refusal=Refusal.INSUFFICIENT_INCREASE)
        if auction.bid < auction.target:
            return auction.tend(bidder, auction.lot, size, now)
        return auction.dent(bidder, amount or auction.lot, size, now)

    def _pay(self, design: TakerContext, case: int, bidder: int, done: FlipBid) -> Reason:
        """The bidder pays the one outbid, and the account what he adds to it."""
        if len(done.payments) == 2:
            total = sum(payment.amount for payment in done.payments)
            reason = design.refusal_to_carry(bidder, 0, total)
            if reason:
                return reason
        reason = Reason.NONE
        for _, payee, amount in done.payments:
            to = design.account_of(case) if payee is None else payee
            reason = reason or design.put_up(case, bidder, to, amount)
        return reason

    def _put_up(
        self, design: TakerContext, case: int, bidder: int, sale: Sale, done: FlipBid
    ) -> Reason:
        """The bidder puts up the value of the lots; the one outbid gets his back."""
        mark = design.mark(sale.holding) or 1
        stake = done.auction.bid * mark * design.multiplier(sale.holding)
        if stake > MAX_SIZE:
            return Reason.INSUFFICIENT_MARGIN
        before = sale.auction.best_bidder if isinstance(sale.auction, FlipAuction) else None
        more = stake - (sale.stake if before == bidder else 0)
        reason = design.refusal_to_carry(bidder, 0, max(0, more))
        if reason == Reason.NONE:
            self._give_back(design, case, sale)
            design.pay(case, bidder, escrow_of(design), stake, EntryKind.BID)
            sale.stake = stake
        return reason

    @staticmethod
    def _give_back(design: TakerContext, case: int, sale: Sale) -> None:
        best_bidder = sale.auction.best_bidder if isinstance(sale.auction, FlipAuction) else None
        if best_bidder is not None and sale.stake:
            design.pay(case, escrow_of(design), best_bidder, sale.stake, EntryKind.BID)
        sale.stake = 0

    @staticmethod
    def _note(design: TakerContext, case: int, sale: Sale, after: FlipAuction) -> None:
        shrinks = sale.side == Side.BUY and after.lot != sale.lots
        sale.auction = after
        one = sale.multiplier
        if sale.side == Side.BUY:
            sale.lots, best = after.lot, after.bid // (after.lot * one)
        else:
            best = min(MAX_PRICE, after.lot // (after.bid * one))
        sale.price.price = best  # type: ignore[attr-defined]
        end = after.end
        if after.expiry is not None and after.expiry < end:
            end = after.expiry
        design.note_auction(case, sale.lots, best)
        if shrinks:
            design.change_sale(case, size=sale.lots, closes=end)
        elif design.listeners:
            design.change_sale(case, closes=end)
        sale.closes, sale.next = end, end + 1
        if sale.next < design.progress[case].look:
            design.look_at(case, sale.next)

    def due(self, design: TakerContext, case: int, ts: int) -> None:
        """Do what the sale of a case asked for at this time, in ns.

        The best bid wins; without one the auction runs again. Whoever fails while a bid of his at
        another auction stands may win that one, and have other lots then than those on offer: his
        own auction is off, its bid goes back, and what he has is offered anew.
        """
        progress = design.progress[case]
        sale = progress.sale
        assert sale is not None
        auction = sale.auction
        assert isinstance(auction, FlipAuction)
        best_bidder = auction.best_bidder
        if design.held(case, sale.holding) * (1 if sale.side == Side.BUY else -1) < sale.lots:
            self._call_off(design, case, sale, auction)
            return
        won = auction.deal(ts)
        if won.refusal:
            timed_out = ts >= progress.entered + design.stages[design.stage(case)].patience
            again = auction.tick(ts)
            if timed_out or again.refusal:
                design.end_sale(case)
                progress.auction_start = None
                return
            sale.auction, sale.next, sale.closes = (
                again.auction,
                again.auction.end + 1,
                (again.auction.end),
            )
            design.change_sale(case, closes=sale.closes)
            return
        assert best_bidder is not None
        self._hand_over(design, case, sale, best_bidder, auction)
        design.end_sale(case)
        progress.auction_start = None

    def _call_off(self, design: TakerContext, case: int, sale: Sale, auction: FlipAuction) -> None:
        """Give the best bid back, and be done with an auction of lots that are not there."""
        self._give_back(design, case, sale)
        if sale.side == Side.BUY and auction.best_bidder is not None:
            account = design.account_of(case)
            design.pay(case, account, auction.best_bidder, auction.bid, EntryKind.BID)
        design.end_sale(case)
        design.progress[case].auction_start = None

    def _hand_over(
        self, design: TakerContext, case: int, sale: Sale, best_bidder: int, auction: FlipAuction
    ) -> None:
        if sale.side == Side.BUY:
            sale.raised = auction.bid
            design.give_lots(case, best_bidder, auction.lot, holding=sale.holding, paid=auction.bid)
        else:
            self._give_back(design, case, sale)
            lots, cash = auction.bid, auction.lot
            design.give_lots(case, best_bidder, lots, holding=sale.holding, paid=-cash)
            design.pay(case, design.account_of(case), best_bidder, cash, EntryKind.BID)
        pay_penalty(design, case, sale)

    def withdraw(self, design: TakerContext, case: int) -> None:
        """Take back what a case has on offer or in the book, as its stage is done with it."""
        progress = design.progress.get(case)
        if progress is not None and progress.sale is not None:
            self._give_back(design, case, progress.sale)
        super().withdraw(design, case)
