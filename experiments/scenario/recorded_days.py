"""Backgrounds that are a recorded day: history trades on with whoever acts in it."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, ValidationInfo, model_validator

import agents
from agents.flow import RecordedFlow
from experiments.calibration.recorded_feed import moment, open_recorded, with_assets
from experiments.scenario.background import BackgroundTable, Place
from experiments.scenario.files import find_path
from experiments.scenario.kept import kept
from experiments.scenario.table import Seconds, ns
from lob.recorded_day import RecordedDay, read_day
from lob.units import SECOND_NS

__all__ = ["RecordedTable"]


def _found(name: str, info: ValidationInfo) -> str:
    return find_path(name, info, folders=True)


class RecordedTable(BackgroundTable):
    """A recorded day of any format, whose orders come again and trade with whoever acts here.

    It starts when its book is there. In ``interactive`` history's orders come at their recorded
    prices; in ``reanchored`` they are moved by what others moved the mid by, which halves with
    every half-life. Nobody in history reacts. It must be as long as a run. What the instrument does
    not say of itself is what the record says; a tick or lot size that is another is a mistake.
    """

    TELLS: ClassVar[tuple[str, ...]] = (
        "kind", "file", "since", "until", "symbol", "format", "member", "tick",
    )  # fmt: skip
    """Keys by which the record is read that tells of the instrument."""
    kind: Literal["recorded"]
    """Which kind of background this is."""
    file: Annotated[str, AfterValidator(_found)]
    """Path of the record (of some formats a folder), beside the scenario or in the working
    directory."""
    mode: Literal["interactive", "reanchored"] = "interactive"
    """Whether history keeps to its recorded prices, or moves with what others do to the mid."""
    half_life: Seconds | None = None
    """Seconds: of the mark that others leave on the prices of a reanchored history; 0: none."""
    since: str | None = None
    """Where in the record a run starts: ``10:00:00``, a date and a time, or ``+90s`` after the
    first message; none: as soon as the book is there."""
    until: str | None = None
    """Where in the record reading stops, likewise; none: at its end."""
    symbol: str | None = None
    """Name of the instrument in the record; none: there is one alone."""
    format: str | None = None
    """Format of the record; none: it is recognised."""
    member: str | None = None
    """Which file of a zip that holds several."""
    tick: str | None = None
    """Price of a tick, for formats that do not tell it."""

    @model_validator(mode="after")
    def _is_a_day(self) -> Self:
        if (self.half_life is None) == (self.mode == "reanchored"):
            raise ValueError(f"half_life goes with the mode reanchored, got {self.half_life}")
        try:
            _ = self.day
        except OSError as error:
            raise ValueError(f"{self.file}: {error.strerror or error}") from None
        return self

    @property
    def day(self) -> RecordedDay:
        """The record in memory, read once."""
        options = (self.since, self.until, self.symbol, self.format, self.member, self.tick)
        return kept(_read, self.file, *options)

    def start_price(self, tick_size: Decimal) -> int:
        """Where the market begins, in ticks: the mid of the record then, rounded down."""
        return self.day.price

    def participants(self, place: Place) -> list[agents.Participant]:
        """Make the participant who sends history's orders."""
        half_life = 0 if self.half_life is None else ns(self.half_life)
        flow = RecordedFlow(
            f"{place.name} record", self.day, half_life_ns=half_life, instrument=place.number
        )
        return [flow]

    def lasts(self) -> float:
        """Seconds from the start until the last message."""
        return self.day.ends / SECOND_NS

    def instrument(self) -> dict[str, Any]:
        """What the record tells of the instrument."""
        told = self.day.instrument
        return {
            "name": told.name,
            "tick_size": told.tick_size,
            "lot_size": told.lot_size,
            "base": told.base,
            "quote": told.quote,
        }


def _read(
    file: str,
    since: str | None,
    until: str | None,
    symbol: str | None,
    format: str | None,
    member: str | None,
    tick: str | None,
) -> RecordedDay:
    feed = open_recorded(Path(file), symbol=symbol, format=format, member=member, tick=tick)
    day = read_day(
        feed,
        symbol,
        since=None if since is None else moment(since, feed),
        until=None if until is None else moment(until, feed),
    )
    return day.with_instrument(with_assets(day.instrument, feed.format))
