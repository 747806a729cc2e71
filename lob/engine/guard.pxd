"""Who is at work on a book, a venue or a run."""

cimport cython

cdef extern from "pythread.h":
    unsigned long PyThread_get_thread_ident() noexcept nogil

cdef enum:
    FREE = 0
    VENUE_WORKS = 1  # a message, or something that fell due: the venue is in between states
    AGENT_ACTS = 2  # a hook of a participant runs, and the venue is as it stands
    COPYING = 3


@cython.final
cdef class Guard:
    cdef int busy  # FREE, or what is being done
    cdef unsigned long thread  # of whoever does it

    cdef int enter(self, int what, str who) except -1
    cdef void leave(self) noexcept
    cdef int refuse(self, str who) except -1

    cdef inline bint is_anothers(self) noexcept:
        """Whether another thread holds it."""
        return self.busy and self.thread != PyThread_get_thread_ident()

    cdef inline int keep_out_others(self, str who) except -1:
        """Raise if another thread holds it."""
        return self.refuse(who) if self.is_anothers() else 0
