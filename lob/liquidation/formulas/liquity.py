"""Liquity's stability pool and redistribution: failed debts are cancelled against deposits.

The pool pays a failed debt with its deposits and takes the collateral. It keeps one product (what a
deposit has shrunk to) and one sum (collateral for a unit deposited), so that a liquidation costs
the same however many depositors there are. What the pool cannot pay is spread over the other
borrowers by stake. Sources: liquity/dev (v1) and liquity/bold (v2), StabilityPool.sol and
TroveManager.sol.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from lob.checks import natural
from lob.liquidation.formulas.arithmetic import WAD

__all__ = [
    "Payout",
    "Redistribution",
    "Split",
    "StabilityPool",
    "StabilityPoolV2",
    "gas_compensation",
    "offset_v1",
    "offset_v2",
]

SCALE = 10**9
MAX_SCALES_V2 = 8
GAIN_SPAN_V2 = 2


class Split(NamedTuple):
    """How a failed position is settled."""

    pool_debt: int
    """Debt that the pool pays."""
    pool_collateral: int
    spread_debt: int
    """Debt that is spread over the other borrowers."""
    spread_collateral: int
    gas: int = 0
    """Collateral to whoever called for the liquidation."""
    surplus: int = 0
    """Collateral back to the owner."""


def gas_compensation(collateral: int, cap: int | None = None) -> int:
    """Half a percent of the collateral, rounded down; v2 caps it, at 2 ether for ether."""
    share = collateral // 200
    return share if cap is None else min(share, cap)


def offset_v1(debt: int, collateral: int, pool: int) -> Split:
    """Liquity v1: the pool pays what it can, and gets collateral in proportion, rounded down.

    Half a percent goes to who called; nothing is left to the owner (in recovery mode the protocol
    caps what is taken: not here).
    """
    natural("debt", debt, 1)
    gas = gas_compensation(collateral)
    left = collateral - gas
    paid = min(debt, natural("pool", pool))
    taken = left * paid // debt
    return Split(paid, taken, debt - paid, left - taken, gas)


def offset_v2(
    debt: int,
    collateral: int,
    pool: int,
    *,
    price: int,
    pool_penalty: int,
    spread_penalty: int,
    kept: int = WAD,
    gas_cap: int | None = 2 * WAD,
    unit: int = WAD,
) -> Split:
    """Liquity v2: as v1, but no more is taken than the debt and a penalty; the rest is returned.

    Parameters
    ----------
    pool
        Deposits; ``kept`` of them always stay.
    price
        Debt for one unit of collateral, times ``unit``.
    pool_penalty, spread_penalty
        Shares of ``unit``: 5 % and 10 to 20 %.

    Returns
    -------
    Split
        Half a percent of the pool's part goes to who called. The most that may be taken is rounded
        down. What the pool leaves may still be taken by the second penalty.
    """
    natural("debt", debt, 1)
    paid = min(debt, max(0, natural("pool", pool) - kept))
    part = collateral * paid // debt
    gas = gas_compensation(part, gas_cap)
    taken = min(part - gas, paid * (unit + pool_penalty) // price)
    surplus = part - gas - taken
    spread = 0
    if debt > paid and collateral > part:
        left = collateral - part + surplus
        spread = min(left, (debt - paid) * (unit + spread_penalty) // price)
        surplus = left - spread
    return Split(paid, taken, debt - paid, spread, gas, surplus)


# -------------------------------------------------------------------------------------- pools


class Payout(NamedTuple):
    """What leaves the pool for a depositor."""

    deposit: int
    """Debt tokens that leave the pool."""
    collateral: int


@dataclass(slots=True)
class _Deposit:
    amount: int
    product: int
    sum: int
    scale: int
    epoch: int


@dataclass(slots=True)
class StabilityPool:
    """Liquity v1's pool: product P, sums S by epoch and scale, errors carried forward.

    When P would fall below 1e9 it is scaled up by 1e9 (a new scale); when the pool is emptied a new
    epoch starts at P = 1e18.

    The contract carries the error of each loss to the next one, but not what the next one takes of
    it: deposits can add up to a few 1e-18 of the largest pool too much, which is a large share of a
    pool that is nearly empty. Here no more is paid than there is. Two more edges at which the
    contract stops: one offset may pass two scales (GHSA-m9f3-hrx8-x2g3), and a debt smaller than
    the error carried costs nothing.
    """

    total: int = 0
    """Debt tokens deposited, after offsets."""
    collateral: int = 0
    """Collateral that depositors can claim."""
    product: int = WAD
    scale: int = 0
    epoch: int = 0
    _sums: dict[tuple[int, int], int] = field(default_factory=dict)
    _deposits: dict[int, _Deposit] = field(default_factory=dict)
    _collateral_error: int = 0
    _loss_error: int = 0

    def deposit(self, owner: int, amount: int) -> Payout:
        """Add to a deposit; the collateral gained so far is paid out."""
        natural("amount", amount, 1)
        paid = self._settle(owner, self.compounded(owner) + amount)
        self.total += amount
        return Payout(0, paid)

    def withdraw(self, owner: int, amount: int) -> Payout:
        """Take out up to ``amount`` of what is left of a deposit, and the collateral gained."""
        left = self.compounded(owner)
        amount = min(natural("amount", amount), left)
        paid = self._settle(owner, left - amount)
        self.total -= amount
        return Payout(amount, paid)

    def compounded(self, owner: int) -> int:
        """What is left of a deposit, rounded down; less than a billionth of it is nothing."""
        d = self._deposits.get(owner)
        if d is None or d.epoch < self.epoch or self.scale - d.scale > 1:
            return 0
        left = d.amount * self.product // d.product
        if self.scale > d.scale:
            left //= SCALE
        return min(left, self.total) if left >= d.amount // SCALE else 0

    def gains(self, owner: int) -> int:
        """Collateral that a deposit has gained, rounded down."""
        d = self._deposits.get(owner)
        if d is None:
            return 0
        first = self._sums.get((d.epoch, d.scale), 0) - d.sum
        second = self._sums.get((d.epoch, d.scale + 1), 0) // SCALE
        return min(d.amount * (first + second) // d.product // WAD, self.collateral)

    def offset(self, debt: int, collateral: int) -> None:
        """Pay a debt with the deposits, for collateral; the debt is at most the pool."""
        natural("collateral", collateral)
        if not 0 <= debt <= self.total:
            raise ValueError(f"debt must be 0 to the pool's {self.total}, got {debt}")
        if debt == 0:
            return
        above = collateral * WAD + self._collateral_error
        gain, self._collateral_error = divmod(above, self.total)
        key = (self.epoch, self.scale)
        self._sums[key] = self._sums.get(key, 0) + gain * self.product
        self._shrink(debt)
        self.total -= debt
        self.collateral += collateral

    def _shrink(self, debt: int) -> None:
        if debt == self.total:
            self._loss_error = 0
            self.epoch, self.scale, self.product = self.epoch + 1, 0, WAD
            return
        # The loss is rounded up, and what that was too much is taken off the next one.
        above = debt * WAD - self._loss_error
        loss = max(0, above // self.total + 1)
        self._loss_error = loss * self.total - above
        product = self.product * (WAD - loss)
        if product == 0:
            self.epoch, self.scale, self.product = self.epoch + 1, 0, WAD
            return
        while product // WAD < SCALE:
            product *= SCALE
            self.scale += 1
        self.product = product // WAD

    def _settle(self, owner: int, left: int) -> int:
        paid = self.gains(owner)
        self.collateral -= paid
        if left:
            start = self._sums.get((self.epoch, self.scale), 0)
            self._deposits[owner] = _Deposit(left, self.product, start, self.scale, self.epoch)
        else:
            self._deposits.pop(owner, None)
        return paid

    def check(self) -> None:
        """Raise ``AssertionError`` if the state is not a possible one."""
        assert self.total >= 0
        assert self.collateral >= 0
        assert SCALE <= self.product <= WAD
        assert all(d.epoch <= self.epoch for d in self._deposits.values())


@dataclass(slots=True)
class StabilityPoolV2:
    """Liquity v2's pool: no epochs, as it is never emptied; P is kept at 36 digits.

    Below 1e27 P is scaled up by 1e9, as often as it takes; gains look two scales ahead.
    """

    total: int = 0
    collateral: int = 0
    product: int = WAD * WAD
    scale: int = 0
    kept: int = WAD
    """Debt tokens that always stay in the pool: 1 or more, or the product would be 0."""
    _sums: dict[int, int] = field(default_factory=dict)
    _deposits: dict[int, _Deposit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        natural("kept", self.kept, 1)

    def deposit(self, owner: int, amount: int) -> Payout:
        """Add to a deposit; the collateral gained so far is paid out."""
        natural("amount", amount, 1)
        paid = self._settle(owner, self.compounded(owner) + amount)
        self.total += amount
        return Payout(0, paid)

    def withdraw(self, owner: int, amount: int) -> Payout:
        """Take out up to ``amount``, but never what the pool has to keep."""
        left = self.compounded(owner)
        amount = min(natural("amount", amount), left, max(0, self.total - self.kept))
        paid = self._settle(owner, left - amount)
        self.total -= amount
        return Payout(amount, paid)

    def compounded(self, owner: int) -> int:
        """What is left of a deposit, rounded down."""
        d = self._deposits.get(owner)
        if d is None or self.scale - d.scale > MAX_SCALES_V2:
            return 0
        passed: int = SCALE ** (self.scale - d.scale)
        return d.amount * self.product // d.product // passed

    def gains(self, owner: int) -> int:
        """Collateral that a deposit has gained, rounded down."""
        d = self._deposits.get(owner)
        if d is None:
            return 0
        gained = self._sums.get(d.scale, 0) - d.sum
        for ahead in range(1, GAIN_SPAN_V2 + 1):
            gained += self._sums.get(d.scale + ahead, 0) // SCALE**ahead
        return min(d.amount * gained // d.product, self.collateral)

    def offset(self, debt: int, collateral: int) -> None:
        """Pay a debt with the deposits, for collateral; ``kept`` must be left."""
        natural("collateral", collateral)
        most = max(0, self.total - self.kept)
        if not 0 <= debt <= most:
            raise ValueError(f"debt must be 0 to {most}, got {debt}")
        if debt == 0:
            return
        gain = self.product * collateral // self.total
        self._sums[self.scale] = self._sums.get(self.scale, 0) + gain
        above = self.product * (self.total - debt)
        product = above // self.total
        while product < WAD * WAD // SCALE:
            above *= SCALE
            product = above // self.total
            self.scale += 1
        self.product = product
        self.total -= debt
        self.collateral += collateral

    def _settle(self, owner: int, left: int) -> int:
        paid = self.gains(owner)
        self.collateral -= paid
        if left:
            start = self._sums.get(self.scale, 0)
            self._deposits[owner] = _Deposit(left, self.product, start, self.scale, 0)
        else:
            self._deposits.pop(owner, None)
        return paid

    def check(self) -> None:
        """Raise ``AssertionError`` if depositors could claim more than there is."""
        assert sum(map(self.compounded, self._deposits)) <= self.total
        assert sum(map(self.gains, self._deposits)) <= self.collateral
        assert self.product > 0


# ----------------------------------------------------------------------------- redistribution


@dataclass(slots=True)
class _Trove:
    collateral: int
    debt: int
    stake: int
    collateral_seen: int
    debt_seen: int


@dataclass(slots=True)
class Redistribution:
    """Debts and collateral of borrowers, and the shares in failed ones, by stake.

    A stake is the collateral brought in, measured in what a unit of stake held after the last
    liquidation: who comes later has no part in what was spread before. A liquidation costs the same
    however many borrowers there are. Rounding errors are carried to the next one.
    """

    stakes: int = 0
    _stakes_then: int = 0
    """The sum of all stakes after the last liquidation."""
    _collateral_then: int = 0
    """Collateral after the last liquidation, that which was spread included."""
    _for_stake: tuple[int, int] = (0, 0)
    """Collateral and debt spread for a unit of stake, wads."""
    _errors: tuple[int, int] = (0, 0)
    _collateral: int = 0
    """Of all borrowers, that spread but not yet taken up included."""
    _troves: dict[int, _Trove] = field(default_factory=dict)

    def open(self, owner: int, collateral: int, debt: int) -> None:
        """Open a borrower's position with collateral and debt in units of their tokens."""
        if owner in self._troves:
            raise ValueError(f"owner must have no position yet, got {owner}")
        stake = self._stake_of(natural("collateral", collateral, 1))
        seen = self._for_stake
        self._troves[owner] = _Trove(collateral, natural("debt", debt), stake, *seen)
        self.stakes += stake
        self._collateral += collateral

    def position(self, owner: int) -> tuple[int, int]:
        """Collateral and debt of a borrower, his shares of failed ones included (rounded down)."""
        trove = self._troves[owner]
        collateral, debt = self._for_stake
        return (
            trove.collateral + trove.stake * (collateral - trove.collateral_seen) // WAD,
            trove.debt + trove.stake * (debt - trove.debt_seen) // WAD,
        )

    def close(self, owner: int) -> tuple[int, int]:
        """Close a borrower's position; the collateral that it held and its debt."""
        held = self.position(owner)
        self.stakes -= self._troves.pop(owner).stake
        self._collateral -= held[0]
        return held

    def liquidate(self, owner: int, pool: int = 0) -> Split:
        """Remove a failed position: the pool pays what it can, the rest is spread by stake.

        Where nobody is left to carry it, or nothing is owed, it is not liquidated (ValueError).
        """
        if len(self._troves) == 1:
            raise ValueError(f"owner must not be the last borrower, got {owner}")
        if not self.position(owner)[1]:
            raise ValueError(f"owner must have debt, got {owner}")
        collateral, debt = self.close(owner)
        split = offset_v1(debt, collateral, pool)
        self.spread(split.spread_collateral, split.spread_debt)
        return split

    def spread(self, collateral: int, debt: int) -> None:
        """Spread collateral and debt over all borrowers by stake, and fix what a stake holds."""
        if collateral or debt:
            amounts = (natural("collateral", collateral), natural("debt", debt))
            above = [a * WAD + e for a, e in zip(amounts, self._errors, strict=True)]
            a, b = (divmod(number, self.stakes) for number in above)
            self._for_stake = (self._for_stake[0] + a[0], self._for_stake[1] + b[0])
            self._errors = (a[1], b[1])
            self._collateral += collateral
        self._stakes_then = self.stakes
        self._collateral_then = self._collateral

    def _stake_of(self, collateral: int) -> int:
        if self._collateral_then == 0:
            return collateral
        return collateral * self._stakes_then // self._collateral_then
