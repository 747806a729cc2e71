"""Instruments in a scenario, and the background that trades in their books.

Prices are ticks, sizes lots, rates of a flow lots a second.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

import agents
import lob
from agents.flow import ZeroIntelligence
from experiments.scenario.mistakes import Mistake
from experiments.scenario.table import MOST_RATE, Name, Positive, Table, Ticks
from lob.counted import counted

__all__ = [
    "InstrumentTable",
    "UniformBook",
    "UniformBookTable",
    "ZeroIntelligenceTable",
    "make_background",
    "make_instrument",
    "mistakes_in_flow",
]

MOST_TICKS = 1_000_000
"""Most ticks of a book that is filled when a run starts."""
MOST_RESTING = 10_000_000
"""Most orders that a random flow keeps in its book on average; each takes some hundred bytes."""
FINEST, COARSEST = Decimal("1e-18"), Decimal(10**18)
"""Bounds of a tick and of a lot: no token has more than 18 decimals in use; the other chosen."""


class UniformBookTable(Table):
    """Orders of one size at every tick, put there once: the book of the integer law."""

    kind: Literal["uniform"]
    """Which kind of book this is."""
    price: Ticks
    """Ticks: the best bid; asks start one tick above."""
    depth: Positive
    """Lots a tick: the size of the one order at each price."""
    ticks: Annotated[int, Field(ge=1, le=MOST_TICKS)]
    """Ticks: how far the book reaches down and up."""


class ZeroIntelligenceTable(Table):
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
    background: Annotated[UniformBookTable | ZeroIntelligenceTable, Field(discriminator="kind")]
    """The orders of everybody who is not named elsewhere: a uniform book, or random flow."""

    @property
    def asset(self) -> str:
        """Name of the asset that the instrument trades."""
        return self.base or self.name


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


def make_background(one: InstrumentTable, number: int) -> agents.Participant:
    """Make what fills the book of an instrument: a uniform book, or random flow.

    Parameters
    ----------
    one
        The table.
    number
        Number of the instrument.
    """
    background = one.background
    if isinstance(background, UniformBookTable):
        return UniformBook(f"{one.name} book", number, background)
    return ZeroIntelligence(
        f"{one.name} flow",
        price=background.price,
        instrument=number,
        alpha=background.alpha,
        mu=background.mu,
        delta=background.delta,
        window=background.window,
        sigma=background.size,
        depth=None,
    )
