"""Clearings in a scenario: what their tables say, and the margin systems they become.

Money is cash units, rates ppm, times seconds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from experiments.scenario.designs import LiquidationTable
from experiments.scenario.names import Names
from experiments.scenario.oracles import OracleTable, make_oracle
from experiments.scenario.parameters import refuse_unknown
from experiments.scenario.table import Count, Duration, Ppm, Seconds, Table, ns
from lob import clearing as rules
from lob.clearing import dynamic_margin as dynamic
from lob.clearing import margin as models
from lob.clearing.oracle import Source
from lob.units import PPM

__all__ = [
    "ClearingTable",
    "FundingTable",
    "HoldingTable",
    "MarginTable",
    "make_clearing",
    "make_holding",
    "make_margin",
    "set_timers",
]

MODELS: dict[str, Callable[..., Any]] = {
    "flat": models.FlatMargin,
    "tiered": models.TieredMargin,
    "ltv": models.LoanToValue,
    "open-interest": models.OpenInterestScaled,
    "skew": models.SkewScaled,
    "volatility": models.VolatilityScaled,
    "procyclical": dynamic.Procyclical,
    "concentration": dynamic.ConcentrationScaled,
    "depth": dynamic.DepthScaled,
    "look-through": dynamic.LookThroughMargin,
}
"""Margin models; ``look-through`` needs the holding's source as its first argument."""


class MarginTable(Table):
    """A margin model and its parameters."""

    model: Literal[
        "flat", "tiered", "ltv", "open-interest", "skew", "volatility", "procyclical",
        "concentration", "depth", "look-through",
    ]  # fmt: skip
    """Which margin model sets what a position must be backed with."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Keywords of the model's class in ``lob.clearing``: rates in ppm, times in ns."""
    update: Seconds = 0.0
    """Seconds: between looks at the market, of a model that reacts to it; 0: it does not look."""


class HoldingTable(Table):
    """What accounts of a clearing hold."""

    instrument: str
    """Name of the instrument whose book prices and trades it."""
    oracle: OracleTable = OracleTable()
    """How clearing learns its price."""
    margin: MarginTable
    """What a position in it must be backed with."""
    asset: str | None = None
    """A claim that no book trades, priced in ticks of the instrument; none: what that trades."""


class FundingTable(Table):
    """What longs pay shorts of a contract: how far its mark is above an index, in part."""

    holding: Count = 0
    """Number: which holding of the clearing the contract is, from 0."""
    index: str
    """Instrument whose mid is the index."""
    interval: Duration = 60.0
    """Seconds: between two payments."""
    share: Ppm = PPM
    """Ppm: of the premium, paid at each interval."""
    cap: Ppm = 10_000
    """Ppm: of the notional, the most that is paid at one interval, either way."""


class ClearingTable(Table):
    """One margin system: cash, holdings, insurance fund and liquidation design."""

    name: str = "clearing"
    """Unique among the clearings; other tables refer to it."""
    holdings: Annotated[list[HoldingTable], Field(min_length=1, max_length=16)]
    """What its accounts may have beside cash; other tables count them from 0."""
    liquidation: LiquidationTable = LiquidationTable()
    """What is done with accounts that fail."""
    insurance_fund: Count = 0
    """Cash units: what the insurance fund has at the start."""
    liquidation_fee: Ppm = 0
    """Ppm: of what a forced sale brings, paid to the fund out of what is left to the account."""
    portfolio: list[list[int]] = Field(default_factory=list)
    """Ppm: rows of joint price moves, a value a holding, that cross accounts must survive; none:
    they are backed by rates."""
    funding: FundingTable | None = None
    """What longs pay shorts; none: nothing."""
    interest: Ppm = 0
    """Ppm: of every debt, paid to the lenders at each interval."""
    interest_interval: Duration = 3_600.0
    """Seconds: between two payments of interest."""


def make_clearing(
    one: ClearingTable, names: Names, liquidation_engine: rules.LiquidationEngine
) -> rules.Clearing:
    """Make a clearing.

    Parameters
    ----------
    liquidation_engine
        What is done with accounts that fail: ``experiments.scenario.designs.make_design``.
    """
    return rules.Clearing(
        one.name,
        holdings=[make_holding(holding, names) for holding in one.holdings],
        liquidation_engine=liquidation_engine,
        insurance_fund=one.insurance_fund,
        liquidation_fee=one.liquidation_fee,
        portfolio=models.PortfolioMargin(one.portfolio) if one.portfolio else None,
    )


def make_holding(one: HoldingTable, names: Names) -> rules.Holding:
    """Make a holding: how it is priced, and what margin it needs."""
    market = names.markets[one.instrument]
    oracle = make_oracle(one.oracle, market, one.asset or market.asset, names)
    margin = make_margin(one.margin, oracle.source)
    return rules.Holding(oracle, margin, instrument=market.number, asset=one.asset)


def make_margin(one: MarginTable, source: Source) -> Any:
    """Make the margin model of a holding whose price comes from ``source``."""
    looks_through = one.model == "look-through"
    made = MODELS[one.model]
    refuse_unknown(made, one.parameters, besides=("value",) if looks_through else ())
    return made(*([source] if looks_through else []), **one.parameters)


@dataclass
class PremiumFunding:
    """Longs pay shorts a part of how far the mark is above the index, or the other way round."""

    index: int
    holding: int
    share: int
    cap: int

    def __call__(self, clearing: rules.Clearing, ts: int) -> None:
        """Pay what is due."""
        book = clearing.market.books[self.index]
        mark = clearing.holdings[self.holding].mark_price
        if mark is None or book.best_bid is None or book.best_ask is None:
            return
        index = (book.best_bid + book.best_ask) // 2
        premium = (mark - index) * self.share // index
        clearing.pay_funding(max(-self.cap, min(self.cap, premium)), holding=self.holding)


@dataclass
class Interest:
    """Everybody in debt pays the lenders."""

    rate: int

    def __call__(self, clearing: rules.Clearing, ts: int) -> None:
        """Pay what is due."""
        clearing.charge_interest(self.rate)


def update_margin(clearing: rules.Clearing, ts: int) -> None:
    """Let margin models look at the market."""
    clearing.update_margin(ts)


def set_timers(
    tables: Sequence[ClearingTable], names: Names, clearings: Sequence[rules.Clearing]
) -> None:
    """Set the timers of clearings: funding, interest, and looks at the market."""
    for one, clearing in zip(tables, clearings, strict=True):
        if one.funding:
            clearing.every(
                ns(one.funding.interval),
                PremiumFunding(
                    names.instrument(one.funding.index),
                    one.funding.holding,
                    one.funding.share,
                    one.funding.cap,
                ),
            )
        if one.interest:
            clearing.every(ns(one.interest_interval), Interest(one.interest))
        looks = {holding.margin.update for holding in one.holdings} - {0.0}
        if looks:
            clearing.every(ns(min(looks)), update_margin)
