from collections.abc import Callable
from typing import final

import numpy as np
from numpy.typing import NDArray

from lob.feeds._books import Books

LENGTH: int
LEVELS: int
ACTION: int
SIDE: int
SIZE: int
PRICE: int
CLEAR: int

@final
class DbnParser:
    first_ts: int
    last_ts: int
    went_back: int
    snapshots: int
    maybe_bad: int
    without_price: int
    explained: int
    matched: int
    mismatched: int
    first_mismatch: int
    emitted: int
    printed: int
    problem: int
    clearing: int
    def __init__(
        self, books: Books, met: Callable[[int], int], rows_wanted: bool = True
    ) -> None: ...
    def records(self) -> dict[str, int]: ...
    def set_tick(self, number: int, tick: int) -> None: ...
    def scan(self, data: bytes, start: int) -> int: ...
    def divisors(self) -> dict[int, int]: ...
    def parse(
        self, data: bytes, start: int, rows: int
    ) -> tuple[int, NDArray[np.void], NDArray[np.bool_], NDArray[np.void]]: ...
    def skip(self, data: bytes, at: int) -> tuple[int, bool]: ...
    def told(self, data: bytes, at: int) -> tuple[str, str, int, int]: ...
    def time(self, data: bytes, at: int) -> int: ...
    def emit(self, count: int) -> None: ...
    def close(self) -> None: ...
