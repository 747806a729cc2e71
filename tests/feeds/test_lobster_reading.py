"""What is a LOBSTER day, and what is not: each fault is told by file and line."""

import zipfile
from decimal import Decimal

import numpy as np
import pytest

from lob.feeds import FeedError, lobster
from lob.feeds.lobster import NO_ASK, NO_BID
from tests.feeds.files import GOOD_BOOK, GOOD_MESSAGES, MESSAGE, ORDERBOOK, write_pair


def test_a_pair_of_files(tmp_path):
    day = lobster.read(write_pair(tmp_path, GOOD_MESSAGES, GOOD_BOOK))
    assert day.name == "TEST 2000-01-03"
    assert day.date == "2000-01-03"
    assert day.levels == 1
    assert day.instrument.name == "TEST"
    assert day.instrument.tick_size == Decimal("0.01")
    assert day.messages.tolist() == [
        (34_200_100_000_000, 11, 100, 1000100, 1, -1),
        (34_200_200_000_000, 12, 50, 999900, 1, 1),
        (34_200_200_000_000, 11, 40, 1000100, 4, -1),
        (34_200_200_000_001, 12, 50, 999900, 3, 1),
    ]
    assert day.book.tolist() == [list(map(int, row.split(","))) for row in GOOD_BOOK]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("between", ["\n", "\r\n"])
def test_line_ends_and_a_missing_last_one(tmp_path, between, end):
    path = write_pair(tmp_path, GOOD_MESSAGES, GOOD_BOOK)
    expected = lobster.read(path)
    path.write_bytes((between.join(GOOD_MESSAGES) + end).encode())
    (tmp_path / ORDERBOOK.format(levels=1)).write_bytes((between.join(GOOD_BOOK) + end).encode())
    day = lobster.read(path)
    assert np.array_equal(day.messages, expected.messages)
    assert np.array_equal(day.book, expected.book)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("34200", 34_200_000_000_000),
        ("34200.5", 34_200_500_000_000),
        ("34200.0174", 34_200_017_400_000),
        ("34200.017459617", 34_200_017_459_617),
        ("34200.189607670", 34_200_189_607_670),
        # The nearest double of this one is below it: int(float(text) * 1e9) is one too low.
        ("34200.190226476", 34_200_190_226_476),
        # Floating-point noise of a writer, as it occurs in real files.
        ("43002.632812672004", 43_002_632_812_672),
        ("43002.6328126719996", 43_002_632_812_672),
        ("43002.9999999996", 43_003_000_000_000),
    ],
)
def test_time_is_exact(tmp_path, text, ns):
    messages = [f"{text},1,1,1,10000,1"]
    day = lobster.read(write_pair(tmp_path, messages, [f"{NO_ASK},0,10000,1"]))
    assert day.messages["ts_event"].tolist() == [ns]


def test_missing_levels(tmp_path):
    row = f"{NO_ASK},0,10000,1,{NO_ASK},0,{NO_BID},0"
    day = lobster.read(write_pair(tmp_path, ["34200.5,1,1,1,10000,1"], [row], levels=2))
    assert day.book.tolist() == [[NO_ASK, 0, 10000, 1, NO_ASK, 0, NO_BID, 0]]
    assert day.instrument.tick_size == Decimal("0.01")


def test_the_tick_is_finer_where_a_price_of_the_book_is(tmp_path):
    cents = lobster.read(
        write_pair(tmp_path / "a", ["34200.5,5,0,1,10050,1"], [f"{NO_ASK},0,10000,1"])
    )
    fine = lobster.read(
        write_pair(tmp_path / "b", ["34200.5,1,7,1,10050,1"], [f"{NO_ASK},0,10050,1"])
    )
    assert (cents.tick, fine.tick) == (100, 1)


def test_halts_and_auctions_are_rows(tmp_path):
    messages = [
        GOOD_MESSAGES[0],
        "34200.2,7,0,0,-1,-1",
        "34200.3,7,0,0,0,-1",
        "34200.4,6,0,500,1000050,1",
        "34200.4,6,0,0,1000050,1",
        "34200.5,7,0,0,1,-1",
    ]
    day = lobster.read(write_pair(tmp_path, messages, GOOD_BOOK[:1] * len(messages)))
    assert day.messages["kind"].tolist() == [1, 7, 7, 6, 6, 7]


BAD_MESSAGES = [
    (1, "34200.2,1,12", "line 2: ends after column 3 of 6"),
    (1, "34200.2,1,12,50,999900", "line 2: ends after column 5 of 6"),
    (1, "", "line 2: ends after column 0 of 6"),
    (3, "34200.2,", "line 4: ends after column 1 of 6"),
    (0, "34200.1,1,11,100,1000100,-1,extra", "line 1: has more than 6 columns"),
    (0, "time,type,id,size,price,direction", "line 1: column 1 is not a time"),
    (2, "34200.x,4,11,40,1000100,-1", "line 3: column 1 is not a time"),
    (2, "3.42e4,4,11,40,1000100,-1", "line 3: column 1 is not a time"),
    (2, "34200.2,4,eleven,40,1000100,-1", "line 3: column 3 is not a whole number"),
    (2, "34200.2,4,11,40.0,1000100,-1", "line 3: column 4 is not a whole number"),
    (2, "34200.2,4,11,40,1000100,", "line 3: ends after column 5"),
    (2, "34200.2,4,11,40,1000100,-", "line 3: ends after column 5|line 3: column 6"),
    (2, "34200.2,4,9999999999999999999,40,1000100,-1", "line 3: column 3 has too many digits"),
    (2, "34200.2,4,11,40,1000100,-1\0", "line 3: column 6 is not a whole number"),
    (2, "34200.2,8,11,40,1000100,-1", "line 3: type must be 1 to 7, got 8"),
    (2, "34200.2,257,11,40,1000100,-1", "line 3: type must be 1 to 7, got 257"),
    (2, "34200.2,4,11,40,1000100,0", "line 3: direction must be 1 or -1, got 0"),
    (2, "34200.2,4,11,40,1000100,255", "line 3: direction must be 1 or -1, got 255"),
    (2, "34200.2,4,0,40,1000100,-1", "line 3: order id must be 1 or more, got 0"),
    (2, "34200.2,4,11,0,1000100,-1", "line 3: size must be 1"),
    (2, "34200.2,4,11,-40,1000100,-1", "line 3: size must be 1"),
    (2, "34200.2,4,11,40,0,-1", "line 3: price must be above 0"),
    (2, "34200.2,7,0,0,5,-1", "line 3: a halt must have price -1, 0 or 1, got 5"),
    (2, "34200.19,4,11,40,1000100,-1", "line 3: time must not go backwards"),
    (0, "34199.9,1,11,100,1000100,-1", "line 1: time must be 34200 to 57600 s"),
    (3, "57600.1,3,12,50,999900,1", "line 4: time must be 34200 to 57600 s"),
]


@pytest.mark.parametrize(("at", "line", "said"), BAD_MESSAGES)
def test_a_bad_message_is_told_by_file_and_line(tmp_path, at, line, said):
    messages = list(GOOD_MESSAGES)
    messages[at] = line
    path = write_pair(tmp_path, messages, GOOD_BOOK)
    with pytest.raises(FeedError, match=said) as error:
        lobster.read(path)
    assert str(path) in str(error.value)


BAD_ROWS = [
    (1, "1000100,100,1000000", "line 2: ends after column 3 of 4"),
    (1, "1000100,100,1000000,10,1000200,5,999900,5", "line 2: has more than 4 columns"),
    (1, "1000100,abc,1000000,10", "line 2: column 2 is not a whole number"),
    (2, "1000100,-60,1000000,10", "line 3: ask level 1 must have a price above 0 and a size"),
    (2, "1000100,0,1000000,10", "line 3: ask level 1"),
    (2, "1000100,60,-5,10", "line 3: bid level 1"),
    (2, f"1000100,60,{NO_BID},10", "line 3: bid level 1"),
    (2, f"{NO_BID},0,1000000,10", "line 3: ask level 1"),
    (3, "1000000,60,1000000,10", "line 4: the best bid 1000000 must be below the best ask"),
]


@pytest.mark.parametrize(("at", "line", "said"), BAD_ROWS)
def test_a_bad_row_is_told_by_file_and_line(tmp_path, at, line, said):
    book = list(GOOD_BOOK)
    book[at] = line
    path = write_pair(tmp_path, GOOD_MESSAGES, book)
    with pytest.raises(FeedError, match=said) as error:
        lobster.read(path)
    assert str(tmp_path / ORDERBOOK.format(levels=1)) in str(error.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("110,1,100,1,110,1,90,1", "ask level 2 at 110 must be worse than level 1"),
        ("110,1,100,1,120,1,101,1", "bid level 2 at 101 must be worse than level 1"),
        (f"{NO_ASK},0,100,1,120,1,90,1", "ask level 2 at 120 must be worse than level 1"),
        (f"110,1,{NO_BID},0,120,1,90,1", "bid level 2 at 90 must be worse than level 1"),
    ],
)
def test_levels_must_be_sorted(tmp_path, row, said):
    path = write_pair(tmp_path, ["34200.5,1,1,1,100,1"], [row], levels=2)
    with pytest.raises(FeedError, match=f"line 1: {said}"):
        lobster.read(path)


def test_row_counts_must_be_the_same(tmp_path):
    path = write_pair(tmp_path, GOOD_MESSAGES, GOOD_BOOK[:-1])
    with pytest.raises(FeedError, match=r"orderbook_1.csv, line 4: has 3 rows, but .* has 4"):
        lobster.read(path)


@pytest.mark.parametrize("which", [MESSAGE, ORDERBOOK])
@pytest.mark.parametrize("content", ["", "\n"])
def test_empty_files(tmp_path, which, content):
    path = write_pair(tmp_path, GOOD_MESSAGES, GOOD_BOOK)
    (tmp_path / which.format(levels=1)).write_text(content)
    with pytest.raises(FeedError, match="is empty"):
        lobster.read(path)


# -------------------------------------------------------------------- finding


def test_given_either_file_a_folder_or_a_zip(tmp_path):
    path = write_pair(tmp_path / "day", GOOD_MESSAGES, GOOD_BOOK)
    partner = path.parent / ORDERBOOK.format(levels=1)
    archive = tmp_path / "day.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.write(path, f"inside/{path.name}")
        opened.write(partner, f"inside/{partner.name}")
        opened.writestr("ReadMe.txt", "words")
    days = [lobster.read(given) for given in (path, partner, path.parent, archive)]
    assert {day.name for day in days} == {"TEST 2000-01-03"}
    assert all(np.array_equal(day.book, days[0].book) for day in days)
    # The folder above holds the day twice.
    assert len(lobster.find(tmp_path)) == 2
    with pytest.raises(FeedError, match="holds 2 days") as error:
        lobster.read(tmp_path)
    assert str(archive / "inside" / path.name) in str(error.value)


@pytest.mark.parametrize("given", [MESSAGE, ORDERBOOK, ""])
@pytest.mark.parametrize("gone", [MESSAGE, ORDERBOOK])
def test_a_missing_partner(tmp_path, given, gone):
    write_pair(tmp_path, GOOD_MESSAGES, GOOD_BOOK)
    (tmp_path / gone.format(levels=1)).unlink()
    path = tmp_path / given.format(levels=1)
    with pytest.raises(FeedError, match=r"partner .* is missing|no such file"):
        lobster.read(path)


@pytest.mark.parametrize(
    "wrong",
    [
        "OTHER_2000-01-03_34200000_57600000_orderbook_1.csv",
        "TEST_2000-01-04_34200000_57600000_orderbook_1.csv",
        "TEST_2000-01-03_34200000_57600000_orderbook_5.csv",
        "TEST_2000-01-03_34200000_36000000_orderbook_1.csv",
    ],
)
def test_halves_of_different_days_do_not_pair(tmp_path, wrong):
    write_pair(tmp_path, GOOD_MESSAGES, GOOD_BOOK)
    (tmp_path / ORDERBOOK.format(levels=1)).rename(tmp_path / wrong)
    with pytest.raises(FeedError, match=f"{wrong}.*missing|missing.*{wrong}"):
        lobster.read(tmp_path)


def test_the_columns_must_be_those_of_the_level_in_the_name(tmp_path):
    path = write_pair(tmp_path, GOOD_MESSAGES, GOOD_BOOK, levels=2)
    with pytest.raises(FeedError, match=r"orderbook_2\.csv, line 1: ends after column 4 of 8"):
        lobster.read(path)


@pytest.mark.parametrize("levels", [0])
def test_a_book_of_no_levels(tmp_path, levels):
    path = write_pair(tmp_path, GOOD_MESSAGES, GOOD_BOOK, levels=levels)
    with pytest.raises(FeedError, match="0 levels"):
        lobster.read(path)


def test_corrupt_zips(tmp_path):
    path = write_pair(tmp_path / "day", GOOD_MESSAGES * 50, GOOD_BOOK * 50)
    archive = tmp_path / "day.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for file in path.parent.iterdir():
            opened.write(file, file.name)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FeedError, match="not a readable zip"):
        lobster.read(archive)
    archive.write_bytes(whole[:90] + bytes(20) + whole[110:])
    with pytest.raises(FeedError, match="cannot be unpacked"):
        lobster.read(archive)


def test_nothing_there(tmp_path):
    with pytest.raises(FeedError, match="no such file or folder"):
        lobster.read(tmp_path / "nothing")
    with pytest.raises(FeedError, match="no LOBSTER files here"):
        lobster.read(tmp_path)
    (tmp_path / "prices.csv").write_text("1,2\n")
    with pytest.raises(FeedError, match="not the name of a LOBSTER file"):
        lobster.read(tmp_path / "prices.csv")


def test_what_is_written_is_read_again(tmp_path):
    day = lobster.read(write_pair(tmp_path / "a", GOOD_MESSAGES, GOOD_BOOK))
    path = lobster.write(day, tmp_path / "b")
    assert path.read_text() == (tmp_path / "a" / path.name).read_text()
    assert (tmp_path / "b" / ORDERBOOK.format(levels=1)).read_text() == "".join(
        f"{row}\n" for row in GOOD_BOOK
    )
