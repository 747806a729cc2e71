import numpy as np
from numpy.typing import NDArray

def compare(
    events: NDArray[np.void],
    opens: NDArray[np.uint8],
    rows: NDArray[np.int64],
    skipped: NDArray[np.uint8],
    book: NDArray[np.int64],
    tick: int,
) -> NDArray[np.uint8]: ...
