"""Databento DBN of orders: versions, snapshots, trades that change nothing, openings."""

from decimal import Decimal

import numpy as np
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


def other_record(length, filling):
    """A record of another kind, whose bytes may look like those of orders."""
    return bytes([length // 4, 0x16]) + filling * (length // 2 - 1)


def test_records_of_other_lengths_between_change_nothing(tmp_path):
    """Records are looked at ahead, where this one lets expect them: a guess that may be wrong."""
    records = w.dbn_day(5, 400)
    plain = feed_of(tmp_path, records)
    wanted = [block.messages.tobytes() for block in plain.blocks(10**6)]
    mixed = []
    for i, record in enumerate(records):
        mixed.append(record)
        if i % 7 == 3:
            mixed.append(other_record((16, 20, 56, 80, 520)[i % 5], (b"\x0e\xa0", b"\0\0")[i % 2]))
    (tmp_path / "mixed").mkdir()
    feed = feed_of(tmp_path / "mixed", mixed)
    assert b"".join(block.messages.tobytes() for block in feed.blocks(10**6)) == b"".join(wanted)
    assert len(feed.instruments) == 1
    assert feed.report.records["rtype 0x16"] == len(mixed) - len(records)


@pytest.mark.parametrize("rows", [1, 7, 10**6])
def test_instruments_are_numbered_in_the_order_in_which_they_come(tmp_path, rows):
    records = []
    for i in range(200):
        one = bytearray(w.mbo("A", "BA"[i % 2], i + 1, (100 + i % 2) * Q, 5))
        one[4:8] = (1000 - i // 3).to_bytes(4, "little")
        records.append(bytes(one))
    feed = feed_of(tmp_path, records)
    numbers = np.concatenate([block.messages["instrument"] for block in feed.blocks(rows)])
    assert numbers.tolist() == [i // 3 for i in range(200)]
    assert [i.name for i in feed.instruments] == [str(1000 - i) for i in range(67)]


def test_a_scan_tells_what_reading_does(tmp_path):
    for seed in range(5):
        records = [*w.dbn_day(seed, 200), w.mbo("R", "N"), *w.dbn_day(seed + 9, 50)[1:]]
        scanned, read = feed_of(tmp_path, records), feed_of(tmp_path, records)
        for _ in read.blocks(11):
            pass
        assert scanned.scan().to_dict() == read.report.to_dict()
        assert scanned.books.orders(0) == read.books.orders(0)


def test_an_order_without_a_price_has_none_whatever_the_tick_divides(tmp_path):
    """What stands for no price is a multiple of 7 * 7 * 73 * 127 * 337 * 92737 * 649657."""
    tick = 92_737 * 649_657
    records = [w.mbo("A", "B", i + 1, tick * (1 + i % 3), 5) for i in range(60)]
    records[40] = w.mbo("A", "B", 41, w.UNDEFINED, 5)
    feed = feed_of(tmp_path, records, tick_size=Decimal(tick) / 10**9)
    assert feed.scan().live_orders == 59
    assert any("1 order without a price" in note for note in feed.report.notes)
