import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

@disjoint_base
class Books:
    live: int
    unknown_ids: int
    duplicate_ids: int
    overdrawn: int
    crossed: int
    locked: int
    crossed_before_open: int
    locked_before_open: int
    def apply(self, messages: NDArray[np.void], consistent: NDArray[np.bool_]) -> None: ...
    def clear(self, instrument: int) -> None: ...
    def close(self, before_open: bool = False) -> None: ...
    def levels(self, instrument: int, side: int) -> NDArray[np.void]: ...
    def orders(self, instrument: int) -> dict[int, tuple[int, int, int]]: ...
