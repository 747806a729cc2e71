"""Who trades, and why: what one needs beside the background flow."""

from agents.traders.adaptive_maker import AdaptiveMakers, MarketWatch
from agents.traders.chartist import FundamentalChartists
from agents.traders.fundamental import Fundamental
from agents.traders.momentum import MomentumTraders
from agents.traders.noise import NoiseTraders
from agents.traders.population import Population
from agents.traders.sizes import SizeMixture
from agents.traders.value import Belief, ValueTraders

__all__ = [
    "AdaptiveMakers",
    "Belief",
    "Fundamental",
    "FundamentalChartists",
    "MarketWatch",
    "MomentumTraders",
    "NoiseTraders",
    "Population",
    "SizeMixture",
    "ValueTraders",
]
