"""A market whose price remembers what was traded, for orders that executors really work in it.

Each lot moves the price at once, and what is left of that after a time is given by a kernel: the
propagator of Bouchaud et al. (2004). A kernel that is constant but for the first moment is the
market of Almgren and Chriss, one that decays exponentially to a constant that of Obizhaeva and
Wang, and a power law that of Gatheral.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import agents
import lob
from agents.traders import Executor
from agents.traders.schedules import Schedule
from lob.units import SECOND_NS

__all__ = ["Executed", "execute"]

Kernel = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Move of the price that is left of a trade of a whole order, by the seconds that have passed."""

WHOLE = 10**8
"""Lots of an order: what a schedule rounds is a hundred-millionth of it."""
TICKS = 10**8
"""Ticks of the furthest move of the price, so that rounding to ticks is as small."""
LEVELS = 16
"""Levels that a part of the order trades through."""


class Executed(NamedTuple):
    """What became of an order that an executor worked."""

    held: NDArray[np.float64]
    """Share of the order still held: before it began, and after each of its parts."""
    cost: float
    """What it cost above the price before it, a share of the order's size at each price."""


class _Market(agents.Agent):
    """Shows before each part of the order the depth that it is to meet, and takes it away after.

    Levels are as wide as what lies on them moves the price, and stand at the mean of what they
    cover: who takes whole levels pays what a continuous book would ask.
    """

    def __init__(
        self,
        taker: lob.Side,
        times: list[int],
        parts: list[int],
        moved: NDArray[np.float64],
        steepness: float,
        tick: float,
        start: int,
    ) -> None:
        super().__init__("market")
        self.taker, self.times, self.parts, self.moved = taker, times, parts, moved
        self.steepness, self.tick, self.start = steepness, tick, start
        self.turn = 0

    def on_start(self) -> None:
        self.wake_in(self.times[0] - 1 - self.now)

    def on_wake(self) -> None:
        for order_id in list(self.open_orders):
            self.cancel(order_id)
        size = self.parts[self.turn]
        if size:
            self.submit_messages(self.depth(size, self.moved[self.turn]))
        self.turn += 1
        if self.turn < len(self.times):
            self.wake_in(self.times[self.turn] - 1 - self.now)

    def depth(self, size: int, moved: float) -> NDArray[np.void]:
        """Half as much again as is to come, so that it is the schedule that says how much."""
        edges = np.unique(np.arange(3 * LEVELS // 2 + 1) * size // LEVELS)
        rows = np.zeros(len(edges) - 1, lob.MESSAGE)
        rows["kind"], rows["side"] = lob.Kind.NEW, -self.taker
        rows["size"] = np.diff(edges)
        middle = (edges[1:] + edges[:-1]) / 2 / WHOLE
        away = np.rint((moved + self.steepness * middle) / self.tick).astype(np.int64)
        rows["price"] = self.start + self.taker * away
        return rows


def execute(
    schedule: Schedule,
    side: lob.Side,
    kernel: Kernel,
    *,
    spread: float = 0.0,
    news: NDArray[np.float64] | None = None,
) -> Executed:
    """Have an ``Executor`` work an order in a market of this memory.

    Parameters
    ----------
    schedule
        What the executor follows; of a second or more.
    side
        Side of the order.
    kernel
        What is left of the move that the whole order would make at once, in any unit of price, by
        the seconds since it traded; at 0 seconds the move itself.
    spread
        What a part costs beside, in the same unit: half the spread.
    news
        Move of the price against the order before each of its parts; none by default.

    Raises
    ------
    RuntimeError
        If the executor did not trade the whole order.
    """
    looks, due = [0], [schedule.due(WHOLE, 0, 0)]
    while looks[-1] < schedule.duration:
        looks.append(schedule.next_look(looks[-1]))
        due.append(schedule.due(WHOLE, looks[-1], 0))
    parts = np.diff([0, *due])
    seconds = np.array(looks) / SECOND_NS
    moved = np.full(len(looks), spread) if news is None else spread + news
    for turn in range(1, len(looks)):
        moved[turn] += kernel(seconds[turn] - seconds[:turn]) @ parts[:turn] / WHOLE
    steepness = float(kernel(np.zeros(1))[0])
    tick = (abs(moved).max() + 2 * steepness) / TICKS or 1.0
    simulation = agents.Simulation()
    start = 3 * TICKS
    times = [SECOND_NS + look for look in looks]
    simulation.add(_Market(side, times, parts.tolist(), moved, steepness, tick, start))
    executor = Executor("executor", side=side, size=WHOLE, schedule=schedule, start_in=SECOND_NS)
    simulation.add(executor)
    simulation.run(until=times[-1] + SECOND_NS)
    if executor.filled != WHOLE:  # the market shows what the schedule says, and a half more
        raise RuntimeError(f"the executor traded {executor.filled:,} of {WHOLE:,} lots")
    trades = simulation.events[simulation.events["kind"] == lob.EventKind.TRADE]
    done = np.searchsorted(trades["ts_event"], times, side="right")
    sold = np.concatenate([[0], np.cumsum(trades["size"])])[done]
    return Executed(
        held=1 - np.concatenate([[0], sold]) / WHOLE,
        cost=float(side * (executor.notional - start * WHOLE) * tick / WHOLE),
    )
