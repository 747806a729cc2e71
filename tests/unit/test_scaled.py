"""Markets that are others in depth, refill and volatility."""

from decimal import Decimal

import numpy as np
import pytest

from experiments.calibration.market_file import InstrumentOfMarket
from experiments.markets import equity, perp_btc
from experiments.markets.perp_btc import PARAMETERS
from experiments.markets.scaled import SCALABLE, scaled
from experiments.scenario.read import read_scenario
from lob.units import SECOND_NS

MINUTE = 60 * SECOND_NS


def test_factors_of_one_change_nothing():
    assert scaled("maker-market", PARAMETERS) == {}
    tapes = []
    for factors in ({}, {"depth": 1.0, "refill": 1.0, "volatility": 1.0}, {"refill": 1.1}):
        simulation = perp_btc(3, **factors)
        simulation.run(until=MINUTE)
        tapes.append(simulation.events.tobytes())
    assert tapes[0] == tapes[1] != tapes[2]


def test_a_factor_that_is_no_factor_is_named():
    for factor in (0, -1.0, float("nan"), "2"):
        with pytest.raises((TypeError, ValueError), match="refill"):
            scaled("maker-market", PARAMETERS, refill=factor)
    with pytest.raises(ValueError, match="hawkes has no volatility"):
        scaled("hawkes", {"size": 1}, volatility=2.0)


@pytest.mark.parametrize("model", SCALABLE)
def test_two_factors_are_their_product(model):
    given = {
        "zero-intelligence": {"alpha": 1.0, "mu": 3.0, "delta": 0.1, "sigma": 4},
        "poisson": {"lambda_": [1.0, 0.5], "theta": [0.1], "k": 0.2, "mu": 1.0, "size": 4},
        "long-memory": {"alpha": 1.0, "delta": 0.1, "mu": 1.0, "size": 4},
        "hawkes": {"size": 4},
        "queue-reactive": {"size": 4},
        "maker-market": PARAMETERS,
    }[model]
    for name in SCALABLE[model]:
        once = {**given, **scaled(model, given, **{name: 2.0})}
        twice = {**once, **scaled(model, once, **{name: 3.0})}
        at_once = {**given, **scaled(model, given, **{name: 6.0})}
        assert once != given
        for key, value in at_once.items():
            # Lots are whole.
            assert np.allclose(np.array(twice[key]), np.array(value), rtol=1e-12, atol=1e-12), key


def _depth_and_moves(**factors):
    """Mean depth within 1 % of the mid, and the standard deviation of a minute's move."""
    depths, mids = [], []
    for seed in (1, 2):
        simulation = equity(seed, events=False, **factors)
        for minute in range(20, 60):
            simulation.run(until=minute * MINUTE)
            book = simulation.books[0]
            mid = (book.best_bid + book.best_ask) / 2
            bids = book.bids(2**16)
            depths.append(float(bids["size"][bids["price"] > 0.99 * mid].sum()))
            mids.append(mid)
    moves = np.diff(np.array(mids).reshape(2, -1), axis=1)
    return float(np.mean(depths)), float(moves.std())


def test_a_market_is_as_deep_and_as_volatile_as_asked():
    depth, moves = _depth_and_moves()
    deeper, _ = _depth_and_moves(depth=2.0)
    assert 1.6 < deeper / depth < 2.4
    _, wilder = _depth_and_moves(volatility=2.0)
    assert 1.5 < wilder / moves < 2.6
    other, same = _depth_and_moves(refill=2.0)
    # What trades and stale quotes took comes back sooner: more rests, though not twice as much.
    assert 0.9 < other / depth < 2.0
    assert 0.6 < same / moves < 1.5


def test_a_ready_market_without_factors_refuses():
    scenario = read_scenario("deleveraging-spiral")
    background = scenario.instruments[0].background
    assert background.scaled(depth=2.0).scaled(depth=0.5).parameters["depth"] == 1.0
    theory = type(background)(kind="market", name="poisson")
    with pytest.raises(ValueError, match="poisson cannot be scaled"):
        theory.scaled(depth=2.0)


def test_a_scaled_profile_asks_for_what_it_gives():
    scenario = read_scenario("two-assets")
    (background,) = (
        one.background for one in scenario.instruments if one.background.kind == "profile"
    )
    other = background.scaled(depth=2.0, refill=4.0, volatility=1.5)
    assert other.depth == 2 * background.depth
    assert other.volume == 2 * background.volume
    assert other.half_life == background.half_life / 4
    assert other.volatility == 1.5 * background.volatility
    instrument = background.solved.instrument
    assert isinstance(instrument, InstrumentOfMarket)
    assert instrument.tick_size > Decimal(0)
    # It is taken for what it says, and not solved anew.
    assert other.of_instrument(instrument) is other
