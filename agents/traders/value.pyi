from typing import Any, SupportsIndex

from typing_extensions import disjoint_base

from agents.traders.fundamental import Fundamental
from agents.traders.population import Population
from agents.traders.sizes import SizeMixture

__all__ = ["Belief", "ValueTraders"]

@disjoint_base
class Belief:
    def __init__(
        self,
        mean: float,
        *,
        reversion: float,
        volatility: float,
        noise_variance: float,
        ts: SupportsIndex = 0,
    ) -> None: ...
    def observe(self, seen: float, ts: SupportsIndex) -> None: ...
    def at(self, ts: SupportsIndex) -> float: ...
    @property
    def value(self) -> float: ...
    @property
    def variance(self) -> float: ...

@disjoint_base
class ValueTraders(Population):
    def __init__(
        self,
        name: str,
        members: SupportsIndex,
        *,
        fundamental: Fundamental,
        sizes: SizeMixture,
        rate: float,
        mean: float,
        reversion: float,
        volatility: float,
        noise_variance: float,
        aggressive: float = 0.1,
        depth: SupportsIndex = 2,
        **arguments: Any,
    ) -> None: ...
    @property
    def fundamental(self) -> Fundamental: ...
    @property
    def sizes(self) -> SizeMixture: ...
    @property
    def rate(self) -> float: ...
    @property
    def aggressive(self) -> float: ...
    @property
    def depth(self) -> int: ...
