"""A market's record out of the event tape of a run."""

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.changes import changes_of_steps
from experiments.calibration.market_record import (
    MARKET_ORDER,
    STEP,
    MarketRecord,
    keep_last,
    windowed,
)
from experiments.metrics.order_flow import StepKind
from experiments.metrics.quotes import crossed
from lob import EventKind, Reason, journal

__all__ = ["record_of_tape"]


def record_of_tape(
    events: NDArray[np.void],
    instrument: int = 0,
    *,
    name: str = "tape",
    since: int | None = None,
    unit_size: float = 1.0,
    with_changes: bool = False,
) -> MarketRecord:
    """Return the record of one instrument of a tape.

    A message that trades on arrival is one market order, whatever it is called; what of it rests
    then is a limit order. Trades of a call auction are nobody's.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows of a run that started with an empty book.
    instrument
        Number of the instrument.
    name
        What it is a record of.
    since
        What is earlier is left out: ns as the tape's clock has it.
    unit_size
        Size of a lot in units of what is traded.
    with_changes
        Whether the record has ``changes``.
    """
    mine = events["instrument"] == instrument
    events = events if mine.all() else events[mine]
    quotes, _ = journal.quotes(events, instrument)
    message = np.cumsum(journal.first_of_message(events)) - 1
    steps = _steps(events, message)
    record = MarketRecord(
        name,
        keep_last(quotes, ~crossed(quotes)),
        _market_orders(events, message),
        steps,
        unit_size,
        changes=changes_of_steps(steps) if with_changes else None,
    )
    return windowed(record, since)


def _market_orders(events: NDArray[np.void], message: NDArray[np.int64]) -> NDArray[np.void]:
    rows = np.flatnonzero(
        (events["kind"] == EventKind.TRADE) & (events["reason"] != Reason.UNCROSS)
    )
    which, first = np.unique(message[rows], return_index=True)
    found = np.zeros(len(which), MARKET_ORDER)
    if len(which):
        found["ts_event"] = events["ts_event"][rows[first]]
        found["side"] = events["side"][rows[first]]
        found["size"] = np.add.reduceat(events["size"][rows], first)
        found["before"], found["after"] = which - 1, which
    return found


def _steps(events: NDArray[np.void], message: NDArray[np.int64]) -> NDArray[np.void]:
    """What happened to resting orders, in the order of the tape.

    An order that enters, or gets a new price, rests once its message is done; until then what
    trades or is dropped of it is not of a resting order.
    """
    kind, count = events["kind"], len(events)
    rows = np.arange(count)
    enters = (kind == EventKind.ACCEPTED) | (kind == EventKind.REPLACED)
    opener = np.maximum.accumulate(np.where(journal.first_of_message(events), rows, 0))
    own = enters[opener] & (events["order_id"] == events["order_id"][opener])
    # The last event that names the entering order says what is left of it.
    left = np.full(count, -1, np.int64)
    left[opener[own]] = rows[own]
    entered = rows[enters]
    rest = events["leaves"][left[entered]]
    trades = rows[kind == EventKind.TRADE]
    both = rows[(kind == EventKind.TRADE) & (events["reason"] == Reason.UNCROSS)]
    gone = rows[(kind == EventKind.CANCELLED) & ~own]
    cut = rows[(kind == EventKind.REDUCED) & ~own]
    replaced = kind[entered] == EventKind.REPLACED
    rests, ends = entered[rest > 0], entered[(rest <= 0) & replaced]
    parts = (
        (rests, np.where(kind[rests] == EventKind.REPLACED, StepKind.REPLACED, StepKind.NEW),
         "order_id", rest[rest > 0]),
        (trades, StepKind.TRADED, "resting_order_id", events["size"][trades]),
        (both, StepKind.TRADED, "order_id", events["size"][both]),
        (cut, StepKind.REDUCED, "order_id", events["size"][cut]),
        (np.concatenate([gone, ends]), StepKind.CANCELLED, "order_id", 0),
    )  # fmt: skip
    found = np.zeros(sum(len(part[0]) for part in parts), STEP)
    place = np.empty(len(found), np.int64)
    at = 0
    for where, what, whose, size in parts:
        into = slice(at, at + len(where))
        found["ts_event"][into] = events["ts_event"][where]
        found["message"][into] = message[where]
        found["order_id"][into] = events[whose][where]
        found["price"][into] = events["price"][where]
        found["size"][into] = size
        found["kind"][into] = what
        found["side"][into] = np.where(enters[where], events["side"][where], 0)
        # What is left of an order that enters comes to rest after its own trades.
        place[into] = np.where(enters[where], 2 * left[where] + 1, 2 * where)
        at += len(where)
    found["told"] = True
    return found[np.argsort(place, kind="stable")]
