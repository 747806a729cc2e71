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

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class UniformBookTable(Table):
    """Orders of one size at every tick, put there once: the book of the integer law."""

    kind: Literal["uniform"]
    """Which kind of book this is."""
    price: Positive
    """Ticks: the best bid; asks start one tick above."""
    depth: Positive
    """Lots a tick: the size of the one order at each price."""
    ticks: Positive
    """Ticks: how far the book reaches down and up."""


class ZeroIntelligenceTable(Table):
    """``agents.flow.ZeroIntelligence``."""

    kind: Literal["zero-intelligence"]
    """Which kind of book this is."""
    price: Positive
    """Ticks: where the book is centred at the start."""
    alpha: float = Field(gt=0)
    """Lots a second: limit orders that arrive at each price of either side."""
    mu: float = Field(ge=0)
    """Lots a second: market orders, half of them bought."""
    delta: float = Field(gt=0)
    """Per second: the rate at which each resting order is cancelled."""
    window: Positive
    """Ticks: how far from the opposite best price limit orders arrive."""
    size: Positive = 1
    """Lots: the size of every order."""


class InstrumentTable(Table):
    """What is traded in one book."""

    name: str
    """Unique among the instruments; other tables refer to it."""
    multiplier: Positive = 1
    """Cash units: what one lot is worth for each tick of its price; of an inverse contract, a lot
    is worth ``multiplier / price`` units of its coin."""
    inverse: bool = False
    """Whether it is an inverse contract, settled in the coin that it is about."""
    base: str = ""
    """Name of the asset that is traded; empty: a contract of the instrument's own name."""
    maker_fee: int = 0
    """Ppm: of what is paid, from whoever rested in the book; negative: a rebate."""
    taker_fee: int = 0
    """Ppm: of what is paid, from whoever took from the book; negative: a rebate."""
    background: Annotated[UniformBookTable | ZeroIntelligenceTable, Field(discriminator="kind")]
    """The orders of everybody who is not named elsewhere: a uniform book, or random flow."""


class SourceTable(Table):
    """Where a price comes from."""

    kind: Literal[
        "last", "mid", "best-bid", "best-ask", "ema", "twap", "median", "external", "claim",
        "fair-share", "pool-spot",
    ]  # fmt: skip
    """A price of a book, an average of one, a median of several, a series from outside, or what a
    claim or a pool's share is worth."""
    instruments: list[str] = []
    """Books that it is of: one, or two and more of a median. None: the holding's own."""
    of: Literal["last", "mid", "best-bid", "best-ask"] = "mid"
    """What an average or a median is of."""
    half_life: Seconds = 10.0
    """Seconds: in which what an ``ema`` remembers loses half its weight."""
    window: Seconds = 60.0
    """Seconds: over which a ``twap`` averages."""
    sample: Annotated[float, Field(gt=0)] = 1.0
    """Seconds: between two looks of an average at its price."""
    prices: list[tuple[Seconds, Positive]] = []
    """Seconds and ticks: the times and prices of an external series."""
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
    """What the price truly is."""
    lag: Seconds = 0.0
    """Seconds: from a price to its publication."""
    heartbeat: Seconds = 0.0
    """Seconds: a price is published at least so often; 0: not for that reason."""
    deviation: Ppm = 0
    """Ppm: a price is published as soon as it is so far from the last one that was. With neither
    heartbeat nor deviation every change is published."""
    outages: list[tuple[Seconds, Seconds]] = []
    """Seconds: starts and ends of times in which nothing is published."""
    manipulations: list[tuple[Seconds, Seconds, int]] = []
    """Seconds, seconds and ppm: starts, ends, and by how much of itself what is published then is
    off."""


class MarginTable(Table):
    """A margin model and its parameters."""

    model: Literal[
        "flat", "tiered", "ltv", "open-interest", "skew", "volatility", "procyclical",
        "concentration", "depth", "look-through",
    ]  # fmt: skip
    """Which margin model sets what a position must be backed with."""
    parameters: dict[str, Any] = {}
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
    interval: Annotated[float, Field(gt=0)] = 60.0
    """Seconds: between two payments."""
    share: Ppm = PPM
    """Ppm: of the premium, paid at each interval."""
    cap: Ppm = 10_000
    """Ppm: of the notional, the most that is paid at one interval, either way."""


class LiquidationTable(Table):
    """What is done with accounts that fail."""

    design: str = "market-sale"
    """Name of a liquidation design, or ``FILE.py:NAME`` of one's own."""
    parameters: dict[str, Any] = {}
    """Keywords of the design, times in seconds."""


class ClearingTable(Table):
    """One margin system."""

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
    portfolio: list[list[int]] = []
    """Ppm: rows of joint price moves, a value a holding, that cross accounts must survive; none:
    they are backed by rates."""
    funding: FundingTable | None = None
    """What longs pay shorts; none: nothing."""
    interest: Ppm = 0
    """Ppm: of every debt, paid to the lenders at each interval."""
    interest_interval: Annotated[float, Field(gt=0)] = 3_600.0
    """Seconds: between two payments of interest."""


class PopulationTable(Table):
    """Leveraged accounts by the thousand."""

    name: str
    """Unique; the accounts are drawn from the random stream of this name."""
    count: Positive = 1
    """Accounts: how many there are."""
    clearing: str = "clearing"
    """Name of the clearing where they are."""
    holding: Count = 0
    """Number: which holding of the clearing isolated accounts have, from 0."""
    equity: Positive = 1_000_000
    """Cash units: the median of their own funds."""
    equity_spread: Annotated[float, Field(ge=0)] = 1.0
    """Standard deviation: of the logarithm of their own funds."""
    leverage: tuple[float, float] = (2.0, 20.0)
    """Times: the lowest and the highest; even between them on a log scale."""
    long_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share: of accounts that are long, from 0 to 1."""
    again: Seconds = 0.0
    """Seconds: after its last forced sale until an account comes back with what is left to it; 0:
    it stays away."""
    cross: bool = False
    """Whether all holdings of an account back each other."""
    file: str | None = None
    """A snapshot (``lob.feeds.positions``), in place of drawn accounts; relative to where one is.
    """
    stacked: Positive | None = None
    """Lots a tick: that fail at each tick from one below the price on, in place of drawn accounts:
    the other half of a uniform book."""
    size: Positive = 1
    """Lots: of one stacked account."""
    ticks: Positive = 100
    """Ticks: over how many they are stacked."""


class TraderTable(Table):
    """A single leveraged trader of ``agents.leverage``, by its class name."""

    kind: Literal[
        "LeverageTarget", "VolatilityTarget", "ValueFund", "Pyramider", "StopLoss",
        "SelfDeleverager", "Hedger",
    ]  # fmt: skip
    """Class in ``agents.leverage``."""
    name: str
    """Unique; its randomness is keyed by it."""
    clearing: str = "clearing"
    """Name of the clearing where its account is."""
    parameters: dict[str, Any] = {}
    """Keywords of the class: ticks, lots, cash units, times in ns."""


class MakerTable(Table):
    """A market maker who widens and withdraws under stress."""

    name: str
    """Unique; its randomness is keyed by it."""
    instrument: str
    """Name of the instrument whose market it makes."""
    levels: Positive = 5
    """Number: of prices that it quotes on each side."""
    offset: float = Field(default=2.0, gt=0)
    """Ticks: from the mid to its best quotes."""
    step: Positive = 2
    """Ticks: between its levels."""
    size: Positive = 10
    """Lots: at each level."""
    every: Annotated[float, Field(gt=0)] = 1.0
    """Seconds: between two looks at the market."""
    inventory_limit: Positive = 1_000
    """Lots: long or short, at which it quotes no more on the side that would add to them."""
    volatility_limit: Annotated[float, Field(gt=0)] = 20.0
    """Ticks per square root of a second: realised volatility of the mid at which it doubles its
    distances and halves its sizes."""
    cool_down: Seconds = 30.0
    """Seconds: for which a strain must have eased before it quotes as usual."""


class ShockTable(Table):
    """Somebody sells, or buys, by market order."""

    instrument: str
    """Name of the instrument that is sold or bought."""
    at: Seconds
    """Seconds: from the start of the run."""
    lots: Positive
    """Lots: in all."""
    side: Literal["sell", "buy"] = "sell"
    """Whether it sells or buys."""
    over: Seconds = 0.0
    """Seconds: in which it is traded in equal parts; 0: by one market order."""


class AlternativeTable(Table):
    """A design that is run on the same seeds beside the scenario's own: ``[[alternatives]]``."""

    label: str
    """Unique; what it is called in reports."""
    design: str
    """Name of a liquidation design, or ``FILE.py:NAME`` of one's own."""
    parameters: dict[str, Any] = {}
    """Keywords of the design, times in seconds."""


class PublishedTable(Table):
    """A number that others have published, to be shown beside ours: ``[[published]]``."""

    name: str
    """What the number is of, in words."""
    value: float
    """Number: in ``unit``."""
    unit: str = ""
    """Unit of the number, for reports."""
    measure: str = ""
    """What it is beside of a run's summary, as in ``auctions.zero_bid_share``; none: of nothing."""
    source: str
    """Where it was published."""
