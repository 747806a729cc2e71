"""Facilities that a design owns: ledger accounts with capital, and what they take over for it."""

from collections import deque
from dataclasses import dataclass, field

from lob.allocation import pro_rata
from lob.checks import integer, ppm
from lob.liquidation.capital_rule import CapitalRule
from lob.liquidation.context import TakerContext
from lob.liquidation.formulas.arithmetic import ceil_div
from lob.liquidation.offers import OfferPrice
from lob.liquidation.parts.price_paths import bankruptcy_limit
from lob.liquidation.parts.protocols import Takers
from lob.types import MAX_SIZE, EntryKind, Session
from lob.units import PPM, SECOND_NS

__all__ = ["Backstop", "Vault", "bring_in", "open_account"]

LAST_OWNER = 2**31 - 1
LONGEST_WAIT = 1_024


@dataclass(slots=True)
class TradingAccounts:
    """How many accounts of a design have an owner number of their own."""

    opened: int = 0


def open_account(design: TakerContext, name: str, *, trades: bool = False) -> int:
    """Open an account of a design; one that trades gets an owner number, from the last down."""
    ledger = design.clearing.ledger
    full = f"{design.clearing.name}: {name}"
    owner = 0
    if trades:
        traders = design.shared(TradingAccounts)
        owner = LAST_OWNER - design.clearing.number * 1_000 - traders.opened
        traders.opened += 1
    return ledger.open_account(full, owner=owner)


def trades(design: TakerContext, holding: int) -> bool:
    """Whether the book of a holding trades continuously: no vault sells in a call."""
    return design.session(holding) == Session.CONTINUOUS


def bring_in(design: TakerContext, account: int, amount: int) -> None:
    """Let an account start with cash, from the outside world."""
    ledger = design.clearing.ledger
    ledger.transfer(design.clearing.cash_asset, 0, account, amount, kind=EntryKind.OPENING)


@dataclass(slots=True)
class Vault:
    """A backstop provider: takes failed positions over, and sells them through the book.

    Parameters
    ----------
    name
        Of its account, unique in the design.
    capital
        Units of cash that it starts with.
    margin
        Ppm of the value of all that it holds which its equity must cover, or it takes no more: the
        margin of a ``CapitalRule``; 0: it takes whatever comes, as long as it is solvent.
    unwind
        Ppm of what it holds that it sells by market order every ``every`` ns; 0: it holds. An order
        carries the tag of the liquidation that the lots came from, the oldest first.
    """

    name: str = "vault"
    capital: int = 0
    margin: int = 50_000
    unwind: int = 0
    every: int = SECOND_NS
    account: int | None = None
    number: int = 0
    waiting: bool = False
    idle: int = 1
    inventory: deque[list[int]] = field(default_factory=deque)
    """(tag, holding, lots) in the order in which they came."""

    def __post_init__(self) -> None:
        integer("capital", self.capital, 0, MAX_SIZE)
        ppm("margin", self.margin)
        ppm("unwind", self.unwind)
        integer("every", self.every, 1)

    def attach(self, design: TakerContext) -> None:
        """Open the vault's account in the ledger of a design and bring its capital in, once."""
        if self.account is None:
            self.account = open_account(design, self.name, trades=True)
            self.number = design.add_facility(self)
            bring_in(design, self.account, self.capital)

    def room(self, design: TakerContext) -> int:
        """Units of value, at the marks, that the vault may take over now."""
        assert self.account is not None
        equity, gross = design.balance(self.account), 0
        for holding in range(len(design.holdings)):
            units = design.position(self.account, holding)
            value = units * (design.mark(holding) or 0) * design.multiplier(holding)
            equity += value
            gross += abs(value)
        if equity <= 0:
            return 0
        return CapitalRule(self.margin).room(equity, gross) if self.margin else MAX_SIZE

    def got(self, design: TakerContext, tag: int, holding: int, lots: int) -> None:
        """Note signed lots that came to the vault, and begin to sell them if it does."""
        self.inventory.append([tag, holding, lots])
        self.idle = 1
        if self.unwind and not self.waiting:
            self.waiting = True
            design.call_back(self.number, design.now + self.every)

    def on_due(self, design: TakerContext, ts: int) -> None:
        """Sell a part of each holding of the vault, and come back for the rest."""
        assert self.account is not None
        self.waiting = False
        sold = False
        for holding in range(len(design.holdings)):
            held = abs(design.position(self.account, holding))
            part = ceil_div(held * self.unwind, PPM)
            while part > 0:
                done = self._sell(design, holding, part)
                if not done:
                    break
                part -= done
                sold = True
        if any(design.position(self.account, i) for i in range(len(design.holdings))):
            # Where the book has nothing, it waits for ever longer.
            closed = not any(
                design.position(self.account, i) and trades(design, i)
                for i in range(len(design.holdings))
            )
            self.idle = 1 if sold or closed else min(2 * self.idle, LONGEST_WAIT)
            self.waiting = True
            design.call_back(self.number, ts + self.every * self.idle)

    def _sell(self, design: TakerContext, holding: int, most: int) -> int:
        """Sell of the oldest lots; how many traded."""
        assert self.account is not None
        before = design.position(self.account, holding)
        side = 1 if before > 0 else -1
        if before == 0 or design.best_price(holding, side) is None or not trades(design, holding):
            return 0
        lot = next((row for row in self.inventory if row[1] == holding and row[2] * side > 0), None)
        tag, most = (lot[0], min(most, abs(lot[2]))) if lot else (0, most)
        design.sell_from(self.account, min(most, abs(before)), tag, holding=holding)
        done = abs(before - design.position(self.account, holding))
        if lot is not None:
            lot[2] -= side * done
            if not lot[2]:
                self.inventory.remove(lot)
        return done


@dataclass(frozen=True)
class Backstop(Takers):
    """Vaults take the position over, as far as they have room.

    Parameters
    ----------
    vaults
        One takes all that the account has, position and margin, if it has the room and the account
        is worth something (Hyperliquid: the maintenance margin is not given back). Several share
        the lots in proportion to their room, at the price (FTX: its zero price, which is the
        bankruptcy price: ``mark * (1 - margin fraction)``).
    split
        Whether lots are shared at the price even if there is one vault only.
    """

    vaults: tuple[Vault, ...]
    split: bool = False

    def __post_init__(self) -> None:
        if not self.vaults:
            raise ValueError("vaults must name at least one, got none")

    def attach(self, design: TakerContext) -> None:
        """Open the accounts that these takers need, once their design has a clearing."""
        for vault in self.vaults:
            vault.attach(design)

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """Offer lots of a case to these takers at a price or better; whether any of it worked."""
        if self.split or len(self.vaults) > 1:
            return self._share(design, case, holding, lots, price)
        vault, equity = self.vaults[0], design.equity(case)
        if equity is None or equity < 0:
            return False
        number = len(design.holdings)
        held = [design.held(case, i) for i in range(number)]
        value = sum(
            abs(held[i]) * (design.mark(i) or 0) * design.multiplier(i) for i in range(number)
        )
        if value > vault.room(design):
            return False
        assert vault.account is not None
        design.hand_over(case, vault.account)
        for i in range(number):
            if held[i]:
                vault.got(design, design.tag(case), i, held[i])
        return True

    def _share(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        mark = design.mark(holding)
        at = price.price_at(design.now)
        at = bankruptcy_limit(design, case, holding) if at is None else at
        one = (mark or at) * design.multiplier(holding)
        room = {i: vault.room(design) // one for i, vault in enumerate(self.vaults)}
        cash = {i: design.balance(vault.account or 0) for i, vault in enumerate(self.vaults)}
        sign = 1 if design.held(case, holding) > 0 else -1
        shares = pro_rata(room, min(lots, sum(room.values())), room, case=case, ties=cash)
        tag = design.tag(case)
        for i, part in sorted(shares.items()):
            if part:
                account = self.vaults[i].account
                assert account is not None
                design.take_over(case, account, part, at, holding=holding)
                self.vaults[i].got(design, tag, holding, sign * part)
        return any(shares.values())
