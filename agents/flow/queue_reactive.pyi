from collections.abc import Iterable
from typing import SupportsFloat

from typing_extensions import disjoint_base

from agents.flow.flow import BackgroundFlow
from agents.latency import Distance, Latency

__all__ = ["QueueReactive"]

@disjoint_base
class QueueReactive(BackgroundFlow):
    def __init__(
        self,
        name: str,
        *,
        price: int,
        limit: Iterable[Iterable[SupportsFloat]],
        cancel: Iterable[Iterable[SupportsFloat]],
        market: Iterable[Iterable[SupportsFloat]],
        theta: SupportsFloat,
        theta_reinit: SupportsFloat = 0.0,
        size: int = 1,
        instrument: int = 0,
        owner: int | None = None,
        to_venue: Latency | Distance | None = None,
        from_venue: Latency | Distance | None = None,
        computation_delay: int = 0,
        market_data_delay: int = 0,
    ) -> None: ...
    @property
    def levels(self) -> int: ...
    @property
    def reference(self) -> int: ...
    @property
    def theta(self) -> float: ...
    @property
    def theta_reinit(self) -> float: ...
