from collections.abc import Iterable
from typing import SupportsFloat

from typing_extensions import disjoint_base

from agents.flow.flow import BackgroundFlow
from agents.latency import Distance, Latency

__all__ = ["EVENT_TYPES", "Hawkes"]

EVENT_TYPES: tuple[str, ...]

@disjoint_base
class Hawkes(BackgroundFlow):
    def __init__(
        self,
        name: str,
        *,
        price: int,
        baseline: Iterable[SupportsFloat],
        excitation: Iterable[Iterable[SupportsFloat]],
        decay: float | Iterable[SupportsFloat],
        placement: Iterable[SupportsFloat] = (1.0,),
        theta: SupportsFloat = 0.0,
        size: int = 1,
        instrument: int = 0,
        owner: int | None = None,
        to_venue: Latency | Distance | None = None,
        from_venue: Latency | Distance | None = None,
        computation_delay: int = 0,
        market_data_delay: int = 0,
    ) -> None: ...
    def intensities(self) -> list[float]: ...
