"""A table of one's own through the command line, with a map, and with mistakes in it."""

import json

import pytest

from experiments.commands.cli import main

BOOK = "when,dir,px,qty\n1000,bid,99.5,10\n1000,ask,100.5,12\n2000,bid,99.5,0\n2000,bid,99.0,7\n"
MAP = 'time_ms = "when"\nside = "dir"\nprice = "px"\nsize = "qty"\n'


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(one) for one in arguments])
    return caught.value.code, capsys.readouterr()


def test_a_table_with_a_map_is_read_checked_and_converted(tmp_path, capsys):
    book, columns = tmp_path / "book.csv", tmp_path / "book.toml"
    book.write_text(BOOK)
    columns.write_text(MAP)
    code, said = run(capsys, "feed", "info", book, "--map", columns, "--json")
    told = json.loads(said.out)
    assert (code, told["messages"], told["instruments"][0]["tick_size"]) == (0, 4, "0.1")
    code, said = run(capsys, "feed", "check", book, "--map", columns)
    assert (code, "sound" in said.out) == (0, True)
    code, _ = run(capsys, "feed", "convert", book, tmp_path / "book.npy", "--map", columns)
    assert (code, (tmp_path / "book.npy").is_file()) == (0, True)


@pytest.mark.parametrize(
    ("content", "columns", "code", "said"),
    [
        (BOOK.replace("99.0", "x"), MAP, 1, "line 5"),
        (BOOK.replace("2000,bid,99.0,7", "2000,bid,99.0"), MAP, 1, "line 5"),
        (BOOK, MAP.replace("px", "price"), 1, "has no column price"),
        (BOOK, MAP + 'colour = "px"\n', 2, "columns must be of symbol"),
        (BOOK, "price = 3", 2, "each line must be fact"),
        (BOOK, "price", 2, "not TOML"),
    ],
)
def test_mistakes_are_one_line_that_says_where(tmp_path, capsys, content, columns, code, said):
    book, path = tmp_path / "book.csv", tmp_path / "book.toml"
    book.write_text(content)
    path.write_text(columns)
    found, printed = run(capsys, "feed", "info", book, "--map", path)
    assert found == code
    assert said in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("2024-01-01T00:00:00Z", ""),
        ('"2024-01-01 00:00:00.25"', ""),
        ("2024-01-01T00:00:00+01:00", "is no time"),
        ("2024-13-01T00:00:00", "is no time"),
    ],
)
def test_a_time_in_words_is_one_or_said_to_be_none(tmp_path, capsys, time, said):
    book, path = tmp_path / "book.csv", tmp_path / "book.toml"
    book.write_text(f"when,dir,px,qty\n{time},bid,99.5,10\n")
    path.write_text(MAP.replace("time_ms", "time_iso"))
    code, printed = run(capsys, "feed", "info", book, "--map", path)
    assert (code, said in printed.err) == (1 if said else 0, True)


def test_trades_alone_want_no_snapshot(tmp_path, capsys):
    trades, path = tmp_path / "trades.csv", tmp_path / "trades.toml"
    trades.write_text("when,px,qty\n1000,99.5,10\n")
    path.write_text('trades = true\ntime_ms = "when"\nprice = "px"\nsize = "qty"\n')
    _, printed = run(capsys, "feed", "info", trades, "--map", path, "--json")
    told = json.loads(printed.out)
    assert told["prints"] == 1
    assert not any("no snapshot" in note for note in told["notes"])
