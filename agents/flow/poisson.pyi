from collections.abc import Iterable
from typing import SupportsFloat

from typing_extensions import disjoint_base

from agents.flow.flow import BackgroundFlow
from agents.latency import Distance, Latency

__all__ = ["Poisson", "ZeroIntelligence"]

@disjoint_base
class Poisson(BackgroundFlow):
    def __init__(
        self,
        name: str,
        *,
        price: int,
        lambda_: Iterable[SupportsFloat],
        theta: Iterable[SupportsFloat],
        mu: SupportsFloat,
        k: SupportsFloat = 0.0,
        alpha: SupportsFloat = 0.0,
        window: int | None = None,
        depth: int | None = 0,
        size: int = 1,
        instrument: int = 0,
        owner: int | None = None,
        to_venue: Latency | Distance | None = None,
        from_venue: Latency | Distance | None = None,
        computation_delay: int = 0,
        market_data_delay: int = 0,
    ) -> None: ...

class ZeroIntelligence(Poisson):
    def __init__(
        self,
        name: str,
        *,
        price: int,
        alpha: SupportsFloat,
        mu: SupportsFloat,
        delta: SupportsFloat,
        sigma: int = 1,
        window: int = 1_000,
        depth: int | None = 0,
        instrument: int = 0,
        owner: int | None = None,
        to_venue: Latency | Distance | None = None,
        from_venue: Latency | Distance | None = None,
        computation_delay: int = 0,
        market_data_delay: int = 0,
    ) -> None: ...
