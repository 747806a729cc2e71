"""Scenarios: one question each, as a TOML file that is validated whole.

A scenario says which instruments there are and who makes their markets, how they are cleared, who
holds leveraged positions, and what the shock is. Prices are ticks, sizes lots, money cash units,
rates ppm, times seconds (they become whole nanoseconds).
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from experiments.scenario.borrowers import BorrowerTables
from experiments.scenario.breakers import BreakerTable
from experiments.scenario.claims import StackTables
from experiments.scenario.keepers import CongestionTable, KeepersTable
from experiments.scenario.parts import (
    AlternativeTable,
    ClearingTable,
    InstrumentTable,
    MakerTable,
    PopulationTable,
    Positive,
    PublishedTable,
    Seconds,
    ShockTable,
    TraderTable,
)
from lob.units import SECOND_NS

__all__ = ["Scenario", "ScenarioError", "read_scenario", "ready_scenarios"]

FOLDER = Path(__file__).parent / "ready"


class ScenarioError(ValueError):
    """A scenario is not one: every mistake in it, each with its place."""


class Scenario(BorrowerTables, StackTables):
    """One question, and everything that is needed to answer it."""

    name: str
    """What it is called."""
    question: str
    """What it asks, in a sentence."""
    note: str = ""
    """What a reader must know: what is chosen, and where the rest is from."""
    seconds: Annotated[float, Field(gt=0)]
    """Seconds: how long a run is."""
    horizon: Annotated[float, Field(gt=0)]
    """Seconds: after the shock, until when the drop is measured."""
    seeds: Positive = 8
    """Runs: how many there are where nothing else is said."""
    block_time: Seconds = 0.0
    """Seconds: between two blocks, of designs that act once a block; 0: of each its own."""
    instruments: Annotated[list[InstrumentTable], Field(min_length=1)]
    """What is traded, a book each."""
    clearings: Annotated[list[ClearingTable], Field(min_length=1)]
    """Margin systems."""
    populations: list[PopulationTable] = Field(default_factory=list)
    """Leveraged accounts by the thousand."""
    traders: list[TraderTable] = Field(default_factory=list)
    """Single leveraged traders."""
    makers: list[MakerTable] = Field(default_factory=list)
    """Market makers."""
    shocks: Annotated[list[ShockTable], Field(min_length=1)]
    """The sales or purchases whose effect is asked for; the drop is that of the first."""
    keepers: list[KeepersTable] = Field(default_factory=list)
    """Bots that take what designs offer."""
    congestion: CongestionTable | None = None
    """Blocks that keepers' transactions wait for; none: there is always room."""
    breakers: list[BreakerTable] = Field(default_factory=list)
    """Circuit breakers and call auctions."""
    alternatives: list[AlternativeTable] = Field(default_factory=list)
    """Designs that are run on the same seeds beside the scenario's own."""
    published: list[PublishedTable] = Field(default_factory=list)
    """Numbers of others, to be shown beside ours."""

    @model_validator(mode="after")
    def _named(self) -> "Scenario":
        """Every name that is used must be one that is there."""
        mistakes = list(self._unknown_names())
        for what, names in (
            ("instruments", [one.name for one in self.instruments]),
            ("clearings", [one.name for one in self.clearings]),
            (
                "populations, traders, makers and keepers",
                [
                    *(one.name for one in self.populations),
                    *(one.name for one in self.traders),
                    *(one.name for one in self.makers),
                    *(one.name for one in self.keepers),
                ],
            ),
            ("alternatives", [one.label for one in self.alternatives]),
        ):
            mistakes += [
                f"{what}: {name!r} is named twice" for name in set(names) if names.count(name) > 1
            ]
        last = max(shock.at + shock.over for shock in self.shocks)
        if last + self.horizon > self.seconds:
            mistakes.append(
                f"seconds must reach to the horizon after the shock, {last + self.horizon}, got "
                f"{self.seconds}"
            )
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self

    def _unknown_names(self) -> Iterator[str]:
        instruments = [one.name for one in self.instruments]
        clearings = [one.name for one in self.clearings]
        for place, name in self._used_instruments():
            if name not in instruments:
                yield f"{place}: no instrument is called {name!r}: there are {instruments}"
        used = [(f"populations.{i}", one.clearing) for i, one in enumerate(self.populations)]
        used += [(f"traders.{i}", one.clearing) for i, one in enumerate(self.traders)]
        for place, name in used:
            if name not in clearings:
                yield f"{place}.clearing: no clearing is called {name!r}: there are {clearings}"

    def _used_instruments(self) -> Iterator[tuple[str, str]]:
        for i, clearing in enumerate(self.clearings):
            for j, holding in enumerate(clearing.holdings):
                place = f"clearings.{i}.holdings.{j}"
                yield f"{place}.instrument", holding.instrument
                for name in holding.oracle.source.instruments:
                    yield f"{place}.oracle.source.instruments", name
            if clearing.funding:
                yield f"clearings.{i}.funding.index", clearing.funding.index
        for i, maker in enumerate(self.makers):
            yield f"makers.{i}.instrument", maker.instrument
        for i, shock in enumerate(self.shocks):
            yield f"shocks.{i}.instrument", shock.instrument
        for i, breaker in enumerate(self.breakers):
            yield f"breakers.{i}.instrument", breaker.instrument

    @staticmethod
    def ns(seconds: float) -> int:
        """Seconds in whole nanoseconds, rounded to the nearest."""
        return round(seconds * SECOND_NS)

    @property
    def end_ns(self) -> int:
        """When a run ends."""
        return self.ns(self.seconds)

    @property
    def horizon_ns(self) -> int:
        """Until when the drop of the first shock is measured."""
        shock = self.shocks[0]
        return self.ns(shock.at + shock.over + self.horizon)

    def asset_of(self, number: int) -> str:
        """What the instrument of a number trades."""
        return self.instruments[number].base or self.instruments[number].name

    def number_of(self, instrument: str) -> int:
        """The number of an instrument."""
        return [one.name for one in self.instruments].index(instrument)


def ready_scenarios() -> list[str]:
    """Names of the scenarios that come with Firesale."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_scenario(
    source: str | Path | dict[str, Any], overrides: dict[str, Any] | None = None
) -> Scenario:
    """Read a scenario and validate it whole.

    Parameters
    ----------
    source
        The name of a ready one, the path of a TOML file, or its content.
    overrides
        Values in place of what it says, by dotted path: ``{"populations.0.count": 1_000_000}``.

    Raises
    ------
    ScenarioError
        With all mistakes, each with its path.
    OSError
        If the file cannot be read.
    """
    if isinstance(source, dict):
        where, content = "scenario", source
    else:
        path = FOLDER / f"{source}.toml" if str(source) in ready_scenarios() else Path(source)
        where = str(source)
        if not path.is_file():
            raise ScenarioError(
                f"no scenario is called {source!r}: there are {', '.join(ready_scenarios())}; or "
                "give the path of a TOML file"
            )
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ScenarioError(f"{where}: not TOML: {error}") from None
    content = _overridden(content, overrides or {}, where)
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, one['loc'])) or 'scenario'}: {one['msg']}"
            + (f", got {one['input']!r}" if not isinstance(one["input"], dict | list) else "")
            for one in error.errors()
        ]
        count = f"{len(lines)} mistake{'s' * (len(lines) > 1)}"
        raise ScenarioError("\n".join([f"{where}: {count}", *lines])) from None


def _overridden(content: dict[str, Any], overrides: dict[str, Any], where: str) -> dict[str, Any]:
    import copy

    content = copy.deepcopy(content)
    for path, value in overrides.items():
        *way, last = path.split(".")
        at: Any = content
        try:
            for step in way:
                at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
            if isinstance(at, list):
                at[int(last)] = value
            else:
                at[last] = value
        except (IndexError, ValueError, TypeError, AttributeError):
            raise ScenarioError(f"{where}: there is no {path} to set") from None
    return content
