"""What is traded, in which steps: decimals outside, integers inside, converted here only."""

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow

from lob.checks import integer
from lob.types import MAX_PRICE, MAX_SIZE

__all__ = ["Instrument"]

MAX_MULTIPLIER = 2**40


@dataclass(frozen=True, slots=True)
class Instrument:
    """One thing that is traded in one book.

    Parameters
    ----------
    name
        For people; the records carry ``number``.
    tick_size
        Price of one tick, in quote currency per unit of the base.
    lot_size
        Size of one lot, in units of the base.
    number
        The ``instrument`` field of messages and events, 0 to 65535.
    multiplier
        Of a linear instrument: units of cash that one lot is worth for each tick of its price. Of
        an inverse one: a lot is worth ``multiplier / price`` units of the coin it is settled in.
    inverse
        Whether it is an inverse contract.
    base
        Name of the asset that is traded; empty: a contract of the instrument's own name, of which
        what one side is long the other is short.
    quote
        Name of the asset that is paid.
    maker_fee, taker_fee
        Ppm of what is paid, from whoever has an account; negative: a rebate. In a call auction
        nobody takes: both sides are charged as makers.

    Examples
    --------
    >>> amzn = Instrument("AMZN", tick_size=Decimal("0.01"))
    >>> amzn.to_ticks("223.95"), amzn.to_price(22395)
    (22395, Decimal('223.95'))
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
        if not 0 <= self.number < 2**16:
            raise ValueError(f"number must be 0 to 65535, got {self.number}")
        integer("multiplier", self.multiplier, 1, MAX_MULTIPLIER)
        for field in ("maker_fee", "taker_fee"):
            integer(field, getattr(self, field), -1_000_000, 1_000_000)
        if not isinstance(self.quote, str) or not self.quote:
            raise ValueError(f"quote must name an asset, got {self.quote!r}")

    def to_ticks(self, price: Decimal | int | str) -> int:
        """A price in ticks. Raises ``ValueError`` unless it is a whole number, up to 2**40."""
        return _steps("price", price, self.tick_size, MAX_PRICE)

    def to_lots(self, size: Decimal | int | str) -> int:
        """A size in lots. Raises ``ValueError`` unless it is a whole number, below 2**62."""
        return _steps("size", size, self.lot_size, MAX_SIZE)

    def to_price(self, ticks: int) -> Decimal:
        """The price of a number of ticks, exact."""
        return _EXACT.multiply(ticks, self.tick_size)

    def to_size(self, lots: int) -> Decimal:
        """The size of a number of lots, exact."""
        return _EXACT.multiply(lots, self.lot_size)


# Wide enough for any 64-bit number of steps of any sensible size; what would not fit raises.
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])


def _steps(what: str, value: object, step: Decimal, most: int) -> int:
    if not isinstance(value, Decimal | int | str):
        kind = type(value).__name__
        raise TypeError(f"{what} must be a Decimal, int or str, got the {kind} {value!r}")
    try:
        steps, rest = _EXACT.divmod(Decimal(value), step)
        whole = int(steps)
    except (InvalidOperation, Inexact, ValueError):
        raise ValueError(f"{what} must be a finite decimal number, got {value!r}") from None
    if abs(whole) > most:
        raise ValueError(f"{what} must be at most {most} steps of {step}, got {value}")
    if rest:
        raise ValueError(f"{what} {value} is not a multiple of {step}")
    return whole
