"""A liquidation design whose decisions are made in Python."""

from libc.stdint cimport int64_t

from lob.liquidation.case_view cimport CaseView


cdef class LiquidationDesign(CaseView):
    cdef list due  # a heap of (time, order of entry, case)
    cdef dict resting  # the order that rests for a case: (its id, instrument)
    cdef int64_t entered
    cdef int next_due(self) except -1
    cdef object backed_by(self, int64_t holding, int64_t lots, int64_t cash)
    cdef int moved(self, int64_t account, int64_t asset, int64_t lots, int64_t paid) except -1
    cdef int touch(self, int64_t account) except -1
    cdef int ended(self, int64_t case) except -1
