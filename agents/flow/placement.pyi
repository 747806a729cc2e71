from collections.abc import Iterable
from typing import SupportsFloat

from typing_extensions import disjoint_base

__all__ = ["Placement"]

@disjoint_base
class Placement:
    def __init__(
        self,
        gap: SupportsFloat,
        *,
        distances: Iterable[int],
        join: SupportsFloat,
        undercut: SupportsFloat,
        reach: SupportsFloat,
        least_gap: SupportsFloat,
    ) -> None: ...
    @property
    def gap(self) -> float: ...
    @property
    def join(self) -> float: ...
    @property
    def undercut(self) -> float: ...
    @property
    def reach(self) -> float: ...
    @property
    def least_gap(self) -> float: ...
    def price_at(
        self, side: int, fair: float, best: int, other: int, where: float, far: float
    ) -> int: ...
