"""Names of files and folders are shown and used as they are: no markup, no pictures, no servers."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from experiments.commands import cli
from experiments.contest.compare import hold_contest
from experiments.contest.designs import parse_designs
from experiments.runs.store import RunStore
from experiments.scenario.read import read_scenario
from tests.feeds import files
from tests.small_scenarios import SPIRAL

NAME = ":boom:[red]x"
ROW = "1000100,100,1000000,500"
SMALL = {
    "populations.0.count": 5,
    "populations.0.equity": 100_000,
    "seconds": 1.5,
    "horizon": 0.5,
    "shocks.0.at": 0.5,
    "instruments.0.background.window": 1_000,
    "shocks.0.lots": 100,
}


def told(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        cli.main([str(one) for one in arguments])
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


@pytest.fixture
def day(tmp_path, monkeypatch):
    """A day whose instrument is called oddly, in a folder that is called oddly."""
    folder = tmp_path / NAME
    monkeypatch.setattr(files, "MESSAGE", files.MESSAGE.replace("TEST", NAME))
    monkeypatch.setattr(files, "ORDERBOOK", files.ORDERBOOK.replace("TEST", NAME))
    files.write_pair(folder, ["34200.1,1,11,100,1000100,-1", "57599,1,13,50,999900,1"], [ROW] * 2)
    monkeypatch.chdir(tmp_path)
    return NAME


def test_a_day_and_a_folder_keep_their_names(day, capsys, tmp_path):
    out = f"out{NAME}"
    code, said, err = told(
        capsys, "replay", f"./{day}", "--sell", "5", "--at", "10:00:00", "--out", out
    )
    assert code == 0, err
    assert f"{NAME}: interactive replay" in said
    assert str(tmp_path / out / "report.html") in said
    assert (tmp_path / out / "full" / "quotes.parquet").is_file()
    assert json.loads((tmp_path / out / "report.json").read_text())["feed"]["instrument"] == NAME


def test_a_market_and_a_contest_go_to_such_a_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert told(capsys, "run", "poisson", "--minutes", "1", "--out", "a:b")[0] == 0
    assert (tmp_path / "a:b" / "events.parquet").is_file()
    scenario = read_scenario(SPIRAL, SMALL)
    store = RunStore(Path("c:d"))
    hold_contest(scenario, parse_designs("market-sale"), [1, 2], store=store, workers=1)
    assert len(store.read()) == 2
    assert len(list((tmp_path / "c:d" / "runs").glob("*.parquet"))) == 1


def test_what_is_under_way_is_told_as_it_is(monkeypatch):
    from experiments.commands import console

    class Terminal(StringIO):
        def isatty(self):
            return True

    seen = Terminal()
    monkeypatch.setattr("sys.stderr", seen)
    monkeypatch.setattr(
        "rich.console.Console",
        lambda **options: Console(file=seen, force_terminal=True, width=120, **{
            key: value for key, value in options.items() if key != "stderr"
        }),
    )  # fmt: skip
    with console.progress(False, 1) as tell:
        tell(f"a shock of 1 in {NAME}")
    assert f"a shock of 1 in {NAME}" in seen.getvalue()
