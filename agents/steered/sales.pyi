from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from agents.steered.seller import SteeredSeller

__all__ = ["ENGINE_FACTS", "KEEPER_FACTS", "Sales"]

ENGINE_FACTS: tuple[str, ...]
KEEPER_FACTS: tuple[str, ...]

@disjoint_base
class Sales:
    def __init__(
        self,
        count: SupportsIndex,
        *,
        keeper: bool = False,
        lots: SupportsIndex,
        step_ns: SupportsIndex,
        steps: SupportsIndex,
        reach: SupportsIndex,
        discount_start: SupportsIndex = 0,
        discount_end: SupportsIndex = 0,
        rivals: bool = False,
    ) -> None: ...
    @property
    def count(self) -> int: ...
    @property
    def keeper(self) -> bool: ...
    @property
    def lots(self) -> int: ...
    @property
    def step_ns(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def reach(self) -> int: ...
    @property
    def discount_start(self) -> int: ...
    @property
    def discount_end(self) -> int: ...
    @property
    def rivals(self) -> bool: ...
    @property
    def observations(self) -> NDArray[np.float32]: ...
    @property
    def rewards(self) -> NDArray[np.float64]: ...
    @property
    def terminated(self) -> NDArray[np.bool_]: ...
    @property
    def truncated(self) -> NDArray[np.bool_]: ...
    @property
    def facts(self) -> NDArray[np.int64]: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    def begin(self, index: SupportsIndex, seller: SteeredSeller) -> None: ...
    def step(
        self, actions: NDArray[np.float32], active: NDArray[np.bool_], name: str = "actions"
    ) -> None: ...
