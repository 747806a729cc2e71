"""Instruments: what is traded, in which steps; decimals outside, integers inside."""

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from fractions import Fraction

from lob.checks import integer, ppm, text
from lob.types import MAX_PRICE, MAX_SIZE
from lob.units import (
    PPM,
    Dimension,
    Quantity,
    expect,
    to_quantity,
    to_units,
    whole_steps,
    write_amount,
)

__all__ = ["Instrument"]

MAX_MULTIPLIER = 2**40


@dataclass(frozen=True, slots=True)
class Instrument:
    """One thing that is traded in one book.

    Parameters
    ----------
    name
        A name for people; the records carry ``number``.
    tick_size
        Price of one tick, in quote currency per unit of the base: a ``Decimal`` above 0.
    lot_size
        Size of one lot, in units of the base, of an inverse contract of the quote: a ``Decimal``
        above 0.
    number
        The ``instrument`` field of messages and events, 0 to 65535.
    multiplier
        Of a linear instrument: units of cash, 1 to ``2**40``, that one lot is worth for each tick
        of its price. Of an inverse one: a lot is worth ``multiplier / price`` units of the coin it
        is settled in.
    inverse
        Whether it is an inverse contract.
    base
        Name of the asset that is traded; empty: a contract of the instrument's own name, of which
        what one side is long the other is short.
    quote
        Name of the asset in which prices are, and that is paid; an inverse contract is paid in its
        base.
    maker_fee, taker_fee
        Fees, -1,000,000 to 1,000,000 ppm of what is paid, from whoever has an account; negative: a
        rebate. In a call auction nobody takes: both sides are charged as makers.

    Raises
    ------
    TypeError, ValueError
        If a field is of another type or outside its range.

    Examples
    --------
    >>> amzn = Instrument("AMZN", tick_size=Decimal("0.01"))
    >>> amzn.to_ticks("223.95"), amzn.to_price(22395)
    (22395, Decimal('223.95'))
    >>> btc = Instrument("BTC-PERP", lot_size=Decimal("0.001"), base="BTC", quote="USD")
    >>> btc.to_lots("2 BTC"), btc.write_size(2_000), btc.to_ticks("60 k USD")
    (2000, '2 BTC', 60000)
    >>> btc.to_lots("0.1234 BTC")
    Traceback (most recent call last):
    ...
    ValueError: size 0.1234 BTC is not a whole number of lots of 0.001 BTC: the nearest is 0.123 BTC
    """

    name: str
    tick_size: Decimal = Decimal(1)
    lot_size: Decimal = Decimal(1)
    number: int = 0
    multiplier: int = 1
    inverse: bool = False
    base: str = ""
    quote: str = "cash"
    maker_fee: int = 0
    taker_fee: int = 0

    def __post_init__(self) -> None:
        for field in ("tick_size", "lot_size"):
            value = getattr(self, field)
            if not isinstance(value, Decimal):
                raise TypeError(f"{field} must be a Decimal, got {value!r}")
            if not value.is_finite() or value <= 0:
                raise ValueError(f"{field} must be positive and finite, got {value}")
        integer("number", self.number, 0, 2**16 - 1)
        integer("multiplier", self.multiplier, 1, MAX_MULTIPLIER)
        for field in ("maker_fee", "taker_fee"):
            ppm(field, getattr(self, field), -PPM)
        text("quote", self.quote)

    def to_ticks(self, price: Quantity | Decimal | int | str) -> int:
        """Convert a price to ticks: ``"60_000 USD"``, ``"60_000 USD/BTC"`` or ``"5 ticks"``.

        A number without a unit is in quote currency. Raises ``TypeError`` for a float, and
        ``ValueError`` unless it is a price and a whole number of ticks up to 2**40, with the
        nearest price that would be one.
        """
        wanted = f"a price in ticks or {self.quote}"
        names = (self.quote, f"{self.quote}/{self._base}")
        return self._steps("price", price, Dimension.TICKS, names, wanted, MAX_PRICE)

    def to_lots(self, size: Quantity | Decimal | int | str) -> int:
        """Convert a size to lots: ``"2 BTC"``, ``"100 lots"`` or a number.

        A number without a unit is in units of the base; sizes of an inverse contract are in its
        quote. Raises ``TypeError`` for a float, and ``ValueError`` unless it is a size and a whole
        number of lots below 2**62, with the nearest size that would be one.
        """
        wanted = f"a size in lots or {self.size_asset}"
        return self._steps("size", size, Dimension.LOTS, (self.size_asset,), wanted, MAX_SIZE)

    def to_cash(self, amount: Quantity | Decimal | int | str) -> int:
        """Convert an amount of what is paid to units of cash: ``"60_000 USD"`` or a number.

        What a lot is worth in units says how much a unit is. Raises ``TypeError`` for a float, and
        ``ValueError`` unless it is such an amount and a whole number of units.
        """
        return to_units(amount, self.paid_asset, self.cash_unit)

    @property
    def has_units(self) -> bool:
        """Whether it says whose money its prices are: its quote is not the default, ``"cash"``."""
        return self.quote != "cash"

    @property
    def size_asset(self) -> str:
        """Name of what its sizes are in: the base; of an inverse contract the quote."""
        return self.quote if self.inverse else self._base

    @property
    def paid_asset(self) -> str:
        """Name of what is paid: the quote; of an inverse contract the coin that is its base.

        Raises ``ValueError`` if the instrument is inverse and names no base.
        """
        if self.inverse and not self.base:
            raise ValueError(
                f"{self.name} is inverse: its cash is a coin, which its base names, and it has none"
            )
        return self.base if self.inverse else self.quote

    @property
    def cash_unit(self) -> Fraction:
        """How much of what is paid one unit of cash is: an exact ``Fraction``.

        A linear lot is worth ``multiplier`` units a tick, that is ``tick_size * lot_size`` of the
        quote. An inverse lot is worth ``multiplier / price`` units at a price in ticks, and that is
        ``lot_size / (tick_size * price)`` of the coin.
        """
        tick, lot = Fraction(self.tick_size), Fraction(self.lot_size)
        return (lot / tick if self.inverse else tick * lot) / self.multiplier

    def write_price(self, ticks: int) -> str:
        """The price of a number of ticks in people's units, exact: ``to_ticks`` reads it."""
        return write_amount(ticks * Fraction(self.tick_size), self.quote)

    def write_size(self, lots: int) -> str:
        """The size of a number of lots in people's units, exact: ``to_lots`` reads it."""
        return write_amount(lots * Fraction(self.lot_size), self.size_asset)

    def write_cash(self, units: int) -> str:
        """An amount of cash in what is paid, exact: ``to_cash`` reads it.

        Raises ``ValueError`` where a unit has no end in decimals, as with a multiplier of 3.
        """
        return write_amount(units * self.cash_unit, self.paid_asset)

    def to_price(self, ticks: int) -> Decimal:
        """The price of a number of ticks in quote currency, an exact ``Decimal``."""
        return _EXACT.multiply(ticks, self.tick_size)

    def to_size(self, lots: int) -> Decimal:
        """The size of a number of lots in units of ``size_asset``, an exact ``Decimal``."""
        return _EXACT.multiply(lots, self.lot_size)

    @property
    def _base(self) -> str:
        return self.base or self.name

    def _steps(
        self,
        name: str,
        value: Quantity | Decimal | int | str,
        own: Dimension,
        assets: tuple[str, ...],
        wanted: str,
        most: int,
    ) -> int:
        """A price in ticks or a size in lots; ``own`` tells the dimension that counts them."""
        given = to_quantity(name, value)
        expect(name, given, given.dimension is own or given.is_of(*assets), wanted)
        step = Fraction(self.tick_size if own is Dimension.TICKS else self.lot_size)
        write = self.write_price if own is Dimension.TICKS else self.write_size
        count = given.value if given.dimension is own else given.value / step
        steps = f"{own.name.lower()} of {write_amount(step, assets[0])}"
        return whole_steps(name, given, count, steps, write, most)


# Wide enough for any 64-bit number of steps of any sensible size; what would not fit raises.
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])
