"""What margin accounts pay as time passes, and the losses that they share."""

from lob.clearing.cases cimport Cases


cdef class Payments(Cases):
    pass
