"""Quantities: written and read again, converted exactly or refused."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lob import Instrument
from lob.units import (
    Dimension,
    Quantity,
    quantity,
    to_ns,
    to_ppm,
    write_ns,
    write_ppm,
)

BTC = Instrument(
    "BTC-PERP", tick_size=Decimal("0.5"), lot_size=Decimal("0.001"), multiplier=5, base="BTC",
    quote="USD",
)  # fmt: skip
INT64 = st.integers(-(2**63) + 1, 2**63 - 1)
DECIMALS = st.builds(
    lambda n, places: Fraction(n, 10**places), st.integers(-(10**15), 10**15), st.integers(0, 9)
)
PLAIN = [one for one in Dimension if one is not Dimension.AMOUNT]
QUANTITIES = st.builds(Quantity, DECIMALS, st.sampled_from(PLAIN)) | st.builds(
    Quantity,
    DECIMALS,
    st.just(Dimension.AMOUNT),
    st.sampled_from(["BTC", "stETH", "USD/BTC", "cash"]),
)


@given(QUANTITIES)
def test_what_is_written_is_read_again(one):
    assert quantity(str(one)) == one


@given(INT64)
def test_ppm_and_ns_survive_a_round_trip(number):
    assert to_ppm(write_ppm(number)) == number
    assert to_ns(write_ns(number)) == number


@given(st.integers(-(2**40), 2**40), st.integers(1 - 2**62, 2**62 - 1))
def test_ticks_lots_and_cash_survive_a_round_trip(ticks, size):
    assert BTC.to_ticks(BTC.write_price(ticks)) == ticks
    assert BTC.to_lots(BTC.write_size(size)) == size
    assert BTC.to_cash(BTC.write_cash(size)) == size


@given(DECIMALS)
def test_a_conversion_is_exact_or_names_the_nearest_that_is(value):
    text = str(Quantity(value, Dimension.AMOUNT, "BTC"))
    if (value * 1_000).denominator == 1:
        assert BTC.to_lots(text) * Fraction(1, 1_000) == value
        return
    with pytest.raises(ValueError, match=r"is not a whole number of lots of 0\.001 BTC") as caught:
        BTC.to_lots(text)
    nearest = quantity(str(caught.value).rpartition("the nearest is ")[2])
    assert abs(nearest.value - value) <= Fraction(1, 2_000)
    assert BTC.to_lots(str(nearest)) * Fraction(1, 1_000) == nearest.value


@given(st.text("0123456789_. -+%kMGmshunBTC", max_size=12))
def test_whatever_is_read_is_written_the_same_and_the_rest_is_shown(text):
    complaint = ""
    try:
        one = quantity(text)
    except ValueError as error:
        complaint = str(error)
    else:
        assert quantity(str(one)) == one
    assert not complaint or complaint.startswith(f"{text!r} is not a quantity: ")
