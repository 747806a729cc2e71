"""Makers of ``agents.traders`` in books of their own, whose mids follow paths that are given.

Takers come to a maker's quotes with a chance that falls with their distance from that mid.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import agents
import lob
from agents.traders import AvellanedaStoikov, LadderMaker
from agents.traders.makers import Maker
from lob import EventKind
from lob.units import SECOND_NS

__all__ = ["PathMarket", "trade"]

TICKS = 10_000
"""Ticks of a unit of price, so that rounding quotes to ticks hardly matters."""
PRICE = 10**9
"""Ticks at which all paths begin; no strategy depends on it."""


class PathMarket(NamedTuple):
    """The market of Avellaneda and Stoikov, a step being its unit of time."""

    risk_aversion: float
    """gamma, per unit of price and order."""
    sigma: float
    """Volatility of the mid in units of price, for the square root of a step."""
    horizon: float
    """T in steps."""
    decay: float
    """k, per unit of price."""
    intensity: float
    """Chance that a quote at the mid trades in a step; more than 1 counts where it is further."""


class _Inventory(AvellanedaStoikov):
    """Quotes round a mid that it is told."""

    def __init__(self, name: str, mids: NDArray[np.float64], held: int, **maker: Any) -> None:
        super().__init__(name, **maker)
        self.mids, self.held = mids, held

    @property
    def inventory(self) -> int:
        """What it began with is in no book."""
        return self.held + super().inventory

    def look(self) -> tuple[int | None, int | None]:
        self.mid = float(self.mids[self.now // SECOND_NS])
        return self.best_bid(self.instrument), self.best_ask(self.instrument)


class _Symmetric(LadderMaker):
    """Quotes at a constant distance from a mid that it is told."""

    def __init__(self, name: str, mids: NDArray[np.float64], **maker: Any) -> None:
        super().__init__(name, **maker)
        self.mids = mids

    look = _Inventory.look


class _Takers(agents.Agent):
    """Once a step, after the makers have quoted, buys and sells a lot in each book by chance."""

    def __init__(
        self, market: PathMarket, mids: NDArray[np.float64], random: np.random.Generator
    ) -> None:
        super().__init__("takers")
        self.market, self.mids = market, mids
        self.luck = random.random((2, *mids.shape))

    def on_start(self) -> None:
        self.wake_in(1)

    def on_wake(self) -> None:
        turn = self.now // SECOND_NS
        books = range(self.mids.shape[1])
        # Both touches before either trades, for a maker that has traded quotes anew.
        touches = [(self.best_bid(book), self.best_ask(book)) for book in books]
        decay = self.market.decay / TICKS
        for book, touch in enumerate(touches):
            for number, price in enumerate(touch):
                side = lob.Side.SELL if number == 0 else lob.Side.BUY
                if price is None:
                    continue
                away = side * (price - self.mids[turn, book])
                chance = self.market.intensity * np.exp(-decay * away)
                if self.luck[number, turn, book] < chance:
                    self.submit(side, 1, price, time_in_force=lob.TimeInForce.IOC, instrument=book)
        if turn + 2 < len(self.mids):
            self.wake_in(SECOND_NS)


def trade(
    market: PathMarket,
    paths: NDArray[np.float64],
    half_spread: float | None,
    start_inventory: int,
    random: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Have a maker trade along each path, and return their profits and final inventories.

    Parameters
    ----------
    market
        What the makers know of the market, and how takers come.
    paths
        Mid, a row a step and one more, a column a maker, in units of price from the start.
    half_spread
        Units of price: makers quote this far from the mid; ``None``: as Avellaneda and Stoikov say.
    start_inventory
        Lots that each begins with, at the first price; negative if short.
    random
        The generator that the takers draw from.
    """
    mids = PRICE + TICKS * paths
    steps, makers = len(paths) - 1, paths.shape[1]
    simulation = agents.Simulation(instruments=makers, messages=False)
    for book in range(makers):
        common: dict[str, Any] = {"every": SECOND_NS, "instrument": book, "size": 1}
        own = mids[:, book]
        one: Maker
        if half_spread is None:
            one = _Inventory(
                f"maker {book}",
                own,
                start_inventory,
                horizon=max(1, round(market.horizon * SECOND_NS)),
                risk_aversion=market.risk_aversion / TICKS,
                sigma=market.sigma * TICKS,
                decay=market.decay / TICKS,
                **common,
            )
        else:
            one = _Symmetric(f"maker {book}", own, levels=1, offset=half_spread * TICKS, **common)
        simulation.add(one)
    simulation.add(_Takers(market, mids, random))
    simulation.run(until=(steps - 1) * SECOND_NS + 2)
    events = simulation.events
    trades = events[events["kind"] == EventKind.TRADE]
    side = -trades["side"].astype(np.float64)  # of the maker
    book, away = trades["instrument"], trades["price"] - PRICE
    inventory = start_inventory + np.bincount(book, side, minlength=makers).astype(np.float64)
    cash = np.bincount(book, -side * away, minlength=makers) / TICKS
    return np.asarray(cash + inventory * paths[-1], np.float64), inventory
