"""Clearing: the ledger, margin, prices, and what happens to accounts that lack margin."""

from lob.clearing.account import MarginAccount
from lob.clearing.clearing import Clearing
from lob.clearing.holding import Holding
from lob.clearing.ledger import Ledger
from lob.clearing.liquidation_engine import LiquidationEngine
from lob.clearing.oracle import Oracle

__all__ = ["Clearing", "Holding", "Ledger", "LiquidationEngine", "MarginAccount", "Oracle"]
