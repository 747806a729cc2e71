"""Slippage against numbers worked by hand, and the laws that hold for any trades."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lob
from experiments.metrics import slippage


def trades(side, *fills, order_id=1, ts_event=0):
    """TRADE events of one order from (price, size) pairs."""
    rows = np.zeros(len(fills), lob.EVENT)
    rows["kind"] = lob.EventKind.TRADE
    rows["side"] = side
    rows["order_id"] = order_id
    rows["ts_event"] = ts_event
    for row, (price, size) in zip(rows, fills, strict=True):
        row["price"], row["size"] = price, size
    return rows


def quotes(*rows):
    """QUOTE rows from (ts, bid, bid size, ask, ask size)."""
    return np.array(list(rows), lob.QUOTE)


SOLD = trades(lob.Side.SELL, (99, 10), (98, 30))  # vwap (990 + 2940) / 40 = 98.25
BOUGHT = trades(lob.Side.BUY, (101, 10), (102, 30))  # vwap 101.75
NOTHING = trades(lob.Side.SELL)


def test_vwap_by_hand():
    assert slippage.notional(SOLD) == 3930
    assert slippage.filled_lots(SOLD) == 40
    assert slippage.vwap(SOLD) == 98.25
    assert isnan(slippage.vwap(NOTHING))


def test_vwap_does_not_overflow():
    huge = trades(lob.Side.SELL, (lob.MAX_PRICE, lob.MAX_SIZE), (lob.MAX_PRICE, lob.MAX_SIZE))
    assert slippage.notional(huge) == 2 * lob.MAX_PRICE * lob.MAX_SIZE
    assert slippage.vwap(huge) == lob.MAX_PRICE


def test_shortfall_by_hand():
    # Arrival mid 100: 1.75 ticks of 100 lost, that is 175 bps, on either side.
    assert slippage.implementation_shortfall_bps(SOLD, 100.0) == pytest.approx(175)
    assert slippage.implementation_shortfall_bps(BOUGHT, 100.0) == pytest.approx(175)


def test_a_better_price_than_the_mid_is_a_negative_cost():
    assert slippage.implementation_shortfall_bps(SOLD, 98.0) == pytest.approx(-1e4 * 0.25 / 98)


@pytest.mark.parametrize("mid", [float("nan"), 0.0, -5.0])
def test_a_shortfall_against_nothing_is_undefined(mid):
    assert isnan(slippage.implementation_shortfall_bps(SOLD, mid))


def test_the_shortfall_of_no_trades_is_undefined():
    assert isnan(slippage.implementation_shortfall_bps(NOTHING, 100.0))


def test_trades_on_both_sides_are_misuse():
    both = np.concatenate([SOLD, BOUGHT])
    with pytest.raises(ValueError, match="one side"):
        slippage.implementation_shortfall_bps(both, 100.0)


def test_vwap_slippage_by_hand():
    assert slippage.vwap_slippage_bps(SOLD, 98.5) == pytest.approx(1e4 * 0.25 / 98.5)
    assert slippage.vwap_slippage_bps(BOUGHT, 101.5) == pytest.approx(1e4 * 0.25 / 101.5)
    assert isnan(slippage.vwap_slippage_bps(SOLD, float("nan")))


def test_paired_cost_by_hand():
    # Without the sale the mid would have been 100, then 99: lost 1 * 10 + 1 * 30 of 40 lots.
    assert slippage.paired_cost_bps(SOLD, [100.0, 99.0]) == pytest.approx(1e4 / 99.25)
    assert slippage.paired_cost_bps(BOUGHT, [100.0, 101.0]) == pytest.approx(1e4 / 100.75)
    assert isnan(slippage.paired_cost_bps(SOLD, [100.0, np.nan]))
    assert isnan(slippage.paired_cost_bps(SOLD, [0.0, 0.0]))
    assert isnan(slippage.paired_cost_bps(NOTHING, []))


def test_effective_spread_by_hand():
    # 2 * (1 * 10 + 2 * 30) / 40 = 3.5 ticks.
    assert slippage.effective_spread(SOLD, [100.0, 100.0]) == 3.5
    assert slippage.effective_spread(BOUGHT, [100.0, 100.0]) == 3.5
    assert isnan(slippage.effective_spread(SOLD, [100.0, np.nan]))
    assert isnan(slippage.effective_spread(NOTHING, []))


def test_realized_spread_by_hand():
    book = quotes((0, 99, 5, 101, 5), (50, 95, 5, 97, 5), (200, 95, 5, 97, 5))
    # The mid 100 ns later is 96: who bought at 99 and 98 lost 3 and 2 ticks.
    assert slippage.realized_spread(SOLD, book, 100) == -2 * (3 * 10 + 2 * 30) / 40
    assert slippage.realized_spread(BOUGHT, book, 100) == 2 * (5 * 10 + 6 * 30) / 40


def test_realized_spread_is_undefined_past_the_end_of_the_tape():
    book = quotes((0, 99, 5, 101, 5), (50, 95, 5, 97, 5))
    assert slippage.realized_spread(SOLD, book, 50) == -4.5
    assert isnan(slippage.realized_spread(SOLD, book, 51))


def test_realized_spread_is_undefined_where_a_side_is_empty():
    book = quotes((0, 99, 5, 101, 5), (50, 0, 0, 97, 5), (200, 95, 5, 97, 5))
    assert isnan(slippage.realized_spread(SOLD, book, 100))


def test_levels_are_counted_anew_for_each_order():
    rows = np.concatenate(
        [
            trades(lob.Side.SELL, (99, 1), (99, 2), (98, 3), order_id=-(2**63)),
            trades(lob.Side.SELL, (98, 1), order_id=-(2**63) + 1),
            trades(lob.Side.SELL, (98, 1), (95, 1), (90, 1), order_id=2**63 - 1),
        ]
    )
    assert slippage.levels_consumed(rows).tolist() == [2, 1, 3]
    assert slippage.levels_consumed(NOTHING).tolist() == []


def test_a_first_trade_at_price_zero_is_a_level_too():
    assert slippage.levels_consumed(trades(lob.Side.SELL, (0, 1), (-1, 1))).tolist() == [2]


def test_share_beyond_the_record_by_hand():
    # The last recorded bid is 99: the 30 lots at 98 are beyond it.
    assert slippage.share_beyond(SOLD, [99, 99]) == 0.75
    assert slippage.share_beyond(SOLD, [98, 98]) == 0
    assert slippage.share_beyond(BOUGHT, [101, 101]) == 0.75
    assert slippage.share_beyond(BOUGHT, [100, 102]) == 0.25
    assert slippage.share_beyond(SOLD, [np.nan, np.nan]) == 1
    assert isnan(slippage.share_beyond(NOTHING, []))


def test_trades_of_finds_only_the_order_that_took():
    book = lob.OrderBook()
    rows = np.zeros(3, lob.MESSAGE)
    rows["order_id"], rows["kind"], rows["size"], rows["price"] = (1, 2, 3), 1, 10, 100
    rows["side"] = (lob.Side.BUY, lob.Side.SELL, lob.Side.SELL)
    rows["owner"], rows["tag"] = (1, 1, 2), (7, 7, 7)
    events = book.process(rows)
    assert len(slippage.trades_of(events, owner=1, tag=7)) == 1
    assert slippage.trades_of(events, owner=1, tag=7)["order_id"] == 2
    assert len(slippage.trades_of(events, owner=1, tag=8)) == 0
    assert len(slippage.trades_of(events, owner=2, tag=7)) == 0


fills = st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**9)), min_size=1, max_size=20)
mids = st.floats(1, 10**6)


@given(fills, mids)
def test_a_purchase_gains_what_a_sale_at_the_same_prices_loses(pairs, mid):
    sold, bought = trades(lob.Side.SELL, *pairs), trades(lob.Side.BUY, *pairs)
    for cost in (slippage.implementation_shortfall_bps, slippage.vwap_slippage_bps):
        assert cost(sold, mid) == -cost(bought, mid)
    at = [mid] * len(pairs)
    assert slippage.paired_cost_bps(sold, at) == -slippage.paired_cost_bps(bought, at)
    assert slippage.effective_spread(sold, at) == -slippage.effective_spread(bought, at)


@given(fills, mids)
def test_half_the_effective_spread_is_the_shortfall_while_the_mid_stands(pairs, mid):
    rows = trades(lob.Side.SELL, *pairs)
    half = slippage.effective_spread(rows, [mid] * len(pairs)) / 2
    assert slippage.implementation_shortfall_bps(rows, mid) == pytest.approx(
        1e4 * half / mid, rel=1e-9, abs=1e-6
    )


@given(fills, st.integers(1, 10**6))
def test_the_vwap_lies_within_the_prices(pairs, boundary):
    rows = trades(lob.Side.SELL, *pairs)
    assert rows["price"].min() <= slippage.vwap(rows) <= rows["price"].max()
    share = slippage.share_beyond(rows, [boundary] * len(pairs))
    below = sum(size for price, size in pairs if price < boundary)
    assert share == below / sum(size for _, size in pairs)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=15), st.integers(1, 800))
def test_levels_and_vwap_are_those_of_the_book(sizes, wanted):
    book = lob.OrderBook()
    for depth, size in enumerate(sizes):
        book.submit(order_id=depth, side=lob.Side.BUY, price=1000 - 3 * depth, size=size)
    cost = book.cost(lob.Side.SELL, wanted)
    rows = np.zeros(1, lob.MESSAGE)
    rows["order_id"], rows["kind"], rows["side"] = -1, lob.Kind.NEW, lob.Side.SELL
    rows["order_type"], rows["size"] = lob.OrderType.MARKET, wanted
    events = book.process(rows)
    sold = events[events["kind"] == lob.EventKind.TRADE]
    assert slippage.filled_lots(sold) == cost.filled
    assert slippage.notional(sold) == cost.notional
    assert slippage.levels_consumed(sold).tolist() == [(1000 - cost.worst_price) // 3 + 1]
