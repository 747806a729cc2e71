"""Liquidation: what is done with accounts that failed, as compositions of interchangeable parts."""

from lob.liquidation.market_sale import Frozen, MarketSale

__all__ = ["Frozen", "MarketSale"]
