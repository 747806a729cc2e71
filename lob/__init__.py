"""The venue: matching, records, feeds. It knows nothing of who trades or why."""

from lob import reference
from lob.book import OrderBook, Outcome
from lob.instrument import Instrument
from lob.types import (
    EVENT,
    LEVEL,
    MAX_PRICE,
    MAX_SIZE,
    MESSAGE,
    ORDER,
    QUOTE,
    Cost,
    EventKind,
    Flag,
    Kind,
    Order,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
    Trade,
)
from lob.version import __version__

__all__ = [
    "EVENT",
    "LEVEL",
    "MAX_PRICE",
    "MAX_SIZE",
    "MESSAGE",
    "ORDER",
    "QUOTE",
    "Cost",
    "EventKind",
    "Flag",
    "Instrument",
    "Kind",
    "Order",
    "OrderBook",
    "OrderType",
    "Outcome",
    "Reason",
    "SelfTradePrevention",
    "Side",
    "TimeInForce",
    "Trade",
    "__version__",
    "reference",
]
