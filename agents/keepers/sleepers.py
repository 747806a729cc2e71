"""Offers that sleep until a price is reached: the best of a book, or a mark."""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from lob import Side

__all__ = ["Sleepers", "WatchedPrice"]


class WatchedPrice(NamedTuple):
    """A price on which the worth of offers depends."""

    clearing: int
    """Number of the clearing whose mark it is; -1: it is the best price of a book."""
    number: int
    """Number of the holding, or of the instrument."""
    side: Side
    """Of a book, whose best price it is, bids' or asks'; of a mark, ``BUY`` where it is to be
    low."""
    direction: int
    """1 where a rise is waited for, -1 for a fall."""


class Sleepers:
    """The offers that wait for prices, each with the price that it waits for."""

    def __init__(self) -> None:
        self.heaps: dict[WatchedPrice, list[tuple[int, int]]] = {}
        self.goals: dict[int, dict[WatchedPrice, int]] = {}
        self.heard: dict[WatchedPrice, int] = {}
        """When offers were last woken by a price, ns."""
        self.due: dict[WatchedPrice, int] = {}
        """When offers whose price is reached are looked at, ns."""

    def __bool__(self) -> bool:
        return bool(self.goals)

    def prices(self) -> Iterator[WatchedPrice]:
        """The prices that have been waited for."""
        return iter(self.heaps)

    def add(self, price: WatchedPrice, tag: int, goal: int) -> None:
        """Let an offer wait for a price to reach a goal in ticks, instead of an earlier goal."""
        self.goals.setdefault(tag, {})[price] = goal
        heappush(self.heaps.setdefault(price, []), (price.direction * goal, tag))

    def forget(self, tag: int) -> None:
        """Let an offer wait no longer."""
        self.goals.pop(tag, None)

    def goal(self, price: WatchedPrice) -> int | None:
        """The goal in ticks that a price reaches first; ``None``: nothing waits for it."""
        heap = self.heaps[price]
        while heap:
            goal, tag = heap[0]
            if self.goals.get(tag, {}).get(price) == price.direction * goal:
                return price.direction * goal
            heappop(heap)
        return None

    def awake(self, price: WatchedPrice, now: int) -> list[int]:
        """The offers whose goal a price has reached; they wait no longer for any price."""
        found = []
        heap = self.heaps[price]
        while heap and heap[0][0] <= price.direction * now:
            goal, tag = heappop(heap)
            if self.goals.get(tag, {}).get(price) == price.direction * goal:
                self.forget(tag)
                found.append(tag)
        return found
