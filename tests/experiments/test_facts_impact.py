"""``firesale facts --impact``: frames with units, JSON, words, the figure, and mistakes."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

import firesale as fs
from experiments.calibration.facts import FACTS, GATES
from experiments.calibration.metaorder_impact import Protocol
from experiments.studies.facts import study_facts
from experiments.studies.metaorders import MetaorderStudy, study_metaorders
from tests.experiments.test_facts_and_scores import fail, run
from tests.experiments.test_metaorders import measured, toy

IMPACT = [
    "impact_exponent_slices",
    "impact_exponent_children",
    "impact_exponent_participation",
    "impact_ratio_slices",
    "impact_ratio_children",
    "impact_ratio_participation",
    "impact_left_10",
    "impact_left_30",
]


@pytest.fixture(scope="module")
def facts():
    return fs.facts("rmsc04", minutes=1, impact=3, workers=1)


@pytest.fixture(scope="module")
def exhausted():
    return MetaorderStudy("toy", measured(partial(toy, levels=21)))


def test_the_impact_comes_on_top_of_the_facts(facts):
    frame = facts.frame()
    assert frame["statistic"].tolist() == [*FACTS, *GATES, *IMPACT]
    rows = frame.set_index("statistic")
    for name in IMPACT:
        assert pd.isna(rows.loc[name, "value"]) == (rows.loc[name, "reason"] != "")
    assert fs.facts("rmsc04", minutes=1).impact is None


def test_orders_have_a_row_each_with_units(facts):
    orders = facts.impact.frame()
    assert len(orders) == 18
    assert orders.columns.tolist() == [
        "protocol", "share_of_volume", "size_lots", "duration_s", "impact_bps", "low_bps",
        "high_bps", "square_root_bps", "ratio", "seeds", "ran_out", "in_law",
    ]  # fmt: skip
    assert orders["ratio"].to_numpy() == pytest.approx(
        (orders["impact_bps"] / orders["square_root_bps"]).to_numpy()
    )
    volume = facts.impact.found.scale.volume * 300
    assert orders["share_of_volume"].to_numpy() == pytest.approx(
        (orders["size_lots"] / volume).to_numpy()
    )


def test_workers_change_nothing(facts):
    study = study_facts("rmsc04", minutes=1, impact_seeds=range(1, 4), workers=2)
    assert study.impact.frame().equals(facts.impact.frame())


def test_any_market_that_is_built_from_a_seed_can_be_asked():
    told = []
    study = study_metaorders("mine", toy, [1, 2, 3], workers=1, report=told.append)
    assert study.found.law(Protocol.SLICES).exponent.estimate > 0.9
    assert told == [f"{stage}: {done} of 3" for stage in ("watching", "selling")
                    for done in (1, 2, 3)]  # fmt: skip


def test_bids_that_ran_out_are_told_first(exhausted):
    lines = exhausted.headline()
    assert lines[1].startswith("EXHAUSTED: 2 of 17 orders found the bids empty in some seed, 30%")
    assert "in 2 of 2" in lines[1]
    rows = {one.name: one for one in exhausted.statistics()}
    assert np.isnan(rows["impact_left_30"].value.estimate)
    assert rows["impact_left_30"].missing == "the bids ran out"
    assert rows["impact_left_10"].value.estimate == pytest.approx(1.0, rel=1e-3)
    told = exhausted.summary()
    assert told["statistics"]["impact_left_30"]["reason"] == "the bids ran out"
    assert told["orders"][5]["impact_bps"] is None
    json.dumps(told, allow_nan=False)


def test_the_figure_has_logarithmic_axes_and_the_law(facts, exhausted):
    for study in (facts.impact, exhausted):
        figure = study.plot()
        assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
        assert figure.data[0].name == "sigma sqrt(Q / V)"
        for trace in figure.data:
            assert (np.asarray(trace.y, float) > 0).all()
    assert {trace.name for trace in exhausted.plot().data[1:]} == set(Protocol)
    assert facts._repr_html_().count("plotly-graph-div") == 2


def test_the_command_prints_tables_or_json(facts):
    code, said = run("facts", "rmsc04", "--minutes", 1, "--impact", "--pairs", 3)
    assert code == 0
    assert "17 orders sold in each of 3 seeds" in said
    assert "impact exponent, slices" in said
    assert "ratio: to sigma sqrt(Q/V)" in said
    code, said = run("facts", "rmsc04", "--minutes", 1, "--impact", "--pairs", 3, "--json")
    assert code == 0
    assert json.loads(said)["impact"] == json.loads(json.dumps(facts.impact.summary()))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["facts", "FILE", "--impact"], "no ready market: what is recorded cannot be sold into"),
        (["facts", "poisson", "--impact", "--pairs", "1"], "--pairs"),
        (["facts", "poisson", "--impact", "--over", "soon"], "'soon' is not a duration"),
        (["facts", "poisson", "--minutes", "1", "--impact", "--pairs", "2", "--over", "10ms"],
         "too few for orders of several sizes"),
        (["facts", "rmsc04", "--set", "minutes=20"], "is said by --minutes"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(capsys, tmp_path, arguments, said):
    file = tmp_path / "FILE"
    file.write_text("x")
    code, error = fail(capsys, *(str(file) if word == "FILE" else word for word in arguments))
    assert code == 2
    assert said in error
    assert len(error.strip().splitlines()) == 1


def test_the_door_refuses_less_than_two_seeds():
    with pytest.raises(ValueError, match="at least two"):
        fs.facts("poisson", minutes=1, impact=1, workers=1)
