"""Kraken: captures of its spot books (version 1) and of its futures' books.

Spot: arrays that end with the channel and the pair; absolute sizes of the N levels that were
subscribed; ``c`` is the CRC32 of the ten best asks and bids, which is checked after each update.
Futures: one level a message, numbered by ``seq``.
"""

from lob.feeds import _levels
from lob.feeds.level_feed import CaptureFeed
from lob.feeds.recognise import Head
from lob.feeds.shapes import Code, Each, Mark, Places, Row

__all__ = ["Kraken", "KrakenFutures"]

_ENTRY = Places((Mark.PRICE, Mark.SIZE, Mark.TIME_S))
_TRADE = Places((Mark.PRICE, Mark.SIZE, Mark.TIME_S, Mark.SIDE))
_QUOTE = {"price": Mark.PRICE, "qty": Mark.SIZE}


class Kraken(CaptureFeed):
    """A capture of Kraken's spot order books, version 1.

    Parameters are those of ``CaptureFeed``.
    """

    format = "kraken"
    shape = [  # noqa: RUF012
        Each(
            [
                {
                    "as": Each(_ENTRY, Row.ASK, means="snapshot"),
                    "bs": Each(_ENTRY, Row.BID, means="snapshot"),
                    "a": Each(_ENTRY, Row.ASK),
                    "b": Each(_ENTRY, Row.BID),
                    "c": Mark.CHECKSUM,
                },
                Each(_TRADE, Row.TRADE),
                Mark.CHANNEL,
            ]
        ),
        {"event": Mark.KIND},
    ]
    kinds = {  # noqa: RUF012
        "book snapshot": Code.SNAPSHOT,
        "book": Code.UPDATE,
        "trade": Code.TRADE,
    }
    follows = {"checksum": _levels.KRAKEN}  # noqa: RUF012

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file has an array of a Kraken book, or a connection to the venue."""
        return b"//ws.kraken.com" in head.data or (
            b'"book-' in head.data and (b'{"as":' in head.data or b'"c":"' in head.data)
        )


class KrakenFutures(CaptureFeed):
    """A capture of the order books of Kraken's futures.

    Parameters are those of ``CaptureFeed``.
    """

    format = "kraken-futures"
    shape = {  # noqa: RUF012
        "feed": Mark.KIND,
        "event": Mark.ACTION,
        "product_id": Mark.SYMBOL,
        "seq": Mark.LAST,
        "side": Mark.SIDE,
        "price": Mark.PRICE,
        "qty": Mark.SIZE,
        "timestamp": Mark.TIME_MS,
        "time": Mark.TIME_MS,
        "bids": Each(_QUOTE, Row.BID),
        "asks": Each(_QUOTE, Row.ASK),
    }
    kinds = {  # noqa: RUF012
        "book_snapshot": Code.SNAPSHOT,
        "book": Code.UPDATE,
        "trade": Code.TRADE,
    }
    follows = {"chained": True}  # noqa: RUF012

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file has a message of a Kraken futures book."""
        return b'"feed":"book' in head.data
