"""Accounts that fail before the shock: refused, or told."""

import io

import pytest
from rich.console import Console

from experiments import questions
from experiments.commands import cli
from experiments.report.contest_terminal import show_contest
from experiments.runs.run import run_scenario
from experiments.runs.start import below_initial_margin
from experiments.scenario.build import build
from experiments.scenario.read import ScenarioError, read_scenario
from experiments.scenario.variants import with_leverage
from tests.small_scenarios import SPIRAL, TWO_ASSETS

SMALL = {"populations.0.count": 200, "populations.0.equity": 250_000}
# A margin of 1 % must be kept: a tenth of a per cent of equity fails at the first price.
BEYOND = {**SMALL, "populations.0.leverage": [1_000.0, 1_000.0]}
ALLOWED = {**BEYOND, "allow_failed_at_start": True}


@pytest.mark.parametrize("forced", [True, False])
def test_a_run_whose_accounts_fail_at_the_start_is_refused(forced):
    scenario = read_scenario(SPIRAL, BEYOND)
    with pytest.raises(
        ScenarioError, match=r"200 of 200 accounts failed before .* allow_failed_at_start = true"
    ):
        run_scenario(scenario, 1, forced=forced)


def test_a_run_that_may_start_so_says_how_many():
    run = run_scenario(read_scenario(SPIRAL, ALLOWED), 1)
    assert run.failed_at_start == run.summary()["failed_at_start"] == 200
    assert "200 accounts failed before the first shock, not because of it" in run.headline()


def test_failures_by_the_shock_are_none_of_the_start():
    change = {**SMALL, "shocks.0.lots": 60_000}
    run = run_scenario(read_scenario(SPIRAL, change), 1)
    assert run.failed_at_start == 0 < run.criteria["liquidations"]
    assert not any("before the first shock" in line for line in run.headline())


def test_the_count_changes_no_tape():
    plain = read_scenario(SPIRAL, SMALL)
    allowed = plain.model_copy(update={"allow_failed_at_start": True})
    assert (
        run_scenario(plain, 1).simulation.digest() == run_scenario(allowed, 1).simulation.digest()
    )


def test_a_leverage_beyond_the_margin_may_be_asked_about():
    scenario = with_leverage(read_scenario(SPIRAL, SMALL), 1_000.0)
    assert run_scenario(scenario, 1).failed_at_start == 200


@pytest.mark.parametrize(
    ("change", "below"),
    [
        ({"populations.0.leverage": [60.0, 80.0]}, {"longs": 200}),
        ({"populations.0.leverage": [3.0, 30.0]}, {}),
        # A whole unit of own funds more than the rate asks for, for every account.
        ({"populations.0.leverage": [25.0, 25.0],
          "clearings.0.holdings.0.margin.parameters.initial": 40_000}, {}),
        ({"populations.0.leverage": [25.0, 25.0],
          "clearings.0.holdings.0.margin.parameters.initial": 40_500}, {"longs": 200}),
    ],
)  # fmt: skip
def test_accounts_with_less_than_initial_margin_are_counted_and_told(change, below):
    change = {**SMALL, **change, "allow_failed_at_start": True}
    run = run_scenario(read_scenario(SPIRAL, change), 1)
    assert run.summary()["below_initial_margin"] == below
    line = "longs: 200 accounts began with less than initial margin, as no order could open them"
    assert (line in run.headline()) == bool(below)


def test_cross_accounts_below_initial_margin_are_those_that_clearing_finds():
    scenario = read_scenario(TWO_ASSETS, {"populations.0.count": 200})
    simulation = build(scenario, 1)
    simulation.run(until=1)
    clearing = simulation.clearings[0]
    ((first, count),) = clearing.account_ranges
    found = [clearing.account(number) for number in range(first, first + count)]
    short = sum(one.equity < one.initial_margin for one in found)
    assert 0 < short < count
    assert below_initial_margin(scenario, simulation) == {"portfolios": short}


def test_where_the_shock_buys_the_price_rises_in_every_word():
    change = {
        **SMALL, "populations.0.long_share": 0.0, "shocks.0.side": "buy", "shocks.0.lots": 2_000,
        "seconds": 30.0, "horizon": 5.0, "shocks.0.at": 10.0,
    }  # fmt: skip
    scenario = read_scenario(SPIRAL, change)
    spiral = questions.spiral(scenario, 2, workers=1)
    assert "the rise without forced sales" in spiral.why_undefined()
    assert spiral.plot().layout.yaxis.title.text == "rise, ticks"
    stream = io.StringIO()
    study = questions.compare(scenario, "market-sale,sliced", 2, workers=1, fast=True)
    show_contest(study, Console(file=stream, width=120))
    assert "rise, ticks" in stream.getvalue()
    assert "drop" not in stream.getvalue()


def told(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        cli.main(list(arguments))
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


def test_the_command_refuses_or_tells(capsys):
    settings = ["--set=populations.0.count=200", "--set=populations.0.leverage=[1000,1000]"]
    code, _, error = told(capsys, "run", SPIRAL, "--seeds", "2", *settings)
    assert code == 1
    assert "200 of 200 accounts failed before the first shock" in " ".join(error.split())
    settings.append("--set=allow_failed_at_start=true")
    code, said, _ = told(capsys, "run", SPIRAL, "--seeds", "1", *settings)
    assert not code
    assert "200 accounts failed before the first shock" in said.splitlines()[1]


def test_a_shock_at_once_has_no_price_before_it():
    with pytest.raises(ScenarioError, match=r"shocks\.0\.at: must be at least"):
        read_scenario(SPIRAL, {"shocks.0.at": 0})
