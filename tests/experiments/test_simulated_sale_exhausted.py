"""A sale into a simulated market that runs out of bids, and seeds that all agree."""

import json

import numpy as np
import pytest

import agents
import lob
from experiments.commands import cli
from experiments.studies.impact import measure_sale
from lob.units import SECOND_NS

LAGS = (0, SECOND_NS, 20 * SECOND_NS)


class Wall(agents.Agent):
    """Ten lots at each of five bids, which come again after five seconds, and a clock of quotes."""

    def on_start(self):
        self.quote()
        self.sell(10, price=1_001)
        self.wake_in(SECOND_NS)

    def quote(self):
        for price in range(995, 1_000):
            self.buy(10, price=price)

    def on_wake(self):
        self.cancel(self.sell(1, price=2_000))
        if self.now == 10 * SECOND_NS:
            self.quote()
        self.wake_in(SECOND_NS)


def wall(seed):
    simulation = agents.Simulation(seed)
    simulation.add(Wall("wall"))
    return simulation


def sold(size):
    return measure_sale(wall, size=size, at_ns=5 * SECOND_NS, seeds=range(3), lags_ns=LAGS)


@pytest.fixture(scope="module")
def emptied():
    return sold(80)


def test_what_ran_out_is_shouted_in_every_output(emptied):
    assert emptied.emptied == (True, True, True)
    shouted, unfilled, said = emptied.headline()
    assert shouted.startswith("EXHAUSTED: the bids ran out in 3 of 3 seeds")
    assert unfilled.startswith("UNFILLED: in 3 of 3 seeds")
    assert said.startswith("selling 80 lots costs ")
    assert emptied.summary()["exhausted"] == [shouted, unfilled]


def test_what_has_no_mid_has_no_impact_and_keeps_its_cost(emptied):
    assert [cost.filled for cost in emptied.costs] == [50, 50, 50]
    assert np.isnan(emptied.paths[:, :2]).all()
    assert (emptied.paths[:, 2] == 0).all()
    said = emptied.summary()
    assert said["impact"][0] == {"lag_ns": 0, "mean": None, "low": None, "high": None}
    assert said["impact"][2]["mean"] == 0
    assert said["peak"] == {"lag_ns": None, "mean": None, "low": None, "high": None}
    assert "what it moves the mid by is not defined; 3 seeds" in emptied.headline()[-1]


def test_a_sale_that_finds_its_bids_shouts_nothing():
    held = sold(45)
    assert held.emptied == (False, False, False)
    assert held.exhausted_lines() == []
    assert len(held.headline()) == 1


def test_seeds_that_agree_have_no_interval_of_width_zero():
    held = sold(45)
    said = held.summary()
    assert said["cost"]["filled"] == {"mean": 45, "low": None, "high": None}
    assert said["impact"][0] == {"lag_ns": 0, "mean": -2, "low": None, "high": None}
    assert "in each of 3 seeds: no interval" in held.headline()[0]
    assert "[" not in held.headline()[0]


def test_the_command_tells_what_ran_out_and_what_was_asked(capsys):
    arguments = ["impact", "poisson", "--sell", "5000", "--at", "1m", "--seeds", "2"]
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 0
    words = capsys.readouterr().out
    assert "EXHAUSTED: the bids ran out in 2 of 2 seeds" in words
    assert "UNFILLED: in 2 of 2 seeds" in words
    with pytest.raises(SystemExit) as end:
        cli.main([*arguments, "--set", "price=5000", "--json"])
    assert end.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert said["exhausted"][0].startswith("EXHAUSTED")
    assert said["firesale"] == lob.__version__
    assert said["market"] == "poisson"
    assert said["seeds"] == [1, 2]
    assert (said["size"], said["at"], said["over"]) == (5_000, "1m", None)
    assert said["resolved"]["price"] == 5_000
    assert set(said["resolved"]) >= {"events", "price", "speed", "window"}
