"""Decimals outside, integers inside."""

import re
from decimal import Decimal

import pytest

from lob import Instrument

AMZN = Instrument("AMZN", tick_size=Decimal("0.01"))
BTC = Instrument("BTC", tick_size=Decimal("0.5"), lot_size=Decimal("0.001"), number=65_535)


@pytest.mark.parametrize("price", ["223.95", Decimal("223.950"), "223.95 cash", "22_395 ticks"])
def test_prices_become_ticks(price):
    assert AMZN.to_ticks(price) == 22_395


def test_there_and_back_again():
    assert BTC.to_price(BTC.to_ticks("-30000.5")) == Decimal("-30000.5")
    assert BTC.to_size(BTC.to_lots("0.123")) == Decimal("0.123")
    assert BTC.to_lots(2) == 2_000
    assert type(BTC.to_ticks(7)) is int


@pytest.mark.parametrize("price", ["223.955", "0.001", Decimal("1e-30")])
def test_what_is_no_whole_number_of_ticks_is_refused(price):
    with pytest.raises(
        ValueError,
        match=f"^price {price} is not a whole number of ticks of 0.01 cash: the nearest is ",
    ):
        AMZN.to_ticks(price)


def test_what_is_no_whole_number_of_lots_is_refused():
    with pytest.raises(
        ValueError,
        match=r"^size 0\.0005 is not a whole number of lots of 0\.001 BTC: the nearest is 0 BTC$",
    ):
        BTC.to_lots("0.0005")


@pytest.mark.parametrize("value", [1.0, 223.95])
def test_floats_are_refused(value):
    with pytest.raises(TypeError, match=f"^price must be .* float {value}"):
        AMZN.to_ticks(value)
    with pytest.raises(TypeError, match=f"^size must be .* float {value}"):
        AMZN.to_lots(value)


@pytest.mark.parametrize("value", ["x", "", "NaN", "inf", None])
def test_what_is_no_number_is_refused_with_a_name(value):
    with pytest.raises((TypeError, ValueError), match="price"):
        AMZN.to_ticks(value)


def test_the_longest_price_and_size_are_exact():
    assert BTC.to_ticks(BTC.to_price(2**40)) == 2**40
    assert BTC.to_lots(BTC.to_size(2**62 - 1)) == 2**62 - 1


def test_a_price_of_too_many_digits_is_refused_with_a_name():
    with pytest.raises(ValueError, match="price"):
        AMZN.to_ticks("1234567890123456789012345678901234567.89")


@pytest.mark.parametrize("field", ["tick_size", "lot_size"])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0.01, TypeError),
        ("0.01", TypeError),
        (1, TypeError),
        (Decimal(0), ValueError),
        (Decimal(-1), ValueError),
        (Decimal("NaN"), ValueError),
        (Decimal("Infinity"), ValueError),
    ],
)
def test_steps_are_positive_decimals(field, value, error):
    with pytest.raises(error, match=f"^{field} must be "):
        Instrument("X", **{field: value})


@pytest.mark.parametrize("number", [-1, 65_536])
def test_numbers_fit_two_bytes(number):
    with pytest.raises(ValueError, match=f"^number must be 0 to 65535, got {number}$"):
        Instrument("X", number=number)


def test_an_instrument_does_not_change():
    with pytest.raises(AttributeError):
        AMZN.number = 3
    assert Instrument("AMZN", tick_size=Decimal("0.01")) == AMZN


PERP = Instrument(
    "BTC-PERP", tick_size=Decimal("0.5"), lot_size=Decimal("0.001"), multiplier=5, base="BTC",
    quote="USD",
)  # fmt: skip


def test_quantities_become_ticks_lots_and_cash():
    assert PERP.to_ticks("60_000 USD") == PERP.to_ticks("60 k USD/BTC") == 120_000
    assert PERP.to_ticks("3 ticks") == 3
    assert PERP.to_lots("2 BTC") == PERP.to_lots("2 k lots") == 2_000
    assert PERP.to_cash("10 M USD") == 10**11
    assert (PERP.write_price(3), PERP.write_size(2_500)) == ("1.5 USD", "2.5 BTC")
    assert PERP.write_cash(PERP.multiplier * 3) == "0.0015 USD"


@pytest.mark.parametrize(
    ("convert", "given", "complaint"),
    [
        (PERP.to_lots, "2 min", "size: got a duration, '2 min', where a size in lots or BTC is"),
        (PERP.to_lots, "2 ETH", "size: got an amount of ETH, '2 ETH', where a size in lots or BTC"),
        (PERP.to_lots, "2 USD", "size: got an amount of USD, '2 USD', where a size in lots or BTC"),
        (PERP.to_lots, "2 ticks", "size: got a number of ticks, '2 ticks', where a size"),
        (PERP.to_ticks, "5 %", "price: got a share, '5 %', where a price in ticks or USD is"),
        (PERP.to_cash, "5 lots", "amount: got a number of lots, '5 lots', where an amount of USD"),
        (PERP.to_lots, "7_32", "size: '7_32' is not a quantity"),
        (PERP.to_lots, "0.1234 BTC", "size 0.1234 BTC is not a whole number of lots of 0.001 BTC: "
         "the nearest is 0.123 BTC"),
    ],
)  # fmt: skip
def test_the_wrong_dimension_is_refused(convert, given, complaint):
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}"):
        convert(given)


def test_an_inverse_instrument_does_not_say_what_its_coin_is():
    with pytest.raises(ValueError, match="X is inverse: its cash is a coin"):
        Instrument("X", inverse=True).to_cash("5 USD")
