"""Numbers of a market in the units that its instruments say, written for people."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lob import Instrument
from lob.real_units import CASH, LOTS, TICKS, RealUnit, RealUnits, significant
from lob.units import quantity

PERP = Instrument(
    "BTC-PERP", tick_size=Decimal("0.5"), lot_size=Decimal("0.001"), base="BTC", quote="USD"
)
INVERSE = Instrument(
    "BTC-INVERSE", tick_size=Decimal("0.5"), lot_size=Decimal(100), base="BTC", quote="USD",
    inverse=True, multiplier=20_000_000_000,
)  # fmt: skip
PLAIN = Instrument("PERP", tick_size=Decimal("0.01"))
USD = RealUnit("USD", Fraction(1, 100), "cash units")


@pytest.mark.parametrize(
    ("units", "told"),
    [
        (0, "0 USD"),
        (1, "0.01 USD"),
        (123_456, "1,235 USD"),
        (-41_250, "-412.5 USD"),
        (1_234_500, "12.3 k USD"),
        (476_800_000, "4.77 M USD"),
        (99_996_000, "1 M USD"),  # rounded first: not 1,000 k
        (123_400_000_000_000, "1,230 G USD"),
        (float("nan"), "not known"),
    ],
)
def test_money_has_three_or_four_digits(units, told):
    assert USD.told(units) == told


@given(st.integers(-(10**15), 10**15))
def test_what_is_told_is_read_back_as_nearly_the_same(units):
    told = USD.told(units).replace(",", "_")
    assert float(quantity(told).value) == pytest.approx(units / 100, rel=0.006)


def test_prices_are_never_shortened_and_levels_are_told_to_the_tick():
    (price,) = RealUnits.of([PERP]).prices
    assert (price.told(120_003), price.told(3), price.told(7.3)) == ("60,002 USD", "1.5 USD",
                                                                   "3.65 USD")  # fmt: skip
    assert (price.level(120_003), price.level(120_000)) == ("60,001.5 USD", "60,000 USD")
    assert price.number(float("nan")) == "not known"


def test_an_instrument_that_does_not_name_its_quote_keeps_its_integers():
    units = RealUnits.of([PLAIN])
    assert (units.prices, units.sizes, units.cash, units.lots) == ((TICKS,), (LOTS,), CASH, LOTS)
    assert (TICKS.told(1), LOTS.told(25_000), CASH.told(1)) == ("1 tick", "25,000 lots",
                                                               "1 unit of cash")  # fmt: skip
    assert TICKS.of(7) == 7
    assert isinstance(TICKS.of(7), int)
    values = np.arange(3)
    assert TICKS.of(values) is values


def test_sizes_of_an_inverse_contract_are_in_its_quote_and_its_cash_is_the_coin():
    units = RealUnits.of([INVERSE])
    assert units.sizes[0].told(3) == "300 USD"
    # At 60,000 USD, 120,000 ticks, a lot of 100 USD is 100/60,000 BTC.
    assert units.cash.name == "BTC"
    worth = Fraction(INVERSE.multiplier, 120_000)
    assert worth * units.cash.factor == Fraction(100, 60_000)
    assert INVERSE.to_cash("2 BTC") == 2 * 10**8
    assert (INVERSE.to_lots("500 USD"), INVERSE.write_size(5)) == (5, "500 USD")
    assert INVERSE.write_cash(10**8) == "1 BTC"
    with pytest.raises(ValueError, match="size: got an amount of BTC"):
        INVERSE.to_lots("2 BTC")
    with pytest.raises(ValueError, match="amount: got an amount of USD"):
        INVERSE.to_cash("2 USD")


def test_units_that_differ_have_none_in_common():
    other = Instrument("ETH", lot_size=Decimal(1), base="ETH", quote="USD", number=1)
    units = RealUnits.of([PERP, other], [[0], [1], [0, 1]])
    assert (units.cash, units.lots) == (CASH, LOTS)
    assert [one.name for one in units.lots_of_clearings] == ["BTC", "ETH", "lots"]
    assert units.number_of("ETH") == 1
    assert [units.assets[name].name for name in ("BTC", "ETH")] == ["BTC", "ETH"]


@given(st.floats(1e-9, 1e18), st.integers(1, 6))
def test_significant_digits(value, digits):
    text = significant(value, digits)
    assert float(text.replace(",", "")) == pytest.approx(
        value, rel=0.5 * 10 ** (1 - digits) * 1.001
    )
    assert "e" not in text.lower()
