from collections.abc import Callable
from typing import SupportsIndex

from typing_extensions import disjoint_base

from lob.clearing.clearing import Clearing
from lob.clearing.liquidation_engine import LiquidationEngine

__all__ = ["Frozen", "MarketSale"]

@disjoint_base
class MarketSale(LiquidationEngine):
    def __init__(
        self,
        sizing: Callable[[Clearing, int, int], int] | None = None,
        *,
        delay: SupportsIndex = 0,
        retry: SupportsIndex = 1_000_000_000,
    ) -> None: ...
    @property
    def clearing(self) -> Clearing: ...
    @property
    def sizing(self) -> Callable[[Clearing, int, int], int] | None: ...
    @property
    def delay(self) -> int: ...
    @property
    def retry(self) -> int: ...

class Frozen(LiquidationEngine): ...
