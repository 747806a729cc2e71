"""The bots that take what liquidations have on offer."""

from agents.keepers.bidders import AuctionKeeper, Bidder
from agents.keepers.bidding import (
    Ascending,
    FirstPrice,
    ShareOfValue,
    expected_revenue,
    first_price_bid,
)
from agents.keepers.bot import Bot
from agents.keepers.congestion import BaseLoad, Congestion
from agents.keepers.flash import FlashKeeper
from agents.keepers.gas import FixedGas, ProfitShare
from agents.keepers.holders import BackstopProvider, PassiveHolder
from agents.keepers.inventory_exit import AtOnce, Hold, InventoryExit, Sliced, WhileSolvent
from agents.keepers.keeper import Keeper, KeeperReport
from agents.keepers.population import make_keepers, split_capital
from agents.keepers.transactions import TransactionOutcome

__all__ = [
    "Ascending",
    "AtOnce",
    "AuctionKeeper",
    "BackstopProvider",
    "BaseLoad",
    "Bidder",
    "Bot",
    "Congestion",
    "FirstPrice",
    "FixedGas",
    "FlashKeeper",
    "Hold",
    "InventoryExit",
    "Keeper",
    "KeeperReport",
    "PassiveHolder",
    "ProfitShare",
    "ShareOfValue",
    "Sliced",
    "TransactionOutcome",
    "WhileSolvent",
    "expected_revenue",
    "first_price_bid",
    "make_keepers",
    "split_capital",
]
