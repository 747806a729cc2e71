"""What a call auction is to the metrics: trades without an aggressor, quotes that bind nobody."""

import numpy as np
import pytest

import lob
from experiments.metrics.quotes import crossed
from experiments.metrics.response import flow_per_interval
from experiments.metrics.slippage import fills_of, trades_of
from experiments.metrics.stylized import order_signs, spreads
from lob import EventKind, Reason, Session, journal
from tests.venues import order

OWNER, TAG = 7, 5


@pytest.fixture
def tape():
    """One aggressive sale of 2 lots, then a call in which the same owner buys 5, then a quote."""
    venue = lob.Venue(1)

    def send(order_id, side, price, size, ts, owner=1, tag=0):
        rows = order(order_id, side, price, size, ts_event=ts, owner=owner)
        rows["tag"] = tag
        venue.process(rows)

    send(1, 1, 100, 10, 1)
    send(2, -1, 104, 10, 1)
    send(3, -1, 100, 2, 10, OWNER, TAG)
    venue.advance(20)
    venue.set_session(0, Session.CALL)
    send(4, 1, 106, 5, 21, OWNER, TAG)
    send(5, -1, 98, 4, 22)
    venue.advance(30)
    venue.set_session(0, Session.CONTINUOUS, 102)
    send(6, 1, 101, 3, 40)
    return venue.events


def test_trades_of_a_call_have_no_aggressor(tape):
    trades = journal.trades(tape)
    assert trades["reason"].tolist() == [Reason.NONE, *[Reason.UNCROSS] * (len(trades) - 1)]
    assert len(trades) == 3
    assert trades_of(tape, OWNER, TAG)["size"].tolist() == [2]
    assert order_signs(tape).tolist() == [-1]
    flow = flow_per_interval(tape, 39)
    assert flow.signed_volume.tolist() == [-2]


def test_both_sides_of_a_trade_in_a_call_rested(tape):
    fills = fills_of(tape, owner=OWNER)
    assert fills["side"].tolist() == [-1, 1, 1]
    assert fills["maker"].tolist() == [False, True, True]
    assert fills["size"].tolist() == [2, 4, 1]


def test_quotes_that_cross_are_no_spread_and_no_order_flow(tape):
    quotes, _ = journal.quotes(tape)
    wrong = crossed(quotes)
    assert wrong.any()
    assert np.isnan(spreads(quotes)[wrong]).all()
    assert (spreads(quotes)[~wrong & (quotes["ask_size"] > 0)] > 0).all()
    # 2 lots left the bid, one the ask, then a bid of three beat the best.
    assert flow_per_interval(tape, 39).ofi.tolist() == [-2 + 1 + 3]
    assert (tape["kind"] == EventKind.SESSION).sum() == 2
