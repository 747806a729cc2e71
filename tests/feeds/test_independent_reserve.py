"""Independent Reserve: snapshots, events in several currencies, nonces."""

from decimal import Decimal

import pytest

import lob
from experiments.studies.forced_sale import ForcedSale
from experiments.studies.replay_sale import book_is_there, measure
from lob.feeds import Books, FeedError, open_feed
from lob.feeds.independent_reserve import IndependentReserve
from tests.feeds import writers as w

SNAPSHOT = w.reserve_snapshot(("abc", "usd"), [("b1", 99.5, 1.5)], [("a1", 100.25, 3)])


def feed_of(tmp_path, lines):
    return IndependentReserve(w.write_lines(tmp_path / "capture.jsonl", lines))


def test_a_day_is_followed(tmp_path):
    feed = open_feed(w.write_lines(tmp_path / "x", w.reserve_day()))
    replayed = Books()
    for block in feed.blocks(7):
        replayed.apply(block.messages, block.consistent)
    report = feed.report
    assert report.complete
    assert not report.faults
    assert report.checks["nonces"].passed == 179
    assert (report.snapshots, report.live_orders) == (1, 3)
    assert replayed.orders(0) == feed.books.orders(0)
    (instrument,) = feed.instruments
    assert (instrument.name, instrument.tick_size) == ("ABC-USD", Decimal("0.001"))
    assert (instrument.base, instrument.quote) == ("ABC", "USD")


def test_events_make_messages_in_each_currency(tmp_path):
    lines = [
        SNAPSHOT,
        w.reserve_snapshot(("abc", "nzd"), [("b1", 150, 1.5)], []),
        w.reserve_event("NewOrder", 1, "n", price={"usd": 99, "nzd": 149}, volume=2),
        w.reserve_event("OrderChanged", 2, "n", volume=1.5),
        w.reserve_event("OrderChanged", 3, "n", volume=0),
    ]
    messages = [row for batch in feed_of(tmp_path, lines).batches() for row in batch[3:]]
    K = lob.Kind  # noqa: N806
    assert [(m["instrument"], m["kind"], m["price"], m["size"]) for m in messages] == [
        (0, K.NEW, 9900, 2 * 10**8),
        (1, K.NEW, 149, 2 * 10**8),
        (0, K.REDUCE, 0, 5 * 10**7),
        (1, K.REDUCE, 0, 5 * 10**7),
        (0, K.CANCEL, 0, 0),
        (1, K.CANCEL, 0, 0),
    ]
    assert len({m["order_id"] for m in messages}) == 1


def test_events_before_the_snapshot_are_applied_after_it(tmp_path):
    early = {"ms": 1_000_000}
    events = [
        w.reserve_event("OrderCanceled", 1, "gone", **early),
        w.reserve_event("NewOrder", 2, "b1", price={"usd": 99.5}, volume=1.5, **early),
        w.reserve_event("NewOrder", 3, "late", price={"usd": 99}, volume=1, **early),
    ]
    for lines in ([SNAPSHOT, *events], [*events, SNAPSHOT]):
        feed = feed_of(tmp_path, lines)
        report = feed.scan()
        assert (report.unknown_ids, report.unknown_explained) == (1, 1)
        assert len(feed.books.orders(0)) == 3
        assert not report.faults


def test_a_second_snapshot_makes_the_book_its_own(tmp_path):
    other = w.reserve_snapshot(("abc", "usd"), [("b1", 99.5, 1.5), ("b2", 98, 1)], [], ts=1001.0)
    feed = feed_of(tmp_path, [SNAPSHOT, other])
    (batch,) = feed.batches()
    assert batch["kind"].tolist() == [lob.Kind.NEW] * 2 + [lob.Kind.CANCEL, lob.Kind.NEW]
    assert feed.report.snapshots == 2
    assert feed.report.live_orders == 2


TAKER = {"price": {"usd": 100.25}, "volume": 4}
CROSSING = {
    "told first": [
        w.reserve_event("NewOrder", 2, "x", **TAKER, ms=1_002_000),
        w.reserve_event("OrderChanged", 3, "a1", "LimitOffer", volume=0, ms=1_002_001),
        w.reserve_event("OrderChanged", 4, "x", volume=1, ms=1_002_001),
    ],
    "told last": [
        w.reserve_event("OrderChanged", 2, "a1", "LimitOffer", volume=0, ms=1_002_000),
        w.reserve_event("NewOrder", 3, "x", price={"usd": 100.25}, volume=1, ms=1_002_001),
    ],
    "taken whole": [
        w.reserve_event("NewOrder", 2, "x", price={"usd": 101}, volume=3, ms=1_002_000),
        w.reserve_event("OrderChanged", 3, "x", volume=0, ms=1_002_000),
        w.reserve_event("OrderChanged", 4, "a1", "LimitOffer", volume=0, ms=1_002_001),
    ],
    "not told": [
        w.reserve_event("OrderChanged", 2, "a1", "LimitOffer", volume=0, ms=1_002_000),
    ],
}


@pytest.mark.parametrize("how", CROSSING)
def test_an_order_that_trades_at_once_is_no_fault(tmp_path, how):
    lines = [
        w.reserve_snapshot(
            ("abc", "usd"), [("b1", 99.5, 1.5)], [("a1", 100.25, 3), ("a2", 101.5, 4)]
        ),
        w.reserve_event("NewOrder", 1, "q", price={"usd": 98}, volume=1),
        *CROSSING[how],
        w.reserve_event(
            "NewOrder", len(CROSSING[how]) + 2, "r", price={"usd": 97}, volume=1, ms=1_009_000
        ),
    ]
    feed = feed_of(tmp_path, lines)
    report = feed.scan()
    assert not report.faults
    assert (report.crossed, report.locked) == (0, 0)
    # Sold before it into the other side, nothing of it breaks, and the asks are as recorded.
    found = measure(feed, ForcedSale(10**7, book_is_there(feed)))
    assert found.filled == 10**7
    assert found.report.broken.messages == 0
    assert found.full[-1]["ask_price"] == found.twin[-1]["ask_price"]
    assert found.full[-1]["ask_size"] == found.twin[-1]["ask_size"]


def test_a_book_that_stays_crossed_is_a_fault(tmp_path):
    lines = [
        SNAPSHOT,
        w.reserve_event("NewOrder", 1, "x", price={"usd": 101}, volume=1),
        w.reserve_event("NewOrder", 2, "q", price={"usd": 98}, volume=1, ms=1_001_900),
        w.reserve_event("NewOrder", 3, "r", price={"usd": 98}, volume=1, ms=1_002_500),
    ]
    assert feed_of(tmp_path, lines).scan().crossed == 1


def test_a_missing_event_is_a_gap(tmp_path):
    lines = w.reserve_day()
    del lines[20]
    report = feed_of(tmp_path, lines).scan()
    assert report.gaps == report.checks["nonces"].failed == 1
    assert report.checks["nonces"].first_failure.startswith("line 21: ")
    assert report.faults


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not a line of a capture"),
        ('{"t"', "not JSON"),
        ('{"t": "recv", "ts": 1, "data": "[1, 2]"}', "an event names its kind"),
        ('{"t": "recv", "ts": "now", "data": "{}"}', "has t, ts"),
        (w.reserve_event("NewOrder", 9, "n", price={"usd": "x"}, volume=1), "Price must be a numb"),
        (w.reserve_event("NewOrder", 9, "n", price={}, volume=1), "has a Price in usd"),
        (w.reserve_event("NewOrder", 9, "n", "Market", {"usd": 1}, 1), "LimitBid or LimitOffer"),
        (w.reserve_event("NewOrder", 9, "n", price={"usd": 1}, volume=-1), "Volume must be 0 to"),
        (w.reserve_event("NewOrder", 9, "n", price={"usd": 1}, volume=1e-12), "Volume must be"),
        (w.reserve_event("NewOrder", "9", "n", price={"usd": 1}, volume=1), "Nonce must be"),
        (w.reserve_event("NewOrder", 9, "n", price={"usd": 1}, volume=1, ms=2**42), "Time must be"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(tmp_path, line, said):
    with pytest.raises(FeedError, match=said) as error:
        feed_of(tmp_path, [SNAPSHOT, "", line]).scan()
    assert error.value.line == 3
