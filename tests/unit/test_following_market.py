"""A maker market that follows another book, in scenarios and by itself."""

import numpy as np
import pytest

from agents import AgentError, Simulation
from agents.flow import MakerMarket, ZeroIntelligence
from agents.traders import TWAP, Executor
from experiments.scenario.read import ScenarioError, read_scenario
from experiments.scenario.variants import with_other_sources
from lob import Instrument, Side
from lob.units import SECOND_NS

PARAMETERS = {
    "clusters": 0.2, "limit_rate": 20.0, "market_sizes": [1, 2], "limit_sizes": [5, 10],
    "volatility": 0.0, "impact": 0.0, "gap": 4.0, "distances": [1, 2, 4, 8, 16], "reaction": 50.0,
}  # fmt: skip


def _pair(follows, seed=1, **parameters):
    simulation = Simulation(seed, instruments=[Instrument("A"), Instrument("B", number=1)])
    simulation.add(ZeroIntelligence("a", price=10_000, alpha=2.0, mu=20.0, delta=0.2, window=1_000))
    market = MakerMarket(
        "b", price=50_000, instrument=1, follows=follows, **{**PARAMETERS, **parameters}
    )
    return simulation, simulation.add(market)


def _mid(simulation, number):
    book = simulation.books[number]
    return (book.best_bid + book.best_ask) / 2


def test_it_goes_where_the_other_book_goes_and_not_the_other_way_round():
    simulation, _ = _pair(0)
    for number, (lots, at) in enumerate([(4_000, 3), (20, 30)]):
        simulation.add(
            Executor(
                f"seller {number}", side=Side.SELL, size=lots, instrument=number,
                schedule=TWAP(1, 1), start_in=at * SECOND_NS,
            )
        )  # fmt: skip
    simulation.run(until=2 * SECOND_NS)
    start = _mid(simulation, 0), _mid(simulation, 1)
    simulation.run(until=29 * SECOND_NS)
    fallen = _mid(simulation, 0) / start[0], _mid(simulation, 1) / start[1]
    assert fallen[0] < 0.98
    assert fallen[1] == pytest.approx(fallen[0], abs=0.002)
    # Sold in the second book: its own matter.
    before = _mid(simulation, 0)
    simulation.run(until=31 * SECOND_NS)
    assert abs(_mid(simulation, 0) / before - 1) < 0.01


def test_one_that_follows_nothing_is_as_it_was():
    tapes = []
    for follows in (None, 0):
        simulation, _ = _pair(follows)
        simulation.run(until=10 * SECOND_NS)
        events = simulation.events
        tapes.append([events[events["instrument"] == number].tobytes() for number in (0, 1)])
    # The book that is followed does not know.
    rows = [np.frombuffer(tape[0], np.uint8).size for tape in tapes]
    assert rows[0] == rows[1]
    assert tapes[0][1] != tapes[1][1]


def test_it_forks_and_pickles_on_the_way():
    simulation, _ = _pair(0, volatility=1.0)
    simulation.run(until=5 * SECOND_NS)
    twin = simulation.fork()
    for one in (simulation, twin):
        one.run(until=15 * SECOND_NS)
    assert simulation.digest() == twin.digest()


def test_what_it_cannot_follow_is_told():
    with pytest.raises(ValueError, match="follows must be another instrument"):
        MakerMarket("b", price=100, instrument=1, follows=1, **PARAMETERS)
    with pytest.raises(TypeError, match="follows"):
        MakerMarket("b", price=100, follows="A", **PARAMETERS)
    simulation, _ = _pair(7)
    with pytest.raises(AgentError, match="follows must be an instrument, 0 to 1, got 7"):
        simulation.run(until=SECOND_NS)


@pytest.mark.parametrize(
    ("path", "name", "said"),
    [
        ("instruments.1.background.follows", "ETC", "no other instrument is called 'ETC'"),
        ("instruments.1.background.follows", "STETH-USDC", "no other instrument is called"),
        ("instruments.0.background.follows", "STETH-USDC", "must not lead back to itself"),
    ],
)
def test_a_scenario_that_follows_nobody_is_refused(path, name, said):
    with pytest.raises(ScenarioError, match=said):
        read_scenario("contagion", {path: name})


def test_forced_sales_may_be_taken_for_one_seller():
    scenario = read_scenario("contagion")
    assert {one.background.sources() for one in scenario.instruments} == {"account"}
    sources, other = with_other_sources(scenario)
    assert sources == "engine"
    assert {one.background.sources() for one in other.instruments} == {"engine"}
    assert with_other_sources(other) == ("account", scenario)
    theory = read_scenario({**scenario.model_dump(), "instruments": [
        {"name": name, "base": base, "quote": "USDC", "tick_size": "0.01", "lot_size": "0.01",
         "background": {"kind": "uniform", "price": 175_000, "depth": 10, "ticks": 100}}
        for name, base in (("ETH-USDC", "ETH"), ("STETH-USDC", "stETH"))
    ]})  # fmt: skip
    assert with_other_sources(theory) is None
