"""What margin accounts pay as time passes, and the losses that they share."""

from lob.clearing.margin_accounts cimport MarginAccounts


cdef class Payments:
    cdef readonly MarginAccounts accounts
