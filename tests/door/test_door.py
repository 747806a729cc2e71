"""``import firesale``: one door, its names, what it costs, and what it hands out."""

import ast
import json
import logging
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

import firesale as fs
from experiments.runs.frames import COLUMNS
from tests.folders import ROOT
from tests.small_scenarios import SPIRAL

SMALL = {
    "populations.0.count": 300,
    "populations.0.equity": 30_000,
    "seconds": 7.0,
    "horizon": 2.0,
    "instruments.0.background.mu": 50.0,
    "instruments.0.background.alpha": 2.5,
    "shocks.0.lots": 12_000,
}


@pytest.fixture(scope="module")
def scenario():
    return fs.scenario(SPIRAL, **SMALL)


@pytest.fixture(scope="module")
def run(scenario):
    return fs.run(scenario)


def fresh(program: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_name_is_there_and_keeps_its_real_module():
    for name in fs.__all__:
        value = getattr(fs, name)
        assert not str(getattr(value, "__module__", "")).startswith("firesale"), name
    assert dir(fs) == sorted(fs.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Liquidator'"):
        fs.Liquidator  # noqa: B018


def test_the_stub_and_the_reference_page_have_the_same_names():
    stub = ast.parse((ROOT / "firesale" / "__init__.pyi").read_text())
    imported = {
        alias.asname: (node.module, alias.name)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(fs.__all__) == {
        name for name in imported if find_spec(fs._EXTRAS.get(name, "firesale"))
    }
    assert {name: home for name, (home, _) in imported.items()} == fs._HOMES
    page = (ROOT / "docs" / "reference" / "api.md").read_text()
    assert [name for name in imported if f"`{name}`" not in page] == []


def test_a_missing_extra_says_what_to_install_and_nothing_else_breaks():
    said = fresh(
        "import importlib.util, sys\n"
        "find = importlib.util.find_spec\n"
        "def without(name, *more):\n"
        "    return None if name == 'gymnasium' else find(name, *more)\n"
        "importlib.util.find_spec = without\n"
        "sys.modules['gymnasium'] = None\n"
        "import firesale as fs\n"
        "try:\n    fs.FiresaleEnv\nexcept ImportError as error:\n    print(error)\n"
        "from firesale import *\n"
        "print('FiresaleEnv' in dir(), 'OrderBook' in dir())"
    )
    assert said == (
        "environments for learning agents need gymnasium: pip install 'firesale[rl]'\nFalse True\n"
    )


def test_the_door_is_light_and_says_nothing():
    said = fresh(
        "import sys, firesale\n"
        "heavy = {'numpy', 'pandas', 'pydantic', 'plotly', 'lob', 'experiments', 'agents'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert said == "[]\n"
    assert any(
        isinstance(handler, logging.NullHandler)
        for handler in logging.getLogger("firesale").handlers
    )


def test_an_order_book_needs_no_pandas():
    said = fresh(
        "import sys, firesale as fs\nfs.OrderBook()\n"
        "print(sorted({'pandas', 'pydantic', 'plotly', 'experiments'} & set(sys.modules)))"
    )
    assert said == "[]\n"


def test_another_distributions_package_is_refused_by_name(tmp_path):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "__init__.py").write_text("# somebody else's\n")
    program = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport firesale"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "another distribution's package 'agents'" in done.stderr
    assert "an environment of its own" in done.stderr


def test_python_m_firesale_is_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "firesale", "--version"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == f"firesale {fs.__version__}\n"


# ---------------------------------------------------------------------------- questions


def test_a_scenario_is_read_or_taken_as_it_is(scenario):
    assert fs.scenario(scenario) is scenario
    changed = fs.scenario(scenario, seconds=8.0)
    assert (changed.seconds, scenario.seconds) == (8.0, 7.0)
    assert fs.scenario(scenario.model_dump(mode="json")) == scenario
    with pytest.raises(fs.ScenarioError, match="seconds"):
        fs.scenario(SPIRAL, seconds=-1)


def test_a_run_is_the_same_by_name_and_by_object(run, scenario):
    assert run.summary()["digest"] == fs.run(scenario, 1, twin=False).summary()["digest"]
    assert np.isfinite(run.criteria["recovery"])
    assert np.isnan(fs.run(scenario, 1, twin=False).criteria["recovery"])
    assert fs.run(scenario, forced=False).criteria["liquidated"] == 0
    with pytest.raises(ValueError, match="parameters are of a design: name it"):
        fs.run(scenario, parameters={"delay": 1.0})
    with pytest.raises(ValueError, match="no design is called 'nonsense'"):
        fs.run(scenario, design="nonsense")


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_frames_have_the_documented_columns_and_units(run, name):
    frame = run.frame(name)
    assert list(frame.columns) == [one.name for one in COLUMNS[name]]
    assert frame.attrs["units"] == {one.name: one.unit for one in COLUMNS[name]}
    assert len(frame) > 0


def test_frames_say_what_the_tapes_say(run):
    events = run.tape["events"]
    trades = run.frame("trades")
    assert trades["size"].sum() == events["size"][events["kind"] == fs.EventKind.TRADE].sum()
    forced = run.frame("liquidations")
    assert forced["bad_debt"].sum() == pytest.approx(run.criteria["bad_debt"])
    assert forced["account"].nunique() == run.criteria["liquidations"] > 0
    assert set(forced["cause"]) <= {one.name for one in fs.Cause}
    assert len(run.frame("accounts")) == run.accounts == 300
    assert len(run.frame("entries")) == len(run.tape["entries"])
    quotes = run.frame("quotes").dropna()
    assert (quotes["ask_price"] > quotes["bid_price"]).all()
    assert run.frame("criteria")["drop"].tolist() == [run.drop()]
    with pytest.raises(ValueError, match=r"name must be one of trades, .*, got 'tardes'"):
        run.frame("tardes")


def test_tables_are_the_frames_with_units_and_a_fresh_stream_a_call(run):
    import pyarrow as pa

    for name in (*COLUMNS, "criteria"):
        table, frame = run.table(name), run.frame(name)
        assert table.num_rows == len(frame), name
        assert table.column_names == list(frame.columns)
    trades = run.table("trades")
    assert trades.schema.field("price").metadata == {b"unit": b"ticks"}
    assert trades["side"].combine_chunks().to_pylist() == list(run.frame("trades")["side"])
    for _ in range(2):
        assert pa.RecordBatchReader.from_stream(trades).read_all().equals(trades)


def test_a_table_says_what_its_run_was_and_can_be_made_again_from_it(run):
    said = json.loads(run.table("criteria").schema.metadata[b"firesale.result"])
    assert said["digest"] == run.simulation.digest()
    assert said["seed"] == run.seed
    assert fs.rerun(said).equal


def test_the_book_of_a_time_is_rebuilt_from_the_tape(run):
    end = run.scenario.end_ns
    engine = run.simulation.books[0]
    for view in ("bids", "asks"):
        assert getattr(run.book_at(end), view)().tobytes() == getattr(engine, view)().tobytes()
    then = run.book_at("5 s")
    quotes = run.frame("quotes", "integer")
    last = quotes[quotes["ts_event"] <= 5 * 10**9].iloc[-1]
    assert (then.best_bid, then.best_ask) == (last["bid_price"], last["ask_price"])
    depth = run.frame("depth", "integer")
    at = depth["ts_event"].max()
    assert at == end
    bids = depth[(depth["ts_event"] == at) & (depth["side"] == "BUY")]
    for name in ("price", "size", "orders"):
        assert bids[name].tolist() == engine.bids(10)[name].tolist()
    for wrong, message in ((end + 1, "when must be 0"), (-1, "when must be 0")):
        with pytest.raises(ValueError, match=message):
            run.book_at(wrong)
    with pytest.raises(ValueError, match="instrument must be one of"):
        run.book_at(0, "nothing")


def test_results_show_themselves_without_a_network(run):
    html = run._repr_html_()
    assert "300 accounts" in html
    assert len(html) > 1_000_000, "plotly.js must come along"
    assert 'src="http' not in html


def test_one_cell_of_a_notebook_carries_the_script(monkeypatch):
    from experiments.report import notebook

    monkeypatch.setattr(notebook, "_carriers", set())
    assert [notebook._carries_script(cell) for cell in ("a", "b", "a", None, "b")] == [
        True, False, True, True, False,
    ]  # fmt: skip


def test_a_spiral_over_seeds(scenario):
    study = fs.spiral(scenario, 2, workers=1)
    frame = study.frame()
    assert frame["seed"].tolist() == [1, 2, 1, 2]
    assert set(frame["design"]) == {"nothing forced", "market-sale"}
    assert study.summary()["seeds"] == [1, 2]
    assert "2 seeds" in study.headline()[0]
    assert study.plot().data
    with pytest.raises(ValueError, match="seeds must be at least one, got 0"):
        fs.spiral(scenario, 0)


def test_designs_compared(scenario, tmp_path):
    study = fs.compare(
        scenario, ["market-sale", "sliced(lots=50)"], 2, workers=1, out=tmp_path, fast=True
    )
    frame = study.frame()
    assert isinstance(frame, pd.DataFrame)
    assert set(frame["label"]) == {"market-sale", "sliced(lots=50)", "frozen"}
    assert len(frame) == 6
    assert frame.attrs["units"]["drop"] == "ticks"
    assert study.summary()["controls"]["passed"]
    assert study.plot().data


def test_the_smallest_shock(scenario):
    found = fs.stress(scenario, 1, most=2, steps=2, workers=1)
    assert found.summary()["runs"] >= 1
    assert "times the scenario's own" in found.headline()[0]
    assert found.plot().data


def test_a_sale_into_a_market():
    sale = fs.impact("poisson", 5, at="30s", seeds=2)
    assert sale.summary()["size"] == 5
    assert "2 seeds" in sale.headline()[0]
    assert sale.plot().data
    with pytest.raises(ValueError, match="no market is called 'nowhere'"):
        fs.impact("nowhere", 5)


def test_a_recorded_day(tmp_path):
    from experiments.studies.synthetic_day import make_day

    make_day(tmp_path)
    alone = fs.replay(tmp_path, mode="exact")
    assert alone.report.messages > 0
    assert alone.plot().data
    assert (
        fs.replay(tmp_path, "500 lots", mode="reanchored", decay="inf").report.mode == "reanchored"
    )
    sale = fs.replay(tmp_path, 500, at="10:30:00")
    assert sale.summary()["sale"]["size"] == 500
    assert "History does not react" in sale.headline()[-1]
    assert sale.plot().data


def test_a_synthetic_day_is_made_as_the_command_makes_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sale = fs.replay("synthetic", 500, at="10:30:00")
    assert sale.summary()["sale"]
    assert list(tmp_path.iterdir()) == []


def test_tapes_and_literature(run, tmp_path):
    from lob import tape

    for name in ("one", "other"):
        tape.write(tmp_path / f"{name}.npy", run.tape["events"])
    assert fs.diff(tmp_path / "one.npy", tmp_path / "other.npy") is None
    assert fs.validate("kyle").verdict in ("agrees", "computed", "context")
