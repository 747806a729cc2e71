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
    holding: Count = 0


class RecursiveBorrowerTable(Table):
    """Recursive recursive borrowers by the thousand: ``agents.leverage.RecursiveBorrowers``."""

    name: str
    count: Positive = 1
    places: Annotated[list[PlaceTable], Field(min_length=1, max_length=64)]
    everywhere: bool = False
    deposit: Positive = 100
    """Median lots that a recursive borrower brings."""
    deposit_spread: Annotated[float, Field(ge=0)] = 1.0
    """Standard deviation of their logarithm."""
    ltv: Ppm
    loops: Annotated[int, Field(ge=0, lt=2**16)] = 5
    target: Count = 0
    """Ppm; 0: none."""
    interval: Annotated[float, Field(gt=0)] = 1.0
    opens: Seconds = 0.0
    """Over how long they begin; 0: an interval."""
    slippage: Ppm = 10_000
    patience: Annotated[int, Field(ge=1, le=255)] = 3
    unwind_below: Count = 0
    """Health factor in ppm; 0: they wait to be liquidated."""
    unwind_to: Annotated[int, Field(ge=PPM)] = PPM
    flash: bool = False
    look_interval: Annotated[float, Field(gt=0)] = 1.0
    reaction: Seconds = 0.0


class StackerTable(Table):
    """A single participant of ``agents.leverage``, by its class name.

    ``clearing`` and ``instrument`` are names here; the other ``parameters`` are those of the class,
    times in ns.
    """

    kind: Literal[
        "DepegArbitrageur", "LPBorrower", "LeverageVault", "PoolArbitrageur",
        "RehypothecatingLender", "VaultDepositor", "RecursiveYieldBorrower",
    ]  # fmt: skip
    name: str
    clearing: str | None = None
    instrument: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)


class CollateralisedBorrowerTable(Table):
    """Accounts that pledge a claim and owe: ``agents.leverage.CollateralisedBorrowers``."""

    name: str
    count: Positive = 1
    clearing: str
    asset: str
    """The claim, a holding of the clearing; it comes from the outside world."""
    units: Positive = 100
    """Median that each has."""
    spread: Annotated[float, Field(ge=0)] = 0.5
    """Standard deviation of their logarithm."""
    debt: tuple[Ppm, Ppm] = (300_000, 600_000)
    """Of the value of what each pledges, as the clearing sees it then, evenly between."""
    opens: Seconds = 0.0
    """When they come."""


class DriveTable(Table):
    """A book that is traded along recorded prices from elsewhere (``lob.feeds.prices``)."""

    name: str = "driver"
    instrument: str
    files: Annotated[list[str], Field(max_length=2)] = Field(default_factory=list)
    """A CSV of prices; two: the first over the second. None: the book is left alone. A name that
    is no path is looked for in the folder ``prices`` of ``FIRESALE_DATA``."""
    start: datetime | None = None
    """UTC, of the part of the file that is used; its beginning if not given."""
    end: datetime | None = None
    at: Seconds = 0.0
    """When in the run that part begins."""
    over: Annotated[float, Field(gt=0)] = 60.0
    """How long it takes in the run."""
    most: Positive = 1_000
    """Lots traded at one look."""
    interval: Annotated[float, Field(gt=0)] = 0.25

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
    stackers: list[StackerTable] = Field(default_factory=list)
    collateralised_borrowers: list[CollateralisedBorrowerTable] = Field(default_factory=list)
    drives: list[DriveTable] = Field(default_factory=list)

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
