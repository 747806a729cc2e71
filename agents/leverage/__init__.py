"""Participants that trade with borrowed money: populations of margin accounts, funds, traders."""

from agents.leverage.accounts import Accounts, draw_accounts, stacked_accounts
from agents.leverage.collateralised_borrowers import CollateralisedBorrowers
from agents.leverage.funded import Funded
from agents.leverage.funds import LeverageTarget, ValueFund, VolatilityTarget
from agents.leverage.leveraged import Leveraged
from agents.leverage.peg import DepegArbitrageur
from agents.leverage.pools import LPBorrower, PoolArbitrageur
from agents.leverage.population import MarginTraders
from agents.leverage.recursive_borrowers import RecursiveBorrowers
from agents.leverage.stackers import RecursiveYieldBorrower, RehypothecatingLender
from agents.leverage.traders import Hedger, Pyramider, SelfDeleverager, StopLoss
from agents.leverage.vaults import LeverageVault, VaultDepositor

__all__ = [
    "Accounts",
    "CollateralisedBorrowers",
    "DepegArbitrageur",
    "Funded",
    "Hedger",
    "LPBorrower",
    "LeverageTarget",
    "LeverageVault",
    "Leveraged",
    "MarginTraders",
    "PoolArbitrageur",
    "Pyramider",
    "RecursiveBorrowers",
    "RecursiveYieldBorrower",
    "RehypothecatingLender",
    "SelfDeleverager",
    "StopLoss",
    "ValueFund",
    "VaultDepositor",
    "VolatilityTarget",
    "draw_accounts",
    "stacked_accounts",
]
