"""Mean impact over seeds: hand-worked paths, and synthetic ones whose law is known."""

from math import isnan, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lob
from experiments.metrics import impact

LAGS = (0, 10, 20, 40)


def quotes(*rows):
    """QUOTE rows from (ts, bid, ask) with a lot on either side."""
    return np.array([(ts, bid, 1, ask, 1) for ts, bid, ask in rows], lob.QUOTE)


def test_paths_by_hand():
    twin = quotes((0, 99, 101), (90, 99, 101))
    sold = quotes((0, 99, 101), (50, 95, 101), (60, 97, 101), (90, 99, 101))
    found = impact.impact_paths([(sold, twin, 50), (twin, twin, 50), (sold, twin, 60)], (0, 10, 40))
    assert found[:2].tolist() == [[-2, -1, 0], [0, 0, 0]]
    assert found[2, :2].tolist() == [-1, -1]
    assert isnan(found[2, 2])  # the tape ends at 90


def test_the_mean_counts_the_seeds_that_know():
    path = impact.mean_path([[1, 4], [3, np.nan], [2, np.nan]])
    assert (path[0].estimate, path[0].samples) == (2, 3)
    assert (path[1].estimate, path[1].samples) == (4, 1)
    assert isnan(path[1].low)
    (nothing,) = impact.mean_path([[np.nan]], method="bootstrap")
    assert isnan(nothing.estimate)
    assert nothing.samples == 0


def test_half_life_by_hand():
    # From -8 to -2: half of the 6 is gone at -5, halfway between -6 (10) and -4 (20).
    assert impact.half_life_ns([-8, -6, -4, -2], LAGS) == 15
    # It counts from the peak, here at 10: -8 to -2, -5 lies at half of the way to 20.
    assert impact.half_life_ns([-3, -8, -2, -2], LAGS) == 5
    assert isnan(impact.half_life_ns([1, 2, 3, 4], LAGS))
    assert isnan(impact.half_life_ns([4, np.nan, 3, 1], LAGS))


@given(
    st.lists(st.integers(-50, 50), min_size=2, max_size=8),
    st.floats(0.1, 10),
    st.sampled_from([-1, 1]),
)
def test_half_life_knows_neither_scale_nor_side(path, scale, side):
    lags = range(0, 10 * len(path), 10)
    one = impact.half_life_ns(path, lags)
    other = impact.half_life_ns(side * scale * np.array(path), lags)
    assert (isnan(one) and isnan(other)) or one == pytest.approx(other)
    assert isnan(one) or 0 <= one <= lags[-1]


def test_what_is_half_but_for_rounding_is_half():
    """Of the 7.6 between 4.5 and -3.1 it is 3.8 at 0.7, and a little more as floats have it."""
    path, lags = np.array([45, 7, 7, -31]), range(0, 40, 10)
    assert impact.half_life_ns(path, lags) == 10
    assert impact.half_life_ns(-0.1 * path, lags) == pytest.approx(10)


def synthetic(seeds, rng, noise=1.0):
    """Paths -2 - 6 exp(-lag / 100) ns with independent noise, known in closed form."""
    lags = tuple(range(0, 1_001, 20))
    truth = -2 - 6 * np.exp(-np.array(lags) / 100)
    return lags, truth, truth + noise * rng.normal(size=(seeds, len(lags)))


@pytest.mark.parametrize("method", ["student", "bootstrap"])
def test_a_known_decay_is_found(method):
    # 400 seeds, unit noise: the standard error of a mean is 0.05, intervals are about +-0.1.
    lags, truth, paths = synthetic(400, np.random.default_rng(8))
    found = impact.mean_impact(paths, lags, method=method, seed=1)
    inside = np.mean(
        [one.low <= true <= one.high for one, true in zip(found.path, truth, strict=True)]
    )
    assert inside >= 0.85  # 95 % of 51 independent lags, less four binomial errors: 0.83
    assert found.peak_lag_ns == 0
    assert found.peak.estimate == pytest.approx(-8, abs=0.2)
    assert found.permanent.estimate == pytest.approx(-2, abs=0.2)
    assert found.permanent.method == method
    assert found.peak.method == found.half_life_ns.method == "bootstrap"
    # The half-life is 100 log 2 = 69.3; -dx/dlag there is 0.03, so 0.05 + 0.05 / 2 is +-2.5: 4 of
    # these.
    assert found.half_life_ns.estimate == pytest.approx(100 * log(2), abs=10)
    assert found.half_life_ns.low < 100 * log(2) < found.half_life_ns.high


def test_noise_alone_has_a_path_around_zero():
    # 4,000 intervals of 30 normal seeds: 95 % +- 4 x 0.34 %.
    paths = np.random.default_rng(2).normal(size=(30, 4_000))
    held = np.mean([one.low <= 0 <= one.high for one in impact.mean_path(paths)])
    assert held == pytest.approx(0.95, abs=0.014)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: impact.mean_impact([[1, 2]], (0,)), "paths must have a column a lag, 1, got 2"),
        (lambda: impact.mean_impact([[1, 2]], (5, 5)), r"lags_ns must rise, got \[5, 5\]"),
        (lambda: impact.mean_impact([[1, np.nan]], (0, 5)), "got none at 5 ns"),
        (lambda: impact.mean_impact(np.empty((0, 2)), (0, 5)), "a seed at least"),
        (lambda: impact.mean_path([1, 2]), r"paths must be \(seeds, lags\)"),
        (lambda: impact.half_life_ns([1], (1, 2)), "path must have a value a lag"),
    ],
)
def test_misuse_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
