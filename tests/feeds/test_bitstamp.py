"""Bitstamp: order events, late creations, fills that are paired."""

from decimal import Decimal

import pytest

import lob
from lob.feeds import Books, FeedError, open_feed
from lob.feeds.bitstamp import Bitstamp
from tests.feeds import writers as w

T = 1_430_438_400_000


def feed_of(tmp_path, lines):
    return Bitstamp(w.write_lines(tmp_path / "orders.csv", [w.BITSTAMP_HEADER, *lines]))


def test_a_day_is_followed(tmp_path):
    feed = open_feed(w.write_lines(tmp_path / "x", w.bitstamp_day()))
    replayed, prints = Books(), []
    for block in feed.blocks(5):
        replayed.apply(block.messages, block.consistent)
        prints += block.prints[["price", "size", "side", "order_id"]].tolist()
    report = feed.report
    assert report.complete
    assert not report.faults
    assert report.live_orders == 0
    assert prints == [(23647, 50_000_000, -1, 1000 + 10 * i) for i in range(8)]
    assert feed.instruments[0].tick_size == Decimal("0.01")
    assert feed.instruments[0].lot_size == Decimal("1e-8")


def test_a_creation_told_late_and_a_deletion_told_twice_change_nothing(tmp_path):
    lines = [
        f"1,{T},{T},10.5,5,created,bid",
        f"2,{T + 5000},{T + 4000},10.5,5,deleted,bid",
        f"2,{T + 5001},{T + 4000},10.5,5,created,bid",
        f"1,{T + 6000},{T},10.5,5,deleted,bid",
        f"1,{T + 6001},{T},10.5,5,deleted,bid",
    ]
    feed = feed_of(tmp_path, lines)
    (batch,) = feed.batches()
    assert batch["kind"].tolist() == [lob.Kind.NEW, lob.Kind.CANCEL]
    report = feed.report
    assert (report.unknown_ids, report.unknown_explained) == (1, 1)
    assert not report.faults
    assert any("told as created after" in note for note in report.notes)
    assert any("told twice" in note for note in report.notes)


def test_orders_from_before_are_explained_and_lost_creations_are_not(tmp_path):
    before = f"1,{T + 10},{T - 60_000},10.5,5,deleted,bid"
    lost = f"9,{T + 9000},{T + 8000},10.5,5,deleted,bid"
    report = feed_of(tmp_path, [f"5,{T},{T},9,5,created,bid", before, lost]).scan()
    assert (report.unknown_ids, report.unknown_explained) == (2, 1)
    assert report.problem == "line 4: order 9 was not created"
    assert report.faults


def test_the_log_tells_the_same(tmp_path):
    order = '{"price": "10.50", "amount": "%s", "datetime": "1430438400", "id": 1, "order_type": 0}'
    lines = [
        f"{T} order_created {order % '2.00000000'}",
        f"{T + 1} order_changed {order % '1.7885566900000001'}",
        f'{T + 2} trade {{"price": 10.5, "amount": 0.21144331, "id": 7}}',
        f"{T + 3} order_book {{}}",
        f"{T + 4} order_deleted {order % '1.78855669'}",
    ]
    feed = open_feed(w.write_lines(tmp_path / "log", lines))
    (block,) = feed.blocks()
    K = lob.Kind  # noqa: N806
    told = block.messages[["kind", "side", "price", "size"]].tolist()
    assert told == [(K.NEW, 1, 105, 200_000_000), (K.REDUCE, 1, 0, 21_144_331), (K.CANCEL, 0, 0, 0)]
    assert block.prints[["at", "price", "size"]].tolist() == [(2, 105, 21_144_331)]
    assert not feed.report.faults


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"1,{T},{T},10.5,5,created", "must have 7 columns, has 6"),
        (f"1,{T},{T},10.5,5,born,bid", "action must be"),
        (f"1,{T},{T},10.5,5,created,left", "direction must be"),
        (f"x,{T},{T},10.5,5,created,bid", "id must be a whole number"),
        (f"1,{T}0,{T},10.5,5,created,bid", "timestamp must be"),
        (f"1,{T},{T},nan,5,created,bid", "price must be a decimal number"),
        (f"1,{T},{T},1e99999999,5,created,bid", "price must be a decimal number"),
        (f"1,{T},{T},10.5,7_32,created,bid", "volume must be a whole number"),
        (f"1,{T},{T},10.5,0,created,bid", "a new order must have a volume above 0"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(tmp_path, line, said):
    with pytest.raises(FeedError, match=said) as error:
        feed_of(tmp_path, [f"7,{T},{T},10.5,5,created,bid", "", line]).scan()
    assert error.value.line == 4
