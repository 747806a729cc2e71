from typing import Any, Self, SupportsIndex

from typing_extensions import disjoint_base

from lob.clearing.margin import MarginModel
from lob.clearing.oracle import Oracle

__all__ = ["Holding"]

@disjoint_base
class Holding:
    def __init__(
        self,
        oracle: Oracle,
        margin: MarginModel,
        *,
        instrument: SupportsIndex = 0,
        asset: str | None = None,
    ) -> None: ...
    @property
    def oracle(self) -> Oracle: ...
    @property
    def margin(self) -> MarginModel: ...
    @property
    def name(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def instrument(self) -> int: ...
    @property
    def mark_price(self) -> int | None: ...
    def load_margin(self) -> None: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> Self: ...
