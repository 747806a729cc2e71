"""LOBSTER: one stream of messages out of a message file and an orderbook file.

A file of N levels leaves out what happens beyond the best N levels, so its messages alone go wrong
within seconds: orders cancelled out of sight stay for ever. ``reconcile`` holds a book that it
keeps by id against the orderbook file after every message. A price that comes into view is taken
over as the file has it, through synthetic messages; a price that stays in view must agree by
itself, and where it does not, the files are corrupt. What comes out is one stream of
``lob.MESSAGE`` rows that needs the orderbook file no more.

An execution proves that its order was the first at its price. Where the reconciled book had
another one in front, an order from before the record or one that left out of sight, the stream
puts that one behind. So the queues are as they were as far as the record can tell.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lob.feeds import _reconcile
from lob.feeds.errors import FeedError
from lob.feeds.lobster import Day, Type
from lob.feeds.reconcile_report import HALT_STATES, Halt, Match, ReconcileReport

__all__ = ["Stream", "describe", "nothing_in", "reconcile"]


@dataclass(frozen=True)
class Stream:
    """A day as messages that need no orderbook file.

    Attributes
    ----------
    day
        Where it comes from.
    messages
        ``MESSAGE`` array: prices in ticks of ``day.instrument``, ``ts_event`` in ns after
        midnight. Orders that the file does not name have negative ids.
    row
        For each message the index of the file's row that caused it; a synthetic message has that
        of the row it follows.
    synthetic
        Which messages were made to follow the orderbook file.
    report
        What was met on the way.
    """

    day: Day
    messages: NDArray[np.void]
    row: NDArray[np.int64]
    synthetic: NDArray[np.bool_]
    report: ReconcileReport


def reconcile(day: Day) -> Stream:
    """Make one stream of the messages and the book of a day, and check the one by the other.

    Raises
    ------
    FeedError
        If nothing in the day can be replayed.
    """
    messages, row, synthetic, tally, wrong = _reconcile.reconcile(
        day.messages, day.book, day.tick, day.instrument.number
    )
    if not len(messages):
        raise nothing_in(day.source)
    kind, ts = day.messages["kind"], day.messages["ts_event"]
    halts = np.flatnonzero(kind == Type.HALT)
    # The first row starts the book: there is nothing to compare yet.
    compared = len(day.messages) - 1
    report = ReconcileReport(
        day=day.name,
        rows=len(day.messages),
        rows_by_type={t.name.lower(): int(np.count_nonzero(kind == t)) for t in Type},
        first_ts_event=int(ts[0]),
        last_ts_event=int(ts[-1]),
        halts=[
            Halt(int(ts[i]), HALT_STATES.get(int(day.messages["price"][i]), "unknown"))
            for i in halts
        ],
        match=Match(compared, tally.pop("matched_rows") - 1, tally.pop("matched_touch") - 1),
        first_problem=describe(day.source, wrong) if wrong else None,
        truncated=day.truncated,
        **tally,
    )
    return Stream(day, messages, row, synthetic, report)


_PROBLEMS = {
    1: "the book made of the messages holds {have} at {side} {price}, the row shows {want}",
    2: "price or direction are not those of order {want}",
    3: "order {want} is added while it is in the book",
    4: "the order {want} added at {side} {price} would trade at once",
    5: "{want} are taken from {side} {price}, where nothing is",
    6: "{want} more are taken from {side} {price} than there are",
}


def nothing_in(source: tuple[str, str]) -> FeedError:
    """The error of a LOBSTER day that makes no message, by the names of its two files."""
    return FeedError(
        f"{source[0]}: nothing to replay, for {source[1]} shows an empty book "
        "and no message changes it"
    )


def describe(source: tuple[str, str], wrong: dict[str, int]) -> str:
    """Say what was found wrong first in a LOBSTER day, and in which line of which file.

    Parameters
    ----------
    source
        Names of the message file and of the orderbook file.
    wrong
        As ``lob.feeds._reconcile.Reconciler.result`` returns it.
    """
    side = "bid" if wrong["side"] > 0 else "ask"
    said = _PROBLEMS[wrong["what"]].format(**{**wrong, "side": side})
    return f"{source[wrong['what'] == 1]}, line {wrong['row'] + 1}: {said}"
