"""Liquidation: what is done with accounts that failed, as compositions of interchangeable parts."""

from lob.liquidation.design import LiquidationDesign
from lob.liquidation.market_sale import Frozen, MarketSale
from lob.liquidation.offers import Offer, OfferListener, OfferPrice
from lob.liquidation.staged import Stage, StagedDesign

__all__ = [
    "Frozen",
    "LiquidationDesign",
    "MarketSale",
    "Offer",
    "OfferListener",
    "OfferPrice",
    "Stage",
    "StagedDesign",
]
