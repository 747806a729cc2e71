"""Names to numbers, in the order in which they come up: a hash table without Python objects."""

from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy

cdef struct Word:
    const char *at
    Py_ssize_t length

cdef struct Names:
    char *pool
    int64_t used
    int64_t room
    int64_t *starts  # of each name in the pool; one more than there are names
    int32_t *slots
    int32_t count
    int32_t size  # of the hash table
    int32_t last


cdef inline bint start_names(Names *names) noexcept:
    names.size = 64
    names.room = 4096
    names.pool = <char *>malloc(names.room)
    names.slots = <int32_t *>calloc(names.size, sizeof(int32_t))
    names.starts = <int64_t *>malloc((names.size + 1) * sizeof(int64_t))
    if names.starts != NULL:
        names.starts[0] = 0
    return names.pool != NULL and names.slots != NULL and names.starts != NULL


cdef inline void stop_names(Names *names) noexcept:
    free(names.pool)
    free(names.slots)
    free(names.starts)


cdef inline name_of(const Names *names, int32_t index):
    cdef int64_t start = names.starts[index]
    return (<bytes>names.pool[start:names.starts[index + 1]]).decode("utf-8", "replace")


cdef inline bint is_name(
    const Names *names, int32_t index, const char *at, Py_ssize_t length
) noexcept:
    cdef int64_t start = names.starts[index]
    return names.starts[index + 1] - start == length and (
        memcmp(names.pool + start, at, length) == 0
    )


cdef inline bint widen(Names *names) noexcept:
    cdef int32_t size = 2 * names.size
    cdef int32_t *slots = <int32_t *>calloc(size, sizeof(int32_t))
    cdef int64_t *starts = <int64_t *>realloc(names.starts, (size + 1) * sizeof(int64_t))
    cdef int32_t i, slot
    cdef int64_t j
    cdef uint32_t mixed
    if starts != NULL:
        names.starts = starts
    if slots == NULL or starts == NULL:
        free(slots)
        return False
    for i in range(names.count):
        mixed = 2166136261u
        for j in range(starts[i], starts[i + 1]):
            mixed = (mixed ^ <unsigned char>names.pool[j]) * 16777619u
        slot = mixed & (size - 1)
        while slots[slot]:
            slot = (slot + 1) & (size - 1)
        slots[slot] = i + 1
    free(names.slots)
    names.slots, names.size = slots, size
    return True


cdef inline int32_t number_of(
    Names *names, const char *at, Py_ssize_t length, int32_t most
) noexcept:
    """The number of a name, a new one for a new name; -1: too many."""
    cdef uint32_t mixed = 2166136261u
    cdef char *at_new
    cdef int32_t slot
    cdef Py_ssize_t i
    if names.count and is_name(names, names.last, at, length):
        return names.last
    for i in range(length):
        mixed = (mixed ^ <unsigned char>at[i]) * 16777619u
    slot = mixed & (names.size - 1)
    while names.slots[slot]:
        if is_name(names, names.slots[slot] - 1, at, length):
            names.last = names.slots[slot] - 1
            return names.last
        slot = (slot + 1) & (names.size - 1)
    if names.count == most or (2 * names.count >= names.size and not widen(names)):
        return -1
    if names.used + length > names.room:
        names.room = 2 * names.room + length
        at_new = <char *>realloc(names.pool, names.room)
        if at_new == NULL:
            return -1
        names.pool = at_new
    memcpy(names.pool + names.used, at, length)
    names.used += length
    names.count += 1
    names.starts[names.count] = names.used
    names.last = names.count - 1
    slot = mixed & (names.size - 1)
    while names.slots[slot]:
        slot = (slot + 1) & (names.size - 1)
    names.slots[slot] = names.count
    return names.last
