"""Runs of the project's own order flows, through its own book, and what is read off their tapes."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import agents
import lob
from agents import flow
from experiments.metrics.quotes import last_at, mid
from lob import EventKind
from lob.units import SECOND_NS

__all__ = [
    "PRICE",
    "QueueChanges",
    "Tape",
    "market_signs",
    "next_mid_move",
    "poisson_tapes",
    "queue_changes",
]

PRICE = 100_000
"""Price in ticks around which books begin; nothing depends on it."""


class Tape(NamedTuple):
    """What a run left."""

    events: NDArray[np.void]
    """``lob.EVENT`` rows."""
    quotes: NDArray[np.void]
    """``lob.QUOTE`` rows: one for each change of the touch."""
    seconds: float
    """Length of the run."""


def poisson_tapes(
    arrivals: Sequence[float],
    cancellations: Sequence[float],
    market: float,
    *,
    far: tuple[float, float] = (0.0, 0.0),
    window: int | None = None,
    changes: int,
    replicas: int,
    seed: int,
) -> Iterator[Tape]:
    """Run ``agents.flow.Poisson`` with these rates a second, and yield the tape of each replica.

    Parameters
    ----------
    arrivals, cancellations, market, far, window
        ``lambda_``, ``theta``, ``mu``, ``(k, alpha)`` and ``window`` of the flow.
    changes
        About how many events there are in all replicas together.
    replicas
        Independent runs.
    seed
        Seed of the first; the others have those after it.
    """
    for number in range(replicas):
        one = flow.Poisson(
            "flow",
            price=PRICE,
            lambda_=arrivals,
            theta=cancellations,
            mu=market,
            k=far[0],
            alpha=far[1],
            window=window,
            depth=None,
        )
        simulation = agents.Simulation(seed + number, messages=False)
        simulation.follow_quotes()
        simulation.add(one)
        rest = [far[0] / i ** far[1] for i in range(len(arrivals) + 1, (window or 0) + 1)]
        # As many leave as come, and market orders come besides.
        rate = 4 * (sum(arrivals) + sum(rest)) + 2 * market
        seconds = changes / replicas / rate
        simulation.run(until=round(seconds * SECOND_NS))
        yield Tape(simulation.events, simulation.quotes(), seconds)


def next_mid_move(quotes: NDArray[np.void]) -> NDArray[np.int8]:
    """Return the sign of the next change of the mid after each quote; 0 after the last change.

    Quotes with an empty side have no mid, and what is next is then not known: 0.
    """
    moves = np.sign(np.diff(mid(quotes), append=np.nan))
    rows = np.where(moves != 0, np.arange(len(moves)), len(moves))  # nan differs from 0 as well
    following = np.minimum.accumulate(rows[::-1])[::-1]
    signs = np.append(np.nan_to_num(moves), 0.0)
    return np.asarray(signs[following], np.int8)


class QueueChanges(NamedTuple):
    """Each change of a queue by an order, while the spread is as asked for."""

    distance: NDArray[np.int64]
    """Ticks from the best price opposite to the queue."""
    length: NDArray[np.int64]
    """Orders in it before the change."""
    kind: NDArray[np.uint8]
    """``lob.EventKind``: ACCEPTED is one more, CANCELLED and TRADE one less."""


def queue_changes(
    events: NDArray[np.void], quotes: NDArray[np.void], spread: int | None = None
) -> QueueChanges:
    """Return the changes of all queues of a tape of orders of one lot.

    Parameters
    ----------
    events, quotes
        Of one book, from when it was empty.
    spread
        Ticks from best bid to best ask before a change that counts; ``None``: any.
    """
    rested = (events["kind"] == EventKind.ACCEPTED) & (events["order_type"] == lob.OrderType.LIMIT)
    left = (events["kind"] == EventKind.CANCELLED) & (events["order_type"] == lob.OrderType.LIMIT)
    traded = events["kind"] == EventKind.TRADE
    rows = events[rested | left | traded]
    kind = rows["kind"]
    side = np.where(kind == EventKind.TRADE, -rows["side"], rows["side"]).astype(np.int64)
    step = np.where(kind == EventKind.ACCEPTED, 1, -1)
    queue = 2 * rows["price"] + (side > 0)
    order = np.argsort(queue, kind="stable")
    after = np.cumsum(step[order])
    first = np.concatenate([[True], np.diff(queue[order]) != 0])
    # The sum over all queues before this one in that order: each of them has its own end.
    base = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    length = np.empty(len(order), np.int64)
    length[order] = after - step[order] - (after - step[order])[base]
    last = last_at(quotes["ts_event"], rows["ts_event"] - 1)
    before = quotes[last]
    known = (last >= 0) & (before["bid_size"] > 0) & (before["ask_size"] > 0)
    if spread is not None:
        known &= before["ask_price"] - before["bid_price"] == spread
    opposite = np.where(side > 0, before["ask_price"], before["bid_price"])
    distance = side * (opposite - rows["price"])
    known &= distance > 0
    return QueueChanges(distance[known], length[known], kind[known])


class _MarketSides:
    """Keeps the sides of the market orders of what is written to it."""

    def __init__(self) -> None:
        self.parts: list[NDArray[np.int8]] = []

    def write(self, rows: NDArray[np.void], /) -> None:
        self.parts.append(rows["side"][rows["order_type"] == lob.OrderType.MARKET])


def market_signs(alpha: float, trades: int, seed: int) -> NDArray[np.int8]:
    """Return the signs of market orders of ``agents.flow.LongMemory`` with one large order at once.

    Parameters
    ----------
    alpha
        Exponent of the orders' lengths, P(L >= k) = k^-alpha; above 1 to 10.
    trades
        How many signs.
    seed
        Seed of the run.
    """
    sides = _MarketSides()
    simulation = agents.Simulation(seed, events=False, messages=sides)
    simulation.add(
        flow.LongMemory(
            "flow", price=PRICE, metaorders=1, beta=alpha, mu=1.0, alpha=0.05, delta=0.02, window=10
        )
    )
    # As many as asked for but for chance, with four standard deviations to spare.
    simulation.run(until=round((trades + 4 * trades**0.5 + 10) * SECOND_NS))
    simulation.close()
    return np.concatenate(sides.parts)[:trades]
