import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

@disjoint_base
class Reconciler:
    def __init__(self, levels: int, tick: int, instrument: int, expected: int) -> None: ...

def reconcile(
    rows: NDArray[np.void], book: NDArray[np.int64], tick: int, instrument: int
) -> tuple[
    NDArray[np.void], NDArray[np.int64], NDArray[np.bool_], dict[str, int], dict[str, int] | None
]: ...
