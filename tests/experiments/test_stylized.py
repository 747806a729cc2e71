"""Stylised facts: hand-worked tapes, and series whose law is known.

Each statistical test states what theory gives, how far a sound estimate may lie from it (four
standard errors unless said otherwise) and its seed.
"""

from math import atan, cos, inf, pi, sin, sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lob
from experiments.metrics import stylized
from lob import journal
from tests.examples import examples
from tests.messages import BUY, SELL, batch, market, new, replace


def quotes(*rows):
    """QUOTE rows from (ts, bid, bid size, ask, ask size)."""
    return np.array(list(rows), lob.QUOTE)


# ---------------------------------------------------------------- series of a tape

TAPE = quotes((0, 99, 4, 0, 0), (10, 99, 4, 101, 6), (25, 98, 2, 102, 8), (30, 0, 0, 102, 8),
              (55, 100, 2, 102, 2), (60, 100, 2, 104, 2))  # fmt: skip


def test_mids_are_sampled_from_the_first_that_is_defined():
    # At 10, 20, 30, 40, 50, 60; while the bid is gone the mid of 25 holds.
    assert stylized.sampled_mids(TAPE, 10).tolist() == [100, 100, 100, 100, 100, 102]
    assert stylized.sampled_mids(TAPE, 45).tolist() == [100, 101]


def test_spread_and_depth_by_hand():
    assert np.isnan(stylized.spreads(TAPE)).tolist() == [True, False, False, True, False, False]
    spread = stylized.time_weighted(TAPE["ts_event"], stylized.spreads(TAPE))
    # 2 for 15 + 5 ns, 4 for 5 ns, undefined for 35 of 60; the last does not last.
    assert spread.values.tolist() == [2, 4]
    assert spread.shares.tolist() == [0.8, 0.2]
    assert spread.defined == 25 / 60
    assert spread.mean == pytest.approx(2.4)
    assert [spread.quantile(share) for share in (0.1, 0.8, 0.81, 0.999)] == [2, 2, 4, 4]
    assert stylized.touch_depths(TAPE).tolist() == [2, 5, 5, 4, 2, 2]
    until = stylized.time_weighted(TAPE["ts_event"], stylized.spreads(TAPE), until_ns=85)
    assert until.values.tolist() == [2, 4]
    assert until.shares.tolist() == [20 / 50, 30 / 50]


def test_signs_count_messages_not_trades():
    events = lob.OrderBook().process(
        batch(
            new(1, BUY, 99, 1),
            new(2, BUY, 98, 1),
            market(3, SELL, 2),  # two trades, one sign
            new(4, SELL, 101, 4),
            new(5, BUY, 90, 3),
            replace(5, 101, 1),  # buys twice,
            replace(4, 101, 3),
            new(6, BUY, 95, 3),
            replace(6, 102, 1),  # and once more
        )
    )
    assert stylized.order_signs(events).tolist() == [-1, 1, 1]
    assert stylized.order_signs(events, instrument=1).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([1.0, 2.5, np.nan, 7.0])), min_size=2))
def test_time_weights_are_those_of_a_step_function(rows):
    steps, values = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    times = np.cumsum(steps)
    lasting = np.diff(times)
    defined = lasting * ~np.isnan(values[:-1])
    assume(defined.sum() > 0)
    found = stylized.time_weighted(times, values)
    assert found.shares.sum() == pytest.approx(1)
    assert found.defined == pytest.approx(defined.sum() / lasting.sum())
    assert found.mean == pytest.approx(np.nansum(values[:-1] * lasting) / defined.sum())
    each = np.repeat(values[:-1], lasting)
    each = np.sort(each[~np.isnan(each)])
    for share in (0.25, 0.5, 0.9):
        expected = each[int(np.ceil(share * len(each) - 1e-9)) - 1]
        assert found.quantile(share) == expected


# ---------------------------------------------------------------- tails


def test_hill_by_hand():
    # The 10 largest of |x| are 2e, all others 2 or less: 10 / (10 log e) = 1.
    values = np.concatenate([np.full(5, 2 * np.e), np.full(5, -2 * np.e), np.full(90, 2.0)])
    found = stylized.tail_exponent(values, k=10)
    assert found.exponent.estimate == pytest.approx(1)
    assert found.exponent.high == pytest.approx(1 + 1.959964 / sqrt(10))
    assert (found.k, found.threshold, found.share) == (10, 2, 0.1)


def test_a_pareto_tail_is_found_without_bias():
    # Exact power law, exponent 3: the standard error is 3 / sqrt(k) = 0.042.
    values = np.random.default_rng(31).pareto(3, 200_000) + 1
    found = stylized.tail_exponent(values)
    assert found.k == 5_000
    assert found.exponent.estimate == pytest.approx(3, abs=4 * 0.0425)


def student3_beyond(x):
    """P(|T| > x) of Student's t with 3 degrees of freedom."""
    angle = atan(sqrt(3) / x)
    return 2 / pi * (angle - sin(angle) * cos(angle))


def hill_limit(share):
    """What Hill's estimate tends to on Student's t(3): S(u) / integral of S(x) / x from u on."""
    low, high = 0.01, 100.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if student3_beyond(middle) > share else (low, middle)
    logs = np.linspace(0, 8, 4_001)
    tail = np.array([student3_beyond(low * np.exp(log)) for log in logs])
    # Beyond e**8 times the threshold what is left is under 1e-10.
    return share / float(((tail[1:] + tail[:-1]) / 2).sum() * (logs[1] - logs[0]))


@pytest.mark.parametrize(
    ("share", "stated"), [(0.01, 2.88), (0.025, 2.78), (0.05, 2.65), (0.1, 2.45)]
)
def test_the_bias_on_student_t_is_the_one_that_is_stated(share, stated):
    assert hill_limit(share) == pytest.approx(stated, abs=0.006)
    values = np.random.default_rng(32).standard_t(3, 400_000)
    found = stylized.tail_exponent(values, k=int(share * 400_000))
    error = stated / sqrt(found.k)
    assert found.exponent.estimate == pytest.approx(hill_limit(share), abs=4 * error)


@given(st.floats(0.01, 100), st.integers(0, 2**32))
@settings(max_examples=examples(30), deadline=None)
def test_a_tail_exponent_has_no_unit(scale, seed):
    values = np.random.default_rng(seed).normal(size=400)
    one, other = (stylized.tail_exponent(unit * values) for unit in (1, -scale))
    assert one.exponent.estimate == pytest.approx(other.exponent.estimate)


# ---------------------------------------------------------------- memory


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=12, max_size=80), st.integers(1, 3))
def test_autocorrelations_are_those_of_the_definition(series, lags):
    x = np.array(series, float)
    assume(np.ptp(x) > 0)
    d = x - x.mean()
    expected = [(d[:-j] @ d[j:]) / (d @ d) for j in range(1, lags + 1)]
    assert stylized.autocorrelation(series, lags).values == pytest.approx(expected, abs=1e-9)


def test_autocorrelations_of_an_autoregression():
    # AR(1) with 0.6: r(j) = 0.6**j. Bartlett's variance of r(j) is at most (1 + 0.36) / (1 - 0.36)
    # / n, an error of 0.0033 at n = 200,000.
    noise = np.random.default_rng(33).normal(size=200_000)
    series = np.empty_like(noise)
    last = 0.0
    for i, shock in enumerate(noise.tolist()):
        last = 0.6 * last + shock
        series[i] = last
    found = stylized.autocorrelation(series, 12)
    assert found.values == pytest.approx(0.6 ** np.arange(1, 13), abs=4 * 0.0033)
    assert found.white_error == 1 / sqrt(200_000)
    # Bartlett at large lags: (1 + 2 x 0.5625) / n.
    assert found.errors[-1] == pytest.approx(sqrt(2.125 / 200_000), rel=0.02)
    assert found.errors[0] == found.white_error


def test_white_noise_is_within_its_error():
    # 200 lags at two errors: 4.6 % beyond, +- 4 x 1.5 %.
    found = stylized.autocorrelation(np.random.default_rng(34).normal(size=100_000), 200)
    assert (np.abs(found.values) > 2 * found.white_error).mean() <= 0.105
    assert found.values.mean() == pytest.approx(0, abs=4 * found.white_error / sqrt(200))


def fractional_noise(hurst, count, rng):
    """Fractional Gaussian noise, exact, by circulant embedding (Davies and Harte, 1987)."""
    lag = np.arange(count + 1.0)
    covariance = (
        (lag + 1) ** (2 * hurst) - 2 * lag ** (2 * hurst) + np.abs(lag - 1) ** (2 * hurst)
    ) / 2
    powers = np.fft.fft(np.concatenate([covariance, covariance[-2:0:-1]])).real
    assert powers.min() > -1e-9
    size = len(powers)
    shocks = rng.normal(size=size) + 1j * rng.normal(size=size)
    return np.fft.fft(np.sqrt(np.maximum(powers, 0) / size) * shocks).real[:count]


@pytest.mark.parametrize("hurst", [0.5, 0.7, 0.85])
def test_the_hurst_exponent_of_fractional_noise(hurst):
    # DFA-1 at n = 65,536 scatters by about 0.015 and has a bias of up to 0.01 from small windows.
    found = stylized.hurst_exponent(fractional_noise(hurst, 2**16, np.random.default_rng(35)))
    assert found.slope.estimate == pytest.approx(hurst, abs=0.06)
    assert found.r2 > 0.99


def test_signs_of_fractional_noise_keep_its_memory():
    # The sign of a Gaussian series with correlation r has 2 / pi asin(r): the same power of lag.
    noise = fractional_noise(0.8, 2**17, np.random.default_rng(36))
    assert stylized.hurst_exponent(np.sign(noise)).slope.estimate == pytest.approx(0.8, abs=0.06)
    shuffled = np.random.default_rng(37).permutation(np.sign(noise))
    assert stylized.hurst_exponent(shuffled).slope.estimate == pytest.approx(0.5, abs=0.06)


def test_a_line_is_no_fluctuation():
    # A running sum that is a straight line in each window of 16: what DFA takes out.
    rows = np.arange(64.0).reshape(4, 16)
    assert stylized._fluctuation(rows.reshape(-1), 16) == pytest.approx(0, abs=1e-6)
    # 0, 1, 0 about its line (flat, 1/3): squares 1/9, 4/9, 1/9.
    assert stylized._fluctuation(np.array([0, 1, 0.0]), 3) == pytest.approx(sqrt(2 / 9))


# ---------------------------------------------------------------- scaling


def test_the_signature_of_a_random_walk_is_flat():
    # Variance 4 a step; the relative error over q steps is about sqrt(4 q / (3 n)).
    walk = np.cumsum(np.random.default_rng(38).normal(0, 2, 100_000))
    steps = np.array([1, 2, 5, 20, 100])
    found = stylized.volatility_signature(walk, steps)
    errors = 4 * np.sqrt(np.maximum(4 * steps / 3, 2) / 100_000)
    assert (np.abs(found - 4) < 4 * errors).all()


def test_the_signature_of_a_bouncing_price_falls():
    # A walk of variance 1 seen with noise of variance 3: 1 + 2 x 3 / q.
    rng = np.random.default_rng(39)
    seen = np.cumsum(rng.normal(size=200_000)) + sqrt(3) * rng.normal(size=200_000)
    steps = np.array([1, 2, 6, 30])
    found = stylized.volatility_signature(seen, steps)
    assert found == pytest.approx(1 + 6 / steps, rel=0.07)


def test_the_variance_ratio_by_hand():
    # Changes 1, 1, -1, -1, 1, 1, -1, -1: mean 0, variance 8 / 7 a step. Over 2 steps 2, 0, -2, 0,
    # 2, 0, -2: 16 over 2 x 7 x (1 - 2 / 8) = 10.5.
    prices = np.cumsum([0, 1, 1, -1, -1, 1, 1, -1, -1])
    found = stylized.variance_ratio(prices, 2)
    assert found.ratio == pytest.approx((16 / 10.5) / (8 / 7))
    assert found.z == pytest.approx((found.ratio - 1) * sqrt(8))
    # delta(1) = 7 / 64, weight 1.
    assert found.robust_z == pytest.approx((found.ratio - 1) / sqrt(7 / 64))
    # Over 3 steps of twelve +-1 around no mean: weights 4/3 and 2/3, delta(j) = (12 - j) / 144.
    longer = stylized.variance_ratio(np.cumsum([0, *[1, 1, -1, -1] * 3]), 3)
    error = sqrt((16 / 9) * 11 / 144 + (4 / 9) * 10 / 144)
    assert longer.robust_z == pytest.approx((longer.ratio - 1) / error)


def test_variance_ratios_of_walks_scatter_as_they_say():
    # 400 walks: z has mean 0 +- 0.05 and deviation 1 +- 0.035.
    rng = np.random.default_rng(40)
    found = [stylized.variance_ratio(np.cumsum(rng.normal(size=2_000)), 5) for _ in range(400)]
    for z in ([one.z for one in found], [one.robust_z for one in found]):
        assert np.mean(z) == pytest.approx(0, abs=0.2)
        assert np.std(z) == pytest.approx(1, abs=0.15)


@given(st.floats(0.1, 10), st.floats(-5, 5), st.integers(0, 2**32))
@settings(max_examples=examples(30), deadline=None)
def test_a_variance_ratio_knows_neither_unit_nor_drift(scale, drift, seed):
    walk = np.cumsum(np.random.default_rng(seed).normal(size=60))
    one = stylized.variance_ratio(walk, 3)
    other = stylized.variance_ratio(scale * walk + drift * np.arange(60), 3)
    assert one == pytest.approx(other, rel=1e-6, abs=1e-6)


def test_a_whole_tape_gives_everything():
    """The functions fit together on a tape of the engine, several messages a nanosecond or none."""
    rng = np.random.default_rng(41)
    count = 6_000
    messages = np.zeros(count, lob.MESSAGE)
    messages["kind"] = lob.Kind.NEW
    messages["order_id"] = np.arange(count)
    messages["side"] = rng.choice([-1, 1], count)
    messages["price"] = 1_000 + rng.integers(-6, 7, count)
    messages["size"] = rng.integers(1, 9, count)
    messages["ts_event"] = np.cumsum(rng.integers(0, 4, count))
    events = lob.OrderBook().process(messages)
    seen, _ = journal.quotes(events)
    prices = stylized.sampled_mids(seen, 5)
    changes = np.diff(prices)
    assert stylized.autocorrelation(np.abs(changes), 20).values.shape == (20,)
    assert stylized.variance_ratio(prices, 4).ratio > 0
    assert len(stylized.order_signs(events)) <= len(journal.trades(events))
    width = stylized.time_weighted(seen["ts_event"], stylized.spreads(seen))
    assert width.values[0] >= 1
    assert 0 < width.defined <= 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stylized.sampled_mids(TAPE, 0), "step_ns must be at least 1, got 0"),
        (lambda: stylized.sampled_mids(TAPE, 51), "a step of 51 ns, got 50 ns"),
        (lambda: stylized.sampled_mids(TAPE[:1], 1), "quotes must have both sides"),
        (lambda: stylized.time_weighted([], []), "values must have one a time"),
        (lambda: stylized.time_weighted([2, 1], [1, 1]), "ts_event must never fall"),
        (lambda: stylized.time_weighted([1, 2], [np.nan, 1]), "defined for some time"),
        (lambda: stylized.tail_exponent(np.ones(99)), "returns must hold at least 100"),
        (lambda: stylized.tail_exponent(np.ones(100)), "10 values beyond a positive threshold"),
        (lambda: stylized.tail_exponent(np.arange(100), k=9), "k must be 10 to 99, got 9"),
        (lambda: stylized.tail_exponent(np.full(100, inf)), r"returns\[0\] = inf"),
        (lambda: stylized.autocorrelation(np.arange(39), 10), "series must hold at least 40"),
        (lambda: stylized.autocorrelation(np.ones(9), 1), "series must change, got 1.0"),
        (lambda: stylized.autocorrelation(np.arange(9), 0), "lags must be at least 1, got 0"),
        (lambda: stylized.hurst_exponent(np.arange(255)), "series must hold at least 256"),
        (lambda: stylized.hurst_exponent(np.ones(256)), "series must change"),
        (lambda: stylized.hurst_exponent(np.arange(256), windows=3), "windows must be at least 4"),
        (
            lambda: stylized.volatility_signature(np.arange(9), [1, 3]),
            "prices must hold at least 13",
        ),
        (lambda: stylized.volatility_signature(np.arange(9), [0]), "steps must be whole numbers"),
        (lambda: stylized.volatility_signature(np.arange(9), [1.5]), "steps must be whole numbers"),
        (lambda: stylized.variance_ratio(np.arange(9), 2), "must not move in equal steps"),
        (lambda: stylized.variance_ratio(np.arange(9), 1), "steps must be at least 2, got 1"),
        (lambda: stylized.variance_ratio(np.arange(8), 2), "prices must hold at least 9"),
    ],
)
def test_too_little_or_misuse_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
