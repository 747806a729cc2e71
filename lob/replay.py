"""Replay of recorded order flow: by id as it was, or through the matching engine.

A LOBSTER file of N levels leaves out what happens beyond the best N levels, so its messages alone
go wrong within seconds: orders cancelled out of sight stay for ever. ``reconcile`` holds a book
that it keeps by id against the orderbook file after every message. A price that comes into view
is taken over as the file has it, through synthetic messages; a price that stays in view must
agree by itself, and where it does not, the files are corrupt. What comes out is one stream of
``lob.MESSAGE`` rows that needs the orderbook file no more.

An execution proves that its order was the first at its price. Where the reconciled book had
another one in front, an order from before the record or one that left out of sight, the stream
puts that one behind. So the queues are as they were as far as the record can tell.

``exact``
    Executions take lots off the orders the file names. No trades, and nothing can go otherwise.
``interactive``
    Executions become the orders that caused them: one aggressor for consecutive executions at
    one time in one direction, an immediate-or-cancel limit order of their total size at their
    worst price. Everything else is as in ``exact``. Now injected orders meet the recorded ones.

What replay cannot show: nobody in it reacts. Recorded orders arrive as they did, whatever was
injected, and pull the price back to its recorded path.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lob.book import OrderBook
from lob.checks import choice
from lob.feeds import _compare, _reconcile
from lob.feeds.errors import FeedError
from lob.feeds.lobster import Day, Type
from lob.replay_report import HALT_STATES, Halt, Match, ReplayReport
from lob.types import MESSAGE, QUOTE, EventKind, Kind, OrderType, Reason, TimeInForce

__all__ = ["Mode", "Replay", "Stream", "reconcile", "replay"]

Mode = Literal["exact", "interactive"]

HALTED, RESUMED = -1, 1  # the price of a row of a halt; 0: quoting resumes, trading does not


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
    report: ReplayReport

    def reserve_ids(self, count: int) -> NDArray[np.int64]:
        """Order ids for injected orders that no order of the day has."""
        return np.arange(1, count + 1) + max(0, int(self.messages["order_id"].max()))


@dataclass(frozen=True)
class Replay:
    """What became of a stream.

    Attributes
    ----------
    messages
        What went into the book: the day's messages, with the injected ones among them.
    events
        ``EVENT`` array: what the book did.
    quotes
        ``QUOTE`` array: best bid and ask after each message.
    injected
        Which messages were injected.
    row
        For each message the index of the file's row that caused it, -1 for an injected one.
    report
        The counts.
    book
        What is left at the end.
    """

    messages: NDArray[np.void]
    events: NDArray[np.void]
    quotes: NDArray[np.void]
    injected: NDArray[np.bool_]
    row: NDArray[np.int64]
    report: ReplayReport
    book: OrderBook


# -------------------------------------------------------------------- one stream of two files


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
        raise FeedError(
            f"{day.source[0]}: nothing to replay, for {day.source[1]} shows an empty book "
            "and no message changes it"
        )
    kind, ts = day.messages["kind"], day.messages["ts_event"]
    halts = np.flatnonzero(kind == Type.HALT)
    # The first row starts the book: there is nothing to compare yet.
    compared = len(day.messages) - 1
    report = ReplayReport(
        day=day.name,
        mode="exact",
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


def describe(source: tuple[str, str], wrong: dict[str, int]) -> str:
    """Say what the reconciliation found wrong first, and in which of the two files."""
    side = "bid" if wrong["side"] > 0 else "ask"
    said = _PROBLEMS[wrong["what"]].format(**{**wrong, "side": side})
    return f"{source[wrong['what'] == 1]}, line {wrong['row'] + 1}: {said}"


# -------------------------------------------------------------------- replay


def replay(
    day: Day | Stream, mode: Mode | str = "exact", inject: NDArray[np.void] | None = None
) -> Replay:
    """Replay a day.

    Parameters
    ----------
    day
        A day, or its stream where it is to be replayed more than once.
    mode
        ``"exact"`` or ``"interactive"``, see the top of this page.
    inject
        ``MESSAGE`` array, sorted by time: orders to put among the day's. Each goes ahead of the
        day's first message that is not earlier. What comes in a recorded halt waits until trading
        resumes, for nothing trades meanwhile. The same call without it is the twin.

    Raises
    ------
    ValueError
        If ``inject`` is not sorted, enters an order under an id of the day's, or comes in a halt
        that lasts to the end of the record.
    FeedError
        If nothing in the day can be replayed.
    """
    choice("mode", mode, ("exact", "interactive"))
    stream = day if isinstance(day, Stream) else reconcile(day)
    messages, row, is_aggressor = stream.messages, stream.row, np.zeros(0, dtype=np.bool_)
    if mode == "interactive":
        messages, row, is_aggressor = _with_aggressors(stream)
    injected = np.zeros(len(messages), dtype=np.bool_)
    postponed = 0
    if inject is not None:
        inject, postponed = _after_halts(stream.day, inject)
        at = _places(messages, inject)
        messages = np.insert(messages, at, inject)
        row = np.insert(row, at, -1)
        injected = np.insert(injected, at, True)
        if mode == "interactive":
            is_aggressor = np.insert(is_aggressor, at, False)
    book = OrderBook(stream.day.instrument.number)
    quotes = np.empty(len(messages), dtype=QUOTE)
    events = book.process(messages, quotes=quotes)
    report = replace(
        stream.report,
        injected_messages=int(np.count_nonzero(injected)),
        postponed_messages=postponed,
    )
    if mode == "interactive":
        report = _counted(report, events, injected, is_aggressor)
        report = replace(
            report, match=None if inject is not None else _compared(stream.day, events, row)
        )
    return Replay(messages, events, quotes, injected, row, report, book)


def _after_halts(day: Day, inject: NDArray[np.void]) -> tuple[NDArray[np.void], int]:
    """Put off to the end of a halt what comes in it; return how many were."""
    halts = day.messages[day.messages["kind"] == Type.HALT]
    if not len(halts) or not len(inject):
        return inject, 0
    ts = inject["ts_event"].copy()
    started: int | None = None
    # The record may end in a halt.
    for time, state in [*halts[["ts_event", "price"]].tolist(), (None, RESUMED)]:
        if state == HALTED and started is None:
            started = time
        elif state == RESUMED and started is not None:
            inside = (ts >= started) & (ts < (2**63 - 1 if time is None else time))
            if time is None and inside.any():
                raise ValueError(
                    f"inject: an order comes in the halt that begins at {started / 1e9:g} s after "
                    "midnight, after which the record shows no trading"
                )
            ts[inside] = time
            started = None
    moved = int(np.count_nonzero(ts != inject["ts_event"]))
    if moved:
        inject = inject.copy()
        inject["ts_event"] = ts
    return inject, moved


def _places(messages: NDArray[np.void], inject: NDArray[np.void]) -> NDArray[np.intp]:
    if not isinstance(inject, np.ndarray) or inject.dtype != MESSAGE or inject.ndim != 1:
        raise TypeError("inject must be a one-dimensional array of dtype lob.MESSAGE")
    if (np.diff(inject["ts_event"]) < 0).any():
        raise ValueError("inject must be sorted by ts_event")
    new = inject["order_id"][inject["kind"] == Kind.NEW]
    taken = new[np.isin(new, messages["order_id"])]
    if len(taken):
        raise ValueError(
            f"inject: order id {taken[0]} is one of the day's; Stream.reserve_ids gives free ones"
        )
    return np.searchsorted(messages["ts_event"], inject["ts_event"], side="left")


# -------------------------------------------------------------------- interactive


def _groups(day: Day) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of executions, and where among them each aggressor starts."""
    rows = np.flatnonzero(day.messages["kind"] == Type.EXECUTE)
    executions = day.messages[rows]
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = (
        (np.diff(rows) != 1)
        | (np.diff(executions["ts_event"]) != 0)
        | (np.diff(executions["direction"]) != 0)
    )
    return rows, np.flatnonzero(new)


def _with_aggressors(
    stream: Stream,
) -> tuple[NDArray[np.void], NDArray[np.int64], NDArray[np.bool_]]:
    """Put aggressors for executions: return messages, rows, and which are aggressors.

    An aggressor takes the place of the last message of its executions. Synthetic messages among
    them stay where they are, ahead of it: they are the levels that it comes to see.
    """
    rows, starts = _groups(stream.day)
    if not len(rows):
        return stream.messages, stream.row, np.zeros(len(stream.messages), dtype=np.bool_)
    executions = stream.day.messages[rows]
    price, direction = executions["price"], executions["direction"][starts]
    worst = np.where(
        direction > 0, np.minimum.reduceat(price, starts), np.maximum.reduceat(price, starts)
    )
    group_of_row = np.full(len(stream.day.messages), -1)
    group_of_row[rows] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(rows)))
    group = np.where(stream.synthetic, -1, group_of_row[stream.row])
    from_execution = np.flatnonzero(group >= 0)
    # All of a group's messages are together, but for synthetic ones: the last has another behind.
    last = from_execution[np.flatnonzero(np.diff(group[from_execution], append=-1))]
    chosen = group[last]
    messages = stream.messages.copy()
    aggressors = np.zeros(len(last), dtype=MESSAGE)
    aggressors["ts_event"] = messages["ts_event"][last]
    aggressors["order_id"] = min(0, int(messages["order_id"].min())) - 1 - np.arange(len(last))
    aggressors["price"] = worst[chosen] // stream.day.tick
    aggressors["size"] = np.add.reduceat(executions["size"], starts)[chosen]
    aggressors["kind"] = Kind.NEW
    aggressors["side"] = -direction[chosen]
    aggressors["order_type"] = OrderType.LIMIT
    aggressors["time_in_force"] = TimeInForce.IOC
    aggressors["instrument"] = stream.day.instrument.number
    messages[last] = aggressors
    is_aggressor = np.zeros(len(messages), dtype=np.bool_)
    is_aggressor[last] = True
    keep = (group < 0) | is_aggressor
    return messages[keep], stream.row[keep], is_aggressor[keep]


def _opens(events: NDArray[np.void]) -> NDArray[np.bool_]:
    """Tell which events are the first of a message: there is exactly one for each."""
    kind = events["kind"]
    asked = (kind == EventKind.CANCELLED) | (kind == EventKind.REDUCED)
    opens: NDArray[np.bool_] = (
        (kind == EventKind.ACCEPTED)
        | (kind == EventKind.REJECTED)
        | ((kind >= EventKind.REPLACED) & (kind <= EventKind.UNCROSS))
        | (asked & (events["reason"] == Reason.NONE))
    )
    return opens


def _counted(
    report: ReplayReport,
    events: NDArray[np.void],
    injected: NDArray[np.bool_],
    is_aggressor: NDArray[np.bool_],
) -> ReplayReport:
    """Add what the matching engine made of the day's own messages."""
    message = np.cumsum(_opens(events)) - 1
    own, aggressor = ~injected[message], is_aggressor[message]
    rejected = own & (events["kind"] == EventKind.REJECTED)
    orphaned = rejected & (events["reason"] == Reason.UNKNOWN_ORDER)
    unfilled = aggressor & (events["reason"] == Reason.IMMEDIATE_OR_CANCEL)
    at_once = own & ~aggressor & (events["kind"] == EventKind.TRADE)
    return replace(
        report,
        mode="interactive",
        aggressors=int(np.count_nonzero(is_aggressor)),
        orphaned_cancels=int(np.count_nonzero(orphaned)),
        other_rejections=int(np.count_nonzero(rejected & ~orphaned)),
        unfilled_aggressors=int(np.count_nonzero(unfilled)),
        unfilled_lots=int(events["size"][unfilled].sum()),
        marketable_adds=len(np.unique(message[at_once])),
    )


def _compared(day: Day, events: NDArray[np.void], row: NDArray[np.int64]) -> Match:
    """Hold the book after each row against the file.

    Rows inside an aggressor's executions are left out: the engine has no such moment.
    """
    rows, starts = _groups(day)
    skipped = np.zeros(len(day.messages), dtype=np.uint8)
    skipped[rows] = 1
    skipped[rows[np.append(starts, len(rows))[1:] - 1]] = 0
    skipped[0] = 1
    verdict = _compare.compare(
        events, _opens(events).view(np.uint8), row, skipped, day.book, day.tick
    )
    compared, _, touch, all_levels = (int(np.count_nonzero(verdict & bit)) for bit in (1, 2, 4, 8))
    return Match(compared, all_levels, touch)
