from collections.abc import Sequence
from typing import SupportsFloat

from typing_extensions import disjoint_base

__all__ = ["Lifetimes"]

@disjoint_base
class Lifetimes:
    def __init__(self, ages: Sequence[SupportsFloat], hazard: Sequence[SupportsFloat]) -> None: ...
    @property
    def mean(self) -> float: ...
    def survival(self, age: float) -> float: ...
    def draw(self, luck: float, age: float = 0.0) -> float: ...
