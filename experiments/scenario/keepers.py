"""Keepers and congestion in a scenario: what their tables say, and the bots made of them.

Money is cash units, rates ppm, times seconds.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

import agents
from agents import keepers as bots
from agents.random import numpy_stream
from experiments.scenario.table import Count, Duration, Positive, Ppm, Seconds, Table, ns

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
MOST_KEEPERS = 10_000
"""Of one table."""


class GasTable(Table):
    """What a transaction bids to be included."""

    policy: Literal["fixed", "profit-share"] = "fixed"
    amount: Count = 0
    """Of ``fixed``: cash units."""
    share: Ppm = 0
    """Of ``profit-share``: of what the transaction is expected to bring."""
    floor: Count = 0
    cap: Count | None = None

    @model_validator(mode="after")
    def _bounds(self) -> "GasTable":
        if self.cap is not None and self.cap < self.floor:
            raise ValueError(f"cap must be at least the floor {self.floor}, got {self.cap}")
        return self


class InventoryExitTable(Table):
    """What becomes of what is taken."""

    kind: Literal["at-once", "sliced", "hold"] = "at-once"
    slices: Positive = 1
    over: Seconds = 0.0

    @model_validator(mode="after")
    def _complete(self) -> "InventoryExitTable":
        if self.kind == "sliced" and not (self.slices > 1 and self.over > 0):
            raise ValueError("slices must be 2 or more and over above 0 for a sliced style")
        return self


class KeepersTable(Table):
    """Keepers that are alike and share a capital: a ``[[keepers]]`` table."""

    name: str
    kind: Literal["keeper", "flash", "passive"] = "keeper"
    """``keeper`` takes, and bids in auctions, whatever the design has."""
    count: Annotated[int, Field(ge=1, le=MOST_KEEPERS)] = 1
    capital: Count
    """Of all of them together, in cash units; of ``flash`` for gas only."""
    law: Literal["equal", "zipf", "lognormal"] = "equal"
    """How the capital is split."""
    shape: Annotated[float, Field(gt=0)] = 1.0
    cash: str | None = None
    """Name of the asset; none: that of the first clearing."""
    min_profit_bps: Annotated[int, Field(ge=0, lt=10_000)] = 0
    funding: Ppm = 0
    """A day, on capital that is tied up."""
    latency: Seconds = 0.0
    """Of a message to the venue: its median where there is a sigma."""
    news_latency: Seconds = 0.0
    latency_sigma: Annotated[float, Field(ge=0)] = 0.0
    """Standard deviation of the logarithm of both; 0: they are constant."""
    gas: GasTable = GasTable()
    style: InventoryExitTable = InventoryExitTable()
    volatility: Annotated[float, Field(ge=0)] = 0.0
    """Believed, of a second, in ppm."""
    risk_aversion: Annotated[float, Field(ge=0)] = 0.0
    offline: list[tuple[Seconds, Seconds]] = Field(default_factory=list)
    review: Duration = 1.0
    retry: Duration = 1.0
    discount: Ppm | None = None
    """Of ``passive``: below the mark, at least."""
    beg: Ppm = 50_000
    """Of ``keeper`` and ``passive``: the least improvement of a bid."""
    opening: Positive = 1
    """Ticks of a first bid."""
    jump: Ppm = 900_000
    """Of its value that a bid reaches at once; 0: bids begin at ``opening`` and rise by ``beg``.
    Chosen, not sourced."""

    @model_validator(mode="after")
    def _complete(self) -> "KeepersTable":
        if (self.kind == "passive") != (self.discount is not None):
            raise ValueError("discount must be given for passive keepers, and only for them")
        if self.kind in ("flash", "passive") and self.style != InventoryExitTable():
            raise ValueError(f"style must not be given for {self.kind} keepers")
        return self


class LoadTable(Table):
    """Transactions of everybody else, from a time on."""

    start: Seconds = 0.0
    rate: Annotated[float, Field(ge=0)]
    """A block."""
    mean_bid: Annotated[float, Field(gt=0)]


class CongestionTable(Table):
    """Blocks that the keepers' transactions wait for: the ``[congestion]`` table."""

    block_time: Duration = 13.0
    capacity: Positive = 100
    load: list[LoadTable] = Field(default_factory=list)
    backlog: Count = 10_000
    base_fee: Count = 0
    elasticity: Count = 0
    """Capacity over target (EIP-1559: 2); 0: the base fee stays."""


def make_congestion(one: CongestionTable) -> agents.Participant:
    """Make the blocks that keepers wait for."""
    return bots.Congestion(
        NAME,
        block_time=ns(one.block_time),
        capacity=one.capacity,
        load=[(ns(load.start), load.rate, load.mean_bid) for load in one.load],
        backlog=one.backlog,
        base_fee=one.base_fee,
        elasticity=one.elasticity,
    )


KINDS: dict[str, type[bots.Bot]] = {
    "keeper": bots.AuctionKeeper,
    "flash": bots.FlashKeeper,
    "passive": bots.PassiveHolder,
}


def make_keepers(part: KeepersTable, congested: bool, seed: int) -> list[bots.Bot]:
    """Make the keepers of a table; ``congested`` ones wait for blocks."""
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
    return bots.AtOnce()


def _latency(seconds: float, sigma: float) -> agents.Latency | None:
    if not seconds:
        return None
    return agents.LogNormal(ns(seconds), sigma) if sigma else agents.Constant(ns(seconds))
