"""Memory that a compiled agent keeps its state in."""


cdef class Block:
    cdef char *data
    cdef readonly size_t nbytes
    cdef int reserve(self, size_t nbytes) except -1
