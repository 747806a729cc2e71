"""Orders that arrive and leave as Poisson processes."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from agents.flow.choice cimport Choice
from agents.flow.flow cimport BackgroundFlow
from agents.flow.orders cimport OpenOrders


cdef class Poisson(BackgroundFlow):
    cdef Choice distances  # less 1; None: no limit orders
    cdef Choice far_field  # distances of the initial orders; None: no initial orders
    cdef Block thetas  # by distance less 1; the last holds beyond
    cdef int64_t theta_count
    cdef double theta_most
    cdef double limit_rate  # both sides, orders a second
    cdef double market_rate
    cdef int64_t depth  # -1: drawn
    # Uniform draws, one for each of the next wake-ups: they decide what happens then.
    cdef double luck
    cdef double later_luck
    cdef double third_luck
    cdef double fourth_luck

    cdef int set_rates(self, list arrivals, list thetas, double mu, object depth) except -1
    cdef int schedule_next(self) except -1
    cdef int prepare(self) noexcept
    cdef OpenOrders find(self, double number, int64_t *place)
    cdef double total_rate(self) noexcept
    cdef int market_side(self, double u) except? 0
    cdef int seed_book(self) except -1
    cdef int cancel_some(self, double u) except -1
    cdef double theta_at(self, int64_t distance) noexcept
