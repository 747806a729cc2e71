"""Takers that bid: the English auction, the uniform-price call, the sealed bid for a right."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lob.auction import Uncross, uncross
from lob.checks import integer
from lob.liquidation.maker import FlipAuction, FlipBid, Refusal
from lob.liquidation.offers import BestBid, OfferPrice
from lob.liquidation.parts import Takers
from lob.liquidation.price_paths import bankruptcy_limit, taker_side
from lob.liquidation.sale import Sale
from lob.liquidation.takers import pay_penalty
from lob.types import MAX_PRICE, EntryKind, Reason, Side

if TYPE_CHECKING:
    from lob.liquidation.stages import Staged

__all__ = ["CallAuction", "English", "SealedBids"]

NS_PER_SECOND = 1_000_000_000
PPM = 1_000_000


def escrow_of(design: "Staged") -> int:
    """The account that holds what bidders have put up, of one design."""
    found: int = design.memory["escrow"]
    return found


class Bidding(Takers):
    """Takers that need an account for what bidders put up."""

    def attach(self, design: "Staged") -> None:
        """See ``Takers``."""
        if "escrow" not in design.memory:
            name = f"{design.clearing.name}: bids"
            design.memory["escrow"] = design.clearing.ledger.open_account(name)


# --------------------------------------------------------------------------------------- English


@dataclass(frozen=True)
class English(Bidding):
    """Bids rise to the tab, then less and less of the lot is accepted for it (Maker 1.2's Flip).

    Of a long position the lots are sold for its debt: a BID for all lots at a price bids that much
    cash, up to the tab; once the tab is bid, a BID for fewer lots that pays it takes those, and the
    rest is the owner's. A price of 0 bids one unit of cash. A bid is paid at once, and paid back by
    whoever beats it.

    Of a short position it is the other way round: the cash of the account is sold for its lots. A
    BID for some of the lots takes them over for all the cash, one for all lots takes them over for
    size times price. What is put up is the value of the lots at the mark, until the end.

    Parameters
    ----------
    beg
        The least improvement as a factor, ppm: 1,050,000 is 5 %.
    ttl, tau
        ns that a bid stands unless it is beaten, and that an auction lasts at most.
    """

    beg: int = 1_050_000
    ttl: int = 3 * 3600 * NS_PER_SECOND
    tau: int = 48 * 3600 * NS_PER_SECOND

    def __post_init__(self) -> None:
        integer("beg", self.beg, PPM)
        integer("ttl", self.ttl, 1)
        integer("tau", self.tau, 1)

    def offer(
        self, design: "Staged", case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """See ``Takers``."""
        now, side = design.clearing.market.now, taker_side(design, case, holding)
        done, cash = design.progress[case].barked, design.cash(case)
        value = lots * (design.mark(holding) or 0) * design.multiplier(holding)
        tab = done.tab if done is not None else (-cash if side == Side.BUY and cash < 0 else value)
        lot, raises = (lots, tab) if side == Side.BUY else (cash, lots)
        if lot <= 0 or raises <= 0:
            return False
        auction = FlipAuction.kick(
            lot, raises, now, beg=self.beg, ttl=self.ttl, tau=self.tau, unit=PPM
        )
        sale = Sale(holding, side, lots, BestBid(), now, now + self.tau, True, auction.end + 1)
        sale.auction, sale.tab, sale.due = auction, tab, done.due if done is not None else tab
        design.start_sale(case, sale, bids=True, least=1)
        return True

    def bid(self, design: "Staged", case: int, account: int, size: int, price: int) -> Reason:
        """See ``Takers``."""
        sale = design.progress[case].sale
        assert sale is not None
        auction = sale.auction
        assert isinstance(auction, FlipAuction)
        now = design.clearing.market.now
        amount = price * size * design.multiplier(sale.holding)
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
            return auction.tend(bidder, size, min(max(1, amount), auction.tab), now)
        if size > auction.lot or amount < auction.tab:
            return FlipBid(auction, refusal=Refusal.INSUFFICIENT_INCREASE)
        return auction.dent(bidder, size, auction.tab, now)

    @staticmethod
    def _for_cash(auction: FlipAuction, bidder: int, size: int, amount: int, now: int) -> FlipBid:
        if size > auction.tab or amount > auction.lot:
            return FlipBid(auction, refusal=Refusal.INSUFFICIENT_INCREASE)
        if auction.bid < auction.tab:
            return auction.tend(bidder, auction.lot, size, now)
        return auction.dent(bidder, amount or auction.lot, size, now)

    def _pay(self, design: "Staged", case: int, bidder: int, done: FlipBid) -> Reason:
        """The bidder pays the one outbid, and the account what he adds to it."""
        total = sum(payment.amount for payment in done.payments)
        reason = design.refusal_to_carry(bidder, 0, total)
        if reason == Reason.NONE:
            account = design.account_of(case)
            for payment in done.payments:
                payee = account if payment.payee is None else payment.payee
                design.pay(case, bidder, payee, payment.amount, EntryKind.BID)
        return reason

    def _put_up(
        self, design: "Staged", case: int, bidder: int, sale: Sale, done: FlipBid
    ) -> Reason:
        """The bidder puts up the value of the lots; the one outbid gets his back."""
        mark = design.mark(sale.holding) or 1
        stake = done.auction.bid * mark * design.multiplier(sale.holding)
        before = sale.auction.guy if isinstance(sale.auction, FlipAuction) else None
        more = stake - (sale.stake if before == bidder else 0)
        reason = design.refusal_to_carry(bidder, 0, max(0, more))
        if reason == Reason.NONE:
            self._give_back(design, case, sale)
            design.pay(case, bidder, escrow_of(design), stake, EntryKind.BID)
            sale.stake = stake
        return reason

    @staticmethod
    def _give_back(design: "Staged", case: int, sale: Sale) -> None:
        guy = sale.auction.guy if isinstance(sale.auction, FlipAuction) else None
        if guy is not None and sale.stake:
            design.pay(case, escrow_of(design), guy, sale.stake, EntryKind.BID)
        sale.stake = 0

    @staticmethod
    def _note(design: "Staged", case: int, sale: Sale, after: FlipAuction) -> None:
        shrinks = sale.side == Side.BUY and after.lot != sale.lots
        sale.auction = after
        one = design.multiplier(sale.holding)
        if sale.side == Side.BUY:
            sale.lots, best = after.lot, after.bid // (after.lot * one)
        else:
            best = min(MAX_PRICE, after.lot // (after.bid * one))
        if isinstance(sale.price, BestBid):
            sale.price.price = best
        end = after.end if after.expiry is None else min(after.end, after.expiry)
        design.note_auction(case, sale.lots, best)
        if shrinks:
            design.change_sale(case, size=sale.lots, closes=end)
        elif design.listeners:
            design.change_sale(case, closes=end)
        sale.closes, sale.next = end, end + 1
        design.look_at(case, sale.next)

    def due(self, design: "Staged", case: int, ts: int) -> None:
        """See ``Takers``: the best bid wins; without one the auction runs again."""
        progress = design.progress[case]
        sale = progress.sale
        assert sale is not None
        auction = sale.auction
        assert isinstance(auction, FlipAuction)
        guy = auction.guy
        won = auction.deal(ts)
        if won.refusal:
            timed_out = ts >= progress.entered + design.stages[design.stage(case)].patience
            again = auction.tick(ts)
            if timed_out or again.refusal:
                design.end_sale(case)
                progress.barked = None
                return
            sale.auction, sale.next, sale.closes = (
                again.auction,
                again.auction.end + 1,
                (again.auction.end),
            )
            design.change_sale(case, closes=sale.closes)
            return
        assert guy is not None
        self._hand_over(design, case, sale, guy, auction)
        design.end_sale(case)
        progress.barked = None

    def _hand_over(
        self, design: "Staged", case: int, sale: Sale, guy: int, auction: FlipAuction
    ) -> None:
        if sale.side == Side.BUY:
            sale.raised = auction.bid
            design.give_lots(case, guy, auction.lot, holding=sale.holding, paid=auction.bid)
        else:
            self._give_back(design, case, sale)
            lots, cash = auction.bid, auction.lot
            design.give_lots(case, guy, lots, holding=sale.holding, paid=-cash)
            design.pay(case, design.account_of(case), guy, cash, EntryKind.BID)
        pay_penalty(design, case, sale)

    def withdraw(self, design: "Staged", case: int) -> None:
        """See ``Takers``."""
        progress = design.progress.get(case)
        if progress is not None and progress.sale is not None:
            self._give_back(design, case, progress.sale)
        super().withdraw(design, case)


# ------------------------------------------------------------------------------------ sealed bid


@dataclass(frozen=True)
class SealedBids(Bidding):
    """A sealed bid for the right to take what the next stages have on offer.

    A BID of ``size`` at ``price`` bids their product in cash, put up until the end; nobody sees it.
    The highest wins, the earlier of two equal ones, and pays what he bid, or the second bid. For
    ``exclusive`` ns only he may take. The stage must have a patience of ``window``.

    Parameters
    ----------
    window, exclusive
        ns.
    revenue
        Who gets what he pays: ``"fund"`` or ``"borrower"``.
    second_price
        Whether the winner pays the second highest bid (nothing, if there is none).
    """

    window: int = NS_PER_SECOND
    exclusive: int = NS_PER_SECOND
    revenue: str = "fund"
    second_price: bool = False

    def __post_init__(self) -> None:
        integer("window", self.window, 1)
        integer("exclusive", self.exclusive, 0)
        if self.revenue not in ("fund", "borrower"):
            raise ValueError(f"revenue must be fund or borrower, got {self.revenue!r}")

    def offer(
        self, design: "Staged", case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """See ``Takers``."""
        now = design.clearing.market.now
        side = taker_side(design, case, holding)
        closes = now + self.window
        design.memory["sealed", case] = []
        sale = Sale(holding, side, lots, BestBid(), now, closes, True, closes)
        design.start_sale(case, sale, bids=True)
        return True

    def bid(self, design: "Staged", case: int, account: int, size: int, price: int) -> Reason:
        """See ``Takers``."""
        sale = design.progress[case].sale
        assert sale is not None
        amount = price * size * design.multiplier(sale.holding)
        if amount == 0 or amount >= 2**62:
            return Reason.BID_TOO_LOW if amount == 0 else Reason.INSUFFICIENT_MARGIN
        reason = design.refusal_to_carry(account, 0, amount)
        if reason == Reason.NONE:
            design.pay(case, account, escrow_of(design), amount, EntryKind.BID)
            design.memory["sealed", case].append((account, amount))
        return reason

    def due(self, design: "Staged", case: int, ts: int) -> None:
        """See ``Takers``: who bid most pays, everybody else gets his bid back."""
        escrow = escrow_of(design)
        bids = design.memory.pop(("sealed", case))
        design.end_sale(case)
        if not bids:
            return
        best = max(range(len(bids)), key=lambda i: (bids[i][1], -i))
        winner, price = bids[best]
        if self.second_price:
            price = max((bid for i, (_, bid) in enumerate(bids) if i != best), default=0)
        for i, (account, amount) in enumerate(bids):
            back = amount - price if i == best else amount
            if back:
                design.pay(case, escrow, account, back, EntryKind.BID)
        fund, failed = design.clearing.fund, design.account_of(case)
        if price:
            design.pay(case, escrow, fund if self.revenue == "fund" else failed, price)
        design.memory["runner", case] = (winner, ts + self.exclusive)

    def withdraw(self, design: "Staged", case: int) -> None:
        """See ``Takers``."""
        for account, amount in design.memory.pop(("sealed", case), ()):
            design.pay(case, escrow_of(design), account, amount, EntryKind.BID)
        super().withdraw(design, case)


# ---------------------------------------------------------------------------------- call auction


@dataclass(slots=True)
class Batch:
    """One call: the failed positions of a side of a holding, and the bids for them."""

    leader: int
    """The case whose tag the offer has."""
    closes: int
    members: list[tuple[int, int, int]] = field(default_factory=list)
    """(case, lots, worst price)."""
    bids: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(account, price, lots, put up)."""


@dataclass(frozen=True)
class CallAuction(Bidding):
    """A uniform-price call of all positions that failed within a while, bounded by bankruptcy.

    Positions are offered at their price path's price (``AtBankruptcy``: none sells so low that it
    is bankrupt, as on Quedex), against BIDs and the depth that stands in the book. The price is
    ``lob.auction.uncross``'s; at it the best-priced bids come first, among equals the book's, then
    the earlier. Bidders pay the one price; orders of the book trade in the book, at their own
    prices, which are no worse. One offer stands for a whole call, with the tag of the first case.

    Parameters
    ----------
    every
        ns: how long a call collects.
    levels
        Prices of the book that count.
    """

    every: int = NS_PER_SECOND
    levels: int = 64

    def __post_init__(self) -> None:
        integer("every", self.every, 1)
        integer("levels", self.levels, 0)

    def offer(
        self, design: "Staged", case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """See ``Takers``."""
        now = design.clearing.market.now
        side = taker_side(design, case, holding)
        limit = price.price_at(now)
        if limit is None:
            limit = bankruptcy_limit(design, case, holding)
        key = ("call", design.stage(case), holding, side)
        batch = design.memory.get(key)
        if batch is None or batch.closes <= now:
            batch = design.memory[key] = Batch(case, now + self.every)
        batch.members.append((case, lots, limit))
        design.memory["batch", case] = batch
        sale = Sale(holding, side, lots, BestBid(), now, batch.closes, True, batch.closes)
        if batch.leader == case:
            design.start_sale(case, sale, bids=True)
        else:
            design.progress[case].sale = sale
            total = sum(size for _, size, _ in batch.members) if design.listeners else None
            if total is not None:
                design.open_offer(design.offers[design.tag(batch.leader)]._replace(size=total))
        return True

    def bid(self, design: "Staged", case: int, account: int, size: int, price: int) -> Reason:
        """See ``Takers``."""
        sale = design.progress[case].sale
        assert sale is not None
        batch = design.memory["batch", case]
        if price < 1:
            return Reason.BID_TOO_LOW
        amount = price * size * design.multiplier(sale.holding)
        if amount >= 2**62:
            return Reason.INSUFFICIENT_MARGIN
        reason = design.refusal_to_carry(account, 0, amount)
        if reason == Reason.NONE:
            design.pay(case, account, escrow_of(design), amount, EntryKind.BID)
            batch.bids.append((account, price, size, amount))
        return reason

    def due(self, design: "Staged", case: int, ts: int) -> None:
        """See ``Takers``: the first of a call to come due settles it all."""
        sale = design.progress[case].sale
        assert sale is not None
        batch = design.memory["batch", case]
        key = ("call", design.stage(case), sale.holding, sale.side)
        if design.memory.get(key) is batch:
            # Else a new call has begun at the very moment at which this one ends.
            del design.memory[key]
        found = self._uncross(design, batch, sale)
        # What was put up goes back first, and what is bought is paid out of it.
        self._refund(design, case, batch)
        if found is not None:
            self._settle(design, batch, sale, found)
        for member, _, _ in batch.members:
            del design.memory["batch", member]
            design.end_sale(member)

    def _depth(self, design: "Staged", sale: Sale) -> list[tuple[int, int]]:
        book = design.clearing.market.books[design.instrument(sale.holding)]
        rows = book.bids(self.levels) if sale.side == Side.BUY else book.asks(self.levels)
        return list(zip(rows["price"].tolist(), rows["size"].tolist(), strict=True))

    def _uncross(self, design: "Staged", batch: Batch, sale: Sale) -> Uncross | None:
        failed = [(limit, lots) for _, lots, limit in batch.members]
        others = self._depth(design, sale) if self.levels else []
        others += [(price, size) for _, price, size, _ in batch.bids]
        mark = design.mark(sale.holding)
        if sale.side == Side.BUY:
            return uncross(others, failed, mark)
        return uncross(failed, others, mark)

    def _settle(self, design: "Staged", batch: Batch, sale: Sale, found: Uncross) -> None:
        """Give the volume to the bidders and the book, best prices first."""
        sign = 1 if sale.side == Side.BUY else -1
        design.note_auction(batch.leader, found.volume, found.price)
        sellers = sorted(
            (row for row in batch.members if (row[2] - found.price) * sign <= 0),
            key=lambda row: (row[2] * sign, row[0]),
        )
        # Orders in the book stand before bids of the same price: -1 is the book.
        queue = [(-price * sign, -1, -1, size) for price, size in self._depth(design, sale)]
        queue = queue if self.levels else []
        queue += [
            (-price * sign, i, account, size)
            for i, (account, price, size, _) in enumerate(batch.bids)
        ]
        queue = sorted(row for row in queue if -row[0] >= found.price * sign)
        left = found.volume
        at = 0
        for member, lots, _ in sellers:
            lots = min(lots, left)
            left -= lots
            while lots and at < len(queue):
                rank, i, account, size = queue[at]
                part = min(lots, size)
                self._trade(design, member, sale, account, part, found.price)
                lots -= part
                queue[at] = (rank, i, account, size - part)
                at += size == part

    def _trade(
        self, design: "Staged", case: int, sale: Sale, account: int, lots: int, price: int
    ) -> None:
        lots = min(lots, abs(design.held(case, sale.holding)))
        if not lots:
            return
        if account < 0:
            design.sell(case, lots, price, holding=sale.holding)
        else:
            design.take_over(case, account, lots, price, holding=sale.holding)

    def _refund(self, design: "Staged", case: int, batch: Batch) -> None:
        for account, _, _, amount in batch.bids:
            design.pay(case, escrow_of(design), account, amount, EntryKind.BID)

    def withdraw(self, design: "Staged", case: int) -> None:
        """See ``Takers``. A call runs to its end: there is nothing to take back before."""
        design.end_sale(case)
