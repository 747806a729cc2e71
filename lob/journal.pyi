from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["depth_at", "depths", "first_of_message", "quotes", "trades"]

def quotes(
    events: NDArray[np.void], instrument: int = 0, orders: NDArray[np.void] | None = None
) -> tuple[NDArray[np.void], NDArray[np.int64]]: ...
def depths(
    events: NDArray[np.void],
    upto: NDArray[np.integer] | Sequence[int],
    levels: int = 10,
    instrument: int = 0,
    orders: NDArray[np.void] | None = None,
) -> NDArray[np.void]: ...
def depth_at(
    events: NDArray[np.void],
    upto: int,
    levels: int = 10,
    instrument: int = 0,
    orders: NDArray[np.void] | None = None,
) -> tuple[NDArray[np.void], NDArray[np.void]]: ...
def trades(events: NDArray[np.void], instrument: int | None = None) -> NDArray[np.void]: ...
def first_of_message(events: NDArray[np.void]) -> NDArray[np.bool_]: ...
