"""LOBSTER files of a few lines, and what is in view in them."""

from pathlib import Path

from lob.feeds import lobster

MESSAGE = "TEST_2000-01-03_34200000_57600000_message_{levels}.csv"
ORDERBOOK = "TEST_2000-01-03_34200000_57600000_orderbook_{levels}.csv"

GOOD_MESSAGES = [
    "34200.1,1,11,100,1000100,-1",
    "34200.2,1,12,50,999900,1",
    "34200.2,4,11,40,1000100,-1",
    "34200.200000001,3,12,50,999900,1",
]
GOOD_BOOK = [
    "1000100,100,1000000,10",
    "1000100,100,1000000,10",
    "1000100,60,1000000,10",
    "1000100,60,1000000,10",
]


def write_pair(folder: Path, messages: list[str], book: list[str], levels: int = 1) -> Path:
    """Write both files, return the path of the message file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / MESSAGE.format(levels=levels)
    path.write_text("".join(f"{line}\n" for line in messages))
    other = folder / ORDERBOOK.format(levels=levels)
    other.write_text("".join(f"{line}\n" for line in book))
    return path


def in_view(day: lobster.Day, row: int, direction: int, price: int) -> bool:
    """Whether a row of the orderbook file tells all about a price of one side."""
    first = 2 if direction > 0 else 0
    prices, sizes = day.book[row, first::4], day.book[row, first + 1 :: 4]
    return bool(sizes[-1] == 0 or direction * price >= direction * prices[-1])
