from collections.abc import Iterable
from typing import Any, Self

from typing_extensions import disjoint_base

from agents.random import RandomStream

__all__ = ["SizeMixture"]

MAX_LOTS: int

@disjoint_base
class SizeMixture:
    def __init__(self, components: Iterable[tuple[str, float, float, float]]) -> None: ...
    @property
    def components(self) -> tuple[tuple[str, float, float, float], ...]: ...
    def draw(self, stream: RandomStream) -> int: ...
    def mean(self) -> float: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> Self: ...
