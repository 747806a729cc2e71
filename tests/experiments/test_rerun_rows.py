"""Rows of studies run again: one by its key, design or seed, or all, equal to the byte."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import firesale as fs
from experiments.commands import cli
from experiments.scenario.own_code import CodeNotAllowedError
from tests.experiments.sweeping import LOTS, short

SOLD = {"size": 20, "at": "20 s", "over": "10 s"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    scenario = short().with_(**{"shocks.0.lots": 400, "seconds": 0.6, "horizon": 0.3})
    return store, {
        "sweep": fs.sweep(
            scenario, {LOTS: [50, 80]}, 2, twin=False, workers=1, out=store / "sweep"
        ),
        "compare": fs.compare(
            scenario, ["market-sale", "sliced"], 2, workers=1, store=store, regimes=True
        ),
        "stress": fs.stress(scenario, 2, most=2, steps=2, workers=1, store=store),
        "impact": fs.impact("poisson", 20, at="20 s", over="10 s", seeds=2, workers=1, store=store),
        "spiral": fs.spiral(scenario, 2, workers=1),
    }  # fmt: skip


STUDIES = ["sweep", "compare", "stress", "impact", "spiral"]


@pytest.mark.parametrize("study", STUDIES)
def test_a_whole_study_is_the_same_again_from_its_result_and_from_its_json(made, study, tmp_path):
    result = made[1][study]
    found = fs.rerun(result, workers=1)
    assert found.equal, found.headline()
    assert len(found.digests) >= 2
    assert all(one.before for one in found.digests)
    assert found.other == ()
    file = tmp_path / "result.json"
    file.write_text(json.dumps(result.summary()))
    again = fs.rerun(file, workers=1)
    assert again == found


@pytest.mark.parametrize("study", ["sweep", "compare", "stress", "impact"])
def test_a_folder_of_kept_runs_is_run_again_from_its_manifest(made, study):
    found = fs.rerun(made[0] / study, workers=1)
    assert found.equal, found.headline()
    whole = fs.rerun(made[1][study], workers=1)
    assert {one.now for one in found.digests} == {one.now for one in whole.digests}


@pytest.mark.parametrize("study", STUDIES)
def test_one_row_is_run_again_and_another_digest_is_told(made, study):
    said = json.loads(json.dumps(made[1][study].summary()))
    one = {"sweep": {"point": 1}, "compare": {"design": "sliced", "market": "base"},
           "spiral": {"design": "nothing forced"}}.get(study, {})  # fmt: skip
    found = fs.rerun(said, seed=2, **one, workers=1)
    assert found.equal
    assert len(found.digests) == 1 or study == "stress"
    for rows in (said.get("rows", []), said.get("runs", []), said.get("twins", [])):
        if isinstance(rows, list):
            for row in rows:
                row["digest"] = "0" * 32
    found = fs.rerun(said, seed=2, **one, workers=1)
    assert not found.equal
    assert all(one.before == "0" * 32 for one in found.digests)


@pytest.mark.parametrize("study", ["sweep", "compare"])
def test_a_row_by_its_key(made, study):
    said = made[1][study].summary()
    row = (said["rows"] if study == "sweep" else said["runs"])[-1]
    found = fs.rerun(said, key=row["key"], workers=1)
    assert [(one.before, one.now) for one in found.digests] == [(row["digest"], row["digest"])]
    assert fs.rerun(said, key=row["key"][:12], workers=1) == found


def test_rows_that_are_not_there_are_refused_by_name(made):
    with pytest.raises(ValueError, match="no run with design nobody, seed 1 among"):
        fs.rerun(made[1]["compare"], design="nobody", seed=1)
    with pytest.raises(ValueError, match="no rows to choose from"):
        fs.rerun(fs.run(short()), seed=1)
    with pytest.raises(ValueError, match="no folder of kept runs"):
        fs.rerun(made[0])


def test_the_command_runs_one_row_again(made, tmp_path):
    file = tmp_path / "contest.json"
    file.write_text(json.dumps(made[1]["compare"].summary()))
    words = ["rerun", str(file), "--design", "sliced", "--seed", "1", "--market", "base"]
    done = CliRunner().invoke(cli.app, [*words, "--workers", "1"])
    assert done.exit_code == 0, done.output
    assert "equal, 1 run to the byte" in done.output
    done = CliRunner().invoke(cli.app, ["rerun", str(made[0] / "sweep"), "--workers", "1"])
    assert "equal, 4 runs to the byte" in done.output


def test_a_run_that_had_failed_and_fails_again_is_equal(made):
    sweep = made[1]["sweep"]
    bad = {**sweep.rows[0], "point": {LOTS: -1}, "digest": None, "error": "it had failed"}
    found = fs.rerun(replace(sweep, rows=(bad,)), workers=1)
    assert found.equal
    assert [(one.before, one.now) for one in found.digests] == [(None, None)]
    said = [
        (one.before, one.now)
        for one in fs.rerun(replace(sweep, rows=({**bad, "digest": "0" * 32},)), workers=1).digests
    ]
    assert said == [("0" * 32, None)]


def test_a_contest_that_names_own_code_is_not_run_unasked(made, tmp_path):
    said = json.loads(json.dumps(made[1]["compare"].summary()))
    for row in said["runs"]:
        row["design"] = f"{tmp_path}/own.py:Panic"
    with pytest.raises(CodeNotAllowedError):
        fs.rerun(said, market="base")
