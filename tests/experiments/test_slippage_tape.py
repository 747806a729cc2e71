"""Slippage of any owner or tag, straight from an event tape worked by hand."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lob
from experiments.metrics import slippage
from experiments.metrics.quotes import mid_before
from lob import journal
from tests.differential.stream import PROFILES, generate
from tests.examples import examples
from tests.messages import BUY, SELL, batch, market, new

# Owner 7 sells with tag 5: 4 lots at 99 and 2 at 98 by a market order, then rests 3 at 101 and is
# taken there. Owner 9 trades 5 lots at 102 in between. The mid is 100 when 7 arrives.
ROWS = batch(
    new(1, BUY, 99, 4, owner=1, ts_event=10),
    new(2, BUY, 98, 6, owner=1, ts_event=11),
    new(3, BUY, 95, 9, owner=1, ts_event=12),
    new(4, SELL, 102, 5, owner=2, ts_event=13),
    new(5, SELL, 101, 1, owner=2, ts_event=14),
    market(6, SELL, 6, owner=7, tag=5, ts_event=20),
    new(7, SELL, 101, 3, owner=7, tag=5, ts_event=30),
    market(8, BUY, 9, owner=9, ts_event=40),  # 1 of owner 2, 3 of owner 7, 5 of owner 2
    new(9, SELL, 104, 1, owner=2, ts_event=50),
)


@pytest.fixture
def events():
    return lob.OrderBook().process(ROWS)


def test_fills_of_an_owner_are_those_of_either_role(events):
    fills = slippage.fills_of(events, owner=7, tag=5)
    assert fills[["ts_event", "price", "size", "side", "maker"]].tolist() == [
        (20, 99, 4, -1, False),
        (20, 98, 2, -1, False),
        (40, 101, 3, -1, True),
    ]
    assert (events["kind"][fills["row"]] == lob.EventKind.TRADE).all()


def test_everything_by_hand(events):
    found = slippage.slippage_of(events, owner=7, tag=5, fees=[2, 1, -1], horizon_ns=10)
    # Arrival: 99 bid, 101 offered. Fills: (396 + 196 + 303) / 9 = 895 / 9.
    assert (found.filled, found.arrival_mid) == (9, 100)
    assert found.vwap == pytest.approx(895 / 9)
    assert found.maker_share == pytest.approx(3 / 9)
    assert found.shortfall_bps == pytest.approx(1e4 * (100 - 895 / 9) / 100)
    assert found.fee_bps == pytest.approx(1e4 * 2 / 900)
    assert found.shortfall_with_fees_bps == found.shortfall_bps + found.fee_bps
    # Others: 1 at 101. The 5 at 102 come after the last fill of owner 7.
    assert found.market_vwap == 101
    assert found.vwap_slippage_bps == pytest.approx(1e4 * (101 - 895 / 9) / 101)
    # Mids before: 100 of both market fills; (98 + 101) / 2 before the taker of the resting lots.
    assert found.effective_spread == pytest.approx(2 * (4 * 1 + 2 * 2 + 3 * (99.5 - 101)) / 9)
    # Ten later: (98 + 101) / 2 of the first two, (98 + 104) / 2 of the last.
    realized = 2 * (4 * (99.5 - 99) + 2 * (99.5 - 98) + 3 * (101 - 101)) / 9
    assert found.realized_spread == pytest.approx(realized)


def test_the_mid_before_a_message_is_not_one_within_it(events):
    quotes, index = journal.quotes(events)
    rows = np.flatnonzero(events["kind"] == lob.EventKind.TRADE)
    assert mid_before(quotes, index, rows).tolist() == [100, 100, 99.5, 99.5, 99.5]
    assert isnan(mid_before(quotes, index, [0])[0])


def test_a_tag_selects_whoever_carries_it(events):
    assert slippage.slippage_of(events, tag=5).filled == 9
    assert slippage.filled_lots(slippage.fills_of(events, owner=2)) == 6
    assert slippage.filled_lots(slippage.fills_of(events)) == 2 * (6 + 9)


def test_orders_that_never_filled_have_no_price(events):
    found = slippage.slippage_of(events[:3], owner=1)
    assert found.filled == 0
    assert all(isnan(number) for number in found[1:3])
    assert isnan(found.shortfall_with_fees_bps)


def test_orders_that_are_not_there_are_named(events):
    with pytest.raises(ValueError, match="order of owner 77, tag None in instrument 0, got none"):
        slippage.slippage_of(events, owner=77)
    with pytest.raises(ValueError, match="instrument 3"):
        slippage.slippage_of(events, owner=7, instrument=3)


def test_fills_on_both_sides_have_no_shortfall(events):
    with pytest.raises(ValueError, match="one side"):
        slippage.slippage_of(events, owner=None)


@pytest.mark.parametrize(
    ("fees", "error", "message"),
    [
        ([1, 2], ValueError, r"one a trade, 3, got shape \(2,\)"),
        (0.5, TypeError, "fees must be whole numbers .* got 0.5"),
        ([1, 2.0, 3], TypeError, "fees must be whole numbers"),
    ],
)
def test_fees_are_whole_numbers(events, fees, error, message):
    with pytest.raises(error, match=message):
        slippage.slippage_of(events, owner=7, fees=fees)


def test_fees_beyond_any_machine_word():
    fills = np.zeros(1, slippage.FILL)
    fills["price"], fills["size"], fills["side"] = 100, 2**61, -1
    assert slippage.fee_bps(fills, 100.0, 100 * 2**61) == pytest.approx(1e4)


@given(st.integers(-50, 50), st.floats(50, 150))
def test_fees_add_to_the_shortfall(fee, arrival_mid):
    fills = np.zeros(2, slippage.FILL)
    fills["price"], fills["size"], fills["side"] = [99, 97], [3, 4], -1
    apart = slippage.implementation_shortfall_bps(fills, arrival_mid)
    whole = slippage.implementation_shortfall_bps(fills, arrival_mid, fee)
    assert whole - apart == pytest.approx(slippage.fee_bps(fills, arrival_mid, fee), abs=1e-9)
    assert np.sign(round(whole - apart, 9)) == np.sign(fee)


@settings(max_examples=examples(20), deadline=None)
@given(st.sampled_from(["crossing", "everyday", "self-trades"]), st.integers(0, 2**32))
def test_what_some_pay_the_others_earn(profile, seed):
    """Over both parties of every trade, spreads paid and earned cancel."""
    instrument, messages = generate(PROFILES[profile], seed)
    events = lob.OrderBook(instrument).process(messages)
    quotes, index = journal.quotes(events, instrument)
    fills = slippage.fills_of(events, instrument=instrument)
    mids = mid_before(quotes, index, fills["row"])
    known = ~np.isnan(mids)
    if known.any():
        assert slippage.effective_spread(fills[known], mids[known]) == pytest.approx(0, abs=1e-9)
    aggressive = fills[~fills["maker"]]
    assert aggressive["size"].tolist() == journal.trades(events)["size"].tolist()
