"""Files of order flow as a replay takes them: opened, assets named, times and sizes read."""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from inspect import signature
from math import inf
from pathlib import Path
from typing import Any, cast

from lob import Instrument
from lob.counted import counted
from lob.feeds import Feed, FeedError, open_feed
from lob.feeds.lobster import find, is_name
from lob.feeds.recognise import format_named, recognise
from lob.replay import ReplayError, SymbolError, first_time
from lob.units import DAY_NS, SECOND_NS, parse_duration, parse_time

__all__ = [
    "half_life",
    "instrument_of",
    "moment",
    "open_recorded",
    "shown_instrument",
    "with_assets",
]

SPOT = frozenset({
    "bitstamp", "coinbase", "coinbase-pro", "hyperliquid", "independent-reserve", "kraken",
})  # fmt: skip
"""Formats in which a size is of the first asset whatever the second is. Elsewhere a contract in
dollars may be one of so many dollars."""
STOCKS = frozenset({"itch", "lobster"})
"""Formats of exchanges that trade stocks in dollars."""
_PAIR = re.compile(r"([A-Z0-9]{2,12})[-/]([A-Z]{3,5})")
_JOINED = re.compile(r"([A-Z0-9]{2,12}?)(USDT|USDC|FDUSD|BUSD|USD|EUR|GBP|BTC|ETH)")


def open_recorded(
    files: str | Path | Sequence[str | Path],
    *,
    symbol: str | None = None,
    format: str | None = None,
    member: str | None = None,
    tick: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Feed:
    """Open one record of order flow.

    Parameters
    ----------
    files
        A file of any format; a folder, a zip or the pair of files of a LOBSTER day.
    symbol
        The instrument, where a reader can leave out all others.
    format, member, tick, columns
        As of ``lob.feeds.open_feed`` and its readers.

    Raises
    ------
    FeedError
        If there is no such file, no format knows it, or there are several days.
    """
    paths = [Path(files)] if isinstance(files, str | Path) else [Path(file) for file in files]
    for path in paths:
        if not path.exists():
            raise FeedError(f"{path}: no such file or folder")
    if format in (None, "lobster") and (len(paths) > 1 or paths[0].is_dir()):
        return _lobster(paths, member)
    format = "table" if columns is not None and format is None else format
    known = format_named(format) if format else recognise(paths[0], member=member)
    if known.name == "lobster" and not is_name(paths[0].name):
        return _lobster(paths, member)
    takes = signature(known.load()).parameters
    options: dict[str, Any] = {}
    if symbol is not None and "symbols" in takes:
        options["symbols"] = [symbol]
    for option, value in (("tick_size", tick), ("columns", columns)):
        if value is not None:
            if option not in takes:
                raise ValueError(f"{option}: the format {known.name} has its own")
            options[option] = value
    return open_feed(paths[0], format=known.name, member=member, **options)


def _lobster(paths: list[Path], member: str | None) -> Feed:
    """The one LOBSTER day of these files."""
    pairs = sorted({pair for path in paths for pair in find(path)})
    if member is not None:
        pairs = [pair for pair in pairs if member in (pair.message, pair.orderbook)]
    if len(pairs) != 1:
        raise ValueError(
            f"the files hold {counted(len(pairs), 'day')}, give one of them: "
            f"{', '.join(map(str, pairs))}"
        )
    return open_feed(pairs[0].container, format="lobster", member=pairs[0].message)


def instrument_of(feed: Feed, symbol: str | None = None) -> Instrument:
    """Find the instrument to be replayed, with the assets that its name tells.

    Parameters
    ----------
    feed
        Recorded order flow, which is read as far as needed.
    symbol
        Name of the instrument, if the feed has several.

    Raises
    ------
    SymbolError
        If there are several and none is named, or there is none.
    """
    found = feed.instruments
    if not found or (symbol is not None and symbol not in [one.name for one in found]):
        # Some readers know what is traded once it has come up.
        with closing(cast(Any, feed.blocks())) as blocks:
            for _ in blocks:
                found = feed.instruments
                names = [one.name for one in found]
                if (symbol is None and found) or symbol in names:
                    break
    if symbol is not None:
        found = [one for one in found if one.name == symbol]
    elif not found:
        raise SymbolError(f"{feed.path}: has nothing to replay")
    if len(found) != 1:
        listed = ", ".join(one.name for one in feed.instruments[:20])
        what = f"no instrument {symbol}" if symbol is not None else "several instruments"
        raise SymbolError(f"{feed.path}: has {what}, choose one as the symbol: {listed}")
    return with_assets(found[0], feed.format)


def with_assets(instrument: Instrument, format: str) -> Instrument:
    """A copy of an instrument with base and quote, where its name tells them without a doubt.

    Parameters
    ----------
    instrument
        As the feed has it.
    format
        Name of the feed's format.

    Examples
    --------
    >>> with_assets(Instrument("BTCUSDT"), "binance").base
    'BTC'
    >>> with_assets(Instrument("ETHUSD_PERP"), "binance").base
    ''
    """
    if instrument.base:
        return instrument
    name = instrument.name
    if format in STOCKS:
        return replace(instrument, quote="USD")
    if format == "hyperliquid" and name.isalnum():
        return replace(instrument, base=name, quote="USD")
    found = _PAIR.fullmatch(name) or _JOINED.fullmatch(name)
    if found is None or (format not in SPOT and found[2] == "USD"):
        return instrument
    return replace(instrument, base=found[1], quote=found[2])


def shown_instrument(instrument: Instrument, format: str) -> Instrument:
    """A copy of an instrument with the names that its numbers are shown with.

    Those of ``with_assets``; and a stock is counted in shares, where a scenario, in which there may
    be several, calls them by its name.

    Parameters
    ----------
    instrument, format
        As of ``with_assets``.

    Examples
    --------
    >>> shown_instrument(Instrument("AMZN"), "lobster").write_size(500)
    '500 shares'
    """
    named = with_assets(instrument, format)
    return replace(named, base="shares") if format in STOCKS and not named.base else named


def moment(text: str, feed: Feed) -> int:
    """Read a time as people write it: ns as the feed's clock has it.

    Parameters
    ----------
    text
        ``HH:MM:SS`` is a time of day; of a feed in UTC the first one from the first message on. A
        date and a time, ``2024-08-08T12:00:00``, is in UTC unless it says otherwise. ``+90s``
        counts from the first message.
    feed
        Whose clock counts.

    Raises
    ------
    ValueError
        If the text is none of these.
    """
    text = text.strip()
    if text.startswith("+"):
        return _first(feed) + parse_duration(text[1:])
    if "T" in text or (text.count("-") == 2 and " " in text):
        if feed.clock != "UTC":
            raise ValueError(f"{text!r}: the feed tells times of day: write HH:MM:SS")
        return _date(text)
    of_day = parse_time(text)
    if feed.clock != "UTC":
        return of_day
    first = _first(feed)
    start = first // DAY_NS * DAY_NS + of_day
    return start if start >= first else start + DAY_NS


def half_life(decay: float | str) -> float:
    """Read a half-life: ns, or infinity.

    Parameters
    ----------
    decay
        Seconds, a duration as ``"5m"``, or ``"inf"`` or ``"never"``.

    Raises
    ------
    ValueError
        If it is none of these, or negative.
    """
    if isinstance(decay, str):
        if decay.strip() in ("inf", "infinite", "never"):
            return inf
        try:
            seconds = float(decay)
        except ValueError:
            return float(parse_duration(decay))
    else:
        seconds = float(decay)
    if not seconds >= 0:
        raise ValueError(f"a half-life must be 0 or more seconds, or inf, got {decay!r}")
    return seconds * SECOND_NS


def _first(feed: Feed) -> int:
    first = first_time(feed)
    if first is None:
        raise ReplayError(f"{feed.path}: has no message")
    return first


def _date(text: str) -> int:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    try:
        at = datetime.fromisoformat(whole)
    except ValueError:
        raise ValueError(
            f"{text!r} is not a time: write HH:MM:SS, 2024-08-08T12:00:00 or +90s"
        ) from None
    if fraction and not (fraction.isascii() and fraction.isdigit() and len(fraction) <= 9):
        raise ValueError(f"{text!r}: at most nine decimals of a second")
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = since.days * 86_400 + since.seconds
    return seconds * SECOND_NS + int(fraction.ljust(9, "0") or "0")
