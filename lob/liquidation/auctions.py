"""Takers that bid once: the uniform-price call, and the sealed bid for a right."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lob.auction import Uncross, uncross
from lob.checks import integer
from lob.liquidation.english import Bidding, escrow_of
from lob.liquidation.offers import OfferPrice, Sealed
from lob.liquidation.price_paths import bankruptcy_limit, taker_side
from lob.liquidation.sale import Sale
from lob.types import EntryKind, Reason, Side

if TYPE_CHECKING:
    from lob.liquidation.stages import Staged

__all__ = ["CallAuction", "SealedBids"]

NS_PER_SECOND = 1_000_000_000


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
        sale = Sale(holding, side, lots, Sealed(right=True), now, closes, True, closes)
        design.start_sale(case, sale, bids=True)
        return True

    def bid(self, design: "Staged", case: int, account: int, size: int, price: int) -> Reason:
        """See ``Takers``."""
        sale = design.progress[case].sale
        assert sale is not None
        amount = price * size * design.multiplier(sale.holding)
        if amount == 0 or amount >= 2**62:
            return Reason.BID_TOO_LOW if amount == 0 else Reason.INSUFFICIENT_MARGIN
        reason = design.put_up(case, account, escrow_of(design), amount)
        if not reason:
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
        sale = Sale(holding, side, lots, Sealed(), now, batch.closes, True, batch.closes)
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
        reason = design.put_up(case, account, design.memory["escrow"], amount)
        if not reason:
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
