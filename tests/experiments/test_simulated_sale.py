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
from tests.experiments.command_line import fail, run

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
    # The twin's mid stays where it was: what the sale cost against it is the same.
    assert sale.paired_costs_bps == pytest.approx([1e4 * (1_000 - vwap) / 1_000] * 3)
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


class Buyer(agents.Agent):
    """Takes nine lots of the wall every second, so that there is a volume to be a share of."""

    def on_start(self):
        self.wake_in(SECOND_NS)

    def on_wake(self):
        self.buy(9, price=1_000 + 50)
        self.wake_in(SECOND_NS)


def busy_wall(seed):
    simulation = wall(seed)
    simulation.add(Buyer("buyer"))
    return simulation


def test_a_sale_that_is_a_share_of_the_volume_takes_that_share_for_its_time():
    asked = {"size": 1_000, "at_ns": SECOND_NS, "over_ns": 10 * SECOND_NS}
    sale = measure_sale(busy_wall, **asked, participation=0.1, seeds=range(2), lags_ns=LAGS)
    # A lot for each nine of the others, who take nine a second, ten or eleven times meanwhile.
    assert all(10 <= cost.filled <= 11 for cost in sale.costs)
    # Against the twin's mid: half of the spread of two ticks, and what the wall has lost.
    assert all(cost >= 9 for cost in sale.paired_costs_bps)
    with pytest.raises(ValueError, match="participation may take, got 0"):
        measure_sale(wall, size=5, at_ns=0, participation=0.1, seeds=range(2))


def test_the_command_takes_a_share_of_the_volume(capsys):
    asked = ["impact", "poisson", "--sell", "5", "--at", "1m", "--seeds", "2", "--pov"]
    code, _, said = fail(capsys, *asked, "10%")
    assert code == 2
    assert "--pov needs --over DURATION" in said
    code, _, said = fail(capsys, *asked, "0", "--over", "5m")
    assert code == 2
    assert "'0' is not a share" in said
    code, told = run(*asked, "10%", "--over", "5m", "--json")
    assert code == 0
    numbers = json.loads(told)
    assert (numbers["over"], numbers["pov"]) == ("5m", "10%")
    assert numbers["cost"]["paired_bps"]["mean"] > 0


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
