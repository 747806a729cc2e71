"""Bybit: order book captures of version 5, its historical files, and captures of 2021.

Version 5 (``orderbook.N``): absolute sizes; ``u`` counts the updates of a book, and a new snapshot
starts anew. The historical files (``..._ob500.data``) hold the same messages, one a line. Captures
of 2021 (``orderBookL2_25``) say which levels to delete, update and insert; their ``cross_seq`` only
rises, so it tells an update that comes late, but not one that is missing.
"""

from lob.feeds.level_feed import CaptureFeed
from lob.feeds.recognise import Head
from lob.feeds.shapes import Code, Each, Mark, Places, Row

__all__ = ["Bybit", "Bybit2021"]

_PAIR = Places((Mark.PRICE, Mark.SIZE))
_SHAPE: dict[str, object] = {
    "topic": Mark.TOPIC,
    "type": Mark.ACTION,
    "ts": Mark.SENT_MS,
    "cts": Mark.TIME_MS,
    "data": [
        {
            "s": Mark.SYMBOL,
            "b": Each(_PAIR, Row.BID),
            "a": Each(_PAIR, Row.ASK),
            "u": Mark.LAST,
        },
        Each(
            {
                "T": Mark.TIME_MS,
                "s": Mark.SYMBOL,
                "S": Mark.SIDE,
                "v": Mark.SIZE,
                "p": Mark.PRICE,
            },
            Row.TRADE,
        ),
    ],
}

_LEVEL: dict[str, object] = {
    "price": Mark.PRICE,
    "symbol": Mark.SYMBOL,
    "side": Mark.SIDE,
    "size": Mark.SIZE,
}
_SHAPE_2021: dict[str, object] = {
    "topic": Mark.TOPIC,
    "type": Mark.ACTION,
    "cross_seq": Mark.LAST,
    "timestamp_e6": Mark.TIME_US,
    "data": [
        {
            "order_book": Each(_LEVEL, Row.LEVEL),
            "delete": Each(_LEVEL, Row.GONE),
            "update": Each(_LEVEL, Row.LEVEL),
            "insert": Each(_LEVEL, Row.LEVEL),
        },
        # A snapshot of an inverse market, or trades.
        Each({**_LEVEL, "trade_time_ms": Mark.TIME_MS}, Row.EITHER),
    ],
}


class Bybit(CaptureFeed):
    """A capture or a historical file of Bybit's order books, version 5.

    Parameters are those of ``CaptureFeed``.
    """

    format = "bybit"
    shape = _SHAPE
    kinds = {  # noqa: RUF012
        "orderbook snapshot": Code.SNAPSHOT,
        "orderbook delta": Code.UPDATE,
        "publicTrade snapshot": Code.TRADE,
    }
    follows = {"chained": True}  # noqa: RUF012

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file has a message of a Bybit order book, version 5, or a connection to one."""
        data = head.data.replace(b"\\", b"")
        return b'"topic":"orderbook.' in data or b"bybit.com/v5/" in data


class Bybit2021(CaptureFeed):
    """A capture of Bybit's order books as they were in 2021.

    Parameters are those of ``CaptureFeed``.
    """

    format = "bybit-2021"
    shape = _SHAPE_2021
    kinds = {  # noqa: RUF012
        "orderBookL2_25 snapshot": Code.SNAPSHOT,
        "orderBookL2_25 delta": Code.UPDATE,
        "trade": Code.TRADE,
    }
    follows = {"rising": True}  # noqa: RUF012

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file has a message of a Bybit order book of 2021, or a request for one."""
        return b'"orderBookL2_25.' in head.data
