"""Times and durations as people write them."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments import clock
from experiments.clock import SECOND, parse_duration, parse_time, show_duration, show_time


def test_the_examples_of_the_docstrings_hold():
    result = doctest.testmod(clock)
    assert result.attempted > 3
    assert not result.failed


@given(st.integers(0, 86_400 * SECOND - 1))
def test_a_time_shown_is_the_time_parsed(ns):
    assert parse_time(show_time(ns)) == ns


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("12:00:00", 43_200 * SECOND),
        ("9:30:00.5", 34_200 * SECOND + SECOND // 2),
        ("09:30:00.017459617", 34_200_017_459_617),
        (" 00:00:00 ", 0),
    ],
)
def test_times(text, ns):
    assert parse_time(text) == ns


@pytest.mark.parametrize(
    "text", ["", "noon", "12", "12:00", "12:60:00", "12:00:61", "25:00:00", "-1:00:00",
             "12:00:00.", "12:00:00.0123456789", "12:00:00pm", "\uff112:00:00"],
)  # fmt: skip
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="is not a time of day: write HH:MM:SS"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("90s", 90 * SECOND),
        ("5m", 300 * SECOND),
        ("1h", 3600 * SECOND),
        ("1.5h", 5400 * SECOND),
        ("1h30m", 5400 * SECOND),
        ("250ms", SECOND // 4),
        ("0.1s", SECOND // 10),
        ("3us", 3000),
    ],
)
def test_durations(text, ns):
    assert parse_duration(text) == ns


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "5min", "1e3s", "5m!", "five", "5mm"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0s", "0.0000000001s"])
def test_a_duration_is_whole_and_positive(text):
    with pytest.raises(ValueError, match="whole and positive"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0, "0 s"), (1500, "1.5 µs"), (2_000_000, "2 ms"), (8_710_000_000, "8.71 s"),
     (90 * SECOND, "90 s"), (600 * SECOND, "10 min"), (3 * 3600 * SECOND, "3 h")],
)  # fmt: skip
def test_durations_shown(ns, text):
    assert show_duration(ns) == text
