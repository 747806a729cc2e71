from collections.abc import Iterable
from typing import SupportsFloat

from typing_extensions import disjoint_base

__all__ = ["Choice"]

@disjoint_base
class Choice:
    def __init__(self, name: str, weights: Iterable[SupportsFloat]) -> None: ...
    @property
    def total(self) -> float: ...
    def probabilities(self) -> list[float]: ...
