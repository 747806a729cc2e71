"""The argument checks of ``lob.checks`` where they are made once an order, compiled."""

from libc.stdint cimport int64_t


cdef inline int64_t integer_within(
    str name, Py_ssize_t value, int64_t low, int64_t high
) except? -1:
    """``checks.integer``, in its words; a ``Py_ssize_t`` takes no float, so it is whole."""
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}, got {value}")
    return value
