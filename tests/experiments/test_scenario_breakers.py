"""Circuit breakers and call auctions of a scenario."""

import numpy as np
import pytest

from experiments.runs.run import run_scenario
from experiments.scenario.read import ScenarioError, read_scenario
from lob import EventKind, Reason, Session
from lob.venue.breaker import CircuitBreaker, Level, ScheduledCallAuction
from tests.small_scenarios import FLASH_CRASH

SMALL = {"populations.0.count": 500, "seconds": 60.0, "horizon": 30.0}
BREAKER = {
    "kind": "circuit-breaker",
    "instrument": "PERP",
    "window": 5.0,
    "levels": [{"move": 10_000, "halt": 2.0, "call": 1.5}, {"move": 100_000}],
    "band": 200_000,
}
OPENING = {"kind": "call-auction", "instrument": "PERP", "length": 0.5, "every": 20.0}


def scenario(*breakers):
    found = read_scenario(FLASH_CRASH, {**SMALL, "breakers": list(breakers)})
    assert found.breakers
    return found


@pytest.fixture(scope="module")
def instrument():
    return read_scenario(FLASH_CRASH).instruments[0].name


def named(instrument, *breakers):
    return [{**one, "instrument": instrument} for one in breakers]


def test_a_scenario_with_breakers_halts_collects_and_goes_on(instrument):
    run = run_scenario(scenario(*named(instrument, BREAKER, OPENING)), 1)
    run.simulation.venue.check()
    breaker, opening = run.simulation.venue.breakers
    assert isinstance(opening, ScheduledCallAuction)
    assert isinstance(breaker, CircuitBreaker)
    assert breaker.levels == (Level(10_000, 2 * 10**9, 1_500_000_000), Level(100_000, None, 0))
    assert (breaker.window, opening.length, opening.every) == (5 * 10**9, 5 * 10**8, 20 * 10**9)
    events = run.tape["events"]
    sessions = events[events["kind"] == EventKind.SESSION]
    assert breaker.trips
    halted = sessions["ts_event"][sessions["order_id"] == Session.HALTED]
    assert halted.tolist() == [ts for ts, _ in breaker.trips]
    starts = sessions["ts_event"][sessions["order_id"] == Session.CALL]
    assert {0, 20 * 10**9} <= set(starts.tolist())
    # Nothing is matched from a halt until the book goes on.
    for ts in halted.tolist():
        until = sessions["ts_event"][
            (sessions["ts_event"] > ts) & (sessions["order_id"] == Session.CONTINUOUS)
        ]
        end = until[0] if len(until) else np.iinfo(np.int64).max
        within = events[(events["ts_event"] > ts) & (events["ts_event"] < end)]
        assert not (within["kind"] == EventKind.TRADE).any()
    assert (events["reason"] == Reason.HALTED).any()
    assert run_scenario(run.scenario, 1).simulation.digest() == run.simulation.digest()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"instrument": "GOLD"}, r"breakers.0.instrument: no instrument is called 'GOLD'"),
        ({"levels": []}, "breakers.0.levels"),
        ({"levels": [{"move": 5}, {"move": 5}]}, "levels must have rising moves"),
        ({"band": 0}, "breakers.0.band"),
        ({"kind": "fuse"}, "breakers.0"),
        ({"halts": 3}, "breakers.0.halts"),
    ],
)
def test_a_wrong_breaker_is_refused_with_its_place(instrument, change, says):
    with pytest.raises(ScenarioError, match=says):
        scenario({**named(instrument, BREAKER)[0], **change})


def test_auctions_must_not_overlap(instrument):
    with pytest.raises(ScenarioError, match="every must be longer than length"):
        scenario({**named(instrument, OPENING)[0], "every": 0.5})
