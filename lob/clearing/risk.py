"""Whole-stack risk: what positions on claims on claims come down to, at supposed prices.

Nothing here changes anything. The first failure is what is asked for: what liquidations then do to
prices is what a run is for.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lob.checks import ppm
from lob.clearing.clearing import Clearing
from lob.clearing.look_through import LookThrough
from lob.clearing.stack import ACCOUNT_VALUE, count_failing, fails_at, value_accounts
from lob.types import MAX_PRICE
from lob.units import PPM

__all__ = ["StackRisk", "Stacks", "SystemRisk", "leverage_correlation"]

HIGHEST = 16
"""How many times the price of now a rise is looked for that makes something fail."""


class StackRisk(NamedTuple):
    """The stack of one margin account: everything that stands behind what it holds."""

    equity: int
    """Equity of the account in units of cash."""
    debt: int
    """Debt of the account in units of cash."""
    collateral: int
    """What the account holds at the marks, in units of cash."""
    exposure: dict[str, float]
    """Exposure to each base asset behind it, in units of cash at its price; negative: short."""
    effective_leverage: float
    """Gross base exposure, looked through every claim, over equity; ``inf`` without equity."""
    collateral_multiplier: float
    """Everything that is counted as collateral on the way down, over the base it comes down to."""
    depth: int
    """Layers of claims between the account and the base assets; 0: it holds these themselves."""
    delta: dict[str, float]
    """Change of equity in units of cash for one tick of each base price."""
    gamma: dict[str, float]
    """Change of delta in units of cash a tick for one tick of each base price."""
    liquidation_price: dict[str, int | None]
    """The nearest tick of each factor at which a layer fails, all else as it is; ``None``: none."""
    first_layer: dict[str, str | None]
    """Which layer fails at that tick: a claim whose issuer is a margin account, or the clearing."""


class SystemRisk(NamedTuple):
    """The stack of all accounts of all clearings together."""

    equity: int
    """Equity of the accounts where it is positive, in units of cash."""
    debt: int
    """Debt of all accounts in units of cash."""
    collateral: int
    """What all accounts hold at the marks, in units of cash."""
    gross: float
    """Gross base exposure in units of cash, looked through every claim."""
    effective_leverage: float
    """Gross base exposure over equity; ``inf`` without equity, 0 without exposure."""
    collateral_multiplier: float
    """Value of everything locked, claims included, over that of the base assets among it.

    ``nan`` without base assets.
    """
    depth: int
    """Most layers of claims that a holding of any clearing consists of."""
    failing: int
    """How many accounts fail, or have failed."""
    shortfall: int
    """What is missing in accounts whose equity is negative, in units of cash."""


class Stacks(LookThrough):
    """The risk of a venue's accounts, at its prices of now or at supposed ones.

    Parameters
    ----------
    venue
        A ``lob.Venue``.
    cash, sees
        See ``LookThrough``.
    """

    # ------------------------------------------------------------ all accounts

    def value(self, prices: Mapping[str, int] | None = None) -> NDArray[np.void]:
        """Value all accounts of all clearings at supposed prices: an array of ``ACCOUNT_VALUE``.

        ``prices`` are ticks by name of factor; ``None``: those of now.
        """
        gross = self.gross(prices)
        return np.concatenate(
            [
                value_accounts(
                    clearing, marks, [gross.get(one.name, 0.0) for one in clearing.holdings]
                )
                for clearing, marks in zip(self.venue.clearings, self.marks(prices), strict=True)
            ]
            or [np.zeros(0, ACCOUNT_VALUE)]
        )

    def system(self, prices: Mapping[str, int] | None = None) -> SystemRisk:
        """The stack of all accounts together, a ``SystemRisk``, at supposed prices.

        ``prices`` are ticks by name of factor; ``None``: those of now.
        """
        rows = self.value(prices)
        equity = int(rows["equity"][rows["equity"] > 0].sum())
        gross = float(rows["gross"].sum())
        locked, base = self._locked(self.values(prices))
        return SystemRisk(
            equity=equity,
            debt=int(rows["debt"].sum()),
            collateral=int(rows["collateral"].sum()),
            gross=gross,
            effective_leverage=gross / equity if equity else float("inf") if gross else 0.0,
            collateral_multiplier=float(locked / base) if base else float("nan"),
            depth=max(
                (
                    self.depth(holding.name)
                    for clearing in self.venue.clearings
                    for holding in clearing.holdings
                ),
                default=0,
            ),
            failing=int(rows["failing"].sum()),
            shortfall=-int(rows["equity"][rows["equity"] < 0].sum()),
        )

    def hidden_shortfall(self) -> int:
        """What is missing in accounts whose debt is above what they hold at ``fair_marks``.

        In units of cash. With ``sees="all"`` it counts losses that nobody has noticed yet, in
        accounts that clearings hold to be safe, and those of accounts that cannot be sold out.
        """
        total = 0
        for clearing, marks in zip(self.venue.clearings, self.fair_marks(), strict=True):
            equity = value_accounts(clearing, marks)["equity"]
            total -= int(equity[equity < 0].sum())
        return total

    def _locked(self, values: Mapping[str, Fraction | None]) -> tuple[Fraction, Fraction]:
        """Value of all that margin accounts and issuers hold, and of the base assets among it.

        Total value locked over total value redeemable, the money multiplier of stacked protocols
        (Luo, Feng, Xu, Tasca, *Piercing the Veil of TVL*, 2024); debts and cash are not counted.
        """
        ledger = self.venue.ledger
        holders = np.zeros(ledger.account_count, np.bool_)
        for clearing in self.venue.clearings:
            for first, count in clearing.account_ranges:
                holders[first : first + count] = True
        for claim in self.claims.claims if self.claims is not None else ():
            if claim.issuer:
                holders[claim.issuer] = True
        locked = base = Fraction(0)
        for number, name in enumerate(ledger.assets):
            value = values.get(name)
            if name == self.cash or not value:
                continue
            held = ledger.balances(number)[holders]
            worth = int(held[held > 0].sum()) * value
            locked += worth
            if name in self.bases:
                base += worth
        return locked, base

    def debt_at_risk(
        self, factor: str, drops: Sequence[int], *, by_clearing: bool = False
    ) -> NDArray[np.int64]:
        """Debt at risk: what may be liquidated once a factor has fallen, in units of cash.

        Parameters
        ----------
        factor
            Name of the factor.
        drops
            Falls in ppm of the price of now, each below a million; negative: a rise.
        by_clearing
            Whether each clearing gets a row of its own, in place of the sum.

        Raises
        ------
        ValueError
            If the factor has no price.
        """
        now = self._now(factor)
        rows = []
        for drop in drops:
            ppm("drops", drop, -HIGHEST * PPM, PPM - 1)
            marks = self.marks({factor: max(1, now * (PPM - drop) // PPM)})
            rows.append(
                [
                    count_failing(clearing, at)[1]
                    for clearing, at in zip(self.venue.clearings, marks, strict=True)
                ]
            )
        table = np.array(rows, np.int64).reshape(len(rows), -1).T
        return table if by_clearing else table.sum(axis=0)

    def _now(self, factor: str) -> int:
        price = self.supposed({}).get(factor)
        if price is None:
            known = ", ".join(self.factors)
            raise ValueError(f"factor {factor!r} has no price: there are {known}")
        return price

    def system_liquidation_price(self, factor: str) -> int | None:
        """The highest tick of a factor, by name, below now at which one more account fails.

        ``None``: none does.
        """
        clearings = list(self.venue.clearings)

        def failing(price: int) -> int:
            return sum(
                count_failing(clearing, at)[0]
                for clearing, at in zip(clearings, self.marks({factor: price}), strict=True)
            )

        now = self._now(factor)
        before = failing(now)
        return _nearest(lambda price: failing(price) > before, now, falling=True)

    # ------------------------------------------------------------ one account

    def of(self, account: int, prices: Mapping[str, int] | None = None) -> StackRisk:
        """The stack under one margin account, by number: a ``StackRisk``.

        ``prices`` are ticks by name of factor; ``None``: those of now. Raises ``ValueError`` if no
        clearing has the account.
        """
        clearing = self._clearing(account)
        values = self.values(prices)
        marks = self.marks(prices)[clearing.number]
        state = clearing.account(account)
        units = {name: held for name, held in state.positions.items() if held}
        worth = {
            holding.name: state.positions[holding.name]
            * mark
            * self.venue.instruments[holding.instrument].multiplier
            for holding, mark in zip(clearing.holdings, marks, strict=True)
            if state.positions[holding.name]
        }
        collateral = sum(worth.values())
        equity = collateral + state.cash
        exposure: dict[str, float] = {}
        for name, held in units.items():
            for base, count in self.base_units(name, values):
                value = float(held * count * (values.get(base) or 0))
                exposure[base] = exposure.get(base, 0.0) + value
        gross = sum(abs(one) for one in exposure.values())
        delta, gamma = self._greeks(clearing, units, prices)
        nearest = {one: self.liquidation(account, one, prices) for one in self.factors}
        return StackRisk(
            equity=equity,
            debt=max(0, -state.cash),
            collateral=collateral,
            exposure=exposure,
            effective_leverage=gross / equity if equity > 0 else float("inf") if gross else 0.0,
            collateral_multiplier=self._multiplier(units, values),
            depth=max((self.depth(name) for name in units), default=0),
            delta=delta,
            gamma=gamma,
            liquidation_price={one: price for one, (price, _) in nearest.items()},
            first_layer={one: layer for one, (_, layer) in nearest.items()},
        )

    def _clearing(self, account: int) -> Clearing:
        for clearing in self.venue.clearings:
            for first, count in clearing.account_ranges:
                if first <= account < first + count:
                    return clearing  # type: ignore[no-any-return]
        raise ValueError(f"account {account} is in no clearing")

    def _multiplier(self, units: Mapping[str, int], values: Mapping[str, Fraction | None]) -> float:
        """Value counted as collateral at every layer over the base value at the bottom."""
        counted = base = Fraction(0)
        for name, held in units.items():
            level = {name: Fraction(abs(held))}
            for one in self.claims.below(name) if self.claims and self.depth(name) else ():
                if one in self.bases:
                    continue
                claim = self.claims[one]
                share = level.pop(one, Fraction(0))
                counted += share * (values.get(one) or 0)
                if claim.supply:
                    for asset, count in self.backing(claim, values).items():
                        part = max(Fraction(0), share * count / claim.supply)
                        level[asset] = level.get(asset, Fraction(0)) + part
            for asset, count in level.items():
                if asset != self.cash:
                    counted += count * (values.get(asset) or 0)
                    base += count * (values.get(asset) or 0)
        return float(counted / base) if base else float("nan")

    def _greeks(
        self, clearing: Clearing, units: Mapping[str, int], prices: Mapping[str, int] | None
    ) -> tuple[dict[str, float], dict[str, float]]:
        """First and second differences of the value over a step of a thousandth of each price."""
        delta, gamma = {}, {}
        for base in self.bases:
            price = self.supposed(prices)[base]
            if price is None:
                continue
            step = max(1, price // 1_000)
            worth = []
            for move in (-step, 0, step):
                values = self.values({**(prices or {}), base: max(1, price + move)})
                premium = self._premium(clearing)
                worth.append(
                    sum(
                        held * (values.get(name) or Fraction(0)) * premium.get(name, 1)
                        for name, held in units.items()
                    )
                )
            delta[base] = float(Fraction(worth[2] - worth[0]) / (2 * step))
            gamma[base] = float(Fraction(worth[2] - 2 * worth[1] + worth[0]) / step**2)
        return delta, gamma

    def _premium(self, clearing: Clearing) -> dict[str, Fraction]:
        """Mark over value of each claim that is marked at a market of its own."""
        values = self.values()
        found = {}
        for holding in clearing.holdings:
            value, mark = values.get(holding.name), holding.mark_price
            marked = not hasattr(holding.oracle.source, "claim")
            if self.depth(holding.name) and marked and value and mark is not None:
                multiplier = self.venue.instruments[holding.instrument].multiplier
                found[holding.name] = Fraction(mark * multiplier) / value
        return found

    def layers(self, account: int) -> list[tuple[str, Clearing, int]]:
        """The layers of a stack that may fail: the account, and the margin accounts behind it.

        Those behind it issue what it holds. Tuples of a name (of the clearing, or of the claim), a
        clearing and an account; the account itself first, then the claims, deepest last.
        """
        clearing = self._clearing(account)
        found = [(clearing.name, clearing, account)]
        held = [name for name, units in clearing.account(account).positions.items() if units]
        for name in held:
            for one in self.claims.below(name) if self.claims and self.depth(name) else ():
                issuer = self.claims[one].issuer
                for other in self.venue.clearings:
                    if any(first <= issuer < first + n for first, n in other.account_ranges):
                        found.append((one, other, issuer))
        return found

    def liquidation(
        self, account: int, factor: str, prices: Mapping[str, int] | None = None
    ) -> tuple[int | None, str | None]:
        """The nearest tick of a factor at which a layer of a stack fails, and which one that is.

        A fall is looked at first, then a rise to at most 16 times the price; ties go to the deeper
        layer, whose failing is what the other then feels.
        """
        now = self.supposed(prices)[factor]
        layers = self.layers(account)
        if now is None:
            return None, None
        for falling in (True, False):
            best: tuple[int | None, str | None] = None, None
            for name, clearing, number in layers:

                def failing(
                    price: int, clearing: Clearing = clearing, number: int = number
                ) -> bool:
                    marks = self.marks({**(prices or {}), factor: price})
                    return fails_at(clearing, number, marks[clearing.number])

                tick = _nearest(failing, now, falling=falling)
                if tick is not None and (
                    best[0] is None or (tick >= best[0] if falling else tick <= best[0])
                ):
                    best = tick, name
            if best[0] is not None:
                return best
        return None, None


def _nearest(fails: Any, now: int, *, falling: bool) -> int | None:
    """The tick nearest to now, on one side, at which something fails, by bisection."""
    far = 1 if falling else min(MAX_PRICE, HIGHEST * now)
    if fails(now):
        return now
    if not fails(far):
        return None
    holds = now
    while abs(far - holds) > 1:
        middle = (far + holds) // 2
        if fails(middle):
            far = middle
        else:
            holds = middle
    return far


def leverage_correlation(leverage: Any) -> NDArray[np.float64]:
    """Correlation matrix of leverages between protocols, or between participants.

    Parameters
    ----------
    leverage
        A row for each of them; a column for each observation: a participant's stack, or a moment.
        Columns with a value that is not finite are left out; rows that do not vary give ``nan``.

    Returns
    -------
    numpy.ndarray
        A square array of floats, a row and a column for each row of ``leverage``.

    Raises
    ------
    ValueError
        If ``leverage`` is no table.
    """
    rows = np.asarray(leverage, np.float64)
    if rows.ndim != 2:
        raise ValueError(f"leverage must be a table, got the shape {rows.shape}")
    rows = rows[:, np.isfinite(rows).all(axis=0)]
    if rows.shape[1] < 2:
        return np.full((len(rows), len(rows)), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = np.atleast_2d(np.corrcoef(rows))
    return found
