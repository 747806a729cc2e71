from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from lob.book import OrderBook

@disjoint_base
class Resubmission:
    recorded: OrderBook
    live: OrderBook | None
    halted: bool
    settled: bool
    resent: int
    aggressors: int
    unfilled_aggressors: int
    unfilled_lots: int
    by_id: int
    orphaned_executions: int
    orphaned_cancels: int
    orphaned_replaces: int
    cut_short: int
    crossed_adds: int
    uncrossed: int
    refused: int
    def __init__(
        self,
        instrument: int,
        *,
        levels: bool = False,
        window_ns: int = 0,
        tells_crossing: bool = False,
        half_life_ns: float = 0.0,
    ) -> None: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> Self: ...
    def fork(self, ts_event: int) -> None: ...
    def halt(self, halted: bool, ts_event: int) -> None: ...
    def follow(
        self,
        messages: NDArray[np.void],
        consistent: NDArray[np.bool_],
        prints: NDArray[np.void],
        first: int,
        stop: bool = False,
        then: int = -1,
    ) -> tuple[int, NDArray[np.void], NDArray[np.void], NDArray[np.bool_]]: ...
    def send(self, messages: NDArray[np.void]) -> NDArray[np.void]: ...
    def taken(self) -> NDArray[np.void]: ...
    def finish(self) -> None: ...
    def displace(self, ticks: float, ts_event: int) -> None: ...
    def displacement(self, ts_event: int) -> int: ...

def bytes_of(rows: NDArray[np.void], dtype: np.dtype[Any]) -> NDArray[np.uint8]: ...
