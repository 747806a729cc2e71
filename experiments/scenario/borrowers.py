"""Who stacks leverage: recursive borrowers, single stackers, and books driven by a series."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from experiments.scenario.parts import Count, Positive, Ppm, Seconds, Table
from lob.units import PPM

__all__ = [
    "BorrowerTables",
    "CollateralisedBorrowerTable",
    "DriveTable",
    "PlaceTable",
    "RecursiveBorrowerTable",
    "StackerTable",
]


class PlaceTable(Table):
    """A protocol in which recursive borrowers loop."""

    clearing: str
    """Name of the clearing."""
    holding: Count = 0
    """Number: which of its holdings is the collateral, from 0."""


class RecursiveBorrowerTable(Table):
    """Recursive recursive borrowers by the thousand: ``agents.leverage.RecursiveBorrowers``."""

    name: str
    """Unique; deposits are drawn from the random stream of this name."""
    count: Positive = 1
    """Accounts: how many borrowers there are."""
    places: Annotated[list[PlaceTable], Field(min_length=1, max_length=64)]
    """The protocols where they loop; with several, each borrower is in one."""
    everywhere: bool = False
    """Whether each borrower is in all places, with its deposit in each."""
    deposit: Positive = 100
    """Lots: the median that a recursive borrower brings."""
    deposit_spread: Annotated[float, Field(ge=0)] = 1.0
    """Standard deviation: of the logarithm of what they bring."""
    ltv: Ppm
    """Ppm: of what a loop has bought that the next one borrows."""
    loops: Annotated[int, Field(ge=0, lt=2**16)] = 5
    """Number: of loops, at most."""
    target: Count = 0
    """Ppm: the leverage at which it stops, if that comes first; 0: none."""
    interval: Annotated[float, Field(gt=0)] = 1.0
    """Seconds: between two loops of a borrower."""
    opens: Seconds = 0.0
    """Seconds: over how long they begin; 0: an interval."""
    slippage: Ppm = 10_000
    """Ppm: of the mark that a loop pays more, or gets less, at most."""
    patience: Annotated[int, Field(ge=1, le=255)] = 3
    """Number: of loops in a row that bought nothing before it leaves it at that."""
    unwind_below: Count = 0
    """Ppm: the health factor below which it unwinds by itself; 0: it waits to be liquidated."""
    unwind_to: Annotated[int, Field(ge=PPM)] = PPM
    """Ppm: the leverage at which it has unwound enough; a million: no debt."""
    flash: bool = False
    """Whether it unwinds in one step, with a loan that is paid back at once."""
    look_interval: Annotated[float, Field(gt=0)] = 1.0
    """Seconds: between looks at its health."""
    reaction: Seconds = 0.0
    """Seconds: at most between such a look and its first sale, drawn evenly."""


class StackerTable(Table):
    """A single participant of ``agents.leverage``, by its class name.

    ``clearing`` and ``instrument`` are names here; the other ``parameters`` are those of the class,
    times in ns.
    """

    kind: Literal[
        "DepegArbitrageur", "LPBorrower", "LeverageVault", "PoolArbitrageur",
        "RehypothecatingLender", "VaultDepositor", "RecursiveYieldBorrower",
    ]  # fmt: skip
    """Class in ``agents.leverage``."""
    name: str
    """Unique; its randomness is keyed by it."""
    clearing: str | None = None
    """Name of a clearing, where the class has one."""
    instrument: str | None = None
    """Name of an instrument, where the class trades one."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """The other keywords of the class: ticks, lots, cash units, ppm, times in ns."""


class CollateralisedBorrowerTable(Table):
    """Accounts that pledge a claim and owe: ``agents.leverage.CollateralisedBorrowers``."""

    name: str
    """Unique; units and debts are drawn from the random stream of this name."""
    count: Positive = 1
    """Accounts: how many there are."""
    clearing: str
    """Name of the clearing where they are."""
    asset: str
    """Name of the claim, a holding of the clearing; it comes from the outside world."""
    units: Positive = 100
    """Units: of the claim, the median that each has."""
    spread: Annotated[float, Field(ge=0)] = 0.5
    """Standard deviation: of the logarithm of the units."""
    debt: tuple[Ppm, Ppm] = (300_000, 600_000)
    """Ppm: the lowest and the highest, of the value of what each pledges as the clearing sees it
    then; evenly between."""
    opens: Seconds = 0.0
    """Seconds: from the start until they come."""


class DriveTable(Table):
    """A book that is traded along recorded prices from elsewhere (``lob.feeds.prices``)."""

    name: str = "driver"
    """Unique; its randomness is keyed by it."""
    instrument: str
    """Name of the instrument whose book is driven."""
    files: Annotated[list[str], Field(max_length=2)] = Field(default_factory=list)
    """A CSV of prices; two: the first over the second. None: the book is left alone. A name that
    is no path is looked for in the folder ``prices`` of ``FIRESALE_DATA``."""
    start: datetime | None = None
    """UTC: of the part of the file that is used; its beginning if not given."""
    end: datetime | None = None
    """UTC: of the part of the file that is used; its end if not given."""
    at: Seconds = 0.0
    """Seconds: from the start of the run until that part begins."""
    over: Annotated[float, Field(gt=0)] = 60.0
    """Seconds: how long it takes in the run."""
    most: Positive = 1_000
    """Lots: traded at one look, at most."""
    interval: Annotated[float, Field(gt=0)] = 0.25
    """Seconds: between two looks."""

    @model_validator(mode="after")
    def _rises(self) -> "DriveTable":
        if self.start and self.end and self.utc(self.start) >= self.utc(self.end):
            raise ValueError(f"start must be before end, got {self.start} and {self.end}")
        return self

    @staticmethod
    def utc(moment: datetime) -> datetime:
        """A moment without a zone is one of UTC."""
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class BorrowerTables(Table):
    """The tables of a scenario for who stacks leverage."""

    recursive_borrowers: list[RecursiveBorrowerTable] = Field(default_factory=list)
    """Borrowers who loop: borrow against what they bought with what they borrowed."""
    stackers: list[StackerTable] = Field(default_factory=list)
    """Single participants who stack claims and leverage."""
    collateralised_borrowers: list[CollateralisedBorrowerTable] = Field(default_factory=list)
    """Accounts that pledge a claim and owe."""
    drives: list[DriveTable] = Field(default_factory=list)
    """Books traded along recorded prices."""

    @model_validator(mode="after")
    def _borrower_names(self) -> "BorrowerTables":
        clearings = {one.name: len(one.holdings) for one in getattr(self, "clearings", [])}
        instruments = [one.name for one in getattr(self, "instruments", [])]
        mistakes = []
        for i, borrower in enumerate(self.recursive_borrowers):
            for j, place in enumerate(borrower.places):
                where = f"recursive_borrowers.{i}.places.{j}"
                if place.clearing not in clearings:
                    mistakes.append(f"{where}.clearing: no clearing is called {place.clearing!r}")
                elif place.holding >= clearings[place.clearing]:
                    mistakes.append(
                        f"{where}.holding: {place.clearing} has {clearings[place.clearing]}"
                    )
        for i, one in enumerate(self.stackers):
            if one.clearing is not None and one.clearing not in clearings:
                mistakes.append(f"stackers.{i}.clearing: no clearing is called {one.clearing!r}")
        for i, collateralised_borrower in enumerate(self.collateralised_borrowers):
            if collateralised_borrower.clearing not in clearings:
                mistakes.append(
                    f"collateralised_borrowers.{i}.clearing: no clearing is called "
                    f"{collateralised_borrower.clearing!r}"
                )
        used = [(f"stackers.{i}", one.instrument) for i, one in enumerate(self.stackers)]
        used += [(f"drives.{i}", one.instrument) for i, one in enumerate(self.drives)]
        mistakes += [
            f"{where}.instrument: no instrument is called {name!r}"
            for where, name in used
            if name is not None and name not in instruments
        ]
        parts = (
            self.recursive_borrowers,
            self.stackers,
            self.collateralised_borrowers,
            self.drives,
        )
        names = [one.name for part in parts for one in part]
        mistakes += [f"{name!r} is named twice" for name in set(names) if names.count(name) > 1]
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self
