"""Simultaneous intervals and the Pareto front."""

import numpy as np
import pytest

from experiments.metrics.intervals import student_quantile
from experiments.metrics.paired import (
    pareto_frequency,
    pareto_front,
    ranks,
    simultaneous_differences,
)


def test_one_comparison_has_the_interval_of_student():
    """Theory: the bootstrap of a single mean is normal, so Student's t is what comes of it.

    Tolerance 5 % of the reach: the bootstrap's own error at 4,000 draws.
    """
    values = np.random.default_rng(3).normal(2.0, 1.5, 20)
    (found,) = simultaneous_differences(values[:, None], resamples=4_000)
    reach = student_quantile(0.95, 19) * values.std(ddof=1) / np.sqrt(20)
    assert found.estimate == pytest.approx(values.mean())
    assert found.high - found.estimate == pytest.approx(reach, rel=0.05)
    assert found.method == "max-t bootstrap"


def test_few_seeds_share_the_level_out():
    values = np.random.default_rng(4).normal(0, 1, (5, 3))
    found = simultaneous_differences(values)
    reach = student_quantile(1 - 0.05 / 3, 4) * values[:, 1].std(ddof=1) / np.sqrt(5)
    assert found[1].high - found[1].estimate == pytest.approx(reach)
    assert found[1].method == "Bonferroni-Student"


@pytest.mark.parametrize(("count", "shared"), [(6, 0.0), (20, 0.0), (20, 0.8)])
def test_all_intervals_hold_at_once_as_often_as_they_say(count, shared):
    """Theory: 95 % of the samples have all of 30 true means inside. 200 samples, seed 11: the
    share is within four binomial errors, 6.2 %, below, and may be above.
    """
    random = np.random.default_rng(11)
    held = 0
    for sample in range(200):
        own, common = random.standard_normal((count, 30)), random.standard_normal((count, 1))
        values = np.sqrt(1 - shared) * own + np.sqrt(shared) * common
        found = simultaneous_differences(values, resamples=400, seed=sample)
        held += all(one.low <= 0 <= one.high for one in found)
    assert held / 200 >= 0.95 - 0.062


def test_correlated_comparisons_are_held_to_less_than_independent_ones():
    """Theory: the more comparisons move together, the fewer there are in effect."""
    random = np.random.default_rng(5)
    own, common = random.standard_normal((20, 40)), random.standard_normal((20, 1))

    def reach(values):
        found = simultaneous_differences(values / values.std(axis=0, ddof=1))[0]
        return found.high - found.estimate

    assert reach(0.1 * own + common) < 0.8 * reach(own)


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
