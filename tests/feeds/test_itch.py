"""Nasdaq ITCH 5.0: what records say becomes messages, prints and books."""

import numpy as np
import pytest

import lob
from lob.feeds import Books, FeedError, PrintKind, open_feed
from lob.feeds.itch import Itch
from tests.feeds import writers as w


def feed_of(tmp_path, records, prefix="lengths", **options):
    path = tmp_path / "day.itch"
    path.write_bytes(w.itch_file(records, prefix))
    return Itch(path, **options)


def levels(orders, side):
    found = {}
    for _, order_side, price, size in orders.values():
        if order_side == side:
            have = found.setdefault(price, [0, 0])
            have[0] += size
            have[1] += 1
    best_first = sorted(found, reverse=side == "B")
    return [(price, *found[price]) for price in best_first]


@pytest.mark.parametrize("prefix", ["lengths", "zeros", "none"])
@pytest.mark.parametrize("rows", [1, 7, 10_000])
def test_the_books_are_those_of_the_records(tmp_path, prefix, rows):
    records, books = w.itch_day()
    feed = feed_of(tmp_path, records, prefix)
    replayed = Books()
    for block in feed.blocks(rows):
        assert len(block.messages) <= rows + 2
        replayed.apply(block.messages, block.consistent)
    for number, name in enumerate(books, 1):
        for side, code in ((1, "B"), (-1, "S")):
            wanted = levels(books[name], code)
            assert feed.books.levels(number, side).tolist() == wanted
            assert replayed.levels(number, side).tolist() == wanted
    assert (replayed.unknown_ids, replayed.duplicate_ids, replayed.overdrawn) == (0, 0, 0)
    report = feed.report
    assert report.complete
    assert not report.faults
    assert report.crossed == report.locked == 0
    assert sum(report.records.values()) == len(records)
    assert report.live_orders == sum(map(len, books.values()))
    assert [stock.name for stock in feed.instruments] == list(books)
    said = " ".join(report.notes)
    assert ("prefixes" in said) == (prefix != "lengths")


def test_a_chosen_stock_is_read_alone(tmp_path):
    records, books = w.itch_day()
    feed = feed_of(tmp_path, records, symbols=["XYZ"])
    for messages in feed.batches():
        assert set(messages["instrument"].tolist()) == {2}
    assert feed.books.levels(2, 1).tolist() == levels(books["XYZ"], "B")
    assert [(stock.name, stock.number) for stock in feed.instruments] == [("XYZ", 2)]
    assert feed.report.unknown_ids == 0
    with pytest.raises(FeedError, match="no stock NONE"):
        feed_of(tmp_path, records, symbols=["NONE"]).scan()


def test_each_record_makes_its_messages_and_prints(tmp_path):
    records = [
        w.directory(1, "ABC"),
        w.add(1, 10, 5, "B", 100, "ABC", 1_000_000),
        w.execute(1, 11, 5, 30, match=70),
        w.execute(1, 12, 5, 10, match=71, price=1_000_100, printable="N"),
        w.cancel(1, 13, 5, 20),
        w.replace(1, 14, 5, 6, 50, 999_900),
        w.delete(1, 15, 6),
        w.hidden(1, 16, 40, "ABC", 1_000_050),
        w.cross(1, 17, 900, "ABC", 1_000_000),
        w.broken(1, 18, 70),
    ]
    feed = feed_of(tmp_path, records)
    (block,) = feed.blocks()
    K = lob.Kind  # noqa: N806
    fields = ["ts_event", "kind", "order_id", "side", "price", "size"]
    assert block.messages[fields].tolist() == [
        (10, K.NEW, 5, 1, 1_000_000, 100),
        (11, K.REDUCE, 5, 0, 0, 30),
        (12, K.REDUCE, 5, 0, 0, 10),
        (13, K.REDUCE, 5, 0, 0, 20),
        (14, K.CANCEL, 5, 0, 0, 0),
        (14, K.NEW, 6, 1, 999_900, 50),
        (15, K.CANCEL, 6, 0, 0, 0),
    ]
    assert block.consistent.tolist() == [True] * 4 + [False, True, True]
    fields = ["ts_event", "at", "price", "size", "order_id", "match_id", "kind", "side", "counts"]
    assert block.prints[fields].tolist() == [
        (11, 1, 1_000_000, 30, 5, 70, PrintKind.TRADE, -1, 1),
        (12, 2, 1_000_100, 10, 5, 71, PrintKind.TRADE, -1, 0),
        (16, 7, 1_000_050, 40, 0, 7, PrintKind.HIDDEN, 0, 1),
        (17, 7, 1_000_000, 900, 0, 8, PrintKind.CROSS, 0, 1),
        (18, 7, 0, 0, 0, 70, PrintKind.BROKEN, 0, 0),
    ]
    np.testing.assert_array_equal(np.concatenate(list(feed.prints())), block.prints)


def test_what_no_sound_day_tells_is_counted(tmp_path):
    records = [
        w.directory(1, "ABC"),
        w.delete(1, 1, 9),
        w.add(1, 2, 5, "B", 100, "ABC", 1_000_000),
        w.add(1, 3, 5, "B", 10, "ABC", 1_000_000),
        w.execute(1, 4, 5, 11),
        w.add(1, 2, 7, "S", 5, "XYZ", 1_000_100),
    ]
    feed = feed_of(tmp_path, records)
    report = feed.scan()
    assert (report.unknown_ids, report.duplicate_ids, report.overdrawn) == (1, 1, 1)
    assert report.went_back == 1
    assert report.checks["stock of locate code"].failed == 1
    assert len(report.faults) == 4
    replayed = Books()
    for block in feed.blocks():
        replayed.apply(block.messages, block.consistent)
    assert (replayed.unknown_ids, replayed.duplicate_ids, replayed.overdrawn) == (0, 0, 0)


def test_books_may_be_crossed_before_the_opening_and_in_a_halt(tmp_path):
    def pair(ts, ref):
        return [
            w.add(1, ts, ref, "B", 1, "ABC", 200),
            w.add(1, ts, ref + 1, "S", 1, "ABC", 100),
            w.delete(1, ts, ref),
            w.delete(1, ts, ref + 1),
        ]

    records = [w.event(0, "O"), w.directory(1, "ABC"), *pair(1, 10), w.event(2, "Q")]
    report = feed_of(tmp_path, records).scan()
    assert (report.crossed_before_open, report.crossed) == (1, 0)
    records += [w.state(1, 3, "ABC", "H"), *pair(4, 20), w.state(1, 5, "ABC", "T")]
    report = feed_of(tmp_path, records).scan()
    assert (report.crossed_before_open, report.crossed) == (2, 0)
    assert [halt.state for halt in report.halts] == ["halted", "trading"]
    report = feed_of(tmp_path, records + pair(6, 30)).scan()
    assert (report.crossed_before_open, report.crossed) == (2, 1)
    assert report.faults


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (w.add(1, 1, 5, "X", 1, "ABC", 1), "side must be B or S, got 'X'"),
        (w.add(1, 1, 5, "B", 0, "ABC", 1), "type A of no shares"),
        (w.add(1, 1, 5, "B", 1, "ABC", 2_000_000_001), "at most 200000.0000, got 200000.0001"),
    ],
)
def test_a_damaged_record_is_refused_with_its_byte(tmp_path, record, said):
    start = [w.directory(1, "ABC")] * 8
    feed = feed_of(tmp_path, [*start, record])
    with pytest.raises(FeedError, match=said) as error:
        feed.scan()
    assert error.value.offset == 8 * (2 + 39)
    assert f"byte {error.value.offset}" in str(error.value)
    assert feed.report.problem == str(error.value)
    assert not feed.report.complete


def test_a_wrong_length_and_a_cut_are_refused(tmp_path):
    good = [w.directory(1, "ABC")] * 8
    path = tmp_path / "day"
    path.write_bytes(w.itch_file(good) + b"\0\x25" + w.add(1, 1, 5, "B", 1, "ABC", 1))
    with pytest.raises(FeedError, match="type A takes 36 bytes, its prefix says 37"):
        Itch(path).scan()
    path.write_bytes(w.itch_file(good)[:-3])
    with pytest.raises(FeedError, match="ends within a message, of which 38 bytes") as error:
        Itch(path).scan()
    assert error.value.offset == 7 * 41


def test_a_newer_type_is_passed_over_and_noted(tmp_path):
    records = [w.directory(1, "ABC")] * 8 + [w.itch_record("z", 1, 5, b"12345")]
    report = feed_of(tmp_path, records).scan()
    assert report.records == {"R": 8, "z": 1}
    assert "passed over: z" in " ".join(report.notes)


def test_it_is_recognised(tmp_path):
    path = tmp_path / "nothing-to-go-by"
    for prefix in ("lengths", "zeros", "none"):
        path.write_bytes(w.itch_file(w.itch_day()[0], prefix))
        assert isinstance(open_feed(path), Itch)
