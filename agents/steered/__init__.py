"""A participant that sells what it is told from outside, step by step, and what it sees."""

from agents.steered.sales import ENGINE_FACTS, KEEPER_FACTS, Sales
from agents.steered.seller import MAX_LOTS, SteeredSeller

__all__ = ["ENGINE_FACTS", "KEEPER_FACTS", "MAX_LOTS", "Sales", "SteeredSeller"]
