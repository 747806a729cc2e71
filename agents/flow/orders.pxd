"""The open orders of a flow on one side: any of them found, drawn or forgotten in constant time.

The orders stand in a row without gaps, so that one can be drawn at random. When one goes, the last
takes its place. What stays the same while an order lives is its *handle*, a small number that is
used again after it; the order carries it as ``tag``, and so its events need no search.
"""

from libc.stdint cimport int64_t, uint32_t

from lob.engine.block cimport Block

cdef struct OpenOrder:
    int64_t order_id
    int64_t price
    int64_t handle


cdef class OpenOrders:
    cdef readonly int64_t count
    cdef uint32_t handles  # handed out at least once; handle 0 is nobody's
    cdef uint32_t free_handle  # 0: none; free handles are linked through ``places``
    cdef Block row  # OpenOrder, by place
    cdef Block places  # uint32_t, by handle

    cdef int grow(self) except -1

    cdef inline const OpenOrder *at(self, int64_t place) noexcept:
        return &(<const OpenOrder *>self.row.data)[place]

    cdef inline const uint32_t *place_of(self, int64_t handle) noexcept:
        """Where it is written at which place an order stands."""
        return &(<const uint32_t *>self.places.data)[handle]

    cdef inline int64_t add(self, int64_t order_id, int64_t price) except -1:
        """Remember an order; its handle."""
        cdef uint32_t handle = self.free_handle
        cdef uint32_t *places
        cdef OpenOrder *order
        if handle == 0:
            self.grow()
            self.handles += 1
            handle = self.handles
            places = <uint32_t *>self.places.data
        else:
            places = <uint32_t *>self.places.data
            self.free_handle = places[handle]
        order = &(<OpenOrder *>self.row.data)[self.count]
        order.order_id = order_id
        order.price = price
        order.handle = handle
        places[handle] = <uint32_t>self.count
        self.count += 1
        return handle

    cdef inline void remove(self, int64_t handle) noexcept:
        """Forget an order."""
        cdef uint32_t *places = <uint32_t *>self.places.data
        cdef OpenOrder *row = <OpenOrder *>self.row.data
        cdef uint32_t place = places[handle]
        self.count -= 1
        row[place] = row[self.count]
        places[row[place].handle] = place
        places[handle] = self.free_handle
        self.free_handle = <uint32_t>handle
