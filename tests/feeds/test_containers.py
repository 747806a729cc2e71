"""Packed files: opened by their bytes, streamed, and refused where they are traps."""

import bz2
import gzip
import json
import lzma
import os
import random
import zipfile
import zlib

import pyarrow as pa
import pytest

from lob.feeds import FeedError, containers, open_feed
from lob.feeds.containers import blocks_of_lines, members, open_source

TEXT = b"".join(b"line %d of a file\n" % i for i in range(50_000))
PACKED = {
    "plain": lambda data: data,
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}


def read_all(path, member=None, size=10_000):
    with open_source(path, member) as source:
        parts = []
        while part := source.read(size):
            parts.append(part)
        return b"".join(parts), source


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("in_zip", [False, True])
def test_every_packing_is_unpacked_whatever_its_name(tmp_path, kind, in_zip):
    path = tmp_path / "file.bin"
    data = PACKED[kind](TEXT)
    if in_zip:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.csv", data)
            archive.writestr("__MACOSX/._inner.csv", b"junk")
    else:
        path.write_bytes(data)
    found, source = read_all(path)
    assert found == TEXT
    assert source.offset == len(TEXT)
    assert source.packing == (("zip",) if in_zip else ()) + ((kind,) if kind != "plain" else ())
    assert source.name == (f"{path}/inner.csv" if in_zip else str(path))


def test_several_gz_and_zst_frames_are_one_file(tmp_path):
    path = tmp_path / "x"
    for kind in ("gz", "zst", "xz"):
        path.write_bytes(PACKED[kind](TEXT) + PACKED[kind](b"more\n"))
        assert read_all(path)[0] == TEXT + b"more\n"


@pytest.mark.parametrize("kind", ["gz", "xz", "zst"])
def test_a_cut_or_damaged_file_is_a_feed_error(tmp_path, kind):
    path = tmp_path / "x"
    data = PACKED[kind](TEXT)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(FeedError, match="cannot be unpacked") as error:
        read_all(path)
    assert error.value.offset is not None
    if kind == "zst":  # this one has no checksum: damage may go unseen
        return
    broken = bytearray(data)
    for at in range(len(data) // 3, len(data) // 3 + 40):
        broken[at] ^= 0xFF
    path.write_bytes(broken)
    with pytest.raises(FeedError, match="cannot be unpacked"):
        read_all(path)


def zip_of(path, entries, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data, **options)
    return path


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_what_stands_before_a_cut_is_read(tmp_path, kind):
    random_ = random.Random(1)
    text = b"".join(b"%d\n" % random_.randrange(10**9) for _ in range(100_000))
    packed = PACKED[kind](text)
    path = tmp_path / "file"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(FeedError, match="fetch it again") as caught:
        read_all(path)
    # A frame of zst is unpacked by blocks of 128 KiB.
    assert abs(caught.value.offset - len(text) / 2) < len(text) / 10 + 2**17


def test_a_member_is_chosen(tmp_path):
    path = zip_of(tmp_path / "z", [("a.csv", b"1"), ("b/c.csv", b"2")])
    assert members(path) == ["a.csv", "b/c.csv"]
    with pytest.raises(FeedError, match="holds 2 files, choose one"):
        open_source(path)
    assert read_all(path, "b/c.csv")[0] == b"2"
    with pytest.raises(FeedError, match=r"has no member 'x'; it has a\.csv"):
        open_source(path, "x")
    plain = tmp_path / "plain"
    plain.write_bytes(b"12")
    with pytest.raises(FeedError, match="is not a zip"):
        open_source(plain, "a.csv")
    assert members(plain) == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path):
    path = zip_of(tmp_path / "z", [("a.csv", b"1"), ("a.csv", b"2")])
    with pytest.raises(FeedError, match=r"two members called 'a\.csv'"):
        open_source(path)


def patched(path, marks, change):
    """Change a field of the local and the central header of the one member."""
    data = bytearray(path.read_bytes())
    for mark, offset in marks:
        change(data, data.index(mark) + offset)
    path.write_bytes(data)
    return path


def test_an_encrypted_or_unknown_member_is_refused(tmp_path):
    def encrypt(data, at):
        data[at] |= 1

    path = patched(
        zip_of(tmp_path / "z", [("a", b"1" * 50)]), [(b"PK\3\4", 6), (b"PK\1\2", 8)], encrypt
    )
    with pytest.raises(FeedError, match="is encrypted"):
        read_all(path)

    def unknown(data, at):
        data[at] = 97

    path = patched(
        zip_of(tmp_path / "z", [("a", b"1" * 50)]), [(b"PK\3\4", 8), (b"PK\1\2", 10)], unknown
    )
    with pytest.raises(FeedError, match="cannot be"):
        read_all(path)


def test_a_declared_size_is_not_believed(tmp_path):
    def huge(data, at):
        data[at : at + 4] = b"\xfe\xff\xff\xff"

    path = patched(
        zip_of(tmp_path / "z", [("a", b"1" * 50)]), [(b"PK\3\4", 22), (b"PK\1\2", 24)], huge
    )
    try:
        assert read_all(path)[0] == b"1" * 50
    except FeedError as error:
        assert "cannot be" in str(error)  # noqa: PT017


@pytest.mark.parametrize("kind", ["gz", "xz", "zst"])
def test_a_bomb_is_refused_in_bounded_memory(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(containers, "BELOW_IS_FINE", 2**22)
    path = tmp_path / "bomb"
    path.write_bytes(PACKED[kind](bytes(2**24)))
    with pytest.raises(FeedError, match="unpacks to more than") as error:
        read_all(path)
    assert error.value.offset < 2**23


def test_what_is_no_regular_file_is_refused(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(FeedError, match="not a regular file"):
        open_source(fifo)
    with pytest.raises(FeedError, match="is a folder"):
        open_source(tmp_path)
    with pytest.raises(FeedError, match="No such file"):
        open_source(tmp_path / "nothing")
    with pytest.raises(FeedError):
        open_source("nul\0byte")


def test_blocks_hold_whole_lines_without_the_mark(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT + b"no end")
    with open_source(path) as source:
        blocks = list(blocks_of_lines(source, 1000))
    assert all(block.endswith(b"\n") for block in blocks[:-1])
    assert b"".join(blocks) == TEXT + b"no end"


def test_a_line_without_an_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "MAX_LINE", 5000)
    path = tmp_path / "text"
    path.write_bytes(b"one\ntwo\n" + b"x" * 20_000)
    with open_source(path) as source, pytest.raises(FeedError, match="no end") as error:
        list(blocks_of_lines(source, 1000))
    assert error.value.line == 3


def test_other_packings_are_plain_bytes(tmp_path):
    path = tmp_path / "x"
    for data in (bz2.compress(TEXT), zlib.compress(TEXT)):
        path.write_bytes(data)
        assert read_all(path)[0] == data


@pytest.mark.parametrize(
    ("value", "indent", "hint"),
    [({"a": [1]}, 2, True), ([{"a": 1}], 1, True), ({"a": 1}, None, False)],
)
def test_json_over_several_lines_is_told_from_the_unknown(tmp_path, value, indent, hint):
    path = tmp_path / "capture.json"
    path.write_text(json.dumps(value, indent=indent) + "\n")
    with pytest.raises(FeedError) as caught:
        open_feed(path)
    assert ("one record a line" in str(caught.value)) == hint
