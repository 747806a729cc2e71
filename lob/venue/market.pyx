"""``Market``, the base of ``lob.Venue``: what clearing and liquidation need of their venue."""

from libc.stdint cimport int64_t

from lob.engine.records cimport Message


cdef class Market:
    """The base of ``lob.Venue``, with what clearing and liquidation need of it."""

    cdef int execute(self, Message *message) except -1:
        """Let a message of the venue's own meet its book, with all that follows from it."""
        raise NotImplementedError

    cdef int touch(self, int64_t account) except -1:
        """An account traded, paid or was paid."""
        raise NotImplementedError

    cdef int note_moved(self, int64_t debit, int64_t credit) except -1:
        """Something went from one account to another without a message."""
        raise NotImplementedError

    cdef int lacks_margin(self, int64_t account) except -1:
        """The reason if an account of a clearing is below its initial margin as it stands."""
        raise NotImplementedError

    cdef bint may_owe(self, int64_t account, int64_t asset, bint owed) except -1:
        """Whether an account's balance of an asset may be negative, if its margin carries it.

        ``owed``: what made it so is a debt or a short position that it took over.
        """
        raise NotImplementedError

    def set_session(self, instrument, session, reference_price=None):
        """Put a book into another session, now: see ``lob.Venue.set_session``."""
        raise NotImplementedError

    def uncross(self, instrument, reference_price=None):
        """Let what a book has collected trade at one price: see ``lob.Venue.uncross``."""
        raise NotImplementedError
