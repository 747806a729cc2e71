"""The class that people extend in Python."""

from libc.stdint cimport int32_t, int64_t, uint8_t

from agents.random cimport RandomStream
from agents.simulation cimport Participant, Simulation
from lob.engine.records cimport Event, Message


cdef class Agent(Participant):
    cdef readonly RandomStream random
    cdef dict orders
    cdef dict early  # order id -> (seq, leaves): news that came before the acceptance
    cdef dict positions
    cdef dict cash_of
    cdef bint has_on_event
    cdef bint has_on_fields
    cdef Simulation run_of(self)
    cdef int wait_for(self, price, side, int64_t clearing, int64_t number) except -1
    cdef int post(self, Message *message) except -1
    cdef int post_alone(self, Message *message) except -1
    cdef int settle(self, const Event *event, bint buys, int64_t order_id, int64_t leaves) except -1
    cdef int now_open(self, int64_t order_id, int64_t seq, int64_t leaves) except -1
    cdef int about(
        self, Message *message, uint8_t kind, object order_id, object instrument
    ) except -1
    cdef int answer(self, uint8_t kind, object tag, object size, object price) except -1


cdef class OwnOrder:
    cdef readonly int64_t order_id
    cdef readonly int32_t owner
    cdef readonly int64_t instrument
    cdef readonly int64_t price
    cdef readonly int64_t size
    cdef int side_sign
    cdef int64_t seq  # of the last event about it that was heard


cdef class EventView:
    cdef Event event
