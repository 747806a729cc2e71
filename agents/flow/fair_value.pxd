"""What makers think something is worth: news, and the trades of those whom they recognise."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block

cdef enum:
    MOST_DECAYS = 8

# Whoever trades on, as makers see him.
cdef struct Source:
    int64_t whose  # a number that tells sources apart; 0: nobody
    int64_t updated  # ns
    double volume  # signed, in units of size; what is not forgotten of it


cdef class FairValue:
    cdef readonly double start  # ticks
    cdef readonly double impact  # of a trade of one unit of a fresh source, as a logarithm
    cdef readonly double permanent  # share of a kick that stays
    cdef readonly double forgetting  # of volume, a second
    cdef readonly double calming  # of the variance, a second
    cdef int decays  # how many there are
    cdef double rates[MOST_DECAYS]  # a second
    cdef double passing[MOST_DECAYS]  # what is left of the kicks that decay, as logarithms
    cdef double lasting  # the rest, as a logarithm of the price over the start
    cdef double followed  # move of what it follows, as a logarithm
    cdef double value  # ticks, at the time of the state
    cdef double variance  # recent, of the logarithm, a second
    cdef int64_t updated  # ns: the time of the state

    cdef int begin(self, int64_t now) except -1
    cdef double at(self, int64_t now) noexcept
    cdef double volatility_at(self, int64_t now) noexcept
    cdef void news(self, int64_t now, double move) noexcept
    cdef void trade(self, int64_t now, Source *source, double volume) noexcept
    cdef void follow(self, int64_t now, double followed) noexcept
    cdef void step(self, double lasting, double move) noexcept


cdef class Sources:
    cdef bint ring  # the newest are kept alone, by the last bits of their number
    cdef Block slots  # Source, open addressing by ``whose``
    cdef int64_t mask
    cdef int64_t count

    cdef Source *find(self, int64_t whose) except NULL
    cdef int double_slots(self) except -1
