"""Files are read in blocks: where one ends is nothing that a reader tells, and memory stays."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lob
from lob.feeds import (
    Books,
    FeedError,
    _parse,
    lobster,
    lobster_feed,
    lobster_rows,
    open_feed,
    synthetic,
)
from tests.feeds import writers as w
from tests.feeds.files import GOOD_BOOK, GOOD_MESSAGES, ORDERBOOK, write_pair

PEAK = """
import re, sys
from pathlib import Path
from lob.feeds import lobster, open_feed
from lob.replay import Replay
feed = open_feed(sys.argv[1])
if sys.argv[2] == "read":
    lobster.read(sys.argv[1])
elif sys.argv[2] == "scan":
    feed.scan()
elif sys.argv[2] == "replay":
    Replay(feed, "interactive").run()
else:
    for block in feed.blocks():
        pass
told = Path("/proc/self/status").read_text()
peak, files = (int(re.search(name + r":\\s+(\\d+) kB", told)[1]) for name in ("VmHWM", "RssFile"))
print((peak - files) / 1024)
"""


def parsed(text, columns, *, seconds_first=False, last=True):
    cells = np.zeros((4, columns), np.int64)
    data = bytearray(text.encode() + bytes(_parse.SPARE))
    rows, _, problem = _parse.parse(data, 0, len(text), cells, seconds_first, last)
    return cells[:rows].tolist(), problem


@pytest.mark.parametrize("digits", range(1, 19))
def test_numbers_of_every_length(digits):
    for number in {10**digits - 1, 10 ** (digits - 1), int("1234567890123456789"[:digits])}:
        row = [number, -number, 7]
        text = ",".join(map(str, row))
        assert parsed(text, 3) == ([row], None)
        assert parsed(f"{text}\n{text}\r\n\n", 3) == ([row, row], None)
    assert parsed("0" * (19 - digits) + "1" * digits, 1)[1] == (1, 1, _parse.TOO_LONG)


@pytest.mark.parametrize("stranger", ["/", ":", " ", "\0", "\x7f", "\xb0", "a", "."])
@pytest.mark.parametrize("at", range(10))
def test_what_is_no_digit_ends_a_number(at, stranger):
    text = "123456789012"
    cells = np.zeros((1, 1), np.int64)
    data = bytearray((text[:at] + stranger + text[at:]).encode("latin-1") + bytes(_parse.SPARE))
    _, _, problem = _parse.parse(data, 0, len(text) + 1, cells, False, True)
    assert problem == (1, 1, _parse.NOT_A_NUMBER)


@pytest.mark.parametrize("decimals", range(1, 13))
def test_seconds_of_every_number_of_decimals(decimals):
    text = "123456789012"[:decimals]
    want = 34_200 * 10**9 + int(text[:9].ljust(9, "0")) + (decimals > 9 and text[9] >= "5")
    assert parsed(f"34200.{text}", 1, seconds_first=True) == ([[want]], None)


@pytest.mark.parametrize("kept", [0, 2_000, 2**20])
@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_where_a_block_ends_changes_nothing(tmp_path, monkeypatch, chunk, kept):
    day = synthetic.make_day(levels=3, end_ms=34_260_000 + 600_000)
    path = lobster.write(day, tmp_path)
    whole = open_feed(path)
    blocks = list(whole.blocks())
    monkeypatch.setattr(lobster_rows, "CHUNK", chunk)
    monkeypatch.setattr(lobster_rows, "MOST_CELLS", 12 * 5)
    monkeypatch.setattr(lobster_feed, "KEPT", kept)
    again = lobster.read(path)
    assert np.array_equal(again.messages, day.messages)
    assert np.array_equal(again.book, day.book)
    cut = open_feed(path)
    parts = list(cut.blocks(3))
    assert [len(block.messages) for block in cut.blocks(3)] == [len(b.messages) for b in parts]
    for field in ("messages", "consistent", "prints"):
        one, other = (
            np.concatenate([getattr(part, field) for part in found]) for found in (blocks, parts)
        )
        assert len(one)
        assert np.array_equal(one, other)
    assert cut.report == whole.report
    assert open_feed(path).scan() == whole.report


@pytest.mark.parametrize("chunk", [1, 5, 2**20])
def test_faults_are_told_by_their_line_in_any_block(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(lobster_rows, "CHUNK", chunk)
    monkeypatch.setattr(lobster_rows, "MOST_CELLS", 8)
    path = write_pair(tmp_path, GOOD_MESSAGES, GOOD_BOOK)
    good = path.read_text()
    path.write_text(good + "\n\n\r\n")
    assert len(lobster.read(path).messages) == 4
    for text, said in (
        (good + "\n34201,1,5,1,1000000,1\n", "line 5: ends after column 0"),
        (good.replace(",50,", ",x,", 1), "line 2: column 4 is not a whole number"),
        (good + "34200.0,1,5,1,1000000,1\n", "line 5: time must not go back"),
        (good[: good.rindex("34200")], "has 4 rows, but .* has 3"),
        (good + good.splitlines()[-1], "has 4 rows, but .* has 5"),
        ("\n\n", "is empty"),
        ("", "is empty"),
    ):
        path.write_text(text)
        with pytest.raises(FeedError, match=said):
            lobster.read(path)
    path.write_text(good)
    (tmp_path / ORDERBOOK.format(levels=1)).write_text("".join(f"{r}\n" for r in GOOD_BOOK[:2]))
    with pytest.raises(FeedError, match=r"has 2 rows, but .* has 4"):
        open_feed(path).scan()


def test_a_scan_of_itch_reports_what_reading_does(tmp_path):
    path = tmp_path / "day.itch"
    path.write_bytes(w.itch_file([*w.itch_day()[0], w.delete(1, 10**12, 77)]))
    feed = open_feed(path)
    made = [(len(block.messages), len(block.prints)) for block in feed.blocks(5)]
    scanned = open_feed(path).scan()
    assert scanned == feed.report
    assert [scanned.messages, scanned.prints] == np.sum(made, axis=0).tolist()
    assert scanned.unknown_ids == 1


def test_books_of_many_orders_are_those_of_a_dict():
    """Ids of one stock are those of another too, and the table grows and its buckets overflow."""
    random = np.random.default_rng(3)
    books, have = Books(), {}
    for _ in range(60):
        rows = np.zeros(1_000, lob.MESSAGE)
        rows["kind"] = random.choice([1, 1, 1, 2, 3, 4], 1_000)
        rows["order_id"] = random.integers(0, 12_000, 1_000) << random.integers(0, 2) * 20
        rows["instrument"] = random.integers(0, 3, 1_000)
        rows["side"] = random.choice([1, -1], 1_000)
        rows["price"], rows["size"] = random.integers(-50, 50, 1_000), random.integers(1, 9, 1_000)
        unknown = 0
        for row in rows:
            key = int(row["instrument"]), int(row["order_id"])
            told = int(row["side"]), int(row["price"]), int(row["size"])
            if row["kind"] == lob.Kind.NEW:
                have[key] = told
            elif key not in have:
                unknown += 1
            elif row["kind"] == lob.Kind.REPLACE:
                have[key] = (have[key][0], *told[1:])
            elif row["kind"] == lob.Kind.CANCEL or told[2] >= have[key][2]:
                del have[key]
            else:
                have[key] = (*have[key][:2], have[key][2] - told[2])
        before = books.unknown_ids
        books.apply(rows, np.ones(1_000, np.bool_))
        assert books.unknown_ids - before == unknown
        assert books.live == len(have)
    for number in range(3):
        wanted = {key[1]: order for key, order in have.items() if key[0] == number}
        assert books.orders(number) == wanted
        for side in (1, -1):
            prices = {price for _, price, _ in wanted.values() if _is(wanted, side, price)}
            assert books.levels(number, side).tolist() == [
                (price, sum(sizes), len(sizes))
                for price in sorted(prices, reverse=side > 0)
                if (sizes := [s for d, p, s in wanted.values() if (d, p) == (side, price)])
            ]
    books.clear(1)
    assert books.orders(1) == {}
    assert books.live == sum(key[0] != 1 for key in have)
    assert books.orders(2) == {key[1]: order for key, order in have.items() if key[0] == 2}


def _is(orders, side, price):
    return any((side, price) == order[:2] for order in orders.values())


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize(
    ("how", "most"), [("scan", 100), ("blocks", 100), ("replay", 150), ("read", 300)]
)
def test_a_pair_of_197_megabytes_takes_bounded_memory(tmp_path, how, most):
    day, times = synthetic.make_day(levels=10), 10
    parts = [day.messages.copy() for _ in range(times)]
    start, length = 34_200 * 10**9, 23_400 * 10**9 // times
    for i, part in enumerate(parts):
        part["ts_event"] = start + (part["ts_event"] - start) // times + i * length
        part["order_id"][part["order_id"] > 0] += i * 10**7
    path = lobster.write(
        replace(day, messages=np.concatenate(parts), book=np.concatenate([day.book] * times)),
        tmp_path,
    )
    size = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert 190e6 < size < 210e6
    told = subprocess.check_output([sys.executable, "-c", PEAK, str(path), how], text=True)
    assert float(told) < most, "MiB of anonymous memory"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("side", [1, -1])
def test_the_best_of_thousands_of_prices_is_known_after_each_message(seed, side):
    """An order of the other side at the best price locks the book, one beyond it crosses it."""
    random = np.random.default_rng(seed)
    rows, prices, step = [], {}, 0

    def told(kind, order_id, own_side, price):
        rows.append((kind, order_id, own_side, price))

    for step in range(12_000):
        filling = step < 3_000 or 6_000 <= step < 8_000
        if not prices or random.random() < (0.95 if filling else 0.2):
            prices[step] = 10_000 + int(random.integers(-4_000, 4_000))
            told(lob.Kind.NEW, step, side, prices[step])
        else:
            best = side * max(side * price for price in prices.values())
            left = [number for number, price in prices.items() if price == best]
            gone = left[0] if random.random() < 0.9 else int(random.choice(list(prices)))
            told(lob.Kind.CANCEL, gone, side, prices.pop(gone))
        if prices:
            best = side * max(side * price for price in prices.values())
            for beyond in (0, -side):
                told(lob.Kind.NEW, -1, -side, best + beyond)
                told(lob.Kind.CANCEL, -1, -side, 0)
    messages = np.zeros(len(rows), lob.MESSAGE)
    for field, column in zip(
        ("kind", "order_id", "side", "price"), zip(*rows, strict=True), strict=True
    ):
        messages[field] = column
    messages["size"] = 1
    looked = (messages["order_id"] == -1) & (messages["kind"] == lob.Kind.NEW)
    books = Books()
    books.apply(messages, np.ones(len(messages), np.bool_))
    books.close()
    assert (books.locked, books.crossed) == (looked.sum() // 2, looked.sum() // 2)
