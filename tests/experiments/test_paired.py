"""Simultaneous intervals and the Pareto front."""

import numpy as np
import pytest
from scipy.optimize import brentq

from experiments.metrics.paired import (
    pareto_frequency,
    pareto_front,
    ranks,
    simultaneous_differences,
)


def test_of_one_value_the_interval_is_known():
    """Theory: eleven zeros and a one have a weight of the one that is beta(1, 12) or, with the
    extra weight on it too, beta(2, 11); the quantiles of the weights are the bounds.
    """
    values = np.append(np.zeros(11), 1.0)
    (found,) = simultaneous_differences(values[:, None], level=0.9)
    assert (found.least, found.most, found.method) == (0, 1, "clipped mean")
    wrong = 0.05 / 2  # half of 10 %, on either side
    low = 1 - (1 - wrong) ** (1 / 12)
    high = brentq(lambda x: (1 - x) ** 12 + 12 * x * (1 - x) ** 11 - wrong, 0, 1)
    assert found.low == pytest.approx(low, rel=0.15)
    assert found.high == pytest.approx(high, rel=0.02)
    assert found.beyond == pytest.approx(1 - (0.05 / 2) ** (1 / 12))


@pytest.mark.parametrize("count", [6, 20, 60])
@pytest.mark.parametrize("law", ["normal", "rare", "heavy"])
def test_all_statements_hold_at_once_as_often_as_they_say(count, law):
    """Theory: 95 % of the samples have all true clipped means inside and chances as small as said.
    200 samples of ten comparisons; the share is within four binomial errors, 6.2 %, below.
    """
    random = np.random.default_rng(11)
    draw = {
        "normal": lambda *shape: random.standard_normal(shape),
        "rare": lambda *shape: (random.uniform(size=shape) < 0.1) * random.exponential(8, shape),
        "heavy": lambda *shape: random.standard_t(2, shape),
    }[law]
    true, held = draw(100_000), 0
    for sample in range(200):
        found = simultaneous_differences(draw(count, 10), seed=sample)
        held += all(holds_for(one, true) for one in found)
    assert held / 200 >= 0.95 - 0.062


def holds_for(found, others):
    """Whether what is said of a difference is true of others of its law."""
    if found.method in ("exact", "sign test"):
        inside = True
    else:
        inside = found.low <= np.clip(others, found.least, found.most).mean() <= found.high
    below, above = (others < found.least).mean(), (others > found.most).mean()
    return inside and max(below, above) <= found.beyond


def test_stated_bounds_leave_nothing_beyond():
    values = np.random.default_rng(4).uniform(0, 1, (30, 2))
    wide = simultaneous_differences(values, bounds=[[-10, 0], [10, 1]])
    assert [one.method for one in wide] == ["bounded mean"] * 2
    assert [one.beyond for one in wide] == [0, 0]
    assert (wide[0].least, wide[0].most) == (-10, 10)
    assert wide[0].high - wide[0].low > wide[1].high - wide[1].low
    with pytest.raises(ValueError, match="must hold every difference: those of comparison 1"):
        simultaneous_differences(values, bounds=[[-10, 0], [10, 0.5]])
    with pytest.raises(ValueError, match="two rows of 2 finite numbers"):
        simultaneous_differences(values, bounds=[0, np.inf])


def test_few_seeds_are_sure_of_nothing():
    values = np.random.default_rng(4).uniform(1, 2, (5, 3))
    for one in simultaneous_differences(values):
        assert one.low >= 1, "of what was seen"
        assert one.beyond > 0.6
        assert not one.certain


def test_two_designs_of_one_law_rarely_differ():
    """Theory: at most 5 % of such pairs are called different; 300 samples of a lopsided law."""
    random = np.random.default_rng(8)
    loss = (random.uniform(size=(300, 60, 2)) < 0.2) * random.exponential(8, (300, 60, 2))
    called = sum(
        simultaneous_differences((one[:, 0] - one[:, 1])[:, None], seed=i)[0].certain
        for i, one in enumerate(loss)
    )
    assert called / 300 <= 0.03


def test_what_is_the_same_in_every_seed_is_exact():
    values = np.column_stack([np.zeros(12), np.full(12, 3.0), np.arange(12.0)])
    same, apart, spread = simultaneous_differences(values)
    assert same[:3] == (0, 0, 0)
    assert (same.method, apart.method) == ("exact", "sign test")
    assert not same.certain
    assert apart.estimate == 3
    assert np.isnan([apart.low, apart.high]).all(), "no interval of width zero"
    assert apart.certain
    few = simultaneous_differences(values[:4])[1]
    assert few.method == "exact"
    assert not few.certain, "four seeds alike are no certainty"
    assert spread.low < 5.5 < spread.high


def test_what_is_not_known_stays_out():
    values = np.random.default_rng(6).normal(5, 1, (15, 2))
    values[:3, 0] = np.nan
    values[:, 1] = np.nan
    some, none = simultaneous_differences(values)
    assert some.seeds == 12
    assert some.estimate == pytest.approx(values[3:, 0].mean())
    assert none.seeds == 0
    assert np.isnan(none.estimate)
    assert not none.certain


def test_the_front_is_what_nothing_beats():
    #        best of the first, best of the second, beaten, alike the first
    values = [[1, 9], [9, 1], [9, 9], [1, 9]]
    assert pareto_front(values).tolist() == [True, True, False, True]


def test_the_frequency_tells_a_sure_place_from_a_lucky_one():
    """Theory: between two designs of the same law each is on the front of one criterion half the
    time; 4,000 draws of 40 seeds. A third that is better in every seed is always there.
    """
    random = np.random.default_rng(7)
    base = random.standard_normal(40)
    values = np.array([base, base + 1, base])[:, None, :]
    assert pareto_frequency(values).tolist() == [1, 0, 1], "alike are both in"
    values = np.array([base, base + 1, base - 1])[:, None, :]
    assert pareto_frequency(values).tolist() == [0, 0, 1]
    values = random.standard_normal((2, 1, 40))
    values -= values.mean(axis=2, keepdims=True)
    first, second = pareto_frequency(values, resamples=4_000)
    assert first + second == pytest.approx(1)
    assert first == pytest.approx(0.5, abs=0.05)


def test_places():
    assert ranks([3.0, 1.0, float("nan"), 1.0]) == [3, 1, 4, 1]
    assert ranks([3.0, 1.0, 2.0], lower_is_better=False) == [1, 3, 2]
