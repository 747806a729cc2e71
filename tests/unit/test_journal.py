"""What a tape of events tells of the book, held against the book that wrote it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lob
from lob import journal
from tests.differential.stream import PROFILES, generate
from tests.examples import examples
from tests.messages import BUY, SELL, batch, cancel, market, new, reduce, replace

SEEDS = range(3)


def told(profile, seed):
    """A stream's instrument, messages, events and the engine's own quotes."""
    instrument, messages = generate(PROFILES[profile], seed)
    quotes = np.empty(len(messages), lob.QUOTE)
    book = lob.OrderBook(instrument)
    events = book.process(messages, quotes=quotes)
    return instrument, messages, events.copy(), quotes


def interleaved(one, other, seed):
    """Two tapes on one, message by message."""
    rng = np.random.default_rng(seed)
    parts, takes = [], []
    for which, events in enumerate((one, other)):
        starts = np.flatnonzero(journal.first_of_message(events))
        parts.append(iter(np.split(events, starts[1:])))
        takes += [which] * len(starts)
    return np.concatenate([next(parts[which]) for which in rng.permutation(takes)])


# ---------------------------------------------------------------- against the engine


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", SEEDS)
def test_quotes_are_the_engines_own(profile, seed):
    instrument, _, events, expected = told(profile, seed)
    quotes, index = journal.quotes(events, instrument)
    assert quotes.tobytes() == expected.tobytes()
    starts = np.flatnonzero(journal.first_of_message(events))
    assert index.tolist() == [*(starts[1:] - 1).tolist(), len(events) - 1]


@pytest.mark.parametrize("profile", PROFILES)
def test_depth_is_the_engines_own(profile):
    instrument, messages, events, _ = told(profile, 7)
    ends = journal.quotes(events, instrument)[1] + 1
    book = lob.OrderBook(instrument)
    places = range(0, len(messages), 97)
    found = journal.depths(events, ends[places], 5, instrument)
    done = 0
    for place, (bids, asks) in zip(places, found, strict=True):
        book.process(messages[done : place + 1])
        done = place + 1
        for mine, theirs in ((bids, book.bids(5)), (asks, book.asks(5))):
            assert mine[: len(theirs)].tobytes() == theirs.tobytes()
            assert not mine[len(theirs) :]["orders"].any()


@settings(max_examples=examples(60), deadline=None)
@given(st.sampled_from(sorted(PROFILES)), st.integers(0, 2**32), st.data())
def test_any_front_of_a_tape_tells_the_same(profile, seed, data):
    instrument, _, events, _ = told(profile, seed)
    quotes, index = journal.quotes(events, instrument)
    kept = data.draw(st.integers(0, len(index)))
    front = events[: index[kept - 1] + 1 if kept else 0]
    some, rows = journal.quotes(front, instrument)
    assert some.tobytes() == quotes[:kept].tobytes()
    assert rows.tolist() == index[:kept].tolist()


@pytest.mark.parametrize("profile", ["crossing", "self-trades", "id churn"])
def test_a_tape_may_start_with_the_book_it_started_with(profile):
    instrument, messages, _, expected = told(profile, 11)
    book = lob.OrderBook(instrument)
    book.process(messages[:900])
    orders = book.orders()
    events = book.process(messages[900:])
    quotes, _ = journal.quotes(events, instrument, orders)
    assert quotes.tobytes() == expected[900:].tobytes()
    bids, asks = journal.depth_at(events, len(events), 4, instrument, orders)
    assert bids.tobytes() == book.bids(4).tobytes()
    assert asks.tobytes() == book.asks(4).tobytes()


def test_one_tape_of_several_instruments_tells_of_each():
    first, second = told("crossing", 1), told("self-trades", 2)
    one, other = first[2], second[2]
    one["instrument"], other["instrument"] = 3, 4
    mixed = interleaved(one, other, 5)
    for number, expected in ((3, first[3]), (4, second[3])):
        quotes, index = journal.quotes(mixed, number)
        assert quotes.tobytes() == expected.tobytes()
        assert (mixed["instrument"][index] == number).all()
    assert len(journal.quotes(mixed, 5)[0]) == 0
    assert len(journal.trades(mixed, 3)) == len(journal.trades(one))
    assert len(journal.trades(mixed)) == len(journal.trades(one)) + len(journal.trades(other))


# ---------------------------------------------------------------- worked by hand

ROWS = batch(
    new(1, BUY, 100, 5, ts_event=10),
    new(2, SELL, 102, 7, ts_event=11),
    new(3, SELL, 100, 8, ts_event=12),  # takes the bid, and 3 rest at 100
    replace(2, 101, 4, ts_event=13),
    cancel(9, ts_event=14),
    reduce(2, 1, ts_event=15),
    market(4, BUY, 5, ts_event=16),
)
QUOTES = [
    (10, 100, 5, 0, 0),
    (11, 100, 5, 102, 7),
    (12, 0, 0, 100, 3),
    (13, 0, 0, 100, 3),
    (14, 0, 0, 100, 3),
    (15, 0, 0, 100, 3),
    (16, 0, 0, 101, 1),
]


def test_a_tape_by_hand():
    events = lob.OrderBook().process(ROWS)
    quotes, index = journal.quotes(events)
    assert quotes.tolist() == QUOTES
    # The third message has an acceptance and a trade, the last an acceptance and two trades.
    assert index.tolist() == [0, 1, 3, 4, 5, 6, 9]
    assert journal.trades(events)["size"].tolist() == [5, 3, 2]


def test_an_order_that_is_entering_is_not_in_the_book():
    events = lob.OrderBook().process(ROWS)
    bids, asks = journal.depth_at(events, 3)  # order 3 is accepted, and has not traded yet
    assert bids.tolist() == [(100, 5, 1)]
    assert asks.tolist() == [(102, 7, 1)]
    bids, asks = journal.depth_at(events, 4)
    assert bids.tolist() == []
    assert asks.tolist() == [(100, 3, 1), (102, 7, 1)]
    assert journal.depth_at(events, 4, levels=1)[1].tolist() == [(100, 3, 1)]


def test_an_order_cut_off_by_the_end_of_a_tape_rests_with_what_is_open():
    events = lob.OrderBook().process(ROWS)
    quotes, _ = journal.quotes(events[:3])
    assert quotes[-1].tolist() == (12, 100, 5, 100, 8)
    quotes, _ = journal.quotes(events[:9])  # but a market order does not
    assert quotes[-1].tolist() == (16, 0, 0, 101, 3)


def test_tapes_of_any_shape_in_memory():
    events = lob.OrderBook().process(ROWS)
    spaced = np.repeat(events, 2)[::2]
    frozen = events.copy()
    frozen.flags.writeable = False
    for tape in (spaced, frozen):
        assert journal.quotes(tape)[0].tolist() == QUOTES


def test_an_empty_tape():
    nothing = np.empty(0, lob.EVENT)
    quotes, index = journal.quotes(nothing)
    assert (len(quotes), len(index)) == (0, 0)
    assert journal.depths(nothing, [0, 0], 3).shape == (2, 2, 3)
    assert journal.depths(nothing, []).shape == (0, 2, 10)
    assert len(journal.trades(nothing)) == len(journal.first_of_message(nothing)) == 0


# ---------------------------------------------------------------- tapes that cannot be


def spoilt(row, **fields):
    events = lob.OrderBook().process(ROWS)
    for name, value in fields.items():
        events[name][row] = value
    return events


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (spoilt(3, resting_order_id=77), r"events\[3\]: order 77 does not rest"),
        (spoilt(3, order_id=77), r"events\[3\]: order 77 trades, but is not the one"),
        (spoilt(3, resting_leaves=1), r"events\[3\]: what is left of order 1"),
        (spoilt(3, size=6, leaves=2), r"events\[3\]: what is left of order 1"),
        (spoilt(3, leaves=4), r"events\[3\]: what is left of order 3"),
        (spoilt(2, order_id=2), r"events\[2\]: order 2 is accepted, but rests already"),
        (spoilt(1, side=0), r"events\[1\]: side 0, price 102"),
        (spoilt(1, price=2**41), r"events\[1\]: side -1, price 2199023255552"),
        (spoilt(1, leaves=0), r"events\[1\]: side -1, price 102, size 7 and leaves 0"),
        (spoilt(4, order_id=77), r"events\[4\]: order 77 does not rest"),
        (spoilt(5, kind=10), r"events\[5\]: kind 10 is no market's"),
        (spoilt(0)[3:], r"events\[0\]: the tape starts in the middle of a message"),
        (spoilt(0)[1:], r"events\[2\]: order 1 does not rest: the tape must start"),
    ],
)
def test_a_tape_that_contradicts_itself_is_refused_with_its_row(events, message):
    with pytest.raises(ValueError, match=message):
        journal.quotes(events)
    with pytest.raises(ValueError, match=message):
        journal.depth_at(events, len(events))


@pytest.mark.parametrize("seed", range(40))
def test_no_tape_whatever_breaks_more_than_itself(seed):
    """Random bytes in random rows: a result or a ValueError with a row, and nothing else."""
    rng = np.random.default_rng(seed)
    instrument, _, events, _ = told("self-trades", seed)
    names = list(lob.EVENT.names)
    for row in rng.integers(0, len(events), 3):
        name = str(rng.choice(names))
        events[name][row] = np.frombuffer(rng.bytes(8), "<i8").astype(lob.EVENT[name])[0]
    assert outcome(journal.quotes, events, instrument) in ("a result", "events[")
    stops = [0, len(events)]
    assert outcome(journal.depths, events, stops, 3, instrument) in ("a result", "events[")


def outcome(call, *arguments):
    """How a call ended: with a result, or the start of what the ValueError says."""
    try:
        call(*arguments)
    except ValueError as refused:
        return str(refused)[:7]
    return "a result"


@pytest.mark.parametrize("call", [journal.quotes, journal.trades, journal.first_of_message])
@pytest.mark.parametrize("wrong", [None, ROWS, np.zeros((2, 2), lob.EVENT)])
def test_what_is_no_tape_is_refused(call, wrong):
    with pytest.raises(TypeError, match=r"events must be .*lob\.EVENT, got"):
        call(wrong)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"upto": [3, 2]}, ValueError, "upto must never fall"),
        ({"upto": [-1]}, ValueError, "upto must never fall and stay within 0 to 10"),
        ({"upto": [11]}, ValueError, "upto must never fall and stay within 0 to 10"),
        ({"upto": [1.5]}, TypeError, "upto must be"),
        ({"upto": 3}, TypeError, "upto must be"),
        ({"upto": [1], "levels": 0}, ValueError, "levels must be 1"),
        ({"upto": [1], "instrument": -1}, ValueError, "instrument must be 0"),
    ],
)
def test_other_arguments_are_checked(wrong, error, message):
    with pytest.raises(error, match=message):
        journal.depths(lob.OrderBook().process(ROWS), **wrong)
