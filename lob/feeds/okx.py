"""OKX: captures of the channels ``books``, ``books5`` and ``books-l2-tbt``, and of trades.

Absolute sizes; ``checksum`` is the CRC32 of the 25 best levels, which is checked after each
update. Where messages have ``seqId`` and ``prevSeqId``, each names the one before it.
"""

from lob.feeds import _levels
from lob.feeds.level_feed import CaptureFeed
from lob.feeds.recognise import Head
from lob.feeds.shapes import Code, Each, Mark, Places, Row

__all__ = ["Okx"]

_PAIR = Places((Mark.PRICE, Mark.SIZE))
_BOOKS = ("books", "books-l2-tbt", "books50-l2-tbt")


class Okx(CaptureFeed):
    """A capture of OKX's order books.

    Parameters are those of ``CaptureFeed``.
    """

    format = "okx"
    verified = False
    shape = {  # noqa: RUF012
        "arg": {"channel": Mark.KIND, "instId": Mark.SYMBOL},
        "action": Mark.ACTION,
        "data": Each(
            {
                "asks": Each(_PAIR, Row.ASK),
                "bids": Each(_PAIR, Row.BID),
                "ts": Mark.TIME_MS,
                "checksum": Mark.CHECKSUM,
                "seqId": Mark.LAST,
                "prevSeqId": Mark.PREVIOUS,
                "px": Mark.PRICE,
                "sz": Mark.SIZE,
                "side": Mark.SIDE,
                "tradeId": Mark.ID,
            },
            Row.MESSAGE,
        ),
    }
    kinds = {  # noqa: RUF012
        **{f"{name} snapshot": Code.SNAPSHOT for name in _BOOKS},
        **{f"{name} update": Code.UPDATE for name in _BOOKS},
        "books5": Code.SNAPSHOT,
        "bbo-tbt": Code.SNAPSHOT,
        "trades": Code.TRADE,
    }
    follows = {"chained": True, "checksum": _levels.OKX}  # noqa: RUF012

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file has a message of an OKX order book."""
        data = head.data.replace(b"\\", b"").replace(b" ", b"")
        return b'"channel":"book' in data and b'"instId"' in data
