from typing import SupportsIndex

from typing_extensions import disjoint_base

from agents.latency import Distance, Latency
from agents.simulation import Participant

__all__ = ["Population"]

@disjoint_base
class Population(Participant):
    def __init__(
        self,
        name: str,
        members: SupportsIndex,
        *,
        instrument: SupportsIndex = 0,
        opens: SupportsIndex = 0,
        closes: SupportsIndex = ...,
        latency: Latency | Distance | None = None,
        computation_delay: SupportsIndex = 0,
        owner: SupportsIndex | None = None,
    ) -> None: ...
    @property
    def instrument(self) -> int: ...
    @property
    def opens(self) -> int: ...
    @property
    def closes(self) -> int: ...
    def latency_of(self, member: SupportsIndex) -> int | None: ...
