"""The venue: matching, clearing, liquidation, feeds. It knows nothing of the participants."""

import sys

from lob import reference
from lob.book import OrderBook, Outcome
from lob.instrument import Instrument
from lob.types import (
    ENTRY,
    EVENT,
    LEVEL,
    LIQUIDATION_TAG,
    MAX_PRICE,
    MAX_SIZE,
    MESSAGE,
    ORDER,
    QUOTE,
    Cause,
    Cost,
    EntryKind,
    EventKind,
    Flag,
    Kind,
    Order,
    OrderType,
    Reason,
    SelfTradePrevention,
    Session,
    Side,
    TimeInForce,
    Trade,
)
from lob.venue.venue import Venue
from lob.version import __version__

__all__ = [
    "ENTRY",
    "EVENT",
    "LEVEL",
    "LIQUIDATION_TAG",
    "MAX_PRICE",
    "MAX_SIZE",
    "MESSAGE",
    "ORDER",
    "QUOTE",
    "Cause",
    "Cost",
    "EntryKind",
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
    "Session",
    "Side",
    "TimeInForce",
    "Trade",
    "Venue",
    "__version__",
    "reference",
]

# The books, and all that is compiled, rest on the lock of the interpreter. A free-threaded Python
# switches it on when it loads them, unless it is told not to.
if hasattr(sys, "_is_gil_enabled") and not sys._is_gil_enabled():
    raise ImportError(
        "lob needs the lock of the interpreter (the GIL), which is switched off: leave PYTHON_GIL "
        "and -X gil alone, and a free-threaded Python switches it on by itself"
    )

__firesale__ = True  # what the door tells our package by from another of its name
