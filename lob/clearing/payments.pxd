"""What margin accounts pay as time passes, and the losses that they share."""

from libc.stdint cimport int64_t

from lob.clearing.margin_accounts cimport MarginAccounts


cdef class Payments:
    cdef readonly MarginAccounts accounts

    cdef bint bears_funding(self, int64_t account) noexcept
