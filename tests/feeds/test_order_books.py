"""The books of orders that readers follow, against dictionaries."""

import random

import numpy as np
import pytest

import lob
from lob.feeds import Books

K = lob.Kind


class Plain:
    """What ``Books`` is, in the plainest words."""

    def __init__(self):
        self.orders = {}
        self.crossed = self.locked = 0

    def follow(self, row):
        key = int(row["instrument"]), int(row["order_id"])
        size, price = int(row["size"]), int(row["price"])
        if row["kind"] == K.NEW:
            self.orders[key] = [int(row["side"]), price, size]
        elif row["kind"] == K.CANCEL:
            self.orders.pop(key, None)
        elif key in self.orders and row["kind"] == K.REDUCE:
            self.orders[key][2] -= size
            if self.orders[key][2] <= 0:
                del self.orders[key]
        elif key in self.orders:
            self.orders[key][1:] = [price, size]

    def levels(self, instrument, side):
        found = {}
        for (number, _), (way, price, size) in self.orders.items():
            if number == instrument and way == side:
                had = found.get(price, (0, 0))
                found[price] = had[0] + size, had[1] + 1
        return [(price, *found[price]) for price in sorted(found, reverse=side > 0)]

    def look(self, instrument):
        bids, asks = self.levels(instrument, 1), self.levels(instrument, -1)
        if bids and asks:
            self.crossed += bids[0][0] > asks[0][0]
            self.locked += bids[0][0] == asks[0][0]


def prices_of(kind, random_):
    """A way to draw prices, which may depend on how far the flow has come."""
    if kind == "dense":
        return lambda side, i: 1000 - side * random_.randrange(-2, 40)
    if kind == "stepped":  # by a hundred units, and now and then between
        return lambda side, i: (
            10**6 - side * random_.choice((100, 100, 100, 1)) * random_.randrange(-2, 60)
        )
    if kind == "drifting":
        return lambda side, i: 50 * (i // 10) - side * 5 * random_.randrange(-3, 200)
    if kind == "below zero":
        return lambda side, i: random_.randrange(-30, 30) - side * 4
    return lambda side, i: random_.choice(
        (random_.randrange(-(2**62), 2**62), side * -(2**63 - 1), 7, 8, 2**40)
    )


def flow(kind, seed, count):
    random_ = random.Random(f"{kind} {seed}")
    draw = prices_of(kind, random_)
    rows = np.zeros(count, lob.MESSAGE)
    live = []
    for i in range(count):
        row = rows[i]
        row["instrument"] = random_.choice((0, 3))
        if not live or random_.random() < 0.55:
            side = random_.choice((1, -1))
            row["kind"], row["side"], row["order_id"] = K.NEW, side, i + 1
            row["price"], row["size"] = draw(side, i), random_.randrange(1, 9)
            live.append((int(row["instrument"]), i + 1, side))
            continue
        at = random_.randrange(len(live))
        row["instrument"], row["order_id"], side = live[at]
        row["kind"] = random_.choice((K.CANCEL, K.CANCEL, K.REDUCE, K.REPLACE))
        row["price"], row["size"] = draw(side, i), random_.randrange(1, 9)
        if row["kind"] != K.REPLACE:
            live[at] = live[-1]
            live.pop()
    return rows


@pytest.mark.parametrize("kind", ["dense", "stepped", "drifting", "below zero", "anywhere"])
def test_orders_levels_and_the_best_are_right_after_every_message(kind):
    rows = flow(kind, 1, 3000)
    books, plain = Books(), Plain()
    for i in range(len(rows)):
        books.apply(rows[i : i + 1], np.ones(1, np.bool_))
        plain.follow(rows[i])
        plain.look(int(rows[i]["instrument"]))
        assert (books.crossed, books.locked) == (0, 0)  # counted at the end
        if i % 500 == 499:
            for instrument in (0, 3):
                for side in (1, -1):
                    assert books.levels(instrument, side).tolist() == plain.levels(instrument, side)
    books.close()
    assert (books.crossed, books.locked) == (plain.crossed, plain.locked)
    assert books.live == len(plain.orders)
    for instrument in (0, 3):
        assert books.orders(instrument) == {
            ref: tuple(order) for (at, ref), order in plain.orders.items() if at == instrument
        }


def test_many_orders_are_found_again_and_a_book_is_cleared_alone():
    random_ = random.Random(5)
    count = 30_000
    rows = np.zeros(count, lob.MESSAGE)
    rows["kind"], rows["side"], rows["size"] = K.NEW, 1, 1
    # The same ids in two instruments, and ids that agree in their low or high bits.
    rows["instrument"] = np.arange(count) % 2
    rows["order_id"] = (np.arange(count) // 2 + 1) * random_.choice((1, 2**20, 2**40))
    rows["price"] = np.arange(count) % 700
    books = Books()
    books.apply(rows, np.ones(count, np.bool_))
    assert books.live == count
    gone = rows[np.array(random_.sample(range(count), count // 2))]
    gone["kind"] = K.CANCEL
    books.apply(gone, np.ones(len(gone), np.bool_))
    assert (books.unknown_ids, books.live) == (0, count - len(gone))
    books.apply(gone, np.ones(len(gone), np.bool_))
    assert books.unknown_ids == len(gone)
    left = set(rows["order_id"][rows["instrument"] == 1].tolist()) - set(
        gone["order_id"][gone["instrument"] == 1].tolist()
    )
    books.clear(0)
    assert books.orders(0) == {}
    assert set(books.orders(1)) == left
    assert books.live == len(left)
    assert len(books.levels(0, 1)) == 0
