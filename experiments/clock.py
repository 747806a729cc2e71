"""Times of day and durations, as people write them and as the tapes keep them: integer ns."""

import re
from decimal import Decimal

__all__ = ["SECOND", "parse_duration", "parse_time", "show_duration", "show_time"]

SECOND = 1_000_000_000
UNITS = {"h": 3600 * SECOND, "m": 60 * SECOND, "s": SECOND, "ms": 1_000_000, "us": 1_000}
TIME = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?", re.ASCII)
DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us)", re.ASCII)


def parse_time(text: str) -> int:
    """Return a time of day, ``HH:MM:SS`` with up to nine decimals, in ns since midnight.

    Raises ``ValueError`` where it is not one.

    Examples
    --------
    >>> parse_time("09:30:00.5")
    34200500000000
    """
    match = TIME.fullmatch(text.strip())
    if match is None or int(match[1]) > 24:
        raise ValueError(
            f"{text!r} is not a time of day: write HH:MM:SS, as in 12:00:00 or 9:30:00.5"
        )
    hours, minutes, seconds, fraction = match.groups()
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * SECOND + int((fraction or "").ljust(9, "0"))


def parse_duration(text: str) -> int:
    """Return a duration such as ``90s``, ``5m``, ``1.5h`` or ``1h30m``, in ns.

    Raises ``ValueError`` where it is not one, or not a whole and positive number of ns.

    Examples
    --------
    >>> parse_duration("1m30s")
    90000000000
    """
    parts = DURATION.findall(text.strip())
    if not parts or "".join(map("".join, parts)) != text.strip():
        raise ValueError(f"{text!r} is not a duration: write 500ms, 90s, 5m, 1h or 1h30m")
    total = sum(Decimal(number) * UNITS[unit] for number, unit in parts)
    if total <= 0 or total != int(total):
        raise ValueError(f"{text!r} is not a whole and positive number of nanoseconds")
    return int(total)


def show_time(ns: int) -> str:
    """Return a time of day as ``HH:MM:SS``, with the decimals it needs, in threes.

    Examples
    --------
    >>> show_time(43_200_000_000_000), show_time(34_200_017_459_617)
    ('12:00:00', '09:30:00.017459617')
    """
    seconds, fraction = divmod(ns, SECOND)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if not fraction:
        return clock
    digits = f"{fraction:09}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{clock}.{digits}"


def show_duration(ns: int) -> str:
    """Return a duration in its largest fitting unit, to three digits or so.

    Examples
    --------
    >>> show_duration(0), show_duration(100_000_000), show_duration(600_000_000_000)
    ('0 s', '0.1 s', '10 min')
    """
    seconds = ns / SECOND
    if ns == 0 or 0.1 <= seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 0.1:
        return f"{ns / 1e6:.3g} ms" if ns >= 1_000_000 else f"{ns / 1e3:.3g} µs"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"
