"""Margin accounts by the million, as one participant."""

from libc.stdint cimport int64_t

from agents.simulation cimport Participant


cdef class MarginTraders(Participant):
    cdef readonly object accounts  # what they start with
    cdef readonly int64_t clearing
    cdef readonly int64_t holding
    cdef readonly bint cross
    cdef readonly int64_t again  # ns until a liquidated member comes back; 0: never
    cdef readonly int64_t first_account
    cdef readonly int64_t returned  # how often one has come back
    cdef object leverage  # ppm by member

    cdef int think(self, int64_t owner, int64_t tag, int64_t leaves) except -1
