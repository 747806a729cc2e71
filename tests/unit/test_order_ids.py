"""Ids of orders: when one is free again, and what whoever chooses them can do."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

import lob
from lob import Kind
from tests.messages import BUY, SELL, apply, cancel, market, new, replace, told


@pytest.fixture
def once(engine):
    """A book where each id is used once."""
    return engine(unique_ids=True)


def test_an_id_is_free_once_its_order_is_gone(book):
    apply(book, new(1, BUY, 100, 5), cancel(1))
    assert told(apply(book, new(1, BUY, 100, 5)))[0][0] == "ACCEPTED"
    assert book.used_ids is None


@pytest.mark.parametrize(
    "gone",
    [
        [new(0, BUY, 100, 5), cancel(0)],
        [new(0, BUY, 100, 5), market(7, SELL, 5)],
        [market(0, BUY, 5)],
        [new(0, BUY, 100, 5, time_in_force=1)],
    ],
)
def test_an_option_refuses_an_id_that_was_used(once, gone):
    apply(once, *gone)
    assert told(apply(once, new(0, BUY, 100, 5))) == [("REJECTED", "DUPLICATE_ORDER_ID", 0, 5, 0)]
    assert told(apply(once, new(-1, BUY, 100, 5), replace(-1, 99, 9), cancel(-1)))[0][0] == (
        "ACCEPTED"
    )
    once.check()


def test_a_refused_order_uses_no_id(once):
    killed = new(1, BUY, 100, 5, time_in_force=2)
    assert told(apply(once, killed)) == told(apply(once, killed))


@pytest.mark.parametrize("which", ["copy", "pickle", "rows"])
def test_used_ids_are_of_the_state(once, which):
    apply(once, new(1, BUY, 100, 5), new(2, BUY, 100, 5), cancel(2))
    if which == "copy":
        twin = once.copy()
    elif which == "pickle":
        twin = pickle.loads(pickle.dumps(once))
    else:
        twin = type(once).from_orders(
            once.orders(), seq=once.seq, unique_ids=True, used_ids=once.used_ids
        )
    assert twin.used_ids == once.used_ids == (1, 2)
    assert twin.digest() == once.digest()
    assert told(apply(twin, new(2, BUY, 100, 5)))[0][1] == "DUPLICATE_ORDER_ID"
    assert type(once).from_orders(once.orders()).digest() != once.digest()


def test_many_ids_are_remembered(engine):
    book = engine(unique_ids=True)
    ids = np.random.default_rng(3).permutation(20_000) * 7 - 70_000
    rows = np.zeros(2 * len(ids), lob.MESSAGE)
    rows["order_id"] = np.repeat(ids, 2)
    rows["kind"] = np.tile([Kind.NEW, Kind.CANCEL], len(ids))
    rows["side"], rows["price"], rows["size"] = 1, 100, 1
    book.process(rows)
    assert book.used_ids == tuple(sorted(ids.tolist()))
    again = book.process(rows[::2])
    assert set(again["reason"].tolist()) == {lob.Reason.DUPLICATE_ORDER_ID}


def test_a_venue_may_ask_for_it():
    venue = lob.Venue(2, unique_order_ids=True)
    rows = np.concatenate([new(1, BUY, 100, 5, instrument=1), cancel(1, instrument=1)])
    venue.process(rows)
    twin = venue.copy()
    for one in (venue, twin):
        assert one.process(rows[:1])["reason"].tolist() == [lob.Reason.DUPLICATE_ORDER_ID]


# ---------------------------------------------------------------- chosen ids


def chosen(count):
    """Ids that all went to one bucket of a table whose hash is known: its steps, backwards."""
    first = pow(0x9E3779B97F4A7C15, -1, 2**64)
    second = pow(0xD6E8FEB86659FD93, -1, 2**64)
    ids = []
    for i in range(count):
        mixed = (i << 52 | i >> 12) * second % 2**64
        mixed ^= mixed >> 32
        ids.append(mixed * first % 2**64)
    return np.array(ids, np.uint64).astype(np.int64)


@pytest.mark.parametrize("ids", [chosen(40_000), np.arange(40_000), np.arange(40_000) << 24])
def test_no_choice_of_ids_makes_a_search_long(ids):
    rows = np.zeros(len(ids), lob.MESSAGE)
    rows["kind"], rows["side"], rows["price"], rows["size"] = Kind.NEW, 1, 100, 1
    rows["order_id"] = ids
    book = lob.OrderBook()
    book.process(rows)
    assert len(book) == len(np.unique(ids))
    assert book.longest_search() < 20
    assert book.copy().longest_search() == book.longest_search()


def test_what_a_book_says_does_not_depend_on_the_hash():
    """A process of its own has another secret, and gives the same to the byte."""

    code = "import lob; from tests.golden.stream import digests; print(digests(lob.OrderBook))"
    said = {
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    }
    assert len(said) == 1
