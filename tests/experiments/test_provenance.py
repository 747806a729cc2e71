"""What made an answer is in its JSON, and errors keep their lines wherever they go."""

import json
import os
import subprocess
import sys

import pytest

import lob
from experiments.commands import cli
from experiments.contest.going_on import going_on
from experiments.markets import MARKETS
from experiments.scenario.read import read_scenario, ready_scenarios
from tests.small_scenarios import SPIRAL as FILE

SMALL = {
    "populations.0.count": 5,
    "populations.0.equity": 100_000,
    "seconds": 1.5,
    "horizon": 0.5,
    "shocks.0.at": 0.5,
    "instruments.0.background.window": 1_000,
    "shocks.0.lots": 100,
}
SETTINGS = [f"--set={key}={value}" for key, value in SMALL.items()]
SPIRAL = [FILE, *SETTINGS]
TABLE = "time_ms,price,size,side\n1,2,3,bid\n2,3,1,ask\n"


def told(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        cli.main([str(one) for one in arguments])
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


def asked(capsys, *arguments):
    code, out, err = told(capsys, *arguments, "--json")
    assert code == 0, err
    said = json.loads(out)
    assert (said[0] if isinstance(said, list) else said)["firesale"] == lob.__version__
    return said


# ---------------------------------------------------------------- provenance


@pytest.mark.parametrize(
    ("command", "seeds"),
    [
        (["run", *SPIRAL, "--seeds", "1", "--seed", "7"], [7]),
        (
            ["compare", *SPIRAL, "--designs", "market-sale", "--seeds", "2", "--workers", "1"],
            [1, 2],
        ),
        (["stress", *SPIRAL, "--seeds", "1", "--most", "1", "--steps", "1"], [1]),
        (
            ["stress", *SPIRAL, "--phase", "--seeds", "1", "--leverage=2", "--depth=1",
             "--workers", "1"],
            [1],
        ),
    ],
    ids=["run", "compare", "stress", "phase"],
)  # fmt: skip
def test_the_answer_of_a_scenario_holds_all_of_it(capsys, command, seeds):
    said = asked(capsys, *command)
    assert said["scenario"] == "deleveraging-spiral"
    assert said["seeds"] == seeds
    scenario = read_scenario(FILE, SMALL)
    if command[0] == "compare":
        scenario = going_on(scenario)
    # With it the run comes again: what was not given is there with its value.
    assert read_scenario(said["resolved"]) == scenario
    assert said["resolved"]["clearings"][0]["liquidation_fee"] == 0


@pytest.mark.parametrize("market", ["poisson", "zero-intelligence"])
def test_the_answer_of_a_market_holds_all_of_it(capsys, market):
    said = asked(capsys, "run", market, "--minutes", "1", "--seed", "3")
    assert (said["market"], said["seed"], said["seeds"], said["minutes"]) == (market, 3, [3], 1)
    options = said["resolved"]
    assert options
    again = MARKETS[market](3, **options)
    again.run(until=again.now + 60 * 10**9)
    assert again.digest() == said["digest"]
    name = next(key for key, value in options.items() if isinstance(value, int | float))
    other = asked(
        capsys, "run", market, "--minutes", "0", "--set", f"{name}={2 * options[name] or 3}"
    )
    assert other["resolved"] == {**options, name: 2 * options[name] or 3}


def test_the_answers_about_files_hold_the_version(capsys, day_folder, tmp_path):
    table = tmp_path / "book.csv"
    table.write_text(TABLE)
    snapshot = tmp_path / "longs.csv"
    snapshot.write_text("position,entry,margin\n100,10000,200000\n")
    asked(capsys, "replay", day_folder)
    asked(capsys, "feed", "info", table)
    asked(capsys, "feed", "check", table)
    asked(capsys, "feed", "convert", table, tmp_path / "tape.npy")
    met = json.loads((tmp_path / "tape.npy.json").read_text())
    assert met["firesale"] == lob.__version__
    asked(capsys, "positions", "info", snapshot)
    asked(capsys, "diff", tmp_path / "tape.npy", tmp_path / "tape.npy")
    asked(capsys, "validate", "roll")


def test_without_a_name_run_lists_what_there_is(capsys):
    said = asked(capsys, "run")
    names = [(one["kind"], one["name"]) for one in said["ready"]]
    assert names == [
        *(("scenario", one) for one in ready_scenarios()),
        *(("market", one) for one in MARKETS),
    ]
    assert all(one["question"] for one in said["ready"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete(shell):
    told_by_shell = {
        "bash": {"COMP_WORDS": "firesale ru", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "firesale ru"},
        "fish": {"_TYPER_COMPLETE_ARGS": "firesale ru", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    code = "from experiments.commands.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"_FIRESALE_COMPLETE": f"complete_{shell}"} | told_by_shell,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "run" in done.stdout


# ---------------------------------------------------------------- errors


def test_each_mistake_has_its_line_however_narrow_it_is(tmp_path):
    wrong = ["--set=populations.0.cuont=3", "--set=sedonds=3", "--set=shocks.0.lost=3"]
    command = [sys.executable, "-m", "firesale", "run", *SPIRAL, *wrong]
    done = subprocess.run(
        command, env=os.environ | {"COLUMNS": "20"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"firesale: {FILE}: 3 mistakes",
        "  populations.0.cuont: no key is called 'cuont' here: did you mean count?",
        "  shocks.0.lost: no key is called 'lost' here: did you mean lots?",
        "  sedonds: no key is called 'sedonds' here: did you mean seconds?",
    ]


def test_one_mistake_is_one_line(capsys):
    code, _, err = told(capsys, "run", *SPIRAL, "--set=populations.0.cuont=3")
    assert (code, err) == (
        2,
        f"firesale: {FILE}: 1 mistake: populations.0.cuont: no key is called 'cuont' "
        "here: did you mean count?\n",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "poisson", "--set", "prise=3"], 2, "poisson: no parameter is called 'prise': did"),
        (["run", "poisson", "--set", "seed=3"], 2, "poisson: no parameter is called 'seed': did"),
        (["impact", "poisson", "--sell", "1", "--set", "prise=3"], 2, "did you mean price?"),
        (["run", "poisson", "--minutes", "inf"], 2, "'--minutes'"),
        (["run", "poisson", "--minutes", "1e12"], 2, "'--minutes'"),
        (["run", "poisson", "--minutes", "nan"], 2, "'--minutes'"),
        (["run", "nowhere.toml"], 2, "no scenario or market is called 'nowhere.toml'"),
        (["compare", "nowhere.toml"], 2, "no scenario is called 'nowhere.toml'"),
        (["stress", "nowhere.toml"], 2, "no scenario is called 'nowhere.toml'"),
        (["diff", "no.npy", "no.npy"], 2, "no.npy: no such file or folder"),
        (["positions", "info", "no.csv"], 2, "no.csv: no such file or folder"),
        (["feed", "info", "no.zip"], 2, "no.zip: no such file or folder"),
        (["feed", "convert", "no.zip", "x.npy"], 2, "no.zip: no such file or folder"),
        (["replay", "no.zip"], 2, "no.zip: no such file or folder"),
        (["run", *SPIRAL, "--set=populations.0.count=2000000000"], 2, "must be at most"),
        (["run", *SPIRAL, "--set=populations.0.file=no.csv"], 2, "there is no file 'no.csv'"),
        (["compare", *SPIRAL, "--designs", "dutch(stpe=3)"], 2, "did you mean step?"),
        (["compare", *SPIRAL, "--designs", "frozen"], 2, "takes part always"),
    ],
)
def test_what_is_wrong_is_one_line(capsys, tmp_path, monkeypatch, arguments, code, said):
    monkeypatch.chdir(tmp_path)
    ended, out, err = told(capsys, *arguments)
    assert (ended, out) == (code, "")
    assert err.count("\n") == 1
    assert said in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("time_ms,price,size,sid", "has no column side; accepted are symbol, side, price, size, "),
        ("when,price,size,side", "has no column of the time, such as time_ms; accepted are "),
        ("time_ms,time_s,price,size,side", "several columns of the time, 'time_s' and 'time_ms'"),
    ],
)
def test_headers_that_are_others_are_told_with_what_is_accepted(tmp_path, capsys, header, said):
    table = tmp_path / "book.csv"
    table.write_text(f"{header}\n1,2,3,bid\n")
    code, _, err = told(capsys, "feed", "info", table, "--format", "table")
    assert code == 1
    assert said in err
    if "no column" in said:
        assert f"it has {', '.join(map(repr, header.split(',')))}" in err


def test_a_snapshot_with_other_headers_is_told_what_is_accepted(tmp_path, capsys):
    snapshot = tmp_path / "longs.csv"
    snapshot.write_text("a,b\n1,2\n")
    code, _, err = told(capsys, "positions", "info", snapshot)
    assert code == 1
    assert "position, signed, or size and side; entry; margin or leverage. It has 'a', 'b'" in err


def test_a_fault_of_our_own_is_one_line_and_one_object(capsys, monkeypatch):
    def broken(*arguments, **options):
        raise RuntimeError("no luck")

    monkeypatch.setitem(MARKETS, "poisson", broken)
    code, out, err = told(capsys, "run", "poisson", "--minutes", "1", "--json")
    assert code == 1
    said = json.loads(out)
    assert said["error"] == "a fault in firesale, please report it: RuntimeError: no luck"
    assert "in broken" in said["trace"]
    assert err.splitlines()[0] == f"firesale: {said['error']}"
