"""Clearings in a scenario: their tables, and the margin systems built of them.

Money is cash units, rates ppm, times seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, ValidationInfo

from experiments.markets.written import meant
from experiments.scenario.designs import LiquidationTable
from experiments.scenario.files import own_file
from experiments.scenario.names import Names
from experiments.scenario.oracles import OracleTable, make_oracle
from experiments.scenario.own_parts import call_own, make_own
from experiments.scenario.parameters import refuse_unknown
from experiments.scenario.table import (
    Count,
    Interval,
    Name,
    Ppm,
    Rhythm,
    Table,
    ns,
)
from experiments.scenario.user_code import names_user_code
from lob import clearing as rules
from lob.clearing import dynamic_margin as dynamic
from lob.clearing import margin as models
from lob.clearing.oracle import Source
from lob.types import Side
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
"""Margin models by name; ``look-through`` needs the holding's source as its first argument."""

MarginName = Literal[
    "flat", "tiered", "ltv", "open-interest", "skew", "volatility", "procyclical",
    "concentration", "depth", "look-through",
]  # fmt: skip
"""Names of the margin models that come with Firesale."""


def _model(name: str, info: ValidationInfo) -> str:
    known = get_args(MarginName)
    if name not in known and not names_user_code(name):
        raise ValueError(
            f"no margin model is called {name!r}: {meant(name, known)}; one of your own is "
            "FILE.py:NAME"
        )
    return own_file(name, info)


class MarginTable(Table):
    """A margin model and its parameters: one of ``lob.clearing``, or one of your own."""

    model: Annotated[MarginName | str, AfterValidator(_model)]
    """Name of the margin model, the rule for what a position must be backed with; or
    ``FILE.py:NAME`` of one's own, a ``lob.clearing.margin.MarginModel``, which is given the source
    of the holding's price if it has the keyword ``source``."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Keywords of the model's class in ``lob.clearing``: rates in ppm, money in cash units, sizes
    in lots, or with a unit."""
    update: Rhythm = 0.0
    """Seconds: between a margin model's looks at the market, if it reacts to it; 0: it does not
    look."""

    @staticmethod
    def taker_of_parameters(content: Mapping[str, Any]) -> Callable[..., Any] | None:
        """The margin model of a table as TOML has it; ``None`` if there is no such model."""
        return MODELS.get(str(content.get("model")))


class HoldingTable(Table):
    """A holding: something that accounts of a clearing may have beside cash."""

    instrument: str
    """Name of the instrument whose book prices and trades the holding."""
    oracle: OracleTable = OracleTable()
    """How clearing learns the price of the holding."""
    margin: MarginTable
    """What a position in the holding must be backed with."""
    asset: str | None = None
    """Name of a claim that no book trades, priced in ticks of the instrument; none: what that
    trades."""


class FundingTable(Table):
    """Funding of a contract: longs pay shorts a part of how far its mark is above an index."""

    holding: Count = 0
    """Number: which holding of the clearing the contract is, from 0."""
    index: str
    """Name of the instrument whose mid is the index."""
    interval: Interval = 60.0
    """Seconds: between two payments."""
    share: Ppm = PPM
    """Ppm: of the premium (mark over index, less one), paid at each interval."""
    cap: Ppm = 10_000
    """Ppm: of the notional, the most that is paid at one interval, either way."""


class ClearingTable(Table):
    """One margin system: cash, holdings, insurance fund and liquidation design."""

    name: Name = "clearing"
    """Name of the clearing, unique; other tables refer to it."""
    holdings: Annotated[list[HoldingTable], Field(min_length=1, max_length=16)]
    """What accounts may have beside cash; other tables count the holdings from 0."""
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
    """Funding between longs and shorts; none: nothing is paid."""
    interest: Ppm = 0
    """Ppm: of every debt, paid to the lenders at each interval."""
    interest_interval: Interval = 3_600.0
    """Seconds: between two payments of interest."""


def make_clearing(
    one: ClearingTable, names: Names, liquidation_engine: rules.LiquidationEngine
) -> rules.Clearing:
    """Make a clearing from its table.

    Parameters
    ----------
    one
        The table.
    names
        Numbers of instruments and clearings by name.
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
    """Make a holding from its table: how it is priced, and what margin it needs.

    Parameters
    ----------
    one
        The table.
    names
        Numbers of instruments and clearings by name.
    """
    market = names.markets[one.instrument]
    oracle = make_oracle(one.oracle, market, one.asset or market.asset, names)
    margin = make_margin(one.margin, oracle.source)
    return rules.Holding(oracle, margin, instrument=market.number, asset=one.asset)


def make_margin(one: MarginTable, source: Source) -> Any:
    """Make the margin model of a holding whose price comes from a source.

    Raises ``ValueError`` if a parameter is not one of the model, or code of the user's own, which
    is run, makes no margin model; ``UserCodeError`` if it raises.
    """
    if names_user_code(one.model):
        return _own_margin(one, source)
    looks_through = one.model == "look-through"
    made = MODELS[one.model]
    refuse_unknown(made, one.parameters, besides=("value",) if looks_through else ())
    return made(*([source] if looks_through else []), **one.parameters)


def _own_margin(one: MarginTable, source: Source) -> models.MarginModel:
    """Make a margin model of the user's own, and see that it has rates."""
    of = f"margin model {one.model}"
    made = make_own(one.model, of, parameters=one.parameters, known={"source": source})
    for name in ("maintenance", "initial"):
        method = getattr(made, name, None)
        if not callable(method):
            raise ValueError(f"{of} must make what has a method {name}(side), got {made!r}")
        for side in (Side.BUY, Side.SELL):
            rates = call_own(of, method, side)
            if not isinstance(rates, models.Tiers):
                raise ValueError(
                    f"{of}: {name}(side) must be lob.clearing.margin.Tiers, got {rates!r}"
                )
    found: models.MarginModel = made
    return found


@dataclass
class PremiumFunding:
    """Longs pay shorts a part of how far the mark is above the index, or the other way round.

    The mid that is the index is rounded down to whole ticks, the rate down to whole ppm. Nothing is
    paid while the mark or a side of the index's book is missing.
    """

    index: int
    """Number of the instrument whose mid is the index."""
    holding: int
    """Number of the contract among the clearing's holdings."""
    share: int
    """Part of the premium that is paid, in ppm."""
    cap: int
    """Most that is paid at one interval either way, in ppm of the notional."""

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
    """Everybody in debt pays the lenders at each interval."""

    rate: int
    """Part of each debt, in ppm."""

    def __call__(self, clearing: rules.Clearing, ts: int) -> None:
        """Pay what is due."""
        clearing.charge_interest(self.rate)


def update_margin(clearing: rules.Clearing, ts: int) -> None:
    """Let the margin models of a clearing look at the market.

    Parameters
    ----------
    clearing
        The clearing.
    ts
        Time in ns, unused: timers are called with it.
    """
    clearing.update_margin(ts)


def set_timers(
    tables: Sequence[ClearingTable], names: Names, clearings: Sequence[rules.Clearing]
) -> None:
    """Set the timers of clearings: funding, interest, and looks of margin models at the market.

    Parameters
    ----------
    tables, clearings
        As many of either, in the same order.
    names
        Numbers of instruments and clearings by name.
    """
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
