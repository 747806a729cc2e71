"""What clearing and liquidation need of the venue they belong to: ``lob.venue`` fills it in."""

from lob.records cimport Message


cdef class Market:
    cdef int execute(self, Message *message) except -1:
        """Let a message of the venue's own meet its book, with all that follows from it."""
        raise NotImplementedError
