"""The lots that a taker has under way: of its own orders, those whose end it does not know yet."""

from typing import NamedTuple

from agents.agent import EventView
from lob import EventKind, Reason

__all__ = ["Fill", "OpenLots"]


class Fill(NamedTuple):
    """A trade of one of an agent's own orders."""

    price: int
    """Price of the trade in ticks."""
    size: int
    """Lots traded."""


class OpenLots:
    """The lots of an agent's orders that neither traded nor came back yet, order by order.

    An order counts from the moment it is sent. Lots leave as their trades and cancellations are
    heard, in whatever order that is: sums do not depend on news overtaking each other. A sender
    that keeps (traded + under way) within what it may trade therefore never trades more.
    """

    def __init__(self) -> None:
        self._lots: dict[int, int] = {}
        self.total = 0

    def __len__(self) -> int:
        return len(self._lots)

    def __contains__(self, order_id: int) -> bool:
        return order_id in self._lots

    def sent(self, order_id: int, size: int) -> None:
        """Count a new order of ``size`` lots, which sets out now."""
        self._lots[order_id] = size
        self.total += size

    def hear(self, event: EventView) -> Fill | None:
        """Take note of an event; returns the ``Fill`` if it is a trade of one of these orders."""
        kind = event.kind
        if kind == EventKind.TRADE:
            fill = None
            for order_id in (event.order_id, event.resting_order_id):
                if order_id in self._lots:
                    self._gone(order_id, event.size)
                    fill = Fill(event.price, event.size)
            return fill
        if event.order_id in self._lots:
            if kind in (EventKind.CANCELLED, EventKind.REDUCED):
                self._gone(event.order_id, event.size)
            elif kind == EventKind.REJECTED and event.reason != Reason.UNKNOWN_ORDER:
                self._gone(event.order_id, self._lots[event.order_id])
        return None

    def _gone(self, order_id: int, size: int) -> None:
        self._lots[order_id] -= size
        self.total -= size
        if not self._lots[order_id]:
            del self._lots[order_id]
