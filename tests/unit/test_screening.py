"""The twelve markets of a robustness check, and what is told of orders that flip."""

import itertools

import numpy as np
import pytest

from experiments.contest.compare import Contest
from experiments.contest.designs import ContestDesign
from experiments.contest.factors import FACTORS, Factor
from experiments.contest.screening import (
    FIRST_ROW,
    MARKETS,
    HeadToHead,
    Screening,
    levels_of,
    screened_markets,
)
from experiments.scenario.read import read_scenario


def test_the_design_is_orthogonal():
    signs = np.array([[1 if high else -1 for high in levels_of(i)] for i in range(MARKETS)])
    assert (signs.sum(axis=0) == 0).all()
    assert (signs.T @ signs == MARKETS * np.eye(len(FIRST_ROW), dtype=int)).all()


def test_every_factor_changes_what_it_says():
    scenario = read_scenario("deleveraging-spiral")
    markets, factors, missing = screened_markets(scenario)
    assert missing == {}
    assert [one.name for one in factors] == [one.name for one in FACTORS]
    assert len(markets) == MARKETS
    at = {one.name: i for i, one in enumerate(factors)}
    for number, made in enumerate(markets.values()):
        high = levels_of(number)
        parameters = made.instruments[0].background.parameters
        assert parameters["depth"] == (2.0 if high[at["depth"]] else 0.5)
        assert parameters["refill"] == (2.0 if high[at["refill"]] else 0.5)
        assert parameters["volatility"] == (1.4 if high[at["volatility"]] else 0.7)
        source = made.clearings[0].holdings[0].oracle.source
        assert source.kind == ("ema" if high[at["the mark"]] else "mid")
        over = scenario.shocks[0].over * (2 if high[at["the shock's duration"]] else 0.5)
        assert made.shocks[0].over == over
        # As much time is left after the shock as before.
        assert made.seconds >= scenario.seconds + over - scenario.shocks[0].over
        (keepers,) = made.keepers
        assert keepers.count == (6 if high[at["the number of keepers"]] else 1)
        capital = scenario.keepers[0].capital
        assert keepers.capital == (4 * capital if high[at["keepers' capital"]] else capital // 4)
        sources = made.instruments[0].background.sources()
        assert sources == ("engine" if high[at["whom makers take forced sales for"]] else "account")
        low, most = made.populations[0].leverage
        assert (low > 3.0, most == 80.0) == ((True, True) if high[at["leverage"]] else (False,) * 2)


def test_what_does_not_apply_is_said():
    scenario = read_scenario("deleveraging-spiral").with_(keepers=[])
    markets, factors, missing = screened_markets(scenario)
    assert len(markets) == MARKETS
    assert missing["keepers' latency"] == "it has no keepers"
    assert len(factors) + len(missing) == len(FACTORS)
    with pytest.raises(ValueError, match="at most 11 factors"):
        screened_markets(scenario, FACTORS * 2)


FACTS = tuple(Factor(name, "low", "high", lambda scenario, high: {}) for name in "xyz")


def _contest(name, means, failed=1.0, disposed=None):
    rows = tuple(
        {
            "label": label,
            "seed": seed,
            "error": None,
            "criteria": {
                "bad_debt": float(mean),
                "liquidations": failed,
                "disposed": 1.0 if disposed is None else disposed.get(label, 1.0),
            },
        }
        for label, mean in means.items()
        for seed in range(2)
    )
    designs = tuple(ContestDesign(label, "market-sale", {}) for label in means)
    return Contest(None, name, designs, (0, 1), next(iter(means)), rows)


def _screening(rule, **others):
    contests = {
        f"market {i + 1}": _contest(f"market {i + 1}", rule(*levels_of(i)[:3]), **others)
        for i in range(MARKETS)
    }
    return Screening("bad_debt", contests, FACTS, {})


@pytest.fixture(autouse=True)
def _only_what_counts(monkeypatch):
    # Contests of this file know three criteria.
    monkeypatch.setattr(Contest, "broken", property(lambda self: []))


def test_the_factor_that_flips_an_order_is_found():
    found = _screening(lambda x, y, z: {"a": 1.0, "b": 2.0 if y else 0.5})
    assert found.order("a", "b") == HeadToHead(6, 6, 0)
    (flip,) = found.flips_when("a", "b")
    assert (flip.factor, flip.level, flip.there, flip.else_) == (
        "y", "low", HeadToHead(0, 6, 0), HeadToHead(6, 0, 0),
    )  # fmt: skip
    assert list(found.told("a")) == [
        "a before b in 6 of 12 markets; it flips when y is low (6 of 6 markets, else 0 of 6)"
    ]
    assert {
        (row["factor"], row["level"]): row["before"] for row in found.flip_map("a")
    } == {(name, level): 3 if name != "y" else 6 * (level == "high")
        for name, level in itertools.product("xyz", ("low", "high"))}  # fmt: skip


def test_an_order_that_holds_is_said_to_hold():
    found = _screening(lambda x, y, z: {"a": 1.0, "b": 2.0, "c": 1.0})
    assert found.ranked()[-1] == "b"
    assert list(found.told("a")) == [
        "a and c are alike in all 12 markets",
        "a before b in 12 of 12 markets",
    ]


def test_a_market_without_a_failure_ranks_nothing():
    found = _screening(lambda x, y, z: {"a": 1.0, "b": 2.0}, failed=0.0)
    assert found.order("a", "b").of == 0
    assert list(found.told("a")) == [
        "in 12 of 12 markets no account failed: nothing is ranked there",
        "a and b cannot be ranked in any market",
    ]


def test_what_is_unfinished_comes_last():
    found = _screening(
        lambda x, y, z: {"a": 5.0, "b": 1.0, "c": 0.0}, disposed={"b": 0.5, "c": 0.1}
    )
    assert found.order("a", "b") == HeadToHead(12, 0, 0)
    assert found.order("b", "c").of == 0
