"""Agents that trade with constant-product pools, or borrow against shares of them."""

from math import isqrt
from typing import Any

from agents.agent import Agent
from agents.leverage.funded import Funded, claims_of
from lob import Kind, Side, TimeInForce
from lob.checks import integer, ppm
from lob.clearing import Clearing, MarginAccount
from lob.unit_types import Cash, Lots, Nanoseconds, Ppm
from lob.units import PPM, SECOND_NS

__all__ = ["LPBorrower", "PoolArbitrageur", "best_swap"]


def best_swap(base: int, cash: int, fee: int, side: Side, price: int) -> int:
    """Units of base to trade with a pool until nothing more is gained against a price elsewhere.

    Buying ``d`` costs ``cash * d / (base - d) / (1 - fee)``; the last unit costs ``price`` where
    ``(base - d)**2 = base * cash / (price * (1 - fee))``. Selling ``d`` brings ``cash * d' / (base
    + d')`` with ``d' = d * (1 - fee)``; the last one brings ``price`` where ``(base + d')**2 = base
    * cash * (1 - fee) / price`` (Angeris, Chitra 2020). Rounded so that no unit is traded at a
    loss.

    Parameters
    ----------
    base, cash
        Reserves of the pool in units.
    fee
        Fee of the pool in ppm of what is paid in, below 1,000,000.
    side
        ``BUY``: from the pool, to sell elsewhere; ``SELL``: to the pool.
    price
        Units of cash for one unit of the base elsewhere, 1 or more.

    Returns
    -------
    int
        Units of the base; 0: nothing is gained.

    Raises
    ------
    TypeError, ValueError
        If a reserve or the price is below 1, or the fee is no such share.

    Examples
    --------
    >>> best_swap(1_000, 100_000, 0, Side.BUY, 400)
    500
    >>> best_swap(1_000, 100_000, 0, Side.SELL, 25)
    1000
    """
    integer("base", base, 1), integer("cash", cash, 1), integer("price", price, 1)
    kept = PPM - ppm("fee", fee, 0, PPM - 1)
    if side == Side.BUY:
        # base - d must not be below the root: the root rounds up.
        square = -(-base * cash * PPM // (price * kept))
        root = isqrt(square)
        return max(0, base - (root + (root * root < square)))
    root = isqrt(base * cash * kept // (price * PPM))
    return max(0, (root - base) * PPM // kept)


class PoolArbitrageur(Funded):
    """An arbitrageur between a pool and a book: it buys in the one and sells as much in the other.

    Level by level of the book it finds the largest swap that still gains against it
    (``best_swap``), swaps that, and trades the same lots in the book at once.

    Parameters
    ----------
    name
        Identity of the arbitrageur.
    pool
        Name of the pool.
    instrument
        Number of the book of the pool's base.
    least
        Units of cash that a trade must gain, 0 or more.
    most
        Largest number of lots of one trade, 1 or more.
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
        pool: str,
        instrument: int = 0,
        least: Cash = 1,
        most: Lots = 1_000_000,
        **funded: object,
    ) -> None:
        super().__init__(name, **funded)  # type: ignore[arg-type]
        self.pool = pool
        self.instrument = integer("instrument", instrument, 0)
        self.least = integer("least", least, 0)
        self.most = integer("most", most, 1)
        self.gained = 0
        self.trades = 0

    def look(self) -> None:
        """Look at pool and book: trade one way or the other, if that gains."""
        pool: Any = self.claims[self.pool]
        base, cash = pool.reserves
        if base < 1 or cash < 1:
            return
        for side in (Side.BUY, Side.SELL):
            lots = self.size(side, base, cash, pool.fee)
            if lots and self._gain(pool, side, lots) >= self.least:
                self._both(side, lots)
                return

    def size(self, side: Side, base: int, cash: int, fee: int) -> int:
        """Lots to trade with the pool: as many as gain against the book, level by level.

        ``base`` and ``cash`` are its reserves in units, ``fee`` ppm of what is paid in; ``side``
        ``BUY`` buys from the pool.
        """
        book = self.simulation.books[self.instrument]
        levels = book.bids(LEVELS) if side == Side.BUY else book.asks(LEVELS)
        unit = self.multiplier(self.instrument)
        there = best = 0
        for level in levels:
            price = int(level["price"]) * unit
            if price < 1:
                break
            wanted = best_swap(base, cash, fee, side, price)
            if wanted <= there:
                break
            there += int(level["size"])
            best = min(wanted, there)
            if wanted <= there:
                break
        return min(best, self.most, self._can(side, base, cash, fee))

    def _can(self, side: Side, base: int, cash: int, fee: int) -> int:
        """Lots that it can pay for: in the pool, or in the book."""
        money = self.balance(self.cash_asset)
        if side == Side.BUY:
            # cost(d) <= money, with the fee on what is paid in.
            net = money * (PPM - fee) // PPM
            return max(0, int(base * net // (cash + net)) - 1)
        return self.affordable(self.instrument, money, 2**40)

    def _gain(self, pool: Any, side: Side, lots: int) -> int:
        """Units of cash that a trade of so many lots gains, both sides counted."""
        found = pool.quote(side, lots)
        cost = self.simulation.books[self.instrument].cost(-side, lots)
        if found is None or cost.filled < lots:
            return -1
        through_book = int(cost.notional) * self.multiplier(self.instrument)
        return through_book - int(found) if side == Side.BUY else int(found) - through_book

    def _both(self, side: Side, lots: int) -> None:
        before = self.balance(self.cash_asset)
        one = self.simulation.instruments[self.instrument]
        held = self.balance(one.base or one.name)
        if side == Side.BUY:
            self.swap(self.pool, side, lots)
            self._book(Side.SELL, self.balance(one.base or one.name) - held)
        else:
            self._book(Side.BUY, lots)
            bought = self.balance(one.base or one.name) - held
            if bought:
                self.swap(self.pool, side, bought)
        self.gained += self.balance(self.cash_asset) - before
        self.trades += 1

    def _book(self, side: Side, lots: int) -> None:
        if lots > 0:
            self.submit(side, lots, instrument=self.instrument, time_in_force=TimeInForce.IOC)


LEVELS = 200
"""Of a book, how many are looked at."""


class LPBorrower(Agent):
    """A borrower against shares of a pool, to have more of them.

    Its account is a portfolio of the base and the shares. In each loop it buys base through the
    book on credit, and puts it with as much borrowed cash into the pool. Below its threshold it
    takes shares out again and sells the base.

    Parameters
    ----------
    name
        Identity of the borrower.
    pool
        Name of the pool.
    margin
        Cash units that it brings, 1 or more.
    clearing
        Number of a clearing whose holdings are the base, with a book, and the shares.
    base_holding
        Number of the base among the holdings.
    target
        Leverage in ppm, assets over equity, at which it stops, 1,000,000 or more.
    reduce_at
        Margin ratio in ppm (equity over maintenance margin) below which it takes a step back; 0:
        never.
    step
        1 to 1,000,000 ppm of its equity that a loop adds, or of its shares that a step back takes
        out.
    slippage
        0 to 1,000,000 ppm of the mark that a trade in the book may cost.
    interval
        ns between two steps, 1 or more.
    owner
        See ``Participant``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str,
        *,
        pool: str,
        margin: Cash,
        clearing: int = 0,
        base_holding: int = 0,
        target: Ppm = 2_000_000,
        reduce_at: Ppm = 1_200_000,
        step: Ppm = 250_000,
        slippage: Ppm = 10_000,
        interval: Nanoseconds = SECOND_NS,
        owner: int | None = None,
    ) -> None:
        super().__init__(name, owner=owner)
        self.pool = pool
        self.margin = integer("margin", margin, 1)
        self.clearing_number = integer("clearing", clearing, 0)
        self.base_holding = integer("base_holding", base_holding, 0)
        self.target = integer("target", target, PPM)
        self.reduce_at = integer("reduce_at", reduce_at, 0)
        self.step = ppm("step", step, 1)
        self.slippage = ppm("slippage", slippage)
        self.interval = integer("interval", interval, 1)
        self.account = 0

    def on_start(self) -> None:
        """Hook: the run begins; open the borrower's margin account."""
        rows = [[0] for _ in self.clearing.holdings]
        self.account = self.clearing.open(self.owner, [self.margin], rows, cross=True)
        self.simulation.venue.refresh()
        self.wake_in(self.interval)

    def on_wake(self) -> None:
        """Hook: take a loop, or a step back."""
        self.wake_in(self.interval)
        state = self.state
        holding = self.clearing.holdings[self.base_holding]
        if state.failed or holding.mark_price is None or not state.equity or state.equity <= 0:
            return
        need = state.maintenance_margin or 0
        if self.reduce_at and state.equity * PPM < need * self.reduce_at:
            self.back(state)
        elif (state.equity - state.cash) * PPM < state.equity * self.target:
            self.loop(state)

    @property
    def clearing(self) -> Clearing:
        """The ``Clearing`` where the borrower's account is."""
        return self.simulation.venue.clearings[self.clearing_number]

    @property
    def state(self) -> MarginAccount:
        """The borrower's ``MarginAccount``, as clearing sees it now."""
        return self.clearing.account(self.account)

    @property
    def shares(self) -> int:
        """Shares of the pool that the borrower has, in units."""
        return self.state.positions[self.pool]

    def loop(self, state: MarginAccount) -> None:
        """Take a loop: buy base for half a step, and put it with as much cash into the pool."""
        holding = self.clearing.holdings[self.base_holding]
        equity, mark = state.equity or 0, holding.mark_price or 1
        unit = self.simulation.instruments[holding.instrument].multiplier
        missing = equity * self.target // PPM - (equity - state.cash)
        worth = min(missing, equity * self.step // PPM) // 2
        lots = worth // (mark * unit) - state.positions[str(holding.name)]
        if lots > 0:
            self._trade(Side.BUY, lots)
        pool: Any = claims_of(self)[self.pool]
        base, _ = pool.reserves
        # Both parts of what a share costs round up: as many as the base is enough for.
        shares = self.state.positions[str(holding.name)] * pool.supply // max(1, base)
        if shares > 0:
            self.move_funds(Kind.MINT, shares, pool.number)

    def back(self, state: MarginAccount) -> None:
        """Take a step back: redeem a part of the shares, and sell the base that comes out."""
        pool: Any = claims_of(self)[self.pool]
        shares = -(-state.positions[self.pool] * self.step // PPM)
        if shares:
            self.move_funds(Kind.REDEEM, shares, pool.number)
        holding = self.clearing.holdings[self.base_holding]
        lots = self.state.positions[str(holding.name)]
        if lots > 0:
            self._trade(Side.SELL, lots)

    def _trade(self, side: Side, lots: int) -> None:
        holding = self.clearing.holdings[self.base_holding]
        part = self.slippage if side == Side.BUY else -self.slippage
        self.submit(
            side,
            lots,
            max(1, (holding.mark_price or 1) * (PPM + part) // PPM),
            instrument=holding.instrument,
            time_in_force=TimeInForce.IOC,
        )
