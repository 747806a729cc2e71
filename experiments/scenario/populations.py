"""Populations of leveraged accounts: their table in a scenario, and the participant built of it.

Prices are ticks, sizes lots, money cash units, times seconds.
"""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

import agents
from agents import leverage
from agents.random import log, numpy_stream
from experiments.scenario.files import FileName, OwnName
from experiments.scenario.names import NamedInstrument, Names
from experiments.scenario.own_parts import make_own
from experiments.scenario.table import (
    MOST_ACCOUNTS,
    Accounts,
    Count,
    Name,
    Positive,
    Rhythm,
    Table,
    ns,
)
from lob.feeds.positions import read_positions
from lob.types import MAX_SIZE

__all__ = ["PopulationTable", "make_population"]

FAR = 6
"""Standard deviations from the median up to which drawn accounts must fit into their integers; one
in a thousand million is further out."""


class PopulationTable(Table):
    """Leveraged accounts by the thousand."""

    name: Name
    """Name of the population, unique; the accounts are drawn from the random stream of this
    name."""
    count: Accounts = 1
    """Accounts: how many there are."""
    clearing: str = "clearing"
    """Name of the clearing where the accounts are."""
    holding: Count = 0
    """Number: which holding of the clearing isolated accounts have, from 0."""
    equity: Positive = 1_000_000
    """Cash units: the median of the accounts' own funds."""
    equity_spread: Annotated[float, Field(ge=0)] = 1.0
    """Standard deviation: of the logarithm of the accounts' own funds."""
    leverage: tuple[float, float] = (2.0, 20.0)
    """Times: the lowest and the highest leverage; even between them on a log scale."""
    long_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share: of accounts that are long, from 0 to 1."""
    again: Rhythm = 0.0
    """Seconds: after its last forced sale until an account comes back with what is left to it; 0:
    it stays away."""
    cross: bool = False
    """Whether all holdings of an account back each other."""
    kind: OwnName | None = None
    """``FILE.py:NAME`` of a function of one's own that makes the accounts of a holding
    (``agents.leverage.Accounts``), in place of drawn ones. It is given those of ``random``, a numpy
    generator of this name, ``count``, ``equity``, ``equity_spread``, ``leverage``, ``long_share``,
    and of the holding ``price``, ``multiplier`` and ``inverse`` that it has as keywords."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """The other keywords of ``kind``."""
    file: FileName | None = None
    """A snapshot of positions (``lob.feeds.positions``), in place of drawn accounts; relative to
    the scenario's folder, or to where one is. Of the lending form its thresholds do not count: the
    margin model of the clearing's holding says when an account fails."""
    bad: Literal["raise", "skip"] = "raise"
    """Whether a snapshot with bad rows is refused, or read without them: a run says how many."""
    stacked: Positive | None = None
    """Lots a tick: that fail at each tick from one below the price on, in place of drawn accounts:
    the other half of a uniform book."""
    size: Positive = 1
    """Lots: of one stacked account."""
    ticks: Positive = 100
    """Ticks: over how many stacked accounts lie."""

    @model_validator(mode="after")
    def _bounded(self) -> "PopulationTable":
        low, high = self.leverage
        if not 0 < low <= high:
            raise ValueError(f"leverage must be two rising positive numbers, got {low} and {high}")
        largest = log(self.equity) + FAR * self.equity_spread + max(0.0, log(high))
        drawn = self.file is None and self.stacked is None and self.kind is None
        if drawn and largest >= log(MAX_SIZE):
            raise ValueError(
                "equity, equity_spread and leverage make positions worth more than 2**62 cash units"
            )
        return self

    @model_validator(mode="after")
    def _own_or_not(self) -> "PopulationTable":
        if self.kind is None and self.parameters:
            raise ValueError("parameters are those of a kind of your own, and there is none")
        for key in ("file", "stacked"):
            if self.kind is not None and getattr(self, key) is not None:
                raise ValueError(f"kind and {key} are two populations: give one of them")
        return self

    @model_validator(mode="after")
    def _one_kind(self) -> "PopulationTable":
        if self.file is not None and self.cross:
            raise ValueError(
                "cross = true has no meaning with a file: a snapshot has one position an account, "
                "and every holding would get the same ones; leave cross out, or the file"
            )
        if self.file is not None and self.stacked is not None:
            raise ValueError("file and stacked are two populations: give one of them")
        if self.file is None and self.bad == "skip":
            raise ValueError('bad = "skip" is about the rows of a file, and there is none')
        if self.stacked is not None:
            made = self.ticks * -(-self.stacked // self.size)
            if made > MOST_ACCOUNTS:
                raise ValueError(
                    f"stacked makes {made:,} accounts, at most {MOST_ACCOUNTS:,} may be"
                )
        return self


def make_population(one: PopulationTable, names: Names, seed: int) -> agents.Participant:
    """Draw the accounts of a population, or read them from a snapshot.

    Parameters
    ----------
    one
        The table.
    names
        Numbers of instruments and clearings by name.
    seed
        Root of all randomness.

    Raises
    ------
    ValueError
        If the snapshot has bad rows and the table does not skip them.
    """
    clearing = names.clearings[one.clearing]
    count = len(names.holdings[clearing])
    random = numpy_stream(seed, one.name)
    drawn = [
        _accounts(one, names.market_of(clearing, holding), random)
        for holding in (range(count) if one.cross else [one.holding])
    ]
    accounts = drawn[0]
    if one.cross:
        accounts = leverage.Accounts(
            np.sum([part.margin for part in drawn], axis=0),
            np.array([part.positions for part in drawn]),
            np.array([part.entry_prices for part in drawn]),
        )
    return leverage.MarginTraders(
        one.name,
        accounts,
        clearing=clearing,
        holding=one.holding,
        cross=one.cross,
        again=ns(one.again),
    )


def _accounts(
    one: PopulationTable, market: NamedInstrument, random: np.random.Generator
) -> leverage.Accounts:
    """What its accounts have of one holding."""
    if one.kind is not None:
        return _own(one, one.kind, market, random)
    if market.inverse and one.stacked is not None:
        raise ValueError(
            "stacked accounts fail at prices of a linear contract, this one is inverse"
        )
    if one.file is not None:
        snapshot = read_positions(one.file, multiplier=market.multiplier, bad=one.bad)
        margin, entry = snapshot.margin, snapshot.entry_prices
        if entry is None:  # what is pledged counts as bought at the start, on what is owed
            if market.inverse:
                raise ValueError("its file tells of pledged assets, but the contract is inverse")
            entry = np.full(len(snapshot), market.price, np.int64)
            margin = margin + snapshot.positions * market.price * market.multiplier
        return leverage.Accounts(margin, snapshot.positions, entry, snapshot.rejected)
    if one.stacked is not None:
        return leverage.stacked_accounts(
            price=market.price,
            ticks=one.ticks,
            lots_per_tick=one.stacked,
            size=one.size,
            multiplier=market.multiplier,
        )
    return leverage.draw_accounts(
        random,
        one.count,
        price=market.price,
        multiplier=market.multiplier,
        inverse=market.inverse,
        equity=one.equity,
        equity_spread=one.equity_spread,
        leverage=one.leverage,
        long_share=one.long_share,
    )


def _own(
    one: PopulationTable, kind: str, market: NamedInstrument, random: np.random.Generator
) -> leverage.Accounts:
    """What accounts that are made by code of the user's own have of one holding."""
    of = f"population {kind}"
    known = {
        "random": random,
        "count": one.count,
        "equity": one.equity,
        "equity_spread": one.equity_spread,
        "leverage": one.leverage,
        "long_share": one.long_share,
        "price": market.price,
        "multiplier": market.multiplier,
        "inverse": market.inverse,
    }
    made = make_own(kind, of, parameters=one.parameters, known=known)
    if not isinstance(made, leverage.Accounts):
        raise ValueError(f"{of} must make agents.leverage.Accounts, got {made!r}")
    for name in ("margin", "positions", "entry_prices"):
        column = getattr(made, name)
        right = isinstance(column, np.ndarray) and column.dtype == np.int64 and len(column)
        if not right or column.shape != np.shape(made.margin):
            raise ValueError(f"{of}: {name} must be an array of int64, one an account")
    return made
