"""Memory that a compiled agent keeps its state in."""

from libc.string cimport memcpy

from lob.engine.memory cimport resize, whole_pages


cdef class Block:
    """A block of memory that grows, starts as zeros, and is copied with the agent that holds it."""

    def __dealloc__(self):
        resize(self.data, whole_pages(self.nbytes), 0)

    cdef int reserve(self, size_t nbytes) except -1:
        """Make room for at least so many bytes. ``data`` may move; what is new is zero."""
        cdef void *block
        if nbytes <= self.nbytes:
            return 0
        block = resize(self.data, whole_pages(self.nbytes), whole_pages(nbytes))
        if block == NULL:
            raise MemoryError
        self.data = <char *>block
        self.nbytes = nbytes
        return 0

    def __copy__(self):
        return self.__deepcopy__({})

    def __deepcopy__(self, memo):
        cdef Block other = Block()
        other.reserve(self.nbytes)
        if self.nbytes:
            memcpy(other.data, self.data, self.nbytes)
        return other

    def __reduce__(self):
        return restore_block, (self.data[: self.nbytes] if self.nbytes else b"",)


def restore_block(bytes content):
    """A ``Block`` with this content, for the copy or pickle of one."""
    cdef Block block = Block()
    block.reserve(len(content))
    if content:
        memcpy(block.data, <const char *>content, len(content))
    return block
