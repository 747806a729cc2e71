from typing import Any, SupportsIndex

from typing_extensions import disjoint_base

from agents.traders.population import Population
from agents.traders.sizes import SizeMixture

__all__ = ["NoiseTraders"]

@disjoint_base
class NoiseTraders(Population):
    def __init__(
        self,
        name: str,
        members: SupportsIndex,
        *,
        sizes: SizeMixture,
        earliest: SupportsIndex | None = None,
        latest: SupportsIndex | None = None,
        **arguments: Any,
    ) -> None: ...
    @property
    def sizes(self) -> SizeMixture: ...
    @property
    def earliest(self) -> int: ...
    @property
    def latest(self) -> int: ...
