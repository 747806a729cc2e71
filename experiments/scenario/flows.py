"""Backgrounds that are one book or one flow of orders: uniform, or a model of ``agents.flow``.

Prices are ticks, sizes lots. What arrives or leaves is counted in lots a second of
``zero-intelligence``, in orders a second of the others.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field

import agents
import lob
from agents.flow import ZeroIntelligence
from experiments.calibration.market_file import InstrumentOfMarket
from experiments.calibration.models import (
    MODELS,
    HawkesParameters,
    LongMemoryParameters,
    MakerMarketParameters,
    PoissonParameters,
    QueueReactiveParameters,
)
from experiments.markets.mistakes import Mistake
from experiments.markets.scaled import scaled, scaled_size
from experiments.scenario.background import BackgroundTable, Place, Sources
from experiments.scenario.table import MOST_RATE, Positive, Ticks
from lob.counted import counted

__all__ = [
    "FlowTable",
    "HawkesTable",
    "LongMemoryTable",
    "MakerMarketTable",
    "PoissonTable",
    "QueueReactiveTable",
    "UniformBook",
    "UniformBookTable",
    "ZeroIntelligenceTable",
    "mistakes_in_flow",
]

MOST_TICKS = 1_000_000
"""Most ticks of a book that is filled when a run starts."""
DAY = 86_400.0
"""Seconds of a day."""
MOST_RESTING = 10_000_000
"""Most orders that a random flow keeps in its book on average; each takes some hundred bytes."""


class UniformBookTable(BackgroundTable):
    """Orders of one size at every tick, put there once: the book of the integer law."""

    kind: Literal["uniform"]
    """Which kind of book this is."""
    price: Ticks
    """Ticks: the best bid; asks start one tick above."""
    depth: Positive
    """Lots a tick: the size of the one order at each price."""
    ticks: Annotated[int, Field(ge=1, le=MOST_TICKS)]
    """Ticks: how far the book reaches down and up."""

    def start_price(self, tick_size: Decimal) -> int:
        """Where the market begins, in ticks: the best bid."""
        return self.price

    def participants(self, place: Place) -> list[agents.Participant]:
        """Make the participant that puts the orders there."""
        return [UniformBook(f"{place.name} book", place.number, self)]

    def scaled(self, *, depth: float = 1.0, refill: float = 1.0, volatility: float = 1.0) -> Self:
        """A copy with orders so many times as large; nothing else can be scaled.

        Raises
        ------
        ValueError
            If something else is to be.
        """
        if refill != 1 or volatility != 1:
            raise ValueError("a uniform book has no refill and no volatility that could be scaled")
        return self.model_copy(update={"depth": scaled_size(self.depth, depth)})


class ModelTable(BackgroundTable):
    """Base of the backgrounds that are a model of order flow, which can be another market."""

    def scaled(self, *, depth: float = 1.0, refill: float = 1.0, volatility: float = 1.0) -> Self:
        """A copy that is another market: ``experiments.markets.scaled.scaled``."""
        given = scaled(
            self.kind, self.model_dump(), depth=depth, refill=refill, volatility=volatility
        )
        return self.model_copy(update=given)


class ZeroIntelligenceTable(ModelTable):
    """Random flow of orders that know nothing: ``agents.flow.ZeroIntelligence``."""

    kind: Literal["zero-intelligence"]
    """Which kind of book this is."""
    price: Ticks
    """Ticks: where the book is centred at the start."""
    alpha: float = Field(gt=0)
    """Lots a second: limit orders that arrive at each price of either side."""
    mu: float = Field(ge=0)
    """Lots a second: market orders, half of them bought."""
    delta: float = Field(gt=0, le=MOST_RATE)
    """Per second: the rate at which each resting order is cancelled."""
    window: Annotated[int, Field(ge=1, le=MOST_TICKS)]
    """Ticks: how far from the opposite best price limit orders arrive."""
    size: Positive = 1
    """Lots: the size of every order."""

    def start_price(self, tick_size: Decimal) -> int:
        """Where the market begins, in ticks."""
        return self.price

    def participants(self, place: Place) -> list[agents.Participant]:
        """Make the flow."""
        return [
            ZeroIntelligence(
                f"{place.name} flow",
                price=self.price,
                instrument=place.number,
                alpha=self.alpha,
                mu=self.mu,
                delta=self.delta,
                window=self.window,
                sigma=self.size,
                depth=None,
            )
        ]

    def daily_volume(self, instrument: InstrumentOfMarket) -> float | None:
        """Lots a day of market orders.

        Parameters
        ----------
        instrument
            Is not used.
        """
        return DAY * self.mu or None


class FlowTable(ModelTable):
    """Base of the backgrounds that are a model of ``agents.flow`` with its own parameters."""

    kind: str
    """Which model this is."""
    price: Ticks
    """Ticks: where the book is centred at the start."""

    def start_price(self, tick_size: Decimal) -> int:
        """Where the market begins, in ticks."""
        return self.price

    def participants(self, place: Place) -> list[agents.Participant]:
        """Make the flow."""
        parameters = self.model_dump(exclude={"kind", "price"})
        model = MODELS[self.kind]
        return [
            model.make(
                f"{place.name} flow", price=self.price, instrument=place.number, **parameters
            )
        ]


class PoissonTable(PoissonParameters, FlowTable):
    """Rates by distance from the opposite best price: ``agents.flow.Poisson``."""

    kind: Literal["poisson"]
    """Which model this is."""


class HawkesTable(HawkesParameters, FlowTable):
    """Orders that excite one another: ``agents.flow.Hawkes``.

    Types of events are, in order: limit buy, limit sell, market buy, market sell, cancel buy,
    cancel sell.
    """

    kind: Literal["hawkes"]
    """Which model this is."""


class LongMemoryTable(LongMemoryParameters, FlowTable):
    """Market orders that are pieces of large orders: ``agents.flow.LongMemory``."""

    kind: Literal["long-memory"]
    """Which model this is."""


class MakerMarketTable(MakerMarketParameters, FlowTable):
    """Makers who follow a fair value, and takers in clusters: ``agents.flow.MakerMarket``."""

    kind: Literal["maker-market"]
    """Which model this is."""
    follows: str | None = None
    """Name of another instrument whose mid the makers' fair value follows in proportion; none: of
    none."""

    def sources(self) -> Sources | None:
        """Whom makers take for the seller of a forced sale."""
        return self.forced_sources

    def with_sources(self, sources: Sources) -> Self:
        """A copy with makers who take somebody else for him."""
        return self.model_copy(update={"forced_sources": sources})

    def participants(self, place: Place) -> list[agents.Participant]:
        """Make the flow."""
        parameters = self.model_dump(exclude={"kind", "price", "follows"})
        followed = None if self.follows is None else place.numbers[self.follows]
        model = MODELS[self.kind]
        flow = model.make(
            f"{place.name} flow",
            price=self.price,
            instrument=place.number,
            follows=followed,
            **parameters,
        )
        return [flow]


class QueueReactiveTable(QueueReactiveParameters, FlowTable):
    """Queues that live by their own length: ``agents.flow.QueueReactive``."""

    kind: Literal["queue-reactive"]
    """Which model this is."""


class UniformBook(agents.Agent):
    """A participant that puts orders of one size at every tick, once.

    Parameters
    ----------
    name
        Unique among the participants.
    instrument
        Number of the instrument.
    book
        Price in ticks, lots a tick and reach in ticks.
    """

    def __init__(self, name: str, instrument: int, book: UniformBookTable) -> None:
        super().__init__(name)
        self.instrument = instrument
        self.book = book

    def on_start(self) -> None:
        """Send all orders of the uniform book."""
        ticks = np.arange(self.book.ticks)
        bids, asks = self.book.price - ticks, self.book.price + 1 + ticks
        rows = np.zeros(2 * len(ticks), lob.MESSAGE)
        rows["kind"] = lob.Kind.NEW
        rows["side"] = np.repeat([lob.Side.BUY, lob.Side.SELL], len(ticks))
        rows["price"] = np.concatenate([bids, asks])
        rows["size"] = self.book.depth
        rows["instrument"] = self.instrument
        rows = rows[rows["price"] >= 1]
        rows["order_id"] = (self.owner << 32) + 1 + np.arange(len(rows))
        rows["owner"] = self.owner
        self.submit_messages(rows)


def mistakes_in_flow(flow: ZeroIntelligenceTable, path: str) -> Iterator[Mistake]:
    """Yield what would have a random flow send more orders than a run can take.

    Parameters
    ----------
    flow
        The table, whose rates are in lots and orders of ``size`` of them.
    path
        Where it is in the scenario.
    """
    most = MOST_RATE * flow.size
    each = most / (2 * flow.window)
    orders = f"so that there are at most {MOST_RATE:,} orders a second, got"
    if flow.mu > most:
        yield Mistake(
            f"{path}.mu", f"mu must be 0 to {counted(most, 'lot')} a second, {orders} {flow.mu:g}"
        )
    if flow.alpha > each:
        yield Mistake(
            f"{path}.alpha",
            f"alpha must be above 0 and at most {each:,.6g} lots a second at each of "
            f"{2 * flow.window:,} prices, {orders} {flow.alpha:g}",
        )
        return
    least = flow.alpha / each * MOST_RATE / MOST_RESTING
    if flow.delta < least:
        yield Mistake(
            f"{path}.delta",
            f"delta must be {least:.6g} to {MOST_RATE:,} a second, so that at most "
            f"{MOST_RESTING:,} orders rest in the book, got {flow.delta:g}",
        )
