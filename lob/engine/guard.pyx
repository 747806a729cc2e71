"""The guard of a book, a venue or a run: one thread at a time, and no call inside another.

Compiled code is not interrupted: another thread comes in, and a signal is heard, only where Python
code runs. So a call that runs none needs no more than a look at ``busy``, and a call that does
(hooks, designs, breakers, writers, the results of a submission, an interrupt heard between the
messages of a batch) holds the guard meanwhile. All books of a venue share its guard.

This rests on the lock of the interpreter (the GIL). Without it nothing here would be safe:
``lob`` refuses to be imported where that lock is switched off.
"""

cimport cython


@cython.final
cdef class Guard:
    """The guard that all books of a venue share: free, or held by a call until that returns."""

    cdef int enter(self, int what, str who) except -1:
        """Hold it. ``who`` is what is called, for the message if another call is at work."""
        if self.busy:
            self.refuse(who)
        self.busy = what
        self.thread = PyThread_get_thread_ident()
        return 0

    cdef void leave(self) noexcept:
        self.busy = FREE

    cdef int refuse(self, str who) except -1:
        """Raise what is wrong with a call that comes while another is at work."""
        if self.thread != PyThread_get_thread_ident():
            raise RuntimeError(
                f"{who} was called from a second thread while the first is at work on the same "
                "book, venue or run: use it from one thread, or hold a lock of your own"
            )
        if self.busy == COPYING:
            raise RuntimeError(f"{who} was called while the run or venue is being copied")
        raise RuntimeError(
            f"{who} was called from inside a run or a batch (a hook, a design, a breaker, a writer "
            "or a signal handler), where it would pass by the clock and the tapes: send orders "
            "with the agent's own methods, and call this when the run has returned"
        )
