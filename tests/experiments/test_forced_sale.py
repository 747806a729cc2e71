"""The child orders of a sale."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lob
from experiments.studies.forced_sale import (
    SALE_OWNER,
    SALE_TAG,
    TWAP_SLICES,
    ForcedSale,
    SaleOrders,
    SaleStyle,
)
from lob.feeds import PRINT, PrintKind

NO_TRADES = np.empty(0, PRINT)
FOREVER = 2**62


def market(*trades, kind=PrintKind.TRADE):
    """Prints from (ts, size)."""
    rows = np.zeros(len(trades), PRINT)
    rows["kind"], rows["counts"] = kind, 1
    for row, (ts, size) in zip(rows, trades, strict=True):
        row["ts_event"], row["size"] = ts, size
    return rows


def child_orders(sale, prints, blocks=1):
    """All of a sale's orders, where the trades are told in so many blocks."""
    orders = SaleOrders(sale)
    for block in np.array_split(prints, blocks):
        orders.heard(block)
    return orders.take(FOREVER)


def pov(size, rate, over=100):
    return ForcedSale(size, at_ns=1000, style=SaleStyle.POV, over_ns=over, rate=Fraction(rate))


def test_a_market_sale_is_one_traceable_market_order():
    (order,) = child_orders(ForcedSale(500, at_ns=77), NO_TRADES)
    assert order["ts_event"] == 77
    assert order["size"] == 500
    assert (order["owner"], order["tag"]) == (SALE_OWNER, SALE_TAG)
    assert order["side"] == lob.Side.SELL
    assert order["order_type"] == lob.OrderType.MARKET


def test_every_child_order_is_one_that_the_book_takes():
    orders = child_orders(
        ForcedSale(7, at_ns=0, style=SaleStyle.TWAP, over_ns=70, side=lob.Side.BUY), NO_TRADES
    )
    book = lob.OrderBook()
    book.submit(order_id=1, side=lob.Side.SELL, price=10, size=100)
    events = book.process(orders)
    assert np.count_nonzero(events["kind"] == lob.EventKind.TRADE) == 7
    assert not np.count_nonzero(events["kind"] == lob.EventKind.REJECTED)


def test_a_twap_of_fewer_lots_than_slices_sells_them_one_by_one():
    orders = child_orders(ForcedSale(3, at_ns=0, style=SaleStyle.TWAP, over_ns=90), NO_TRADES)
    assert orders["size"].tolist() == [1, 1, 1]
    assert orders["ts_event"].tolist() == [0, 30, 60]


@given(st.integers(1, lob.MAX_SIZE), st.integers(1, 10**14), st.integers(0, 10**14))
def test_a_twap_is_exact_and_even(size, over, at):
    sale = ForcedSale(size, at_ns=at, style=SaleStyle.TWAP, over_ns=over)
    orders = child_orders(sale, NO_TRADES)
    assert sum(orders["size"].tolist()) == size
    assert orders["size"].max() - orders["size"].min() <= 1
    assert len(orders) == min(size, TWAP_SLICES)
    assert orders["ts_event"][0] == at
    assert orders["ts_event"][-1] < sale.until_ns
    gaps = np.diff(orders["ts_event"])
    assert not len(gaps) or gaps.max() - gaps.min() <= 1
    assert len(set(orders["order_id"].tolist())) == len(orders)


def test_pov_follows_the_volume_by_hand():
    tape = market((999, 500), (1000, 15), (1010, 4), (1010, 1), (1020, 9), (1030, 1), (1100, 500))
    orders = child_orders(pov(100, "0.1"), tape)
    # Volume since the start 15, 20, 29, 30: due 1, 2, 2, 3. What traded at 1100 is too late.
    assert orders["size"].tolist() == [1, 1, 1]
    assert orders["ts_event"].tolist() == [1001, 1011, 1031]


def test_pov_counts_hidden_trades_where_it_is_told_to_and_no_crosses():
    hidden = market((1000, 10), kind=PrintKind.HIDDEN)
    crossed = market((1001, 1000), kind=PrintKind.CROSS)
    prints = np.concatenate([hidden, crossed, market((1002, 10))])
    assert child_orders(pov(100, "0.1"), prints)["size"].tolist() == [1]
    sale = ForcedSale(
        100, at_ns=1000, style=SaleStyle.POV, over_ns=100, rate=Fraction(1, 10), hidden_counts=True
    )
    assert child_orders(sale, prints)["size"].tolist() == [1, 1]


def test_orders_are_taken_as_they_are_due_under_ids_of_their_own():
    orders = SaleOrders(ForcedSale(3, at_ns=0, style=SaleStyle.TWAP, over_ns=90))
    assert orders.next_ts() == 0
    first, second = orders.take(30), orders.take(89)
    assert (len(first), len(second), orders.next_ts()) == (2, 1, None)
    assert len({*first["order_id"].tolist(), *second["order_id"].tolist()}) == 3


def test_pov_stops_when_it_is_done():
    orders = child_orders(pov(4, 1), market((1000, 3), (1001, 3), (1002, 3)))
    assert orders["size"].tolist() == [3, 1]


def test_pov_without_volume_sends_nothing():
    assert len(child_orders(pov(4, "0.1"), NO_TRADES)) == 0
    assert len(child_orders(pov(4, "0.1"), market((1000, 9)))) == 0


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 10**6)), max_size=40),
    st.integers(1, 10**6),
    st.fractions(min_value="1/1000", max_value=1, max_denominator=1000),
)
def test_pov_never_sells_more_than_its_share_so_far(gaps, size, rate):
    times = (1000 + np.cumsum([gap for gap, _ in gaps])).astype(int).tolist()
    volume = [size for _, size in gaps]
    orders = child_orders(pov(size, rate, over=10**6), market(*zip(times, volume, strict=True)), 3)
    sold = 0
    for order in orders:
        sold += int(order["size"])
        traded = sum(v for t, v in zip(times, volume, strict=True) if t < order["ts_event"])
        assert sold <= min(size, rate * traded)
    assert sold == min(size, rate.numerator * sum(volume) // rate.denominator)
    assert not len(orders) or orders["size"].min() > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"size": 0}, "size must be 1"),
        ({"size": lob.MAX_SIZE + 1}, "size must be 1"),
        ({"size": 1, "over_ns": 5}, "takes no duration"),
        ({"size": 1, "style": SaleStyle.TWAP}, "a twap sale needs a duration"),
        ({"size": 1, "style": SaleStyle.POV}, "a pov sale needs a duration"),
        ({"size": 1, "rate": Fraction(0)}, "rate must be above 0"),
        ({"size": 1, "rate": Fraction(3, 2)}, "rate must be above 0"),
    ],
)
def test_what_is_no_sale(arguments, said):
    with pytest.raises(ValueError, match=said):
        ForcedSale(at_ns=0, **arguments)
