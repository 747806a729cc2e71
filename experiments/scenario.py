"""Scenarios: one question each, as a TOML file that is validated whole.

A scenario says which instruments there are and who makes their markets, how they are cleared, who
holds leveraged positions, and what the shock is. Prices are ticks, sizes lots, money cash units,
rates ppm, times seconds (they become whole nanoseconds).
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

__all__ = ["Scenario", "ScenarioError", "read_scenario", "ready_scenarios"]

FOLDER = Path(__file__).parent / "scenarios"
SECOND_NS = 1_000_000_000

Ppm = Annotated[int, Field(ge=0, le=1_000_000)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0)]


class ScenarioError(ValueError):
    """A scenario is not one: every mistake in it, each with its place."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Uniform(_Part):
    """Orders of one size at every tick, put there once: the book of the integer law."""

    kind: Literal["uniform"]
    price: Positive
    """The best bid; asks start one tick above."""
    depth: Positive
    """Lots a tick."""
    ticks: Positive
    """How far down and up."""


class ZeroIntelligenceFlow(_Part):
    """``agents.flow.ZeroIntelligence``."""

    kind: Literal["zero-intelligence"]
    price: Positive
    alpha: float = Field(gt=0)
    mu: float = Field(ge=0)
    delta: float = Field(gt=0)
    window: Positive
    size: Positive = 1


class Instrument(_Part):
    """What is traded in one book."""

    name: str
    multiplier: Positive = 1
    inverse: bool = False
    base: str = ""
    maker_fee: int = 0
    taker_fee: int = 0
    background: Annotated[Uniform | ZeroIntelligenceFlow, Field(discriminator="kind")]


class Source(_Part):
    """Where a price comes from."""

    kind: Literal["last", "mid", "best-bid", "best-ask", "ema", "twap", "median", "external"]
    instruments: list[str] = []
    """One; the books of a median. None: the holding's own."""
    of: Literal["last", "mid", "best-bid", "best-ask"] = "mid"
    """What an average or a median is of."""
    half_life: Seconds = 10.0
    window: Seconds = 60.0
    sample: Annotated[float, Field(gt=0)] = 1.0
    prices: list[tuple[Seconds, Positive]] = []
    """Of an external series: times and ticks."""

    @model_validator(mode="after")
    def _complete(self) -> "Source":
        if self.kind == "external" and not self.prices:
            raise ValueError("prices must be given for an external source")
        if self.kind == "median" and len(self.instruments) < 2:
            raise ValueError("instruments must be two or more for a median")
        return self


class Oracle(_Part):
    """When clearing gets to know."""

    source: Source = Source(kind="mid")
    lag: Seconds = 0.0
    heartbeat: Seconds = 0.0
    deviation: Ppm = 0
    outages: list[tuple[Seconds, Seconds]] = []
    manipulations: list[tuple[Seconds, Seconds, int]] = []


class Margin(_Part):
    """A margin model and its parameters."""

    model: Literal["flat", "tiered", "ltv", "open-interest", "skew", "volatility"]
    parameters: dict[str, Any] = {}
    update: Seconds = 0.0
    """Seconds between looks at the market, of a model that reacts to it; 0: it does not look."""


class Holding(_Part):
    """What accounts of a clearing hold."""

    instrument: str
    oracle: Oracle = Oracle()
    margin: Margin


class Funding(_Part):
    """What longs pay shorts of a contract: how far its mark is above an index, in part."""

    holding: Count = 0
    index: str
    """Instrument whose mid is the index."""
    interval: Annotated[float, Field(gt=0)] = 60.0
    share: Ppm = 1_000_000
    """Of the premium, paid at each interval."""
    cap: Ppm = 10_000


class Liquidator(_Part):
    """What is done with accounts that fail."""

    design: str = "market-sale"
    parameters: dict[str, Any] = {}


class Clearing(_Part):
    """One margin system."""

    name: str = "clearing"
    holdings: Annotated[list[Holding], Field(min_length=1, max_length=16)]
    liquidator: Liquidator = Liquidator()
    insurance_fund: Count = 0
    liquidation_fee: Ppm = 0
    portfolio: list[list[int]] = []
    funding: Funding | None = None
    interest: Ppm = 0
    """Of every debt, at each interval."""
    interest_interval: Annotated[float, Field(gt=0)] = 3_600.0


class Population(_Part):
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


class Trader(_Part):
    """A single leveraged trader of ``agents.leverage``, by its class name."""

    kind: Literal[
        "LeverageTarget", "VolatilityTarget", "ValueFund", "Pyramider", "StopLoss",
        "SelfDeleverager", "Hedger",
    ]  # fmt: skip
    name: str
    clearing: str = "clearing"
    parameters: dict[str, Any] = {}


class Maker(_Part):
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


class Shock(_Part):
    """Somebody sells, or buys, by market order."""

    instrument: str
    at: Seconds
    lots: Positive
    side: Literal["sell", "buy"] = "sell"
    over: Seconds = 0.0


class BreakerLevel(_Part):
    """A step of a circuit breaker."""

    move: Annotated[int, Field(ge=1)]
    """ppm: it acts where the price moved more than this."""
    halt: Seconds | None = None
    """Not given: for good."""
    call: Seconds = 0.0
    """Of a call auction after the halt."""


class CircuitBreaker(_Part):
    """``lob.breaker.CircuitBreaker``."""

    kind: Literal["circuit-breaker"]
    instrument: str
    levels: Annotated[list[BreakerLevel], Field(min_length=1)]
    window: Seconds = 0.0
    """0: prices are held against the first one, and every level acts once."""
    band: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    price: Literal["last", "mid"] = "last"

    @model_validator(mode="after")
    def _rising(self) -> "CircuitBreaker":
        moves = [level.move for level in self.levels]
        if sorted(set(moves)) != moves:
            raise ValueError(f"levels must have rising moves, got {moves}")
        return self


class CallAuction(_Part):
    """``lob.breaker.CallAuction``."""

    kind: Literal["call-auction"]
    instrument: str
    start: Seconds = 0.0
    length: Annotated[float, Field(gt=0)]
    every: Seconds = 0.0
    """0: only once."""
    closes: bool = False
    price: Literal["last", "mid"] = "last"

    @model_validator(mode="after")
    def _apart(self) -> "CallAuction":
        if self.every and self.every <= self.length:
            raise ValueError(f"every must be longer than length, {self.length}, got {self.every}")
        return self


class Scenario(_Part):
    """One question, and everything that is needed to answer it."""

    name: str
    question: str
    note: str = ""
    seconds: Annotated[float, Field(gt=0)]
    """How long a run is."""
    horizon: Annotated[float, Field(gt=0)]
    """Until when after the shock the drop is measured."""
    seeds: Positive = 8
    instruments: Annotated[list[Instrument], Field(min_length=1)]
    clearings: Annotated[list[Clearing], Field(min_length=1)]
    populations: list[Population] = []
    traders: list[Trader] = []
    makers: list[Maker] = []
    shocks: Annotated[list[Shock], Field(min_length=1)]
    breakers: list[Annotated[CircuitBreaker | CallAuction, Field(discriminator="kind")]] = []

    @model_validator(mode="after")
    def _named(self) -> "Scenario":
        """Every name that is used must be one that is there."""
        mistakes = list(self._unknown_names())
        for what, names in (
            ("instruments", [one.name for one in self.instruments]),
            ("clearings", [one.name for one in self.clearings]),
            (
                "populations, traders and makers",
                [
                    *(one.name for one in self.populations),
                    *(one.name for one in self.traders),
                    *(one.name for one in self.makers),
                ],
            ),
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
