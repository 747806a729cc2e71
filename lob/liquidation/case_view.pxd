"""What a liquidation design reads of a failed account, and of the market."""

from libc.stdint cimport int64_t

from lob.clearing.cases cimport SETTLED
from lob.clearing.clearing cimport LiquidationEngine

cdef list REASONS  # lob.Reason by number


cdef class CaseView(LiquidationEngine):
    cdef int may_carry(self, int64_t account, int64_t asset, int64_t lots, int64_t paid) except -1
    cdef int64_t sign_of(self, int64_t case, int64_t holding) except? -2


cdef inline int64_t within(str name, Py_ssize_t value, int64_t low, int64_t high) except? -1:
    """``checks.integer`` of a number that is known to be whole."""
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}, got {value}")
    return value


cdef inline int64_t which(CaseView view, Py_ssize_t holding) except -1:
    """The number of a holding."""
    if not 0 <= holding < view.clearing.holding_count:
        last = view.clearing.holding_count - 1
        raise ValueError(f"holding must be 0 to {last}, got {holding}")
    return holding


cdef inline int64_t checked(CaseView view, Py_ssize_t case) except -1:
    """The number of a case that is not over."""
    cdef int64_t number = case
    if not 0 <= number < view.clearing.case_total:
        raise ValueError(f"case must be 0 to {view.clearing.case_total - 1}, got {case}")
    if view.clearing.case(number).state == SETTLED:
        raise ValueError(f"case {case} is over")
    return number
