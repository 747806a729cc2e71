"""What a book weighs: growth of the resident memory of a fresh process.

``python -m benchmarks.memory PROBE COUNT`` runs one probe and prints bytes. The rows and the
event buffer are there, touched, before the first look, so what grows is the book. Needs
``/proc``, that is Linux.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import lob
from benchmarks.measure import Measure, Plan, Say

__all__ = ["PROBES", "measure"]

ROOT = Path(__file__).parents[1]
STATM = Path("/proc/self/statm")
CENTRE = 1_100_000
CHUNK = 10_000


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """Weigh an order, a level, a lone far level and a book."""
    if not STATM.exists():
        say(f"left out: {STATM} is not there to read")
        return
    for count in (10_000, plan.orders):
        yield Measure(f"an order, of {count:,}", _weigh("order", count), "bytes", 96)
    levels = plan.orders // 5
    dense = (_weigh("dense", levels) - _weigh("stacked", levels)) / levels
    yield Measure(f"a level, of {levels:,} in a row", dense, "bytes", 64)
    yield Measure("a lone level at tick 1", _weigh("far_below"), "bytes", 2**14)
    yield Measure(f"a lone level at tick {lob.MAX_PRICE:,}", _weigh("far_above"), "bytes", 2**14)
    yield Measure("a level, of 1,000 far apart", _weigh("scattered", 1_000), "bytes", 2**14)
    yield Measure("a book beyond its orders", _weigh("fixed"), "bytes", 2**22)
    if find_spec("bourse"):
        for count in (10_000, plan.orders // 5):
            say(f"bourse: {_weigh('bourse', count):.1f} bytes an order, of {count:,}")


def _weigh(probe: str, count: int = 0) -> float:
    """Run a probe in a process of its own."""
    run = [sys.executable, "-m", "benchmarks.memory", probe, str(count)]
    return float(subprocess.check_output(run, cwd=ROOT, text=True))


def _resident() -> int:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class _Filler:
    """Puts orders into books by way of one array of rows and one of events."""

    def __init__(self) -> None:
        self.rows = np.zeros(CHUNK, dtype=lob.MESSAGE)
        self.rows["kind"] = lob.Kind.NEW
        self.events = np.zeros(CHUNK, dtype=lob.EVENT)
        self.events["seq"] = 1
        self.first = lob.OrderBook()  # kept, or the books that are weighed would live in its memory
        self.fill(self.first, CHUNK, 2)

    def fill(self, book: lob.OrderBook, count: int, levels: int) -> None:
        """``count`` orders in turn over ``levels`` neighbouring prices, half of them bids."""
        for first in range(0, count, CHUNK):
            rows = self.rows[: min(CHUNK, count - first)]
            place = np.arange(first, first + len(rows))
            rows["order_id"] = place + 1
            rows["price"] = CENTRE - levels // 2 + place % levels
            rows["side"] = np.where(rows["price"] < CENTRE, lob.Side.BUY, lob.Side.SELL)
            rows["size"] = 1 + place % 100
            book.process(rows, out=self.events)

    def books(self, count: int, orders: int = 1) -> list[lob.OrderBook]:
        """So many books, each with a few orders: nothing is new to them any more."""
        books = [lob.OrderBook() for _ in range(count)]
        for book in books:
            self.fill(book, orders, 2)
            book.submit(order_id=0, side=lob.Side.BUY, price=CENTRE - 1, size=1)
        return books


def order(count: int, levels: int = 500) -> float:
    """Bytes an order, of ``count`` in a book. Small books are measured in number."""
    filler = _Filler()
    books = filler.books(max(1, 200_000 // count), orders=0)
    before = _resident()
    for book in books:
        filler.fill(book, count, levels)
    return (_resident() - before) / (count * len(books))


def dense(count: int) -> float:
    """Bytes of ``count`` orders, each at its own price, in a row."""
    return order(count, levels=count) * count


def stacked(count: int) -> float:
    """Bytes of ``count`` orders at two prices."""
    return order(count, levels=2) * count


def _far(side: lob.Side, price: int) -> float:
    filler = _Filler()
    books = filler.books(64, orders=1_000)
    before = _resident()
    for book in books:
        book.submit(order_id=-1, side=side, price=price, size=1)
    return (_resident() - before) / len(books)


def far_below(_: int) -> float:
    """Bytes of a lone bid at tick 1, far from all others."""
    return _far(lob.Side.BUY, 1)


def far_above(_: int) -> float:
    """Bytes of a lone ask at the highest price there is."""
    return _far(lob.Side.SELL, lob.MAX_PRICE)


def scattered(count: int) -> float:
    """Bytes a level, of ``count`` asks that are all far from each other."""
    filler = _Filler()
    book = filler.books(1)[0]
    apart = (lob.MAX_PRICE - CENTRE) // count
    before = _resident()
    for place in range(1, count + 1):
        book.submit(order_id=-place, side=lob.Side.SELL, price=CENTRE + place * apart, size=1)
    return (_resident() - before) / count


def fixed(_: int) -> float:
    """Bytes of a book with one order."""
    filler = _Filler()
    before = _resident()
    books = filler.books(16, orders=0)
    return (_resident() - before) / len(books)


def bourse(count: int) -> float:
    """Bytes an order in the Rust peer."""
    from bourse.core import OrderBook

    books = [OrderBook(0, True) for _ in range(max(1, 200_000 // count))]
    before = _resident()
    for book in books:
        for place in range(count):
            price = CENTRE - 250 + place % 500
            book.set_time(place)
            book.place_order(price < CENTRE, 10, 7, price)
    return (_resident() - before) / (count * len(books))


PROBES: dict[str, Callable[[int], float]] = {
    "order": order,
    "dense": dense,
    "stacked": stacked,
    "far_below": far_below,
    "far_above": far_above,
    "scattered": scattered,
    "fixed": fixed,
    "bourse": bourse,
}

if __name__ == "__main__":
    print(PROBES[sys.argv[1]](int(sys.argv[2])))
