"""Copies, digests, pickles, and books made from L3 rows."""

import copy
import pickle

import numpy as np
import pytest

import lob
from lob import MAX_PRICE, MAX_SIZE
from tests.engines import ENGINES
from tests.messages import (
    BUY,
    SELL,
    apply,
    batch,
    cancel,
    market,
    new,
    reduce,
    replace,
    resting,
    told,
)

ROWS = batch(
    new(1, BUY, 100, 5, owner=1, tag=11, stp=4),
    new(-(2**63), BUY, 100, 7, owner=-2, tag=-12, flags=1),
    new(3, BUY, 90, 5),
    new(2**63 - 1, SELL, MAX_PRICE, 5, owner=2**31 - 1),
    new(5, SELL, 105, 5),
    new(6, SELL, 105, 5),
    market(7, BUY, 3),
    replace(1, 100, 6),
    cancel(3),
)
MORE = batch(market(8, SELL, 8), new(9, BUY, 105, 50, owner=1, stp=3), reduce(6, 1), cancel(99))

WAYS = {
    "copy": lambda book: book.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "pickle": lambda book: pickle.loads(pickle.dumps(book)),
    "oldest pickle": lambda book: pickle.loads(pickle.dumps(book, protocol=2)),
    "from_orders": lambda book: type(book).from_orders(
        book.orders(), instrument=book.instrument, seq=book.seq
    ),
}


@pytest.fixture
def full(book):
    book.process(ROWS)
    return book


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def way(request):
    """A way to make a second book in the state of a first."""
    return request.param


def test_a_twin_is_the_same_book(full, way):
    twin = way(full)
    assert type(twin) is type(full)
    assert twin is not full
    assert twin.orders().tobytes() == full.orders().tobytes()
    assert (twin.digest(), twin.seq, twin.instrument) == (full.digest(), full.seq, 0)
    twin.check()


def test_a_twin_goes_on_alike(full, way):
    twin = way(full)
    assert twin.process(MORE).tobytes() == full.process(MORE).tobytes()
    assert twin.digest() == full.digest()
    twin.check()


def test_a_twin_is_independent(full, way):
    twin = way(full)
    before = full.digest(), full.seq
    twin.process(MORE)
    apply(twin, *(new(i, BUY, 10, 1) for i in range(1_000, 1_200)))
    assert (full.digest(), full.seq) == before
    assert twin.digest() != before[0]
    full.check()
    again = twin.digest()
    full.process(MORE)
    full.check()
    assert twin.digest() == again


def test_a_twin_of_an_empty_book(engine, way):
    twin = way(engine(9))
    assert (len(twin), twin.instrument, twin.seq) == (0, 9, 0)
    assert apply(twin, new(1, BUY, 100, 5, instrument=9))["seq"].tolist() == [1]


def test_a_twin_outlives_the_first(full, way):
    twin = way(full)
    digest = full.digest()
    del full
    assert twin.digest() == digest


def test_pickles_go_from_engine_to_engine_as_rows(engine):
    book = engine()
    book.process(ROWS)
    for other in ENGINES.values():
        twin = other.from_orders(book.orders(), seq=book.seq)
        assert twin.digest() == book.digest()
        assert twin.process(MORE).tobytes() == book.copy().process(MORE).tobytes()


def test_a_pickle_that_was_tampered_with_is_refused(full):
    restore, (kind, orders, *state), *_ = full.__reduce__()
    orders["size"][2] = 0
    with pytest.raises(ValueError, match=r"^orders\[2\]: size"):
        restore(kind, orders, *state)


class LoggedBook(lob.OrderBook):
    __slots__ = ("__dict__", "note")

    def __init__(self, name, *more):
        self.name, self.seen, self.note = name, [], "a slot"


class LoggedReference(lob.reference.OrderBook):
    def __init__(self, name, *more):
        super().__init__(3)
        self.name, self.seen, self.note = name, [], "a slot"

    def __new__(cls, *more):
        return super().__new__(cls)


def logged(kind):
    if kind is LoggedBook:
        book = LoggedBook.__new__(LoggedBook, 3)
        book.__init__("first")
    else:
        book = LoggedReference("first")
    apply(book, new(1, BUY, 100, 5, instrument=3))
    book.seen.append(7)
    return book


@pytest.mark.parametrize("kind", [LoggedBook, LoggedReference])
@pytest.mark.parametrize(
    "again",
    [
        lambda book: book.copy(),
        copy.copy,
        copy.deepcopy,
        lambda book: pickle.loads(pickle.dumps(book)),
    ],
)
def test_what_a_subclass_adds_is_copied_and_pickled(kind, again):
    book = logged(kind)
    twin = again(book)
    assert type(twin) is kind
    assert (twin.name, twin.seen, twin.note) == ("first", [7], "a slot")
    assert (twin.instrument, twin.digest()) == (3, book.digest())
    if again is not copy.copy:
        twin.seen.append(8)
        assert book.seen == [7]
    apply(twin, cancel(1, instrument=3))
    assert (len(twin), len(book)) == (0, 1)
    twin.check()


# ---------------------------------------------------------------- digest


def test_a_digest_is_32_hex_digits(full):
    assert len(full.digest()) == 32
    assert int(full.digest(), 16) >= 0


def test_books_with_the_same_orders_have_the_same_digest_whatever_their_past(engine):
    one, other = engine(), engine()
    apply(one, new(1, BUY, 100, 5), new(2, SELL, 101, 9), market(3, BUY, 4))
    apply(other, new(2, SELL, 101, 7), market(3, BUY, 4), new(1, BUY, 100, 8), reduce(1, 3))
    apply(other, replace(2, 101, 5))
    assert one.digest() == other.digest()


def test_what_an_order_has_traded_is_of_the_state(engine):
    """A replacement whose size is the order's total depends on it."""
    one, other = engine(), engine()
    apply(one, new(2, SELL, 101, 5))
    apply(other, new(2, SELL, 101, 9), market(3, BUY, 4))
    assert one.digest() != other.digest()
    for twin in (other.copy(), pickle.loads(pickle.dumps(other))):
        assert twin.get(2).filled == 4
        assert told(apply(twin, replace(2, 101, 6, flags=lob.Flag.TOTAL_SIZE)))[0][3:] == (2, 2)


@pytest.mark.parametrize(
    "change",
    [
        replace(1, 100, 6),
        replace(1, 100, 4),
        replace(1, 101, 5),
        reduce(1, 1),
        cancel(1),
        new(3, BUY, 100, 5),
    ],
)
def test_any_change_changes_the_digest(engine, change):
    book = engine()
    apply(book, new(1, BUY, 100, 5), new(2, BUY, 100, 5))
    before = book.digest()
    apply(book, change)
    assert book.digest() != before


@pytest.mark.parametrize("field", [{"owner": 1}, {"tag": 1}, {"stp": 1}, {"flags": 1}])
def test_the_digest_looks_at_every_field(engine, field):
    one, other = engine(), engine()
    apply(one, new(1, BUY, 100, 5))
    apply(other, new(1, BUY, 100, 5, **field))
    assert one.digest() != other.digest()


# ---------------------------------------------------------------- from_orders


def rows(*orders):
    """ORDER rows of (id, side, price, size)."""
    array = np.zeros(len(orders), dtype=lob.ORDER)
    for name, values in zip(
        ("order_id", "side", "price", "size"), zip(*orders, strict=True), strict=True
    ):
        array[name] = values
    return array


def good():
    return rows((1, BUY, 100, 5), (2, BUY, 90, 5), (3, SELL, 101, 5))


def test_the_earlier_row_goes_first_at_a_price(engine):
    book = engine.from_orders(rows((2, BUY, 90, 5), (1, BUY, 100, 5), (3, BUY, 90, 4)))
    assert resting(book) == [(1, 100, 5), (2, 90, 5), (3, 90, 4)]
    book.check()


def test_seq_and_instrument_are_taken_over(engine):
    book = engine.from_orders(good(), instrument=4, seq=77)
    assert (book.instrument, book.seq) == (4, 77)
    assert apply(book, cancel(1, instrument=4))["seq"].tolist() == [78]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("side", 0),
        ("side", 2),
        ("side", -128),
        ("price", MAX_PRICE + 1),
        ("price", -MAX_PRICE - 1),
        ("price", 2**63 - 1),
        ("size", 0),
        ("size", -1),
        ("size", MAX_SIZE + 1),
        ("stp", 5),
        ("stp", 255),
        ("flags", 4),
        ("flags", 255),
        ("order_type", 1),  # waits for an auction, and the book is continuous
        ("order_type", 2),
        ("filled", -1),
        ("filled", MAX_SIZE + 1),
    ],
)
@pytest.mark.parametrize("at", [0, 2])
def test_a_bad_row_is_named(engine, field, value, at):
    array = good()
    array[field][at] = value
    with pytest.raises(ValueError, match=rf"^orders\[{at}\]: {field} must be .*, got {value}$"):
        engine.from_orders(array)


def test_an_id_that_comes_twice_is_named_where_it_comes_again(engine):
    array = good()
    array["order_id"][2] = 1
    with pytest.raises(ValueError, match=r"^orders\[2\]: order_id must be unique, got 1$"):
        engine.from_orders(array)


@pytest.mark.parametrize("ask", [100, 99, -MAX_PRICE])
def test_a_crossed_book_is_refused(engine, ask):
    array = good()
    array["price"][2] = ask
    with pytest.raises(ValueError, match=f"the best bid 100 must be below the best ask {ask}"):
        engine.from_orders(array)


def test_a_side_beyond_the_volume_limit_is_refused(engine):
    array = good()
    array["size"][:2] = MAX_SIZE, 1
    with pytest.raises(ValueError, match="BUY side must hold at most"):
        engine.from_orders(array)
    array["size"][:2] = MAX_SIZE - 1, 1
    engine.from_orders(array).check()


@pytest.mark.parametrize(
    "wrong",
    [None, [], good().tolist(), np.zeros(2, dtype=lob.LEVEL), np.zeros((1, 1), dtype=lob.ORDER)],
    ids=["None", "[]", "tuples", "LEVEL", "2-d"],
)
def test_orders_are_an_order_array(engine, wrong):
    with pytest.raises(TypeError, match=r"^orders must be .*lob\.ORDER, got "):
        engine.from_orders(wrong)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("instrument", -1, ValueError),
        ("instrument", 2**16, ValueError),
        ("instrument", 1.0, TypeError),
        ("seq", -1, ValueError),
        ("seq", 2**63, ValueError),
        ("seq", "1", TypeError),
    ],
)
def test_seq_and_instrument_are_checked(engine, name, value, error):
    with pytest.raises(error, match=f"^{name} must be "):
        engine.from_orders(good(), **{name: value})


def test_strided_and_read_only_rows(engine):
    spread = np.zeros(6, dtype=lob.ORDER)
    spread[::2] = good()
    spread.flags.writeable = False
    assert engine.from_orders(spread[::2]).digest() == engine.from_orders(good()).digest()


def test_rows_taken_over_are_copied(engine):
    array = good()
    book = engine.from_orders(array)
    array["size"] = 99
    assert resting(book) == [(1, 100, 5), (2, 90, 5), (3, 101, 5)]
