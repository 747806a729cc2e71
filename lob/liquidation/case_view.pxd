"""What a liquidation design reads of a failed account, and of the market."""

from libc.stdint cimport int64_t

from lob.checks cimport integer_within
from lob.clearing.cases cimport SETTLED
from lob.clearing.clearing cimport Clearing
from lob.clearing.liquidation_engine cimport LiquidationEngine

cdef list REASONS  # lob.Reason by number


cdef class CaseView(LiquidationEngine):
    cdef readonly Clearing clearing
    cdef int may_carry(self, int64_t account, int64_t asset, int64_t lots, int64_t paid) except -1
    cdef int64_t sign_of(self, int64_t case, int64_t holding) except? -2


cdef inline int64_t holding_number(CaseView view, Py_ssize_t holding) except -1:
    """The number of a holding, or a ValueError."""
    return integer_within("holding", holding, 0, view.clearing.holding_count - 1)


cdef inline int64_t open_case(CaseView view, Py_ssize_t case) except -1:
    """The number of a case that is not over, or a ValueError."""
    cdef int64_t number = integer_within("case", case, 0, view.clearing.failed.total - 1)
    if view.clearing.case(number).state == SETTLED:
        raise ValueError(f"case {case} is over")
    return number
