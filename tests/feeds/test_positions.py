"""Snapshots of positions: what is read, and what is refused row by row."""

import gzip
import json
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from experiments.commands.cli import main
from lob import Instrument
from lob.feeds.errors import FeedError
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
        (
            "a.csv",
            "position,entry\n1,2\n",
            "missing: margin or leverage. It has 'position', 'entry'",
        ),
        ("a.csv", "qty,price\n1,2\n", "size and side; entry; margin or leverage. It has 'qty', 'p"),
        ("a.csv", "position,entry,margin\n", "no rows"),
        ("a.csv", "position,entry,margin\n1,2\n", "1 bad row.*\n.*line 2: 3 cells"),
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


def refused(path):
    with pytest.raises(PositionsError) as caught:
        read_positions(path)
    return caught.value.mistakes


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_lines_are_counted_through_blank_and_ragged_ones(tmp_path, ends):
    path = tmp_path / "s.csv"
    rows = [
        "",
        "position,entry,margin",
        "1,100,10",
        "",
        "1,100",
        "1,100,10,9",
        "x,100,10",
        " ",
        "5,5,5",
    ]
    path.write_bytes(ends.join(rows).encode())
    assert refused(path) == (
        "line 5: 3 cells are expected, got 2: '1,100'",
        "line 6: 3 cells are expected, got 4: '1,100,10,9'",
        f"line 7: position must be a whole number from {-(2**62 - 1)} to {2**62 - 1}, got 'x'",
    )
    assert read_positions(path, bad="skip").positions.tolist() == [1, 5]


def test_a_packed_snapshot_with_a_mark_is_read(tmp_path):
    text = "\ufeffposition,entry,margin\r\n3,100,10\r\n"
    path = tmp_path / "s.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert read_positions(path).positions.tolist() == [3]


def test_columns_that_contradict_each_other_are_refused(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text(
        "position,size,side,entry,margin,leverage\n"
        "3,3,long,100,30,10\n"
        "3,3,short,100,30,10\n"
        "-3,3,short,100,31,10\n"
    )
    assert refused(path) == (
        "line 3: position contradicts size and side, got '3'",
        "line 4: leverage contradicts margin, which should be the notional over it, rounded up, "
        "got '10'",
    )


@pytest.mark.parametrize(
    "cell", ["7_32", "1e9999999", "0x10", "\u0661", "9" * 200_000, "nan", "-0.5"]
)
def test_a_cell_that_is_no_whole_number_is_one_bad_row(tmp_path, cell):
    path = tmp_path / "s.csv"
    path.write_text(f"position,entry,margin\n{cell},100,10\n1,100,10\n", encoding="utf-8")
    (mistake,) = refused(path)
    assert mistake.startswith("line 2: position must be a whole number")
    assert len(mistake) < 200


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pa.array([[1]]), "holds list<"),
        (pa.array([{"a": 1}]), "holds struct<a: int64>, not numbers"),
        (pa.array([2**63], pa.uint64()), "position must be a whole number"),
    ],
)  # fmt: skip
def test_columns_of_other_types_are_refused(tmp_path, column, said):
    path = tmp_path / "s.parquet"
    parquet.write_table(pa.table({"position": column, "entry": [1], "margin": [1]}), path)
    with pytest.raises(FeedError, match=re.escape(said)):
        read_positions(path)


def test_a_tiny_leverage_is_one_bad_row(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text(f"position,entry,leverage\n{2**40},{2**20},0.000001\n")
    assert "the leverage makes a margin above" in refused(path)[0]


PERP = """who,coin,sz,px,eq
a,BTC,0.5,60000.5,1000.25
a,ETH,-2,2500,100
b,BTC,-0.125,59999,0.001
"""
PERP_MAP = {
    "account": "who",
    "instrument": "coin",
    "position": {"column": "sz", "unit": "base"},
    "entry": {"column": "px", "unit": "quote"},
    "margin": {"column": "eq", "unit": "quote"},
}


def test_real_units_of_several_instruments_become_steps_of_one_cash(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text(PERP)
    found = read_positions(path, columns=PERP_MAP)
    btc, eth = found.scales
    assert (btc.name, btc.tick_size, btc.lot_size) == ("BTC", Decimal("0.1"), Decimal("0.001"))
    assert (eth.name, eth.tick_size, eth.lot_size) == ("ETH", Decimal(1), Decimal(1))
    assert btc.cash_unit == eth.cash_unit == Fraction(1, 10_000)
    assert found.positions.tolist() == [500, -2, -125]
    assert found.entry_prices.tolist() == [600_005, 2_500, 599_990]
    assert found.margin.tolist() == [10_002_500, 1_000_000, 10]
    assert found.instruments.tolist() == ["BTC", "ETH", "BTC"]
    assert found.notes == ("1 time the margin is below 1/1,000 of the notional, first line 4",)


def test_given_instruments_round_in_a_stated_direction(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("position,entry,margin\n0.57,100.26,3.999\n-0.57,100.25,1\n0.04,100,1\n")
    perp = Instrument("X", Decimal("0.1"), Decimal("0.1"), base="X", quote="USD")
    columns = {name: {"column": name, "unit": "quote"} for name in ("entry", "margin")}
    columns["position"] = {"column": "position", "unit": "base"}
    found = read_positions(path, columns=columns, instruments=perp, bad="skip")
    assert found.positions.tolist() == [5, -5]
    assert found.entry_prices.tolist() == [1003, 1002]
    assert found.margin.tolist() == [399, 100]
    assert found.rejected == ("line 4: position must not be 0, got '0.04'",)
    assert len(found.notes) == 3


LENDING = "user,coll,owed,lt,hf\na,100,80,8300,1.0375\nb,50,0,8300,9\n"


@pytest.mark.parametrize("by", ["threshold", "health_factor"])
def test_the_lending_form_by_threshold_or_by_health_factor(tmp_path, by):
    path = tmp_path / "s.csv"
    path.write_text(LENDING if by == "threshold" else LENDING.replace("b,50,0", "b,50,4.61111"))
    columns = {
        "account": "user",
        "collateral": {"column": "coll", "unit": "base"},
        "debt": {"column": "owed", "unit": "quote"},
    }
    if by == "threshold":
        columns["threshold"] = {"column": "lt", "unit": "bps"}
    else:
        columns["health_factor"] = "hf"
        with pytest.raises(FeedError, match="give the price of the collateral"):
            read_positions(path, columns=columns)
    found = read_positions(path, columns=columns, price=Decimal(1))
    assert found.entry_prices is None
    assert found.thresholds.tolist() == [830_000, 830_000 if by == "threshold" else 829_999]
    scale = found.scales[0]
    assert [scale.to_size(int(lots)) for lots in found.positions] == [100, 50]
    assert found.margin[0] * scale.cash_unit == -80


def test_an_account_may_have_several_instruments_but_each_once(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text(PERP + "a,BTC,1,1,1\n")
    with pytest.raises(PositionsError, match="line 5: account must not repeat with one instrument"):
        read_positions(path, columns=PERP_MAP)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"colour": "x"}, "no field is called 'colour': there are account, instrument"),
        ({"position": 3}, "position must be the name of a column, or { column"),
        ({"entry": {"column": "px", "unit": "base"}}, "unit of entry must be one of quote; got"),
        ({"entry": "nowhere"}, "no column is called 'nowhere'"),
    ],
)
def test_a_wrong_map_is_refused(tmp_path, columns, said):
    path = tmp_path / "s.csv"
    path.write_text(PERP)
    with pytest.raises(FeedError, match=re.escape(said)):
        read_positions(path, columns=PERP_MAP | columns)


FAR = {
    "instrument": "coin",
    "position": {"column": "held", "unit": "base"},
    "entry": {"column": "paid", "unit": "quote"},
    "margin": {"column": "own", "unit": "quote"},
}


def test_a_number_beyond_all_steps_is_one_bad_row(tmp_path):
    path = tmp_path / "s.csv"
    rows = ["BTC,0.5,100.5,5", "BTC,1e30,100,5", "BTC,1,1e16,5", "ETH,2,0.25,5"]
    path.write_text("coin,held,paid,own\n" + "\n".join(rows))
    found = read_positions(path, columns=FAR, bad="skip")
    assert found.rejected == (
        "line 3: position has too many steps, got '1e30'",
        "line 4: entry has too many steps, got '1e16'",
    )
    assert [str(one.lot_size) for one in found.scales] == ["0.1", "1"]
    assert found.positions.tolist() == [5, 2]


def test_instruments_far_apart_share_a_unit_of_cash(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("coin,held,paid,own\nBIG,3,1000,1\nTINY,0.00001,0.000000001,0\n")
    found = read_positions(path, columns=FAR)
    big, tiny = found.scales
    assert big.cash_unit == tiny.cash_unit
    assert [big.to_size(int(found.positions[0])), tiny.to_size(int(found.positions[1]))] == [
        Decimal(3),
        Decimal("0.00001"),
    ]


def test_a_position_too_large_beside_a_tiny_one_is_one_bad_row(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("coin,held,paid,own\nBIG,4000000000000000000,1,1\nTINY,1e-9,0.000000001,0\n")
    found = read_positions(path, columns=FAR, bad="skip")
    assert found.rejected == ("line 2: position has too many steps, got '4000000000000000000'",)
    assert found.positions.tolist() == [1]


def test_the_command_tells_and_refuses(tmp_path, capsys):
    path, columns = tmp_path / "s.csv", tmp_path / "map.toml"
    path.write_text(PERP + "c,ETH,x,1,1\n")
    lines = [f'{key} = "{value}"' for key, value in PERP_MAP.items() if isinstance(value, str)]
    for key, value in PERP_MAP.items():
        if isinstance(value, dict):
            lines.append(f'{key} = {{ column = "{value["column"]}", unit = "{value["unit"]}" }}')
    columns.write_text("\n".join(lines))
    with pytest.raises(SystemExit) as caught:
        main(["positions", "info", str(path), "--map", str(columns), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert caught.value.code == 1
    assert told["positions"] == 3
    assert told["bad_rows"] == 1
    assert told["first_bad_rows"] == ["line 5: position must be a decimal number, got 'x'"]
    assert [one["instrument"] for one in told["instruments"]] == ["BTC", "ETH"]
    with pytest.raises(SystemExit) as caught:
        main(["positions", "info", str(path), "--map", str(columns)])
    assert "bad rows: 1" in capsys.readouterr().out
