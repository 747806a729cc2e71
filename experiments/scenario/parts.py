"""The parts of a scenario: what its TOML file may say, table by table.

Prices are ticks, sizes lots, money cash units, rates ppm, times seconds (they become whole
nanoseconds).
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lob.units import PPM

__all__ = [
    "AlternativeTable",
    "ClearingTable",
    "FundingTable",
    "HoldingTable",
    "InstrumentTable",
    "LiquidationTable",
    "MakerTable",
    "MarginTable",
    "OracleTable",
    "PopulationTable",
    "PublishedTable",
    "ShockTable",
    "SourceTable",
    "Table",
    "TraderTable",
    "UniformBookTable",
    "ZeroIntelligenceTable",
]

Ppm = Annotated[int, Field(ge=0, le=PPM)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0)]


class Table(BaseModel):
    """Unknown names are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class UniformBookTable(Table):
    """Orders of one size at every tick, put there once: the book of the integer law."""

    kind: Literal["uniform"]
    price: Positive
    """The best bid; asks start one tick above."""
    depth: Positive
    """Lots a tick."""
    ticks: Positive
    """How far down and up."""


class ZeroIntelligenceTable(Table):
    """``agents.flow.ZeroIntelligence``."""

    kind: Literal["zero-intelligence"]
    price: Positive
    alpha: float = Field(gt=0)
    mu: float = Field(ge=0)
    delta: float = Field(gt=0)
    window: Positive
    size: Positive = 1


class InstrumentTable(Table):
    """What is traded in one book."""

    name: str
    multiplier: Positive = 1
    inverse: bool = False
    base: str = ""
    maker_fee: int = 0
    taker_fee: int = 0
    background: Annotated[UniformBookTable | ZeroIntelligenceTable, Field(discriminator="kind")]


class SourceTable(Table):
    """Where a price comes from."""

    kind: Literal[
        "last", "mid", "best-bid", "best-ask", "ema", "twap", "median", "external", "claim",
        "fair-share", "pool-spot",
    ]  # fmt: skip
    instruments: list[str] = []
    """One; the books of a median. None: the holding's own."""
    of: Literal["last", "mid", "best-bid", "best-ask"] = "mid"
    """What an average or a median is of."""
    half_life: Seconds = 10.0
    window: Seconds = 60.0
    sample: Annotated[float, Field(gt=0)] = 1.0
    prices: list[tuple[Seconds, Positive]] = []
    """Of an external series: times and ticks."""
    claim: str | None = None
    """Of a claim, a pool's fair share, or the price in a pool; none: the holding's own."""
    sees: Literal["own", "all"] = "own"
    """What the issuer of a claim says it holds, or net of what it pledged elsewhere."""
    bases: dict[str, str] = Field(default_factory=dict)
    """Instruments by asset, whose price (as ``of`` says) values what is behind a claim; none: the
    middles of the books. A claim that is named has its market price."""

    @model_validator(mode="after")
    def _complete(self) -> "SourceTable":
        if self.kind == "external" and not self.prices:
            raise ValueError("prices must be given for an external source")
        if self.kind == "median" and len(self.instruments) < 2:
            raise ValueError("instruments must be two or more for a median")
        return self


class OracleTable(Table):
    """When clearing gets to know."""

    source: SourceTable = SourceTable(kind="mid")
    lag: Seconds = 0.0
    heartbeat: Seconds = 0.0
    deviation: Ppm = 0
    outages: list[tuple[Seconds, Seconds]] = []
    manipulations: list[tuple[Seconds, Seconds, int]] = []


class MarginTable(Table):
    """A margin model and its parameters."""

    model: Literal[
        "flat", "tiered", "ltv", "open-interest", "skew", "volatility", "procyclical",
        "concentration", "depth", "look-through",
    ]  # fmt: skip
    parameters: dict[str, Any] = {}
    update: Seconds = 0.0
    """Seconds between looks at the market, of a model that reacts to it; 0: it does not look."""


class HoldingTable(Table):
    """What accounts of a clearing hold."""

    instrument: str
    oracle: OracleTable = OracleTable()
    margin: MarginTable
    asset: str | None = None
    """A claim that no book trades, priced in ticks of the instrument; none: what that trades."""


class FundingTable(Table):
    """What longs pay shorts of a contract: how far its mark is above an index, in part."""

    holding: Count = 0
    index: str
    """Instrument whose mid is the index."""
    interval: Annotated[float, Field(gt=0)] = 60.0
    share: Ppm = PPM
    """Of the premium, paid at each interval."""
    cap: Ppm = 10_000


class LiquidationTable(Table):
    """What is done with accounts that fail."""

    design: str = "market-sale"
    parameters: dict[str, Any] = {}


class ClearingTable(Table):
    """One margin system."""

    name: str = "clearing"
    holdings: Annotated[list[HoldingTable], Field(min_length=1, max_length=16)]
    liquidation: LiquidationTable = LiquidationTable()
    insurance_fund: Count = 0
    liquidation_fee: Ppm = 0
    portfolio: list[list[int]] = []
    funding: FundingTable | None = None
    interest: Ppm = 0
    """Of every debt, at each interval."""
    interest_interval: Annotated[float, Field(gt=0)] = 3_600.0


class PopulationTable(Table):
    """Leveraged accounts by the thousand."""

    name: str
    count: Positive = 1
    clearing: str = "clearing"
    holding: Count = 0
    equity: Positive = 1_000_000
    equity_spread: Annotated[float, Field(ge=0)] = 1.0
    leverage: tuple[float, float] = (2.0, 20.0)
    long_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    again: Seconds = 0.0
    cross: bool = False
    file: str | None = None
    """A snapshot (``lob.feeds.positions``), in place of drawn accounts; relative to where one is.
    """
    stacked: Positive | None = None
    """Lots that fail at each tick from one below the price on, in place of drawn accounts: the
    other half of a uniform book."""
    size: Positive = 1
    """Lots of one stacked account."""
    ticks: Positive = 100
    """Over how many ticks they are stacked."""


class TraderTable(Table):
    """A single leveraged trader of ``agents.leverage``, by its class name."""

    kind: Literal[
        "LeverageTarget", "VolatilityTarget", "ValueFund", "Pyramider", "StopLoss",
        "SelfDeleverager", "Hedger",
    ]  # fmt: skip
    name: str
    clearing: str = "clearing"
    parameters: dict[str, Any] = {}


class MakerTable(Table):
    """A market maker who widens and withdraws under stress."""

    name: str
    instrument: str
    levels: Positive = 5
    offset: float = Field(default=2.0, gt=0)
    step: Positive = 2
    size: Positive = 10
    every: Annotated[float, Field(gt=0)] = 1.0
    inventory_limit: Positive = 1_000
    volatility_limit: Annotated[float, Field(gt=0)] = 20.0
    cool_down: Seconds = 30.0


class ShockTable(Table):
    """Somebody sells, or buys, by market order."""

    instrument: str
    at: Seconds
    lots: Positive
    side: Literal["sell", "buy"] = "sell"
    over: Seconds = 0.0


class AlternativeTable(Table):
    """A design that is run on the same seeds beside the scenario's own: ``[[alternatives]]``."""

    label: str
    design: str
    parameters: dict[str, Any] = {}


class PublishedTable(Table):
    """A number that others have published, to be shown beside ours: ``[[published]]``."""

    name: str
    value: float
    unit: str = ""
    measure: str = ""
    """What it is beside of a run's summary, as in ``auctions.zero_bid_share``; none: of nothing."""
    source: str
