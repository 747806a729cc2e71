"""Every LOBSTER day below FIRESALE_DATA replays as it was recorded."""

from dataclasses import replace

import numpy as np
import pytest

import lob
from lob.feeds import lobster, open_feed
from lob.feeds.lobster import Type
from lob.feeds.reconcile import reconcile
from lob.replay import Replay
from tests.discovery import lobster_days
from tests.feeds.files import in_view
from tests.folders import folder

DATA = folder("FIRESALE_DATA")


def pairs():
    found = lobster_days(DATA)
    if not found:
        reason = f"there is no LOBSTER day below {DATA}: set FIRESALE_DATA"
        return [pytest.param(None, marks=pytest.mark.skip(reason))]
    return [pytest.param(pair, id=str(pair).removeprefix(f"{DATA}/")) for pair in found]


@pytest.fixture(scope="module", params=pairs())
def day(request):
    return request.param.read()


def quoted(day, stream, quotes):
    """Best bid and ask after the last message of each row that has one, and those rows."""
    last = np.flatnonzero(np.diff(stream.row, append=-1))
    return quotes[last], day.book[stream.row[last]]


def test_exact_is_exact_at_every_level_of_every_row(day):
    report = reconcile(day).report
    assert report.match == (len(day.messages) - 1,) * 3
    assert report.unknown_prices == report.overdrawn == report.contradictions == 0
    assert report.first_problem is None
    assert report.rows == len(day.messages) == sum(report.rows_by_type.values())


def test_the_stream_alone_makes_the_recorded_quotes_in_the_engine(day):
    stream = reconcile(day)
    book, path = lob.OrderBook(), np.empty(len(stream.messages), lob.QUOTE)
    events = book.process(stream.messages, quotes=path)
    assert not (events["kind"] == lob.EventKind.REJECTED).any()
    quotes, rows = quoted(day, stream, path)
    for name, column in (("ask", 0), ("bid", 2)):
        there = rows[:, column + 1] > 0
        assert np.array_equal(quotes[f"{name}_size"], rows[:, column + 1])
        assert np.array_equal(quotes[f"{name}_price"][there] * day.tick, rows[there, column])
    for side, first in ((book.asks, 0), (book.bids, 2)):
        levels = side(day.levels)
        assert (levels["price"] * day.tick).tolist() == day.book[-1, first::4].tolist()
        assert levels["size"].tolist() == day.book[-1, first + 1 :: 4].tolist()
    book.check()


def test_interactive_is_the_record_at_the_best_of_every_row(day, tmp_path):
    stream = reconcile(day)
    replay = Replay(open_feed(lobster.write(day, tmp_path, start=0, end=86_400_000)), "interactive")
    parts = [(s.live, s.settled) for s in replay.stretches() if len(s.live)]
    live, settled = (np.concatenate(column) for column in zip(*parts, strict=True))
    assert len(live) == len(stream.messages)
    last = np.zeros(len(live), np.bool_)
    last[np.flatnonzero(np.diff(stream.row, append=-1))] = True
    last &= settled
    executions = np.count_nonzero(day.messages["kind"] == Type.EXECUTE)
    # Left out are only rows inside the executions of one aggressor.
    assert np.count_nonzero(last) >= len(np.unique(stream.row)) - executions
    rows = day.book[stream.row[last]]
    for name, column in (("ask", 0), ("bid", 2)):
        there = rows[:, column + 1] > 0
        assert np.array_equal(live[f"{name}_size"][last], rows[:, column + 1])
        assert np.array_equal(live[f"{name}_price"][last][there] * day.tick, rows[there, column])
    report = replay.report
    assert (report.broken.messages, report.by_id) == (0, 0)
    assert 0 < report.aggressors <= executions


def test_what_is_written_is_what_was_read(day, tmp_path):
    again = lobster.read(lobster.write(day, tmp_path))
    assert np.array_equal(again.messages, day.messages)
    assert np.array_equal(again.book, day.book)
    assert again.instrument == day.instrument


@pytest.mark.parametrize("how", ["dropped", "moved", "flipped"])
def test_a_corrupt_message_is_detected(day, how):
    m = day.messages
    plain = np.flatnonzero(m["kind"][1:-1] <= Type.EXECUTE) + 1
    rows = [
        row
        for row in np.random.default_rng(3).permutation(plain)[:60]
        if all(in_view(day, k, m["direction"][row], m["price"][row]) for k in (row - 1, row + 1))
    ]
    assert rows
    for row in rows[:8]:
        messages, book = m.copy(), day.book
        if how == "dropped":
            messages, book = np.delete(m, row), np.delete(book, row, axis=0)
        elif how == "moved":
            messages["price"][row] += day.tick
        else:
            messages["direction"][row] *= -1
        report = reconcile(replace(day, messages=messages, book=book)).report
        assert report.first_problem is not None, f"row {row}"
        assert report.match.compared - report.match.all_levels <= 5
