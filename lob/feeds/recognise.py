"""Recognition of a file's format: by its content, then by its name."""

import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from lob.feeds.containers import BOM, members, open_source
from lob.feeds.errors import FeedError
from lob.feeds.feed import Feed

__all__ = ["FORMATS", "Format", "Head", "format_named", "open_feed", "recognise"]

HEAD = 2**16


@dataclass(frozen=True)
class Head:
    """The start of a file, for a reader to tell whether it is one of its own.

    Attributes
    ----------
    path
        The file, or a folder.
    name
        Of the file or the chosen member, without its folder.
    data
        The first 64 KiB, unpacked, without a byte-order mark; empty of a folder or an archive of
        which nothing was chosen.
    members
        What a zip holds.
    """

    path: Path
    name: str
    """Name of the file or the chosen member, without its folder."""
    data: bytes
    members: tuple[str, ...] = ()

    @property
    def lines(self) -> list[bytes]:
        """The whole lines of a file's start, without their ends.

        The last one counts if it is the only one.
        """
        lines = self.data.splitlines()
        return lines if len(lines) < 2 or self.data.endswith((b"\n", b"\r")) else lines[:-1]


class Format(NamedTuple):
    """A format of the registry and its reader."""

    name: str
    """Name of the format, as ``open_feed`` takes it."""
    reader: str
    """``module:class`` of a ``Feed`` with a classmethod ``recognises(head) -> bool``, which may
    raise ``FeedError`` for what it knows and cannot read."""

    def load(self) -> Any:
        """Import the reader's class, when it is first asked for."""
        module, name = self.reader.split(":")
        return getattr(import_module(module), name)


FORMATS: list[Format] = [
    Format("lobster", "lob.feeds.lobster_feed:Lobster"),
    Format("bitstamp", "lob.feeds.bitstamp:Bitstamp"),
    Format("independent-reserve", "lob.feeds.independent_reserve:IndependentReserve"),
    Format("databento-mbo", "lob.feeds.databento:DatabentoMbo"),
    Format("itch", "lob.feeds.itch:Itch"),
    Format("binance", "lob.feeds.binance:Binance"),
    Format("bybit", "lob.feeds.bybit:Bybit"),
    Format("bybit-2021", "lob.feeds.bybit:Bybit2021"),
    Format("coinbase", "lob.feeds.coinbase:Coinbase"),
    Format("coinbase-pro", "lob.feeds.coinbase:CoinbasePro"),
    Format("deribit", "lob.feeds.deribit:Deribit"),
    Format("hyperliquid", "lob.feeds.hyperliquid:Hyperliquid"),
    Format("kraken", "lob.feeds.kraken:Kraken"),
    Format("kraken-futures", "lob.feeds.kraken:KrakenFutures"),
    Format("okx", "lob.feeds.okx:Okx"),
    Format("hftbacktest", "lob.feeds.hftbacktest:HftBacktest"),
    Format("tardis", "lob.feeds.tardis:Tardis"),
    Format("table", "lob.feeds.tables:TableFeed"),
]
"""All formats, one a line; the first that recognises a file reads it."""


def recognise(path: str | Path, *, member: str | None = None) -> Format:
    """Find the format of a file.

    Parameters
    ----------
    path
        The file; of some formats a folder.
    member
        Which file of a zip that holds several.

    Raises
    ------
    FeedError
        If it cannot be read or no format knows it.
    """
    head = _head(Path(path), member)
    for known in FORMATS:
        if known.load().recognises(head):
            return known
    if not head.data and not head.members:
        raise FeedError(_nothing_in(head.path), path=path)
    if head.members and not head.data:
        listed = "".join(f"\n  {name}" for name in head.members[:20])
        raise FeedError(
            f"holds {len(head.members)} files, choose one as the member:{listed}", path=path
        )
    if _is_json_over_lines(head.data):
        raise FeedError(
            "is JSON laid out over several lines; captures have one record a line, which "
            "`jq -c . FILE` makes (`jq -c .[] FILE` of one list)",
            path=path,
        )
    names = ", ".join(known.name for known in FORMATS)
    raise FeedError(
        f"is no format that is known here; known are {names}. A CSV or Parquet file of other "
        "columns is read as a table, with a map that names them",
        path=path,
    )


def format_named(name: str) -> Format:
    """The row of ``FORMATS`` of a format's name. Raises ``ValueError`` if there is none."""
    for known in FORMATS:
        if known.name == name:
            return known
    names = ", ".join(known.name for known in FORMATS)
    raise ValueError(f"format must be one of {names}, got {name!r}")


def open_feed(
    path: str | Path,
    *,
    format: str | None = None,
    member: str | None = None,
    **options: Any,
) -> Feed:
    """Open a file of historical order flow with the reader of its format.

    Parameters
    ----------
    path
        The file; of some formats a folder.
    format
        Name of the format, a row of ``FORMATS``; recognised where it is not given.
    member
        Which file of a zip that holds several.
    **options
        Keywords of the format's reader.

    Raises
    ------
    FeedError
        If the file is not there or no reader knows it.
    ValueError
        If there is no such format.
    """
    chosen = recognise(path, member=member) if format is None else format_named(format)
    feed: Feed = chosen.load()(path, member=member, **options)
    return feed


def _is_json_over_lines(data: bytes) -> bool:
    """Whether a text begins with a list or an object that does not end on its line."""
    first = data.lstrip().split(b"\n", 1)[0].strip()
    if first[:1] not in (b"{", b"[") or not data.lstrip()[len(first) :].strip():
        return False
    try:
        json.loads(first)
    except ValueError:
        return True
    return False


def _nothing_in(path: Path) -> str:
    """Why there is no content by which a format could be told."""
    if path.is_dir():
        return "is a folder without the two files of a LOBSTER day; give a file"
    return "is empty" if path.stat().st_size == 0 else "is packed, and there is nothing in it"


def _head(path: Path, member: str | None) -> Head:
    if path.is_dir():
        return Head(path, path.name, b"")
    inside = tuple(members(path))
    if len(inside) > 1 and member is None:
        return Head(path, path.name, b"", inside)
    with open_source(path, member) as source:
        name = source.name.rsplit("/", 1)[-1]
        return Head(path, name, source.read(HEAD).removeprefix(BOM), inside)
