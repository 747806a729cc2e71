"""Hyperliquid: captures of ``l2Book``, the whole book each time, and of trades.

The venue shows 20 levels a side: one that drops out of view is cancelled, and is a new order when
it is seen again. There are no numbers by which a missing book could be told.
"""

from lob.feeds.level_feed import CaptureFeed
from lob.feeds.recognise import Head
from lob.feeds.shapes import Code, Each, Mark, Places, Row

__all__ = ["Hyperliquid"]

_LEVEL = {"px": Mark.PRICE, "sz": Mark.SIZE}


class Hyperliquid(CaptureFeed):
    """A capture of Hyperliquid's order books.

    Parameters are those of ``CaptureFeed``.
    """

    format = "hyperliquid"
    shape = {  # noqa: RUF012
        "channel": Mark.KIND,
        "data": [
            {
                "coin": Mark.SYMBOL,
                "time": Mark.TIME_MS,
                "levels": Places((Each(_LEVEL, Row.BID), Each(_LEVEL, Row.ASK))),
            },
            Each(
                {
                    "coin": Mark.SYMBOL,
                    "side": Mark.SIDE,
                    "px": Mark.PRICE,
                    "sz": Mark.SIZE,
                    "time": Mark.TIME_MS,
                    "tid": Mark.ID,
                },
                Row.TRADE,
            ),
        ],
    }
    kinds = {"l2Book": Code.SNAPSHOT, "trades": Code.TRADE}  # noqa: RUF012

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file has a message of a Hyperliquid book."""
        return b'"channel":"l2Book"' in head.data.replace(b"\\", b"").replace(b" ", b"")
