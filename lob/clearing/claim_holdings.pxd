"""Which holdings of a clearing are claims, and what they come down to."""

from libc.stdint cimport int64_t

from lob.clearing.ledger cimport Ledger

cdef bint bind_claims(
    str clearing, list holdings, claims, Ledger ledger, int64_t cash
) except -1
