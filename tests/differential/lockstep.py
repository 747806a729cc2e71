"""Two engines side by side: every event and the whole book after every message."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import lob

Engine = Callable[[int], Any]
"""Makes an empty book of an instrument."""

CHECK_EVERY = 50
LEVELS_EVERY = 8
BOTH: tuple[Engine, Engine] = (lob.OrderBook, lob.reference.OrderBook)


class MismatchError(AssertionError):
    """The engines differ, or one of them fails on a well-formed message."""


@dataclass(frozen=True)
class Record:
    """What both engines said about a stream."""

    events: bytes
    quotes: np.ndarray


def run(instrument: int, rows: np.ndarray, engines: tuple[Engine, Engine] = BOTH) -> Record:
    """Apply ``rows`` one at a time to both engines; raise ``MismatchError`` where they differ."""
    left, right = (make(instrument) for make in engines)
    quotes = np.empty(len(rows), dtype=lob.QUOTE)
    quote = np.empty(1, dtype=lob.QUOTE)
    events = []
    for at in range(len(rows)):
        message, left_quote = rows[at : at + 1], quotes[at : at + 1]
        try:
            ours = left.process(message, None, left_quote).tobytes()
            theirs = right.process(message, None, quote).tobytes()
            _compare("events", events_in(ours), events_in(theirs))
            _compare("quote", left_quote, quote)
            # The rows of orders() are in order of priority: they are the whole book.
            _compare("orders", left.orders(), right.orders())
            if left.session != right.session or left.band != right.band:
                raise MismatchError(
                    f"{left.session}, {left.band} and {right.session}, {right.band}"
                )
            collecting = left.session == lob.Session.CALL
            if message["kind"][0] > lob.Kind.REPLACE or (collecting and at % LEVELS_EVERY == 0):
                _compare_indicative(left, right)
            if at % LEVELS_EVERY == 0:
                _compare_views(left, right)
            if at % CHECK_EVERY == 0 or at == len(rows) - 1:
                left.check()
                right.check()
        except Exception as error:
            raise MismatchError(
                f"at message {at}, {describe(message)}: {error!r}\n{error}"
            ) from error
        events.append(ours)
    return Record(b"".join(events), quotes)


def run_in_batches(
    make: Engine, instrument: int, rows: np.ndarray, record: Record, rng: np.random.Generator
) -> None:
    """Apply ``rows`` in chunks, into buffers of any size; the events must be those on record."""
    book = make(instrument)
    room = np.empty(len(record.events) // lob.EVENT.itemsize + 8, dtype=lob.EVENT)
    quotes = np.empty(len(rows), dtype=lob.QUOTE)
    done, events = 0, b""
    while done < len(rows):
        count = min(int(rng.choice([0, 1, 2, 7, 60, 500])), len(rows) - done)
        out = room[: rng.choice([0, 1, count, len(room)])] if rng.random() < 0.8 else None
        got = book.process(rows[done : done + count], out, quotes[done : done + count])
        fits = out is not None and len(out) >= len(got)
        if len(got) and np.shares_memory(got, room) != fits:
            raise MismatchError(f"{len(got)} events must {'' if fits else 'not '}be a view of out")
        events += got.tobytes()
        done += count
    if events != record.events:
        raise MismatchError("a stream in batches gives other events than message by message")
    if quotes.tobytes() != record.quotes.tobytes():
        raise MismatchError("a stream in batches gives other quotes than message by message")


def run_malformed(
    instrument: int, opening: np.ndarray, rows: np.ndarray, engines: tuple[Engine, Engine] = BOTH
) -> bool:
    """Send ``rows``, perhaps malformed, after ``opening``; tell whether they were refused.

    Both engines must refuse them in the same words and stay as they were, or take them alike.
    """
    said = []
    for make in engines:
        book = make(instrument)
        book.process(opening)
        before = book.seq, book.digest()
        try:
            said.append(("events", book.process(rows).tobytes()))
        except (TypeError, ValueError, OverflowError) as error:
            said.append((type(error).__name__, str(error)))
            if (book.seq, book.digest()) != before:
                raise MismatchError(f"{type(book)} raised {error!r} and yet changed") from error
    if said[0] != said[1]:
        raise MismatchError(f"a malformed batch gives {said[0]!r} and {said[1]!r}")
    return said[0][0] != "events"


def shrink(rows: np.ndarray, fails: Callable[[np.ndarray], bool]) -> np.ndarray:
    """Fewer rows that still fail: chunks are left out, smaller and smaller ones."""
    chunk = len(rows) // 2
    while chunk:
        start = 0
        while start < len(rows):
            fewer = np.delete(rows, slice(start, start + chunk))
            if len(fewer) and fails(fewer):
                rows = fewer
            else:
                start += chunk
        chunk //= 2
    return rows


def describe(message: np.ndarray) -> str:
    """One message in words: the fields that are not 0."""
    pairs = zip(lob.MESSAGE.names, message[0].tolist(), strict=True)
    return ", ".join(f"{name}={value}" for name, value in pairs if value)


def events_in(raw: bytes) -> np.ndarray:
    """The events of their bytes."""
    return np.frombuffer(raw, dtype=lob.EVENT)


def _compare(what: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    if ours.tobytes() != theirs.tobytes():
        raise MismatchError(f"{what} differ\n{_table(ours)}\n--- and ---\n{_table(theirs)}")


def _compare_views(left: Any, right: Any) -> None:
    for name in ("bids", "asks"):
        _compare(name, getattr(left, name)(), getattr(right, name)())
        _compare(f"{name}(2)", getattr(left, name)(2), getattr(right, name)(2))
    for name in ("best_bid", "best_ask", "seq", "__len__", "digest"):
        ours, theirs = getattr(left, name), getattr(right, name)
        ours, theirs = (ours(), theirs()) if callable(ours) else (ours, theirs)
        if ours != theirs:
            raise MismatchError(f"{name} differ: {ours} and {theirs}")


def _compare_indicative(left: Any, right: Any) -> None:
    for reference in (None, 100_000, right.best_bid):
        ours, theirs = left.indicative(reference), right.indicative(reference)
        if ours != theirs:
            raise MismatchError(f"indicative({reference}) differ: {ours} and {theirs}")


def _table(rows: np.ndarray) -> str:
    assert rows.dtype.names is not None
    return "\n".join([", ".join(rows.dtype.names), *map(str, rows.tolist())])
