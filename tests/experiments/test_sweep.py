"""Sweeps: every point and seed once, resumed, and whatever fails is a row."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import firesale as fs
from experiments.metrics.sensitivity import sobol_indices
from experiments.runs.arrow import table_of
from experiments.runs.run import run_scenario
from experiments.studies.sampling import points_of
from tests.experiments.command_line import fail, run
from tests.experiments.sweeping import LOTS, SHORT, digests, short, swept
from tests.small_scenarios import SPIRAL

METRICS = """
import os, signal
from pathlib import Path


def rows(tape):
    return len(tape["events"])


def picky(tape):
    if len(tape["events"]) % 2 or not Path(__file__).with_name("mended").exists():
        raise ValueError("not this one")
    return 1.0


def greedy(tape):
    return len(bytearray(3_000_000_000))


def dies_once(tape):
    mark = Path(__file__).with_name("died")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 1.0


def dies(tape):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def own(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(METRICS)
    return lambda name: {name: f"{file}:{name}"}


def test_others_read_the_rows_as_arrow_from_a_fresh_stream_a_call():
    sweep = swept()
    for _ in range(2):
        table = pa.RecordBatchReader.from_stream(sweep).read_all()
        assert table.column_names == list(sweep.frame().columns)
        assert table[LOTS].to_pylist() == list(sweep.frame()[LOTS])
    assert table.schema.field("cpu_seconds").metadata == {b"unit": b"seconds"}
    said = json.loads(table.schema.metadata[b"firesale.result"])
    assert said["sources"] == sweep.asked["sources"]


def test_values_of_several_kinds_are_text_in_a_table():
    table = table_of(pd.DataFrame({"size": [5, "2 BTC", None]}), {})
    assert table["size"].to_pylist() == ["5", "2 BTC", None]


def test_every_point_has_every_seed_and_the_numbers_of_the_run_itself():
    sweep = swept()
    assert [(row["number"], row["seed"]) for row in sweep.rows] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    frame = sweep.frame()
    assert list(frame[LOTS]) == [50, 50, 80, 80]
    own = run_scenario(short().with_(**{LOTS: 80}), 2, tapes=False).criteria
    assert frame["drop"].iloc[3] == own["drop"]
    assert frame.attrs["units"]["drop"] == "ticks"
    means = sweep.means("drop")
    assert list(means["mean"]) == [frame["drop"][:2].mean(), frame["drop"][2:].mean()]
    assert list(means["runs"]) == [2, 2]
    assert list(sweep.plot(LOTS, "drop").data[0].x) == [50, 80]
    json.dumps(sweep.summary(), allow_nan=False)


REAL = {"instruments.0.tick_size": "0.5", "instruments.0.lot_size": "0.01",
        "instruments.0.base": "BTC", "instruments.0.quote": "USD"}  # fmt: skip


def test_measures_are_in_the_units_of_the_instrument():
    plain = swept(seeds=2)
    real = fs.sweep(short().with_(**REAL), {LOTS: ["0.5 BTC", "0.8 BTC"]}, 2, workers=1, twin=False)
    assert [row["digest"] for row in real.rows] == [row["digest"] for row in plain.rows]
    frame, integers = real.frame(), real.frame(units="integer")
    assert frame.attrs["units"]["drop"] == "USD"
    assert integers.attrs["units"]["drop"] == "ticks"
    assert integers["drop"].equals(plain.frame()["drop"])
    assert frame["drop"].equals(0.5 * integers["drop"])
    means = real.means("drop")
    assert means.attrs["unit"] == "USD"
    assert means["mean"].tolist() == (0.5 * plain.means("drop")["mean"]).tolist()
    with pytest.raises(ValueError, match="'real' or 'integer'"):
        real.frame(units="usd")
    # Where points count in other units there is none that all have.
    ticks = fs.sweep(
        short().with_(**REAL), {"instruments.0.tick_size": ["0.5", "1"]}, 1, workers=1, twin=False
    )
    assert ticks.frame().attrs["units"]["drop"] == "ticks"


def test_points_share_their_random_numbers():
    """A point that changes nothing that is drawn has the same orders: the same digest."""
    first = swept(over={"horizon": [0.1, 0.15]})
    found = digests(first)
    assert found[0, 1] == found[1, 1] != found[0, 2]


def test_the_next_call_makes_only_what_is_missing(tmp_path):
    first = swept(tmp_path)
    assert first.made == 4
    again = swept(tmp_path)
    assert (again.made, digests(again)) == (0, digests(first))
    more = swept(tmp_path, lots=(50, 80, 90), seeds=3)
    assert more.made == 5
    assert len(more.rows) == 9
    stored = pd.concat(map(pd.read_parquet, (tmp_path / "runs").glob("*.parquet")))
    assert sorted(stored["seed"]) == sorted([1, 2, 3] * 3)
    assert stored["key"].is_unique


def test_what_determines_a_run_is_in_its_key(tmp_path, own):
    swept(tmp_path / "one", metrics=own("rows"))
    code = tmp_path / "own.py"
    code.write_text(code.read_text() + "\n# another\n")
    assert swept(tmp_path / "one", metrics=own("rows")).made == 4
    over = {LOTS: [50, 80]}
    other = fs.scenario(SPIRAL, **{**SHORT, "populations.0.count": 21})
    swept(tmp_path / "two")
    assert fs.sweep(other, over, 2, twin=False, workers=1, out=tmp_path / "two").made == 4
    assert swept(tmp_path / "two", twin=True).made == 4


def test_a_run_that_raises_is_a_row_and_is_made_again_if_asked(tmp_path, own):
    first = swept(tmp_path / "out", seeds=6, metrics=own("picky"))
    assert len(first.failed) == 12
    assert "not this one" in first.failed[0]["error"]
    assert "FAILED: 12 runs" in first.headline()[1]
    (tmp_path / "mended").touch()
    assert swept(tmp_path / "out", seeds=6, metrics=own("picky")).made == 0
    again = swept(tmp_path / "out", seeds=6, metrics=own("picky"), retry=True)
    assert again.made == 12
    assert len(again.failed) < 12
    stored = pd.concat(map(pd.read_parquet, (tmp_path / "out" / "runs").glob("*.parquet")))
    assert len(stored) == 12
    assert stored["error"].notna().sum() == len(again.failed)


def test_a_point_that_is_no_scenario_is_a_row():
    sweep = swept(lots=(50, -1), seeds=1)
    assert [row["error"] is None for row in sweep.rows] == [True, False]
    assert LOTS in sweep.rows[1]["error"]


def test_more_memory_than_stated_ends_one_run(own):
    sweep = swept(lots=(50,), seeds=1, metrics=own("greedy"), memory="1 GB")
    assert "MemoryError" in sweep.rows[0]["error"]
    assert swept(lots=(50,), seeds=1, metrics=own("rows"), memory="1 GB").failed == []


def test_a_worker_that_dies_takes_nothing_with_it(tmp_path, own):
    once = swept(tmp_path / "once", seeds=3, metrics=own("dies_once"), workers=2)
    assert once.failed == []
    poison = swept(tmp_path / "always", lots=(50,), metrics=own("dies"), workers=2)
    assert [row["error"] for row in poison.rows] == ["the worker died, 3 times"] * 2
    assert swept(tmp_path / "always", lots=(50,), metrics=own("dies"), workers=2).made == 0


def test_seeds_go_on_until_the_interval_is_narrow():
    sweep = swept(lots=(50, 80), seeds=2, narrow={"drop": 4.0}, most=40)
    for _, rows in sweep.frame().groupby("number"):
        assert list(rows["seed"]) == list(range(1, len(rows) + 1))
    means = sweep.means("drop")
    assert ((means["high"] - means["low"]) / 2 <= 4.0).all() or means["runs"].max() == 40
    assert means["runs"].max() > 2


def test_mistakes_are_told_before_anything_runs(tmp_path):
    for match, options in (
        ("no key is called 'lotz'", {"over": {"lotz": [1]}}),
        ("design must be one of", {"design": "square"}),
        ("must be a list of values", {"over": {LOTS: 5}}),
        ("power of two", {"design": "sobol", "points": 6, "over": {LOTS: (1, 9)}}),
        ("FILE.py:NAME", {"metrics": {"rows": "len"}}),
        ("no measure is called", {"narrow": {"drip": 1.0}}),
        ("memory must be", {"memory": "much"}),
    ):
        if "power" in match:
            pytest.importorskip("scipy")
        with pytest.raises(ValueError, match=match):
            swept(tmp_path, **options)
    assert list((tmp_path / "runs").glob("*")) == [] if (tmp_path / "runs").exists() else True
    swept(tmp_path)
    with pytest.raises(ValueError, match="another names"):
        swept(tmp_path, over={"horizon": [0.1]})


@pytest.mark.parametrize("design", ["random", "latin-hypercube", "sobol"])
def test_samples_are_within_their_ranges_and_come_again(design):
    if design != "random":
        pytest.importorskip("scipy")
    over = {"lots": (10, 13), "gap": (0.0, 2.0), "kind": ["a", "b", "c"]}
    points = points_of(over, design, 64, 3)
    assert points == points_of(over, design, 64, 3) != points_of(over, design, 64, 4)
    assert {one["lots"] for one in points} == {10, 11, 12, 13}
    assert {one["kind"] for one in points} == {"a", "b", "c"}
    gaps = [one["gap"] for one in points]
    assert 0 <= min(gaps) < max(gaps) < 2
    if design != "random":  # as many in each quarter
        assert np.bincount((np.array(gaps) * 2).astype(int)).tolist() == [16, 16, 16, 16]


def test_a_list_goes_in_step_and_a_grid_crosses():
    over = {"a": [1, 2], "b": np.array([3, 4])}
    assert points_of(over, "list") == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]
    assert points_of([{"a": 1}, {"a": 5}], "list") == [{"a": 1}, {"a": 5}]
    assert len(points_of(over)) == 4
    with pytest.raises(ValueError, match="as many values"):
        points_of({"a": [1], "b": [1, 2]}, "list")


def test_sobol_indices_of_ishigami():
    """First order 0.3139, 0.4424, 0 and total 0.5576, 0.4424, 0.2437: Ishigami & Homma 1990."""
    random = np.random.default_rng(1)
    a, b = random.uniform(-np.pi, np.pi, (2, 4_096, 3))

    def result(x):
        return np.sin(x[:, 0]) * (1 + 0.1 * x[:, 2] ** 4) + 7 * np.sin(x[:, 1]) ** 2

    mixed = []
    for at in range(3):
        one = a.copy()
        one[:, at] = b[:, at]
        mixed.append(result(one))
    found = sobol_indices(result(a), result(b), np.array(mixed), names=["x", "y", "z"])
    for name, first, total in (("x", 0.3139, 0.5576), ("y", 0.4424, 0.4424), ("z", 0.0, 0.2437)):
        for order, true in (("first", first), ("total", total)):
            estimate, low, high = found[name][order]
            assert estimate == pytest.approx(true, abs=0.06)
            assert low < estimate < high
            assert high - low < 0.25


def test_sensitivity_of_a_sweep_names_what_matters():
    pytest.importorskip("scipy")
    over = {LOTS: (50, 400), "populations.0.equity": (29_000, 30_000)}
    sweep = swept(over=over, design="sensitivity", points=16, seeds=1)
    assert len(sweep.rows) == 16 * 4
    found = sweep.sensitivity("drop")
    assert found[LOTS]["total"].estimate > 0.5 > found["populations.0.equity"]["total"].estimate
    with pytest.raises(ValueError, match="design must be 'sensitivity'"):
        swept(seeds=1).sensitivity()


def test_the_command_does_what_its_file_says_and_resumes(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = tmp_path / "lots.toml"
    changes = "\n".join(f'"{key}" = {json.dumps(value)}' for key, value in SHORT.items())
    spec.write_text(
        f'scenario = "{SPIRAL}"\nseeds = 2\ntwin = false\n[set]\n{changes}\n'
        "[over]\nshocks.0.lots = [50, 80]\n"
    )
    code, said = run("sweep", spec, "--workers", 1, "--json")
    found = json.loads(said)
    assert (code, found["made"], len(found["rows"])) == (0, 4, 4)
    assert [row["digest"] for row in found["rows"]] == list(digests(swept()).values())
    code, said = run("sweep", spec, "--workers", 1, "--measure", "liquidations")
    assert code == 0
    assert "4 runs at 2 points, 0 of them made now" in said
    assert "liquidations" in said
    manifest = json.loads((tmp_path / "lots.runs" / "manifest.json").read_text())
    assert (manifest["runs"], manifest["failed"]) == (4, 0)
    assert manifest["packages"]["numpy"] == np.__version__
    spec.write_text(f'scenario = "{SPIRAL}"\nsedes = 3\n[over]\nseconds = [1]\n')
    code, _, error = fail(capsys, "sweep", spec)
    assert code == 2
    assert "sedes" in error
