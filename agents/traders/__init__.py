"""Traders with a purpose: makers, takers, arbitrageurs and populations beside background flow."""

from agents.traders.adaptive_maker import AdaptiveMakers, MarketWatch
from agents.traders.arbitrage import FixedBand, MovingBand, PairArbitrage, StatisticalArbitrage
from agents.traders.chartist import FundamentalChartists
from agents.traders.execution import Executor
from agents.traders.follower import PriceFollower
from agents.traders.fundamental import Fundamental
from agents.traders.makers import (
    AvellanedaStoikov,
    GueantLehalleFernandezTapia,
    LadderMaker,
    Maker,
    VolumeShare,
)
from agents.traders.momentum import MomentumTraders
from agents.traders.noise import NoiseTraders
from agents.traders.path_maker import PathMaker
from agents.traders.population import Population
from agents.traders.schedules import POV, TWAP, VWAP, AlmgrenChriss, ObizhaevaWang
from agents.traders.sizes import SizeMixture
from agents.traders.stress_maker import (
    DrawdownLimit,
    InventoryLimit,
    MakerState,
    StressSensitiveMaker,
    VolatilityLimit,
)
from agents.traders.value import Belief, ValueTraders

__all__ = [
    "POV",
    "TWAP",
    "VWAP",
    "AdaptiveMakers",
    "AlmgrenChriss",
    "AvellanedaStoikov",
    "Belief",
    "DrawdownLimit",
    "Executor",
    "FixedBand",
    "Fundamental",
    "FundamentalChartists",
    "GueantLehalleFernandezTapia",
    "InventoryLimit",
    "LadderMaker",
    "Maker",
    "MakerState",
    "MarketWatch",
    "MomentumTraders",
    "MovingBand",
    "NoiseTraders",
    "ObizhaevaWang",
    "PairArbitrage",
    "PathMaker",
    "Population",
    "PriceFollower",
    "SizeMixture",
    "StatisticalArbitrage",
    "StressSensitiveMaker",
    "ValueTraders",
    "VolatilityLimit",
    "VolumeShare",
]
