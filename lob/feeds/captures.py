"""Captures of a venue's web sockets and web pages, one message a line, as several recorders write.

=========================================  ========================================================
``<local ns> <json>``                      received
``<local s>: <json>``                      received
``<url> -> <local s>: <json>``             a page that was fetched, such as a snapshot
``<url> <- <local s>: <json>``             sent
``<url> <-> <local s>``                    connected
``{"t": ..., "conn", "ts", "data": text}``  any of these, as ``t`` says
=========================================  ========================================================
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from lob.feeds.containers import FeedFile, blocks_of_lines
from lob.feeds.errors import FeedError

__all__ = ["Captured", "captured", "line_of", "parse_json"]

_NS = re.compile(rb"(\d{16,19}) (?=[\[{])")
_SECONDS = re.compile(rb"(\d{9,11}(?:\.\d+)?): (?=[\[{])")
_PAGE = re.compile(rb"(\S+) (->|<-|<->) (\d{9,11}(?:\.\d+)?)(?:: |$)")
_KINDS = {b"->": "http", b"<-": "send", b"<->": "connect"}
_DEEPEST = 1e10  # seconds: later than any record


class Captured(NamedTuple):
    """One line of a capture."""

    line: int
    """Line number in the file, from 1, blank lines counted."""
    kind: str
    """``recv``, ``http``, ``send``, ``connect`` or ``header``."""
    ts: int
    """When the line came, in ns since 1970 by the recorder's clock."""
    url: str
    """Address of the page or connection; empty where the recorder does not tell it."""
    body: bytes | str
    """The message itself."""
    connection: str = ""
    """Name of the connection, where the recorder tells it."""


def captured(source: FeedFile) -> Iterator[Captured]:
    """Yield the lines of a capture.

    Raises
    ------
    FeedError
        For a line that is none, with its number.
    """
    line = 0
    for block in blocks_of_lines(source):
        for text in block.splitlines():
            line += 1
            if text.strip():
                yield line_of(source, line, text)


def parse_json(source: FeedFile, line: int, text: bytes | str) -> Any:
    """Return the value of a JSON text, decimals exact.

    Parameters
    ----------
    source, line
        File and line number, for the error.
    text
        The JSON.

    Raises
    ------
    FeedError
        If it is none, or has a number that is not finite.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError, InvalidOperation) as error:
        shown = text[:60] if isinstance(text, str) else text[:60].decode("utf-8", "replace")
        raise FeedError(f"not JSON ({error}): {shown!r}", path=source.name, line=line) from None


def line_of(source: FeedFile, line: int, text: bytes) -> Captured:
    """Read one line of a capture.

    Parameters
    ----------
    source, line
        File and line number, for the error.
    text
        The line without its end.

    Raises
    ------
    FeedError
        If it is none.
    """
    if found := _NS.match(text):
        return Captured(line, "recv", int(found[1]), "", text[found.end() :])
    if found := _SECONDS.match(text):
        return Captured(line, "recv", _ns(found[1].decode()), "", text[found.end() :])
    if text.startswith(b'{"t"'):
        return _of_json(source, line, text)
    if found := _PAGE.match(text):
        url = found[1].decode("utf-8", "replace")
        return Captured(line, _KINDS[found[2]], _ns(found[3].decode()), url, text[found.end() :])
    shown = text[:60].decode("utf-8", "replace")
    raise FeedError(f"not a line of a capture: {shown!r}", path=source.name, line=line)


def _of_json(source: FeedFile, line: int, text: bytes) -> Captured:
    value = parse_json(source, line, text)
    kind, ts = value.get("t"), value.get("ts", value.get("recorded", 0))
    body, url = value.get("data", ""), value.get("url", value.get("addr", ""))
    sound = isinstance(ts, Decimal | int) and not isinstance(ts, bool) and 0 <= ts < _DEEPEST
    if not (isinstance(kind, str) and sound and isinstance(body, str) and isinstance(url, str)):
        raise FeedError(
            "a line of a capture has t, ts (seconds) and data (text)", path=source.name, line=line
        )
    return Captured(line, kind, int(ts * 10**9), url, body, str(value.get("conn", "")))


def _ns(seconds: str) -> int:
    return int(Decimal(seconds) * 10**9)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
