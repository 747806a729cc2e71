"""Numbers of a market shown in units that people have: ticks, lots and cash turned into money.

Inside all numbers are integers. An instrument that names its quote says how much a tick, a lot and
a unit of cash are, and its numbers are shown in them; those of one that does not stay ticks, lots
and units of cash. This is the one place that knows which is which, and how such a number is
written: exact conversions, as of ``lob.Instrument``, but rounded to what people read.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from lob.counted import counted

if TYPE_CHECKING:
    from lob.instrument import Instrument

__all__ = ["CASH", "LOTS", "TICKS", "RealUnit", "RealUnits", "named", "significant"]

DIGITS = 4
"""Significant digits of a number that is written for people; chosen."""
WITH_MULTIPLIER = 3
"""Significant digits of one that is written in thousands, millions or milliards; chosen."""
SHORTENED = 10_000
"""Amount from which on a multiplier is written: thousands are read as they are below; chosen."""
MULTIPLIERS = (("G", 9), ("M", 6), ("k", 3))
"""Multipliers of the grammar of quantities with their powers of ten, see ``lob.units``."""


def significant(value: float, digits: int = DIGITS) -> str:
    """Write a number with so many significant digits at most, and commas between its thousands.

    Parameters
    ----------
    value
        The number; finite.
    digits
        Significant digits; zeros at the end are left out.

    Examples
    --------
    >>> significant(412.5), significant(60_012.4), significant(0.00001234567), significant(-2.0)
    ('412.5', '60,010', '0.00001235', '-2')
    """
    return f"{Decimal(f'{value:.{digits - 1}e}').normalize():,f}"


def named(number: str, asset: str) -> str:
    """Write an amount with the name of its asset: stocks are counted, other assets have no plural.

    Parameters
    ----------
    number
        The amount as text.
    asset
        Name of the asset.

    Examples
    --------
    >>> named("1", "shares"), named("2", "shares"), named("1", "BTC")
    ('1 share', '2 shares', '1 BTC')
    """
    return f"{number} {'share' if (number, asset) == ('1', 'shares') else asset}"


class RealUnit(NamedTuple):
    """A unit in which integers of a market are shown: its name, and how much one integer is.

    Examples
    --------
    >>> usd = RealUnit("USD", Fraction(1, 2000), "cash units")
    >>> usd.told(9_536_000_000), usd.of(3)
    ('4.77 M USD', 0.0015)
    >>> TICKS.told(1), LOTS.told(25_000), CASH.told(1_200)
    ('1 tick', '25,000 lots', '1,200 units of cash')
    """

    name: str
    """Name of the asset, ``USD``; else that of the integers."""
    factor: Fraction
    """How much of it one integer is."""
    step: str
    """What the integers are: ``ticks``, ``lots`` or ``cash units``."""

    @property
    def is_real(self) -> bool:
        """Whether the unit is anything but that of the integers."""
        return self.name != self.step

    def of(self, value: Any) -> Any:
        """A number, or an array of them, in this unit: floats, or as they were where it is none."""
        return value * float(self.factor) if self.is_real else value

    def told(self, value: float) -> str:
        """An amount of so many integers with its unit, rounded: ``4.77 M USD``, ``25,000 lots``.

        Parameters
        ----------
        value
            Count of integers, a mean perhaps; ``nan`` is not known.
        """
        if not self.is_real:
            if isnan(value):
                return "not known"
            if self.step == "cash units":
                return f"{value:,.0f} {'unit' if round(value) == 1 else 'units'} of cash"
            return counted(value, self.step.removesuffix("s"))
        number = self.number(value)
        return number if isnan(value) else named(number, self.name)

    def number(self, value: float) -> str:
        """An amount of so many integers without the unit's name, rounded: ``4.77 M``."""
        if isnan(value):
            return "not known"
        if not self.is_real:
            return f"{value:,.0f}"
        real = float(value * float(self.factor))
        if not isfinite(real):
            return f"{real}"
        if self.step == "ticks":
            # Prices are read digit by digit: never shortened, and whole where that is enough.
            return f"{real:,.0f}" if abs(real) >= 10 ** (DIGITS - 1) else significant(real)
        if abs(real) < SHORTENED:
            return significant(real)
        # Rounded first: what rounds to a million is one.
        rounded = float(f"{real:.{WITH_MULTIPLIER - 1}e}")
        for letter, power in MULTIPLIERS:
            if abs(rounded) >= 10**power:
                return f"{significant(rounded / 10**power, WITH_MULTIPLIER)} {letter}"
        return significant(real)

    def amount(self, value: float) -> str:
        """An amount with its unit's name where that is real, where integers have none."""
        return self.told(value) if self.is_real else self.number(value)

    def level(self, value: float) -> str:
        """A price with its unit, to the tenth of a tick at the finest: ``60,012.5 USD``.

        Parameters
        ----------
        value
            The price in ticks; ``nan`` is not known.
        """
        if isnan(value) or not self.is_real:
            return self.told(value)
        finest = max(0, 1 - Decimal(float(self.factor)).adjusted())
        shown = f"{float(value * float(self.factor)):,.{finest}f}"
        return f"{shown.rstrip('0').rstrip('.') if '.' in shown else shown} {self.name}"

    def to_dict(self) -> dict[str, Any]:
        """The unit as JSON values: what to multiply an integer by, and what it is then in."""
        return {"unit": self.name, "factor": float(self.factor), "integer": self.step}


def _integers(step: str) -> RealUnit:
    return RealUnit(step, Fraction(1), step)


TICKS, LOTS, CASH = _integers("ticks"), _integers("lots"), _integers("cash units")
"""The units of what does not say its own."""


@dataclass(frozen=True)
class RealUnits:
    """Units in which all numbers of a market are shown.

    Examples
    --------
    >>> from lob import Instrument
    >>> perp = Instrument(
    ...     "PERP", Decimal("0.5"), Decimal("0.001"), base="BTC", quote="USD", multiplier=5
    ... )
    >>> units = RealUnits.of([perp])
    >>> units.prices[0].told(300), units.sizes[0].told(2_500), units.cash.told(10**11)
    ('150 USD', '2.5 BTC', '10 M USD')
    """

    names: tuple[str, ...]
    """Names of the instruments, by number."""
    prices: tuple[RealUnit, ...]
    """Of prices, by number of the instrument."""
    sizes: tuple[RealUnit, ...]
    """Of sizes, by number of the instrument."""
    cash: RealUnit
    """Of all amounts of cash: the accounts of a venue have one cash."""
    lots: RealUnit
    """Of lots that are counted over all instruments that accounts hold: real where all are of the
    same asset and size."""
    lots_of_clearings: tuple[RealUnit, ...]
    """Of lots that are counted over all that accounts of one clearing hold, by its number."""
    assets: dict[str, RealUnit]
    """Of amounts of the assets that the ledger knows by their names, ``cash`` among them."""
    is_mixed: bool = False
    """Whether accounts hold several assets, so that a sum of lots over all is an amount of none."""

    @classmethod
    def of(
        cls, instruments: "Sequence[Instrument]", held: Sequence[Collection[int]] = ()
    ) -> "RealUnits":
        """Find the units of a market.

        Parameters
        ----------
        instruments
            What is traded, by number.
        held
            For each clearing, numbers of those that its accounts hold and pay cash for; no clearing
            at all: all are traded for one cash.
        """
        prices = tuple(price_unit(one) for one in instruments)
        sizes = tuple(size_unit(one) for one in instruments)
        among = [set(one) for one in held] or [set(range(len(instruments)))]
        cash = {cash_unit(instruments[number]) for one in among for number in one}
        lots = [{sizes[number] for number in one} for one in among]
        assets = {"cash": _only(cash, CASH)}
        for one, size in zip(instruments, sizes, strict=True):
            assets.setdefault(_asset(one), size)
        return cls(
            names=tuple(one.name for one in instruments),
            prices=prices,
            sizes=sizes,
            cash=assets["cash"],
            lots=_only(set().union(*lots), LOTS),
            lots_of_clearings=tuple(_only(one, LOTS) for one in lots),
            assets=assets,
            is_mixed=len({_asset(instruments[number]) for one in among for number in one}) > 1,
        )

    def number_of(self, instrument: str) -> int:
        """Number of an instrument by its name; raises ``ValueError`` if there is none."""
        return self.names.index(instrument)


def _asset(one: "Instrument") -> str:
    """What lots of an instrument are of: that itself where it says no base."""
    return one.base or one.name


def _only(units: Collection[RealUnit], several: RealUnit) -> RealUnit:
    """The one unit that all have, or what is counted where they have ``several``."""
    return next(iter(units)) if len(units) == 1 else several


def price_unit(one: "Instrument") -> RealUnit:
    """The unit in which prices of an instrument are shown."""
    return RealUnit(one.quote, Fraction(one.tick_size), "ticks") if one.has_units else TICKS


def size_unit(one: "Instrument") -> RealUnit:
    """The unit in which sizes of an instrument are shown."""
    return RealUnit(one.size_asset, Fraction(one.lot_size), "lots") if one.has_units else LOTS


def cash_unit(one: "Instrument") -> RealUnit:
    """The unit in which cash that is paid for an instrument is shown."""
    if not one.has_units or (one.inverse and not one.base):
        return CASH
    return RealUnit(one.paid_asset, one.cash_unit, "cash units")
