"""A design as an ordered list of stages, each made of interchangeable parts.

============  ===================================================================================
trigger       when does this stage take a case over? ``holds``
sizing        how much of a position is offered now? ``lots``
price path    at what price? ``price``; ``None``: any
takers        who may take it? ``offer``
settlement    what becomes of an account that is flat? ``settle``
limits        what bounds it? ``allow``
============  ===================================================================================

A stage works on a case again after ``every`` ns, until the account is flat (it is settled), safe
(it is released), or the stage has had it for ``patience`` ns: then the next stage has it. The last
stage keeps what it cannot settle.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lob.checks import integer
from lob.clearing.margin import PPM, Tiers
from lob.clearing.prices import bankruptcy_price
from lob.liquidation.design import Design
from lob.types import Side

__all__ = [
    "All",
    "Always",
    "AtBankruptcy",
    "Book",
    "CloseFactor",
    "DownTier",
    "EquityBelow",
    "Limits",
    "Market",
    "PricePath",
    "Settlement",
    "Sizing",
    "Slices",
    "Stage",
    "Staged",
    "Takers",
    "Trigger",
    "Unlimited",
    "Waterfall",
]

FOREVER = 2**62


class Trigger(Protocol):
    """When a stage takes a case over."""

    def holds(self, design: Design, case: int) -> bool:
        """Whether it does now."""
        ...


class Sizing(Protocol):
    """How much of a position is offered."""

    def lots(self, design: Design, case: int, holding: int) -> int:
        """Lots, from 1 to all that is held."""
        ...


class PricePath(Protocol):
    """At what price."""

    def price(self, design: Design, case: int, holding: int) -> int | None:
        """The worst acceptable price in ticks; ``None``: any."""
        ...


class Takers(Protocol):
    """Who may take it."""

    def offer(self, design: Design, case: int, holding: int, lots: int, price: int | None) -> None:
        """Let them take up to so many lots at the price or better."""
        ...


class Settlement(Protocol):
    """Who pays a shortfall, who keeps a surplus."""

    def settle(self, design: Design, case: int) -> None:
        """End the case of an account that is flat."""
        ...


class Limits(Protocol):
    """What bounds a stage."""

    def allow(self, design: Design, case: int, holding: int, lots: int) -> int:
        """How many of the lots may be offered now; 0: none."""
        ...


@dataclass(frozen=True)
class Always:
    """The stage takes whatever comes to it."""

    def holds(self, design: Design, case: int) -> bool:
        """See ``Trigger``."""
        return True


@dataclass(frozen=True)
class EquityBelow:
    """Equity below a share of the maintenance margin (Hyperliquid's backstop: two thirds).

    Parameters
    ----------
    share
        Ppm.
    """

    share: int

    def holds(self, design: Design, case: int) -> bool:
        """See ``Trigger``."""
        state = design.clearing.account(design.account_of(case))
        if state.equity is None or state.maintenance_margin is None:
            return False
        return state.equity * PPM < state.maintenance_margin * self.share


@dataclass(frozen=True)
class All:
    """The whole position."""

    def lots(self, design: Design, case: int, holding: int) -> int:
        """See ``Sizing``."""
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

    def lots(self, design: Design, case: int, holding: int) -> int:
        """See ``Sizing``."""
        held = abs(design.held(case, holding))
        return min(held, -(-held * self.share // PPM))


@dataclass(frozen=True)
class DownTier:
    """So much that the notional falls below the bracket it is in (Binance, Bybit); else all."""

    def lots(self, design: Design, case: int, holding: int) -> int:
        """See ``Sizing``."""
        held = design.held(case, holding)
        of = design.clearing.holdings[holding]
        tiers: Tiers = of.margin.maintenance(Side.BUY if held > 0 else Side.SELL)
        instrument = design.clearing.market.instruments[of.instrument]
        one = (of.mark_price or 0) * instrument.multiplier
        tier = tiers.tier_of(abs(held) * one)
        if tier == 0 or one == 0:
            return abs(held)
        # The largest size whose notional is below the bracket's floor stays.
        stays = (tiers.rows[tier].floor - 1) // one
        return max(1, abs(held) - stays)


@dataclass(frozen=True)
class Market:
    """At whatever price the takers give."""

    def price(self, design: Design, case: int, holding: int) -> int | None:
        """See ``PricePath``."""
        return None


@dataclass(frozen=True)
class AtBankruptcy:
    """At the price that leaves the account with nothing, or better; rounded in its favour."""

    def price(self, design: Design, case: int, holding: int) -> int | None:
        """See ``PricePath``."""
        state = design.clearing.account(design.account_of(case))
        of = design.clearing.holdings[holding]
        instrument = design.clearing.market.instruments[of.instrument]
        held = design.held(case, holding)
        exact = bankruptcy_price(
            state.cash, held, multiplier=instrument.multiplier, inverse=instrument.inverse
        )
        if exact is None:
            return 1 if held > 0 else None
        up = -(-exact.numerator // exact.denominator)
        return max(1, up if held > 0 else exact.numerator // exact.denominator)


@dataclass(frozen=True)
class Book:
    """Whoever rests in the order book."""

    def offer(self, design: Design, case: int, holding: int, lots: int, price: int | None) -> None:
        """See ``Takers``."""
        book = design.clearing.market.books[design.clearing.holdings[holding].instrument]
        best = book.best_bid if design.held(case, holding) > 0 else book.best_ask
        if best is not None:
            design.sell(case, lots, price, holding=holding)


@dataclass(frozen=True)
class Waterfall:
    """The insurance fund first, then whoever ``Clearing.socialise`` finds able."""

    def settle(self, design: Design, case: int) -> None:
        """See ``Settlement``."""
        design.settle(case)


@dataclass(frozen=True)
class Unlimited:
    """No bound."""

    def allow(self, design: Design, case: int, holding: int, lots: int) -> int:
        """See ``Limits``."""
        return lots


@dataclass(frozen=True)
class Slices:
    """At most so many lots at a time.

    Parameters
    ----------
    lots
        Of one order.
    """

    most: int

    def allow(self, design: Design, case: int, holding: int, lots: int) -> int:
        """See ``Limits``."""
        return min(lots, self.most)


@dataclass(frozen=True)
class Stage:
    """One stage: its parts, and when it gives up."""

    trigger: Trigger = field(default_factory=Always)
    sizing: Sizing = field(default_factory=All)
    price_path: PricePath = field(default_factory=Market)
    takers: Takers = field(default_factory=Book)
    settlement: Settlement = field(default_factory=Waterfall)
    limits: Limits = field(default_factory=Unlimited)
    every: int = 1_000_000_000
    """ns between two attempts."""
    patience: int = FOREVER
    """ns after the stage took over at which the next one does."""


class Staged(Design):
    """Stages in their order.

    Parameters
    ----------
    stages
        At least one. ``Staged([Stage()])`` does what ``MarketSale()`` does.

    Examples
    --------
    A tier down at a time for ten seconds, then everything at once:

    >>> design = Staged([Stage(sizing=DownTier(), patience=10_000_000_000), Stage()])
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        super().__init__()
        self.stages = tuple(stages)
        if not 1 <= len(self.stages) <= 256:
            raise ValueError(f"stages must be 1 to 256, got {len(self.stages)}")
        for number, stage in enumerate(self.stages):
            integer(f"stages[{number}].every", stage.every, 1)
            integer(f"stages[{number}].patience", stage.patience, 0)
        self.entered: dict[int, int] = {}

    def on_failure(self, case: int) -> None:
        """The first stage has it."""
        self.entered[case] = self.clearing.market.now
        self.work(case)

    def on_due(self, case: int, ts: int) -> None:
        """Another attempt, or the next stage's first."""
        if self.is_safe(case) and not self.is_flat(case):
            self.finish(case)
            self.release(case)
            return
        last = len(self.stages) - 1
        stage = self.stage(case)
        if stage < last and ts >= self.entered[case] + self.stages[stage].patience:
            self.enter_stage(case, stage + 1)
            self.entered[case] = ts
        self.work(case)

    def work(self, case: int) -> None:
        """Let the stage that has the case act once."""
        last = len(self.stages) - 1
        while self.stage(case) < last and not self.stages[self.stage(case)].trigger.holds(
            self, case
        ):
            self.enter_stage(case, self.stage(case) + 1)
        stage = self.stages[self.stage(case)]
        for holding in range(len(self.clearing.holdings)):
            if self.held(case, holding):
                lots = stage.sizing.lots(self, case, holding)
                lots = stage.limits.allow(self, case, holding, lots)
                if lots:
                    price = stage.price_path.price(self, case, holding)
                    stage.takers.offer(self, case, holding, lots, price)
        if self.is_flat(case):
            self.finish(case)
            stage.settlement.settle(self, case)
            return
        now = self.clearing.market.now
        wait = stage.every
        if self.stage(case) < last:
            wait = min(wait, max(0, self.entered[case] + stage.patience - now))
        self.call_back(case, now + wait)

    def finish(self, case: int) -> None:
        """Forget what was noted of a case that ends."""
        self.entered.pop(case, None)
