"""All tables of a scenario, put together; in code they stand wherever TOML has a table.

They take numbers in the units of their keys; a text with a unit is read where a scenario is.
"""

from typing import Annotated

from pydantic import Field

from experiments.calibration.market_file import InstrumentOfMarket
from experiments.scenario.alternatives import AlternativeTable, PublishedTable
from experiments.scenario.backgrounds import FittedTable, OwnBackgroundTable, ReadyMarketTable
from experiments.scenario.breakers import (
    BreakerLevelTable,
    BreakerTable,
    CallAuctionTable,
    CircuitBreakerTable,
)
from experiments.scenario.claims import ClaimTable, PoolTable
from experiments.scenario.clearing import ClearingTable, FundingTable, HoldingTable, MarginTable
from experiments.scenario.collateralised_borrowers import CollateralisedBorrowerTable
from experiments.scenario.designs import LiquidationTable
from experiments.scenario.drives import DriveTable
from experiments.scenario.flows import (
    HawkesTable,
    LongMemoryTable,
    MakerMarketTable,
    PoissonTable,
    QueueReactiveTable,
    UniformBookTable,
    ZeroIntelligenceTable,
)
from experiments.scenario.gaps import GapTable, SolvedGapTable
from experiments.scenario.instruments import InstrumentTable
from experiments.scenario.keepers import (
    CongestionTable,
    GasTable,
    InventoryExitTable,
    KeepersTable,
    LoadTable,
)
from experiments.scenario.makers import MakerTable
from experiments.scenario.metrics import MetricTable
from experiments.scenario.names import NamedInstrument, Names
from experiments.scenario.news_shocks import PricePathShockTable
from experiments.scenario.oracle_faults import OracleFaultTable
from experiments.scenario.oracles import OracleTable, SourceTable
from experiments.scenario.own_shocks import OwnShockTable
from experiments.scenario.populations import PopulationTable
from experiments.scenario.price_paths import PathTable
from experiments.scenario.profiles import ProfileTable, SolvedTable
from experiments.scenario.recorded_days import RecordedTable
from experiments.scenario.recorded_orders import RecordedOrdersTable
from experiments.scenario.recursive_borrowers import PlaceTable, RecursiveBorrowerTable
from experiments.scenario.shocks import Shock, ShockTable
from experiments.scenario.table import Duration, Name, Rhythm, Table, ns
from experiments.scenario.traders import StackerTable, TraderTable
from experiments.scenario.units import units_of
from experiments.scenario.withdrawals import WithdrawalTable
from experiments.scenario.written import scenario_toml
from lob.real_units import RealUnit, RealUnits

__all__ = [
    "AlternativeTable",
    "BreakerLevelTable",
    "CallAuctionTable",
    "CircuitBreakerTable",
    "ClaimTable",
    "ClearingTable",
    "CollateralisedBorrowerTable",
    "CongestionTable",
    "DriveTable",
    "FittedTable",
    "FundingTable",
    "GapTable",
    "GasTable",
    "HawkesTable",
    "HoldingTable",
    "InstrumentOfMarket",
    "InstrumentTable",
    "InventoryExitTable",
    "KeepersTable",
    "LiquidationTable",
    "LoadTable",
    "LongMemoryTable",
    "MakerMarketTable",
    "MakerTable",
    "MarginTable",
    "MetricTable",
    "OracleFaultTable",
    "OracleTable",
    "OwnBackgroundTable",
    "OwnShockTable",
    "PathTable",
    "PlaceTable",
    "PoissonTable",
    "PoolTable",
    "PopulationTable",
    "PricePathShockTable",
    "ProfileTable",
    "PublishedTable",
    "QueueReactiveTable",
    "ReadyMarketTable",
    "RecordedOrdersTable",
    "RecordedTable",
    "RecursiveBorrowerTable",
    "ScenarioTables",
    "ShockTable",
    "SolvedGapTable",
    "SolvedTable",
    "SourceTable",
    "StackerTable",
    "TraderTable",
    "UniformBookTable",
    "WithdrawalTable",
    "ZeroIntelligenceTable",
]


class ScenarioTables(Table):
    """One question and all that is needed to answer it, each table valid by itself."""

    name: Name
    """Name of the scenario."""
    question: str
    """What the scenario asks, in a sentence."""
    note: str = ""
    """What a reader of the scenario must know: what is chosen, and where the rest is from."""
    seconds: Duration
    """Seconds: how long a run is."""
    horizon: Duration
    """Seconds: after the shock, until when the drop is measured."""
    until_closed: Rhythm = 0.0
    """Seconds: how much longer than ``seconds`` a run goes on at most while a case is open. Its
    twin is as long then, and all is measured until the end. 0: every run ends after ``seconds``;
    but those of a comparison of designs go on for as long again."""
    seeds: Annotated[int, Field(ge=1, le=1_000_000)] = 8
    """Runs: how many seeds there are where nothing else is said."""
    block_time: Rhythm = 0.0
    """Seconds: between two blocks, of designs that act once a block; 0: of each its own."""
    taker_margin: Annotated[int, Field(ge=1, le=1_000_000)] = 1_000_000
    """Ppm: of what takers hold that their own capital must cover, the same for the keepers and
    bidders of the scenario and, in a comparison, for vaults; 1_000_000: all is paid in full."""
    allow_failed_at_start: bool = False
    """Whether a run goes on although accounts failed before the first shock. Its results are then
    not of the shock alone."""
    instruments: Annotated[list[InstrumentTable], Field(min_length=1)]
    """Instruments that are traded, a book each."""
    clearings: Annotated[list[ClearingTable], Field(min_length=1)]
    """Margin systems."""
    claims: list[ClaimTable] = Field(default_factory=list)
    """Claims on what an issuer holds: vault shares, staked tokens, receipts."""
    pools: list[PoolTable] = Field(default_factory=list)
    """Constant-product pools beside the books."""
    populations: list[PopulationTable] = Field(default_factory=list)
    """Leveraged accounts by the thousand."""
    traders: list[TraderTable] = Field(default_factory=list)
    """Single leveraged traders."""
    makers: list[MakerTable] = Field(default_factory=list)
    """Market makers."""
    recursive_borrowers: list[RecursiveBorrowerTable] = Field(default_factory=list)
    """Borrowers against what they bought on credit, by the thousand."""
    stackers: list[StackerTable] = Field(default_factory=list)
    """Single participants who stack claims and leverage."""
    collateralised_borrowers: list[CollateralisedBorrowerTable] = Field(default_factory=list)
    """Accounts that pledge a claim and owe cash."""
    drives: list[DriveTable] = Field(default_factory=list)
    """Books that follow recorded prices."""
    shocks: Annotated[list[Shock], Field(min_length=1)]
    """What happens to the market, and whose effect is asked for; the drop is that of the first."""
    keepers: list[KeepersTable] = Field(default_factory=list)
    """Bots that take what liquidation designs offer."""
    congestion: CongestionTable | None = None
    """Blocks that keepers' transactions wait for; none: there is always room."""
    breakers: list[BreakerTable] = Field(default_factory=list)
    """Circuit breakers and call auctions."""
    alternatives: list[AlternativeTable] = Field(default_factory=list)
    """Designs that are run on the same seeds as the scenario's own."""
    metrics: list[MetricTable] = Field(default_factory=list)
    """Measures of one's own, taken of each run."""
    published: list[PublishedTable] = Field(default_factory=list)
    """Numbers of others, to be shown with ours."""

    def to_toml(self, *, comments: bool = False) -> str:
        """Write the scenario as TOML, which ``read_scenario`` reads as an equal one.

        Parameters
        ----------
        comments
            Whether each key has its text and unit above it, and keys that are not given stand there
            with their defaults, commented out.
        """
        return scenario_toml(self, comments=comments)

    @staticmethod
    def ns(seconds: float) -> int:
        """Convert seconds to whole nanoseconds, rounded to the nearest."""
        return ns(seconds)

    @property
    def start_ns(self) -> int:
        """When the first shock begins, in ns since the start of the run."""
        return ns(min(shock.at for shock in self.shocks))

    @property
    def end_ns(self) -> int:
        """When a run of the scenario ends, in ns since its start."""
        return ns(self.seconds)

    @property
    def horizon_ns(self) -> int:
        """Until when the drop of the first shock is measured, in ns since the start of the run."""
        shock = self.shocks[0]
        return ns(shock.ends + self.horizon)

    @property
    def units(self) -> RealUnits:
        """Units in which the scenario's prices, sizes and cash are shown."""
        return units_of(self)

    @property
    def price_unit(self) -> RealUnit:
        """Unit in which prices of the first shock's instrument are shown, and so the drop."""
        return self.units.prices[self.number_of(self.shocks[0].instrument)]

    def asset_of(self, number: int) -> str:
        """Name of the asset that an instrument trades, by the instrument's number."""
        return self.instruments[number].asset

    def number_of(self, instrument: str) -> int:
        """Number of an instrument by its name; raises ``ValueError`` if there is none."""
        return [one.name for one in self.instruments].index(instrument)

    def names(self) -> Names:
        """Numbers of a scenario's instruments and clearings by name, for builders."""
        return Names(
            {
                one.name: NamedInstrument(
                    number,
                    one.asset,
                    one.start_price,
                    one.multiplier,
                    one.inverse,
                    one.lot_size,
                    one.background.daily_volume(one.told),
                )
                for number, one in enumerate(self.instruments)
            },
            {one.name: number for number, one in enumerate(self.clearings)},
            tuple(tuple(holding.instrument for holding in one.holdings) for one in self.clearings),
        )
