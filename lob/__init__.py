"""The venue: matching, clearing, liquidation, feeds. It knows nothing of the participants.

A name is imported when it is first used, so that a command that needs none of them waits for none.
"""

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from lob.version import __version__

if TYPE_CHECKING:
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

_HOMES = {
    "Instrument": "lob.instrument",
    "OrderBook": "lob.book",
    "Outcome": "lob.book",
    "Venue": "lob.venue.venue",
}
"""The module of each name above that is not in ``lob.types``, where the others are."""

# The books, and all that is compiled, rest on the lock of the interpreter. A free-threaded Python
# switches it on when it loads them, unless it is told not to.
if hasattr(sys, "_is_gil_enabled") and not sys._is_gil_enabled():
    importlib.import_module("lob.book")
    if not sys._is_gil_enabled():
        raise ImportError(
            "lob needs the lock of the interpreter (the GIL), which is switched off: leave "
            "PYTHON_GIL and -X gil alone, and a free-threaded Python switches it on by itself"
        )

__firesale__ = True  # what the door tells our package by from another of its name


def __getattr__(name: str) -> Any:
    if name in __all__ and name != "reference":
        found = getattr(importlib.import_module(_HOMES.get(name, "lob.types")), name)
        globals()[name] = found
        return found
    if not name.startswith("_") and importlib.util.find_spec(f"lob.{name}") is not None:
        return importlib.import_module(f"lob.{name}")
    raise AttributeError(f"module 'lob' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
