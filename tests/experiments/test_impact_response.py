"""Response to flow: exponents, lambda, order flow imbalance and recovery, by hand and by law."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lob
from experiments.metrics import impact, response
from lob import journal
from tests.messages import BUY, SELL, batch, cancel, market, new


def quotes(*rows):
    """QUOTE rows from (bid, bid size, ask, ask size), a nanosecond apart; size 0 is empty."""
    return np.array([(ts, *row) for ts, row in enumerate(rows)], lob.QUOTE)


# ---------------------------------------------------------------- size


@given(st.floats(0.2, 1.5), st.floats(0.01, 50))
def test_a_power_law_is_found(exponent, prefactor):
    sizes = np.array([1, 3, 10, 40, 200])
    found = response.size_law(sizes, prefactor * sizes**exponent)
    assert found.exponent.estimate == pytest.approx(exponent)
    assert found.prefactor.estimate == pytest.approx(prefactor)
    assert found.r2 == pytest.approx(1)
    assert found.exponent.high - found.exponent.low < 1e-6


def test_exponents_are_where_their_intervals_say():
    # 500 fits through 6 points with normal scatter of the logarithms, for which Student's interval
    # is exact: 95 % +- 4 x 1 %.
    rng = np.random.default_rng(12)
    sizes = 10.0 ** np.arange(6)
    held = 0
    for _ in range(500):
        found = response.size_law(sizes, 2 * sizes**0.5 * np.exp(rng.normal(0, 0.2, 6)))
        held += found.exponent.low <= 0.5 <= found.exponent.high
    assert held / 500 == pytest.approx(0.95, abs=0.04)


def test_over_seeds_the_line_goes_through_means():
    # Single impacts are negative often; their means are not. 2,000 seeds of noise 3 leave 0.07.
    rng = np.random.default_rng(5)
    sizes = np.array([4, 16, 64, 256])
    impacts = 2 * sizes**0.5 + rng.normal(0, 3, (2_000, 4))
    assert (impacts < 0).any()
    found = response.size_law(sizes, impacts)
    assert found.exponent.method == "bootstrap"
    assert found.exponent.samples == 2_000
    assert found.exponent.low < 0.5 < found.exponent.high
    assert found.exponent.high - found.exponent.low < 0.03
    assert found.prefactor.estimate == pytest.approx(2, rel=0.05)


def test_a_sweep_of_a_uniform_book_is_linear_from_tape_to_fit():
    """Full against twin: q lots into d lots at every tick move the mid by q / (2 d) at once."""
    depth, sizes = 5, [5, 10, 20, 40, 80]
    rows = [new(1 + k, BUY, 1_000 - k, depth) for k in range(40)]
    rows += [new(101 + k, SELL, 1_001 + k, depth) for k in range(40)]
    later = [new(900, BUY, 1_000, 1, ts_event=70), new(901, BUY, 900, 1, ts_event=80)]
    impacts = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        # The twins differ from seed to seed: a tick or so comes off the bid beforehand.
        gone = [cancel(1 + k, ts_event=5) for k in range(int(rng.integers(0, 3)))]
        pairs = []
        for size in sizes:
            sale = [market(500, SELL, size, ts_event=50)]
            full, twin = (
                journal.quotes(lob.OrderBook().process(batch(*rows, *gone, *own, *later)))[0]
                for own in (sale, [])
            )
            pairs.append((full, twin, 50))
        paths = impact.impact_paths(pairs, (0, 10, 30))
        assert (paths[:, 2] == 0).all()  # a later bid at 1,000 makes the two alike
        impacts.append(-paths[:, 0])
    found = response.size_law(sizes, impacts)
    assert found.exponent.estimate == pytest.approx(1)
    assert found.prefactor.estimate == pytest.approx(1 / (2 * depth))
    assert found.exponent.low == pytest.approx(found.exponent.high)


# ---------------------------------------------------------------- flow


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((99, 5, 101, 7), (99, 8, 101, 7), 3),  # lots join the bid
        ((99, 5, 101, 7), (100, 2, 101, 7), 2),  # a better bid comes: its size
        ((99, 5, 101, 7), (98, 9, 101, 7), -5),  # the bid goes: what it had
        ((99, 5, 101, 7), (99, 5, 101, 4), 3),  # lots leave the ask
        ((99, 5, 101, 7), (99, 5, 102, 9), 7),  # the ask goes
        ((99, 5, 101, 7), (99, 5, 100, 1), -1),  # a better ask comes
        ((99, 5, 101, 7), (0, 0, 101, 7), -5),  # the last bid goes
        ((0, 0, 101, 7), (-3, 4, 101, 7), 4),  # the first bid comes, below zero too
        ((0, 0, 0, 0), (0, 0, -5, 2), -2),  # the first ask comes
        ((99, 5, 101, 7), (99, 5, 101, 7), 0),
    ],
)
def test_order_flow_imbalance_by_hand(before, after, expected):
    assert response.ofi(quotes(before, after)).tolist() == [0, expected]


quote_rows = st.lists(
    st.tuples(st.integers(90, 99), st.integers(0, 9), st.integers(100, 109), st.integers(0, 9)),
    min_size=1,
    max_size=12,
)


@given(quote_rows)
def test_a_mirrored_book_has_the_opposite_imbalance(rows):
    mirrored = [(-ask, ask_size, -bid, bid_size) for bid, bid_size, ask, ask_size in rows]
    one, other = response.ofi(quotes(*rows)), response.ofi(quotes(*mirrored))
    assert one.tolist() == (-other).tolist()


def test_intervals_by_hand():
    events = lob.OrderBook().process(
        batch(
            new(1, BUY, 99, 5, ts_event=100),
            new(2, SELL, 101, 5, ts_event=100),
            new(3, SELL, 103, 9, ts_event=105),
            market(4, BUY, 5, ts_event=110),  # of the first interval: the ask moves to 103
            market(5, SELL, 2, ts_event=111),
            cancel(3, ts_event=125),  # the second ends without an ask
            new(6, SELL, 100, 1, ts_event=131),
            new(7, BUY, 100, 1, ts_event=135),
            new(8, BUY, 90, 1, ts_event=139),
        )
    )
    flow = response.flow_per_interval(events, 10)
    assert flow.end_ns.tolist() == [110, 120]
    assert flow.mid_change.tolist() == [1, 0]
    assert flow.signed_volume.tolist() == [5, -2]
    assert flow.ofi.tolist() == [5, -2]


def test_lambda_of_a_uniform_book():
    """Sweeps in a book of d lots at every tick that refills behind the move."""
    depth, price = 4, 1_000  # the best bid; the best ask is one above
    rows = [new(1 + k, SELL, 1_001 + k, depth) for k in range(400)]
    rows += [new(1_001 + k, BUY, 1_000 - k, depth) for k in range(400)]
    rng = np.random.default_rng(4)
    ticks, sides = rng.integers(1, 5, 300), rng.choice([-1, 1], 300)
    for i, (deep, side) in enumerate(zip(ticks.tolist(), sides.tolist(), strict=True)):
        ts = 100 * (i + 1)
        rows.append(market(5_000 + i, side, depth * deep, ts_event=ts))
        first = price + 1 if side > 0 else price
        for k in range(deep):
            rows.append(new(10_000 + 10 * i + k, side, first + side * k, depth, ts_event=ts))
        price += side * deep
    flow = response.flow_per_interval(lob.OrderBook().process(batch(*rows)), 100)
    assert flow.mid_change.tolist() == (sides * ticks).tolist()
    assert flow.signed_volume.tolist() == (depth * sides * ticks).tolist()
    # The sweep itself shows as the d lots of the touch that went, then d lots come k times.
    assert flow.ofi.tolist() == (depth * sides * (1 + ticks)).tolist()
    found = response.kyle_lambda(flow)
    assert found.slope.estimate == pytest.approx(1 / depth)
    assert found.r2 == pytest.approx(1)
    # Regression of s k on d s (1 + k), without an intercept but for the few odd signs.
    expected = (ticks @ (1 + ticks)) / ((1 + ticks) @ (1 + ticks)) / depth
    assert response.ofi_slope(flow).slope.estimate == pytest.approx(expected, rel=0.01)


def test_lambda_of_a_known_regression():
    # Slope 0.02 with noise 1 over 5,000 intervals of volume 50: error 1 / (50 sqrt(5,000)).
    rng = np.random.default_rng(6)
    volume = np.rint(rng.normal(0, 50, 5_000)).astype(np.int64)
    flow = response.OrderFlow(volume, 0.02 * volume + rng.normal(size=5_000), volume, volume)
    found = response.kyle_lambda(flow)
    assert found.slope.estimate == pytest.approx(0.02, abs=4 * 0.00028)
    assert found.slope.high - found.slope.low == pytest.approx(2 * 1.96 * 0.000283, rel=0.1)
    # Explained variance 1 of 2; error about 1 / sqrt(5,000).
    assert found.r2 == pytest.approx(0.5, abs=0.04)


# ---------------------------------------------------------------- recovery

TIMES = [0, 50, 100, 110, 120, 130, 200]
DEPTH = [10, 30, 4, 15, 19, 12, 40]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"share": 0.7}, 10),  # the baseline is (50 x 10 + 50 x 30) / 100 = 20
        ({"share": 0.9}, 20),
        ({"share": 0.9, "hold_ns": 10}, 20),  # 19 holds from 120 to 130
        ({"share": 0.9, "hold_ns": 11}, None),
        ({"share": 0.2}, 0),
        ({"share": 2}, 100),
        ({"share": 2.1}, None),
        ({"share": 1, "baseline": 15}, 10),
        ({"share": 0.5, "window_ns": 50}, 10),
    ],
)
def test_recovery_by_hand(options, expected):
    assert response.recovery_time_ns(TIMES, DEPTH, 100, **{"window_ns": 100, **options}) == expected


def test_a_shock_between_two_rows_counts_from_itself():
    assert response.recovery_time_ns(TIMES, DEPTH, 60, window_ns=60) == 0  # it left 30 of 40 / 3
    assert response.recovery_time_ns(TIMES, DEPTH, 105, baseline=10) == 5


def test_depth_that_lasts_no_time_is_no_recovery():
    found = response.recovery_time_ns([0, 10, 20, 20, 30], [8, 1, 9, 2, 9], 10, window_ns=10)
    assert found == 20


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: response.size_law([1, 2], [1, 2]), "sizes must hold at least 3"),
        (lambda: response.size_law([1, 2, 3], [1, -2, 3]), "mean impacts must be positive, got -2"),
        (lambda: response.size_law([0, 2, 3], [1, 2, 3]), "sizes must be positive, got 0"),
        (lambda: response.size_law([1, 2, 3], [1, 2]), "impacts must have one a size, 3"),
        (lambda: response.flow_per_interval(np.empty(0, lob.EVENT), 5), "an interval of 5 ns"),
        (
            lambda: response.flow_per_interval(np.empty(0, lob.EVENT), 0),
            "must be at least 1, got 0",
        ),
        (lambda: response.recovery_time_ns([5], [1], 3), "begin before the shock at 3, got 5"),
        (lambda: response.recovery_time_ns([5], [1, 2], 3), "depth must have one a time, 1, got 2"),
        (lambda: response.recovery_time_ns([5], [1], 9, share=0), "must be positive .* got 0"),
        (lambda: response.recovery_time_ns([5], [1], 3, baseline=1), "begin by the shock at 3"),
    ],
)
def test_misuse_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
