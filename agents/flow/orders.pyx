"""The open orders of a flow on one side: any of them found, drawn or forgotten in constant time."""

from libc.stdint cimport uint32_t

from lob.engine.block cimport Block

__all__ = ["OpenOrders"]


cdef class OpenOrders:
    """The open orders of a flow on one side of a book, in a row without gaps.

    Attributes
    ----------
    count : int
        How many orders are in the row.
    """

    def __init__(self):
        self.row = Block()
        self.places = Block()

    cdef int grow(self) except -1:
        """Make room for one more handle, and for as many orders."""
        cdef size_t count = <size_t>self.handles + 2
        if count * sizeof(uint32_t) > self.places.nbytes:
            self.places.reserve(2 * count * sizeof(uint32_t))
        if count * sizeof(OpenOrder) > self.row.nbytes:
            self.row.reserve(2 * count * sizeof(OpenOrder))
        return 0
