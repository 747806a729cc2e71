"""Lots of several assets are never one number: each instrument has its own, in its own unit."""

import numpy as np
import pytest

from experiments.commands.story import tell
from experiments.contest.designs import parse_designs
from experiments.contest.study import study_contest
from experiments.metrics.cascade import forced_trades
from experiments.report.contest_page import contest_page
from experiments.report.contest_terminal import show_contest
from experiments.runs.run import run_scenario
from experiments.scenario.read import read_scenario
from experiments.studies.spiral import study_spiral
from tests.small_scenarios import SPIRAL, TWO_ASSETS

FEWER = {"populations.0.count": 1_000, "populations.0.equity": 70_000}


@pytest.fixture(scope="module")
def scenario():
    return read_scenario(TWO_ASSETS, FEWER)


@pytest.fixture(scope="module")
def run(scenario):
    return run_scenario(scenario, 1)


def test_a_run_has_one_number_an_instrument(scenario, run):
    found = run.results()
    forced = forced_trades(run.tape["events"])
    sold = {
        one.name: int(forced["size"][forced["instrument"] == number].sum())
        for number, one in enumerate(scenario.instruments)
    }
    assert set(found["sold"]) == {"ALPHA", "BETA"}
    assert found["sold"] == sold  # nothing is taken over in a sale by market order
    assert found["stack"]["sold_by_layer"] == {"0": sold}
    assert sum(found["sold"].values()) == found["criteria"]["liquidated"]
    assert sum(found["unsold"].values()) == found["criteria"]["unsold"]
    peaks = found["peak_sold_per_second"]
    assert max(peaks.values()) <= found["peak_lots_per_second"] <= sum(peaks.values())


def test_what_takers_are_left_with_is_of_their_instruments(scenario):
    run = run_scenario(scenario, 1, design="backstop")
    found = run.results()
    assert sum(found["unsold"].values()) == found["criteria"]["unsold"]
    own = np.abs(run.cases.unsold).sum()
    assert found["criteria"]["unsold"] > own, "the vault holds something"


def test_only_accounts_of_one_asset_have_a_sum(scenario):
    assert scenario.units.is_mixed
    assert not read_scenario(SPIRAL).units.is_mixed


def test_the_story_adds_up_no_two_assets(scenario):
    lines = tell(study_spiral(scenario, [1]))
    (sold,) = (line for line in lines if line.strip().startswith("sold by force"))
    assert " lots of ALPHA, " in sold
    assert sold.endswith(" lots of BETA")
    (unsold,) = (line for line in lines if line.strip().startswith("unsold at the end"))
    assert "ALPHA" in unsold


def test_a_comparison_adds_up_no_two_assets(scenario, capsys):
    study = study_contest(scenario, parse_designs("market-sale,backstop"), [1, 2])
    show_contest(study)
    shown = capsys.readouterr().out
    page = contest_page(study)
    for name in ("ALPHA", "BETA"):
        assert f"unsold, lots of {name}" in shown
        for what in ("unsold", "liquidated", "lar_95"):
            assert f"{what}, lots of {name}" in page
    for text in (shown, page):
        assert "unsold, lots<" not in text
        assert "unsold, lots " not in text.replace("unsold, lots of", "")
