"""Deribit: captures of ``book.X.raw`` and of trades; ``prev_change_id`` links the updates."""

from lob.feeds.level_feed import CaptureFeed
from lob.feeds.recognise import Head
from lob.feeds.shapes import Code, Each, Mark, Places, Row

__all__ = ["Deribit"]

_LEVEL = Places((None, Mark.PRICE, Mark.SIZE))


class Deribit(CaptureFeed):
    """A capture of Deribit's order books.

    Parameters are those of ``CaptureFeed``.
    """

    format = "deribit"
    shape = {  # noqa: RUF012
        "params": {
            "channel": Mark.TOPIC,
            "data": [
                {
                    "type": Mark.ACTION,
                    "timestamp": Mark.TIME_MS,
                    "prev_change_id": Mark.PREVIOUS,
                    "instrument_name": Mark.SYMBOL,
                    "change_id": Mark.LAST,
                    "bids": Each(_LEVEL, Row.BID),
                    "asks": Each(_LEVEL, Row.ASK),
                },
                Each(
                    {
                        "price": Mark.PRICE,
                        "amount": Mark.SIZE,
                        "direction": Mark.SIDE,
                        "timestamp": Mark.TIME_MS,
                        "instrument_name": Mark.SYMBOL,
                        "trade_seq": Mark.ID,
                    },
                    Row.TRADE,
                ),
            ],
        }
    }
    kinds = {  # noqa: RUF012
        "book snapshot": Code.SNAPSHOT,
        "book change": Code.UPDATE,
        "trades": Code.TRADE,
    }
    follows = {"chained": True}  # noqa: RUF012

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file has a message of a Deribit book, or a connection to the venue."""
        return b"//www.deribit.com/ws" in head.data or (
            b'"channel":"book.' in head.data and b'"change_id"' in head.data
        )
