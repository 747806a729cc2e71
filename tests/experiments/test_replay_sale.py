"""A sale in a whole day: the numbers agree with the book, the tapes and one another."""

import json
from fractions import Fraction
from math import inf, isnan

import numpy as np
import pytest

import lob
from experiments.report.words import session_in_words
from experiments.studies.forced_sale import ForcedSale, SaleStyle
from experiments.studies.replay_sale import book_is_there, measure
from lob.feeds import open_feed
from lob.feeds.lobster import Type
from lob.replay import Replay, ReplayError
from lob.units import SECOND_NS, parse_time

SIZE, AT_NS = 3000, parse_time("12:00:00")


@pytest.fixture(scope="module")
def feed(day_folder):
    return open_feed(day_folder)


@pytest.fixture(scope="module")
def sold(feed):
    return measure(feed, ForcedSale(SIZE, at_ns=AT_NS))


@pytest.fixture(scope="module")
def bought(feed):
    return measure(feed, ForcedSale(SIZE, at_ns=AT_NS, side=lob.Side.BUY))


@pytest.fixture(scope="module")
def crushed(feed):
    return measure(feed, ForcedSale(10**9, at_ns=AT_NS))


@pytest.fixture(scope="module")
def recorded(feed):
    """The recorded book just before the sale."""
    replay = Replay(feed, until=AT_NS)
    replay.run()
    return replay.recorded


@pytest.mark.parametrize("name", ["sold", "bought", "crushed"])
def test_the_cost_is_what_the_book_said_it_would_be(name, request, recorded):
    m, book = request.getfixturevalue(name), recorded
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


def test_the_two_markets_are_the_same_up_to_the_sale(sold):
    before = np.searchsorted(sold.full["ts_event"], AT_NS, side="left")
    assert before > 10
    assert sold.full[:before].tobytes() == sold.twin[:before].tobytes()
    assert sold.full[before]["bid_price"] < sold.twin[before]["bid_price"]


def test_the_market_without_the_sale_is_the_record(feed, sold):
    alone = Replay(feed)
    rows = [s.live[s.settled] for s in alone.stretches() if len(s.live)]
    recorded = np.concatenate(rows)
    times = sold.twin["ts_event"]
    last = np.searchsorted(recorded["ts_event"], times, side="right") - 1
    settled = times != AT_NS  # what the sale itself left is told between two messages
    settled[:-1] &= times[1:] != times[:-1]
    for name in ("bid_price", "ask_price"):
        assert (sold.twin[name][settled] == recorded[name][last][settled]).all()


def test_what_the_day_records_bounds_what_is_stale(sold, crushed, recorded):
    book = recorded
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


def test_the_numbers_are_json_and_the_same_every_time(feed, sold):
    text = json.dumps(sold.summary(), allow_nan=False)
    again = measure(feed, ForcedSale(SIZE, at_ns=AT_NS))
    assert json.dumps(again.summary(), allow_nan=False) == text


def test_a_twap_sells_all_of_it_for_less(feed, sold):
    twap = measure(
        feed, ForcedSale(SIZE, at_ns=AT_NS, style=SaleStyle.TWAP, over_ns=600 * SECOND_NS)
    )
    assert twap.filled == SIZE
    assert twap.child_orders == 60
    assert twap.effective_spread < sold.effective_spread
    assert twap.paired_cost_bps < sold.paired_cost_bps
    assert abs(twap.peak.ticks) <= abs(sold.peak.ticks)
    assert twap.deepest <= sold.deepest
    assert not isnan(twap.market_vwap)


@pytest.mark.parametrize("mode", ["exact", "interactive"])
def test_pov_takes_its_share_of_the_recorded_volume(day, feed, mode):
    sale = ForcedSale(
        10**6, at_ns=AT_NS, style=SaleStyle.POV, over_ns=900 * SECOND_NS, rate=Fraction(1, 4)
    )
    m = measure(feed, sale, mode)
    rows = day.messages[day.messages["kind"] == Type.EXECUTE]
    within = (rows["ts_event"] >= AT_NS) & (rows["ts_event"] < sale.until_ns)
    assert m.sent == sum(rows["size"][within].tolist()) // 4
    assert 0 < m.filled <= m.sent
    assert m.unfilled == sale.size - m.filled


def test_a_pov_sale_needs_volume(feed):
    sale = ForcedSale(10, at_ns=AT_NS, style=SaleStyle.POV, over_ns=1, rate=Fraction(1, 10**6))
    with pytest.raises(ReplayError, match="too little trades meanwhile"):
        measure(feed, sale)


@pytest.mark.parametrize("half_life", [0, 60 * SECOND_NS, inf])
def test_the_mark_of_a_reanchored_sale_lasts_as_long_as_is_stated(feed, sold, half_life):
    m = measure(feed, ForcedSale(SIZE, at_ns=AT_NS), "reanchored", half_life_ns=half_life)
    assert m.impact[0] == sold.impact[0]
    late = m.impact_at([1800 * SECOND_NS])[0].ticks
    if half_life == inf:
        assert late < 0.5 * sold.impact[0].ticks < 0
        assert "permanent by construction" in " ".join(m.headline())
    else:
        assert abs(late) < 0.2 * abs(sold.impact[0].ticks)
    assert m.report.label.startswith("reanchored replay, the anchor's half-life")


def test_the_mode_is_in_everything_that_is_told(feed, sold):
    exact = measure(feed, ForcedSale(SIZE, at_ns=AT_NS), "exact")
    for m, mode in ((sold, "interactive"), (exact, "exact")):
        summary = m.summary()
        assert summary["mode"] == summary["replay"]["mode"] == mode
        assert f"{mode} replay, lobster, by order" in m.headline()[0]
        assert f"{mode} replay, lobster, by order" in str(m.report)
        assert f"{mode} replay" in session_in_words(m.report)
    assert exact.shortfall_bps == sold.shortfall_bps
    assert not any(one.ticks for one in exact.impact)


def test_a_record_of_one_time_is_called_one(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text("time_ms,side,price,size\n0,bid,99,10\n0,ask,101,10\n")
    feed = open_feed(path)
    with pytest.raises(ReplayError, match="all of the record is of one time"):
        measure(feed, ForcedSale(1, book_is_there(feed)))


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (
            "04:00:00",
            r"due at 04:00:00\.000, before the book is there: it has both sides from 11:3",
        ),
        ("23:00:00", r"23:00:00\.000 is outside the session, which goes from 11:3"),
    ],
)
def test_a_sale_is_within_the_session(feed, at, said):
    with pytest.raises(ReplayError, match=said):
        measure(feed, ForcedSale(1, at_ns=parse_time(at)))
