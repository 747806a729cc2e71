"""The base of liquidation designs: what a clearing asks of them when accounts fail.

It is all that a clearing knows of a liquidation design: the rules of the designs are in
``lob.liquidation``, which is built on the clearing.
"""

cimport cython
from libc.stdint cimport int64_t

from lob.engine.records cimport REASON_IN_LIQUIDATION, Event, Message

__all__ = ["LiquidationEngine"]

cdef int64_t NEVER = 2**63 - 1


@cython.auto_pickle(True)
cdef class LiquidationEngine:
    """The base of all liquidation designs, which say what is done with accounts that fail.

    Compiled designs override the compiled methods; a design in Python extends
    ``lob.liquidation.LiquidationDesign``.

    Attributes
    ----------
    deadline : int
        Time in ns at which it has something to do next.
    offers : dict
        What is on offer: a ``lob.liquidation.Offer`` by tag.
    listeners : list
        The objects that are told of offers.
    """

    def __init__(self):
        self.deadline = NEVER
        self.offers = {}
        self.listeners = []

    def watch(self, listener):
        """Tell a listener of all offers from now on.

        Parameters
        ----------
        listener
            An object with ``on_offer(offer)``, called when a ``lob.liquidation.Offer`` opens or
            changes, and ``on_offer_closed(tag)``. It may only note or schedule: nothing may be sent
            from there.

        Raises
        ------
        TypeError
            If the listener lacks one of the two methods.
        """
        for method in ("on_offer", "on_offer_closed"):
            if not callable(getattr(listener, method, None)):
                raise TypeError(f"listener must have the method {method}, got {listener!r}")
        self.listeners.append(listener)

    def attached(self):
        """Hook: the clearing of the design belongs to a venue now; accounts may be opened."""

    cdef int belong_to(self, object clearing) except -1:
        """Be what is done with the failed accounts of this ``Clearing``, or of its copy."""
        return 0

    cdef int begin(self, int64_t case) except -1:
        """The turn of a case has come. Its account's orders are cancelled."""
        return 0

    cdef int advance(self, int64_t ts) except -1:
        """``deadline`` has come."""
        return 0

    cdef int filled(self, int64_t case, const Event *event) except -1:
        """The failed account of a case has traded with its tag, in the middle of a message."""
        return 0

    cdef int perform(self, const Message *message, int64_t account) except -1:
        """A participant takes or bids; a reason if that is refused."""
        return REASON_IN_LIQUIDATION
