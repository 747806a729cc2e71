"""A book rebuilt from a tape of events, held against the book that wrote it."""

import numpy as np
import pytest

import lob
from lob.rebuilt_book import book_after
from tests.differential.stream import PROFILES, generate
from tests.messages import BUY, SELL, batch, cancel, market, new, replace, row


def comparable(orders):
    """L3 rows without what a tape of events does not tell."""
    rows = orders.copy()
    rows["stp"] = 0
    return rows.tobytes()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", range(2))
def test_the_book_is_the_engines_own(profile, seed):
    instrument, messages = generate(PROFILES[profile], seed)
    book = lob.OrderBook(instrument)
    parts, done = [], 0
    for stop in (1, len(messages) // 3, len(messages)):
        parts.append(book.process(messages[done:stop]).copy())
        done = stop
        found = book_after(np.concatenate(parts), instrument=instrument)
        assert comparable(found.orders()) == comparable(book.orders())
        assert (found.session, found.band, found.seq) == (book.session, book.band, book.seq)
        found.check()


def test_an_order_that_keeps_its_place_and_one_that_loses_it():
    book = lob.OrderBook()
    events = book.process(
        batch(
            new(1, BUY, 99, 5), new(2, BUY, 99, 5), new(3, BUY, 99, 5), replace(1, 99, 3),
            replace(2, 99, 9), cancel(3), new(3, SELL, 99, 2), new(3, SELL, 101, 4),
        )
    )  # fmt: skip
    found = book_after(events).orders()
    assert found["order_id"].tolist() == book.orders()["order_id"].tolist() == [1, 2, 3]
    assert found["filled"].tolist() == [2, 0, 0]
    assert book_after(events, 3).orders()["order_id"].tolist() == [1, 2, 3]
    assert len(book_after(events, 0)) == 0


def test_session_and_band_are_rebuilt():
    book = lob.OrderBook()
    events = book.process(
        batch(
            row(lob.Kind.BAND, 0, price=90, stop_price=lob.MAX_PRICE),
            row(lob.Kind.SESSION, int(lob.Session.CALL)),
            new(1, BUY, 101, 5), market(2, SELL, 3), new(3, SELL, 95, 2),
        )
    )  # fmt: skip
    found = book_after(events)
    assert (found.session, found.band) == (lob.Session.CALL, (90, None))
    assert comparable(found.orders()) == comparable(book.orders())


def test_another_thing_than_a_tape_is_refused():
    with pytest.raises(TypeError, match=r"lob\.EVENT"):
        book_after(np.zeros(2))
    with pytest.raises(ValueError, match="upto"):
        book_after(np.zeros(0, lob.EVENT), 1)
    book = lob.OrderBook()
    book.submit(order_id=1, side=BUY, price=99, size=5)
    later = book.process(batch(replace(1, 98, 5)))
    with pytest.raises(ValueError, match="order 1 was never accepted"):
        book_after(later)
