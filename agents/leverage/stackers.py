"""Agents that stack leverage: loops for yield, and lenders that pledge collateral again."""

from bisect import bisect_right
from collections.abc import Sequence

from agents.leverage.funded import claims_of
from agents.leverage.leveraged import Leveraged
from lob import Side, TimeInForce
from lob.checks import integer, ppm
from lob.clearing import Clearing
from lob.unit_types import Nanoseconds, Ppm
from lob.units import PPM

__all__ = ["RecursiveYieldBorrower", "RehypothecatingLender"]


def liquidation_threshold(clearing: Clearing, holding: int) -> int:
    """Liquidation threshold of a holding: ppm of its value that may be owed against a small one.

    ``holding`` is its number in the clearing.
    """
    return PPM - next(iter(clearing.holdings[holding].margin.maintenance(Side.BUY))).rate


class RecursiveYieldBorrower(Leveraged):
    """A borrower against a staked token that holds more of it while that earns more than it costs.

    With leverage ``L`` it earns ``L * yield - (L - 1) * rate`` on its equity, so another loop pays
    while the yield is above the rate; when it is not, the loop is unwound step by step.

    Parameters
    ----------
    name
        Identity of the borrower.
    yield_rate
        Ppm that a token earns in a period.
    borrow_rates
        Ppm that a loan costs in the same period: pairs of a time in ns and the rate from then on,
        the first at 0, times rising.
    least
        Ppm, 0 or more, that the yield must be above the rate for another loop; it unwinds once the
        yield is so much below.
    ltv
        0 to 1,000,000 ppm of its collateral that it borrows at most.
    target
        Leverage in ppm at which it stops, 1,000,000 or more.
    slippage
        0 to 1,000,000 ppm of the mark that a step may cost.
    **account
        As for ``Leveraged``.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, or ``borrow_rates`` do not rise in time from 0.
    """

    def __init__(
        self,
        name: str,
        *,
        yield_rate: Ppm,
        borrow_rates: Sequence[tuple[Nanoseconds, Ppm]],
        least: Ppm = 0,
        ltv: Ppm,
        target: Ppm,
        slippage: Ppm = 10_000,
        **account: object,
    ) -> None:
        super().__init__(name, **account)  # type: ignore[arg-type]
        self.yield_rate = integer("yield_rate", yield_rate)
        self.borrow_rates = [
            (integer("borrow_rates", ts, 0), integer("borrow_rates", rate))
            for ts, rate in borrow_rates
        ]
        times = [ts for ts, _ in self.borrow_rates]
        if not times or times[0] != 0 or sorted(set(times)) != times:
            raise ValueError(f"borrow_rates must begin at 0 and rise in time, got {times}")
        self.least = integer("least", least, 0)
        self.ltv = ppm("ltv", ltv)
        self.target = integer("target", target, PPM)
        self.slippage = ppm("slippage", slippage)

    @property
    def carry(self) -> int:
        """What one more unit on credit earns now, in ppm a period: yield less borrowing rate."""
        at = bisect_right(self.borrow_rates, (self.now, 2**62)) - 1
        return self.yield_rate - self.borrow_rates[at][1]

    def look(self) -> None:
        """Look at the rates: take another loop, or one back."""
        if self.carry > self.least:
            self._loop()
        elif self.carry < -self.least and self.state.cash < 0:
            self._unwind()

    def _loop(self) -> None:
        unit, state = self.lot_value, self.state
        collateral = self.held * unit
        # Down on both: never beyond its loan-to-value, nor its target.
        free = collateral * self.ltv // PPM + state.cash
        wanted = (state.equity or 0) * self.target // PPM - collateral
        lots = min(free, wanted) // (unit * (PPM + self.slippage) // PPM or 1)
        self._trade(Side.BUY, lots)

    def _unwind(self) -> None:
        unit, debt = self.lot_value, -self.state.cash
        threshold = liquidation_threshold(self.clearing, self.holding)
        # Free is what the debt does not need at the liquidation threshold; rounded down.
        free = self.held - -(-debt * PPM // (unit * max(1, threshold)))
        self._trade(Side.SELL, min(free, -(-debt // unit)))

    def _trade(self, side: Side, lots: int) -> None:
        if lots > 0:
            part = self.slippage if side == Side.BUY else -self.slippage
            self.submit(
                side,
                lots,
                max(1, (self.mark_price or 1) * (PPM + part) // PPM),
                instrument=self.instrument,
                time_in_force=TimeInForce.IOC,
            )


class RehypothecatingLender(Leveraged):
    """A lender that takes collateral for receipts, and pledges it again for loans of its own.

    The receipts are a claim whose issuer goes on counting what it has pledged (``Claim.pledge``).
    What it borrows leaves for uses outside: the receipts are whole only while it pays back.

    Parameters
    ----------
    name
        Identity of the lender.
    receipt
        Name of the claim, whose backing names cash too: what is owed on a pledge counts.
    asset
        Name of the asset entrusted to it, which its margin account holds.
    share
        0 to 1,000,000 ppm of what was entrusted to it that it pledges.
    ltv
        0 to 1,000,000 ppm of what it has pledged that it borrows.
    top_up
        Health factor in ppm, 0 or more, below which it pledges all that it has left.
    **account
        As for ``Leveraged``; ``margin`` is 0 if not given.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str,
        *,
        receipt: str,
        asset: str,
        share: Ppm = 500_000,
        ltv: Ppm = 500_000,
        top_up: Ppm = 1_100_000,
        **account: object,
    ) -> None:
        super().__init__(name, **{"margin": 0, **account})  # type: ignore[arg-type]
        self.receipt = receipt
        self.asset = asset
        self.share = ppm("share", share)
        self.ltv = ppm("ltv", ltv)
        self.top_up = integer("top_up", top_up, 0)

    def look(self) -> None:
        """Look at the pledges: pledge, borrow, or call back what need not be pledged."""
        claim = claims_of(self)[self.receipt]
        if not claim.issuer:
            return
        ledger = self.simulation.ledger
        at_hand = ledger.balance(claim.issuer, ledger.asset(self.asset))
        pledged = claim.pledged[self.asset]
        state = self.state
        threshold = liquidation_threshold(self.clearing, self.holding)
        weak = -state.cash * self.top_up > self.held * self.lot_value * threshold
        wanted = at_hand + pledged if weak else (at_hand + pledged) * self.share // PPM
        move = min(wanted - pledged, at_hand)
        if move > 0:
            claim.pledge(self.asset, self.account, move)
        elif move < 0 < self.held and pledged:
            claim.recall(self.asset, self.account, min(-move, pledged, self.held))
        self.simulation.venue.refresh()
        lend = self.held * self.lot_value * self.ltv // PPM + state.cash
        if lend > 0 and not weak:
            self.withdraw(lend, asset=ledger.asset("cash"))
