"""The touch of a book whose orders a reader keeps in Python."""

from heapq import heappop, heappush

__all__ = ["BestPrices"]


class BestPrices:
    """Best bid and best ask of orders that come and go: O(log n) an order.

    Prices that are gone leave the heaps when they come to the top.

    >>> touch = BestPrices()
    >>> touch.add(1, 100)
    >>> touch.add(-1, 100)
    >>> touch.meet
    True
    >>> touch.drop(1, 100)
    >>> touch.meet
    False
    """

    def __init__(self) -> None:
        self._orders: dict[tuple[int, int], int] = {}
        self._heaps: dict[int, list[int]] = {1: [], -1: []}

    def add(self, side: int, price: int) -> None:
        """An order of a side (1: buy, -1: sell) comes to a price."""
        count = self._orders.get((side, price), 0)
        if not count:
            heappush(self._heaps[side], -side * price)
        self._orders[side, price] = count + 1

    def drop(self, side: int, price: int) -> None:
        """One of the orders at a price is gone. Raises ``KeyError`` if there is none."""
        count = self._orders[side, price] - 1
        if count:
            self._orders[side, price] = count
        else:
            del self._orders[side, price]

    @property
    def meet(self) -> bool:
        """Whether the best bid is at the best ask or above: locked or crossed."""
        bid, ask = self._best(1), self._best(-1)
        return bid is not None and ask is not None and bid >= ask

    def _best(self, side: int) -> int | None:
        heap = self._heaps[side]
        while heap and (side, -side * heap[0]) not in self._orders:
            heappop(heap)
        return -side * heap[0] if heap else None
