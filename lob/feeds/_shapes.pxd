"""Messages of a level feed, taken out of JSON by their shape."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint64_t

from lob.feeds._names cimport Word
from lob.feeds._taken cimport Taken

cdef struct Node:  # a place in the shape
    int64_t key  # where its name starts in the pool of names
    int32_t key_length
    int32_t child  # the first of the keys of an object, which lie together
    int32_t children
    int32_t each  # the shape of every element of an array, -1: of no interest
    int32_t at  # the first of the elements that are told by their place, which lie together
    int32_t places
    int32_t means  # a word that says what kind of message has this, -1: none
    uint8_t mark  # what a number, a text or a truth here is
    uint8_t row  # what an element of an array makes once it is read
    uint8_t pairs  # whether each element is [price, size, ...]

cdef struct Key:  # of an object
    uint64_t head  # its first eight bytes
    const char *name
    Py_ssize_t length  # 0: the slot is empty
    int32_t node  # the object
    int32_t child  # the shape of what it names


cdef class Shape(Taken):
    cdef Node *nodes
    cdef int32_t root
    cdef Key *keys  # a hash table of the keys of all objects
    cdef size_t key_mask
    cdef bytes _names  # what the keys point into
    cdef list _actions
    cdef Word *actions
    # ---- the message that is being read
    cdef Word level_symbol
    cdef int64_t connection
    cdef int64_t local
    cdef bint committed

    cdef void _enter_keys(self, int32_t node, const char *names) noexcept
    cdef const char *_message(self, const char *at) noexcept
    cdef void _begin(self) noexcept
    cdef const char *_value(self, const char *at, int32_t node) noexcept
    cdef const char *_object(self, const char *at, int32_t node) noexcept
    cdef int32_t _child(self, int32_t node, const char *name, Py_ssize_t length) noexcept
    cdef const char *_array(self, const char *at, int32_t node) noexcept
    cdef const char *_pairs(self, const char *at, int8_t side) noexcept
    cdef void _close_row(self, int row) noexcept
    cdef void _commit(self) noexcept
    cdef bint _is_of_trades(self) noexcept
