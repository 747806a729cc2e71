"""Drawing one of several things with given weights, in constant time."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block

cdef struct Cell:
    double keep  # the share of the cell that is its own
    int64_t other  # whose the rest is


cdef class Choice:
    cdef readonly double total
    cdef int64_t count
    cdef Block cells

    cdef inline int64_t pick(self, double u) noexcept:
        """The thing at ``u``, uniform on [0, 1)."""
        cdef double place = u * self.count
        cdef int64_t i = <int64_t>place
        cdef const Cell *cell
        if i >= self.count:  # u rounded up to 1
            i = self.count - 1
        cell = &(<const Cell *>self.cells.data)[i]
        return i if place - i < cell.keep else cell.other
