"""Twin runs, and the command that tells two tapes apart."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import agents
import lob
from experiments.commands import cli
from experiments.runs.tape_diff import first_difference
from experiments.runs.twin import run_twins
from lob import tape

END = 100_000


class Noise(agents.Agent):
    def on_start(self):
        self.wake_in(1)

    def on_wake(self):
        side = 1 if self.random.random() < 0.5 else -1
        self.submit(side, 1 + self.random.integers(9), 100 - side * self.random.integers(5))
        self.wake_in(1 + self.random.integers(500))


class Seller(agents.Agent):
    def on_start(self):
        self.wake_in(END // 2)

    def on_wake(self):
        self.sell(30)


def market(seed):
    simulation = agents.Simulation(seed)
    for i in range(3):
        simulation.add(Noise(f"noise {i}", to_venue=agents.Exponential(100)))
    return simulation


def test_twins_are_the_same_until_the_sale():
    for pair in run_twins(market, lambda: [Seller("seller")], seeds=range(3), until=END):
        assert pair.full["ts_event"][pair.parted] == END // 2
        assert pair.full[: pair.parted].tobytes() == pair.twin[: pair.parted].tobytes()


def test_twins_without_a_difference_are_the_same():
    sleeper = run_twins(market, lambda: [agents.Agent("sleeper")], seeds=[1], until=END)
    nobody = run_twins(market, list, seeds=[1], until=END)
    assert sleeper[0].parted is nobody[0].parted is None
    assert sleeper[0].full.tobytes() == sleeper[0].twin.tobytes()


def test_a_market_that_is_no_function_of_its_seed_is_found():
    seeds = iter(range(100))
    with pytest.raises(ValueError, match="not a function of its seed"):
        run_twins(lambda _: market(next(seeds)), lambda: [Seller("s")], seeds=[1], until=END)


def run(*arguments):
    return CliRunner().invoke(cli.app, list(map(str, arguments)))


@pytest.fixture
def tapes(tmp_path):
    pair = run_twins(market, lambda: [Seller("seller")], seeds=[1], until=END)[0]
    paths = [tmp_path / "full.parquet", tmp_path / "twin.npy"]
    for path, rows in zip(paths, (pair.full, pair.twin), strict=True):
        tape.write(path, rows)
    return pair, paths


def test_diff_names_the_first_event_and_what_led_to_it(tapes):
    pair, paths = tapes
    result = run("diff", *paths)
    assert result.exit_code == 1
    assert f"differ first in row {pair.parted}" in result.output
    assert "order_type=1" in result.output
    said = json.loads(run("diff", *paths, "--json").output)
    assert said["row"] == pair.parted
    assert said["before"][-1]["seq"] == pair.parted
    assert said["rows"][0]["kind"] == "ACCEPTED"


def test_diff_of_the_same_tape_is_quiet(tapes):
    _, paths = tapes
    result = run("diff", paths[0], paths[0])
    assert (result.exit_code, result.output) == (0, "the tapes are the same to the byte\n")


def test_a_tape_that_ends_first_differs_there(tapes):
    pair, _ = tapes
    found = first_difference(pair.full, pair.full[:-1])
    assert found.row == len(pair.full) - 1
    assert found.other is None
    assert found.fields == ()


def test_diff_refuses_tapes_of_different_layouts(tapes, tmp_path):
    tape.write(tmp_path / "messages.npy", np.zeros(1, lob.MESSAGE))
    with pytest.raises(SystemExit) as end:
        cli.main(["diff", str(tapes[1][0]), str(tmp_path / "messages.npy")])
    assert end.value.code == 1
