"""Input that a run could take and should not: sizes, times, forged solutions, no metrics."""

import pytest

from experiments.runs.errors import told
from experiments.runs.memory_limit import limited
from experiments.runs.own_metrics import measured
from experiments.runs.run import run_scenario
from experiments.scenario.gaps import SolvedGapTable
from experiments.scenario.read import ScenarioError, read_scenario
from experiments.scenario.user_code import UserCodeError
from tests.small_scenarios import SPIRAL

SMALL = {"populations.0.count": 50, "seconds": 12.0, "horizon": 2.0, "keepers": []}


def small(**shock):
    """The small spiral with another shock."""
    base = {"instrument": "PERP", "at": 5.0, "lots": 300}
    return read_scenario(SPIRAL, {**SMALL, "shocks": [{**base, **shock}]})


def test_the_last_of_many_sellers_is_within_the_run():
    with pytest.raises(ScenarioError, match="seconds must reach to the horizon"):
        small(sellers=3, apart="3 s")
    scenario = small(sellers=3, apart="2 s")
    assert scenario.shocks[0].ends == 9.0
    run = run_scenario(scenario, 1)
    sold = [-one.position() for one in run.simulation.agents if one.name.startswith("shock 0")]
    assert sum(sold) == 300


@pytest.mark.parametrize("over", ["1 ns", "7 ns", "50 ns"])
def test_a_shock_of_nanoseconds_is_sold_in_as_many_parts(over):
    assert run_scenario(small(over=over), 1).drop() > 0


def test_what_is_solved_cannot_be_set():
    for path in ("shocks.0.solved", "shocks.0.solved.lots", "instruments.0.background.solved"):
        with pytest.raises(ScenarioError, match="is found when the scenario is read"):
            read_scenario(SPIRAL, {**SMALL, path: 1})


@pytest.mark.parametrize(
    "forged",
    [{"obtained": 5_000.0}, {"low": 0.5}, {"low": 9.0, "high": -9.0}, {"emptied": 100},
     {"runs": -1}, {"lots": 0}],
)  # fmt: skip
def test_a_solution_that_cannot_be_is_refused(forged):
    given = {"of": "x", "lots": 1, "obtained": 0.01, "low": 0.0, "high": 0.02, "emptied": 0,
             "runs": 8}  # fmt: skip
    SolvedGapTable(**given)
    with pytest.raises(ValueError, match=next(iter(forged))):
        SolvedGapTable(**{**given, **forged})


@pytest.mark.parametrize("factor", [1e9, 1e-9])
def test_an_oracle_cannot_say_what_is_no_price(factor):
    with pytest.raises(ScenarioError, match=r"factor: .* a price is 1 to"):
        read_scenario(
            SPIRAL,
            {**SMALL, "shocks": [{"kind": "oracle-fault", "instrument": "PERP", "at": 5.0,
                                  "factor": factor, "over": "2 s"}]},
        )  # fmt: skip


def test_recorded_times_are_of_one_kind(tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text("time,side,size\n0,sell,2\n2025-10-10 21:15:01,sell,2\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"line 3: times must be all in seconds, or all of"):
        read_scenario(
            SPIRAL,
            {**SMALL, "shocks": [{"kind": "recorded", "instrument": "PERP", "at": 5.0,
                                  "file": str(file)}]},
        )  # fmt: skip


@pytest.mark.parametrize(
    "value", [1j, (one for one in "ab"), 10**400, {1, 2}, lambda: 1, b"bytes"], ids=str
)
def test_a_metric_that_returns_no_value_is_named(value):
    with pytest.raises(UserCodeError, match="metric mine") as raised:
        measured({"mine": lambda tape: value}, {})
    assert "must return a number" in told(raised.value).error


def test_what_json_can_hold_is_a_value():
    for value in (1, 2.5, None, "a", [1, 2], {"a": 1}, True):
        assert measured({"mine": lambda tape, value=value: value}, {}) == {"mine": value}


def test_memory_that_runs_out_is_told_whoever_was_acting():
    said = "the run took more memory than it may: 1,000,000,000,000 bytes"
    error = ValueError("agent 'flow' failed")
    error.__cause__ = MemoryError()
    with pytest.raises(MemoryError, match=said) as raised, limited(10**12):
        raise error
    assert told(raised.value) == (f"MemoryError: {said}", None)
    with pytest.raises(ValueError, match="another"), limited(10**12):
        raise ValueError("another")
