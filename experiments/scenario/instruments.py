"""Instruments in a scenario, and the background that trades in their books.

Prices are ticks, sizes lots, rates of a flow lots a second.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, model_validator

import agents
import lob
from experiments.calibration.market_file import InstrumentOfMarket
from experiments.calibration.profile import ProfileError
from experiments.markets.mistakes import Mistake, MistakesError
from experiments.scenario.background import Place
from experiments.scenario.backgrounds import Background, with_told_instrument
from experiments.scenario.names import Names
from experiments.scenario.table import Name, Positive, Table

__all__ = ["InstrumentTable", "make_background", "make_instrument", "worth_of"]

FINEST, COARSEST = Decimal("1e-18"), Decimal(10**18)
"""Bounds of a tick and of a lot: no token has more than 18 decimals in use; the other chosen."""


class InstrumentTable(Table):
    """An instrument: what is traded in one book."""

    name: Name
    """Name of the instrument, unique; other tables refer to it."""
    multiplier: Positive = 1
    """Cash units: what one lot is worth for each tick of its price; of an inverse contract, a lot
    is worth ``multiplier / price`` units of its coin."""
    inverse: bool = False
    """Whether the instrument is an inverse contract, settled in the coin that it is about."""
    base: str = ""
    """Name of the asset that is traded; empty: a contract of the instrument's own name."""
    tick_size: Annotated[Decimal, Field(ge=FINEST, le=COARSEST)] = Decimal(1)
    """Price of one tick, in ``quote`` for one of ``base``."""
    lot_size: Annotated[Decimal, Field(ge=FINEST, le=COARSEST)] = Decimal(1)
    """How much of ``base`` one lot is; of an inverse contract, how much of ``quote``."""
    quote: Name = "cash"
    """Name of the money that is paid, as quantities are written in it: ``"60_000 USD"``."""
    maker_fee: int = 0
    """Ppm: of what is paid, from whoever rested in the book; negative: a rebate."""
    taker_fee: int = 0
    """Ppm: of what is paid, from whoever took from the book; negative: a rebate."""
    background: Background
    """The orders of everybody who is not named elsewhere: a uniform book, a flow, a ready market, a
    market file, one of your own."""

    @model_validator(mode="before")
    @classmethod
    def _as_the_file_says(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, Mapping):
            return given
        return with_told_instrument(given, (info.context or {}).get("folder"))

    @model_validator(mode="after")
    def _is_as_the_file_says(self) -> Self:
        told = self.background.instrument()
        for key in ("tick_size", "lot_size"):
            if key in told and told[key] != getattr(self, key):
                raise ValueError(
                    f"{key} is {getattr(self, key)}, and {told[key]} in the file of its background:"
                    " leave it out, or make the market anew"
                )
        return self

    @model_validator(mode="after")
    def _with_what_follows(self) -> Self:
        try:
            background = self.background.of_instrument(self.told)
        except ProfileError as error:
            raise MistakesError([Mistake(f"background.{error.key}", error.what)]) from None
        # The one place where a table is completed: pydantic has no other for what hangs on two.
        self.__dict__["background"] = background
        return self

    @property
    def start_price(self) -> int:
        """Where the market begins, in ticks."""
        return self.background.start_price(self.tick_size)

    @property
    def told(self) -> InstrumentOfMarket:
        """What a market file tells of the instrument."""
        keys = InstrumentOfMarket.model_fields
        return InstrumentOfMarket(**{key: getattr(self, key) for key in keys})

    @property
    def asset(self) -> str:
        """Name of the asset that the instrument trades."""
        return self.base or self.name


def make_instrument(one: InstrumentTable, number: int) -> lob.Instrument:
    """Make an instrument of the venue from its table.

    Parameters
    ----------
    one
        The table.
    number
        Number of the instrument.
    """
    return lob.Instrument(
        one.name,
        number=number,
        tick_size=one.tick_size,
        lot_size=one.lot_size,
        multiplier=one.multiplier,
        inverse=one.inverse,
        base=one.base,
        maker_fee=one.maker_fee,
        taker_fee=one.taker_fee,
    )


def make_background(
    one: InstrumentTable, number: int, names: Names, seed: int, worth: str
) -> list[agents.Participant]:
    """Make whoever fills the book of an instrument.

    Parameters
    ----------
    one
        The table.
    number
        Number of the instrument.
    names
        Numbers of instruments and clearings by name.
    seed
        Root of all randomness.
    worth
        Name of the instrument that is worth the same: another where this one is its spot.
    """
    numbers = {name: market.number for name, market in names.markets.items()}
    place = Place(seed, one.name, number, one.tick_size, numbers, worth)
    return one.background.participants(place)


def worth_of(instruments: Sequence[InstrumentTable], name: str) -> str:
    """Name of the instrument whose spot an instrument is; its own name if it is none.

    Parameters
    ----------
    instruments
        All of a scenario.
    name
        Name of one of them.
    """
    return next(
        (one.name for one in instruments if getattr(one.background, "spot", None) == name), name
    )
