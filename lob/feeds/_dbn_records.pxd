"""Records of Databento DBN, market by order, and what is told by one alone.

Source: Databento's specification of DBN and of the MBO schema. All numbers are little-endian.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from *:
    const int64_t UNDEFINED "INT64_MAX"  # a price that is none

cdef enum:
    MBO = 0xA0  # rtype
    HEADER = 16  # bytes of the header of any record
    SIZE_OF = 56  # bytes of a record of market by order
    # flags of a record
    LAST = 128
    SNAPSHOT = 32
    MAYBE_BAD_BOOK = 4

cdef packed struct Record:
    uint8_t length  # in words of four bytes
    uint8_t rtype
    uint16_t publisher_id
    uint32_t instrument_id
    uint64_t ts_event
    int64_t order_id
    int64_t price
    uint32_t size
    uint8_t flags
    uint8_t channel_id
    uint8_t action
    uint8_t side
    uint64_t ts_recv
    int32_t ts_in_delta
    uint32_t sequence


cdef inline int64_t time_of(const Record *record) noexcept nogil:
    """``ts_event``; the time of receipt in a snapshot, or where the venue told no other."""
    cdef uint64_t ts = record.ts_event
    if ts >> 63 or (record.flags & SNAPSHOT and not record.ts_recv >> 63):
        ts = record.ts_recv
    return 0 if ts >> 63 else <int64_t>ts


cdef inline int64_t divisor(int64_t one, int64_t other) noexcept nogil:
    """The greatest common divisor of the magnitudes."""
    cdef int64_t rest
    one, other = (-one if one < 0 else one), (-other if other < 0 else other)
    while other:
        rest = one % other
        one, other = other, rest
    return one
