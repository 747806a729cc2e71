"""A scenario in which nothing fails says so first: of a run, of a spiral and of a contest."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from experiments.commands import cli
from experiments.contest.designs import parse_designs
from experiments.contest.study import study_contest
from experiments.report.start import NOTHING_FAILED, nothing_failed
from experiments.runs.run import run_scenario
from experiments.scenario.read import read_scenario
from experiments.studies.spiral import study_spiral

FILE = Path(__file__).with_name("real_units.toml")
CALM = {"shocks.0.lots": "1 BTC", "populations.0.count": 50, "populations.0.leverage": [2.0, 3.0]}
FAILS = {"populations.0.count": 100, "keepers": []}


@pytest.fixture(scope="module", params=[CALM, FAILS], ids=["calm", "fails"])
def scenario(request):
    return read_scenario(FILE, request.param)


def test_a_run_says_in_its_headline_whether_nothing_failed(scenario):
    run = run_scenario(scenario, 1)
    assert (NOTHING_FAILED in run.headline()[0]) == (run.criteria["liquidations"] == 0)
    assert (run.criteria["liquidations"] == 0) == (scenario.populations[0].count == 50)


def test_a_spiral_says_so_too(scenario):
    study = study_spiral(scenario, [1, 2], workers=1)
    assert (NOTHING_FAILED in study.headline()[0]) == (scenario.populations[0].count == 50)


def test_a_contest_in_which_nothing_failed_has_nothing_to_compare(scenario):
    study = study_contest(scenario, parse_designs("market-sale,sliced(lots=30)"), [1, 2], workers=1)
    assert any(NOTHING_FAILED in line for line in study.headline()) == (
        scenario.populations[0].count == 50
    )


def test_the_story_says_it_before_anything_else_of_the_answer():
    settings = [f"--set={key}={value}" for key, value in CALM.items()]
    result = CliRunner().invoke(cli.app, ["run", str(FILE), "--seeds=1", *settings])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1].lower() == NOTHING_FAILED


def test_nothing_is_claimed_of_runs_that_are_not_known():
    assert nothing_failed([{"liquidations": 0.0, "liquidated": 0.0}])
    assert not nothing_failed([{"liquidations": 0.0, "liquidated": None}])
    assert not nothing_failed([{"liquidations": 0.0, "liquidated": 0.0}, {}])
    assert not nothing_failed([])
    # A design may sell before an account fails.
    assert not nothing_failed([{"liquidations": 0.0, "liquidated": 3.0}])


@pytest.mark.parametrize(("base", "said"), [("BTC-PERP", "1 BTC-PERP sold"),
                                            ("BTC", "1 BTC of BTC-PERP sold")])  # fmt: skip
def test_a_sale_names_its_asset_once(base, said):
    calm = {**CALM, "shocks.0.lots": 100, "instruments.0.base": base}
    settings = [f"--set={key}={value}" for key, value in calm.items()]
    settings.append("--set=instruments.0.background.size=10")
    result = CliRunner().invoke(cli.app, ["run", str(FILE), "--seeds=1", *settings])
    assert result.exit_code == 0, result.output
    assert f" {said} at 1.5 s" in result.stdout
