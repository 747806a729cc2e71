"""A forced sale in a simulated market, over seeds."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import agents
from experiments.commands import cli
from experiments.markets import poisson
from experiments.studies.impact import measure_sale
from lob.units import SECOND_NS

LAGS = (0, SECOND_NS, 20 * SECOND_NS)


class Wall(agents.Agent):
    """A book of one size at every price, and a clock of quotes that change nothing."""

    def on_start(self):
        for distance in range(1, 50):
            self.buy(10, price=1_000 - distance)
            self.sell(10, price=1_000 + distance)
        self.wake_in(SECOND_NS)

    def on_wake(self):
        self.cancel(self.buy(1, price=1))
        self.wake_in(SECOND_NS)


def wall(seed):
    simulation = agents.Simulation(seed)
    simulation.add(Wall("wall"))
    return simulation


def test_a_sale_into_a_wall_by_hand():
    sale = measure_sale(wall, size=25, at_ns=5 * SECOND_NS, seeds=range(3), lags_ns=LAGS)
    # 10 at 999, 10 at 998, 5 at 997: the best bid falls from 999 to 997, the mid by 1.
    vwap = (10 * 999 + 10 * 998 + 5 * 997) / 25
    assert [cost.filled for cost in sale.costs] == [25, 25, 25]
    assert sale.mean("shortfall_bps").estimate == pytest.approx(1e4 * (1_000 - vwap) / 1_000)
    assert (sale.paths == -1).all()
    assert sale.impact.permanent.estimate == -1


def test_a_sale_over_time_trades_every_lot():
    sale = measure_sale(
        wall, size=25, at_ns=SECOND_NS, over_ns=10 * SECOND_NS, seeds=range(2), lags_ns=LAGS
    )
    assert [cost.filled for cost in sale.costs] == [25, 25]
    assert (sale.paths == -1).all()


def test_a_market_that_answers_has_an_impact_with_an_interval():
    sale = measure_sale(poisson, size=20, at_ns=60 * SECOND_NS, seeds=range(8), lags_ns=LAGS)
    assert sale.impact.path[0].high < 0
    assert sale.mean("shortfall_bps").low > 0
    assert np.isfinite(sale.paths).all()


def test_one_seed_is_no_mean():
    with pytest.raises(ValueError, match="seeds"):
        measure_sale(wall, size=1, at_ns=0, seeds=range(1))


def test_the_command_prints_the_numbers_and_the_words():
    arguments = ["impact", "poisson", "--sell", "5", "--at", "1m", "--seeds", "3"]
    words = CliRunner().invoke(cli.app, arguments)
    assert words.exit_code == 0, words.output
    assert "implementation shortfall" in words.stdout
    said = json.loads(CliRunner().invoke(cli.app, [*arguments, "--json"]).stdout)
    assert said["cost"]["filled"]["mean"] == 5
    assert said["impact"][0]["lag_ns"] == 0
    assert said["impact"][0]["low"] <= said["impact"][0]["mean"] <= said["impact"][0]["high"]


@pytest.mark.parametrize(
    "arguments",
    [["nowhere", "--sell", "5"], ["poisson", "--sell", "5", "--at", "soon"]],
)
def test_the_command_refuses_with_one_line(capsys, arguments):
    with pytest.raises(SystemExit) as end:
        cli.main(["impact", *arguments])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
