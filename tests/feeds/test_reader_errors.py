"""One contract of errors: a ``FeedError`` that names the file, and where it can the line."""

import gzip
import os
import zipfile

import pyarrow as pa
import pytest
from pyarrow import parquet

from lob.feeds import FeedError, lobster
from lob.feeds.positions import read_positions
from lob.feeds.prices import read_prices
from tests.feeds import files

HEAD = "symbol,timestamp,price\n"
STAMP = 1_600_000_000_000


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (f"{HEAD}\nETH,1600000000,5\n", 3, "are these seconds"),
        (f"{HEAD}\n\nETH,16_00,5\n", 4, "must be whole milliseconds"),
        (f"{HEAD}ETH,{STAMP},1e9999999\n", 2, "must be positive, 1e-30 to 1e18"),
        (f"{HEAD}ETH,{STAMP},7_32\n", 2, "must be a decimal number"),
        (f"{HEAD}ETH,{STAMP},{'9' * 200_000}\n", 2, "field larger than"),
        (f"{HEAD}ETH,{STAMP}\n", 2, "3 values are expected, got 2"),
    ],
)
def test_a_bad_price_is_refused_with_its_line(tmp_path, text, line, said):
    path = tmp_path / "prices.csv"
    path.write_text(text)
    with pytest.raises(FeedError, match=said) as error:
        read_prices(path)
    assert (error.value.line, error.value.path) == (line, str(path))


def test_prices_are_unpacked_and_need_no_plain_ends(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_bytes(gzip.compress(f"\ufeff{HEAD}ETH,{STAMP},5.5\n".replace("\n", "\r\n").encode()))
    assert len(read_prices(path)) == 1
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(FeedError, match="no text in UTF-8"):
        read_prices(path)
    with pytest.raises(FeedError, match="No such file"):
        read_prices(tmp_path / "none")


def table(path, **columns):
    parquet.write_table(pa.table(columns), path)
    return path


def test_positions_that_are_no_table_of_numbers_are_refused(tmp_path):
    path = tmp_path / "positions.parquet"
    good = {"entry": [5], "margin": [7]}
    table(path, position=pa.array([2**64 - 1], pa.uint64()), **good)
    with pytest.raises(FeedError, match="position must be a whole number"):
        read_positions(path)
    table(path, position=pa.array([3], pa.uint64()), **good)
    assert read_positions(path).positions.tolist() == [3]
    table(path, position=pa.array([[3]]), **good)
    with pytest.raises(FeedError, match="column position holds list"):
        read_positions(path)
    table(path, position=pa.array([{"a": 1}]), **good)
    with pytest.raises(FeedError, match="column position holds struct"):
        read_positions(path)
    csv = tmp_path / "positions.csv"
    csv.write_text("position,position,entry,margin\n1,2,3,4\n")
    with pytest.raises(FeedError, match="has the column 'position' twice"):
        read_positions(csv)
    csv.write_text("position,entry,leverage\n1000000000000000,1000,0.000001\n")
    with pytest.raises(FeedError, match="the leverage makes a margin above"):
        read_positions(csv)
    with pytest.raises(FeedError, match="No such file"):
        read_positions(tmp_path / "none.csv")


def pair(tmp_path):
    return files.write_pair(tmp_path / "day", files.GOOD_MESSAGES, files.GOOD_BOOK)


def test_lobster_days_are_unpacked(tmp_path):
    message = pair(tmp_path)
    day = lobster.read(message)
    for file in message.parent.iterdir():
        text = b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n")
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(text))
        file.unlink()
    again = lobster.read(message.with_name(message.name + ".gz"))
    assert (again.messages == day.messages).all()
    assert (again.book == day.book).all()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_lobster_archives_are_no_traps(tmp_path):
    message = pair(tmp_path)
    both = sorted(message.parent.iterdir())
    archive = tmp_path / "day.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for file in both:
            opened.write(file, f"x/{file.name}")
            opened.writestr(f"__MACOSX/x/._{file.name}", b"junk")
    assert len(lobster.read(archive).messages) == 4
    with zipfile.ZipFile(archive, "a") as opened:
        opened.write(both[0], f"x/{both[0].name}")
    with pytest.raises(FeedError, match="two members called"):
        lobster.read(archive)
    huge = message.with_name(message.name.replace("_1.csv", "_999999999.csv"))
    for file in both:
        file.rename(file.with_name(file.name.replace("_1.csv", "_999999999.csv")))
    with pytest.raises(FeedError, match="1 to 10000 levels"):
        lobster.read(huge)


def test_one_day_of_several_is_chosen(tmp_path):
    message = pair(tmp_path)
    other = message.with_name(message.name.replace("TEST", "ELSE"))
    for file in list(message.parent.iterdir()):
        file.with_name(file.name.replace("TEST", "ELSE")).write_bytes(file.read_bytes())
    with pytest.raises(FeedError, match="holds 2 days"):
        lobster.choose(message.parent)
    assert lobster.choose(message.parent, other.name).read().instrument.name == "ELSE"
    with pytest.raises(FeedError, match="holds no day of the file"):
        lobster.choose(message.parent, "none")


def test_a_pipe_is_refused(tmp_path):
    message = pair(tmp_path)
    message.unlink()
    os.mkfifo(message)
    with pytest.raises(FeedError, match=r"not a regular file|no such file|missing"):
        lobster.read(message)
