"""Numbers, keys and texts of level feeds, wherever they stand in a block of lines."""

import random
import re
from decimal import Decimal

import pytest

from lob.feeds import FeedError, open_feed
from lob.feeds._shapes import Shape
from lob.feeds.shapes import Code, Each, Mark, Places, Row
from lob.feeds.tables import TableFeed

T = 1_700_000_000_000
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
SHAPE = {
    "e": Mark.KIND,
    "T": Mark.TIME_MS,
    "s": Mark.SYMBOL,
    "b": Each(Places((Mark.PRICE, Mark.SIZE)), Row.BID),
    "a_long_name_of_a_key": Each(Places((Mark.PRICE, Mark.SIZE)), Row.ASK),
    "a_long_name_of_another": Each(Places((Mark.PRICE, Mark.SIZE)), Row.ASK),
    "eightkey": Mark.LAST,
    "eightke": Mark.FIRST,
}


def taken(text, at=0):
    shape = Shape(SHAPE, lambda kind: Code.UPDATE)
    wrong = shape.read_lines(text, at, 0)[2]
    return shape, wrong


def number_like(random_):
    """A number, or nearly one, of any length that matters."""
    digits = "".join(random_.choices("0123456789", k=random_.randrange(1, 21)))
    text = digits
    if random_.random() < 0.7:
        at = random_.randrange(len(digits) + 1)
        text = f"{digits[:at]}.{digits[at:]}"
    if random_.random() < 0.2:
        text += random_.choice(("e3", "E-2", "e", "x", ".", "..1", "-", " "))
    if random_.random() < 0.2:
        text = random_.choice(("-", "0", "00000", "+", ".", " ")) + text
    return text


@pytest.mark.parametrize("quoted", [True, False])
def test_a_number_is_exact_at_the_end_of_a_block_as_in_its_midst(tmp_path, quoted):
    """Far from the end numbers are read eight bytes at a time, near it one by one."""
    random_ = random.Random(3)
    quote = '"' if quoted else ""
    path = tmp_path / "x"
    seen = set()
    for _ in range(1500):
        text = number_like(random_)
        body = f'{{"e":"x","T":{T},"s":"A","b":[[{quote}{text}{quote},"1"]]}}'
        near, near_wrong = taken(f"{body}".encode())
        far, far_wrong = taken(f'{body[:-1]},"rest":"{"." * 60}"}}\n'.encode())
        assert (near.level_count, near_wrong is None) == (far.level_count, far_wrong is None), text
        sound = near_wrong is None and near.level_count == 1
        text = text if quoted else text.strip()
        exact = NUMBER.fullmatch(text) is not None
        assert sound <= exact, text
        seen.add((sound, exact))
        value = Decimal(text) if exact else None
        fits = exact and value.normalize().as_tuple().exponent >= -18 and abs(value) < 10**12
        if not (sound and fits and value > 0 and len(value.normalize().as_tuple().digits) < 13):
            continue
        for end in ("", f',"rest":"{"." * 60}"'):
            path.write_text(f'{body[:-1].replace("x", "depthUpdate", 1)}{end},"u":1,"U":1}}\n')
            feed = open_feed(path, format="binance")
            (batch,) = feed.batches()
            steps = feed.instruments[0]
            assert steps.to_price(int(batch["price"][0])) == value, text
    assert seen == {(True, True), (False, False), (False, True)}


def test_keys_that_begin_alike_are_told_apart():
    fill = ',"rest":0' * 9
    for end in ("", fill):
        for key, count in (
            ("b", 1), ("a_long_name_of_a_key", 1), ("a_long_name_of_another", 1),
            ("a_long_n", 0), ("a_long_name_of_a_kez", 0), ("a_long_name_of_a_ke", 0),
            ("a_long_name_of_a_keys", 0), ("", 0), ("bb", 0), ("B", 0), (r"\u0062", 0),
            (r"b\"", 0),
        ):  # fmt: skip
            shape, wrong = taken(f'{{"e":"x","T":1,"s":"A","{key}":[["1","2"]]{end}}}'.encode())
            assert (wrong, shape.level_count) == (None, count), key


@pytest.mark.parametrize("pad", [0, 80])
def test_texts_are_stepped_over_whatever_is_in_them(pad):
    tail = f',"z":"{"." * pad}"}}'
    for text in (
        "",
        "a",
        r"\"",
        r"\\",
        r"\\\"",
        "x" * 7 + r"\"",
        "x" * 8,
        "é" * 9,
        "[{,:]}",
        "\x7f",
    ):
        body = f'{{"e":"x","T":1,"s":"A","rest":"{text}","b":[["1","2"]]{tail}'
        shape, wrong = taken(body.encode())
        assert (wrong, shape.level_count) == (None, 1), text
    for text in ("\x01", "abcdefgh\n", "x" * 20 + "\t", "x\\", "x" * 8 + "\\\n"):
        body = f'{{"e":"x","T":1,"s":"A","rest":"{text}","b":[["1","2"]]{tail}'
        assert taken(body.encode())[1] is not None, repr(text)


@pytest.mark.parametrize("digits", range(1, 21))
def test_whole_numbers_of_every_length(digits):
    number = int("9876543210" * 2) // 10 ** (20 - digits)
    for end in ("", ',"rest":"' + "." * 40 + '"'):
        text = f'{{"e":"x","T":1,"s":"A","eightkey":{number},"b":[["1","2"]]{end}}}'
        wrong = taken(text.encode())[1]
        assert (wrong is None) == (number < 9_223_372_036_854_775_790), (number, end)


def naive_levels(rows):
    """The book that rows of (time, is snapshot, side, price, size) leave, group by group."""
    book = {1: {}, -1: {}}
    crossed, before = 0, None
    groups = []
    for row in rows:
        if before is None or (row[0], row[1]) != before:
            groups.append([])
        groups[-1].append(row)
        before = row[0], row[1]
    previous_whole = False
    for group in groups:
        whole, had = group[0][1], {side: dict(book[side]) for side in book}
        if whole and not previous_whole:
            book = {1: {}, -1: {}}
        previous_whole = whole
        for _, _, side, price, size in group:
            book[side][price] = size
        for side in (1, -1):
            book[side] = {p: s for p, s in book[side].items() if s}
        if book != had and book[1] and book[-1]:
            crossed += max(book[1]) > min(book[-1])
    return book, crossed


@pytest.mark.parametrize("seed", [1, 2])
def test_a_deep_book_that_wanders_is_right(tmp_path, seed):
    """Thousands of prices that come and go, far off ones too, and whole books in between."""
    random_ = random.Random(seed)
    rows, mid = [], 10_000
    for i in range(1500):
        mid += random_.randrange(-20, 21)
        whole = i % 500 == 0 or random_.random() < 0.002
        for _ in range(400 if whole else random_.randrange(1, 16)):
            side = random_.choice((1, -1))
            away = random_.choice((random_.randrange(1, 9), random_.randrange(1, 3000)))
            size = random_.choice((0, 1, random_.randrange(1, 50)))
            rows.append((i, whole, side, mid - side * away, size))
    path = tmp_path / "deep.csv"
    path.write_text(
        "time_ms,snapshot,side,price,size\n"
        + "".join(
            f"{t},{'true' if whole else 'false'},{'bid' if side > 0 else 'ask'},{p},{s}\n"
            for t, whole, side, p, s in rows
        )
    )
    feed = TableFeed(path, tick_size=1, lot_size=1)
    report = feed.scan()
    book, crossed = naive_levels(rows)
    for side in (1, -1):
        told = {int(row["price"]): int(row["size"]) for row in feed.books.levels(0, side)}
        assert told == book[side]
    assert report.crossed == crossed
    assert report.live_orders == len(book[1]) + len(book[-1])


def test_a_damaged_line_is_named_wherever_it_is(tmp_path):
    sound = f'{{"e":"depthUpdate","E":{T},"s":"A","U":1,"u":1,"b":[["1.5","2"]],"a":[]}}'
    path = tmp_path / "x"
    for at in (0, 1, 3000, 5999):
        lines = [sound] * 6000  # of several blocks
        lines[at] = sound.replace("1.5", "1.5.5")
        path.write_text("\n".join(lines))
        with pytest.raises(FeedError) as error:
            open_feed(path, format="binance").scan()
        assert error.value.line == at + 1
