"""Misuse raises, names the argument, shows its value, and leaves the book as it was."""

import numpy as np
import pytest

import lob
from lob import MAX_PRICE, MAX_SIZE, Flag
from tests.engines import ENGINES
from tests.messages import BUY, SELL, batch, cancel, market, new, reduce, replace, row

GOOD = {"order_id": 2, "side": BUY, "price": 100, "size": 10}
HUGE = 2**63


class Index:
    """An integer by ``__index__`` only."""

    def __init__(self, number):
        self.number = number

    def __index__(self):
        return self.number


@pytest.fixture
def quoted(book):
    """A book with a bid and an ask."""
    book.process(batch(new(1, BUY, 99, 5), new(5, SELL, 101, 5)))
    return book


@pytest.fixture
def unchanged(quoted):
    """Fails a test that changes the book."""
    before = quoted.digest(), quoted.seq, len(quoted)
    yield quoted
    assert (quoted.digest(), quoted.seq, len(quoted)) == before
    quoted.check()


# ---------------------------------------------------------------- per call

INTEGERS = (
    "order_id",
    "side",
    "price",
    "size",
    "owner",
    "order_type",
    "time_in_force",
    "min_size",
    "stp",
    "tag",
    "ts_event",
)


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("value", [1.0, 1.9, "1", [1], np.float64(1), 1j])
def test_submit_takes_only_integers(unchanged, name, value):
    with pytest.raises(TypeError) as raised:
        unchanged.submit(**GOOD | {name: value})
    kind = type(value).__name__
    assert str(raised.value) == f"{name} must be an integer, got {value!r} ({kind})"


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("value", [HUGE, -HUGE - 1, 10**40])
def test_submit_refuses_what_no_int64_holds(unchanged, name, value):
    with pytest.raises(ValueError, match=f"^{name} must be .*, got {value}$"):
        unchanged.submit(**GOOD | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("size", size) for size in (0, -1, MAX_SIZE + 1, HUGE - 1, -HUGE)),
        *(("price", price) for price in (MAX_PRICE + 1, -MAX_PRICE - 1, HUGE - 1, -HUGE)),
        *(("side", side) for side in (0, 2, -2, 257, -255, 2**32 + 1)),
        *(("order_type", order_type) for order_type in (-1, 2, 256, 257)),
        *(("time_in_force", time_in_force) for time_in_force in (-1, 3, 256, 2**32)),
        *(("stp", stp) for stp in (-1, 5, 256, 2**40)),
        *(("owner", owner) for owner in (2**31, -(2**31) - 1, 2**32)),
        *(("min_size", size) for size in (-1, 11, HUGE - 1)),
    ],
)
def test_submit_refuses_values_out_of_range(unchanged, name, value):
    with pytest.raises(ValueError, match=f"^{name} must be .*, got {value}$"):
        unchanged.submit(**GOOD | {name: value})


@pytest.mark.parametrize("name", [name for name in INTEGERS if name != "price"])
def test_none_is_no_integer(unchanged, name):
    with pytest.raises(TypeError, match=f"^{name} must be an integer, got None"):
        unchanged.submit(**GOOD | {name: None})


def test_submit_needs_a_price_for_a_limit_order(unchanged):
    with pytest.raises(TypeError, match="price must be given for a limit order"):
        unchanged.submit(order_id=2, side=BUY, size=10)


@pytest.mark.parametrize(
    "more",
    [{"time_in_force": 1}, {"time_in_force": 2}, {"order_type": 1}, {"min_size": 1}],
)
def test_post_only_orders_are_plain(unchanged, more):
    with pytest.raises(ValueError, match="post-only order"):
        unchanged.submit(**GOOD, post_only=True, **more)


@pytest.mark.parametrize("missing", ["order_id", "side", "size"])
def test_submit_names_the_argument_that_is_missing(unchanged, missing):
    with pytest.raises(TypeError, match=missing):
        unchanged.submit(**{name: value for name, value in GOOD.items() if name != missing})


def test_submit_takes_names_only(unchanged):
    with pytest.raises(TypeError):
        unchanged.submit(2, BUY, 100, 10)


@pytest.mark.parametrize(
    ("method", "arguments", "named"),
    [
        ("cancel", (1.0,), "order_id"),
        ("cancel", (None,), "order_id"),
        ("reduce", ("1", 2), "order_id"),
        ("reduce", (1, 2.0), "size"),
        ("reduce", (1, None), "size"),
        ("get", (1.0,), "order_id"),
        ("queue_position", ("1",), "order_id"),
        ("bids", (1.0,), "levels"),
        ("asks", ("1",), "levels"),
        ("cost", (BUY, 1.0), "size"),
    ],
)
def test_other_methods_take_only_integers(unchanged, method, arguments, named):
    with pytest.raises(TypeError, match=f"^{named} must be an integer, got "):
        getattr(unchanged, method)(*arguments)


@pytest.mark.parametrize("method", ["cancel", "reduce", "replace", "get", "queue_position"])
@pytest.mark.parametrize("order_id", [HUGE, -HUGE - 1])
def test_ids_are_int64(unchanged, method, order_id):
    arguments = (order_id, 1) if method == "reduce" else (order_id,)
    with pytest.raises(ValueError, match=f"^order_id must be .*, got {order_id}$"):
        getattr(unchanged, method)(*arguments)


@pytest.mark.parametrize("size", [0, -1, MAX_SIZE + 1, HUGE])
def test_sizes_of_reduce_and_replace(unchanged, size):
    with pytest.raises(ValueError, match=f"^size must be .*, got {size}$"):
        unchanged.reduce(1, size)
    with pytest.raises(ValueError, match=f"^size must be .*, got {size}$"):
        unchanged.replace(1, size=size)


@pytest.mark.parametrize("price", [MAX_PRICE + 1, -MAX_PRICE - 1, HUGE])
def test_prices_of_replace(unchanged, price):
    with pytest.raises(ValueError, match=f"^price must be .*, got {price}$"):
        unchanged.replace(1, price=price)


@pytest.mark.parametrize("arguments", [{"price": 1.0}, {"size": "2"}, {"ts_event": 1.5}])
def test_replace_takes_only_integers(unchanged, arguments):
    (name,) = arguments
    with pytest.raises(TypeError, match=f"^{name} must be an integer"):
        unchanged.replace(1, **arguments)


def test_misuse_about_an_unknown_order_is_misuse_all_the_same(unchanged):
    with pytest.raises(ValueError, match=r"^size must be"):
        unchanged.reduce(77, 0)
    with pytest.raises(ValueError, match=r"^price must be"):
        unchanged.replace(77, price=MAX_PRICE + 1)


@pytest.mark.parametrize("levels", [-1, -HUGE])
def test_levels_are_not_negative(unchanged, levels):
    with pytest.raises(ValueError, match=f"^levels must be .*, got {levels}$"):
        unchanged.bids(levels)


@pytest.mark.parametrize(("side", "size"), [(0, 1), (2, 1), (BUY, 0), (SELL, MAX_SIZE + 1)])
def test_cost_needs_a_side_and_a_size(unchanged, side, size):
    named = "side" if side not in (1, -1) else "size"
    with pytest.raises(ValueError, match=f"^{named} must be"):
        unchanged.cost(side, size)


@pytest.mark.parametrize("instrument", [-1, 2**16, HUGE])
def test_instruments_fit_two_bytes(engine, instrument):
    with pytest.raises(ValueError, match=f"^instrument must be 0 to 65535, got {instrument}$"):
        engine(instrument)


def test_instruments_are_integers(engine):
    with pytest.raises(TypeError, match=r"^instrument must be an integer"):
        engine(1.0)


@pytest.mark.parametrize(
    "to", [int, np.int64, np.int32, np.uint8, np.int8, Index], ids=lambda to: to.__name__
)
def test_anything_that_is_an_integer_will_do(book, to):
    out = book.submit(
        order_id=to(3), side=to(1), price=to(100), size=to(10), owner=to(7), tag=to(9), stp=to(2)
    )
    assert out.leaves == 10
    assert book.get(to(3)) == lob.Order(3, 100, 10, 9, 7, BUY, 2, Flag(0))
    assert book.queue_position(to(3)) == 0
    assert book.reduce(to(3), to(4)).leaves == 6
    assert book.replace(to(3), price=to(101), size=to(5)).leaves == 5
    assert len(book.bids(to(1))) == 1
    assert book.cancel(to(3)).accepted


def test_true_is_one(book):
    assert book.submit(order_id=True, side=True, price=True, size=True).leaves == 1
    assert book.get(1) == lob.Order(1, 1, 1, 0, 0, BUY, 0, Flag(0))


# ---------------------------------------------------------------- rows of a batch

SPOILT = {
    "kind 0": row(0, 2, side=BUY, size=1),
    "kind 8": row(8, 2),
    "kind of clearing": row(64, 2),
    "instrument": new(2, BUY, 100, 1, instrument=1),
    "instrument of a cancel": cancel(1, instrument=256),
    "size 0": new(2, BUY, 100, 0),
    "size -1": new(2, BUY, 100, -1),
    "size": new(2, BUY, 100, MAX_SIZE + 1),
    "size of reduce": reduce(1, 0),
    "size of replace": replace(1, 100, -5),
    "price": new(2, BUY, MAX_PRICE + 1, 1),
    "price below": new(2, BUY, -MAX_PRICE - 1, 1),
    "price of replace": replace(1, -MAX_PRICE - 1, 1),
    "side": new(2, 0, 100, 1),
    "side of a market order": market(2, 3, 1),
    "order_type": new(2, BUY, 100, 1, order_type=2),
    "time_in_force": new(2, BUY, 100, 1, time_in_force=3),
    "stp": new(2, BUY, 100, 1, stp=5),
    "flags": new(2, BUY, 100, 1, flags=4),
    "flags both": new(2, BUY, 100, 1, flags=5),
    "flags of post-only ioc": new(2, BUY, 100, 1, flags=1, time_in_force=1),
    "flags of post-only market": market(2, BUY, 1, flags=1),
    "min_size": new(2, BUY, 100, 1, min_size=2),
    "min_size below": new(2, BUY, 100, 1, min_size=-1),
    "min_size of post-only": new(2, BUY, 100, 1, min_size=1, flags=1),
    "reserved": new(2, BUY, 100, 1, reserved=1),
    "display_size": new(2, BUY, 100, 1, display_size=1),
    "stop_price": new(2, BUY, 100, 1, stop_price=-1),
    "trail": new(2, BUY, 100, 1, trail=1),
    "expire_ts": new(2, BUY, 100, 1, expire_ts=1),
}


@pytest.mark.parametrize("name", SPOILT)
@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_malformed_row_is_named_and_no_row_is_applied(unchanged, name, at):
    rows = [new(10 + i, BUY, 98, 1) for i in range(3)]
    rows.insert(at, SPOILT[name])
    out = np.zeros(16, dtype=lob.EVENT)
    quotes = np.zeros(16, dtype=lob.QUOTE)
    field = name.split()[0]
    with pytest.raises(ValueError, match=rf"^messages\[{at}\]: {field}.*") as raised:
        unchanged.process(batch(*rows), out, quotes)
    value = SPOILT[name][field][0]
    assert str(raised.value).endswith((f"got {value}", "good till cancelled"))
    assert not out["seq"].any()
    assert not quotes["bid_price"].any()


def test_the_first_of_several_malformed_rows_is_named(unchanged):
    with pytest.raises(ValueError, match=r"^messages\[1\]: size"):
        unchanged.process(batch(cancel(1), new(2, BUY, 1, 0), row(0, 1)))


def test_what_a_kind_does_not_read_may_be_anything(book):
    noise = {"side": 99, "order_type": 9, "time_in_force": 9, "stp": 9, "flags": 255}
    noise |= {"min_size": -1, "reserved": 1, "display_size": -1, "expire_ts": 7}
    events = book.process(
        batch(
            new(1, BUY, 100, 5),
            reduce(1, 1, price=2**62, **noise),
            replace(1, 100, 2, **noise | {"flags": 0}),
            cancel(1, size=-1, price=2**62, **noise),
        )
    )
    assert events["kind"].tolist() == [1, 5, 6, 4]
    assert events["side"].tolist() == [BUY] * 4


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [],
        [(1, 2)],
        "messages",
        np.zeros(2),
        np.zeros(2, dtype=lob.EVENT),
        np.zeros((2, 2), dtype=lob.MESSAGE),
        np.zeros((), dtype=lob.MESSAGE),
        np.zeros(2, dtype=lob.MESSAGE.newbyteorder(">")),
    ],
    ids=lambda rows: str(getattr(rows, "shape", rows)),
)
def test_messages_are_a_message_array(unchanged, rows):
    with pytest.raises(TypeError, match=r"^messages must be .*lob\.MESSAGE, got "):
        unchanged.process(rows)


def read_only(dtype):
    array = np.zeros(8, dtype=dtype)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(("name", "dtype"), [("out", lob.EVENT), ("quotes", lob.QUOTE)])
def test_buffers_are_writeable_contiguous_and_of_their_dtype(unchanged, name, dtype):
    wrong = {
        "no array": [1, 2],
        "other dtype": np.zeros(8, dtype=lob.MESSAGE),
        "two-dimensional": np.zeros((8, 1), dtype=dtype),
        "strided": np.zeros(16, dtype=dtype)[::2],
        "read-only": read_only(dtype),
    }
    for buffer in wrong.values():
        with pytest.raises(TypeError, match=f"^{name} must be a writeable.*"):
            unchanged.process(new(2, BUY, 98, 1), **{name: buffer})


def test_quotes_hold_a_row_for_every_message(unchanged):
    with pytest.raises(ValueError, match=r"^quotes must hold at least 2 rows, got 1$"):
        unchanged.process(batch(cancel(1), cancel(2)), None, np.zeros(1, dtype=lob.QUOTE))


# ---------------------------------------------------------------- both engines in the same words


def said(book, method, arguments):
    try:
        return getattr(book, method)(**arguments)
    except (TypeError, ValueError) as error:
        return type(error), str(error)


VALUES = (0, -1, 1, 2, 300, 2**31, 2**62, 2**64, 1.5, None, "x")


@pytest.mark.parametrize("name", INTEGERS)
def test_both_engines_refuse_an_argument_in_the_same_words(name):
    for value in VALUES:
        arguments = GOOD | {name: value}
        ours, theirs = (said(make(), "submit", arguments) for make in ENGINES.values())
        if isinstance(theirs, lob.reference.Outcome):
            assert ours.accepted == theirs.accepted
        else:
            assert ours == theirs


@pytest.mark.parametrize("first", INTEGERS)
@pytest.mark.parametrize("second", INTEGERS)
def test_both_engines_refuse_two_wrong_arguments_and_name_one_of_them(first, second):
    for value in VALUES:
        for other in VALUES:
            arguments = GOOD | {first: value, second: other}
            ours, theirs = (said(make(), "submit", arguments) for make in ENGINES.values())
            assert isinstance(ours, tuple) == isinstance(theirs[0], type), arguments
            if isinstance(ours, tuple):
                assert ours[1].startswith((first, second)), arguments
                assert theirs[1].startswith((first, second)), arguments
