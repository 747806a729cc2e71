"""What the lots of margin accounts were bought for."""

from libc.stdint cimport int64_t

from lob.clearing.margin_accounts cimport MarginAccounts


cdef class EntryValues:
    cdef readonly MarginAccounts accounts
    cdef readonly bint kept  # else nothing is noted
    cdef int note_trade(
        self, int64_t account, int64_t asset, int64_t lots, int64_t paid
    ) except -1
