"""The stability pool: deposits that pay failed debts, and the spreading of what they cannot pay."""

from dataclasses import dataclass, field

from lob.checks import choice, integer, switch
from lob.liquidation.context import TakerContext
from lob.liquidation.formulas.liquity import (
    Payout,
    Split,
    StabilityPool,
    StabilityPoolV2,
    offset_v1,
    offset_v2,
)
from lob.liquidation.offers import OfferPrice
from lob.liquidation.parts.protocols import Takers
from lob.liquidation.takers.backstop import bring_in, open_account
from lob.types import MAX_SIZE, EntryKind
from lob.units import PPM, SECOND_NS

__all__ = ["Depositors", "Stability"]


@dataclass(slots=True)
class Depositors:
    """The stability pool's accounts: who deposited, what is left of it, and what it gained.

    Parameters
    ----------
    deposits
        Units of cash, one a depositor, whose accounts are opened with the pool.
    version
        1 or 2, of Liquity.
    kept
        Units that always stay in the pool, of version 2: 1 or more.
    holding
        The collateral: one pool, one holding.
    every
        ns within which what the pool does not pay is spread over the other borrowers.
    """

    deposits: tuple[int, ...] = ()
    version: int = 1
    kept: int = 0
    holding: int = 0
    every: int = SECOND_NS
    name: str = "stability pool"
    account: int | None = None
    spreading: int = 0
    """Account: failed positions that wait to be spread."""
    callers: int = 0
    """Account: what is paid to who starts a liquidation."""
    number: int = 0
    waiting: bool = False
    borrower: int | None = None
    """Account of another borrower, as far as the latest look knows."""
    owners: list[int] = field(default_factory=list)
    """Accounts of the depositors, in the order of ``deposits``."""
    pool: StabilityPool | StabilityPoolV2 = field(default_factory=StabilityPool)

    def __post_init__(self) -> None:
        choice("version", self.version, (1, 2))
        integer("kept", self.kept, self.version - 1)
        integer("every", self.every, 1)
        for i, amount in enumerate(self.deposits):
            integer(f"deposits[{i}]", amount, 1, MAX_SIZE)
        if self.version == 2:
            self.pool = StabilityPoolV2(kept=self.kept)

    def attach(self, design: TakerContext) -> None:
        """Open the pool's accounts and let its depositors pay in, once."""
        if self.account is not None:
            return
        integer("holding", self.holding, 0, len(design.holdings) - 1)
        self.account = open_account(design, self.name)
        self.spreading = open_account(design, f"{self.name}, to be spread")
        self.callers = open_account(design, f"{self.name}, who calls")
        self.number = design.add_facility(self)
        for i, amount in enumerate(self.deposits):
            owner = open_account(design, f"{self.name}, depositor {i + 1}")
            self.owners.append(owner)
            bring_in(design, owner, amount)
            self.deposit(design, owner, amount)

    def deposit(self, design: TakerContext, account: int, amount: int) -> Payout:
        """Let an account pay in; what it has gained so far comes out."""
        assert self.account is not None
        ledger, cash = design.clearing.ledger, design.clearing.cash_asset
        if design.balance(account) < amount:
            raise ValueError(f"amount must be at most the cash of account {account}, got {amount}")
        paid = self.pool.deposit(account, amount)
        ledger.transfer(cash, account, self.account, amount)
        ledger.transfer(self._asset(design), self.account, account, paid.collateral)
        return paid

    def withdraw(self, design: TakerContext, account: int, amount: int) -> Payout:
        """Let a depositor take out up to ``amount`` of what is left, and what he gained."""
        assert self.account is not None
        ledger, cash = design.clearing.ledger, design.clearing.cash_asset
        paid = self.pool.withdraw(account, amount)
        ledger.transfer(cash, self.account, account, paid.deposit)
        ledger.transfer(self._asset(design), self.account, account, paid.collateral)
        return paid

    def _asset(self, design: TakerContext) -> int:
        return design.clearing.ledger.asset(design.holdings[self.holding].name)

    def spread_soon(self, design: TakerContext) -> None:
        """Have failed positions that wait spread over other borrowers within ``every`` ns."""
        if not self.waiting:
            self.waiting = True
            design.call_back(self.number, design.now + self.every)

    def on_due(self, design: TakerContext, ts: int) -> None:
        """Spread what waits over the other borrowers; without any, the lenders have it."""
        self.waiting = False
        clearing = design.clearing
        if design.spread(self.spreading, self.holding):
            return
        for asset in (self._asset(design), clearing.cash_asset):
            amount = clearing.ledger.balance(self.spreading, asset)
            giver, taker = self.spreading, clearing.pool
            if amount < 0:
                giver, taker = taker, giver
            clearing.ledger.transfer(asset, giver, taker, abs(amount), kind=EntryKind.REDISTRIBUTED)


@dataclass(frozen=True)
class Stability(Takers):
    """Liquity: the pool pays the debt and gets the collateral, the rest is spread by stake.

    Only long positions with a debt in cash, in the pool's holding. A trove has one collateral: of
    an account that is long in others too, the debt counts that the pool's part of its value at the
    marks backs, rounded down; the rest stays for the next stages. One that is also short, or lacks
    a mark, is none of the pool's. What the pool cannot pay goes to
    the other borrowers in proportion to their lots, all that waits at once, within
    ``Depositors.every``; if there is nobody, the stage has no use for it.

    Parameters
    ----------
    pool_penalty, spread_penalty
        Ppm that version 2 may take beyond the debt; what is more is given back.
    gas_cap
        The most lots for who calls (version 2); ``None``: half a percent, whatever that is.
    spread
        Whether there is redistribution.
    """

    depositors: Depositors
    pool_penalty: int = 50_000
    spread_penalty: int = 100_000
    gas_cap: int | None = None
    spread: bool = True

    def __post_init__(self) -> None:
        integer("pool_penalty", self.pool_penalty, 0)
        integer("spread_penalty", self.spread_penalty, 0)
        if self.gas_cap is not None:
            integer("gas_cap", self.gas_cap, 0)
        switch("spread", self.spread)

    def attach(self, design: TakerContext) -> None:
        """Open the accounts that these takers need, once their design has a clearing."""
        self.depositors.attach(design)

    def split(self, design: TakerContext, case: int, lots: int, debt: int) -> Split:
        """How a position is settled: ``offset_v1`` or ``offset_v2`` of Liquity's formulas."""
        pool = self.depositors
        if pool.version == 1:
            return offset_v1(debt, lots, pool.pool.total)
        one = (design.mark(pool.holding) or 1) * design.multiplier(pool.holding)
        return offset_v2(
            debt,
            lots,
            pool.pool.total,
            price=one * PPM,
            pool_penalty=self.pool_penalty,
            spread_penalty=self.spread_penalty,
            kept=pool.kept,
            gas_cap=self.gas_cap,
            unit=PPM,
        )

    def _others(self, design: TakerContext, holding: int) -> bool:
        """Whether there is another borrower; who was one when last asked is asked first."""
        last = self.depositors.borrower
        if last is None or design.position(last, holding) <= 0 or design.balance(last) >= 0:
            found = [account for account, _, cash in design.opposing(holding, 1) if cash < 0]
            last = self.depositors.borrower = found[-1] if found else None
        return last is not None

    @staticmethod
    def backed(design: TakerContext, case: int, holding: int) -> int:
        """Units of an account's debt that one of its holdings backs; 0: it is not to be told."""
        debt, backs, total = -design.cash(case), 0, 0
        others = False
        for i in range(len(design.holdings)):
            held, mark = design.held(case, i), design.mark(i)
            if held < 0:
                return 0
            worth = 0 if mark is None else design.clearing.worth(i, held, mark)
            if held and i != holding:
                others = True
                if not worth:
                    return 0
            total += worth
            if i == holding:
                backs = worth
        if debt <= 0 or not others:
            return max(debt, 0)
        return debt * backs // total

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """Offer lots of a case to these takers at a price or better; whether any of it worked."""
        pool, debt = self.depositors, self.backed(design, case, holding)
        held = design.held(case, holding)
        if holding != pool.holding or held <= 0 or debt <= 0 or pool.account is None:
            return False
        split = self.split(design, case, held, debt)
        if split.spread_debt and not (self.spread and self._others(design, holding)):
            if not split.pool_debt:
                return False
            # Only what the pool pays.
            split = split._replace(spread_debt=0, spread_collateral=0)
        account = design.account_of(case)
        if split.pool_debt:
            pool.pool.offset(split.pool_debt, split.pool_collateral)
            design.pay(case, pool.account, account, split.pool_debt, EntryKind.TAKEOVER)
            design.give_lots(case, pool.account, split.pool_collateral, holding=holding)
        design.give_lots(case, pool.callers, split.gas, holding=holding)
        if split.spread_debt or split.spread_collateral:
            design.give_lots(case, pool.spreading, split.spread_collateral, holding=holding)
            design.pay(case, pool.spreading, account, split.spread_debt, EntryKind.REDISTRIBUTED)
            pool.spread_soon(design)
        return True
