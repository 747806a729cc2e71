"""The claims of a venue, and what backs what."""

from libc.stdint cimport int64_t

from lob.clearing.ledger cimport Ledger
from lob.venue.market cimport Market


cdef class Claims:
    cdef readonly list claims  # whatever backs a claim stands before it
    cdef readonly Market market
    cdef readonly Ledger ledger
    cdef dict by_name
    cdef dict shared  # valuations that several sources use
    cdef int64_t seen  # postings when clearing last looked
