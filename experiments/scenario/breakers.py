"""Circuit breakers and call auctions in a scenario: their tables and what is built of them.

Rates are ppm, times seconds.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from experiments.scenario.names import Names
from experiments.scenario.table import Duration, Rhythm, Seconds, Table, ns
from lob.units import PPM
from lob.venue import breaker as guards

__all__ = ["BreakerTable", "CallAuctionTable", "CircuitBreakerTable", "make_breaker"]


class BreakerLevelTable(Table):
    """A step of a circuit breaker."""

    move: Annotated[int, Field(ge=1)]
    """Ppm: of a price move; the level acts where the price moved more than this."""
    halt: Seconds | None = None
    """Seconds: how long nothing trades; not given: for good."""
    call: Seconds = 0.0
    """Seconds: length of the call auction after the halt; 0: none."""


class CircuitBreakerTable(Table):
    """A breaker that halts a book after large moves: ``lob.venue.breaker.CircuitBreaker``."""

    kind: Literal["circuit-breaker"]
    """Which kind of breaker this is."""
    instrument: str
    """Name of the instrument whose book the breaker guards."""
    levels: Annotated[list[BreakerLevelTable], Field(min_length=1)]
    """Steps of the breaker, with rising moves: the highest that is exceeded acts."""
    window: Seconds = 0.0
    """Seconds: how far back the price is that moves are measured against; 0: the first price, and
    every level acts once."""
    band: Annotated[int, Field(ge=1, le=PPM)] | None = None
    """Ppm: greatest distance of an order's price from the first price and from that of each
    reopening; not given: no band."""
    price: Literal["last", "mid"] = "last"
    """Whether the breaker looks at the last trade price or at the mid."""

    @model_validator(mode="after")
    def _rising(self) -> "CircuitBreakerTable":
        moves = [level.move for level in self.levels]
        if sorted(set(moves)) != moves:
            raise ValueError(f"levels must have rising moves, got {moves}")
        return self


class CallAuctionTable(Table):
    """Call auctions of a book at stated times (``lob.venue.breaker.ScheduledCallAuction``)."""

    kind: Literal["call-auction"]
    """Which kind of breaker this is."""
    instrument: str
    """Name of the instrument whose book collects orders."""
    start: Seconds = 0.0
    """Seconds: from the start of the run until the first call begins."""
    length: Duration
    """Seconds: how long orders are collected."""
    every: Rhythm = 0.0
    """Seconds: between the beginnings of two calls; 0: there is only one."""
    closes: bool = False
    """Whether the book stays closed after the last call."""
    price: Literal["last", "mid"] = "last"
    """Price that is looked at: that of trades, or the mid."""

    @model_validator(mode="after")
    def _apart(self) -> "CallAuctionTable":
        if self.every and self.every <= self.length:
            raise ValueError(f"every must be longer than length, {self.length}, got {self.every}")
        return self


BreakerTable = Annotated[CircuitBreakerTable | CallAuctionTable, Field(discriminator="kind")]
"""One row of the table ``breakers``."""


def make_breaker(one: CircuitBreakerTable | CallAuctionTable, names: Names) -> guards.Breaker:
    """Make what guards the book of an instrument, new for each run.

    Parameters
    ----------
    one
        The table.
    names
        Numbers of instruments and clearings by name.
    """
    number = names.instrument(one.instrument)
    if isinstance(one, CallAuctionTable):
        return guards.ScheduledCallAuction(
            number,
            start=ns(one.start),
            length=ns(one.length),
            every=ns(one.every) or None,
            closes=one.closes,
            price=one.price,
        )
    return guards.CircuitBreaker(
        number,
        levels=[
            guards.Level(level.move, None if level.halt is None else ns(level.halt), ns(level.call))
            for level in one.levels
        ],
        window=ns(one.window),
        band=one.band,
        price=one.price,
    )
