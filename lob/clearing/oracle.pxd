"""Prices that clearing believes, and the true ones they come from."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.engine.matching cimport Book
from lob.engine.records cimport Event


cdef class Source:
    cdef int64_t value  # ticks; NO_PRICE before the first
    cdef bint watches(self, int64_t instrument) noexcept
    cdef int64_t take(
        self, const Book **books, const Event *events, int64_t count, int64_t instrument
    ) noexcept
    cdef int64_t pass_time(self, int64_t ts) noexcept
    cdef int64_t next_change(self) noexcept
    cdef int64_t review(self) noexcept
    cdef int64_t underlying(self) noexcept
    cdef int64_t memory(self) noexcept


cdef struct Move:
    int64_t ts  # ns
    int64_t size  # ticks, signed
    int64_t tag  # of the liquidation that moved the true price; 0: none did
    int64_t cause  # lob.Cause


cdef class Oracle:
    cdef readonly Source source
    cdef readonly int64_t price  # ticks that clearing believes; NO_PRICE before the first
    cdef readonly int64_t true_price  # ticks that its source says
    cdef readonly int64_t published_at  # ns
    cdef readonly int64_t cause_tag  # of the liquidation that moved the price; 0: none did
    cdef readonly int cause  # lob.Cause of the latest move
    cdef public int64_t deadline  # ns: when it has something to do next
    cdef readonly int64_t lag  # ns
    cdef readonly int64_t heartbeat  # ns
    cdef readonly int64_t deviation  # ppm
    cdef readonly tuple outages  # (from, until) in ns
    cdef readonly tuple manipulations  # (from, until) in ns, and by how many ppm
    cdef readonly tuple fixings  # (from, until) in ns, and the price in ticks
    cdef bint direct  # every change is published at once, as it is
    cdef int64_t raw  # what the source comes from, last time
    cdef int64_t sent  # the price that was last sent on its way
    cdef int64_t sent_at
    cdef Block moves
    cdef int64_t move_count
    cdef Block under_way
    cdef int64_t first_under_way
    cdef int64_t under_way_count
    cdef Block edges  # times at which an outage or a manipulation begins or ends
    cdef int64_t edge_count
    cdef int64_t next_edge

    cdef bint watches(self, int64_t instrument) noexcept
    cdef bint observe(
        self, int64_t ts, const Book **books, const Event *events, int64_t count,
        int64_t instrument,
    ) noexcept
    cdef bint look(self, int64_t ts, int cause, int64_t tag) noexcept
    cdef bint advance(self, int64_t ts) noexcept
    cdef bint consider(self, int64_t ts, int64_t price, bint now) noexcept
    cdef bint publish(self, int64_t ts, int64_t price, int64_t cause, int64_t tag) noexcept
    cdef int note_move(self, int64_t ts, int64_t cause, int64_t tag) noexcept
    cdef Move blame(self, int64_t ts, int64_t change) noexcept
    cdef int reset_deadline(self) noexcept
