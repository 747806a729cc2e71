"""A sale in a whole day: the numbers agree with the book, the tapes and one another."""

import json
from fractions import Fraction
from math import isnan

import numpy as np
import pytest

import lob
from experiments.studies.forced_sale import ForcedSale, SaleStyle
from experiments.studies.replay_sale import check_session, measure
from lob.units import SECOND_NS, parse_time

SIZE, AT_NS = 3000, parse_time("12:00:00")


@pytest.fixture(scope="module")
def sold(day):
    return measure(day, ForcedSale(SIZE, at_ns=AT_NS))


@pytest.fixture(scope="module")
def bought(day):
    return measure(day, ForcedSale(SIZE, at_ns=AT_NS, side=lob.Side.BUY))


@pytest.fixture(scope="module")
def crushed(day):
    return measure(day, ForcedSale(10**9, at_ns=AT_NS))


def book_before(m):
    book = lob.OrderBook()
    book.process(m.full.messages[: np.flatnonzero(m.full.injected)[0]])
    return book


@pytest.mark.parametrize("name", ["sold", "bought", "crushed"])
def test_the_cost_is_what_the_book_said_it_would_be(name, request):
    m = request.getfixturevalue(name)
    book = book_before(m)
    cost = book.cost(m.sale.side, m.sale.size)
    mid = (book.best_bid + book.best_ask) / 2
    assert m.arrival_mid == mid
    assert m.filled == cost.filled
    assert m.vwap == cost.notional / cost.filled
    assert m.shortfall_bps == pytest.approx(1e4 * m.sale.side * (m.vwap - mid) / mid)
    assert m.shortfall_bps > 0
    assert m.paired_cost_bps == pytest.approx(m.shortfall_bps)
    assert m.effective_spread == pytest.approx(2 * abs(m.vwap - mid))
    assert m.levels_consumed == m.deepest == len(np.unique(m.trades["price"]))
    assert m.trades["price"][-1] == cost.worst_price
    assert isnan(m.market_vwap) == isnan(m.vwap_slippage_bps)


def test_the_two_runs_are_the_same_to_the_byte_up_to_the_sale(sold):
    first = int(np.flatnonzero(sold.full.injected)[0])
    assert first > 0
    for kind in ("messages", "quotes"):
        full, twin = getattr(sold.full, kind)[:first], getattr(sold.twin, kind)[:first]
        assert full.tobytes() == twin.tobytes()
    before = np.searchsorted(sold.full.events["ts_event"], AT_NS, side="left")
    assert sold.full.events[:before].tobytes() == sold.twin.events[:before].tobytes()
    assert sold.full.events.tobytes() != sold.twin.events.tobytes()


def test_the_sale_is_all_that_the_twin_lacks(sold):
    rest = sold.full.messages[~sold.full.injected]
    assert rest.tobytes() == sold.twin.messages.tobytes()
    ids = sold.full.messages["order_id"][sold.full.injected]
    assert not np.isin(sold.twin.messages["order_id"], ids).any()


def test_what_the_day_records_bounds_what_is_stale(sold, crushed):
    book = book_before(crushed)
    assert crushed.share_beyond > 0.5
    assert crushed.much_is_stale
    beyond = sum(
        int(level["size"]) for level in book.bids() if level["price"] < crushed.worst_recorded[0]
    )
    assert crushed.share_beyond == pytest.approx(beyond / crushed.filled)
    assert 0 <= sold.share_beyond < 1


def test_a_sale_that_empties_the_book_has_no_mid_after_it(crushed):
    assert crushed.filled + crushed.unfilled == 10**9
    assert crushed.unfilled > 0
    assert len(crushed.after.bids) == 0
    assert isnan(crushed.impact[0].ticks)
    assert crushed.summary()["impact"]["path"][0]["impact_bps"] is None


def test_depth_before_and_after(sold):
    lost = sum(sold.before.bids["size"].tolist()) - sum(sold.after.bids["size"].tolist())
    assert lost == sold.filled
    assert sold.before.asks.tobytes() == sold.after.asks.tobytes()
    depth = sold.depth()
    assert depth["after"][0] < depth["before"][0]
    # One order at one moment: the twin is where the market was before it.
    assert depth["without"] == depth["before"]
    assert sold.without.bids.tobytes() == sold.before.bids.tobytes()


def test_impact_at_once_is_the_books(sold, bought):
    for m, sign in ((sold, -1), (bought, 1)):
        assert m.impact[0].ticks * sign >= 0
        assert m.peak.ticks * sign >= m.impact[0].ticks * sign
        now = (m.after.bids["price"][0] + m.after.asks["price"][0]) / 2
        assert m.impact[0].mid_full == now


def test_the_numbers_are_json_and_the_same_every_time(day, sold):
    text = json.dumps(sold.summary(), allow_nan=False)
    again = measure(day, ForcedSale(SIZE, at_ns=AT_NS))
    assert json.dumps(again.summary(), allow_nan=False) == text


def test_a_twap_sells_all_of_it_for_less(day, sold):
    twap = measure(
        day, ForcedSale(SIZE, at_ns=AT_NS, style=SaleStyle.TWAP, over_ns=600 * SECOND_NS)
    )
    assert twap.filled == SIZE
    assert np.count_nonzero(twap.full.injected) == 60
    assert twap.effective_spread < sold.effective_spread
    assert twap.paired_cost_bps < sold.paired_cost_bps
    assert abs(twap.peak.ticks) <= abs(sold.peak.ticks)
    assert twap.deepest <= sold.deepest
    assert not isnan(twap.market_vwap)


def test_pov_takes_its_share_of_the_twins_volume(day):
    sale = ForcedSale(
        10**6, at_ns=AT_NS, style=SaleStyle.POV, over_ns=900 * SECOND_NS, rate=Fraction(1, 4)
    )
    m = measure(day, sale)
    traded = m.twin.events[m.twin.events["kind"] == lob.EventKind.TRADE]
    within = (traded["ts_event"] >= AT_NS) & (traded["ts_event"] < sale.until_ns)
    assert m.sent == sum(traded["size"][within].tolist()) // 4
    assert 0 < m.filled <= m.sent
    assert m.unfilled == sale.size - m.filled


def test_a_pov_sale_needs_volume(day):
    sale = ForcedSale(10, at_ns=AT_NS, style=SaleStyle.POV, over_ns=1, rate=Fraction(1, 10**6))
    with pytest.raises(ValueError, match="too little trades meanwhile"):
        measure(day, sale)


@pytest.mark.parametrize(
    ("at", "over", "said"),
    [
        ("04:00:00", 0, r"04:00:00 is outside the session, which goes from 11:3\d"),
        ("23:00:00", 0, "23:00:00 is outside the session"),
        ("12:00:00", 10 * 3600 * SECOND_NS, "go on until 22:00:00, past the last message"),
    ],
)
def test_a_sale_is_within_the_session(day, at, over, said):
    style = SaleStyle.TWAP if over else SaleStyle.MARKET
    with pytest.raises(ValueError, match=said):
        check_session(day, ForcedSale(1, at_ns=parse_time(at), style=style, over_ns=over))
