"""Who trades with borrowed money: populations of margin accounts, funds, and single traders."""

from agents.leverage.accounts import Accounts, draw_accounts, stacked_accounts
from agents.leverage.funded import Funded
from agents.leverage.funds import LeverageTarget, ValueFund, VolatilityTarget
from agents.leverage.leveraged import Leveraged
from agents.leverage.loopers import Loopers
from agents.leverage.peg import DepegArbitrageur
from agents.leverage.pledgers import Pledgers
from agents.leverage.pools import LPBorrower, PoolArbitrageur
from agents.leverage.population import MarginTraders
from agents.leverage.stackers import RehypothecatingLender, YieldLooper
from agents.leverage.traders import Hedger, Pyramider, SelfDeleverager, StopLoss
from agents.leverage.vaults import LeverageVault, VaultDepositor

__all__ = [
    "Accounts",
    "DepegArbitrageur",
    "Funded",
    "Hedger",
    "LPBorrower",
    "LeverageTarget",
    "LeverageVault",
    "Leveraged",
    "Loopers",
    "MarginTraders",
    "Pledgers",
    "PoolArbitrageur",
    "Pyramider",
    "RehypothecatingLender",
    "SelfDeleverager",
    "StopLoss",
    "ValueFund",
    "VaultDepositor",
    "VolatilityTarget",
    "YieldLooper",
    "draw_accounts",
    "stacked_accounts",
]
