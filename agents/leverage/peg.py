"""Arbitrage between a staked token's market and what it is redeemed for, through its queue."""

from agents.leverage.funded import LEVELS, Funded
from lob import EntryKind
from lob.checks import integer, ppm
from lob.unit_types import Lots, Nanoseconds, Ppm
from lob.units import PPM, SECOND_NS

__all__ = ["DepegArbitrageur"]


class DepegArbitrageur(Funded):
    """An arbitrageur that buys a staked token below its redemption value and redeems it in a queue.

    It pays at most what it will get, less what its money costs until then and what it wants to
    earn: the longer the queue, the deeper the discount it asks for.

    Parameters
    ----------
    name
        Identity of the arbitrageur.
    claim
        Name of the staked token.
    instrument
        Number of the book in which it is traded.
    funding
        Cost of the money in use, in ppm of it for each ``period``, 0 or more.
    period
        ns to which ``funding`` refers, 1 or more.
    profit
        0 to 1,000,000 ppm of the redemption value that it wants to earn beyond that.
    most
        Lots that it buys at one look, 1 or more.
    base_instrument
        Number of the book in which it sells what it gets, beyond what it began with; ``None``: it
        gets cash.
    mint_above
        Ppm above the redemption value, 0 or more, at which it mints and sells, as far as it has
        what a token costs in kind; ``None``: never.
    **funded
        As for ``Funded``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str,
        *,
        claim: str,
        instrument: int = 0,
        funding: Ppm = 0,
        period: Nanoseconds = SECOND_NS,
        profit: Ppm = 0,
        most: Lots = 10_000,
        base_instrument: int | None = None,
        mint_above: Ppm | None = None,
        **funded: object,
    ) -> None:
        super().__init__(name, **funded)  # type: ignore[arg-type]
        self.staked = claim
        self.instrument = integer("instrument", instrument, 0)
        self.funding = integer("funding", funding, 0)
        self.period = integer("period", period, 1)
        self.profit = ppm("profit", profit)
        self.most = integer("most", most, 1)
        self.base_instrument = (
            None if base_instrument is None else integer("base_instrument", base_instrument, 0)
        )
        self.mint_above = None if mint_above is None else integer("mint_above", mint_above, 0)
        self.minted = 0
        self.capital = 0
        self.funding_paid = 0
        self.paid_until = 0
        self.bought = 0
        self.redeemed = 0

    def on_start(self) -> None:
        """Hook: the run begins; open the arbitrageur's account."""
        super().on_start()
        self.capital = self.balance(self.cash_asset)
        self.paid_until = self.now

    def look(self) -> None:
        """Look at the market: pay for the money in use, buy what is cheap, and queue it."""
        self.pay_funding()
        if self.base_instrument is not None:
            bid = self.best_bid(self.base_instrument)
            one = self.simulation.instruments[self.base_instrument]
            if bid is not None:
                asset = one.base or one.name
                lots = max(0, self.balance(asset) - self.funds.get(asset, 0))
                self.sell_at(self.base_instrument, lots, max(1, bid * 99 // 100))
        self.mint_what_is_dear()
        limit = self.highest_price()
        ask = self.best_ask(self.instrument)
        if limit is not None and ask is not None and ask <= limit:
            money = self.balance(self.cash_asset)
            self.bought += self.buy_for(self.instrument, money, limit, self.most)
        held = self.balance(self.staked)
        if held:
            self.redeem(self.staked, held)
            self.redeemed += held - self.balance(self.staked)

    def mint_what_is_dear(self) -> None:
        """Mint new tokens, and sell them where more is bid than they cost."""
        value = self.value_of(self.staked)
        if value is None or self.mint_above is None:
            return
        # Up: never below what is asked for.
        floor = value * (PPM + self.mint_above) / (PPM * self.multiplier(self.instrument))
        limit = -int(-floor // 1)
        there = 0
        for level in self.simulation.books[self.instrument].bids(LEVELS):
            if int(level["price"]) < limit:
                break
            there += int(level["size"])
        claim = self.claims[self.staked]
        # One unit less of each: what a token costs in kind rounds up.
        costs = [
            max(0, self.balance(asset) - 1) * claim.supply // held
            for asset, held in claim.held().items()
            if held > 0
        ]
        lots = min([there, self.most, *costs])
        if lots:
            self.mint(self.staked, lots)
            self.minted += lots
            self.sell_at(self.instrument, self.balance(self.staked), limit)

    def wait(self) -> int:
        """Ns until a redemption that is asked for now is paid, as the queue stands."""
        claim = self.claims[self.staked]
        ahead = sum(units for _, _, units in claim.queue) + self.most
        periods = -(-ahead // claim.rate) if claim.rate else 0
        return int(max(claim.delay, periods * claim.period))

    def highest_price(self) -> int | None:
        """The highest price in ticks that the arbitrageur pays for a token, rounded down.

        ``None``: the token's value is not known.
        """
        value = self.value_of(self.staked)
        if value is None:
            return None
        cost = value * self.funding * self.wait() / (PPM * self.period)
        worth = value - cost - value * self.profit / PPM
        ticks = int(worth // self.multiplier(self.instrument))
        return ticks if ticks >= 1 else None

    def pay_funding(self) -> None:
        """Pay to the outside world what the capital that is not cash now costs, rounded up."""
        ledger = self.simulation.ledger
        used = max(0, self.capital - self.funding_paid - self.balance(self.cash_asset))
        owed = -(-used * self.funding * (self.now - self.paid_until) // (PPM * self.period))
        owed = min(owed, self.balance(self.cash_asset))
        self.paid_until = self.now
        if owed > 0:
            ledger.transfer(
                ledger.asset(self.cash_asset), self.account, ledger.WORLD, owed,
                kind=EntryKind.INTEREST,
            )  # fmt: skip
            self.funding_paid += owed
