"""A recorded day among participants: its orders, sent again to the book of a run."""

cimport cython
from libc.stdint cimport int64_t, uint8_t, uint32_t

from agents.simulation cimport Participant, Simulation
from lob.engine.ladder cimport NO_LEVEL
from lob.engine.matching cimport Book
from lob.engine.records cimport (
    CONTINUOUS,
    REASON_IMMEDIATE_OR_CANCEL,
    REJECTED,
    TRADE,
    Event,
    Message,
)
from lob.feeds._books cimport Print
from lob.resubmission cimport Resubmission

from math import inf

from lob.checks import integer, real
from lob.feeds.prints import PRINT
from lob.recorded_day import RecordedDay
from lob.resubmission import bytes_of
from lob.types import MESSAGE

__all__ = ["RecordedFlow"]


cdef class ToVenue(Resubmission):
    """History that is sent to the book of a run, where others trade with it."""

    cdef Participant sender

    cdef int begin(self, Participant sender, Book *book) except -1:
        """The books are where they are now: those of a run move when it is copied."""
        self.sender, self.target = sender, book
        return 0

    def __deepcopy__(self, memo):
        cdef ToVenue other = Resubmission.__deepcopy__(self, memo)
        other.sender, other.target = None, NULL
        return other

    cdef int _session(self, uint8_t session, int64_t ts_event) except -1:
        """The record stops to match, or goes on; the book of the run matches all the same."""
        self.collecting = session != CONTINUOUS
        return 0

    cdef int _send(self, const Message *message) except -1:
        """Send a message as a participant, and count what came of it."""
        cdef Message order = message[0]
        cdef Simulation simulation = self.sender.simulation
        cdef const Event *event
        cdef int64_t i
        order.owner = self.sender.owner
        i = simulation.venue.journal.next - simulation.venue.journal.begin
        self.sender.send(&order)
        self.resent += 1
        self.traded = self.left = 0
        while i < simulation.venue.journal.next - simulation.venue.journal.begin:
            event = simulation.venue.journal.begin + i
            i += 1
            if event.order_id != order.order_id or event.instrument != order.instrument:
                continue
            if event.kind == TRADE:
                self.traded += event.size
            elif event.reason == REASON_IMMEDIATE_OR_CANCEL:
                self.left += event.size
            elif event.kind == REJECTED:
                self.refused += 1
        return 0


@cython.auto_pickle(True)
cdef class RecordedFlow(Participant):
    """A recorded day whose orders come again, and trade with whoever else is in the book.

    At the start its resting orders are there; from then on each message of the record is sent when
    its time comes, as ``lob.resubmission`` says: executions become the orders that caused them.
    What cannot be done any more, for others have traded, is counted and left out. Nobody in history
    reacts.

    With a half-life history is *reanchored*: what others move the mid by, between one of its times
    and the next, is added to the prices of its later limit orders, and halves with every half-life.
    While a side of the book is empty the mid stays what it was.

    The book of the run never stops to match: in a recorded halt, or where the recorded book is
    crossed, executions are taken off the orders that the record names. It has no latency.

    Parameters
    ----------
    name
        Identity of the participant.
    day
        The record, whose clock is the run's. It is shared, not copied.
    half_life_ns
        Of the displacement, in ns, 0 to infinity; 0: there is none, history returns to its prices.
    instrument
        Number of the instrument in the run, 0 to 65535.
    **participant
        As for ``Participant``: ``owner`` alone; latencies are refused.

    Attributes
    ----------
    sent : int
        Messages sent so far, the orders of the start left out.
    lost : int
        Of these: what found nothing to cancel or replace, and executions that did not fill whole.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    cdef readonly object day
    cdef readonly double half_life_ns
    cdef readonly int64_t instrument
    cdef ToVenue core
    cdef object rows  # uint8 views of the messages and prints, alive as long as they are read
    cdef object told
    cdef int64_t at  # messages sent
    cdef int64_t heard  # prints heard
    cdef int64_t halts  # of the record, taken
    cdef double middle  # twice the mid, in ticks, after it last acted
    cdef bint has_middle

    def __init__(self, name, day, *, half_life_ns=0.0, instrument=0, **participant):
        for given in participant:
            if given != "owner":
                raise TypeError(f"{given}: a recorded day has no such thing")
        Participant.__init__(self, name, **participant)
        if not isinstance(day, RecordedDay):
            raise TypeError(f"day must be a RecordedDay, got {day!r}")
        self.day = day
        if half_life_ns != inf:
            real("half_life_ns", half_life_ns, 0)
        self.half_life_ns = half_life_ns
        self.instrument = integer("instrument", instrument, 0, 2**16 - 1)

    @property
    def sent(self):
        """Messages of the record that were sent so far, aggressors included."""
        return 0 if self.core is None else self.core.resent

    @property
    def lost(self):
        """Count of messages that met nothing, and of executions that did not fill whole."""
        if self.core is None:
            return 0
        return (
            self.core.orphaned_cancels + self.core.orphaned_executions
            + self.core.orphaned_replaces + self.core.unfilled_aggressors
        )

    cdef int join(self) except -1:
        cdef Py_ssize_t books = len(self.simulation.books)
        if self.instrument >= books:
            raise ValueError(f"instrument must be 0 to {books - 1}, got {self.instrument}")
        return Participant.join(self)

    cdef int start(self) except -1:
        """The orders of the start go to the recorded book and to that of the run."""
        cdef int64_t first = <int64_t>self.owner << 32
        day = self.day
        opening = day.opening.copy()
        messages, prints = day.messages.copy(), day.prints.copy()
        # Of the ids that this participant may give: those of the record, then those of aggressors.
        for rows in (opening, messages):
            rows["order_id"] += first
        prints["order_id"][prints["order_id"] > 0] += first
        opening["instrument"] = messages["instrument"] = self.instrument
        opening["owner"] = messages["owner"] = 0
        self.rows, self.told = bytes_of(messages, MESSAGE), bytes_of(prints, PRINT)
        self.core = ToVenue(
            self.instrument,
            levels=day.levels,
            window_ns=day.window,
            tells_crossing=day.tells_crossing,
            half_life_ns=self.half_life_ns,
        )
        self.core.next_id = first + day.orders + 1
        self.core.recorded.process(opening)
        self.core.begin(self, self.simulation.book(self.instrument))
        self.send_opening(bytes_of(opening, MESSAGE))
        self.look()
        return self.ask_for_next()

    cdef int send_opening(self, const uint8_t[::1] rows) except -1:
        cdef int64_t count = len(rows) // <int64_t>sizeof(Message), i
        cdef Message order
        for i in range(count):
            order = (<const Message *>&rows[0])[i]
            order.owner = self.owner
            self.send(&order)
        return 0

    cdef int ask_for_next(self) except -1:
        """Be woken when the next message or halt is due."""
        cdef const uint8_t[::1] rows = self.rows
        cdef int64_t count = len(rows) // <int64_t>sizeof(Message), due
        if self.at >= count:
            return 0
        due = (<const Message *>&rows[0])[self.at].ts_event
        if self.halts < <int64_t>len(self.day.halts):
            due = min(due, <int64_t>self.day.halts[self.halts][0])
        return self.wake_at(max(due, self.simulation.now), 0)

    cdef int wake(self, uint32_t payload) except -1:
        cdef const uint8_t[::1] rows = self.rows
        cdef const uint8_t[::1] told = self.told
        cdef int64_t count = len(rows) // <int64_t>sizeof(Message)
        cdef int64_t prints = len(told) // <int64_t>sizeof(Print)
        cdef int64_t now = self.simulation.now
        cdef const Message *message = <const Message *>&rows[0]
        cdef const Print *trade = <const Print *>&told[0] if prints else NULL
        cdef ToVenue core = self.core
        core.begin(self, self.simulation.book(self.instrument))
        if self.half_life_ns > 0:
            core.displace(self.moved(), now)
        while self.halts < <int64_t>len(self.day.halts) and self.day.halts[self.halts][0] <= now:
            core.halt(self.day.halts[self.halts][1], now)
            self.halts += 1
        while self.at < count and message[self.at].ts_event <= now:
            while self.heard < prints and trade[self.heard].at <= self.at:
                core._hear(&trade[self.heard])
                self.heard += 1
            core._step(&message[self.at])
            core.ts = now
            self.at += 1
        core._flush()
        if self.at == count:
            core.finish()
        self.look()
        return self.ask_for_next()

    cdef double moved(self) except? -1e300:
        """Ticks that others have moved the mid by since it last acted."""
        cdef double before = self.middle
        cdef bint known = self.has_middle
        self.look()
        return 0.5 * (self.middle - before) if known else 0.0

    cdef int look(self) except -1:
        """See the mid; while a side is empty it stays what it was."""
        cdef const Book *book = self.simulation.book(self.instrument)
        if book.sides[0].best == NO_LEVEL or book.sides[1].best == NO_LEVEL:
            return 0
        self.middle = <double>(
            book.sides[0].levels[book.sides[0].best].price
            + book.sides[1].levels[book.sides[1].best].price
        )
        self.has_middle = True
        return 0
