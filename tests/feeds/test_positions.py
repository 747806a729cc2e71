"""Snapshots of positions: what is read, and what is refused row by row."""

import numpy as np
import pytest

from lob.feeds.positions import Positions, PositionsError, read_positions, write_positions


def some(count=5):
    random = np.random.default_rng(1)
    return Positions(
        random.integers(1, 100, count) * random.choice([-1, 1], count),
        random.integers(1, 10_000, count),
        random.integers(0, 10**6, count),
        np.array([f"a{i}" for i in range(count)], object),
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_is_written_is_read_back(tmp_path, suffix):
    path = tmp_path / f"snapshot.{suffix}"
    write_positions(path, some())
    found = read_positions(path)
    for field in ("positions", "entry_prices", "margin"):
        assert getattr(found, field).tolist() == getattr(some(), field).tolist()
    assert found.accounts.tolist() == some().accounts.tolist()
    assert found.rejected == ()


def test_side_size_and_leverage_will_do(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("side,size,entry,leverage\nlong,3,100,7\nSHORT,2,50,2.5\n")
    found = read_positions(path, multiplier=10)
    assert found.positions.tolist() == [3, -2]
    assert found.margin.tolist() == [429, 400]  # 3,000 / 7 is rounded up
    assert found.accounts is None


BAD = """account,position,entry,margin
a,1,100,10
b,0,100,10
c,x,100,10
d,1,0,10
e,1,100.5,10
f,1,100,-1
a,1,100,10
g,99999999999999999999,100,10
h,,100,10
i,1,100,10
j,4611686018427387903,1099511627776,10
"""


def test_every_bad_row_is_named(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(BAD)
    with pytest.raises(PositionsError) as caught:
        read_positions(path)
    said = str(caught.value)
    for part in (
        "line 3: position must not be 0, got '0'",
        "line 4: position must be a whole number",
        "got 'x'",
        "line 5: entry",
        "line 6: entry",
        "line 7: margin",
        "line 8: account must not repeat, got 'a'",
        "line 9: position",
        "line 10: position",
        "line 12: the notional must be below 2**61",
    ):
        assert part in said, part
    found = read_positions(path, bad="skip")
    assert found.accounts.tolist() == ["a", "i"]
    assert len(found.rejected) >= 9


def test_only_the_first_mistakes_are_shown(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("position,entry,margin\n" + "0,1,1\n" * 100)
    with pytest.raises(PositionsError, match="100 bad rows") as caught:
        read_positions(path)
    assert "... and 80 more" in str(caught.value)
    assert len(caught.value.mistakes) == 100


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.csv", "position,entry\n1,2\n", "column leverage is missing"),
        ("a.csv", "position,entry,margin\n", "no rows"),
        ("a.csv", "position,entry,margin\n1,2\n", "not a whole .csv file"),
        ("a.parquet", "this is no table", "not a whole .parquet file"),
        ("a.txt", "", "ends in .csv or .parquet"),
    ],
)
def test_what_is_no_snapshot_is_refused(tmp_path, name, content, match):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ValueError, match=match):
        read_positions(path)


def test_a_million_rows(tmp_path):
    count = 1_000_000
    path = tmp_path / "many.parquet"
    write_positions(path, Positions(*(np.arange(1, count + 1) for _ in range(3)), None))
    assert len(read_positions(path)) == count
