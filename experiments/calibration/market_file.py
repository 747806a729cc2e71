"""Market files: a market that somebody fitted, solved or stated, in TOML.

A file says which model the market is of, with which parameters and how well they are known, of
which instrument it is and where it begins, where all that is from, and what it cannot show.
"""

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from warnings import catch_warnings, simplefilter

import numpy as np
from pydantic import BeforeValidator, Field, ValidationError, model_validator

import agents
import lob
from agents.flow import BackgroundFlow
from experiments.calibration.models import MODELS
from experiments.markets.mistakes import Mistake, MistakesError, mistakes_of
from experiments.markets.table import Name, Positive, Table, Ticks
from experiments.markets.written import meant, toml_value
from lob.counted import counted

__all__ = [
    "COARSEST",
    "FINEST",
    "InstrumentOfMarket",
    "MarketFile",
    "MarketFileError",
    "read_market",
]

FINEST, COARSEST = Decimal("1e-18"), Decimal(10**18)
"""Bounds of a tick and of a lot, as in a scenario."""


class MarketFileError(ValueError):
    """A market file is not valid: the message has every mistake in it, each with its key."""


def _plain(value: Any) -> Any:
    """A value with numpy's numbers and arrays turned into Python's, tuples into lists."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


Numbers = float | list[float] | list[list[float]]
"""A number, or numbers in the shape of a parameter."""
Facts = Annotated[dict[str, Any], BeforeValidator(_plain)]
"""What TOML can hold, by name."""


class InstrumentOfMarket(Table):
    """The instrument that a market is of."""

    name: Name
    """Name of the instrument."""
    tick_size: Annotated[Decimal, Field(ge=FINEST, le=COARSEST)] = Decimal(1)
    """Price of one tick, in ``quote`` for one of ``base``."""
    lot_size: Annotated[Decimal, Field(ge=FINEST, le=COARSEST)] = Decimal(1)
    """How much of ``base`` one lot is."""
    base: str = ""
    """Name of the asset that is traded; empty: a contract of the instrument's own name."""
    quote: Name = "cash"
    """Name of the money that is paid."""
    multiplier: Positive = 1
    """Cash units: what one lot is worth for each tick of its price."""
    inverse: bool = False
    """Whether the instrument is an inverse contract, settled in the coin that it is about."""

    def make(self, number: int = 0) -> lob.Instrument:
        """Make the instrument of the venue.

        Parameters
        ----------
        number
            Number of the instrument.
        """
        return lob.Instrument(**self.model_dump(), number=number)


class MarketFile(Table):
    """A market of one model, with its parameters and where they are from."""

    name: Name
    """Name of the market."""
    model: str
    """Name of the model, a key of ``experiments.calibration.models.MODELS``."""
    price: Ticks
    """Ticks: where the market begins."""
    instrument: InstrumentOfMarket
    """The instrument that the market is of."""
    parameters: Facts = Field(default_factory=dict)
    """Parameters of the model, as its table has them."""
    errors: Annotated[dict[str, Numbers], BeforeValidator(_plain)] = Field(default_factory=dict)
    """Standard errors of parameters, in their units, by the parameter's name."""
    provenance: Facts = Field(default_factory=dict)
    """Where the parameters are from: source, span_seconds, messages, fitted_by, seed..."""
    cannot_show: list[str] = Field(default_factory=list)
    """Sentences on what the market cannot show."""
    warnings: list[str] = Field(default_factory=list)
    """Sentences on what a user of the market must know, as that the data were few."""

    @model_validator(mode="after")
    def _is_a_market(self) -> "MarketFile":
        mistakes = list(self._mistakes())
        if mistakes:
            raise MistakesError(mistakes)
        return self

    def flow(self, name: str = "flow", instrument: int = 0) -> BackgroundFlow:
        """Make the market's flow of orders.

        Parameters
        ----------
        name
            Name of the participant: its randomness is keyed by it.
        instrument
            Number of the instrument.
        """
        return MODELS[self.model].make(
            name, price=self.price, instrument=instrument, **self.parameters
        )

    def simulation(self, seed: int = 1, events: bool = True) -> agents.Simulation:
        """Make a run of the market alone, ready to go.

        Parameters
        ----------
        seed
            Root of all randomness.
        events
            Whether the tapes are kept.
        """
        simulation = agents.Simulation(
            seed, instruments=[self.instrument.make()], events=events, messages=events
        )
        simulation.add(self.flow())
        return simulation

    def to_toml(self) -> str:
        """Write the market as TOML, which ``read_market`` reads as an equal one."""
        return "\n".join(self._lines()).strip() + "\n"

    def _mistakes(self) -> Iterator[Mistake]:
        if self.model not in MODELS:
            yield Mistake(
                "model", f"no model is called {self.model!r}: {meant(self.model, MODELS)}"
            )
            return
        table = MODELS[self.model].parameters
        before = False
        if table is not None:
            try:
                table.model_validate(self.parameters)
            except ValidationError as error:
                before = True
                for one in mistakes_of(error, table):
                    yield Mistake(f"parameters.{one.path}", one.what)
            for name in self.errors:
                if name not in table.model_fields:
                    known = meant(name, list(table.model_fields))
                    yield Mistake(f"errors.{name}", f"no parameter is called {name!r}: {known}")
        if not before:
            try:
                with catch_warnings():
                    simplefilter("ignore")  # told where the market is run
                    self.flow()
            except (TypeError, ValueError, ArithmeticError) as error:
                yield Mistake("parameters", str(error))

    def _lines(self) -> Iterator[str]:
        given = self.model_dump(exclude_unset=True)
        tables = [key for key, value in given.items() if isinstance(value, Mapping)]
        for key, value in given.items():
            if key not in tables:
                yield f"{key} = {toml_value(value)}"
        for key in tables:
            if given[key]:
                yield from ("", f"[{key}]")
            for name, value in given[key].items():
                yield toml_value({name: value})[2:-2]


def read_market(path: str | Path) -> MarketFile:
    """Read a market file and validate it whole.

    Parameters
    ----------
    path
        The TOML file.

    Raises
    ------
    MarketFileError
        That names the file, with all mistakes, each with its key.
    OSError
        If the file cannot be read.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MarketFileError(f"{path}: not TOML: {error}") from None
    try:
        return MarketFile.model_validate(content)
    except ValidationError as error:
        lines = [f"  {one}" for one in mistakes_of(error, MarketFile)]
        count = counted(len(lines), "mistake")
        raise MarketFileError("\n".join([f"{path}: {count}", *lines])) from None
