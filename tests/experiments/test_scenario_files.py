"""Files that a scenario names: where they are looked for, and what is wrong with them."""

import os
from pathlib import Path

import pytest

from experiments.runs.run import run_scenario
from experiments.scenario.read import ScenarioError, read_scenario
from tests.small_scenarios import SPIRAL

SNAPSHOT = "position,entry,margin\n100,10000,200000\n-50,10000,90000\n"
BAD = SNAPSHOT + "0,10000,5\n7,none,5\n"
PRICES = "symbol,timestamp,USD_price\nX,1000000000000,2000\nX,1000003600000,1900\n"
CODE = 'raise RuntimeError("reading must not run this")\n'


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A scenario in a folder of its own that is not where one is."""
    folder, here = tmp_path / "scenarios", tmp_path / "here"
    folder.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    path = folder / "mine.toml"
    path.write_text(Path(SPIRAL).read_text(encoding="utf-8"))
    return path


def test_a_snapshot_is_found_beside_the_scenario_then_where_one_is(written):
    change = {"populations.0.file": "longs.csv"}
    with pytest.raises(ScenarioError) as caught:
        read_scenario(written, change)
    _, line = str(caught.value).splitlines()
    assert line.startswith("  populations.0.file: there is no file 'longs.csv' beside the scenario")
    assert str(written.parent) in line
    assert os.getcwd() in line
    with open("longs.csv", "w") as file:
        file.write(SNAPSHOT)
    assert read_scenario(written, change).populations[0].file == "longs.csv"
    beside = written.parent / "longs.csv"
    beside.write_text(SNAPSHOT)
    assert read_scenario(written, change).populations[0].file == str(beside)


def test_prices_and_code_are_found_beside_the_scenario(written):
    (written.parent / "prices.csv").write_text(PRICES)
    (written.parent / "mine.py").write_text(CODE)
    change = {
        "drives": [{"instrument": "PERP", "files": ["prices.csv"]}],
        "clearings.0.liquidation.design": "mine.py:Mine",
        "alternatives": [{"label": "other", "design": "mine.py:Other"}],
    }
    scenario = read_scenario(written, change)
    assert scenario.drives[0].files == [str(written.parent / "prices.csv")]
    assert scenario.clearings[0].liquidation.design == f"{written.parent / 'mine.py'}:Mine"
    assert scenario.alternatives[0].design == f"{written.parent / 'mine.py'}:Other"
    again = read_scenario(scenario.model_dump(mode="json"))
    assert again == scenario
    change["clearings.0.liquidation.design"] = "yours.py:Mine"
    with pytest.raises(ScenarioError, match=r"liquidation\.design: there is no file 'yours.py'"):
        read_scenario(written, change)


def test_a_snapshot_for_every_holding_is_refused(written):
    (written.parent / "longs.csv").write_text(SNAPSHOT)
    change = {"populations.0.file": "longs.csv", "populations.0.cross": True}
    with pytest.raises(ScenarioError, match=r"populations\.0: cross = true .* a file: "):
        read_scenario(written, change)


def test_bad_rows_are_refused_or_left_out_and_told(written):
    (written.parent / "longs.csv").write_text(BAD)
    change = {"populations.0.file": "longs.csv"}
    with pytest.raises(ScenarioError, match=r"populations\.0: .*2 bad rows"):
        read_scenario(written, change)
    run = run_scenario(read_scenario(written, {**change, "populations.0.bad": "skip"}), 1)
    assert run.accounts == 2
    assert run.summary()["rows_left_out"] == {"longs": 2}
    assert "longs: 2 rows of its file left out, they are no accounts" in run.headline()
    with pytest.raises(ScenarioError, match="there is none"):
        read_scenario(written, {"populations.0.bad": "skip"})
