"""Intervals: quantiles from printed tables, lines by hand, coverage against its own promise."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.metrics import intervals


@pytest.mark.parametrize(
    ("level", "freedom", "printed"),
    [
        (0.95, 1, 12.706),
        (0.95, 2, 4.303),
        (0.95, 3, 3.182),
        (0.95, 10, 2.228),
        (0.95, 30, 2.042),
        (0.99, 5, 4.032),
        (0.90, 8, 1.860),
        (0.95, 120, 1.980),
        (0.95, 10_000, 1.960),
    ],
)
def test_quantiles_are_those_of_the_printed_tables(level, freedom, printed):
    assert intervals.student_quantile(level, freedom) == pytest.approx(printed, abs=5.1e-4)


def test_a_mean_by_hand():
    # Mean 2, deviation 1, standard error 1 / sqrt(3), t(2) = 4.3027.
    found = intervals.student_interval([1, 2, 3])
    assert found.estimate == 2
    assert found.high - 2 == pytest.approx(4.30265 / 3**0.5, rel=1e-5)
    assert (found.method, found.samples, found.level) == ("student", 3, 0.95)


def test_a_single_sample_has_no_bounds():
    for method in ("student", "bootstrap"):
        found = intervals.interval_of_mean([5.0], method=method)
        assert found.estimate == 5
        assert isnan(found.low)
        assert isnan(found.high)


@pytest.mark.parametrize("method", ["student", "bootstrap"])
def test_intervals_hold_the_truth_as_often_as_they_say(method):
    # 600 means of 25 normal draws; 95 % nominal. Binomial error 0.9 %, four of them allowed; the
    # percentile bootstrap is known to fall short by sqrt(24 / 25) and the t quantile: 93.2 %.
    rng = np.random.default_rng(20)
    held = 0
    for i in range(600):
        found = intervals.interval_of_mean(rng.normal(3, 2, 25), method=method, seed=i)
        held += found.low <= 3 <= found.high
    assert held / 600 == pytest.approx(0.95 if method == "student" else 0.932, abs=0.036)


def test_the_same_seed_draws_the_same():
    samples = np.random.default_rng(1).normal(size=30)
    one, other, third = (
        intervals.interval_of_mean(samples, method="bootstrap", seed=seed) for seed in (4, 4, 5)
    )
    assert one == other
    assert one != third


def test_a_line_by_hand():
    # Through (0, 0), (1, 1), (2, 1): slope 1/2, intercept 1/6, residuals -1/6, 1/3, -1/6.
    found = intervals.fit_line([0, 1, 2], [0, 1, 1])
    assert found.slope.estimate == pytest.approx(1 / 2)
    assert found.intercept.estimate == pytest.approx(1 / 6)
    assert found.r2 == pytest.approx(1 - (1 / 6) / (2 / 3))
    # s2 = 1/6 with one degree of freedom, variance of the slope s2 / 2; t(1) = 12.7062.
    assert found.slope.high - 0.5 == pytest.approx(12.7062 * (1 / 12) ** 0.5, rel=1e-5)
    # Robust: weights -1/2, 0, 1/2 on squares 1/36, 1/9, 1/36, times 3 / 1.
    robust = intervals.fit_line([0, 1, 2], [0, 1, 1], robust=True)
    assert robust.slope.high - 0.5 == pytest.approx(12.7062 * (1 / 24) ** 0.5, rel=1e-5)


@given(st.floats(-100, 100), st.floats(-100, 100), st.integers(3, 40), st.booleans())
def test_points_on_a_line_give_it_back(slope, intercept, count, robust):
    x = np.arange(count)
    found = intervals.fit_line(x, intercept + slope * x, robust=robust)
    assert found.slope.estimate == pytest.approx(slope, abs=1e-9)
    assert found.intercept.estimate == pytest.approx(intercept, abs=1e-8)
    assert found.slope.high - found.slope.low < 1e-7


def test_robust_bounds_are_wider_where_the_scatter_grows():
    rng = np.random.default_rng(3)
    x = rng.normal(size=4_000)
    y = x + x * rng.normal(size=4_000)
    widths = [
        found.slope.high - found.slope.low
        for found in (intervals.fit_line(x, y, robust=robust) for robust in (False, True))
    ]
    # Theory: the variance of the slope is E x^4 = 3 of what equal scatter would give; +-10 %.
    assert widths[1] / widths[0] == pytest.approx(3**0.5, rel=0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: intervals.student_interval([]), "samples must hold at least 1"),
        (lambda: intervals.student_interval([1, np.nan]), r"samples\[1\] = nan"),
        (
            lambda: intervals.student_interval([1, 2], 1.5),
            "level must be .* below 1, got 1.5",
        ),
        (lambda: intervals.student_quantile(0.95, 0), "freedom must be at least 1, got 0"),
        (lambda: intervals.interval_of_mean([1], method="t"), "method must be .* got 't'"),
        (lambda: intervals.resample_rows(3, 0, 5), "resamples must be at least 100, got 5"),
        (lambda: intervals.fit_line([1, 2], [1, 2]), "x must hold at least 3 values, got 2"),
        (lambda: intervals.fit_line([1, 1, 1], [1, 2, 3]), "x must take at least two values"),
        (lambda: intervals.fit_line([1, 2, 3], [1, 2, 3, 4]), "as many, got 3 and 4"),
        (lambda: intervals.to_series("x", [[1.0]], 1), "x must be one-dimensional"),
        (lambda: intervals.bootstrap_interval([], np.mean), "samples must hold at least one"),
    ],
)
def test_misuse_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
