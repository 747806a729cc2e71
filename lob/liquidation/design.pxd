"""A liquidation design whose decisions are made in Python."""

from libc.stdint cimport int64_t

from lob.engine.records cimport Event
from lob.liquidation.case_view cimport CaseView


cdef class LiquidationDesign(CaseView):
    cdef list due  # a heap of (time, order of entry, case)
    cdef dict resting  # the order that rests for a case: (its id, instrument)
    cdef dict waiting  # the orders of ``sell`` that wait in calls: case -> {instrument: id}
    cdef int64_t entered
    cdef int next_due(self) except -1
    cdef object backed_by(self, int64_t holding, int64_t lots, int64_t cash)
    cdef int moved(self, int64_t account, int64_t asset, int64_t lots, int64_t paid) except -1
    cdef int touch(self, int64_t account) except -1
    cdef int64_t enter(
        self, int64_t case, int64_t holding, int64_t lots, int64_t price, int order_type
    ) except? -1
    cdef int cancel(self, int64_t case, int64_t instrument, int64_t order_id) except -1
    cdef bint collect(
        self, int64_t case, int64_t holding, int64_t lots, int64_t price, int order_type
    ) except -1
    cdef int64_t forget(self, int64_t case, int64_t instrument) except? -1
    cdef bint has_order(self, int64_t case, const Event *event, int64_t order_id) except -1
    cdef int ended(self, int64_t case) except -1
