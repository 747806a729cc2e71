"""Impact against numbers worked by hand: alignment of the two runs above all."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lob
from experiments.metrics import impact
from experiments.metrics.quotes import last_at, mid, mid_at


def quotes(*rows):
    """QUOTE rows from (ts, bid, ask); None is an empty side."""
    table = np.zeros(len(rows), lob.QUOTE)
    for quote, (ts, bid, ask) in zip(table, rows, strict=True):
        quote["ts_event"] = ts
        for side, price in (("bid", bid), ("ask", ask)):
            if price is not None:
                quote[f"{side}_price"], quote[f"{side}_size"] = price, 1
    return table


def marks(length, *rows):
    marked = np.zeros(length, dtype=bool)
    marked[list(rows)] = True
    return marked


def test_mid_is_undefined_where_a_side_is_empty():
    rows = quotes((0, 99, 102), (1, None, 102), (2, 99, None), (3, None, None), (4, -3, 1))
    assert mid(rows).tolist()[0] == 100.5
    assert np.isnan(mid(rows)).tolist() == [False, True, True, True, False]
    assert mid(rows)[4] == -1


def test_the_last_of_rows_that_tie_counts():
    times = np.array([10, 20, 20, 20, 30])
    assert last_at(times, [9, 10, 19, 20, 29, 30, 99]).tolist() == [-1, 0, 0, 3, 3, 4, 4]


def test_mid_at_knows_only_what_the_tape_tells():
    rows = quotes((10, 1, 3), (20, 3, 5), (20, 5, 7))
    found = mid_at(rows, [9, 10, 19, 20, 21])
    assert np.isnan(found).tolist() == [True, False, False, False, True]
    assert found[1:4].tolist() == [2, 2, 6]
    assert np.isnan(mid_at(rows[:0], [1, 2])).all()


# One sale (message 2 of the full run) between two messages of one nanosecond, 20.
TWIN = quotes((10, 99, 101), (20, 99, 103), (120, 97, 101), (1020, 97, 101))
FULL = quotes((10, 99, 101), (20, 95, 101), (20, 95, 103), (120, 97, 101), (1020, 97, 103))
SOLD = marks(5, 1)


def test_lag_zero_is_right_after_the_sales_own_message():
    (at_once,) = impact.impact_path(FULL, TWIN, SOLD, [0])
    # Before the second message of the same time: 98 against 100, not 99 against 101.
    assert (at_once.mid_full, at_once.mid_twin) == (98, 100)
    assert at_once.ticks == -2
    assert at_once.bps == -200


def test_a_later_lag_is_a_time():
    path = impact.impact_path(FULL, TWIN, SOLD, [1, 99, 100, 999, 1000, 1001])
    assert [one.lag_ns for one in path] == [1, 99, 100, 999, 1000, 1001]
    assert [one.ticks for one in path[:-1]] == [-2, -2, 0, 0, 1]
    assert isnan(path[-1].ticks)  # both tapes are over
    assert isnan(path[-1].bps)


def test_the_path_starts_at_the_last_of_several_messages():
    full = quotes((10, 99, 101), (20, 97, 101), (30, 98, 101), (40, 95, 101), (50, 99, 101))
    twin = quotes((10, 99, 101), (30, 99, 101), (50, 99, 101))
    (at_once, later) = impact.impact_path(full, twin, marks(5, 1, 3), [0, 10])
    assert (at_once.mid_full, at_once.mid_twin) == (98, 100)
    assert later.ticks == 0
    rows = np.arange(5)
    assert impact.same_moment(marks(5, 1, 3), rows).tolist() == [0, 0, 1, 1, 2]
    assert impact.same_moment(marks(5, 0, 1), rows).tolist() == [-1, -1, 0, 1, 2]
    assert impact.twin_mid(twin, marks(5, 1, 3), rows).tolist() == [100] * 5
    assert (
        np.isnan(impact.twin_mid(twin, marks(5, 0, 1), rows)).tolist() == [True] * 2 + [False] * 3
    )


def test_an_emptied_side_has_no_mid():
    full = quotes((10, 99, 101), (20, None, 101), (30, 99, 101))
    twin = quotes((10, 99, 101), (30, 99, 101))
    path = impact.impact_path(full, twin, marks(3, 1), [0, 5, 10])
    assert [isnan(one.ticks) for one in path] == [True, True, False]


def test_a_sale_before_everything_has_no_twin_to_compare_with():
    full = quotes((5, 99, 101), (10, 99, 101))
    (at_once,) = impact.impact_path(full, quotes((10, 99, 101)), marks(2, 0), [0])
    assert isnan(at_once.mid_twin)
    assert at_once.mid_full == 100


def test_no_sale_is_misuse():
    with pytest.raises(ValueError, match="at least one message"):
        impact.impact_path(TWIN, TWIN, marks(4))


def test_bps_of_a_mid_that_is_not_positive_are_undefined():
    assert isnan(impact.Impact(0, 1.0, 0.0).bps)
    assert isnan(impact.Impact(0, 1.0, -2.0).bps)


def test_return_time_by_hand():
    assert impact.return_time_ns(FULL, TWIN, SOLD) == 100
    never = FULL.copy()
    never["bid_price"][1:] = 90
    assert impact.return_time_ns(never, TWIN, SOLD) is None
    at_once = FULL.copy()
    at_once["bid_price"][1] = 99
    assert impact.return_time_ns(at_once, TWIN, SOLD) == 0


def test_peak_by_hand():
    peak = impact.peak_impact(FULL, TWIN, SOLD)
    assert (peak.lag_ns, peak.ticks) == (0, -2)
    # Two orders: the second pushes furthest, 20 ns after the first.
    full = quotes((10, 99, 101), (20, 97, 101), (30, 98, 101), (40, 91, 101), (50, 95, 101))
    twin = quotes((10, 99, 101), (30, 99, 101), (50, 99, 101))
    assert impact.peak_impact(full, twin, marks(5, 1, 3)) == impact.Impact(20, 96, 100)
    full["bid_size"][3] = 0
    assert impact.peak_impact(full, twin, marks(5, 1, 3)) == impact.Impact(30, 98, 100)
    full["bid_size"] = 0
    assert isnan(impact.peak_impact(full, twin, marks(5, 1, 3)).ticks)


def test_a_state_that_did_not_last_is_no_return():
    # At time 30 the mids agree after the first message, and no longer after the second.
    full = quotes((10, 99, 101), (20, 95, 101), (30, 99, 101), (30, 97, 101), (40, 99, 101))
    twin = quotes((10, 99, 101), (30, 99, 101), (30, 99, 101), (40, 99, 101))
    assert impact.return_time_ns(full, twin, marks(5, 1)) == 20


def test_depth_within_by_hand():
    levels = np.array([(100, 5, 1), (99, 7, 1), (98, 11, 2)], lob.LEVEL)
    assert impact.depth_within(levels, 100.0, 100) == 12
    assert impact.depth_within(levels, 100.0, 99) == 5
    assert impact.depth_within(levels, 100.0, 200) == 23
    assert impact.depth_within(levels, float("nan"), 200) == 0
    assert impact.depth_within(levels[:0], 100.0, 200) == 0


steps = st.lists(
    st.tuples(st.integers(0, 10**9), st.integers(90, 99), st.integers(100, 110)),
    min_size=2,
    max_size=30,
)


@given(steps, st.data())
def test_a_message_that_changes_nothing_has_no_impact(gaps, data):
    times = np.cumsum([gap for gap, _, _ in gaps]).tolist()
    twin = quotes(*((ts, bid, ask) for ts, (_, bid, ask) in zip(times, gaps, strict=True)))
    place = data.draw(st.integers(1, len(twin)))
    idle = twin[place - 1 : place].copy()
    full = np.concatenate([twin[:place], idle, twin[place:]])
    inserted = marks(len(full), place)
    path = impact.impact_path(full, twin, inserted, [0, 1, 10**6, 10**9, 10**12])
    assert all(one.ticks == 0 or isnan(one.ticks) for one in path)
    assert path[0].ticks == 0
    assert impact.return_time_ns(full, twin, inserted) == 0


@given(steps, st.integers(1, 40))
def test_a_constant_shift_is_the_impact_at_every_lag(gaps, ticks):
    times = np.cumsum([gap for gap, _, _ in gaps]).tolist()
    twin = quotes(*((ts, bid, ask) for ts, (_, bid, ask) in zip(times, gaps, strict=True)))
    full = np.concatenate([twin[:1], twin])
    full["bid_price"][1:] -= ticks
    full["ask_price"][1:] -= ticks
    path = impact.impact_path(full, twin, marks(len(full), 1), [0, 1, 1000, 10**8])
    assert path[0].ticks == -ticks
    assert all(one.ticks == -ticks or isnan(one.ticks) for one in path)
    assert impact.return_time_ns(full, twin, marks(len(full), 1)) is None
