"""Looking at a book: L1, L2, L3, one order, its place, the cost of a sweep."""

import numpy as np
import pytest

import lob
from lob import MAX_PRICE, MAX_SIZE, Flag
from tests.messages import BUY, SELL, apply, market, new


@pytest.fixture
def quoted(book):
    """Bids 5 and 3 at 100, 7 at 98; asks 2 at 101, 4 and 6 at 105."""
    apply(
        book,
        new(1, BUY, 100, 5, owner=1, tag=11, stp=1),
        new(2, BUY, 98, 7, owner=2, tag=12, flags=Flag.POST_ONLY),
        new(3, BUY, 100, 3, owner=3),
        new(4, SELL, 105, 4),
        new(5, SELL, 101, 2),
        new(6, SELL, 105, 6),
    )
    return book


def test_an_empty_book(book):
    assert (book.best_bid, book.best_ask, len(book)) == (None, None, 0)
    for view, dtype in (
        (book.bids(), lob.LEVEL),
        (book.asks(3), lob.LEVEL),
        (book.orders(), lob.ORDER),
    ):
        assert (len(view), view.dtype) == (0, dtype)
    assert book.get(1) is None
    assert book.cost(BUY, 5) == lob.Cost(0, 0, None)
    book.check()


def test_levels_come_best_first_with_size_and_count(quoted):
    assert quoted.bids().tolist() == [(100, 8, 2), (98, 7, 1)]
    assert quoted.asks().tolist() == [(101, 2, 1), (105, 10, 2)]
    assert quoted.bids().dtype == lob.LEVEL


@pytest.mark.parametrize("levels", [0, 1, 2, 3, 2**62])
def test_as_many_levels_as_asked_for_or_as_there_are(quoted, levels):
    assert quoted.asks(levels).tolist() == quoted.asks().tolist()[:levels]
    assert quoted.bids(levels=levels).tolist() == quoted.bids(None).tolist()[:levels]


def test_orders_are_the_whole_book_by_priority(quoted):
    rows = quoted.orders()
    assert rows.dtype == lob.ORDER
    assert rows.tolist() == [
        (1, 100, 5, 11, 1, BUY, 1, 0, 0, 0),
        (3, 100, 3, 0, 3, BUY, 0, 0, 0, 0),
        (2, 98, 7, 12, 2, BUY, 0, Flag.POST_ONLY, 0, 0),
        (5, 101, 2, 0, 0, SELL, 0, 0, 0, 0),
        (4, 105, 4, 0, 0, SELL, 0, 0, 0, 0),
        (6, 105, 6, 0, 0, SELL, 0, 0, 0, 0),
    ]


def test_views_are_copies(quoted):
    rows, levels = quoted.orders(), quoted.bids()
    rows["size"] = 99
    levels["price"] = -1
    assert quoted.bids().tolist() == [(100, 8, 2), (98, 7, 1)]
    apply(quoted, market(9, SELL, 5))
    assert rows["size"].tolist() == [99] * 6


def test_get_is_one_order_in_plain_python(quoted):
    order = quoted.get(2)
    assert order == lob.Order(2, 98, 7, 12, 2, BUY, lob.SelfTradePrevention.NONE, Flag.POST_ONLY)
    assert [type(value) for value in order] == [
        int,
        int,
        int,
        int,
        int,
        lob.Side,
        lob.SelfTradePrevention,
        Flag,
        lob.OrderType,
        int,
    ]
    assert quoted.get(7) is None


def test_in_and_len(quoted):
    assert 1 in quoted
    assert 7 not in quoted
    assert len(quoted) == 6
    assert np.int64(6) in quoted


@pytest.mark.parametrize("order_id", [2**63, -(2**63) - 1, "1", 1.5, None])
def test_what_is_no_id_is_in_no_book_in_the_same_way(order_id):
    def answer(make):
        try:
            return order_id in make()
        except (TypeError, ValueError) as error:
            return type(error), str(error)

    assert answer(lob.OrderBook) == answer(lob.reference.OrderBook)


def test_queue_position_counts_the_lots_ahead_at_the_price(quoted):
    assert [quoted.queue_position(order_id) for order_id in (1, 3, 2, 4, 6)] == [0, 5, 0, 0, 4]
    apply(quoted, market(9, SELL, 2))
    assert quoted.queue_position(3) == 3


@pytest.mark.parametrize("order_id", [7, -(2**63)])
def test_queue_position_of_an_unknown_order(quoted, order_id):
    with pytest.raises(KeyError) as raised:
        quoted.queue_position(order_id)
    assert raised.value.args == (order_id,)


@pytest.mark.parametrize(
    ("side", "size", "cost"),
    [
        (BUY, 1, (1, 101, 101)),
        (BUY, 2, (2, 202, 101)),
        (BUY, 3, (3, 202 + 105, 105)),
        (BUY, 12, (12, 202 + 1050, 105)),
        (BUY, 13, (12, 202 + 1050, 105)),
        (SELL, 8, (8, 800, 100)),
        (SELL, 9, (9, 898, 98)),
        (SELL, MAX_SIZE, (15, 800 + 686, 98)),
    ],
)
def test_cost_walks_the_book_without_touching_it(quoted, side, size, cost):
    before = quoted.digest(), quoted.seq
    found = quoted.cost(side, size)
    assert found == lob.Cost(*cost)
    assert isinstance(found, lob.Cost)
    assert (quoted.digest(), quoted.seq) == before
    events = apply(quoted, market(9, side, size))
    assert sum(int(e["price"]) * int(e["size"]) for e in events if e["kind"] == 3) == cost[1]


def test_notional_is_exact_beyond_64_bits(book):
    apply(book, new(1, BUY, MAX_PRICE, MAX_SIZE - 1), new(2, BUY, -MAX_PRICE, 1))
    assert book.cost(SELL, MAX_SIZE).notional == MAX_PRICE * (MAX_SIZE - 2)
    assert book.cost(SELL, MAX_SIZE - 1).notional == MAX_PRICE * (MAX_SIZE - 1)


def test_level_sizes_up_to_the_limit(book):
    apply(book, new(1, BUY, 5, MAX_SIZE - 1), new(2, BUY, 5, 1))
    assert book.bids().tolist() == [(5, MAX_SIZE, 2)]


@pytest.mark.parametrize("name", ["best_bid", "best_ask", "instrument", "seq"])
def test_views_hold_plain_ints(quoted, name):
    assert type(getattr(quoted, name)) is int
