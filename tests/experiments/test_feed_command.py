"""``firesale feed``: info, check, convert, by people and by machines."""

import gzip
import json
import os
import zipfile

import numpy as np
import pytest

import lob
from lob import tape
from lob.feeds import Books
from tests.experiments.command_line import fail, run
from tests.feeds import writers as w


@pytest.fixture
def itch(tmp_path):
    path = tmp_path / "day.bin"
    path.write_bytes(w.itch_file(w.itch_day()[0]))
    return path


@pytest.fixture
def damaged(tmp_path):
    path = tmp_path / "damaged.bin"
    path.write_bytes(w.itch_file([*w.itch_day()[0], w.delete(1, 10**12, 77)]))
    return path


def test_info_tells_what_is_in_a_file(itch):
    code, said = run("feed", "info", itch)
    assert code == 0
    for word in (
        "itch (order by order)",
        "records: ",
        "stock of locate code",
        "tick 0.0001",
        "ABC",
    ):
        assert word in said
    code, said = run("feed", "info", itch, "--json")
    told = json.loads(said)
    assert (code, told["format"], told["complete"], told["error"]) == (0, "itch", True, None)
    assert [one["name"] for one in told["instruments"]] == ["ABC", "XYZ"]
    assert told["records"]["A"] > 0
    assert told["faults"] == []


def test_check_exits_1_on_a_failed_check(itch, damaged):
    code, said = run("feed", "check", itch)
    assert code == 0
    assert "sound" in said
    code, said = run("feed", "check", damaged)
    assert code == 1
    assert "failed: 1 reference to an unknown order\n" in said
    code, said = run("feed", "check", damaged, "--json")
    assert code == 1
    assert json.loads(said)["unknown_ids"] == 1


def test_a_file_that_ends_early_is_told_as_far_as_it_goes(itch, capsys):
    itch.write_bytes(itch.read_bytes()[:-5])
    code, out, err = fail(capsys, "feed", "info", itch)
    assert code == 1
    assert "not read to its end" in out
    assert "ends within a message" in err
    code, out, err = fail(capsys, "feed", "check", itch, "--json")
    assert code == 1
    assert "ends within a message" in json.loads(out)["error"]


def test_convert_writes_the_tape(itch, tmp_path):
    out = tmp_path / "out.npy"
    code, said = run("feed", "convert", itch, out)
    assert code == 0
    rows = tape.read(out, lob.MESSAGE)
    assert f"{len(rows):,} messages" in said
    books = Books()
    books.apply(np.array(rows), np.ones(len(rows), bool))
    told = json.loads((tmp_path / "out.npy.json").read_text())
    assert told["schema"] == tape.SCHEMA
    assert (books.unknown_ids, books.live) == (0, told["live_orders"])
    assert told["messages"] == len(rows)


def test_convert_leaves_nothing_half_written(itch, tmp_path, capsys):
    itch.write_bytes(itch.read_bytes()[:-5])
    before = set(os.listdir(tmp_path))
    code, _, err = fail(capsys, "feed", "convert", itch, tmp_path / "out.npy")
    assert code == 1
    assert "ends within a message" in err
    assert set(os.listdir(tmp_path)) == before
    code, _, err = fail(capsys, "feed", "convert", itch, tmp_path / "out.parquet")
    assert code == 2
    assert "must end in .npy" in err
    code, _, err = fail(capsys, "feed", "convert", itch, tmp_path / "none" / "out.npy")
    assert code == 1
    assert "No such file" in err


def test_a_stock_a_tick_and_a_member_are_chosen(itch, tmp_path, capsys):
    _, said = run("feed", "info", itch, "--symbol", "XYZ", "--json")
    assert [one["name"] for one in json.loads(said)["instruments"]] == ["XYZ"]
    dbn = tmp_path / "day.dbn"
    dbn.write_bytes(w.dbn_file(w.dbn_day()))
    _, said = run("feed", "info", dbn, "--tick", "0.01", "--json")
    assert json.loads(said)["instruments"][0]["tick_size"] == "0.01"
    code, _, err = fail(capsys, "feed", "info", dbn, "--tick", "abc")
    assert (code, "tick_size must be a decimal number" in err) == (2, True)
    code, _, err = fail(capsys, "feed", "info", itch, "--tick", "0.01")
    assert (code, "has a tick of its own" in err) == (2, True)
    table = tmp_path / "table.csv"
    table.write_text("time_ms,side,price,size\n0,bid,99.5,10\n0,ask,100.5,12\n")
    tardis = tmp_path / "tardis.csv"
    tardis.write_text(
        "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
        "x,ABC,1600000000000000,1600000000000000,1,buy,100,1\n"
    )
    for path in (table, tardis):
        _, said = run("feed", "info", path, "--tick", "0.25", "--json")
        assert json.loads(said)["instruments"][0]["tick_size"] == "0.25"
    archive = tmp_path / "two.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(itch, "a.bin")
        file.write(dbn, "b.dbn")
    code, _, err = fail(capsys, "feed", "info", archive)
    assert (code, "holds 2 files, choose one" in err) == (1, True)
    _, said = run("feed", "info", archive, "--member", "b.dbn", "--json")
    assert json.loads(said)["format"] == "databento-mbo"


def test_a_folder_of_no_day_is_called_one(tmp_path, capsys):
    code, _, err = fail(capsys, "feed", "info", tmp_path)
    assert (code, "is a folder without" in err) == (1, True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "x: is empty"),
        (gzip.compress(b""), "there is nothing in it"),
        (b"hello\nworld\n", "no format that is known"),
        (b"when,px\n1,2\n", "read as a table, with a map"),
        (b"PK\5\6" + bytes(18), "is a zip without files"),
        (b"DBN\x09" + bytes(60), "DBN version must be 1 to 3, got 9"),
    ],
)
def test_what_is_no_feed_is_refused(tmp_path, capsys, content, said):
    path = tmp_path / "x"
    path.write_bytes(content)
    code, out, err = fail(capsys, "feed", "info", path, "--json")
    assert code == 1
    assert said in err
    assert json.loads(out)["exit_code"] == 1
    code, _, err = fail(capsys, "feed", "info", path, "--format", "itch")
    assert code == 1
    code, _, err = fail(capsys, "feed", "info", path, "--format", "morse")
    assert (code, "--format must be one of" in err) == (2, True)
    code, _, err = fail(capsys, "feed", "info", tmp_path / "none")
    assert (code, "no such file" in err) == (2, True)
