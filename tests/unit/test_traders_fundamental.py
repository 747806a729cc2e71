"""The fundamental's path: its law, and that nobody who looks changes it."""

import copy
import math
import pickle

import numpy as np
import pytest

from agents.traders import Fundamental
from lob.units import SECOND_NS


def path(seed, **changes):
    arguments = {"mean": 1000.0, "reversion": 0.02, "volatility": 8.0, "initial": 1400.0}
    return Fundamental(seed, **(arguments | changes))


def law(gap_s, reversion=0.02, volatility=8.0, mean=1000.0, initial=1400.0):
    """Mean and variance of the value after a gap (Uhlenbeck and Ornstein 1930)."""
    decay = math.exp(-reversion * gap_s)
    return mean + (initial - mean) * decay, volatility**2 / (2 * reversion) * (1 - decay**2)


@pytest.mark.parametrize("gap_ns", [SECOND_NS // 3, 20 * SECOND_NS, 400 * SECOND_NS + 123_456_789])
def test_values_follow_the_formulas(gap_ns):
    """4,000 paths, seeds 0 on: the mean within 4 standard errors, the variance within 10 %.

    The standard error of the variance is sqrt(2 / 4,000) = 2.2 %.
    """
    values = np.array([path(seed).unrounded(gap_ns) for seed in range(4000)])
    mean, variance = law(gap_ns / SECOND_NS)
    assert abs(values.mean() - mean) < 4 * math.sqrt(variance / len(values))
    assert values.var() == pytest.approx(variance, rel=0.1)


@pytest.mark.parametrize(
    ("first_ns", "gap_ns"), [(3_000_000_007, 250_000_000), (10**9, 30 * 10**9)]
)
def test_increments_are_right_whatever_cells_they_cross(first_ns, gap_ns):
    """What a gap adds, given the value before it: uncorrelated with it, variance as in the formula.

    4,000 seeds; a correlation has a standard error of 1.6 %, so 7 % is 4 of them.
    """
    pairs = np.array(
        [[p.unrounded(first_ns), p.unrounded(first_ns + gap_ns)] for p in map(path, range(4000))]
    )
    decay = math.exp(-0.02 * gap_ns / SECOND_NS)
    added = pairs[:, 1] - 1000 - (pairs[:, 0] - 1000) * decay
    _, variance = law(gap_ns / SECOND_NS)
    assert added.var() == pytest.approx(variance, rel=0.1)
    assert abs(np.corrcoef(added, pairs[:, 0])[0, 1]) < 0.07


def test_it_is_stationary_after_a_while():
    """One path of 200,000 s: halves agree with the stationary mean and variance, 64 / 0.04 = 1600.

    Values 100 s apart have a correlation of 13 %; 2,000 of them in all.
    """
    one = path(5)
    values = np.array([one.unrounded(s * SECOND_NS) for s in range(1000, 201_000, 100)])
    for half in np.split(values, 2):
        assert abs(half.mean() - 1000) < 5 * 40 / math.sqrt(len(half))
        assert half.var() == pytest.approx(1600, rel=0.2)


def test_who_looks_when_changes_nothing():
    seen = path(1)
    times = [7 * SECOND_NS, 123, 900 * SECOND_NS, 5 * SECOND_NS, 5 * SECOND_NS + 1, 123]
    alone = [path(1).unrounded(ts) for ts in times]
    assert [seen.unrounded(ts) for ts in times] == alone
    assert len(set(alone)) == 5


def test_seed_and_name_make_another_path():
    values = {path(1).value(SECOND_NS * 50), path(2).value(SECOND_NS * 50)}
    values.add(path(1, name="other").value(SECOND_NS * 50))
    assert len(values) == 3


def test_a_gap_of_a_nanosecond_hardly_moves_it():
    one = path(3)
    for edge in (2**30, 7 * 2**30, 2**29, 2**20 * 3):
        assert abs(one.unrounded(edge) - one.unrounded(edge - 1)) < 0.05


def test_values_are_whole_and_not_below_zero():
    low = path(1, mean=0.0, initial=0.0, volatility=100.0)
    values = [low.value(s * SECOND_NS) for s in range(1, 200)]
    assert all(isinstance(value, int) and value >= 0 for value in values)
    assert 0 in values
    assert any(low.unrounded(s * SECOND_NS) < 0 for s in range(1, 200))


def test_it_stands_still_before_it_starts():
    late = path(1, start=10 * SECOND_NS)
    assert late.value(3 * SECOND_NS) == 1400
    assert late.unrounded(17 * SECOND_NS) == path(1).unrounded(7 * SECOND_NS)


def test_jumps_come_at_their_rate_and_decay():
    """Without volatility the path is jumps alone: compound Poisson with decay.

    Stationary variance is rate * E[size**2] / (2 reversion) = 0.01 * (50**2 + 10**2) / 0.04 = 650
    (Campbell's theorem); 2,000 seeds at 500 s, tolerance 20 % (its standard error is some 5 %).
    """
    values = np.array(
        [
            path(
                seed,
                initial=1000.0,
                volatility=0.0,
                jump_rate=0.01,
                jump_mean=50.0,
                jump_deviation=10.0,
            ).unrounded(500 * SECOND_NS)
            for seed in range(2000)
        ]
    )
    assert abs(values.mean() - 1000) < 4 * math.sqrt(650 / 2000)
    assert values.var() == pytest.approx(650, rel=0.2)


def test_a_jump_decays_as_the_path_does():
    one = path(4, initial=1000.0, volatility=0.0, jump_rate=0.001, jump_mean=300.0)
    times = np.arange(0, 5000)
    values = np.array([one.unrounded(int(s) * SECOND_NS) for s in times]) - 1000
    jumped = np.flatnonzero(np.abs(np.diff(values)) > 100)
    first = int(jumped[0]) + 1
    assert values[first - 1] == 0
    assert abs(values[first]) == pytest.approx(300, rel=0.03)
    quiet = int(jumped[1]) - first if len(jumped) > 1 else 50
    assert values[first + quiet] / values[first] == pytest.approx(math.exp(-0.02 * quiet))


def test_copies_and_pickles_are_the_same_path():
    one = path(1, jump_rate=0.1, jump_mean=5.0)
    for other in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert other.unrounded(99 * SECOND_NS + 7) == one.unrounded(99 * SECOND_NS + 7)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"volatility": -1.0}, r"volatility must be finite and at least 0, got -1.0"),
        ({"reversion": math.nan}, r"reversion must be finite and at least 0, got nan"),
        ({"start": -1}, r"start must be 0 to .*, got -1"),
    ],
)
def test_bad_arguments_are_named(changes, error):
    with pytest.raises(ValueError, match=error):
        path(1, **changes)
