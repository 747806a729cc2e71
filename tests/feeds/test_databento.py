"""Databento DBN of orders: versions, snapshots, trades that change nothing, openings."""

from decimal import Decimal

import pyarrow as pa
import pytest

import lob
from lob.feeds import Books, FeedError, PrintKind, open_feed
from lob.feeds.databento import DatabentoMbo
from tests.feeds import writers as w

Q = 250_000_000  # a quarter


def feed_of(tmp_path, records, version=3, **options):
    path = tmp_path / "day.dbn"
    path.write_bytes(w.dbn_file(records, version))
    return DatabentoMbo(path, **options)


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("rows", [1, 5, 10_000])
def test_a_day_is_followed(tmp_path, version, rows):
    records = w.dbn_day()
    feed = feed_of(tmp_path, records, version)
    replayed = Books()
    for block in feed.blocks(rows):
        replayed.apply(block.messages, block.consistent)
    report = feed.report
    assert report.complete
    assert not report.faults
    assert report.snapshots == 1
    assert sum(report.records.values()) == len(records)
    (instrument,) = feed.instruments
    assert (instrument.name, instrument.tick_size) == ("ESX4", Decimal("0.25"))
    assert report.live_orders == len(replayed.orders(0)) > 0
    assert replayed.orders(0) == feed.books.orders(0)
    assert (replayed.unknown_ids, replayed.duplicate_ids, replayed.overdrawn) == (0, 0, 0)


def test_each_action_makes_its_messages(tmp_path):
    records = [
        w.mbo("A", "B", 1, 100 * Q, 10, flags=0),
        w.mbo("A", "A", 2, 102 * Q, 10),
        w.mbo("T", "A", 0, 100 * Q, 4, flags=0),
        w.mbo("F", "B", 77, 100 * Q, 4, flags=0),
        w.mbo("F", "A", 78, 100 * Q, 4, flags=0),
        w.mbo("C", "B", 1, 100 * Q, 4),
        w.mbo("M", "B", 1, 99 * Q, 6),
        w.mbo("M", "B", 3, 98 * Q, 5),
        w.mbo("N", "N"),
        w.mbo("C", "A", 2, 102 * Q, 10),
        w.mbo("R", "N"),
    ]
    feed = feed_of(tmp_path, records)
    blocks = list(feed.blocks())
    K = lob.Kind  # noqa: N806
    told = [
        row for b in blocks for row in b.messages[["kind", "order_id", "price", "size"]].tolist()
    ]
    assert told == [
        (K.NEW, 1, 100, 10),
        (K.NEW, 2, 102, 10),
        (K.REDUCE, 1, 0, 4),
        (K.REPLACE, 1, 99, 6),
        (K.NEW, 3, 98, 5),
        (K.CANCEL, 2, 0, 0),
        (K.CANCEL, 1, 0, 0),
        (K.CANCEL, 3, 0, 0),
    ]
    shown = [row for b in blocks for row in b.consistent.tolist()]
    assert shown == [False, True, True, True, True, True, False, True]
    (print_,) = [row for b in blocks for row in b.prints]
    assert (print_["at"], print_["price"], print_["size"], print_["side"]) == (2, 100, 4, -1)
    assert print_["kind"] == PrintKind.TRADE
    assert feed.report.records == {"A": 2, "C": 2, "F": 2, "M": 2, "N": 1, "R": 1, "T": 1}


def test_a_snapshot_without_a_clear_replaces_the_book(tmp_path):
    snapshot = w.SNAPSHOT | 8
    records = [
        w.mbo("A", "B", 1, 100 * Q, 10),
        w.mbo("A", "B", 2, 101 * Q, 10, flags=snapshot),
        w.mbo("A", "B", 3, 102 * Q, 10, flags=snapshot | w.LAST),
    ]
    feed = feed_of(tmp_path, records)
    report = feed.scan()
    assert set(feed.books.orders(0)) == {2, 3}
    assert report.snapshots == 1
    assert not report.faults


def test_crossed_before_the_opening_is_told_apart(tmp_path):
    opening = [
        w.mbo("A", "B", 1, 101 * Q, 1),
        w.mbo("A", "A", 2, 100 * Q, 1),
        w.mbo("T", "N", 0, 100 * Q, 1, flags=0),
        w.mbo("F", "N", 1, 100 * Q, 1, flags=0),
        w.mbo("C", "B", 1, 101 * Q, 1, flags=0),
        w.mbo("C", "A", 2, 100 * Q, 1),
    ]
    feed = feed_of(tmp_path, opening)
    report = feed.scan()
    assert (report.crossed_before_open, report.crossed) == (1, 0)
    assert next(iter(feed.prints()))["kind"].tolist() == [PrintKind.CROSS]
    corrupt = [
        *opening,
        w.mbo("A", "B", 3, 101 * Q, 1),
        w.mbo("A", "A", 4, 100 * Q, 1),
        w.mbo("T", "B", 0, 100 * Q, 1, flags=0),
    ]
    report = feed_of(tmp_path, corrupt).scan()
    assert (report.crossed_before_open, report.crossed) == (1, 1)
    assert report.faults


def test_what_no_sound_feed_tells_is_counted(tmp_path):
    records = [
        w.mbo("R", "N"),
        w.mbo("A", "B", 1, 100 * Q, 10),
        w.mbo("A", "B", 1, 100 * Q, 10),
        w.mbo("C", "B", 9, 100 * Q, 1),
        w.mbo("C", "B", 1, 100 * Q, 11),
        w.mbo("A", "B", 2, 100 * Q, 1, flags=w.LAST | w.BAD),
        w.mbo("C", "A", 2, 100 * Q, 1),
    ]
    report = feed_of(tmp_path, records).scan()
    assert (report.unknown_ids, report.unknown_explained) == (1, 0)
    assert (report.duplicate_ids, report.overdrawn, report.gaps) == (1, 1, 1)
    check = report.checks["side and price of the order named"]
    assert (check.passed, check.failed) == (1, 1)
    assert "byte" in check.first_failure


def test_orders_from_before_a_record_without_a_start_are_explained(tmp_path):
    report = feed_of(tmp_path, [w.mbo("C", "B", 9, 100 * Q, 1)]).scan()
    assert (report.unknown_ids, report.unknown_explained) == (1, 1)
    assert not report.faults


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (w.mbo("Z", "B", 5, Q, 1), "action must be one of A, C, M, R, T, F, N, got 'Z'"),
        (w.mbo("A", "N", 5, Q, 1), "side must be A or B .* got 'N'"),
        (w.mbo("A", "B", 5, Q, 0), "size of A must be 1 or more, got 0"),
        (b"\x01" + w.mbo("A", "B", 5, Q, 1)[1:], "a record of 4 bytes"),
        (b"\x0e\x01" + w.mbo("A", "B", 5, Q, 1)[2:], "a record of levels"),
        (w.mbo("A", "B", 5, Q, 1)[:30], "ends within a record, of which 30 bytes"),
    ],
)
def test_a_damaged_record_is_refused_with_its_byte(tmp_path, record, said):
    feed = feed_of(tmp_path, [w.mbo("A", "B", 1, Q, 1), record])
    with pytest.raises(FeedError, match=said) as error:
        feed.scan()
    assert error.value.offset == len(w.dbn_file([])) + 56


def test_a_stated_tick_is_kept_to(tmp_path):
    records = [w.mbo("A", "B", 1, 100 * Q, 1), w.mbo("A", "B", 2, 100 * Q + 1, 1)]
    feed = feed_of(tmp_path, records, tick_size="0.25")
    with pytest.raises(FeedError, match=r"price 25\.000000001 is no whole number of ticks"):
        feed.scan()
    feed = feed_of(tmp_path, records, tick_size={"ESX4": Decimal("1e-9")})
    feed.scan()
    assert feed.instruments[0].tick_size == Decimal("1e-9")


def test_other_schemas_and_the_predecessor_are_refused_by_name(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(w.dbn_file([], schema=1))
    with pytest.raises(FeedError, match="schema mbp-1"):
        open_feed(path)
    path.write_bytes(b"P*M\x18" + bytes(100))
    with pytest.raises(FeedError, match="DBZ"):
        open_feed(path)


def test_a_compressed_file_is_recognised(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(pa.compress(w.dbn_file(w.dbn_day()), codec="zstd", asbytes=True))
    assert isinstance(open_feed(path), DatabentoMbo)
    assert not open_feed(path).scan().faults
