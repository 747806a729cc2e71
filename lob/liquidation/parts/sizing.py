"""Sizing: how much of a position is offered."""

from dataclasses import dataclass
from hashlib import blake2b

from lob.checks import integer, ppm
from lob.liquidation.context import CaseContext
from lob.liquidation.formulas.aave import AaveRules, aave_close_amount, aave_seize
from lob.liquidation.formulas.arithmetic import ceil_div
from lob.liquidation.formulas.health import health_factor
from lob.liquidation.parts.protocols import Sizing
from lob.liquidation.parts.triggers import bracket_of
from lob.types import Side
from lob.units import PPM

__all__ = ["AaveClose", "All", "ByChance", "CloseFactor", "DownTier"]


@dataclass(frozen=True)
class All:
    """A sizing that offers the whole position."""

    def lots(self, design: CaseContext, case: int, holding: int) -> int:
        """Lots of a holding to be offered now, from 0 to all that the failed account holds."""
        return abs(design.held(case, holding))


@dataclass(frozen=True)
class CloseFactor:
    """A share of the position, rounded up.

    Parameters
    ----------
    share
        Ppm.
    """

    share: int

    def __post_init__(self) -> None:
        ppm("share", self.share, 1)

    def lots(self, design: CaseContext, case: int, holding: int) -> int:
        """Lots of a holding to be offered now, from 0 to all that the failed account holds."""
        held = abs(design.held(case, holding))
        return min(held, ceil_div(held * self.share, PPM))


@dataclass(frozen=True)
class ByChance:
    """What another sizing says, with a chance at each attempt, and more or less of it.

    FTX: each second an order with a chance of 1/6, of a tenth of the position times a number
    that is uniform from 0.5 to 1.5. Drawn from case, time and attempt, so a replay draws alike.

    Parameters
    ----------
    sizing
        How much it is on average.
    chance
        Ppm, that there is an order at an attempt.
    vary
        Ppm: how much more or less an order may be.
    seed
        Of the draws.
    """

    sizing: Sizing
    chance: int = PPM
    vary: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        ppm("chance", self.chance, 1)
        ppm("vary", self.vary)
        integer("seed", self.seed, 0)

    def lots(self, design: CaseContext, case: int, holding: int) -> int:
        """Lots of a holding to be offered now, from 0 to all that the failed account holds."""
        words = f"{self.seed} {case} {holding} {design.now} {design.attempts(case)}"
        drawn = blake2b(words.encode(), digest_size=16).digest()
        first, second = (int.from_bytes(drawn[i : i + 8], "little") for i in (0, 8))
        if first * PPM >= self.chance << 64:
            return 0
        factor = PPM - self.vary + (2 * self.vary * second >> 64)
        held = abs(design.held(case, holding))
        return min(held, ceil_div(self.sizing.lots(design, case, holding) * factor, PPM))


@dataclass(frozen=True)
class DownTier:
    """Size an offer so that the notional falls below its bracket (Binance, Bybit); else all."""

    def lots(self, design: CaseContext, case: int, holding: int) -> int:
        """Lots of a holding to be offered now, from 0 to all that the failed account holds."""
        held = design.held(case, holding)
        tier = bracket_of(design, case, holding)
        if tier == 0:
            return abs(held)
        of = design.holdings[holding]
        tiers = of.margin.maintenance(Side.BUY if held > 0 else Side.SELL)
        one = design.multiplier(holding) * (
            1 if design.is_inverse(holding) else (design.mark(holding) or 1)
        )
        # The largest size whose notional is below the bracket's floor stays.
        stays = (tiers.rows[tier].floor - 1) // one
        return max(1, abs(held) - stays)


@dataclass(frozen=True)
class AaveClose:
    """Size an offer at what Aave lets a keeper take for what he may repay.

    Half of the total debt, all of it where the health factor or the position is small; see
    ``aave_close_amount`` and ``aave_seize`` of Aave's formulas. Of a long position the debt is the
    negative cash and the lots are seized for it; of a short one the lots are the debt, and cash
    is seized. A position without such a debt is closed whole.

    Parameters
    ----------
    rules
        ``small`` and ``leftover`` in units of cash.
    """

    rules: AaveRules

    def lots(self, design: CaseContext, case: int, holding: int) -> int:
        """Lots of a holding to be offered now, from 0 to all that the failed account holds."""
        held, mark = design.held(case, holding), design.mark(holding)
        assets, debts, kept, owed = design.exposure(case)
        if mark is None or design.is_inverse(holding):
            return abs(held)
        one, size = mark * design.multiplier(holding), abs(held)
        health = health_factor(max(0, assets - kept), debts + owed) or 0
        debt = max(0, -design.cash(case)) if held > 0 else size
        if debt == 0:
            return size
        repay = aave_close_amount(
            self.rules,
            debt=debt,
            debt_value=debt if held > 0 else size * one,
            collateral_value=size * one if held > 0 else assets,
            total_debt_value=debts,
            health=health,
            debt_price=1 if held > 0 else one,
        )
        if held < 0:
            return min(size, max(1, repay))
        seized = aave_seize(
            self.rules, repay=repay, collateral=size, debt_price=1, collateral_price=one
        )
        # What repays the whole debt rounds up, or a part of it would be left for ever.
        taken = seized.seized + seized.fee
        return min(size, taken + 1 if repay == debt and taken < size else max(1, taken))
