"""Parameters that make losses by themselves are told when a scenario is read."""

import json
import warnings

import pytest

from experiments.commands import cli
from experiments.runs.run import run_scenario
from experiments.scenario.read import read_scenario
from experiments.scenario.toxic import ToxicParametersWarning, toxic
from tests.small_scenarios import SPIRAL

SMALL = {
    "populations.0.count": 50,
    "seconds": 8.0,
    "horizon": 2.0,
    "shocks.0.lots": 1_000,
    "keepers": [],
}
FLAT = {"model": "flat", "parameters": {"initial": 60_000, "maintenance": 30_000}}
LENDER = {"model": "ltv", "parameters": {"ltv": 900_000, "liquidation_threshold": 960_000}}


def lines(margin, design, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scenario = read_scenario(
            SPIRAL,
            {
                **SMALL,
                "clearings.0.holdings.0.margin": margin,
                "clearings.0.liquidation": {"design": design, "parameters": parameters},
            },
        )
    return toxic(scenario)


def test_a_bonus_above_the_margin_is_toxic_and_one_below_is_not():
    (line,) = lines(FLAT, "fixed-spread", bonus=30_001)
    assert "3 % of bonus" in line
    assert "owes more than it has" in line
    assert lines(FLAT, "fixed-spread", bonus=30_000) == []
    assert lines(FLAT, "market-sale") == []


def test_a_loan_that_cannot_be_repaid_by_its_collateral_is_toxic():
    # 0.96 x 1.05 = 1.008.
    (line,) = lines(LENDER, "fixed-spread", bonus=50_000)
    assert "takes 100.8 % of the collateral" in line
    assert lines(LENDER, "fixed-spread", bonus=41_000) == []
    # Morpho's bonus follows from the loan-to-value: 2.6 % at 92 %.
    assert lines(LENDER, "fixed-spread:morpho", lltv=920_000) == []


def test_a_margin_that_sales_raise_is_told():
    volatility = {
        "model": "volatility",
        "parameters": {"initial": 60_000, "maintenance": 30_000, "reference": 0.01},
    }
    assert lines({**volatility, "update": 0.0}, "market-sale") == []
    (line,) = lines({**volatility, "update": 1.0}, "market-sale")
    assert "(volatility) rises with what forced sales do" in line


def test_who_reads_or_runs_it_is_warned():
    toxic_scenario = {
        **SMALL,
        "clearings.0.liquidation": {
            "design": "fixed-spread", "parameters": {"bonus": 100_000},
        },
        "clearings.0.holdings.0.margin": FLAT,
    }  # fmt: skip
    with pytest.warns(ToxicParametersWarning, match="10 % of bonus"):
        scenario = read_scenario(SPIRAL, toxic_scenario)
    told = run_scenario(scenario, 1).headline()
    assert any(line.startswith("TOXIC: ") for line in told)
    # The design of a contest takes the place of the clearing's own.
    plain = run_scenario(scenario, 1, design="market-sale").headline()
    assert not any(line.startswith("TOXIC: ") for line in plain)


def test_the_command_line_says_it_in_one_line_on_stderr(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["show", "flash-crash", "--json"])
    said = capsys.readouterr()
    assert ended.value.code == 0
    json.loads(said.out)
    assert said.err.startswith("firesale: warning: flash-crash: ")
    assert len(said.err.splitlines()) == 1
