from typing import SupportsFloat

from typing_extensions import disjoint_base

from agents.flow.poisson import Poisson
from agents.latency import Distance, Latency

__all__ = ["LongMemory"]

@disjoint_base
class LongMemory(Poisson):
    def __init__(
        self,
        name: str,
        *,
        price: int,
        metaorders: int,
        beta: SupportsFloat,
        mu: SupportsFloat,
        alpha: SupportsFloat,
        delta: SupportsFloat,
        window: int = 1_000,
        depth: int | None = 0,
        size: int = 1,
        instrument: int = 0,
        owner: int | None = None,
        to_venue: Latency | Distance | None = None,
        from_venue: Latency | Distance | None = None,
        computation_delay: int = 0,
        market_data_delay: int = 0,
    ) -> None: ...
    @property
    def metaorders(self) -> int: ...
    @property
    def beta(self) -> float: ...
