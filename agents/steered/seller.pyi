from typing import SupportsIndex

from typing_extensions import disjoint_base

from agents.simulation import Participant

__all__ = ["MAX_LOTS", "SteeredSeller"]

MAX_LOTS: int

@disjoint_base
class SteeredSeller(Participant):
    def __init__(
        self,
        name: str,
        *,
        inventory: SupportsIndex = 0,
        instrument: SupportsIndex = 0,
        owner: SupportsIndex | None = None,
    ) -> None: ...
    @property
    def instrument(self) -> int: ...
    @property
    def inventory(self) -> int: ...
    @property
    def cash(self) -> int: ...
    @property
    def sold(self) -> int: ...
    @property
    def working(self) -> int: ...
    def sell(self, size: SupportsIndex, price: SupportsIndex | None = None) -> None: ...
