"""Units: parts per million, nanoseconds, times of day, and quantities as people write them.

Inside Firesale every number is an integer: shares are parts per million (``PPM`` is one), times
are nanoseconds (``SECOND_NS`` is a second). ``lob/units.pxd`` has the two for compiled code. People
write quantities with a unit; ``quantity`` reads them exactly, and what comes out is converted here
to ppm or ns, and by ``lob.Instrument`` to ticks, lots or cash units. A conversion is exact or
refused, with the nearest value that would be exact; nothing is ever rounded silently.

The grammar of a quantity
-------------------------
::

    quantity   = [sign] number " " [multiplier " "] unit    "60_000 USD", "10 M USD", "-0.5 bps"
               | [sign] number ["%"]                         "5 %" may be written "5%"; "12.5"
               | duration                                    "2 min", "1 h 30 min", "1h30m", "5m"
    sign       = "-" | "+"
    number     = whole ["." digits]                          "0.5", not ".5", "5.", "1e6" or "1,000"
    whole      = digits, or 1 to 3 digits and then groups    "60000" or "60_000", not "60_00"
                 of exactly 3, an underscore before each
    multiplier = "k" | "M" | "G"                             thousand, million, milliard (10**9)
    unit       = "%" | "bps" | "ppm"                         a share of one
               | "ns" | "us" | "ms" | "s" | "min" | "h" | "d"    a duration; a day has 24 hours
               | "lot" | "lots" | "tick" | "ticks"           an instrument's own steps
               | the name of an asset, letter case included  "BTC", "USD", "stETH", "USD/BTC"
    duration   = [sign] number " " unit of time, one or more of them
               | [sign] number and one of h, m, s, ms, us at once, one or more of them

One space is wanted where there is a space above, and more are allowed. A multiplier goes with
assets, lots and ticks only; it never touches the number or stands for a unit. A bare "m" is never
a million: it is minutes, and only where it touches its number, as in "5m" and "1h30m" ("5 m" and
"10 m USD" are refused). A sign is a whole duration's: "-1 h 30 min" is -90 min. "µs" is read as
"us". The words of units and multipliers are no names of assets. Digits are ASCII, and there are at
most 100 characters. Data files have formats of their own, which this grammar has no part in.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from fractions import Fraction

__all__ = [
    "DAY_NS",
    "HOUR_NS",
    "MICROSECOND_NS",
    "MILLISECOND_NS",
    "MINUTE_NS",
    "PPM",
    "SECOND_NS",
    "Dimension",
    "Quantity",
    "expect",
    "parse_duration",
    "parse_time",
    "quantity",
    "show_duration",
    "show_time",
    "to_ns",
    "to_ppm",
    "to_quantity",
    "to_units",
    "whole_steps",
    "write_amount",
    "write_ns",
    "write_number",
    "write_ppm",
]

PPM = 1_000_000
"""Parts per million in one."""

MICROSECOND_NS = 1_000
MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS

LONGEST = 100
INT64_MAX = 2**63 - 1


class Dimension(Enum):
    """The dimension of a quantity: what it measures."""

    NUMBER = "a number without a unit"
    SHARE = "a share"
    DURATION = "a duration"
    LOTS = "a number of lots"
    TICKS = "a number of ticks"
    AMOUNT = "an amount"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity as people write it: an exact value with its dimension.

    Parameters
    ----------
    value
        Of a SHARE parts of one (5 % is 1/20), of a DURATION nanoseconds, of LOTS and TICKS their
        number, of an AMOUNT whole units of ``asset``.
    dimension
        What the quantity measures.
    asset
        Name of the asset of an AMOUNT; empty for all else.
    text
        The quantity as it was written, for messages; takes no part in comparisons.

    Examples
    --------
    >>> quantity("10 M USD")
    Quantity(value=Fraction(10000000, 1), dimension=<Dimension.AMOUNT: 'an amount'>, asset='USD')
    >>> str(quantity("10 M USD")), str(quantity("250 ppm")), str(quantity("1h30m"))
    ('10_000_000 USD', '2.5 bps', '90 min')
    """

    value: Fraction
    dimension: Dimension
    asset: str = ""
    text: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        """The quantity in the grammar: ``quantity(str(q)) == q``."""
        match self.dimension:
            case Dimension.SHARE:
                return write_ppm(self.value * PPM)
            case Dimension.DURATION:
                return write_ns(self.value)
            case Dimension.NUMBER:
                return write_number(self.value)
            case Dimension.LOTS | Dimension.TICKS:
                return write_amount(self.value, self.dimension.name.lower())
        return write_amount(self.value, self.asset)

    @property
    def shown(self) -> str:
        """The quantity as it was written, or in the grammar where it was not read from text."""
        return self.text or str(self)

    def is_of(self, *assets: str) -> bool:
        """Whether the quantity is an amount of one of the assets, or a number without a unit."""
        if self.dimension is Dimension.AMOUNT:
            return self.asset in assets
        return self.dimension is Dimension.NUMBER

    def describe(self) -> str:
        """The dimension and the text of the quantity, for a message: ``a duration, '2 min'``."""
        what = self.dimension.value + (f" of {self.asset}" if self.asset else "")
        return f"{what}, {self.shown!r}"


_NUMBER = r"(?:\d{1,3}(?:_\d{3})+|\d+)(?:\.\d+)?"
_PLAIN = re.compile(rf"({_NUMBER})(\s*%)?", re.ASCII)
_WITH_UNIT = re.compile(rf"({_NUMBER})\s+(?:(\S+)\s+)?(\S+)", re.ASCII)
_ASSET = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*", re.ASCII)
_COMPACT = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us)", re.ASCII)
_SPACED = re.compile(rf"({_NUMBER})\s+([a-z]+)(?:\s+|$)", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?", re.ASCII)

_SHARES = {"%": Fraction(1, 100), "bps": Fraction(1, 10_000), "ppm": Fraction(1, PPM)}
_DURATIONS = {
    "d": DAY_NS,
    "h": HOUR_NS,
    "min": MINUTE_NS,
    "s": SECOND_NS,
    "ms": MILLISECOND_NS,
    "us": MICROSECOND_NS,
    "ns": 1,
}
_COMPACT_NS = {"m": MINUTE_NS} | {unit: _DURATIONS[unit] for unit in ("h", "s", "ms", "us")}
_STEPS = {
    "lot": Dimension.LOTS,
    "lots": Dimension.LOTS,
    "tick": Dimension.TICKS,
    "ticks": Dimension.TICKS,
}
_MULTIPLIERS = {"k": 10**3, "M": 10**6, "G": 10**9}
_WRITTEN = "write 60_000 USD, 10 M USD, 2 BTC, 100 lots, 5 %, 2.5 bps, 250 ms or 2 min"


def quantity(text: str) -> Quantity:
    """Read a quantity from text, exactly, in the grammar of ``lob.units``.

    Raises ``TypeError`` where it is no text and ``ValueError``, which shows it, where it is no
    quantity.

    Examples
    --------
    >>> quantity("2.5 bps").value, quantity("2 min").value
    (Fraction(1, 4000), Fraction(120000000000, 1))
    >>> quantity("10 m USD")
    Traceback (most recent call last):
    ...
    ValueError: '10 m USD' is not a quantity: 'm' is no multiplier, write k, M or G
    """
    if not isinstance(text, str):
        raise TypeError(f"a quantity must be text, got {text!r} ({type(text).__name__})")
    if len(text) > LONGEST:
        raise ValueError(f"{text[:20]!r}... is not a quantity: longer than {LONGEST} characters")
    body = text.strip().replace("µ", "u").replace("μ", "u")
    sign = -1 if body.startswith("-") else 1
    body = body[1:] if body[:1] in ("-", "+") else body
    found = _duration(body)
    if found is not None:
        return Quantity(sign * found, Dimension.DURATION, text=text)
    if match := _PLAIN.fullmatch(body):
        value = sign * Fraction(match[1])
        if match[2]:
            return Quantity(value / 100, Dimension.SHARE, text=text)
        return Quantity(value, Dimension.NUMBER, text=text)
    match = _WITH_UNIT.fullmatch(body)
    if match is None:
        raise ValueError(f"{text!r} is not a quantity: {_WRITTEN}")
    return _with_unit(text, sign * Fraction(match[1]), match[2], match[3])


def _with_unit(text: str, value: Fraction, multiplier: str | None, unit: str) -> Quantity:
    """A number with a unit that is no time's, or the error that says what is wrong with it."""
    wrong = f"{text!r} is not a quantity: "
    if multiplier is not None and multiplier not in _MULTIPLIERS:
        raise ValueError(f"{wrong}{multiplier!r} is no multiplier, write k, M or G")
    if unit in _SHARES or unit in _DURATIONS:
        if multiplier is not None:
            raise ValueError(f"{wrong}{multiplier!r} goes with assets, lots and ticks only")
        return Quantity(value * _SHARES[unit], Dimension.SHARE, text=text)
    value *= _MULTIPLIERS[multiplier] if multiplier else 1
    if unit in _STEPS:
        return Quantity(value, _STEPS[unit], text=text)
    if unit == "m":
        raise ValueError(
            f"{wrong}a bare 'm' is ambiguous, write 'min' for minutes, 'M' for a million"
        )
    if unit in _MULTIPLIERS or not _ASSET.fullmatch(unit):
        raise ValueError(f"{wrong}{unit!r} is no unit, {_WRITTEN}")
    return Quantity(value, Dimension.AMOUNT, unit, text=text)


def _duration(body: str) -> Fraction | None:
    """Nanoseconds of a duration without a sign, spaced or compact; ``None``: it is none."""
    for pattern, units in ((_SPACED, _DURATIONS), (_COMPACT, _COMPACT_NS)):
        total, at = Fraction(0), 0
        while match := pattern.match(body, at):
            if match[2] not in units:
                break
            total += Fraction(match[1]) * units[match[2]]
            at = match.end()
        if at and at == len(body):
            return total
    return None


# ------------------------------------------------------------------------------ to whole numbers


def to_ppm(value: Quantity | str, name: str = "value") -> int:
    """Convert a share, ``value``, to parts per million; ``name`` is the argument's, for the error.

    Raises ``ValueError`` where it is no share or not a whole number of ppm below 2**63 in size.

    Examples
    --------
    >>> to_ppm("5 %"), to_ppm("2.5 bps")
    (50000, 250)
    """
    given = to_quantity(name, value)
    expect(name, given, given.dimension is Dimension.SHARE, "a share in %, bps or ppm")
    return whole_steps(name, given, given.value * PPM, "ppm", write_ppm)


def to_ns(value: Quantity | str, name: str = "value") -> int:
    """Convert a duration, ``value``, to nanoseconds; ``name`` is the argument's, for the error.

    Raises ``ValueError`` where it is no duration or not a whole number of ns below 2**63 in size.

    Examples
    --------
    >>> to_ns("2 min"), to_ns("1h30m")
    (120000000000, 5400000000000)
    """
    given = to_quantity(name, value)
    fits = given.dimension is Dimension.DURATION
    expect(name, given, fits, "a duration in d, h, min, s, ms, us or ns")
    return whole_steps(name, given, given.value, "ns", write_ns)


def to_units(
    value: Quantity | Decimal | int | str, asset: str, unit: Fraction, name: str = "amount"
) -> int:
    """Convert an amount of an asset, ``value``, to integer units, ``unit`` of the asset each.

    ``name`` is the argument's, for the error.

    A number without a unit is of the asset. Raises ``ValueError`` for an amount of anything else,
    and where it is not a whole number of units below 2**63 in size.

    Examples
    --------
    >>> to_units("60_000.25 USD", "USD", Fraction(1, 100))
    6000025
    >>> to_units("2 min", "USD", Fraction(1, 100))
    Traceback (most recent call last):
    ...
    ValueError: amount: got a duration, '2 min', where an amount of USD is wanted
    """
    given = to_quantity(name, value)
    expect(name, given, given.is_of(asset), f"an amount of {asset}")
    return whole_steps(
        name,
        given,
        given.value / unit,
        f"units of {write_amount(unit, asset)}",
        lambda count: write_amount(count * unit, asset),
    )


def to_quantity(name: str, value: Quantity | Decimal | int | str) -> Quantity:
    """Make a ``Quantity`` of what people may hand over as one; numbers have no unit.

    Raises ``TypeError`` for a float and whatever else is none, and ``ValueError``, both of which
    begin with ``name``.
    """
    if isinstance(value, Quantity):
        return value
    if isinstance(value, str):
        try:
            return quantity(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        kind = type(value).__name__
        raise TypeError(f"{name} must be a quantity, Decimal, int or str, got the {kind} {value!r}")
    if isinstance(value, Decimal) and not (value.is_finite() and abs(value.adjusted()) < LONGEST):
        raise ValueError(f"{name} must be a finite decimal number of sensible size, got {value}")
    return Quantity(Fraction(value), Dimension.NUMBER, text=str(value))


def expect(name: str, given: Quantity, fits: bool, wanted: str) -> None:
    """Raise ``ValueError``, for the argument ``name``, unless a quantity ``fits``.

    The message says what is ``wanted`` and what was given.
    """
    if not fits:
        raise ValueError(f"{name}: got {given.describe()}, where {wanted} is wanted")


def whole_steps(
    name: str,
    given: Quantity,
    count: Fraction,
    steps: str,
    write: Callable[[int], str],
    most: int = INT64_MAX,
) -> int:
    """``count`` as an int, or a ``ValueError`` that names the nearest exact value.

    Parameters
    ----------
    name
        Name of the argument, for the error.
    given
        The quantity that was asked for.
    count
        How many steps that is, exactly.
    steps
        What is counted, in words, for the error.
    write
        A function that writes a count in people's units.
    most
        Largest count, of either sign.

    Raises
    ------
    ValueError
        If ``count`` is no whole number, or larger.
    """
    if abs(count) > most:
        raise ValueError(f"{name} must be {write(-most)} to {write(most)}, got {given.shown}")
    if count.denominator != 1:
        raise ValueError(
            f"{name} {given.shown} is not a whole number of {steps}: "
            f"the nearest is {write(round(count))}"
        )
    return count.numerator


# ---------------------------------------------------------------------------- written for people


def write_number(value: Fraction | int) -> str:
    """Write a number as an exact decimal, with underscores between groups of three digits.

    Raises ``ValueError`` where it has no end in decimals, such as 1/3.

    Examples
    --------
    >>> write_number(60_000), write_number(Fraction(-1, 8))
    ('60_000', '-0.125')
    """
    value = Fraction(value)
    places = 0
    while (10**places) % value.denominator:
        places += 1
        if places > 4 * LONGEST:
            raise ValueError(f"value must have an end in decimals, got {value}")
    whole, rest = divmod(abs(value.numerator) * 10**places // value.denominator, 10**places)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole:_}" + (f".{rest:0{places}}" if places else "")


def write_amount(value: Fraction | int, unit: str) -> str:
    """Write a number, ``value``, with its unit.

    Examples
    --------
    >>> write_amount(60_000, "USD")
    '60_000 USD'
    """
    return f"{write_number(value)} {unit}"


def write_ppm(ppm: Fraction | int) -> str:
    """Write parts per million, exactly, in the largest unit that takes one decimal at most.

    Examples
    --------
    >>> write_ppm(50_000), write_ppm(250), write_ppm(7)
    ('5 %', '2.5 bps', '7 ppm')
    """
    if ppm % 1_000 == 0:
        return write_amount(Fraction(ppm, 10_000), "%")
    return write_amount(Fraction(ppm, 100), "bps") if ppm % 10 == 0 else write_amount(ppm, "ppm")


def write_ns(ns: Fraction | int) -> str:
    """Write a duration in ns, exactly, in the largest unit that it is a whole number of.

    Examples
    --------
    >>> write_ns(120 * SECOND_NS), write_ns(1_500_000_000), write_ns(0)
    ('2 min', '1_500 ms', '0 s')
    """
    if ns == 0:
        return "0 s"
    fits = (unit for unit, length in _DURATIONS.items() if ns % length == 0)
    unit = next(fits, "ns")
    return write_amount(Fraction(ns) / _DURATIONS[unit], unit)


# ------------------------------------------------------------------------ times of day, durations


def parse_time(text: str) -> int:
    """Return a time of day, ``HH:MM:SS`` with up to nine decimals, in ns since midnight.

    Raises ``ValueError`` where it is not one.

    Examples
    --------
    >>> parse_time("09:30:00.5")
    34200500000000
    """
    match = _TIME.fullmatch(text.strip())
    if match is None or int(match[1]) > 24:
        raise ValueError(
            f"{text!r} is not a time of day: write HH:MM:SS, as in 12:00:00 or 9:30:00.5"
        )
    hours, minutes, seconds, fraction = match.groups()
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * SECOND_NS + int((fraction or "").ljust(9, "0"))


def parse_duration(text: str) -> int:
    """Return a positive duration such as ``90s``, ``5m``, ``1h30m`` or ``2 min``, in ns.

    Raises ``ValueError`` where it is not one, or not a whole and positive number of ns.

    Examples
    --------
    >>> parse_duration("1m30s")
    90000000000
    """
    total = _duration(text.strip())
    if total is None:
        raise ValueError(f"{text!r} is not a duration: write 500ms, 90s, 5m, 1h30m or 2 min")
    if total <= 0 or total.denominator != 1:
        raise ValueError(f"{text!r} is not a whole and positive number of nanoseconds")
    return total.numerator


def show_time(ns: int) -> str:
    """Return a time of day, in ns since midnight, as ``HH:MM:SS`` with the decimals it needs.

    Examples
    --------
    >>> show_time(43_200_000_000_000), show_time(34_200_017_459_617)
    ('12:00:00', '09:30:00.017459617')
    """
    seconds, fraction = divmod(ns, SECOND_NS)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if not fraction:
        return clock
    digits = f"{fraction:09}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{clock}.{digits}"


def show_duration(ns: float) -> str:
    """Return a duration in ns in its largest fitting unit, rounded to three digits or so.

    For reading only: ``write_ns`` is exact.

    Examples
    --------
    >>> show_duration(0), show_duration(100_000_000), show_duration(600_000_000_000)
    ('0 s', '0.1 s', '10 min')
    """
    seconds = ns / SECOND_NS
    if ns == 0 or 0.1 <= seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 0.1:
        milliseconds, microseconds = ns / MILLISECOND_NS, ns / MICROSECOND_NS
        return f"{milliseconds:.3g} ms" if milliseconds >= 1 else f"{microseconds:.3g} µs"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"
