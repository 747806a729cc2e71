"""Leverage vaults, and depositors who put money into them."""

from collections import deque
from fractions import Fraction
from typing import NamedTuple

from agents.leverage.funded import Funded, claims_of
from agents.leverage.leveraged import Leveraged
from lob import Side, TimeInForce
from lob.checks import integer, ppm, real
from lob.clearing import leverage
from lob.unit_types import Lots, Nanoseconds, Ppm
from lob.units import PPM

__all__ = ["LeverageVault", "Rebalance", "VaultDepositor"]


class Rebalance(NamedTuple):
    """One trade of a leverage vault back towards its target."""

    ts_event: int
    """Time of the trade in ns."""
    leverage: Fraction
    """Leverage before the trade, a number of times."""
    lots: int
    """Lots bought; negative: sold."""
    mark_price: int
    """Mark in ticks at the time of the trade."""
    cost: int
    """Slippage in units of cash: paid beyond the mark, or not received."""
    ripcord: bool
    """Whether the leverage was above the ripcord."""


class LeverageVault(Leveraged):
    """A margin account kept near one leverage, whose equity is shared out as claims.

    The rule is that of Index Coop's Flexible Leverage Index: once an epoch, or when the leverage
    leaves its bounds, it goes part of the way to the target (``lob.clearing.leverage.
    vault_leverage``) in trades of at most ``most`` lots; above the ripcord it acts at once, down to
    the upper bound, in larger ones.

    Parameters
    ----------
    name
        Identity of the vault.
    claim
        Name of its shares: a ``Claim`` whose issuer is this agent's owner number. ``None``: nobody
        has a share.
    shares
        Units of the claim that its first depositor gets for the equity it starts with, 1 or more.
    first_depositor
        Name of the account that gets these shares.
    target, low, high, ripcord
        Leverages in ppm, 1,000,000 or more: ``low <= target <= high <= ripcord``.
    speed
        1 to 1,000,000 ppm of the way to the target that a rebalance goes.
    epoch
        ns from one rebalance to the next, 1 or more, while the leverage is within its bounds.
    most, ripcord_most
        Largest number of lots of one trade, 1 or more: usually, and above the ripcord.
    slippage
        0 to 1,000,000 ppm of the mark that a trade may cost; what does not trade within it waits.
    **account
        As for ``Leveraged``.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, or only one of ``claim`` and ``first_depositor`` is
        given.
    """

    def __init__(
        self,
        name: str,
        *,
        claim: str | None = None,
        shares: int = 0,
        first_depositor: str | None = None,
        target: Ppm = 2_000_000,
        low: Ppm = 1_700_000,
        high: Ppm = 2_300_000,
        ripcord: Ppm = 2_700_000,
        speed: Ppm = 50_000,
        epoch: Nanoseconds = 60_000_000_000,
        most: Lots = 1_000,
        ripcord_most: Lots = 5_000,
        slippage: Ppm = 10_000,
        **account: object,
    ) -> None:
        super().__init__(name, **account)  # type: ignore[arg-type]
        if (claim is None) != (first_depositor is None):
            raise ValueError(
                f"claim and first_depositor must be given together, got {claim!r} and "
                f"{first_depositor!r}"
            )
        self.claim = claim
        self.shares = integer("shares", shares, 1 if claim else 0)
        self.first_depositor = first_depositor
        self.low = integer("low", low, PPM)
        self.high = integer("high", high, self.low)
        self.target = integer("target", target, self.low, self.high)
        self.ripcord = integer("ripcord", ripcord, self.high)
        self.speed = ppm("speed", speed, 1)
        self.epoch = integer("epoch", epoch, 1)
        self.most = integer("most", most, 1)
        self.ripcord_most = integer("ripcord_most", ripcord_most, 1)
        self.slippage = ppm("slippage", slippage)
        self.rebalanced_at: int | None = None
        self.goal: Fraction | None = None
        self.rebalances: list[Rebalance] = []

    def on_start(self) -> None:
        """Hook: the run begins; open the vault's account, give shares to the first depositor."""
        super().on_start()
        if self.claim is not None and self.first_depositor is not None:
            venue = self.simulation.venue
            claims_of(self)[self.claim].found(
                venue.ledger.account(self.first_depositor), self.shares
            )
            venue.refresh()

    def look(self) -> None:
        """Look at the leverage: trade towards the target, if it is time."""
        now = self.leverage()
        if now is None:
            return
        ripcord = now >= self.ripcord
        if ripcord:
            self.goal = Fraction(self.high)
        elif self.goal is None:
            outside = not self.low <= now <= self.high
            last = self.rebalanced_at
            if not outside and last is not None and self.now - last < self.epoch:
                return
            self.goal = leverage.vault_leverage(
                int(now), self.target, self.speed, self.low, self.high
            )
        self._trade(now, self.goal, ripcord)

    def leverage(self) -> Fraction | None:
        """The vault's leverage now in ppm; ``None``: it has no equity, or nothing."""
        state = self.state
        unit = self.lot_value
        if not unit or state.equity is None or state.equity <= 0:
            return None
        return leverage.token_leverage(state.cash, self.held, unit) * PPM

    def _trade(self, now: Fraction, goal: Fraction, ripcord: bool) -> None:
        unit, mark = self.lot_value, self.mark_price or 1
        cash, held = self.state.cash, self.held
        # Towards zero: it never goes beyond its goal.
        wanted = int(leverage.rebalance_units(cash, held, unit, int(goal)))
        most = self.ripcord_most if ripcord else self.most
        lots = max(-most, min(most, wanted))
        if lots:
            part = self.slippage if lots > 0 else -self.slippage
            self.submit(
                Side.BUY if lots > 0 else Side.SELL,
                abs(lots),
                max(1, mark * (PPM + part) // PPM),
                instrument=self.instrument,
                time_in_force=TimeInForce.IOC,
            )
        traded = self.held - held
        if traded:
            paid = cash - self.state.cash
            self.rebalances.append(
                Rebalance(self.now, now, traded, mark, paid - traded * unit, ripcord)
            )
        if traded == wanted:
            # There: the next one is an epoch from now.
            self.goal = None
            self.rebalanced_at = self.now

    @property
    def slippage_cost(self) -> int:
        """Units of cash that all rebalances of the vault so far cost beyond the mark."""
        return sum(one.cost for one in self.rebalances)


class VaultDepositor(Funded):
    """The depositors of a vault, as one: money follows past returns, and leaves under stress.

    At each look they want to move ``flow`` times the return of a share over ``lookback`` looks, as
    a part of what they have in shares, at most ``most`` of it. They leave in kind: they pay their
    part of the vault's debt and sell their part of what it holds through the book. They come in the
    same way.

    Parameters
    ----------
    name
        Identity of the depositors.
    vault
        Name of the vault's claim.
    instrument
        Number of the book of what the vault holds.
    flow
        Part of their shares moved for a return of one, 0 or more.
    lookback
        Looks over which the return is taken, 1 or more.
    most
        0 to 1,000,000 ppm of their shares that they move at one look.
    panic
        0 to 1,000,000 ppm below the highest value of a share seen at which they redeem ``most`` at
        every look; 0: never.
    slippage
        0 to 1,000,000 ppm of the middle of the book that their own trades may cost.
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
        vault: str,
        instrument: int = 0,
        flow: float = 1.0,
        lookback: int = 5,
        most: Ppm = 100_000,
        panic: Ppm = 0,
        slippage: Ppm = 50_000,
        **funded: object,
    ) -> None:
        super().__init__(name, **funded)  # type: ignore[arg-type]
        real("flow", flow, 0)
        self.vault = vault
        self.instrument = integer("instrument", instrument, 0)
        self.flow = flow
        self.most = ppm("most", most)
        self.panic = ppm("panic", panic)
        self.slippage = ppm("slippage", slippage)
        self.seen: deque[Fraction] = deque(maxlen=integer("lookback", lookback, 1) + 1)
        self.highest = Fraction(0)

    def look(self) -> None:
        """Look at the vault: move money in or out."""
        self.sell_rest()
        value = self.value_of(self.vault)
        if value is None or value <= 0:
            return
        self.seen.append(value)
        self.highest = max(self.highest, value)
        held = self.balance(self.vault)
        most = held * self.most // PPM
        if self.panic and value * PPM < self.highest * (PPM - self.panic):
            move = -most
        elif len(self.seen) < (self.seen.maxlen or 0):
            return
        else:
            wanted = self.flow * float(value / self.seen[0] - 1) * held
            move = max(-most, min(most, int(wanted)))
        if move < 0:
            self.leave(-move)
        elif move > 0:
            self.come(move)

    def leave(self, shares: int) -> None:
        """Redeem at most ``shares`` units, as their debt can be paid; sell what comes out."""
        claim = self.claims[self.vault]
        owed = -min(0, claim.held()[self.cash_asset])
        if owed and claim.supply:
            # Its part of the debt, rounded up, must not be more than its cash.
            shares = min(shares, max(0, self.balance(self.cash_asset) - 1) * claim.supply // owed)
        if shares:
            self.redeem(self.vault, shares)
            self.sell_rest()

    def come(self, shares: int) -> None:
        """Mint ``shares`` new units of the vault: buy what they cost in kind, and pay with it."""
        claim = self.claims[self.vault]
        one = self.simulation.instruments[self.instrument]
        asset = one.base or one.name
        lots = -(-claim.held().get(asset, 0) * shares // max(1, claim.supply))
        missing = lots - self.balance(asset)
        if missing > 0:
            limit = self._limit(PPM + self.slippage)
            if limit is None:
                return
            self.buy_for(self.instrument, self.balance(self.cash_asset), limit, missing)
        if self.balance(asset) >= lots:
            self.mint(self.vault, shares)

    def sell_rest(self) -> None:
        """Sell what the depositors have of the vault's asset."""
        one = self.simulation.instruments[self.instrument]
        limit = self._limit(PPM - self.slippage)
        if limit is not None:
            self.sell_at(self.instrument, self.balance(one.base or one.name), limit)

    def _limit(self, ppm: int) -> int | None:
        bid, ask = self.best_bid(self.instrument), self.best_ask(self.instrument)
        if bid is None or ask is None:
            return None
        return max(1, (bid + ask) * ppm // (2 * PPM))
