"""The records of ``lob.types`` as C structs, and its enumerations as C constants.

``lob.book`` checks at import that the layouts agree with the numpy dtypes.

The eight bytes of a message from ``kind`` to ``instrument`` stand in the same order in an event
and in a resting order (with ``reason`` where a message has ``stp``), so that one word carries them
from the one to the other.
"""

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint64_t
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

cdef struct Entry:
    int64_t seq
    int64_t ts_event
    int64_t amount
    int64_t price
    int64_t reference
    int64_t tag
    int64_t parent
    int32_t debit
    int32_t credit
    uint16_t asset
    uint16_t instrument
    int16_t clearing  # number of it; -1: no clearing wrote the row
    uint8_t kind
    uint8_t reason
    uint8_t stage
    uint8_t layer
    uint8_t cause
    uint8_t flags
    int32_t reserved

cdef struct OrderRow:
    int64_t order_id
    int64_t price
    int64_t size
    int64_t tag
    int32_t owner
    int8_t side
    uint8_t stp
    uint8_t flags
    uint8_t order_type
    int64_t filled

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
    SESSION = 5
    UNCROSS = 6
    BAND = 7
    DEPOSIT = 64
    WITHDRAW = 65
    TAKE = 66
    BID = 67
    MINT = 68
    REDEEM = 69
    SWAP = 70

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
    REDUCE_ONLY = 2
    TOTAL_SIZE = 4
    RELATIVE = 8
    FROM_VENUE = 128

    ACCEPTED = 1
    REJECTED = 2
    TRADE = 3
    CANCELLED = 4
    REDUCED = 5
    REPLACED = 6
    SESSION_CHANGED = 7
    BAND_CHANGED = 8
    UNCROSSED = 9

    CONTINUOUS = 0
    CALL = 1
    HALTED = 2

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
    REASON_REDUCE_ONLY = 10
    REASON_INSUFFICIENT_MARGIN = 11
    REASON_IN_LIQUIDATION = 12
    REASON_NO_ACCOUNT = 13
    REASON_NOT_ON_OFFER = 14
    REASON_HALTED = 15
    REASON_PRICE_BAND = 16
    REASON_LIQUIDATED = 17
    REASON_BID_TOO_LOW = 30
    REASON_LEAVES_DUST = 31
    REASON_COLLECTING = 18
    REASON_UNCROSS = 19
    REASON_ILLIQUID = 24
    REASON_WORTHLESS = 25
    REASON_PRICE_LIMIT = 26
    REASON_NOT_OWNER = 32
    REASON_UNSETTLED = 33

    ENTRY_OPENING = 1
    ENTRY_DEPOSIT = 2
    ENTRY_WITHDRAWAL = 3
    ENTRY_TRADE = 4
    ENTRY_FEE = 5
    ENTRY_FUNDING = 6
    ENTRY_INTEREST = 7
    ENTRY_TRANSFER = 8
    ENTRY_TAKEOVER = 9
    ENTRY_REWARD = 10
    ENTRY_INSURANCE = 11
    ENTRY_SOCIALISED = 12
    ENTRY_ADL = 13
    ENTRY_BID = 14
    ENTRY_MINT = 15
    ENTRY_REDEEM = 16
    ENTRY_SWAP = 17
    ENTRY_ACCRUAL = 18
    ENTRY_REDISTRIBUTED = 23
    ENTRY_MARK = 64
    ENTRY_INDEX = 65
    ENTRY_PARAMETERS = 66
    ENTRY_MARGIN_CALL = 67
    ENTRY_LIQUIDATION = 68
    ENTRY_STAGE = 69
    ENTRY_AUCTION = 70
    ENTRY_BAD_DEBT = 71
    ENTRY_SETTLED = 72

    CAUSE_NONE = 0
    CAUSE_LIQUIDATION = 1
    CAUSE_TRADE = 2
    CAUSE_QUOTE = 3
    CAUSE_ORACLE = 4
    CAUSE_ACCRUAL = 5
    CAUSE_MARGIN = 6
    CAUSE_TRANSFER = 7

cdef extern from *:
    """
    #define MAX_PRICE (1ll << 40)
    #define MAX_SIZE ((1ll << 62) - 1)
    #define LIQUIDATION_TAG (1ll << 62)
    """
    const int64_t MAX_PRICE
    const int64_t MAX_SIZE
    const int64_t LIQUIDATION_TAG


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
