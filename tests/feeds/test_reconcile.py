"""One stream of two files: of small days, and of corrupted ones."""

from dataclasses import replace

import numpy as np
import pytest

import lob
from lob.feeds import FeedError, lobster, synthetic
from lob.feeds.lobster import NO_ASK, NO_BID, Type
from lob.feeds.reconcile import reconcile
from lob.feeds.reconcile_report import Halt
from tests.feeds.files import GOOD_BOOK, GOOD_MESSAGES, in_view, write_pair

NINE_THIRTY = 34_200_000
LEVELS = 5


@pytest.fixture(scope="module")
def day():
    """Half an hour of synthetic flow."""
    return synthetic.make_day(seed=5, levels=LEVELS, end_ms=NINE_THIRTY + 1_800_000)


def small_day(tmp_path, messages=GOOD_MESSAGES, book=GOOD_BOOK, levels=1):
    return lobster.read(write_pair(tmp_path, messages, book, levels))


def followed(stream):
    """A book that follows a stream, its events and its quotes."""
    book, quotes = lob.OrderBook(), np.empty(len(stream.messages), lob.QUOTE)
    return book, book.process(stream.messages, quotes=quotes), quotes


def shown(day, row):
    """A row of the orderbook file as LEVEL-like (price, size) pairs in ticks."""
    cells = day.book[row]
    return [
        [
            (price // day.tick, size)
            for price, size in zip(
                cells[first::4].tolist(), cells[first + 1 :: 4].tolist(), strict=True
            )
            if size
        ]
        for first in (2, 0)
    ]


def held(book, levels):
    return [
        [(level["price"], level["size"]) for level in side(levels)]
        for side in (book.bids, book.asks)
    ]


# -------------------------------------------------------------------- by id


def test_the_stream_makes_every_row_in_the_reference_engine(day):
    """The whole chain without compiled code of its own: stream, plain Python book, rows."""
    stream = reconcile(day)
    book = lob.reference.OrderBook()
    ends = np.searchsorted(stream.row, np.arange(len(day.messages)), side="right")
    start = 0
    for row, end in enumerate(ends.tolist()):
        events = book.process(stream.messages[start:end])
        assert not (events["kind"] == lob.EventKind.REJECTED).any()
        assert not (events["kind"] == lob.EventKind.TRADE).any()
        start = end
        assert held(book, day.levels) == shown(day, row), f"row {row}"


def test_small_day_by_hand(tmp_path):
    """The ask of the first row is message 11; the bid of 1000000 was there before."""
    stream = reconcile(small_day(tmp_path))
    kinds = [lob.Kind(kind).name for kind in stream.messages["kind"]]
    prices = stream.messages["price"].tolist()
    # Row 1 adds a bid out of sight. Row 2 executes an order that is known by its level only.
    assert list(zip(kinds, prices, stream.row.tolist(), strict=True)) == [
        ("NEW", 10000, 0),
        ("NEW", 10001, 0),
        ("NEW", 9999, 1),
        ("REDUCE", 10001, 2),
        ("CANCEL", 9999, 3),
    ]
    assert stream.synthetic.tolist() == [True, True, False, False, False]
    assert stream.report.unknown_ids == 1
    assert stream.report.rows_by_type["execute"] == 1
    assert stream.report.first_problem is None


def test_a_level_out_of_sight_is_dropped_and_taken_over_when_it_comes_back(tmp_path):
    messages = [
        "34200.1,1,1,10,1000000,1",
        "34200.2,1,2,20,1000100,1",
        "34200.3,3,2,20,1000100,1",
        "34200.4,1,3,5,1000200,1",
        "34200.5,3,3,5,1000200,1",
    ]
    book = [f"{NO_ASK},0,{rest}" for rest in (
        "1000000,10", "1000100,20", "1000000,7", "1000200,5", "1000000,9",
    )]  # fmt: skip
    report = reconcile(small_day(tmp_path, messages, book)).report
    assert report.match == (4, 4, 4)
    assert (report.dropped_levels, report.corrected_levels) == (2, 2)
    # Both sides of the first row; no ask ever.
    assert report.adopted_levels == 1
    assert report.synthetic_messages == 3


def test_one_sided_and_empty_books(tmp_path):
    messages = [
        "34200.1,1,1,10,1000000,1",
        "34200.2,3,1,10,1000000,1",
        "34200.3,1,2,10,1000000,-1",
    ]
    book = [
        f"{NO_ASK},0,1000000,10",
        f"{NO_ASK},0,{NO_BID},0",
        f"1000000,10,{NO_BID},0",
    ]
    stream = reconcile(small_day(tmp_path, messages, book))
    assert stream.report.match == (2, 2, 2)
    book, _, quotes = followed(stream)
    assert book.best_bid is None
    assert book.best_ask == 10000
    assert quotes[["bid_size", "ask_size"]].tolist() == [(10, 0), (0, 0), (0, 10)]


def test_hidden_executions_auctions_and_halts_do_not_touch_the_book(tmp_path):
    messages = [
        GOOD_MESSAGES[0],
        "34200.15,5,0,30,1000050,-1",
        "34200.2,7,0,0,-1,-1",
        "34200.3,7,0,0,0,-1",
        "34200.4,6,0,500,1000050,1",
        "34200.5,7,0,0,1,-1",
    ]
    for done in (reconcile(small_day(tmp_path, messages, GOOD_BOOK[:1] * 6)),):
        assert len(done.messages) == 2
        assert done.report.match == (5, 5, 5)
        assert done.report.rows_by_type["halt"] == 3
        assert done.report.rows_by_type["auction"] == 1
        assert done.report.rows_by_type["execute_hidden"] == 1
        assert done.report.halts == [
            Halt(34_200_200_000_000, "halted"),
            Halt(34_200_300_000_000, "quoting resumes"),
            Halt(34_200_500_000_000, "trading resumes"),
        ]


def test_a_day_of_one_row(tmp_path):
    report = reconcile(small_day(tmp_path, GOOD_MESSAGES[:1], GOOD_BOOK[:1])).report
    assert report.match == (0, 0, 0)
    assert report.first_ts_event == report.last_ts_event == 34_200_100_000_000
    assert "1 message from" in str(report)


def test_zero_events_is_an_error(tmp_path):
    day = small_day(tmp_path, ["34200.2,7,0,0,-1,-1"], [f"{NO_ASK},0,{NO_BID},0"])
    with pytest.raises(FeedError, match="nothing to replay"):
        reconcile(day)


def test_prices_finer_than_a_cent(tmp_path):
    messages = ["34200.1,1,1,10,1000001,1", "34200.2,4,1,4,1000001,1"]
    book = [f"{NO_ASK},0,1000001,10", f"{NO_ASK},0,1000001,6"]
    stream = reconcile(small_day(tmp_path, messages, book))
    assert followed(stream)[0].best_bid == 1000001
    assert stream.report.match == (1, 1, 1)


def test_an_execution_proves_its_order_to_be_the_first(tmp_path):
    """Ten lots were there before; then a later order is executed ahead of them."""
    messages = [
        "34200.1,5,0,10,1000100,-1",
        "34200.2,1,2,20,1000200,-1",
        "34200.3,4,2,20,1000200,-1",
        "34200.4,3,1,10,1000200,-1",
    ]
    book = [f"1000200,{size},{NO_BID},0" for size in (10, 30, 10)] + [f"{NO_ASK},0,{NO_BID},0"]
    stream = reconcile(small_day(tmp_path, messages, book))
    assert stream.report.requeued_orders == 1
    assert stream.report.match == (3, 3, 3)
    # Before the execution, which takes the last two messages with it, order 2 is the first.
    ahead = lob.OrderBook()
    ahead.process(stream.messages[stream.row < 2])
    executed = stream.messages[stream.row == 2]
    ahead.process(executed[:-1])
    assert executed["order_id"][-1] == 2
    assert ahead.queue_position(2) == 0


# -------------------------------------------------------------------- corruption


def corrupted(day, row, how):
    """The day with one message dropped with its row, or changed."""
    if how == "dropped":
        return replace(
            day, messages=np.delete(day.messages, row), book=np.delete(day.book, row, axis=0)
        )
    messages = day.messages.copy()
    message = messages[row]
    if how == "moved":
        message["price"] += 3 * day.tick
    elif how == "flipped":
        message["direction"] *= -1
    elif how == "resized":
        message["size"] += 7
    else:
        message["order_id"] += 10**12
    return replace(day, messages=messages)


@pytest.mark.parametrize("how", ["dropped", "moved", "flipped", "resized"])
def test_a_corrupt_message_is_detected_and_bounded(day, how):
    """Wherever its price stays in view: nothing can be told of what was not to be seen."""
    m = day.messages
    plain = np.flatnonzero(m["kind"][1:-1] <= Type.EXECUTE) + 1
    rows = [
        row
        for row in plain
        if all(in_view(day, k, m["direction"][row], m["price"][row]) for k in (row - 1, row + 1))
    ]
    picked = np.random.default_rng(7).choice(rows, 60, replace=False)
    for row in picked.tolist():
        bad = corrupted(day, row, how)
        stream = reconcile(bad)
        report = stream.report
        assert report.first_problem is not None, f"row {row}"
        assert report.match.compared - report.match.all_levels <= 5, f"row {row}"
        assert report.contradictions + report.unknown_prices + report.overdrawn <= 5
        # Found where it is, or where the order it is about is spoken of next.
        line = int(report.first_problem.split("line ")[1].split(":")[0])
        assert line >= row, f"row {row}"
        # What it leaves behind is a sound stream still.
        followed(stream)[0].check()


def test_a_corrupt_row_is_detected(day):
    book = day.book.copy()
    book[100, 3] += 1
    report = reconcile(replace(day, book=book)).report
    assert report.first_problem.startswith(f"{day.source[1]}, line 101: ")
    assert report.match == (len(day.messages) - 1, len(day.messages) - 3, len(day.messages) - 3)


def test_wrong_messages_by_kind(tmp_path):
    """Each contradiction is counted as what it is and named by file and line."""
    first = ["34200.1,1,1,10,1000000,1"]
    cases = {
        "34200.2,1,1,10,999900,1": ("contradictions", "order 1 is added while it is in the book"),
        "34200.2,3,1,10,1000100,1": ("contradictions", "not those of order 1"),
        "34200.2,3,9,10,999900,1": ("unknown_prices", "10 are taken from bid 999900"),
        "34200.2,3,9,15,1000000,1": ("overdrawn", "5 more are taken from bid 1000000"),
    }
    for number, (line, (field, said)) in enumerate(cases.items()):
        messages = [*first, "34200.1,5,0,1,999900,1", line]
        messages[0] = "34200.1,5,0,1,999900,1"
        messages[1] = "34200.1,1,1,10,1000000,1"
        book = [f"{NO_ASK},0,{NO_BID},0", f"{NO_ASK},0,1000000,10", f"{NO_ASK},0,{NO_BID},0"]
        report = reconcile(small_day(tmp_path / str(number), messages, book)).report
        assert getattr(report, field) == 1, line
        assert said in report.first_problem
        assert "message_1.csv, line 3" in report.first_problem


def test_an_add_that_would_trade_is_a_contradiction(tmp_path):
    messages = [GOOD_MESSAGES[0], "34200.2,1,12,50,1000100,1"]
    report = reconcile(small_day(tmp_path, messages, [GOOD_BOOK[0]] * 2)).report
    assert report.contradictions == 1
    assert "would trade at once" in report.first_problem


# -------------------------------------------------------------------- the report


def test_the_report_as_a_dictionary_and_as_text(day):
    done = reconcile(day)
    fields = done.report.to_dict()
    assert sum(fields["rows_by_type"].values()) == fields["rows"] == len(day.messages)
    assert fields["match"]["compared"] == done.report.match.compared
    assert fields["first_ts_event"] == day.messages["ts_event"][0]
    text = str(done.report)
    assert "100.0000 %" in text
    assert f"{len(day.messages):,} messages" in text
    assert "synthetic messages" in text


def test_files_that_have_nothing_to_do_with_each_other(day):
    """Each row is a fault, each is followed, and the stream is sound and ends as the file does."""
    book = np.random.default_rng(1).permutation(day.book)
    bad = replace(day, book=book)
    done = reconcile(bad)
    assert done.report.match.all_levels < 0.2 * done.report.match.compared
    assert len(done.messages) > 2 * len(day.messages)
    book, events, _ = followed(done)
    assert not (events["kind"] == lob.EventKind.REJECTED).any()
    assert not (events["kind"] == lob.EventKind.TRADE).any()
    assert held(book, day.levels) == shown(bad, -1)
    book.check()
