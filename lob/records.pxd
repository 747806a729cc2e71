"""The records of ``lob.types`` as C structs, and its enumerations as C constants.

``lob.book`` checks at import that the layouts agree with the numpy dtypes.

The eight bytes of a message from ``kind`` to ``instrument`` stand in the same order in an event
and in a resting order (with ``reason`` where a message has ``stp``), so that one word carries them
from the one to the other.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint64_t
from libc.string cimport memcpy, memset

cdef struct Message:
    int64_t ts_event
    int64_t order_id
    int64_t price
    int64_t size
    uint8_t kind
    int8_t side
    uint8_t order_type
    uint8_t time_in_force
    uint8_t stp
    uint8_t flags
    uint16_t instrument
    int32_t owner
    int32_t reserved
    int64_t tag
    int64_t min_size
    int64_t display_size
    int64_t stop_price
    int64_t trail
    int64_t expire_ts

cdef struct Event:
    int64_t seq
    int64_t ts_event
    int64_t order_id
    int64_t tag
    int64_t price
    int64_t size
    int64_t leaves
    int64_t resting_order_id
    int64_t resting_tag
    int64_t resting_leaves
    int32_t owner
    int32_t resting_owner
    uint8_t kind
    int8_t side
    uint8_t order_type
    uint8_t time_in_force
    uint8_t reason
    uint8_t flags
    uint16_t instrument

cdef struct OrderRow:
    int64_t order_id
    int64_t price
    int64_t size
    int64_t tag
    int32_t owner
    int8_t side
    uint8_t stp
    uint8_t flags
    uint8_t reserved

cdef struct LevelRow:
    int64_t price
    int64_t size
    int64_t orders

cdef struct Quote:
    int64_t ts_event
    int64_t bid_price
    int64_t bid_size
    int64_t ask_price
    int64_t ask_size

cdef enum:
    BUY = 1
    SELL = -1

    NEW = 1
    CANCEL = 2
    REDUCE = 3
    REPLACE = 4

    LIMIT = 0
    MARKET = 1

    GTC = 0
    IOC = 1
    FOK = 2

    STP_NONE = 0
    STP_CANCEL_NEWEST = 1
    STP_CANCEL_OLDEST = 2
    STP_CANCEL_BOTH = 3
    STP_DECREMENT = 4

    POST_ONLY = 1

    ACCEPTED = 1
    REJECTED = 2
    TRADE = 3
    CANCELLED = 4
    REDUCED = 5
    REPLACED = 6

    REASON_NONE = 0
    REASON_UNKNOWN_ORDER = 1
    REASON_DUPLICATE_ORDER_ID = 2
    REASON_POST_ONLY = 3
    REASON_FILL_OR_KILL = 4
    REASON_MINIMUM_SIZE = 5
    REASON_VOLUME_LIMIT = 6
    REASON_SELF_TRADE = 7
    REASON_IMMEDIATE_OR_CANCEL = 8
    REASON_NO_LIQUIDITY = 9

cdef extern from *:
    """
    #define MAX_PRICE (1ll << 40)
    #define MAX_SIZE ((1ll << 62) - 1)
    """
    const int64_t MAX_PRICE
    const int64_t MAX_SIZE


cdef inline void write_message(
    Message *message,
    uint8_t kind,
    int8_t side,
    uint8_t order_type,
    uint8_t time_in_force,
    uint8_t stp,
    uint8_t flags,
    uint16_t instrument,
) noexcept nogil:
    """Clear a message and set its small fields, in one store: they are read in one load."""
    cdef uint64_t word = (
        kind
        | <uint64_t><uint8_t>side << 8
        | <uint64_t>order_type << 16
        | <uint64_t>time_in_force << 24
        | <uint64_t>stp << 32
        | <uint64_t>flags << 40
        | <uint64_t>instrument << 48
    )
    memset(message, 0, sizeof(Message))
    memcpy(&message.kind, &word, sizeof(word))
