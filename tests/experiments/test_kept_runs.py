"""Runs of stress tests, sales, contests and targets are kept: one mechanism, one folder."""

import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pyarrow as pa
import pytest

import firesale as fs
from experiments.commands.console import RunsProgress
from experiments.contest import trial
from experiments.markets import MARKETS
from experiments.runs import kept_runs as kept_module
from experiments.runs import store as store_module
from experiments.runs.kept_runs import ScenarioKeys, kept_runs
from experiments.runs.store import rows_of_log
from experiments.runs.workers import JobError, Workers
from experiments.studies.impact import measure_sale
from experiments.studies.stress import Failure, phase_diagram, stress_test
from experiments.validation.target import Result
from tests.experiments.command_line import fail, run
from tests.experiments.sweeping import short
from tests.experiments.test_stress import two_books
from tests.folders import ROOT


def squared(job):
    """A run of the tests' own: it raises, dies or waits where a file of its folder says so."""
    folder, number = job
    if (folder / f"raise-{number}").exists():
        raise RuntimeError(f"not {number}")
    if (folder / f"die-{number}").exists():
        (folder / f"die-{number}").unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    if (folder / f"wait-{number}").exists():
        time.sleep(600)
    return {"square": number * number, "third": number / 3, "nothing": float("nan")}


def made(folder, numbers, store, workers=1, report=lambda done, total: None):
    """The values of ``squared``, and how many were made for it."""
    columns = {"square": pa.int64(), "third": pa.float64()}
    with kept_runs("squares", Workers(workers), store, columns=columns, report=report) as runs:
        found = runs.map(
            squared,
            [(folder, number) for number in numbers],
            key=lambda job: f"{job[1]:032x}",
            labels=lambda job: {"seed": job[1]},
        )
    return [one["square"] for one in found], runs.made


def keys_in(place):
    """Keys of all rows in a folder of a study, as often as they are there."""
    logged = [row["key"] for row in rows_of_log(place / "log")]
    files = [one for one in (place / "runs").glob("*.parquet") if one.name != "recent.parquet"]
    return logged + [key for one in files for key in pd.read_parquet(one)["key"]]


def test_a_run_that_is_kept_is_taken_and_the_rest_is_made(tmp_path):
    assert made(tmp_path, range(3), None) == ([0, 1, 4], 3)
    assert made(tmp_path, range(3), tmp_path / "kept") == ([0, 1, 4], 3)
    seen = []
    found = made(tmp_path, [2, 3, 1], tmp_path / "kept", report=lambda *one: seen.append(one))
    assert found == ([4, 9, 1], 1)
    assert seen == [(2, 3), (3, 3)]
    said = json.loads((tmp_path / "kept" / "squares" / "manifest.json").read_text())
    assert (said["study"], said["runs"], said["made"]) == ("squares", 3, 1)
    assert said["machine"]["cores"] >= 1


def test_a_run_that_fails_is_a_row_and_is_made_again(tmp_path):
    (tmp_path / "raise-2").touch()
    place = tmp_path / "kept" / "squares"
    with pytest.raises(JobError, match="RuntimeError: not 2") as raised:
        made(tmp_path, range(5), tmp_path / "kept")
    assert "squared" in raised.value.trace
    rows = {row["seed"]: row["error"] for row in rows_of_log(place / "log")}
    assert rows == {0: None, 1: None, 2: "RuntimeError: not 2"}
    frame = pd.read_parquet(place / "runs")  # while it is not done, as while it runs
    assert sorted(frame["seed"]) == [0, 1, 2]
    assert frame["error"].notna().sum() == 1
    (tmp_path / "raise-2").unlink()
    assert made(tmp_path, range(5), tmp_path / "kept") == ([0, 1, 4, 9, 16], 3)
    assert sorted(keys_in(place)) == [f"{number:032x}" for number in range(5)]
    assert pd.read_parquet(place / "runs")["error"].isna().all()
    assert made(tmp_path, range(5), tmp_path / "kept")[1] == 0


def test_a_worker_that_dies_takes_nothing_with_it(tmp_path):
    for number in (1, 3):
        (tmp_path / f"die-{number}").touch()
    found = made(tmp_path, range(5), tmp_path / "kept", workers=2)
    assert found == ([0, 1, 4, 9, 16], 5)
    assert len(keys_in(tmp_path / "kept" / "squares")) == 5


def test_a_full_disk_stops_it_and_keeps_what_had_finished(tmp_path, monkeypatch):
    real, left = store_module._append_whole, [3]

    def append(file, line):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        real(file, line)

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "_append_whole", append)
        with pytest.raises(OSError, match="No space left on device; what had finished is kept"):
            made(tmp_path, range(5), tmp_path / "kept")
    assert made(tmp_path, range(5), tmp_path / "kept") == ([0, 1, 4, 9, 16], 2)


def test_rows_can_be_read_while_runs_are_made(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_module, "TIDY_SECONDS", 0.0)
    seen = []

    def look(done, total):
        if done > 1:  # the one before is copied when the next is asked for
            frame = pd.read_parquet(tmp_path / "kept" / "squares" / "runs")
            seen.append((done, sorted(frame["square"])))

    made(tmp_path, range(4), tmp_path / "kept", report=look)
    assert seen == [(2, [0]), (3, [0, 1]), (4, [0, 1, 4])]


def test_a_second_study_in_the_folder_is_refused(tmp_path):
    def within(done, total):
        if done == 1:
            with pytest.raises(ValueError, match="is at work there"):
                made(tmp_path, range(2), tmp_path / "kept")

    made(tmp_path, range(2), tmp_path / "kept", report=within)


def test_a_stress_test_is_the_same_to_the_digit_and_resumes(tmp_path):
    asked = (two_books(), Failure("liquidated", 0.02), [1, 2])
    options = {"steps": 8, "most": 2, "workers": 1}
    plain = stress_test(*asked, **options)
    counts = []
    for _ in range(2):
        kept = stress_test(
            *asked, **options, store=tmp_path,
            progress=lambda done, total: counts.append((done, total)),
        )  # fmt: skip
        assert kept.summary() == plain.summary()
        assert kept == plain
        assert counts[-1][0] == plain.runs
    assert all(done <= total for done, total in counts)
    frame = pd.read_parquet(tmp_path / "stress" / "runs")
    assert len(frame) == plain.runs
    assert frame["key"].is_unique
    said = json.loads((tmp_path / "stress" / "manifest.json").read_text())
    assert (said["scenario"], said["made"]) == ("two books", 0)


def test_a_phase_diagram_is_kept_too(tmp_path):
    asked = (short(), Failure("liquidated", 0.1), [1, 2], [2.0, 3.0], [1.0, 2.0])
    plain = phase_diagram(*asked, workers=1)
    told = []
    assert phase_diagram(*asked, workers=1, store=tmp_path, report=told.append) == plain
    assert told[-1] == "run 8 of 8"
    assert phase_diagram(*asked, workers=1, store=tmp_path) == plain
    frame = pd.read_parquet(tmp_path / "stress" / "runs")
    assert sorted(set(frame["leverage"])) == [2.0, 3.0]


def test_what_determines_a_run_is_in_its_key():
    scenario, key = short(), ScenarioKeys("stress")
    keys = {
        key((scenario, 1)),
        key((scenario, 2)),
        key((scenario.with_(seconds=0.4), 1)),
        ScenarioKeys("another")((scenario, 1)),
    }
    assert len(keys) == 4
    assert ScenarioKeys("stress")((short(), 1)) == key((scenario, 1))


SALE = {"at": "1m", "seeds": 3}


def test_a_sale_is_the_same_to_the_digit_and_resumes(tmp_path):
    plain = fs.impact("poisson", 20, **SALE, workers=1)
    seen = []
    for _ in range(2):
        kept = fs.impact(
            "poisson", 20, **SALE, workers=2, store=tmp_path,
            report=lambda *one: seen.append(one),
        )  # fmt: skip
        assert json.dumps(kept.summary()) == json.dumps(plain.summary())
        assert repr(kept.costs) == repr(plain.costs)  # nan is not itself
        assert kept.paths.tolist() == plain.paths.tolist()
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3), (3, 3)]
    frame = pd.read_parquet(tmp_path / "impact" / "runs")
    assert sorted(frame["seed"]) == [1, 2, 3]
    assert set(frame["paired_bps"]) == set(plain.paired_costs_bps)
    assert fs.impact("poisson", 21, **SALE, workers=1, store=tmp_path).size == 21
    assert len(pd.read_parquet(tmp_path / "impact" / "runs")) == 6


def test_a_market_that_does_not_pickle_is_run_here(tmp_path):
    builder = MARKETS["poisson"]
    sale = measure_sale(
        lambda seed: builder(seed), size=20, at_ns=60 * 10**9, seeds=range(1, 4), workers=2
    )
    named = fs.impact("poisson", 20, **SALE, workers=1).summary()
    said = sale.summary()
    # What determines a market without a name nobody knows.
    assert said == {key: value for key, value in named.items() if key in said}
    assert named.keys() - said.keys() == {"firesale", "sources", "market", "resolved"}
    with pytest.raises(ValueError, match="store needs asked"):
        measure_sale(builder, size=20, at_ns=0, seeds=range(2), store=tmp_path)


def test_targets_are_kept(tmp_path):
    names = ("kyle", "cascade")
    plain = [fs.validate(name) for name in names]
    for _ in range(2):
        for name, one in zip(names, plain, strict=True):
            kept = fs.validate(name, store=tmp_path)
            assert isinstance(kept, Result)
            assert json.dumps(kept.to_dict()) == json.dumps(one.to_dict())
    assert len(pd.read_parquet(tmp_path / "validate" / "runs")) == 2
    with pytest.raises(ValueError, match=r"^kyle has no parameter 'nothing'"):
        fs.validate("kyle", store=tmp_path, nothing=1)


def test_a_contest_is_kept_and_its_failed_runs_are_made_again(tmp_path, monkeypatch):
    asked = (short(), ["market-sale", "dutch"], 2)
    plain = fs.compare(*asked, workers=1, fast=True)
    real = trial._run

    def failing(group, design, twin):
        if design.design == "dutch":
            raise RuntimeError("not now")
        return real(group, design, twin)

    with monkeypatch.context() as patch:
        patch.setattr(trial, "_run", failing)
        first = fs.compare(*asked, store=tmp_path, workers=1, fast=True)
    assert [row["error"] for row in first.failed] == ["RuntimeError: not now"] * 2
    place = tmp_path / "compare"
    assert pd.read_parquet(place / "runs")["error"].notna().sum() == 2
    again = fs.compare(*asked, store=tmp_path, workers=1, fast=True)
    assert again.failed == []
    frame = pd.read_parquet(place / "runs")
    assert frame["key"].is_unique
    assert frame["error"].isna().all()
    said = json.loads((place / "manifest.json").read_text())
    assert (said["study"], said["runs"], said["failed"]) == ("compare", len(frame), 0)
    assert repr(again.contest.differences()) == repr(plain.contest.differences())

    def none(*given):
        raise AssertionError("it was there")

    monkeypatch.setattr(trial, "_run", none)
    assert fs.compare(*asked, store=tmp_path, workers=1, fast=True).failed == []


@pytest.mark.slow
def test_the_commands_take_one_folder(tmp_path, capsys):
    scenario = tmp_path / "short.toml"
    scenario.write_text(short().to_toml())
    store = tmp_path / "kept"
    commands = [
        ("stress", scenario, "--seeds", 1, "--most", 1, "--steps", 2, "--workers", 1),
        ("impact", "poisson", "--sell", 20, "--at", "1m", "--seeds", 2, "--workers", 1),
        ("compare", scenario, "--designs", "market-sale,dutch", "--seeds", 2, "--workers", 1),
        ("validate", "kyle"),
    ]
    for command in commands:
        plain = run(*command, "--json")
        assert run(*command, "--json", "--store", store) == plain or command[0] == "compare"
        assert run(*command, "--json", "--store", store)[0] == plain[0]
        assert (store / command[0] / "manifest.json").exists()
        assert len(keys_in(store / command[0])) >= 1
    code, _, said = fail(capsys, "validate", "kyle", "--set", "nothing=1", "--store", store)
    assert (code, "kyle has no parameter 'nothing'" in said) == (2, True)
    (tmp_path / "file").touch()
    code, _, said = fail(capsys, *commands[1], "--store", tmp_path / "file")
    assert code == 1
    assert str(tmp_path / "file") in said
    assert said.count("\n") == 1


def test_a_bar_shows_what_is_done_and_starts_again_with_the_next_part():
    from rich.progress import Progress as Bar

    bar = Bar(disable=True)
    progress = RunsProgress(bar)
    progress.tell("a shock of 2")
    progress(3, 10)
    progress(7, 10)
    (task,) = bar.tasks
    assert (task.completed, task.total, task.description) == (7, 10, "a shock of 2")
    progress(0, 4)
    assert (task.completed, task.total) == (0, 4)
    RunsProgress()(1, 2)


PROGRAM = """
import sys
from pathlib import Path
from tests.experiments.test_kept_runs import made
if __name__ == "__main__":
    print(*made(Path(sys.argv[1]), range(40), Path(sys.argv[1]) / "kept", workers=2))
"""


@pytest.mark.slow
@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGKILL])
def test_a_study_that_is_killed_goes_on_where_it_was(tmp_path, with_signal):
    """It is killed when a run waits that will not end: the pace is that of what has been done."""
    (tmp_path / "program.py").write_text(PROGRAM)
    for number in (20, 30):
        (tmp_path / f"wait-{number}").touch()
    command = [sys.executable, str(tmp_path / "program.py"), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, start_new_session=True
    )
    place = tmp_path / "kept" / "squares"
    while not place.exists() or len(keys_in(place)) < 29:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    if with_signal == signal.SIGINT:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.kill()
    process.communicate(timeout=60)
    there = len(keys_in(place))
    assert there >= 29
    for number in (20, 30):
        (tmp_path / f"wait-{number}").unlink()
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split()[-1] == str(40 - there), done.stderr
    assert sorted(keys_in(place)) == [f"{number:032x}" for number in range(40)]
