"""Parcels: what a scenario, its points and metrics name, found in a process that has none of it."""

import os
import subprocess
import sys

import pytest

from experiments.runs import parcel as parcel_module
from experiments.runs.packing import pack
from experiments.runs.parcel import as_named, open_parcel, placed, placed_values, unpack
from tests.experiments.sweeping import short
from tests.folders import ROOT

POSITIONS = "position,entry,margin\n100,10000,200000\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("import beside\nimport agents\n\n\nclass Idle(agents.Agent):"
                                     "\n    pass\n\n\ndef rows(tape):\n    return 1\n")  # fmt: skip
    (tmp_path / "beside.py").write_text("")
    (tmp_path / "unused.py").write_text("")
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(POSITIONS)
    return tmp_path


@pytest.fixture
def closed(monkeypatch):
    """What is opened is shut again afterwards."""
    monkeypatch.setattr(parcel_module, "_opened", [])


def test_it_has_what_is_named_and_nothing_else(here):
    scenario = short().with_(traders=[{"kind": "own.py:Idle", "name": "idle"}])
    points = [{"populations.0.file": one, "shocks.0.side": "sell"} for one in ("a.csv", "b.csv")]
    found = pack(scenario, points, ["own.py:rows"])
    assert set(found.places) == {"own.py:Idle", "own.py:rows", "a.csv", "b.csv"}
    assert found.at == {"traders.0.kind": "own.py:Idle"}
    assert {one.rpartition("/")[2] for one in found.contents} == {
        "own.py", "beside.py", "a.csv", "b.csv"
    }  # fmt: skip
    (here / "a.csv").write_text(POSITIONS * 1 + "50,10000,90000\n")
    assert pack(scenario, points, ["own.py:rows"]).digest != found.digest


def test_a_scenario_that_names_nothing_is_an_empty_parcel(here):
    assert pack(short(), [{"shocks.0.lots": 50}]).contents == {}


def test_names_mean_the_files_of_the_opened_parcel_and_messages_those_of_the_caller(here, closed):
    scenario = short().with_(**{"populations.0.file": "a.csv"})
    found = pack(scenario, [], [f"{here}/own.py:rows"])
    folder = here / "elsewhere"
    unpack(found, folder)
    assert placed("a.csv") == "a.csv"
    open_parcel(found.places, found.at, found.folders, folder)
    place = placed("a.csv")
    assert place.startswith(str(folder))
    assert placed_values({"shocks.0.lots": ["a.csv", 5, {"x": "sell"}]}) == {
        "populations.0.file": place, "shocks.0.lots": [place, 5, {"x": "sell"}]
    }  # fmt: skip
    code = placed(f"{here}/own.py:rows").rpartition(":")[0]
    assert as_named(f"{place}: bad, in {code}") == f"a.csv: bad, in {here}/own.py"
    assert as_named(None) is None


CHILD = """
import os, pickle
from experiments.runs.child import Child
from tests.experiments.test_workers import die_always, refuse
child = Child()
batch = lambda function, jobs: list(
    child.outcomes(pickle.dumps(function), pickle.dumps(jobs), len(jobs)))
print(batch(refuse, [1, 3, 4]) == [(1, None, None), (None, "ValueError: three is no good",
      batch(refuse, [3])[0][2]), (4, None, None)])
print(batch(die_always, [0, 1, 2]))
child._process.kill()
print(batch(refuse, [7]))
"""


@pytest.mark.slow
def test_a_child_does_jobs_in_their_order_and_outlives_what_kills_them(tmp_path):
    path = f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, cwd=ROOT,
                          env={**os.environ, "PYTHONPATH": path}, timeout=300)  # fmt: skip
    assert done.stdout.splitlines() == [
        "True",
        "[(0, None, None), (None, 'the worker died, 3 times', None), (2, None, None)]",
        "[(7, None, None)]",
    ], done.stderr
