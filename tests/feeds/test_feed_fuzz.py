"""Damaged files of every format: a ``FeedError`` or a counted report, and nothing else."""

import gzip
import os
import random
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from lob.feeds import Books, FeedError
from lob.feeds.bitstamp import Bitstamp
from lob.feeds.databento import DatabentoMbo
from lob.feeds.independent_reserve import IndependentReserve
from lob.feeds.itch import Itch
from lob.feeds.positions import read_positions
from lob.feeds.prices import read_prices
from tests.feeds import writers as w

ROUNDS = int(os.environ.get("FIRESALE_FUZZ_ROUNDS", "60"))


def itch(prefix):
    def make():
        records, _ = w.itch_day(3, 120)
        return [w.itch_file([record], prefix) for record in records]

    return make


def dbn():
    return [w.dbn_file([]), *w.dbn_day(3, 120)]


def lines_of(make):
    return lambda: [f"{line}\n".encode() for line in make()]


FORMATS = {
    "itch": (Itch, itch("lengths")),
    "itch-zeros": (Itch, itch("zeros")),
    "itch-none": (Itch, itch("none")),
    "databento-mbo": (DatabentoMbo, dbn),
    "independent-reserve": (IndependentReserve, lines_of(w.reserve_day)),
    "bitstamp": (Bitstamp, lines_of(w.bitstamp_day)),
}


def flipped(random_, records):
    data = bytearray(b"".join(records))
    for _ in range(random_.choice((1, 1, 3, 20))):
        data[random_.randrange(len(data))] = random_.randrange(256)
    return bytes(data)


def cut(random_, records):
    data = b"".join(records)
    start = random_.choice((0, 0, random_.randrange(len(data))))
    return data[start : random_.randrange(len(data))]


def removed(random_, records):
    data = b"".join(records)
    at = random_.randrange(len(data))
    return data[:at] + data[at + random_.randrange(1, 9) :]


def swapped(random_, records):
    records = list(records)
    for _ in range(random_.choice((1, 5))):
        one, other = random_.randrange(len(records)), random_.randrange(len(records))
        records[one], records[other] = records[other], records[one]
    return b"".join(records)


def doubled(random_, records):
    at = random_.randrange(len(records))
    return b"".join([*records[: at + 1], records[at], *records[at + 1 :]])


def dropped(random_, records):
    at = random_.randrange(len(records))
    return b"".join([*records[:at], *records[at + 1 :]])


def noise(random_, records):
    return random_.randbytes(random_.randrange(300))


@pytest.mark.parametrize("damage", [flipped, cut, removed, swapped, doubled, dropped, noise])
@pytest.mark.parametrize("name", FORMATS)
def test_only_a_feed_error_or_a_report(tmp_path, name, damage):
    reader, make = FORMATS[name]
    records = make()
    path = tmp_path / "damaged"
    for seed in range(ROUNDS):
        random_ = random.Random(f"{name} {damage.__name__} {seed}")
        path.write_bytes(damage(random_, records))
        replayed = Books()
        feed = None
        try:
            feed = reader(path)
            for block in feed.blocks(random_.choice((1, 7, 1000))):
                replayed.apply(block.messages, block.consistent)
                at = block.prints["at"]
                assert (np.diff(at) >= 0).all()
        except FeedError as error:
            assert str(path) in str(error)  # noqa: PT017
            assert feed is None or feed.report.problem
            if feed is not None:
                assert error.line is not None or error.offset is not None  # noqa: PT017
        else:
            assert feed.report.complete
        # What is told to others is sound even where the file is not.
        assert (replayed.unknown_ids, replayed.duplicate_ids, replayed.overdrawn) == (0, 0, 0)
        if feed is not None:
            assert feed.report.to_dict()["faults"] == feed.report.faults
            str(feed.report)


def table_of(kind):
    """The rows of a snapshot or of a series, each as its bytes."""
    if kind == "prices":
        lines = [f"AB,{10**12 + 60_000 * i},{100 + i}.5" for i in range(40)]
        return [f"{line}\n".encode() for line in ["symbol,timestamp,price", *lines]]
    lines = [f"a{i},{i - 20 or 9},{100 + i},{10 * i}" for i in range(40)]
    return [f"{line}\n".encode() for line in ["account,position,entry,margin", *lines]]


def parquet_of(rows):
    """A snapshot as Parquet, in pieces that can be damaged."""
    buffer = pa.BufferOutputStream()
    parquet.write_table(csv.read_csv(pa.BufferReader(b"".join(rows))), buffer)
    data = buffer.getvalue().to_pybytes()
    return [data[at : at + 50] for at in range(0, len(data), 50)]


@pytest.mark.parametrize("damage", [flipped, cut, removed, swapped, doubled, dropped, noise])
@pytest.mark.parametrize(
    "kind", ["positions.csv", "positions.csv.gz", "positions.parquet", "prices"]
)
def test_only_a_feed_error_or_a_table(tmp_path, kind, damage):
    path = tmp_path / kind
    read = read_prices if kind == "prices" else read_positions
    rows = table_of(kind)
    if kind.endswith(".parquet"):
        rows = parquet_of(rows)
    elif kind.endswith(".gz"):
        packed = gzip.compress(b"".join(rows))
        rows = [packed[at : at + 20] for at in range(0, len(packed), 20)]
    for seed in range(ROUNDS):
        random_ = random.Random(f"{kind} {damage.__name__} {seed}")
        path.write_bytes(damage(random_, rows))
        try:
            assert len(read(path)) >= 0
        except FeedError as error:
            assert str(path) in str(error)  # noqa: PT017


def detected(reader, path):
    try:
        return bool(reader(path).scan().faults)
    except FeedError:
        return True


def test_a_dropped_order_is_detected(tmp_path):
    """A new order that is missing shows at the first record that names it."""
    path = tmp_path / "file"
    records, _ = w.itch_day(3, 200)
    # By their references: those that a later record names.
    refs = [int.from_bytes(r[11:19], "big") if chr(r[0]) in "AFECXDU" else 0 for r in records]
    adds = [i for i, r in enumerate(records) if chr(r[0]) in "AF" and refs[i] in refs[i + 1 :]]
    assert len(adds) > 20
    for i in adds:
        path.write_bytes(w.itch_file(records[:i] + records[i + 1 :]))
        assert detected(Itch, path)
    day = w.dbn_day(3, 200)
    for i, record in enumerate(day):
        action, ref = record[38:39], record[16:24]
        later = [r[38:39] for r in day[i + 1 :] if r[16:24] == ref]
        if action == b"A" and later[:1] == [b"C"]:  # an M of an unknown order is a new one
            path.write_bytes(w.dbn_file(day[:i] + day[i + 1 :]))
            assert detected(DatabentoMbo, path)
    lines = w.reserve_day()
    for i in range(2, len(lines) - 1):
        w.write_lines(path, lines[:i] + lines[i + 1 :])
        assert detected(IndependentReserve, path)
    lines = w.bitstamp_day()
    for i, line in enumerate(lines):
        if i > 3 and ",created," in line:
            w.write_lines(path, lines[:i] + lines[i + 1 :])
            assert detected(Bitstamp, path)


def test_doubled_events_of_a_counted_channel_are_detected(tmp_path):
    lines = w.reserve_day()
    path = tmp_path / "file"
    for i, _ in enumerate(pairwise(lines[1:]), 1):
        w.write_lines(path, [*lines[: i + 1], lines[i], *lines[i + 1 :]])
        assert detected(IndependentReserve, path)
