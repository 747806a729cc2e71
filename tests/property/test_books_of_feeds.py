"""The table of orders behind every order-by-order feed: whatever comes and goes, a dict agrees."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lob.feeds._books import Books
from lob.types import MESSAGE, Kind

INSTRUMENTS = 3


@given(
    seed=st.integers(0, 2**32),
    step=st.sampled_from([1, 2, 1 << 20, (1 << 61) - 1]),
    count=st.integers(1, 5_000),
    leaving=st.floats(0, 0.7),
)
def test_orders_are_those_of_a_dict_however_often_the_table_grows(seed, step, count, leaving):
    random = np.random.default_rng(seed)
    rows, wanted = np.zeros(2 * count, MESSAGE), {}
    known, made, number, unknown = [], 0, 0, 0
    while made < len(rows):
        row = rows[made]
        made += 1
        if known and random.random() < leaving:
            at = int(random.integers(len(known)))
            key = known[at]
            row["instrument"], row["order_id"] = key
            if random.random() < 0.1:
                row["order_id"] += 1_000_003  # of nobody, as a rule
                if (key[0], int(row["order_id"])) not in wanted:
                    row["kind"], unknown = Kind.CANCEL, unknown + 1
                    continue
                row["order_id"] = key[1]
            side, price, size = wanted[key]
            if size > 1 and random.random() < 0.5:
                row["kind"], row["size"] = Kind.REDUCE, 1
                wanted[key] = side, price, size - 1
                continue
            row["kind"] = Kind.CANCEL
            del wanted[key]
            known[at] = known[-1]
            known.pop()
            continue
        key = int(random.integers(INSTRUMENTS)), (1 + number * step) % 2**62
        number += 1
        side, price = int(random.choice([-1, 1])), int(random.integers(1, 500))
        size = int(random.integers(1, 5))
        row["kind"], row["instrument"], row["order_id"] = Kind.NEW, *key
        row["side"], row["price"], row["size"] = side, price, size
        wanted[key] = side, price, size
        known.append(key)
    books = Books()
    books.apply(rows, np.ones(len(rows), np.bool_))
    assert books.live == len(wanted)
    assert books.unknown_ids == unknown
    assert books.duplicate_ids == books.overdrawn == 0
    for instrument in range(INSTRUMENTS):
        assert books.orders(instrument) == {
            order: row for (one, order), row in wanted.items() if one == instrument
        }
    # What is there is found, one by one, and nothing is left.
    gone = np.zeros(len(wanted), MESSAGE)
    gone["kind"] = Kind.CANCEL
    for row, (instrument, order) in zip(gone, wanted, strict=True):
        row["instrument"], row["order_id"] = instrument, order
    books.apply(gone, np.ones(len(gone), np.bool_))
    assert books.live == 0
    assert books.unknown_ids == unknown
