"""The vocabulary of the venue: enumerations, limits and the record layouts.

Everything that happens is a row of one of these layouts. They are plain numpy structured
dtypes: fixed width, aligned, little-endian, safe to memory-map and to write to disk as they are.

``MESSAGE``
    What a participant asks for.
``EVENT``
    What a market did about it.
``ENTRY``
    What clearing did: ledger postings, marks, liquidations.
``ORDER`` and ``LEVEL``
    What rests in a book: one row an order (L3), or one row a price (L2).

Units: prices are ticks, sizes are lots, times are nanoseconds. All are integers.
"""

from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np

__all__ = [
    "ENTRY",
    "EVENT",
    "LEVEL",
    "LIQUIDATION_TAG",
    "MAX_PRICE",
    "MAX_SIZE",
    "MAX_TIME",
    "MESSAGE",
    "ORDER",
    "QUOTE",
    "Cause",
    "Cost",
    "EntryKind",
    "EventKind",
    "Flag",
    "Kind",
    "Order",
    "OrderType",
    "Reason",
    "SelfTradePrevention",
    "Session",
    "Side",
    "TimeInForce",
    "Trade",
]

MAX_PRICE = 2**40
"""Prices are ticks from ``-MAX_PRICE`` to ``MAX_PRICE``, both included."""

MAX_SIZE = 2**62 - 1
"""The largest size of an order, and the largest total that one side of a book holds, in lots.

Any sum of sizes therefore fits a signed 64-bit integer, and any notional one of 128 bits.
"""

MAX_TIME = 2**62 - 1
"""The last time in ns that a venue or a run may reach, in 2116: any delay can be added to it."""

LIQUIDATION_TAG = 2**62
"""Tags from here on are liquidations: the order a liquidation causes carries its tag."""


class Side(IntEnum):
    """The side of an order. Zero means "no side", so a row nobody filled in is refused."""

    BUY = 1
    """The order buys: a bid."""
    SELL = -1
    """The order sells: an ask."""


class Kind(IntEnum):
    """What a message asks for. Kinds from 64 on address clearing or a liquidation facility."""

    NEW = 1
    """Enter a new order."""
    CANCEL = 2
    """Take the order ``order_id`` out of the book."""
    REDUCE = 3
    """Take ``size`` lots off the order ``order_id``, which keeps its place."""
    REPLACE = 4
    """Give the order ``order_id`` a new ``price`` and ``size``."""
    SESSION = 5
    """The book goes into the session ``order_id``. Where that uncrosses it, ``price`` is the
    reference price, unless ``order_type`` is MARKET. This and the next two are for the venue or
    who operates it: their ``owner`` is 0."""
    UNCROSS = 6
    """What was collected trades at one price; the session stays. ``price`` as of SESSION."""
    BAND = 7
    """Prices from ``price`` to ``stop_price`` are allowed from now on."""
    DEPOSIT = 64
    """``size`` units of the asset ``order_id`` come from outside into the owner's account."""
    WITHDRAW = 65
    """``size`` units of the asset ``order_id`` leave; refused below the initial margin."""
    TAKE = 66
    """``size`` lots at most ``price`` from the liquidation ``order_id``, which is on offer."""
    BID = 67
    """``price`` for ``size`` lots in the auction of the liquidation ``order_id``."""
    MINT = 68
    """``size`` claims of the facility ``order_id`` for what backs them, at its price."""
    REDEEM = 69
    """``size`` claims go back to the facility ``order_id`` for what backs them."""
    SWAP = 70
    """``size`` lots bought from or sold to the pool ``order_id``, ``price`` at worst."""


class Session(IntEnum):
    """What a book does with orders."""

    CONTINUOUS = 0
    """Orders are matched as they come."""
    CALL = 1
    """Orders collect for a call auction: the book may be crossed, and nothing trades until the
    uncross."""
    HALTED = 2
    """New orders are rejected; what rests may be cancelled or reduced."""


class OrderType(IntEnum):
    """How a new order is priced."""

    LIMIT = 0
    """Trades at its price or better, and may rest at its price."""
    MARKET = 1
    """Trades at any price."""


class TimeInForce(IntEnum):
    """What happens to the part of a new order that does not trade at once."""

    GTC = 0
    """Good till cancelled: a limit order rests, a market order has nothing to rest at."""
    IOC = 1
    """Immediate or cancel: the remainder is cancelled."""
    FOK = 2
    """Fill or kill: trades whole at once, or is rejected."""


class SelfTradePrevention(IntEnum):
    """What happens when an incoming order meets a resting one of the same owner.

    The mode of the incoming order decides, whatever that of the resting one. Owner 0 is nobody, so
    nothing of it is a self-trade, and a call auction prevents none: its volume is announced first.
    """

    NONE = 0
    """The two orders trade."""
    CANCEL_NEWEST = 1
    """What is left of the incoming order is cancelled."""
    CANCEL_OLDEST = 2
    """The resting order is cancelled, the incoming one goes on."""
    CANCEL_BOTH = 3
    """Both orders are cancelled."""
    DECREMENT = 4
    """Both orders lose the smaller size without a trade; what has none left is cancelled."""


class Flag(IntFlag):
    """Properties of an order that combine."""

    POST_ONLY = 1
    """The order is rejected if it would trade at once."""
    REDUCE_ONLY = 2
    """The order may only bring its owner's position nearer to zero; clearing enforces it."""
    TOTAL_SIZE = 4
    """Of a REPLACE: ``size`` is the order's total, and what has traded of it counts against it. So
    a fill that the sender has not heard of yet does not make the order larger than meant."""
    RELATIVE = 8
    """Of a market order: ``trail`` is in ppm of the best price, not in ticks."""
    VENUE = 128
    """The venue or a liquidation design wrote the order itself: never fed back on replay."""


class EventKind(IntEnum):
    """What an ``EVENT`` tells that a market did; the fields of each kind are described there."""

    ACCEPTED = 1
    """A new order was accepted."""
    REJECTED = 2
    """A message was refused, and changed nothing."""
    TRADE = 3
    """Two orders traded."""
    CANCELLED = 4
    """An order left the book, or the rest of an incoming one was dropped."""
    REDUCED = 5
    """An order lost lots and kept its place."""
    REPLACED = 6
    """An order got a new price or size."""
    SESSION = 7
    """The book went into another session."""
    BAND = 8
    """The allowed prices of the book changed."""
    UNCROSS = 9
    """What the book had collected traded at one price."""


class Reason(IntEnum):
    """Why a message was rejected, or an order cancelled or reduced."""

    NONE = 0
    """The message did as it asked."""
    UNKNOWN_ORDER = 1
    """No such order rests in this book."""
    DUPLICATE_ORDER_ID = 2
    """An order with this id rests in this book already."""
    POST_ONLY = 3
    """A post-only order would have traded."""
    FILL_OR_KILL = 4
    """A fill-or-kill order could not be filled whole."""
    MINIMUM_SIZE = 5
    """Less than the order's minimum size could be filled at once."""
    VOLUME_LIMIT = 6
    """The side of the book would hold more than ``MAX_SIZE`` lots."""
    SELF_TRADE = 7
    """Self-trade prevention cancelled or reduced the order."""
    IMMEDIATE_OR_CANCEL = 8
    """The remainder of an immediate-or-cancel order."""
    NO_LIQUIDITY = 9
    """The remainder of a market order that emptied the other side."""
    REDUCE_ONLY = 10
    """A reduce-only order had nothing to reduce, or more than is left to reduce."""
    INSUFFICIENT_MARGIN = 11
    """The account could not carry the position that the order may lead to."""
    IN_LIQUIDATION = 12
    """The account is being liquidated and may not trade."""
    NO_ACCOUNT = 13
    """Clearing knows no account of the owner."""
    NOT_ON_OFFER = 14
    """Nothing of the liquidation is on offer now, or not at this price."""
    HALTED = 15
    """The market is halted."""
    PRICE_BAND = 16
    """The price lies outside the band."""
    LIQUIDATED = 17
    """The order's account failed, and its orders were cancelled."""
    COLLECTING = 18
    """The book collects for a call auction, which takes limit and market orders, good till
    cancelled, without a minimum size and without a protection limit."""
    UNCROSS = 19
    """Of a TRADE: in a call auction. Both orders rested, so neither was the aggressor."""
    ILLIQUID = 24
    """The issuer of a claim, or a pool, has not enough at hand; ``leaves`` is what it did not pay.
    """
    WORTHLESS = 25
    """Nothing backs the claim, so nothing says what a new one costs."""
    PRICE_LIMIT = 26
    """A swap would have cost more, or brought less, than its ``price`` allows."""
    BID_TOO_LOW = 30
    """A bid that does not beat the best one by enough."""
    LEAVES_DUST = 31
    """What a take would leave of a liquidation is less than may be left."""
    NOT_OWNER = 32
    """The order is another owner's than the message's."""
    UNSETTLED = 33
    """A trade of the order could not be settled: its value, or a balance after it, would not fit
    62 bits, or an inverse contract would trade below a price of 1."""


class EntryKind(IntEnum):
    """What an ``ENTRY`` tells. Kinds below 64 are postings, the others move nothing."""

    OPENING = 1
    """A balance that an account starts with, from the outside world."""
    DEPOSIT = 2
    """Units that come from outside into an account."""
    WITHDRAWAL = 3
    """Units that leave an account for the outside."""
    TRADE = 4
    """One leg of a trade: its cash, or what was traded."""
    FEE = 5
    """A trading fee, or a rebate."""
    FUNDING = 6
    """Funding of a contract, from one side to the other."""
    INTEREST = 7
    """Interest of a debt, to the lenders."""
    TRANSFER = 8
    """Units moved between accounts of one participant."""
    TAKEOVER = 9
    """A leg of a failed position that changes hands outside the book."""
    REWARD = 10
    """A bonus, penalty or fee of a liquidation."""
    INSURANCE = 11
    """Units that go into or out of an insurance fund."""
    SOCIALISED = 12
    """A share of a loss that others bear."""
    ADL = 13
    """A leg of a position closed by auto-deleveraging."""
    BID = 14
    """What a bidder pays, or is paid back."""
    MINT = 15
    """One leg of new claims: the claims, or what they cost."""
    REDEEM = 16
    """One leg of claims that are given back: the claims, or what they bring."""
    SWAP = 17
    """One leg of a trade with a pool."""
    ACCRUAL = 18
    """What an issuer earns or loses from outside: staking rewards, slashing."""
    REDISTRIBUTED = 23
    """A share of a failed position, or of its debt, that another account gets."""

    MARK = 64
    """``price`` is the mark that clearing believes from now on, ``reference`` the true one."""
    INDEX = 65
    """``price`` is the index that clearing believes from now on, ``reference`` the true one."""
    PARAMETERS = 66
    """Margin parameters changed: ``price`` is the new maintenance rate in ppm."""
    MARGIN_CALL = 67
    """An account fell below its initial margin."""
    LIQUIDATION = 68
    """An account failed: ``amount`` lots held, ``price`` the mark, ``reference`` the true price,
    ``parent`` and ``cause`` what moved the mark there."""
    STAGE = 69
    """A stage of a design took a liquidation over."""
    AUCTION = 70
    """A step of an auction: ``amount`` on offer, ``price`` asked or bid."""
    BAD_DEBT = 71
    """``amount`` of a debt that nothing of the account's covers."""
    SETTLED = 72
    """A liquidation is over: ``amount`` of cash and ``price`` lots, signed, are left."""


class Cause(IntEnum):
    """What moved a mark to where an account failed."""

    NONE = 0
    """Nothing is known to have moved the mark."""
    LIQUIDATION = 1
    """A trade with the tag of a liquidation, which is the ``parent``."""
    TRADE = 2
    """A voluntary trade."""
    QUOTE = 3
    """An order that came, went or changed without a trade."""
    ORACLE = 4
    """A price from outside."""
    ACCRUAL = 5
    """Funding, interest or a fee."""
    MARGIN = 6
    """A change of margin parameters."""
    TRANSFER = 7
    """A withdrawal, or a fill of the account's own."""


MESSAGE = np.dtype(
    [
        ("ts_event", "<i8"),  # ns
        ("order_id", "<i8"),  # chosen by the sender, any value
        ("price", "<i8"),  # ticks
        ("size", "<i8"),  # lots
        ("kind", "u1"),  # Kind
        ("side", "i1"),  # Side
        ("order_type", "u1"),  # OrderType
        ("time_in_force", "u1"),  # TimeInForce
        ("stp", "u1"),  # SelfTradePrevention
        ("flags", "u1"),  # Flag
        ("instrument", "<u2"),
        ("owner", "<i4"),
        ("reserved", "<i4"),  # must be 0
        # Carried to every event of the order. That of a liquidation is taken off messages of those
        # who took nothing over from it; else opaque to the venue.
        ("tag", "<i8"),
        ("min_size", "<i8"),  # lots that must fill at once, 0: none
        ("display_size", "<i8"),  # this and the rest serve order types to come: must be 0
        ("stop_price", "<i8"),
        ("trail", "<i8"),  # of a market order: its protection limit's distance from the best price
        ("expire_ts", "<i8"),
    ]
)
"""The record of what a participant asks for, 96 bytes.

A NEW reads every field (except the ``price`` of a market order). A CANCEL reads ``order_id``; a
REDUCE ``order_id`` and ``size``, the lots to take off; a REPLACE ``order_id``, ``price``, ``flags``
and ``size``, the lots to leave open: all else about the order stays as it was. These three read
``owner``, who must be the order's; 0 is whoever operates the book, and may do so to any order. All
read ``ts_event`` and ``instrument``. What is not read is not checked.
"""

EVENT = np.dtype(
    [
        ("seq", "<i8"),  # 1, 2, 3... within a journal
        ("ts_event", "<i8"),  # ns, of the message that caused it
        ("order_id", "<i8"),  # of a TRADE: the aggressor
        ("tag", "<i8"),
        ("price", "<i8"),  # ticks, of the order or of the trade; 0 of a market order
        ("size", "<i8"),  # lots asked for, traded, cancelled, taken off
        ("leaves", "<i8"),  # lots of order_id still open
        ("resting_order_id", "<i8"),  # the resting order of a TRADE, else 0
        ("resting_tag", "<i8"),
        ("resting_leaves", "<i8"),
        ("owner", "<i4"),
        ("resting_owner", "<i4"),
        ("kind", "u1"),  # EventKind
        ("side", "i1"),  # Side of order_id
        ("order_type", "u1"),  # OrderType
        ("time_in_force", "u1"),  # TimeInForce
        ("reason", "u1"),  # Reason
        ("flags", "u1"),  # Flag
        ("instrument", "<u2"),
    ]
)
"""The record of what a market did, 96 bytes.

==========  =====================================================================================
ACCEPTED    a new order, with its ``size`` before any trade; what rests follows from the events
            that come after it
REJECTED    a message that changed nothing: ``reason`` says why, the rest echoes the message, and
            ``leaves`` is what is open of an order that rests
TRADE       ``order_id`` took ``size`` from ``resting_order_id`` at that order's ``price``. In a
            call auction (reason UNCROSS) ``order_id`` is the buy order, ``resting_order_id`` the
            sell order, ``price`` the auction's, and nobody took anything
CANCELLED   an order left the book, or what remained of an incoming one was dropped: ``size`` lots
REDUCED     an order lost ``size`` lots and keeps its place
REPLACED    an order now has ``price`` and ``size``; trades, if any, follow
SESSION     the book went into the session ``order_id``. Where that uncrossed it: at ``price``,
            ``size`` lots matched, with a surplus of ``leaves`` lots (positive: to buy); the trades
            follow
BAND        prices from ``price`` to ``leaves`` are allowed; cancellations (reason PRICE_BAND) of
            bids above and asks below follow
UNCROSS     what was collected traded: ``price``, ``size``, ``leaves`` as of SESSION, 0 where
            nothing could; the trades follow
==========  =====================================================================================
"""

ENTRY = np.dtype(
    [
        ("seq", "<i8"),  # of the latest EVENT when it was written
        ("ts_event", "<i8"),  # ns
        ("amount", "<i8"),  # units of the asset, or lots
        ("price", "<i8"),  # ticks
        ("reference", "<i8"),  # ticks: the true price, where ``price`` is a believed one
        ("tag", "<i8"),  # the liquidation it is part of, or 0
        ("parent", "<i8"),  # the tag of the liquidation that caused this one, or 0
        ("debit", "<i4"),  # account that gives; of other kinds: the account concerned
        ("credit", "<i4"),  # account that receives
        ("asset", "<u2"),
        ("instrument", "<u2"),
        ("clearing", "<i2"),  # number of it, from 0; -1: no clearing wrote the row
        ("kind", "u1"),  # EntryKind
        ("reason", "u1"),  # Reason
        ("stage", "u1"),  # of the design, from 0
        ("layer", "u1"),  # how many claims deep the collateral is
        ("cause", "u1"),  # Cause
        ("flags", "u1"),
        ("reserved", "<i4"),
    ]
)
"""The record of what clearing did, 80 bytes.

Of a posting, ``amount`` of ``asset`` goes from the account ``debit`` to the account ``credit``;
account 0 is the outside world. So every asset sums to zero over all accounts at any row.
"""

ORDER = np.dtype(
    [
        ("order_id", "<i8"),
        ("price", "<i8"),  # ticks
        ("size", "<i8"),  # lots still open
        ("tag", "<i8"),
        ("owner", "<i4"),
        ("side", "i1"),  # Side
        ("stp", "u1"),  # SelfTradePrevention
        ("flags", "u1"),  # Flag
        ("order_type", "u1"),  # OrderType: a market order waits for a call auction, at price 0
        ("filled", "<i8"),  # lots it has traded so far
    ]
)
"""The record of one resting order, 48 bytes: a row of the L3 view, in order of priority."""

LEVEL = np.dtype([("price", "<i8"), ("size", "<i8"), ("orders", "<i8")])
"""The record of one price level: a row of the L2 view, best first.

``price`` in ticks, ``size`` in lots, ``orders`` a count.
"""

QUOTE = np.dtype(
    [
        ("ts_event", "<i8"),  # ns
        ("bid_price", "<i8"),  # ticks
        ("bid_size", "<i8"),  # lots, 0: no bid, and bid_price is 0
        ("ask_price", "<i8"),
        ("ask_size", "<i8"),
    ]
)
"""The record of the best bid and ask after a message, 40 bytes: the L1 view."""


class Order(NamedTuple):
    """One resting order, as ``OrderBook.get`` returns it: the fields of an ``ORDER`` row."""

    order_id: int
    """Id of the order."""
    price: int
    """Limit price in ticks."""
    size: int
    """Lots still open."""
    tag: int
    """Tag that the order was sent with."""
    owner: int
    """Owner number of the order; 0: nobody's."""
    side: Side
    """Side of the order."""
    stp: SelfTradePrevention
    """What happens where the order meets one of the same owner."""
    flags: Flag
    """Properties of the order."""
    order_type: OrderType = OrderType.LIMIT
    """``MARKET``: the order waits for a call auction, at price 0."""
    filled: int = 0
    """Lots that the order has traded so far."""


class Trade(NamedTuple):
    """One trade of an order that was just submitted."""

    price: int
    """Price of the trade in ticks."""
    size: int
    """Lots traded."""
    resting_order_id: int
    """Id of the resting order."""
    resting_owner: int
    """Owner number of the resting order."""


class Cost(NamedTuple):
    """What a market order would get from a book: see ``OrderBook.cost``."""

    filled: int
    """Lots that would fill."""
    notional: int
    """Sum of price times size over the fills, in ticks times lots."""
    worst_price: int | None
    """The last price touched, in ticks; ``None`` where nothing fills."""
