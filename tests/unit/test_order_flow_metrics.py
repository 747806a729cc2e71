"""Metrics of market orders and resting orders, on series whose values follow from arithmetic."""

from math import inf, isnan

import numpy as np
import pytest

from experiments.calibration.market_record import STEP
from experiments.metrics.order_flow import (
    StepKind,
    coefficient_of_variation,
    fano_factor,
    hawkes_fit,
    hazard,
    mean_imbalance,
    order_lives,
    recovery_half_life_ns,
    response,
    resting_prices,
)

S = 10**9


def steps(*rows):
    """Rows of (second, order, price, size, kind), all told."""
    found = np.zeros(len(rows), STEP)
    for i, (second, order, price, size, kind) in enumerate(rows):
        found[i] = (second * S, i, order, price, size, kind, True, 0)
    return found


def test_variation_and_fano_factor_by_arithmetic():
    assert coefficient_of_variation([1, 3]) == pytest.approx(2**0.5 / 2)
    # Counts 2, 0, 1 in windows of 10 ns: mean 1, variance 1. What is left at the end is no window.
    assert fano_factor([0, 9, 25, 31], 10, 0, 35) == pytest.approx(1.0)
    # All events in one of two windows of four: counts 4, 0.
    assert fano_factor([1, 2, 3, 4], 10, 0, 20) == pytest.approx(8 / 2)
    with pytest.raises(ValueError, match="two windows"):
        fano_factor([1], 10, 0, 19)
    with pytest.raises(ValueError, match="an event"):
        fano_factor([50], 10, 0, 20)


def test_a_poisson_process_causes_nothing():
    rng = np.random.Generator(np.random.PCG64(1))
    ts = np.sort(rng.integers(0, 10_000 * S, 10_000))
    fit = hawkes_fit(ts, 0, 10_000 * S)
    # The norms are 0 or more, so a share of noise stays: its standard error is about 1 / 100.
    assert 0 <= fit.branching < 0.06
    assert fit.baseline == pytest.approx(1.0, abs=0.06)


def hawkes_times(baseline, branching, decay, seconds, seed):
    """Clusters: every event has a Poisson number of children at exponential ages."""
    rng = np.random.Generator(np.random.PCG64(seed))
    born = rng.uniform(0, seconds, rng.poisson(baseline * seconds))
    found = []
    while len(born):
        found.append(born)
        children = np.repeat(born, rng.poisson(branching, len(born)))
        born = children + rng.exponential(1 / decay, len(children))
        born = born[born < seconds]
    return (np.sort(np.concatenate(found)) * S).astype(np.int64)


@pytest.mark.parametrize(("branching", "decay"), [(0.5, 2.0), (0.8, 20.0), (0.6, 0.7)])
def test_the_branching_ratio_of_clusters_is_found(branching, decay):
    """Over 4,000 s at 1 cluster a second the scatter is about 0.02; 0.7/s lies between kernels."""
    ts = hawkes_times(1.0, branching, decay, 4_000, 3)
    fit = hawkes_fit(ts, 0, 4_000 * S)
    assert fit.branching == pytest.approx(branching, abs=0.06)
    # The likelihood of the fit is at least that of a Poisson process of the same rate.
    rate = len(ts) / 4_000
    assert fit.log_likelihood >= len(ts) * (np.log(rate) - 1)


def test_too_few_events_are_refused():
    with pytest.raises(ValueError, match="10 events"):
        hawkes_fit(np.arange(9), 0, 100)


def test_imbalance_and_response_by_arithmetic():
    bid, ask = np.array([3, 1]), np.array([1, 1])
    assert mean_imbalance(bid, ask, np.array([1, -1])) == pytest.approx(0.25)
    mids, side = np.array([10.0, 11.0, 13.0, 12.0]), np.array([1, 1, -1, 1])
    assert response(mids, side, 1) == pytest.approx((1 + 2 + 1) / 3)
    assert response(mids, side, 2) == pytest.approx((3 + 1) / 2)


def test_the_half_life_is_a_median_and_may_be_infinite():
    ts = np.array([0, 10, 20, 30, 40]) * S
    spreads = np.array([2.0, 6.0, 5.0, 4.0, 9.0])
    rows = np.array([0]), np.array([1])
    assert recovery_half_life_ns(ts, spreads, *rows) == 20 * S  # 4 is half of the way back to 2
    assert recovery_half_life_ns(ts, np.array([2, 6, 5, 5, 9.0]), *rows) == inf
    gone = np.array([2.0, 6.0, np.nan, 4.0, 9.0])  # a side that is empty has not recovered
    assert recovery_half_life_ns(ts, gone, *rows) == 20 * S
    assert isnan(recovery_half_life_ns(ts, spreads, np.zeros(0, int), np.zeros(0, int)))


def test_lives_end_by_cancellation_trade_replacement_or_the_record():
    lives = order_lives(
        steps(
            (0, 1, 100, 5, StepKind.NEW),
            (1, 2, 101, 5, StepKind.NEW),
            (2, 3, 102, 5, StepKind.NEW),
            (3, 4, 103, 5, StepKind.NEW),
            (4, 1, 0, 0, StepKind.CANCELLED),
            (5, 2, 0, 2, StepKind.TRADED),
            (6, 2, 0, 3, StepKind.TRADED),
            (7, 3, 102, 4, StepKind.REPLACED),  # keeps its place
            (8, 3, 105, 4, StepKind.REPLACED),  # begins anew
            (9, 9, 0, 0, StepKind.CANCELLED),  # of before the record
        ),
        20 * S,
    )
    born = (lives.born_ns // S).tolist()
    told = dict(zip(born, zip((lives.age_ns // S).tolist(), lives.cancelled, strict=True),
                    strict=True))  # fmt: skip
    assert told == {0: (4, True), 1: (5, False), 2: (6, True), 3: (17, False), 8: (12, False)}


def test_a_reduction_to_nothing_is_a_cancellation_and_an_id_may_come_again():
    lives = order_lives(
        steps(
            (0, 7, 100, 5, StepKind.NEW),
            (1, 7, 0, 2, StepKind.REDUCED),
            (3, 7, 0, 3, StepKind.REDUCED),
            (5, 7, 101, 1, StepKind.NEW),
        ),
        6 * S,
    )
    assert (lives.age_ns // S).tolist() == [3, 1]
    assert lives.cancelled.tolist() == [True, False]


def test_what_nobody_did_is_neither_a_birth_nor_a_cancellation():
    rows = steps(
        (0, 1, 100, 5, StepKind.NEW),
        (0, -2, 100, 5, StepKind.NEW),
        (1, 1, 0, 0, StepKind.CANCELLED),
        (2, -2, 0, 0, StepKind.CANCELLED),
    )
    rows["told"][[1, 2]] = False
    lives = order_lives(rows, 9 * S)
    assert (lives.born_ns.tolist(), lives.cancelled.tolist()) == ([0], [False])
    assert lives.age_ns.tolist() == [S]


def test_the_hazard_is_cancellations_over_time_lived_at_an_age():
    lives = order_lives(
        steps(
            (0, 1, 1, 1, StepKind.NEW),
            (0, 2, 1, 1, StepKind.NEW),
            (0, 3, 1, 1, StepKind.NEW),
            (1, 1, 0, 0, StepKind.CANCELLED),
            (15, 2, 0, 0, StepKind.CANCELLED),
        ),
        20 * S,
    )
    assert hazard(lives, 0, 2 * S) == (pytest.approx(1 / 5), 1)
    assert hazard(lives, 10 * S, inf) == (pytest.approx(1 / 15), 1)
    rate, count = hazard(lives, 30 * S, inf)
    assert isnan(rate)
    assert count == 0


def test_prices_are_those_of_the_order_at_that_step():
    rows = steps(
        (0, 1, 100, 5, StepKind.NEW),
        (1, 2, 90, 5, StepKind.NEW),
        (2, 1, 0, 1, StepKind.REDUCED),
        (3, 1, 105, 4, StepKind.REPLACED),
        (4, 1, 0, 0, StepKind.CANCELLED),
        (5, 5, 0, 0, StepKind.CANCELLED),
    )
    found = resting_prices(rows)
    assert found[:5].tolist() == [100, 90, 100, 105, 105]
    assert isnan(found[5])
