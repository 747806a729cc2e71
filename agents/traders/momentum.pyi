from typing import Any, SupportsIndex

from typing_extensions import disjoint_base

from agents.traders.population import Population
from agents.traders.sizes import SizeMixture

__all__ = ["MomentumTraders"]

@disjoint_base
class MomentumTraders(Population):
    def __init__(
        self,
        name: str,
        members: SupportsIndex,
        *,
        sizes: SizeMixture,
        mean_gap: float,
        short_window: SupportsIndex = 20,
        long_window: SupportsIndex = 50,
        **arguments: Any,
    ) -> None: ...
    @property
    def sizes(self) -> SizeMixture: ...
    @property
    def mean_gap(self) -> float: ...
    @property
    def short_window(self) -> int: ...
    @property
    def long_window(self) -> int: ...
