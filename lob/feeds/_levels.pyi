from typing import final

import numpy as np
from numpy.typing import NDArray

from lob.feeds._taken import Taken

OPEN: int
WAITING: int
FOLLOWING: int
DONE: int
FULL: int
ATTEND: int
WRONG: int
NO_CRC: int
KRAKEN: int
OKX: int

@final
class Saved:
    symbol: int
    @property
    def ids(self) -> tuple[int, int]: ...
    @property
    def ts(self) -> int: ...
    @property
    def line(self) -> int: ...

@final
class LevelBooks:
    live: int
    crossed: int
    locked: int
    unknown_ids: int
    duplicate_ids: int
    overdrawn: int
    crossed_before_open: int
    locked_before_open: int
    gaps: int
    early: int
    stale: int
    snapshots: int
    unnamed: int
    beyond: int
    first_ts: int
    last_ts: int
    went_back: int
    wrong: str
    wrong_line: int
    def __init__(
        self,
        *,
        chained: bool = False,
        rising: bool = False,
        counted: bool = False,
        bridged: bool = False,
        in_runs: bool = False,
        checksum: int = 0,
    ) -> None: ...
    def survey(self, shape: Taken) -> None: ...
    def found(self) -> list[tuple[int, int, bool]]: ...
    def trade_in(
        self,
        number: int,
        price_decimals: int,
        tick: int,
        size_decimals: int,
        lot: int,
        state: int,
    ) -> None: ...
    def follow(self, shape: Taken, at: int, rows: int) -> tuple[int, int]: ...
    def save(self, shape: Taken, at: int) -> Saved: ...
    def is_snapshot(self, shape: Taken, at: int) -> bool: ...
    def state(self, number: int) -> int: ...
    def put(self, saved: Saved, ts: int = -1) -> None: ...
    def add(self, saved: Saved) -> None: ...
    def taken(self) -> tuple[NDArray[np.void], NDArray[np.bool_], NDArray[np.void]]: ...
    @property
    def checks(self) -> dict[str, tuple[int, int, str]]: ...
    def close(self, before_open: bool = False) -> None: ...
    def levels(self, instrument: int, side: int) -> NDArray[np.void]: ...
    def orders(self, instrument: int) -> dict[int, tuple[int, int, int]]: ...
