"""Oracles in a scenario: tables of the prices that clearing believes, and what is built of them.

Prices are ticks, rates ppm, times seconds.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from experiments.scenario.names import NamedInstrument, Names
from experiments.scenario.table import Interval, Ppm, Rhythm, Seconds, Table, Ticks, ns
from lob.clearing import oracle as prices
from lob.clearing.valuation import ClaimValue
from lob.units import PPM
from lob.venue.pool import FairShare, SpotPrice

__all__ = ["OracleTable", "SourceTable", "make_oracle"]

Off = Annotated[int, Field(gt=-PPM, le=PPM)]
"""Ppm: by how much of itself a price is off."""
PLAIN = {
    "last": prices.Last,
    "mid": prices.Mid,
    "best-bid": prices.BestBid,
    "best-ask": prices.BestAsk,
}
"""Sources that are a price of one book, by kind."""
CLAIM_SOURCES: dict[str, type[ClaimValue]] = {
    "claim": ClaimValue,
    "fair-share": FairShare,
    "pool-spot": SpotPrice,
}
"""Sources that are made of balances, by kind."""


class SourceTable(Table):
    """A source: the price that an oracle publishes."""

    kind: Literal[
        "last", "mid", "best-bid", "best-ask", "ema", "twap", "median", "external", "claim",
        "fair-share", "pool-spot",
    ]  # fmt: skip
    """Kind of price: of a book, an average of one, a median of several, a series from outside, or
    what a claim or a pool's share is worth."""
    instruments: list[str] = Field(default_factory=list)
    """Names of the books the price is of: one, or two and more of a median. None: the holding's
    own."""
    of: Literal["last", "mid", "best-bid", "best-ask"] = "mid"
    """Price of a book that an average or a median is of."""
    half_life: Seconds = 10.0
    """Seconds: in which what an ``ema`` remembers loses half its weight."""
    window: Seconds = 60.0
    """Seconds: over which a ``twap`` averages."""
    sample: Interval = 1.0
    """Seconds: between two looks of an average at its price."""
    prices: list[tuple[Seconds, Ticks]] = Field(default_factory=list)
    """Seconds and ticks: the times and prices of an external series."""
    claim: str | None = None
    """Name of the claim or pool that the price is of, for ``claim``, ``fair-share`` and
    ``pool-spot``; none: the holding's own."""
    sees: Literal["own", "all"] = "own"
    """Whether a claim is valued by what its issuer says it holds, or net of what it pledged
    elsewhere."""
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
    """An oracle: when, and how truly, clearing learns a price."""

    source: SourceTable = SourceTable(kind="mid")
    """The true price that the oracle publishes."""
    lag: Seconds = 0.0
    """Seconds: from a price to its publication."""
    heartbeat: Rhythm = 0.0
    """Seconds: a price is published at least so often; 0: not for that reason."""
    deviation: Ppm = 0
    """Ppm: a price is published as soon as it is so far from the last one that was. With neither
    heartbeat nor deviation every change is published."""
    outages: list[tuple[Seconds, Seconds]] = Field(default_factory=list)
    """Seconds: starts and ends of times in which nothing is published."""
    manipulations: list[tuple[Seconds, Seconds, Off]] = Field(default_factory=list)
    """Seconds, seconds and ppm: starts, ends, and by how much of itself what is published then is
    off."""
    fixings: list[tuple[Seconds, Seconds, Ticks]] = Field(default_factory=list)
    """Seconds, seconds and ticks: starts, ends, and the price that is published then."""


def make_oracle(one: OracleTable, own: NamedInstrument, asset: str, names: Names) -> prices.Oracle:
    """Make the oracle of a holding.

    Parameters
    ----------
    one
        The table.
    own
        The instrument in whose ticks the holding is priced.
    asset
        Name of the asset that the holding is.
    names
        Numbers of instruments and clearings by name.
    """
    return prices.Oracle(
        _source(one.source, own, asset, names),
        lag=ns(one.lag),
        heartbeat=ns(one.heartbeat),
        deviation=one.deviation,
        outages=[(ns(start), ns(end)) for start, end in one.outages],
        manipulations=[(ns(start), ns(end), ppm) for start, end, ppm in one.manipulations],
        fixings=[(ns(start), ns(end), price) for start, end, price in one.fixings],
    )


def _source(one: SourceTable, own: NamedInstrument, asset: str, names: Names) -> prices.Source:
    numbers = [names.instrument(name) for name in one.instruments] or [own.number]
    if one.kind in PLAIN:
        return PLAIN[one.kind](numbers[0])
    if one.kind in CLAIM_SOURCES:
        books = {name: PLAIN[one.of](names.instrument(book)) for name, book in one.bases.items()}
        return CLAIM_SOURCES[one.kind](one.claim or asset, sees=one.sees, prices=books or None)
    inner = PLAIN[one.of](numbers[0])
    if one.kind == "ema":
        return prices.Ema(inner, ns(one.half_life), sample=ns(one.sample))
    if one.kind == "twap":
        return prices.Twap(inner, ns(one.window), sample=ns(one.sample))
    if one.kind == "median":
        return prices.Median([PLAIN[one.of](number) for number in numbers])
    times, ticks = zip(*one.prices, strict=True)
    return prices.External(
        np.array([ns(time) for time in times], np.int64), np.array(ticks, np.int64)
    )
