"""The bots that take what liquidations have on offer."""

from agents.liquidators.bidders import (
    Ascending,
    AuctionKeeper,
    Bidder,
    FirstPrice,
    SealedBid,
    expected_revenue,
    first_price_bid,
)
from agents.liquidators.bot import Bot, Outcome
from agents.liquidators.congestion import BaseLoad, Congestion
from agents.liquidators.flash import FlashKeeper
from agents.liquidators.gas import FixedGas, ProfitShare
from agents.liquidators.holders import PassiveHolder
from agents.liquidators.keeper import Keeper, KeeperReport
from agents.liquidators.population import make_keepers, split_capital
from agents.liquidators.unwinding import AtOnce, Hold, Sliced, Unwinding

__all__ = [
    "Ascending",
    "AtOnce",
    "AuctionKeeper",
    "BaseLoad",
    "Bidder",
    "Bot",
    "Congestion",
    "FirstPrice",
    "FixedGas",
    "FlashKeeper",
    "Hold",
    "Keeper",
    "KeeperReport",
    "Outcome",
    "PassiveHolder",
    "ProfitShare",
    "SealedBid",
    "Sliced",
    "Unwinding",
    "expected_revenue",
    "first_price_bid",
    "make_keepers",
    "split_capital",
]
