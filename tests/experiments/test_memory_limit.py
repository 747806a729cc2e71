"""More memory than stated ends one run, as a row with its error, and no other."""

import json

import pytest
from typer.testing import CliRunner

import firesale as fs
from experiments.commands import cli
from experiments.runs.memory_limit import limited, parse_bytes
from tests.experiments.sweeping import short


@pytest.fixture
def scenario():
    return short().with_(**{"shocks.0.lots": 400, "seconds": 0.6, "horizon": 0.3})


def test_a_contest_goes_on_without_the_run(scenario, monkeypatch):
    from experiments.contest import trial

    real = trial.run_scenario

    def run(market, seed, *, design=None, **options):
        taken = bytearray(2 * 10**9) if design == "sliced" and seed == 2 else None
        found = real(market, seed, design=design, **options)
        del taken
        return found

    monkeypatch.setattr(trial, "run_scenario", run)
    study = fs.compare(scenario, ["market-sale", "sliced"], 3, workers=1, memory="1 GB")
    assert [(row["label"], row["seed"]) for row in study.failed] == [("sliced", 2)]
    assert study.failed[0]["error"].startswith("MemoryError: the run took more memory than it may")
    assert fs.compare(scenario, ["market-sale", "sliced"], 3, workers=1).failed == []


def test_a_spiral_goes_on_without_the_seed(scenario, monkeypatch):
    from experiments.studies import spiral

    real = spiral.run_scenario

    def run(market, seed, **options):
        taken = bytearray(2 * 10**9) if seed == 2 else None
        found = real(market, seed, **options)
        del taken
        return found

    monkeypatch.setattr(spiral, "run_scenario", run)
    study = fs.spiral(scenario, 3, workers=1, memory="1 GB")
    assert study.seeds == (1, 3)
    assert "the run took more memory than it may" in study.failed[0].error


def test_the_commands_take_it(scenario, tmp_path):
    scenario.save(tmp_path / "small.toml")

    def told(*words):
        return CliRunner().invoke(cli.app, [*map(str, words)])

    done = told("run", tmp_path / "small.toml", "--seeds", 1, "--memory", "1 MB", "--json")
    assert "the run took more memory than it may" in f"{done.output} {done.exception}"
    done = told("run", tmp_path / "small.toml", "--seeds", 1, "--memory", "4 GB", "--json")
    assert json.loads(done.stdout)["failed"] == []
    for words, said in (
        (["run", tmp_path / "small.toml", "--memory", "much"], "memory must be bytes or like"),
        (["compare", tmp_path / "small.toml", "--memory", "much"], "memory must be bytes or like"),
        (["run", "poisson", "--memory", "1 GB"], "is a market"),
    ):
        done = told(*words)
        assert said in f"{done.output} {done.exception}"


def test_a_limit_is_lifted_again():
    with pytest.raises(MemoryError, match="the run took more memory than it may"), limited(10**8):
        bytearray(2 * 10**9)
    assert len(bytearray(3 * 10**8)) == 3 * 10**8
    assert [parse_bytes(one) for one in (None, 5, "5 MB", "7")] == [None, 5, 5_000_000, 7]
