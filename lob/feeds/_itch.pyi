from collections.abc import Callable
from typing import final

import numpy as np
from numpy.typing import NDArray

from lob.feeds._books import Books

TYPE: int
LENGTH: int
SIDE: int
SIZE: int
PRICE: int
LENGTHS: dict[str, int]

@final
class ItchParser:
    first_ts: int
    last_ts: int
    went_back: int
    named_right: int
    named_wrong: int
    emitted: int
    printed: int
    any_session: bool
    market_open: bool
    problem: int
    def __init__(
        self,
        books: Books,
        prefix: int,
        own_lengths: bool,
        chosen: Callable[[int, str], bool],
        told: Callable[[str, int, int, str], None],
        rows_wanted: bool,
    ) -> None: ...
    def records(self) -> dict[str, int]: ...
    def parse(
        self, data: bytes | memoryview, start: int, rows: int
    ) -> tuple[int, NDArray[np.void], NDArray[np.bool_], NDArray[np.void]]: ...
    def close(self) -> None: ...
