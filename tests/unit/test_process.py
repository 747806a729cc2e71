"""Batches: buffers to reuse, quotes, and arrays of any shape in memory."""

import numpy as np
import pytest

import lob
from tests.messages import BUY, SELL, apply, batch, cancel, market, new, reduce, replace

ROWS = batch(
    new(1, BUY, 100, 5, ts_event=10),
    new(2, SELL, 102, 7, ts_event=11),
    new(3, SELL, 100, 2, ts_event=12),
    replace(2, 101, 4, ts_event=13),
    cancel(9, ts_event=14),
    reduce(1, 1, ts_event=15),
    market(4, BUY, 5, ts_event=16),
)
EVENTS = 10


@pytest.fixture
def expected(engine):
    """The events of ``ROWS``."""
    return engine().process(ROWS)


def test_a_batch_gives_what_its_rows_give_one_by_one(engine, expected):
    book = engine()
    one_by_one = np.concatenate([book.process(ROWS[i : i + 1]) for i in range(len(ROWS))])
    assert one_by_one.tobytes() == expected.tobytes()
    assert len(expected) == EVENTS
    assert expected.dtype == lob.EVENT


def test_an_empty_batch_gives_no_events(book):
    events = book.process(np.empty(0, dtype=lob.MESSAGE))
    assert (len(events), events.dtype, book.seq) == (0, lob.EVENT, 0)


# ---------------------------------------------------------------- out


@pytest.mark.parametrize("room", [EVENTS, EVENTS + 1, 1000])
def test_events_that_fit_are_a_view_of_the_front_of_out(book, expected, room):
    out = np.zeros(room, dtype=lob.EVENT)
    events = book.process(ROWS, out)
    assert events.tobytes() == expected.tobytes()
    assert np.shares_memory(events, out)
    assert out[:EVENTS].tobytes() == expected.tobytes()
    assert not out[EVENTS:]["seq"].any()


@pytest.mark.parametrize("room", [0, 1, EVENTS - 1])
def test_events_that_do_not_fit_are_a_new_array(book, expected, room):
    out = np.zeros(room, dtype=lob.EVENT)
    events = book.process(ROWS, out)
    assert events.tobytes() == expected.tobytes()
    assert not np.shares_memory(events, out)


def test_out_may_be_a_part_of_an_array_whose_rest_is_left_alone(book, expected):
    whole = np.zeros(EVENTS + 4, dtype=lob.EVENT)
    events = book.process(ROWS, whole[2 : EVENTS + 2])
    assert events.tobytes() == expected.tobytes()
    assert not whole[:2]["seq"].any()
    assert not whole[-2:]["seq"].any()


def unaligned(rows):
    """The same rows, from an odd place in memory."""
    memory = np.zeros(rows.nbytes + 1, np.uint8)
    shifted = memory[1:].view(rows.dtype)
    shifted[:] = rows
    assert shifted.ctypes.data % 8
    return shifted


def test_messages_and_orders_may_lie_anywhere_in_memory(book, expected):
    assert book.process(unaligned(ROWS)).tobytes() == expected.tobytes()
    again = type(book).from_orders(unaligned(book.orders()))
    assert again.digest() == book.digest()
    again.check()


def test_a_venue_takes_messages_from_anywhere_in_memory():
    assert lob.Venue(1).process(unaligned(ROWS)).tobytes() == lob.Venue(1).process(ROWS).tobytes()


@pytest.mark.parametrize("name", ["out", "quotes"])
def test_what_is_written_to_must_be_aligned(book, name):
    dtype = lob.EVENT if name == "out" else lob.QUOTE
    with pytest.raises(TypeError, match=f"{name} must be a writeable, aligned"):
        book.process(ROWS, **{name: unaligned(np.zeros(40, dtype))})
    assert book.seq == 0


@pytest.mark.parametrize("first", [0, 1, 6])
@pytest.mark.parametrize("dtype", [lob.EVENT, lob.QUOTE])
def test_what_is_written_to_is_not_what_is_read(book, first, dtype):
    """Events would be written over messages that have not been applied yet."""
    rows = ROWS.copy()
    name = "out" if dtype == lob.EVENT else "quotes"
    whole = np.zeros(96 * 60, np.uint8)
    rows = whole[96 * 10 :][: ROWS.nbytes].view(lob.MESSAGE)
    rows[:] = ROWS
    room = whole[96 * (4 + first) :].view(np.uint8)
    room = room[: len(room) // dtype.itemsize * dtype.itemsize].view(dtype)
    with pytest.raises(ValueError, match=f"{name} must share no memory with messages"):
        book.process(rows, **{name: room})
    assert (book.seq, len(book)) == (0, 0)
    assert rows.tobytes() == ROWS.tobytes()


def test_out_and_quotes_must_lie_apart(book):
    memory = np.zeros(960, np.uint8)
    with pytest.raises(ValueError, match="quotes must share no memory with out"):
        book.process(ROWS, memory.view(lob.EVENT), memory.view(lob.QUOTE))
    assert book.seq == 0


def test_a_buffer_serves_again_and_again(book):
    out = np.zeros(64, dtype=lob.EVENT)
    for round_ in range(50):
        events = book.process(batch(new(1, BUY, 100, 5), cancel(1)), out)
        assert events["seq"].tolist() == [2 * round_ + 1, 2 * round_ + 2]
        assert np.shares_memory(events, out)


def test_fresh_results_do_not_share_memory(book):
    first = apply(book, new(1, BUY, 100, 5))
    kept = first.tobytes()
    second = apply(book, *(new(i, BUY, 100, 5) for i in range(2, 500)))
    book.submit(order_id=-1, side=SELL, price=100, size=700)
    assert first.tobytes() == kept
    assert not np.shares_memory(first, second)


def test_a_result_outlives_its_book(engine):
    book = engine()
    events = apply(book, *(new(i, BUY, 100, 5) for i in range(200)))
    del book
    assert events["order_id"].tolist() == list(range(200))


def test_a_result_may_be_written_to(book):
    events = apply(book, new(1, BUY, 100, 5))
    events["tag"] = 9
    assert events["tag"].tolist() == [9]


def test_one_message_may_cause_many_events(book):
    apply(book, *(new(i, SELL, 100 + i % 7, 1) for i in range(5_000)))
    events = apply(book, market(-1, BUY, 10_000))
    assert len(events) == 5_002
    assert events["seq"].tolist() == list(range(5_001, 10_003))


# ---------------------------------------------------------------- quotes


def test_quotes_are_the_touch_after_each_message(book):
    quotes = np.full(len(ROWS) + 1, -7, dtype=lob.QUOTE)
    book.process(ROWS, None, quotes)
    assert quotes[: len(ROWS)].tolist() == [
        (10, 100, 5, 0, 0),
        (11, 100, 5, 102, 7),
        (12, 100, 3, 102, 7),
        (13, 100, 3, 101, 4),
        (14, 100, 3, 101, 4),
        (15, 100, 2, 101, 4),
        (16, 100, 2, 0, 0),
    ]
    assert quotes[-1].tolist() == (-7,) * 5


def test_the_size_of_a_quote_is_that_of_its_whole_level(book):
    quotes = np.zeros(2, dtype=lob.QUOTE)
    book.process(batch(new(1, SELL, 5, 3), new(2, SELL, 5, 4)), quotes=quotes)
    assert quotes["ask_size"].tolist() == [3, 7]


# ---------------------------------------------------------------- arrays in memory


def test_strided_messages(book, expected):
    spread = np.zeros(2 * len(ROWS), dtype=lob.MESSAGE)
    spread[::2] = ROWS
    assert book.process(spread[::2]).tobytes() == expected.tobytes()


def test_reversed_messages(book):
    rows = batch(cancel(1), new(1, BUY, 100, 5))[::-1]
    assert book.process(rows)["kind"].tolist() == [lob.EventKind.ACCEPTED, lob.EventKind.CANCELLED]


def test_read_only_messages(book, expected):
    rows = ROWS.copy()
    rows.flags.writeable = False
    assert book.process(rows).tobytes() == expected.tobytes()


def test_messages_over_foreign_memory_that_is_not_aligned(book, expected):
    raw = np.frombuffer(b"\0" + ROWS.tobytes(), dtype=np.uint8)[1:]
    assert book.process(raw.view(lob.MESSAGE)).tobytes() == expected.tobytes()


def test_messages_are_left_as_they_were(book):
    rows = ROWS.copy()
    book.process(rows)
    assert rows.tobytes() == ROWS.tobytes()


def test_names_of_the_arguments(book, expected):
    out = np.zeros(EVENTS, dtype=lob.EVENT)
    quotes = np.zeros(len(ROWS), dtype=lob.QUOTE)
    assert book.process(messages=ROWS, out=out, quotes=quotes).tobytes() == expected.tobytes()
