"""Keepers and congestion in a scenario: their tables, and the bots built of them.

Money is cash units, rates ppm, times seconds.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

import agents
from agents import keepers as bots
from agents.random import numpy_stream
from experiments.scenario.table import (
    MOST_RATE,
    Count,
    Interval,
    Name,
    Positive,
    Ppm,
    Seconds,
    Table,
    ns,
)

__all__ = [
    "MOST_KEEPERS",
    "CongestionTable",
    "GasTable",
    "InventoryExitTable",
    "KeepersTable",
    "LoadTable",
    "make_congestion",
    "make_keepers",
]

NAME = "congestion"
"""Name of the participant that keeps blocks."""
MOST_KEEPERS = 10_000
"""Most keepers of one table."""


class GasTable(Table):
    """Gas: what a keeper's transaction bids to be included in a block."""

    policy: Literal["fixed", "profit-share"] = "fixed"
    """Whether the bid is always the same, or a share of the expected profit."""
    amount: Count = 0
    """Cash units: the bid of ``fixed``."""
    share: Ppm = 0
    """Ppm: of ``profit-share``, of what the transaction is expected to bring."""
    floor: Count = 0
    """Cash units: the least bid of ``profit-share``."""
    cap: Count | None = None
    """Cash units: the highest bid of ``profit-share``; not given: no bound."""

    @model_validator(mode="after")
    def _bounds(self) -> "GasTable":
        if self.cap is not None and self.cap < self.floor:
            raise ValueError(f"cap must be at least the floor {self.floor}, got {self.cap}")
        return self


class InventoryExitTable(Table):
    """Inventory exit: how a keeper gets rid of what it took."""

    kind: Literal["at-once", "sliced", "while-solvent", "hold"] = "at-once"
    """How lots are sold: by one market order, in parts, where they bring what is wanted of them as
    long as the keeper is solvent, or not at all."""
    slices: Annotated[int, Field(ge=1, le=MOST_RATE)] = 1
    """Number: of equal parts, of ``sliced``."""
    over: Seconds = 0.0
    """Seconds: in which the parts are sold, of ``sliced``."""
    margin: Annotated[int, Field(ge=1, le=1_000_000)] = 25_000
    """Ppm: of ``while-solvent``, of what it holds that its equity must cover, or it sells all at
    once. Chosen, not sourced."""

    @model_validator(mode="after")
    def _complete(self) -> "InventoryExitTable":
        if self.kind == "sliced" and not (self.slices > 1 and self.over > 0):
            raise ValueError("slices must be 2 or more and over above 0 for a sliced style")
        return self


class KeepersTable(Table):
    """Keepers that are alike and share a capital: a ``[[keepers]]`` table."""

    name: Name
    """Name of the keepers, unique; several are called by it and a number."""
    kind: Literal["keeper", "flash", "passive"] = "keeper"
    """``keeper`` takes, and bids in auctions, whatever the design has; ``flash`` borrows what it
    takes with and sells at once; ``passive`` keeps what it takes."""
    count: Annotated[int, Field(ge=1, le=MOST_KEEPERS)] = 1
    """Keepers: how many there are."""
    capital: Count
    """Cash units: of all of them together; of ``flash`` for gas only."""
    law: Literal["equal", "zipf", "lognormal"] = "equal"
    """How the capital is split: equally, by Zipf's law, or log-normally."""
    shape: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Exponent: of ``zipf``; of ``lognormal`` the standard deviation of the logarithm."""
    cash: str | None = None
    """Name of the asset that the capital is in; none: that of the first clearing."""
    min_profit_bps: Annotated[int, Field(ge=0, lt=10_000)] = 0
    """Bps: of what a keeper pays, the least that a take must bring."""
    funding: Ppm = 0
    """Ppm a day: on capital that is tied up."""
    latency: Seconds = 0.0
    """Seconds: of a message to the venue; its median where there is a sigma."""
    news_latency: Seconds = 0.0
    """Seconds: of news from the venue; its median where there is a sigma."""
    latency_sigma: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Standard deviation: of the logarithm of both latencies; 0: they are constant."""
    gas: GasTable = GasTable()
    """What a keeper's transactions bid to be included in a block."""
    style: InventoryExitTable = InventoryExitTable()
    """How a keeper gets rid of what it took."""
    volatility: Annotated[float, Field(ge=0, le=1_000_000)] = 0.0
    """Ppm: the standard deviation of returns over a second that a keeper believes in."""
    risk_aversion: Annotated[float, Field(ge=0, le=1_000)] = 0.0
    """Standard deviations: over the expected holding time, wanted as an extra profit."""
    offline: list[tuple[Seconds, Seconds]] = Field(default_factory=list)
    """Seconds: starts and ends of times in which a keeper neither looks nor sends."""
    review: Interval = 1.0
    """Seconds: between looks at what a book or a mark has made better for a keeper meanwhile, and
    until its first look at whether a book is deeper, of which each takes twice as long."""
    retry: Interval = 1.0
    """Seconds: until a keeper tries again after a refusal, or when the book was empty."""
    discount: Ppm | None = None
    """Ppm: below the fair price, the least discount at which ``passive`` takes; only given for
    it."""
    beg: Ppm = 50_000
    """Ppm: the least improvement of a bid, of ``keeper`` and ``passive``."""
    opening: Positive = 1
    """Ticks: of a first bid."""
    jump: Ppm = 900_000
    """Ppm: of its value that a bid reaches at once; 0: bids begin at ``opening`` and rise by
    ``beg``. Chosen, not sourced."""

    @model_validator(mode="after")
    def _complete(self) -> "KeepersTable":
        if (self.kind == "passive") != (self.discount is not None):
            raise ValueError("discount must be given for passive keepers, and only for them")
        if self.kind in ("flash", "passive") and self.style != InventoryExitTable():
            raise ValueError(f"style must not be given for {self.kind} keepers")
        return self


class LoadTable(Table):
    """Transactions of everybody who is no keeper, from a time on."""

    start: Seconds = 0.0
    """Seconds: from the start of the run until this load begins; it holds until the next one's."""
    rate: Annotated[float, Field(ge=0, le=MOST_RATE)]
    """Transactions a block: of everybody else, on average."""
    mean_bid: Annotated[float, Field(gt=0, le=10**15)]
    """Cash units: the mean of their bids, which are exponential."""


class CongestionTable(Table):
    """Blocks that the keepers' transactions wait for: the ``[congestion]`` table."""

    block_time: Interval = 13.0
    """Seconds: between two blocks."""
    capacity: Positive = 100
    """Transactions a block: that have room."""
    load: list[LoadTable] = Field(default_factory=list)
    """Transactions that everybody else sends, over time."""
    backlog: Annotated[int, Field(ge=0, le=MOST_RATE)] = 10_000
    """Transactions: of everybody else that wait at most; the lowest bids are thrown out first."""
    base_fee: Count = 0
    """Cash units: that a bid must reach in the first block."""
    elasticity: Count = 0
    """Times: capacity over target (EIP-1559: 2); 0: the base fee stays."""
    outages: list[tuple[Seconds, Seconds]] = Field(default_factory=list)
    """Seconds: starts and ends of times without blocks, in which what waits waits on."""


def make_congestion(one: CongestionTable) -> agents.Participant:
    """Make the blocks that keepers' transactions wait for."""
    return bots.Congestion(
        NAME,
        block_time=ns(one.block_time),
        capacity=one.capacity,
        load=[(ns(load.start), load.rate, load.mean_bid) for load in one.load],
        backlog=one.backlog,
        base_fee=one.base_fee,
        elasticity=one.elasticity,
        outages=[(ns(start), ns(end)) for start, end in one.outages],
    )


KINDS: dict[str, type[bots.Bot]] = {
    "keeper": bots.AuctionKeeper,
    "flash": bots.FlashKeeper,
    "passive": bots.PassiveHolder,
}
"""Class of bot by kind of keeper."""


def make_keepers(part: KeepersTable, congested: bool, seed: int, margin: int) -> list[bots.Bot]:
    """Make the keepers of a table.

    Parameters
    ----------
    part
        The table.
    congested
        Whether their transactions wait for blocks.
    seed
        Root of all randomness.
    margin
        Ppm of what they hold that their own capital must cover.
    """
    arguments: dict[str, Any] = {
        "cash": part.cash,
        "gas": _gas(part.gas),
        "congestion": NAME if congested else None,
        "offline": [(ns(start), ns(end)) for start, end in part.offline],
        "review": ns(part.review),
        "retry": ns(part.retry),
        "to_venue": _latency(part.latency, part.latency_sigma),
        "from_venue": _latency(part.news_latency, part.latency_sigma),
    }
    if part.kind != "flash":
        arguments["margin"] = margin
    if part.kind != "passive":
        arguments["min_profit_bps"] = part.min_profit_bps
    if part.kind == "keeper":
        arguments |= {
            "funding": part.funding,
            "inventory_exit": _inventory_exit(part.style),
            "volatility": part.volatility,
            "risk_aversion": part.risk_aversion,
        }
    if part.kind == "passive":
        arguments |= {"funding": part.funding, "discount": part.discount}
    if part.kind != "flash":
        arguments["rule"] = bots.Ascending(part.beg, part.opening, part.jump)
    return bots.make_keepers(
        part.name,
        part.count,
        part.capital,
        law=part.law,
        shape=part.shape,
        random=numpy_stream(seed, part.name),
        kind=KINDS[part.kind],
        **arguments,
    )


def _gas(part: GasTable) -> bots.FixedGas | bots.ProfitShare:
    if part.policy == "fixed":
        return bots.FixedGas(part.amount)
    return bots.ProfitShare(part.share, part.floor, part.cap)


def _inventory_exit(part: InventoryExitTable) -> bots.InventoryExit:
    if part.kind == "hold":
        return bots.Hold()
    if part.kind == "sliced":
        return bots.Sliced(part.slices, ns(part.over))
    if part.kind == "while-solvent":
        return bots.WhileSolvent(part.margin)
    return bots.AtOnce()


def _latency(seconds: float, sigma: float) -> agents.Latency | None:
    if not seconds:
        return None
    return agents.LogNormal(ns(seconds), sigma) if sigma else agents.Constant(ns(seconds))
