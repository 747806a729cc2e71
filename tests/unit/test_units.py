"""Units: constants, times of day, durations and the grammar of quantities."""

import doctest
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lob import units
from lob.units import (
    HOUR_NS,
    MILLISECOND_NS,
    MINUTE_NS,
    PPM,
    SECOND_NS,
    Dimension,
    Quantity,
    parse_duration,
    parse_time,
    quantity,
    show_duration,
    show_time,
    to_ns,
    to_ppm,
    to_quantity,
    to_units,
    write_ns,
    write_number,
    write_ppm,
)


def test_the_examples_of_the_docstrings_hold():
    result = doctest.testmod(units)
    assert result.attempted > 12
    assert not result.failed


@given(st.integers(0, 86_400 * SECOND_NS - 1))
def test_a_time_shown_is_the_time_parsed(ns):
    assert parse_time(show_time(ns)) == ns


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("12:00:00", 43_200 * SECOND_NS),
        ("9:30:00.5", 34_200 * SECOND_NS + SECOND_NS // 2),
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
        ("90s", 90 * SECOND_NS),
        ("5m", 300 * SECOND_NS),
        ("1h", 3600 * SECOND_NS),
        ("1.5h", 5400 * SECOND_NS),
        ("1h30m", 5400 * SECOND_NS),
        ("250ms", SECOND_NS // 4),
        ("0.1s", SECOND_NS // 10),
        ("3us", 3000),
        ("2 min", 120 * SECOND_NS),
        ("1 h 30 min", 5400 * SECOND_NS),
    ],
)
def test_durations(text, ns):
    assert parse_duration(text) == ns


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5 m", "-5m", "5min", "1e3s", "5m!", "five", "5mm", "5 BTC"]
)
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
     (90 * SECOND_NS, "90 s"), (600 * SECOND_NS, "10 min"), (3 * 3600 * SECOND_NS, "3 h")],
)  # fmt: skip
def test_durations_shown(ns, text):
    assert show_duration(ns) == text


def test_compiled_code_has_the_same_constants():
    lines = Path(units.__file__).with_suffix(".pxd").read_text(encoding="utf-8")
    found = dict(re.findall(r"^    ([A-Z_]+) = ([0-9_]+)", lines, re.MULTILINE))
    assert {name: int(value) for name, value in found.items()} == {
        "PPM": units.PPM,
        "SECOND_NS": units.SECOND_NS,
    }


@pytest.mark.parametrize(
    ("text", "value", "dimension", "asset"),
    [
        ("60_000 USD", 60_000, Dimension.AMOUNT, "USD"),
        ("60000 USD", 60_000, Dimension.AMOUNT, "USD"),
        ("10 M USD", 10_000_000, Dimension.AMOUNT, "USD"),
        ("1.5 k stETH", 1_500, Dimension.AMOUNT, "stETH"),
        ("2 G cash", 2_000_000_000, Dimension.AMOUNT, "cash"),
        ("-2 BTC", -2, Dimension.AMOUNT, "BTC"),
        ("+2  BTC ", 2, Dimension.AMOUNT, "BTC"),
        ("30_000.5 USD/BTC", Fraction(60_001, 2), Dimension.AMOUNT, "USD/BTC"),
        ("5 %", Fraction(1, 20), Dimension.SHARE, ""),
        ("5%", Fraction(1, 20), Dimension.SHARE, ""),
        ("2.5 bps", Fraction(1, 4_000), Dimension.SHARE, ""),
        ("-0.5 bps", Fraction(-1, 20_000), Dimension.SHARE, ""),
        ("7 ppm", Fraction(7, 1_000_000), Dimension.SHARE, ""),
        ("2 min", 2 * MINUTE_NS, Dimension.DURATION, ""),
        ("40 s", 40 * SECOND_NS, Dimension.DURATION, ""),
        ("250 ms", 250 * MILLISECOND_NS, Dimension.DURATION, ""),
        ("5 \u00b5s", 5_000, Dimension.DURATION, ""),
        ("-1 h 30 min", -90 * MINUTE_NS, Dimension.DURATION, ""),
        ("5m", 5 * MINUTE_NS, Dimension.DURATION, ""),
        ("2 d", 48 * HOUR_NS, Dimension.DURATION, ""),
        ("1_000 ns", 1_000, Dimension.DURATION, ""),
        ("1 lot", 1, Dimension.LOTS, ""),
        ("3 k lots", 3_000, Dimension.LOTS, ""),
        ("5 ticks", 5, Dimension.TICKS, ""),
        ("12.5", Fraction(25, 2), Dimension.NUMBER, ""),
    ],
)
def test_quantities(text, value, dimension, asset):
    assert quantity(text) == Quantity(Fraction(value), dimension, asset)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("7_32", "write 60_000 USD"),
        ("60_00 USD", "write 60_000 USD"),
        ("_600 USD", "write 60_000 USD"),
        ("6_000_ USD", "write 60_000 USD"),
        ("1,000 USD", "write 60_000 USD"),
        ("1e6 USD", "write 60_000 USD"),
        (".5 USD", "write 60_000 USD"),
        ("5. USD", "write 60_000 USD"),
        ("--5 USD", "write 60_000 USD"),
        ("10M USD", "write 60_000 USD"),
        ("5BTC", "write 60_000 USD"),
        ("5min", "write 60_000 USD"),
        ("1 h 5", "'h' is no multiplier"),
        ("\uff15 USD", "write 60_000 USD"),
        ("USD", "write 60_000 USD"),
        ("", "write 60_000 USD"),
        ("10 m USD", "'m' is no multiplier, write k, M or G"),
        ("10 K USD", "'K' is no multiplier, write k, M or G"),
        ("10 m", "a bare 'm' is ambiguous, write 'min' for minutes, 'M' for a million"),
        ("10 M", "'M' is no unit"),
        ("10 $", "'$' is no unit"),
        ("1 k s", "'k' goes with assets, lots and ticks only"),
        ("1 M %", "'M' goes with assets, lots and ticks only"),
    ],
)
def test_what_is_no_quantity(text, complaint):
    with pytest.raises(ValueError, match=f"^{re.escape(repr(text))} is not a quantity: ") as caught:
        quantity(text)
    assert complaint in str(caught.value)


def test_what_is_no_text_and_what_has_no_end_is_no_quantity():
    with pytest.raises(TypeError, match=r"a quantity must be text, got 5 \(int\)"):
        quantity(5)
    with pytest.raises(ValueError, match="longer than 100 characters"):
        quantity("1" * 101)


@pytest.mark.parametrize(
    ("convert", "text", "complaint"),
    [
        (to_ppm, "2 min", "fee: got a duration, '2 min', where a share in %, bps or ppm is wanted"),
        (to_ppm, "5", "fee: got a number without a unit, '5', where a share"),
        (to_ppm, "0.019 bps", "fee 0.019 bps is not a whole number of ppm: the nearest is 2 ppm"),
        (to_ppm, "0.00001 %", "fee 0.00001 % is not a whole number of ppm: the nearest is 0 %"),
        (to_ns, "5 USD", "fee: got an amount of USD, '5 USD', where a duration"),
        (to_ns, "1.5 ns", "fee 1.5 ns is not a whole number of ns: the nearest is 2 ns"),
        (to_ns, "300_000 d", "fee must be -9_223_372_036_854_775_807 ns to"),
        (to_ns, "soon", "fee: 'soon' is not a quantity"),
    ],
)
def test_conversions_are_exact_or_refused(convert, text, complaint):
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}"):
        convert(text, "fee")


@pytest.mark.parametrize("value", [1.5, True, None, b"5 %"])
def test_what_is_no_decimal_is_refused(value):
    with pytest.raises(TypeError, match=r"^size must be a quantity, Decimal, int or str, got the "):
        to_quantity("size", value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e200"])
def test_what_is_no_sensible_decimal_is_refused(value):
    with pytest.raises(ValueError, match=r"^size must be a finite decimal number of sensible size"):
        to_quantity("size", Decimal(value))


def test_amounts_become_units_of_an_asset():
    cent = Fraction(1, 100)
    assert to_units("1.5 k USD", "USD", cent) == 150_000
    assert to_units(Decimal("0.25"), "USD", cent) == 25
    with pytest.raises(
        ValueError,
        match=r"^amount 1.005 USD is not a whole number of units of 0.01 USD: the nearest is ",
    ):
        to_units("1.005 USD", "USD", cent)
    with pytest.raises(ValueError, match="got an amount of BTC, '1 BTC', where an amount of USD"):
        to_units("1 BTC", "USD", cent)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (write_ppm(50_000), "5 %"),
        (write_ppm(1_000), "0.1 %"),
        (write_ppm(250), "2.5 bps"),
        (write_ppm(-7), "-7 ppm"),
        (write_ppm(0), "0 %"),
        (write_ns(90 * SECOND_NS), "90 s"),
        (write_ns(36 * HOUR_NS), "36 h"),
        (write_ns(-1_500), "-1_500 ns"),
        (write_number(1_234_567), "1_234_567"),
        (write_number(Fraction(-1, 8)), "-0.125"),
    ],
)
def test_what_is_written(written, text):
    assert written == text


def test_a_third_cannot_be_written():
    with pytest.raises(ValueError, match="value must have an end in decimals, got 1/3"):
        write_number(Fraction(1, 3))


def test_a_share_of_one_is_ppm():
    assert to_ppm("100 %") == PPM
