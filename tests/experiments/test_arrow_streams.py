"""Results of all studies as Arrow: a fresh stream a call, with units and what they are of."""

import json

import pyarrow as pa
import pytest

import firesale as fs
from experiments.runs.arrow import RESULT_KEY, UNIT_KEY
from tests.experiments.sweeping import LOTS, short

IDENTITY = {"firesale", "sources", "seeds", "resolved"}
"""What every result says of itself: version, digest of the sources, seeds, all values."""


@pytest.fixture(scope="module")
def results():
    scenario = short().with_(**{"shocks.0.lots": 400, "seconds": 0.6, "horizon": 0.3})
    return {
        "sweep": fs.sweep(scenario, {LOTS: [50, 80]}, 2, twin=False, workers=1),
        "compare": fs.compare(scenario, ["market-sale", "sliced"], 2, workers=1),
        "stress": fs.stress(scenario, 2, most=2, steps=2, workers=1),
        "impact": fs.impact("poisson", 20, at="20 s", over="10 s", seeds=2, workers=1),
        "spiral": fs.spiral(scenario, 2, workers=1),
    }


STUDIES = ["sweep", "compare", "stress", "impact", "spiral"]


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_is_a_fresh_stream_a_call(results, study):
    result = results[study]
    one, other = pa.table(result), pa.table(result)
    assert one.equals(other)
    frame = result.frame()
    assert one.column_names == list(frame.columns)
    assert one.num_rows == len(frame) >= 2
    kept = {field.name: (field.metadata or {}).get(UNIT_KEY, b"").decode() for field in one.schema}
    units = frame.attrs["units"]
    assert {name: units.get(name, "") for name in kept} == kept
    assert any(kept.values())
    said = json.loads(one.schema.metadata[RESULT_KEY])
    assert said.keys() >= IDENTITY
    assert said["firesale"] == fs.__version__


@pytest.mark.parametrize("study", STUDIES)
def test_a_result_says_what_makes_it_again(results, study):
    said = results[study].summary()
    assert said.keys() >= (IDENTITY if study != "impact" else IDENTITY - {"seeds"} | {"runs"})
    assert json.loads(json.dumps(said)) == said
    rows = {"sweep": "rows", "stress": "rows"}.get(study, "runs")
    assert all(len(row["digest"]) == 32 and row["seed"] in (1, 2) for row in said[rows])


def test_a_run_says_it_too():
    said = fs.run(short(), 3).summary()
    assert said.keys() >= IDENTITY | {"digest"}
    assert (said["seed"], said["seeds"]) == (3, [3])


def test_units_of_a_stress_test_are_those_of_its_instruments(results):
    real, plain = results["stress"].frame(), results["stress"].frame(units="integer")
    assert list(real.columns) == list(plain.columns)
    assert plain.attrs["units"]["drop"] == "ticks"
    assert plain["drop"].tolist() == [row["drops"][0] for row in results["stress"].rows]
    assert plain["size"].iloc[0] == 2.0
    assert set(plain["shock"]) >= {"2 in PERP"}


def test_a_sale_has_a_row_a_seed(results):
    sale = results["impact"]
    frame = sale.frame()
    assert frame["seed"].tolist() == [1, 2]
    assert frame["paired_bps"].tolist() == list(sale.paired_costs_bps)
    assert frame["impact_1"].tolist() == sale.paths[:, 2].tolist()
    assert frame["digest"].tolist() == list(sale.digests)
