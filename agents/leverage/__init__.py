"""Who trades with borrowed money: populations of margin accounts, funds, and single traders."""

from agents.leverage.accounts import Accounts, draw_accounts, stacked_accounts
from agents.leverage.funds import LeverageTarget, ValueFund, VolatilityTarget
from agents.leverage.leveraged import Leveraged
from agents.leverage.loopers import Loopers
from agents.leverage.population import MarginTraders
from agents.leverage.traders import Hedger, Pyramider, SelfDeleverager, StopLoss

__all__ = [
    "Accounts",
    "Hedger",
    "LeverageTarget",
    "Leveraged",
    "Loopers",
    "MarginTraders",
    "Pyramider",
    "SelfDeleverager",
    "StopLoss",
    "ValueFund",
    "VolatilityTarget",
    "draw_accounts",
    "stacked_accounts",
]
