"""Coinbase: captures of level 2, of the advanced feed and of the older one.

Advanced: ``sequence_num`` counts the messages of all channels of a connection. The older feed
(``l2update``) has no numbers of its updates.
"""

from lob.feeds.level_feed import CaptureFeed
from lob.feeds.recognise import Head
from lob.feeds.shapes import Code, Each, Mark, Places, Row

__all__ = ["Coinbase", "CoinbasePro"]

_PAIR = Places((Mark.PRICE, Mark.SIZE))


class Coinbase(CaptureFeed):
    """A capture of Coinbase's advanced feed, level 2.

    Parameters are those of ``CaptureFeed``.
    """

    format = "coinbase"
    shape = {  # noqa: RUF012
        "channel": Mark.KIND,
        "timestamp": Mark.TIME_ISO,
        "sequence_num": Mark.LAST,
        "events": Each(
            {
                "type": Mark.ACTION,
                "product_id": Mark.SYMBOL,
                "updates": Each(
                    {"side": Mark.SIDE, "price_level": Mark.PRICE, "new_quantity": Mark.SIZE},
                    Row.LEVEL,
                ),
                "trades": Each(
                    {
                        "product_id": Mark.SYMBOL,
                        "trade_id": Mark.ID,
                        "price": Mark.PRICE,
                        "size": Mark.SIZE,
                        "time": Mark.TIME_ISO,
                        "side": Mark.MAKER_SIDE,
                    },
                    Row.TRADE,
                ),
            },
            Row.MESSAGE,
        ),
    }
    kinds = {  # noqa: RUF012
        "l2_data snapshot": Code.SNAPSHOT,
        "l2_data update": Code.UPDATE,
        "market_trades update": Code.TRADE,
    }
    rest = Code.OTHER
    follows = {"counted": True}  # noqa: RUF012

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file has a message of Coinbase's level 2, or a connection to the venue."""
        data = head.data.replace(b"\\", b"").replace(b" ", b"")
        return (
            b'"channel":"l2_data"' in data
            or b"//advanced-trade-ws.coinbase.com" in data
            or b"//api.coinbase.com/api/v3/" in data
        )


class CoinbasePro(CaptureFeed):
    """A capture of Coinbase's older feed, channels ``level2`` and ``matches``.

    Parameters are those of ``CaptureFeed``.
    """

    format = "coinbase-pro"
    shape = {  # noqa: RUF012
        "type": Mark.KIND,
        "product_id": Mark.SYMBOL,
        "time": Mark.TIME_ISO,
        "bids": Each(_PAIR, Row.BID),
        "asks": Each(_PAIR, Row.ASK),
        "changes": Each(Places((Mark.SIDE, Mark.PRICE, Mark.SIZE)), Row.LEVEL),
        "trade_id": Mark.ID,
        "price": Mark.PRICE,
        "size": Mark.SIZE,
        "side": Mark.MAKER_SIDE,
    }
    kinds = {  # noqa: RUF012
        "snapshot": Code.SNAPSHOT,
        "l2update": Code.UPDATE,
        "match": Code.TRADE,
    }

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file has an update of Coinbase's older level 2, or a link to the venue."""
        return b'"type":"l2update"' in head.data or b"//ws-feed.pro.coinbase.com" in head.data
