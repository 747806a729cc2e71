"""Tapes on disk come back to the byte, and what is not a tape is refused."""

import resource
import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

import lob
from lob import tape
from tests.examples import examples

LAYOUTS = [lob.MESSAGE, lob.EVENT, lob.QUOTE, lob.ORDER, lob.LEVEL]
SUFFIXES = ["parquet", "npy"]


def noise(layout, count, seed=0):
    """Rows of any bytes at all: a tape keeps even what no market would say."""
    drawn = np.random.default_rng(seed).bytes(count * layout.itemsize)
    return np.frombuffer(drawn, layout).copy()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count", [0, 1, 10_001])
def test_a_tape_comes_back_to_the_byte(tmp_path, suffix, layout, count):
    rows = noise(layout, count)
    path = tmp_path / f"rows.{suffix}"
    tape.write(path, rows)
    back = tape.read(path, layout)
    assert back.dtype == layout
    assert back.tobytes() == rows.tobytes()
    assert tape.digest(back) == tape.digest(rows)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_rows_with_gaps_between_them_are_written_too(tmp_path, suffix):
    rows = noise(lob.EVENT, 100)[::3]
    tape.write(tmp_path / f"rows.{suffix}", rows)
    assert tape.read(tmp_path / f"rows.{suffix}").tobytes() == rows.tobytes()


@settings(max_examples=examples(30), deadline=None)
@given(data=st.binary(min_size=0, max_size=40 * lob.QUOTE.itemsize))
def test_any_bytes_survive_parquet(tmp_path_factory, data):
    whole = len(data) // lob.QUOTE.itemsize * lob.QUOTE.itemsize
    rows = np.frombuffer(data[:whole], lob.QUOTE)
    path = tmp_path_factory.mktemp("tape") / "rows.parquet"
    tape.write(path, rows)
    assert tape.read(path).tobytes() == rows.tobytes()


def test_a_mapped_tape_is_read_only(tmp_path):
    tape.write(tmp_path / "rows.npy", noise(lob.QUOTE, 5))
    mapped = tape.read(tmp_path / "rows.npy")
    assert isinstance(mapped, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        mapped["bid_price"] = 1


def test_parquet_is_readable_by_others_and_says_what_it_is(tmp_path):
    rows = noise(lob.EVENT, 7)
    tape.write(tmp_path / "rows.parquet", rows)
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.column_names == list(lob.EVENT.names)
    assert table.column("price").to_pylist() == rows["price"].tolist()
    assert table.schema.metadata[b"firesale.layout"] == b"EVENT"
    assert table.schema.metadata[b"firesale.version"] == lob.__version__.encode()
    assert table.schema.metadata[b"firesale.schema"] == str(tape.SCHEMA).encode()


def test_the_digest_is_of_the_bytes():
    rows = noise(lob.EVENT, 50)
    other = rows.copy()
    assert tape.digest(rows) == tape.digest(other)
    other["size"][49] ^= 1
    assert tape.digest(rows) != tape.digest(other)
    assert len(tape.digest(rows[:0])) == 32


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_another_layout_than_needed_is_refused(tmp_path, suffix):
    path = tmp_path / f"rows.{suffix}"
    tape.write(path, noise(lob.QUOTE, 3))
    with pytest.raises(ValueError, match=r"holds QUOTE rows where EVENT is needed"):
        tape.read(path, lob.EVENT)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_cut_file_is_refused_by_name(tmp_path, suffix):
    path = tmp_path / f"rows.{suffix}"
    tape.write(path, noise(lob.EVENT, 1000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=f"rows.{suffix}: not a whole"):
        tape.read(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", [b"", b"ticker,price\nAMZN,1\n"])
def test_a_file_of_another_kind_is_refused_by_name(tmp_path, suffix, content):
    path = tmp_path / f"rows.{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"rows.{suffix}: not a whole"):
        tape.read(path)


def test_foreign_parquet_is_refused(tmp_path):
    parquet.write_table(pa.table({"price": [1, 2]}), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet: not a tape: its metadata names no layout"):
        tape.read(tmp_path / "a.parquet")


def changed(path: Path, change) -> Path:
    tape.write(path, noise(lob.LEVEL, 4))
    table = parquet.read_table(path)
    parquet.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.drop_columns(["orders"]), r"not those of LEVEL \(orders\)"),
        (lambda table: table.append_column("more", table.column(0)), r"LEVEL \(more\)"),
        (lambda table: table.select(["size", "price", "orders"]), r"LEVEL \(order\)"),
        (
            lambda table: table.set_column(
                1, "size", table.column(1).cast(pa.float64(), safe=False)
            ),
            r"LEVEL \(size\)",
        ),
        (
            lambda table: table.set_column(1, "size", pa.array([1, None, 3, 4])),
            "column size has empty cells",
        ),
    ],
)
def test_columns_that_are_not_the_layouts_are_refused(tmp_path, change, said):
    path = changed(tmp_path / "levels.parquet", change)
    with pytest.raises(ValueError, match=said):
        tape.read(path)


@pytest.mark.parametrize(
    ("number", "said"),
    [(str(tape.SCHEMA + 1).encode(), f"schema {tape.SCHEMA + 1}"), (None, "no schema number")],
)
def test_another_schema_is_refused_by_name(tmp_path, number, said):
    path = tmp_path / "rows.parquet"
    tape.write(path, noise(lob.EVENT, 3))
    table = parquet.read_table(path)
    metadata = {**table.schema.metadata, b"firesale.version": b"0.0.7"}
    metadata.pop(b"firesale.schema", None)
    if number is not None:
        metadata[b"firesale.schema"] = number
    parquet.write_table(table.replace_schema_metadata(metadata), path)
    with pytest.raises(ValueError, match=r"rows\.parquet: a tape of") as refused:
        tape.read(path)
    assert f"a tape of {said}, written by Firesale 0.0.7" in str(refused.value)
    assert f"reads schema {tape.SCHEMA}: make the tape again" in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (lob.EVENT.descr[:-1], rf"EVENT in schema \d+ \({lob.EVENT.names[-1]}\)"),
        ([*lob.EVENT.descr, ("more", "<i8")], r"EVENT in schema \d+ \(more\)"),
        (lob.EVENT.descr[::-1], r"EVENT in schema \d+ \(order\)"),
    ],
)
def test_rows_with_other_fields_are_refused_by_the_fields(tmp_path, fields, said):
    np.save(tmp_path / "rows.npy", np.zeros(3, fields))
    with pytest.raises(ValueError, match=rf"rows\.npy: not a tape: .*{said}: make it again"):
        tape.read(tmp_path / "rows.npy")


def test_an_array_that_is_no_tape_is_refused_on_reading(tmp_path):
    np.save(tmp_path / "floats.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"floats\.npy: not a tape: a 1-d array of dtype float64"):
        tape.read(tmp_path / "floats.npy")


def test_reading_never_executes_code(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"objects\.npy"):
        tape.read(tmp_path / "objects.npy")


@pytest.mark.parametrize("thing", [[1, 2], np.zeros(3), np.zeros((2, 2), lob.EVENT)])
def test_what_is_no_tape_is_not_written(tmp_path, thing):
    with pytest.raises(TypeError, match="tape must be"):
        tape.write(tmp_path / "rows.parquet", thing)
    with pytest.raises(TypeError, match="tape must be"):
        tape.digest(thing)
    assert not list(tmp_path.iterdir())


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.parquet or \.npy"):
        tape.write(tmp_path / "rows.csv", noise(lob.EVENT, 1))
    with pytest.raises(ValueError, match=r"ends in \.parquet or \.npy"):
        tape.read(tmp_path / "rows.csv")


def test_a_missing_file_is_an_os_error(tmp_path):
    for suffix in SUFFIXES:
        with pytest.raises(FileNotFoundError):
            tape.read(tmp_path / f"nothing.{suffix}")


def test_a_tape_written_in_chunks_is_the_tape(tmp_path):
    whole = np.zeros(100_000, lob.EVENT)
    whole["seq"] = np.arange(len(whole))
    path = tmp_path / "events.npy"
    with tape.Writer(path, lob.EVENT) as writer:
        for chunk in np.array_split(whole, 7):
            writer.write(chunk)
    assert writer.rows == len(whole)
    assert tape.read(path).tobytes() == whole.tobytes()
    tape.write(tmp_path / "at_once.npy", whole)
    assert path.read_bytes() == (tmp_path / "at_once.npy").read_bytes()


def test_a_writer_refuses_other_rows_and_other_files(tmp_path):
    with pytest.raises(ValueError, match="npy"):
        tape.Writer(tmp_path / "events.parquet", lob.EVENT)
    with (
        tape.Writer(tmp_path / "events.npy", lob.EVENT) as writer,
        pytest.raises(TypeError, match="rows"),
    ):
        writer.write(np.zeros(1, lob.MESSAGE))


def test_a_tape_that_is_being_written_is_read_as_far_as_it_is_there(tmp_path):
    rows, path = noise(lob.EVENT, 1_000), tmp_path / "events.npy"
    writer = tape.Writer(path, lob.EVENT)
    assert len(writer.read()) == 0
    assert len(tape.read(path, unfinished=True)) == 0
    writer.write(rows[:300])
    writer.write(rows[300:700])
    assert writer.read().tobytes() == rows[:700].tobytes()
    assert tape.read(path, unfinished=True).tobytes() == rows[:700].tobytes()
    with pytest.raises(ValueError, match=r"700 rows where 0 rows are stated"):
        tape.read(path)
    held = writer.read()
    writer.write(rows[700:])
    writer.close()
    assert held.tobytes() == rows[:700].tobytes()
    assert tape.read(path).tobytes() == tape.read(path, unfinished=True).tobytes() == rows.tobytes()


@pytest.mark.parametrize("closed", [True, False])
def test_a_tape_cut_at_any_byte_is_readable_up_to_the_cut(tmp_path, closed):
    rows, path = noise(lob.QUOTE, 5), tmp_path / "quotes.npy"
    writer = tape.Writer(path, lob.QUOTE)
    writer.write(rows)
    if closed:
        writer.close()
    content = path.read_bytes()
    writer.close()
    start = len(content) - rows.nbytes
    for size in range(start, len(content) + (not closed)):
        path.write_bytes(content[:size])
        whole = (size - start) // lob.QUOTE.itemsize
        found = tape.read(path, unfinished=True)
        assert found.tobytes() == rows[:whole].tobytes()
        if closed or whole:
            with pytest.raises(ValueError, match="unfinished=True reads what is there"):
                tape.read(path)
    path.write_bytes(content[: start - 1])
    with pytest.raises(ValueError, match=r"quotes\.npy: not a whole"):
        tape.read(path, unfinished=True)


def test_a_full_disk_names_the_file_and_leaves_whole_rows(tmp_path):
    rows, path = noise(lob.EVENT, 1_000), tmp_path / "events.npy"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    was = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    writer = tape.Writer(path, lob.EVENT)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
        writer.write(rows[:400])
        with pytest.raises(OSError, match="File too large") as full:
            writer.write(rows[400:])
        writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, was)
    assert full.value.filename == str(path)
    found = tape.read(path)
    assert len(found) == writer.rows > 400
    assert found.tobytes() == rows[: len(found)].tobytes()
