import numpy as np
from numpy.typing import NDArray

SPARE: int
NOT_A_NUMBER: int
TOO_FEW: int
TOO_MANY: int
TOO_LONG: int
NO_LEVEL: int
NOT_WORSE: int
CROSSED: int

def parse(
    data: bytearray | memoryview,
    start: int,
    end: int,
    cells: NDArray[np.int64],
    seconds_first: bool,
    last: bool,
) -> tuple[int, int, tuple[int, int, int] | None]: ...
def check_book(
    book: NDArray[np.int64], no_ask: int, no_bid: int, most: int
) -> tuple[bool, tuple[int, int, int, int] | None]: ...
