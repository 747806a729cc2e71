"""A keeper without capital: it takes only what it sells at once, at a profit, or does nothing."""

from typing import Any

from agents.keepers.bot import Bot
from agents.keepers.sellable_depth import depth_of
from agents.keepers.transactions import Transaction
from agents.keepers.valuation import Costs, Levels, Worth, limit_of, worth_taking
from lob import EntryKind, Side, TimeInForce
from lob.checks import integer
from lob.liquidation.offers import Offer
from lob.units import PPM

__all__ = ["FlashKeeper"]


class FlashKeeper(Bot):
    """A keeper without capital: it borrows, takes, sells and repays in one transaction.

    When its transaction is executed it walks the book as it is at that moment. If what it would
    take does not pay for itself any more the transaction reverts: its gas is gone and nothing else
    happened. Otherwise it gets what it needs from the world outside, takes, trades all of it in the
    book and gives back what it got: nothing can come in between. Its own cash is for gas.

    Parameters
    ----------
    name
        Identity of the keeper.
    capital
        Cash units that it brings for gas, 0 or more.
    min_profit_bps
        Least profit, 0 to 9,999 basis points of what it pays.
    flash_fee
        Fee of the loan, 0 to 99,999 ppm of it, paid to the lender, rounded up.
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
        capital: int = 0,
        min_profit_bps: int = 0,
        flash_fee: int = 0,
        **bot: Any,
    ) -> None:
        super().__init__(name, capital=capital, **bot)
        self.min_profit_bps = integer("min_profit_bps", min_profit_bps, 0, 9_999)
        self.flash_fee = integer("flash_fee", flash_fee, 0, 99_999)
        self.reverted = 0

    def hurdle(self) -> int:
        """The return that a take must bring: least profit and loan fee, in ppm of what is paid."""
        return min(PPM - 1, 100 * self.min_profit_bps + self.flash_fee)

    def best_part(self, offer: Offer, price: int, costs: Costs) -> Worth:
        """The most profitable part of an offer at a price in ticks: a ``Worth``."""
        levels = self.levels(offer)
        # Only what can be sold: nothing may be left.
        depth = depth_of(levels).total
        return worth_taking(
            offer.side,
            price,
            levels,
            size=offer.size,
            most=min(depth, offer.size),
            least=offer.least,
            costs=costs,
            reward=offer.reward,
        )

    def levels(self, offer: Offer) -> Levels:
        """The levels of the book into which the lots of an offer would be traded."""
        return self.depth(offer, 0, 1)

    def look(self, offer: Offer) -> None:
        """Look at an offer: send a transaction if that pays, or look again when it will."""
        if offer.bids or self.clearing_of(offer).cash_asset != self.cash_asset:
            return
        costs = self.costs_of(offer.instrument)
        if self.free() < costs.gas:
            return
        price = offer.price.price_at(self.now)
        if price is not None and price >= 1:
            found = self.best_part(offer, price, costs)
            if found.lots:
                self.transact(offer, found.lots, price, profit=found.gain + costs.gas, reserved=0)
                return
        limit = limit_of(
            offer.side,
            self.levels(offer),
            size=offer.size,
            most=offer.size,
            least=offer.least,
            costs=costs,
            reward=offer.reward,
        )
        self.sleep(offer, limit, price)

    def perform(self, transaction: Transaction) -> int:
        """Carry out a transaction: take and sell at the prices of now, or revert.

        Returns the signed lots that the keeper took; 0: it reverted.
        """
        offer = self.following.get(transaction.tag)
        price = None if offer is None else offer.price.price_at(self.now)
        if offer is None or price is None or price < 1:
            self.reverted += 1
            return 0
        # The gas of this one is spent already, whatever happens now.
        found = self.best_part(offer, price, self.costs_of(offer.instrument)._replace(gas=0))
        if not found.lots:
            self.reverted += 1
            return 0
        ledger, asset = self.simulation.ledger, self.asset_of(offer)
        before = ledger.balance(self.account, asset)
        loan = self.worth(offer, price, found.lots)
        fee = -(-loan * self.flash_fee // PPM)
        self.lend(ledger.WORLD, self.account, loan, offer.tag)
        self.take_offer(offer.tag, found.lots, price)
        got = ledger.balance(self.account, asset) - before
        if got:
            self.submit(
                Side.SELL if got > 0 else Side.BUY,
                abs(got),
                instrument=offer.instrument,
                time_in_force=TimeInForce.IOC,
                tag=offer.tag,
            )
        self.lend(self.account, ledger.WORLD, loan + (fee if got else 0), offer.tag)
        return got

    def lend(self, debit: int, credit: int, amount: int, tag: int) -> None:
        """Move a flash loan of ``amount`` cash units from one account to another.

        ``tag`` is that of the liquidation.
        """
        self.simulation.ledger.transfer(
            self.cash_asset, debit, credit, amount, kind=EntryKind.TRANSFER, tag=tag
        )
