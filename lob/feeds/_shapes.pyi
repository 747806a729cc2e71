from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

class Code(IntEnum):
    NONE = 0
    UPDATE = 1
    SNAPSHOT = 2
    TRADE = 3
    LIQUIDATION = 4
    OTHER = 5

class Mark(IntEnum):
    SYMBOL = 1
    KIND = 2
    TOPIC = 3
    ACTION = 4
    CHANNEL = 5
    TIME_S = 6
    TIME_MS = 7
    TIME_US = 8
    TIME_NS = 9
    TIME_ISO = 10
    SENT_MS = 11
    FIRST = 12
    LAST = 13
    PREVIOUS = 14
    CHECKSUM = 15
    PRICE = 16
    SIZE = 17
    SIDE = 18
    MAKER = 19
    ID = 20
    MAKER_SIDE = 21
    LOCAL_US = 22
    LOCAL_NS = 23
    SNAPSHOT = 24

class Row(IntEnum):
    NONE = 0
    BID = 1
    ASK = 2
    LEVEL = 3
    TRADE = 4
    MESSAGE = 5
    GONE = 6
    EITHER = 7

class Each(NamedTuple):
    shape: object
    row: Row = ...
    means: str = ...

class Places(NamedTuple):
    shapes: tuple[object, ...]

class Means(NamedTuple):
    shape: object
    means: str

@final
class Shape:
    said_count: int
    level_count: int
    trade_count: int
    def __init__(self, shape: object, classify: Callable[[str], int]) -> None: ...
    passed_over: int
    def name(self, symbol: str) -> None: ...
    def read_events(self, events: NDArray[np.void], at: int) -> str | None: ...
    def clear(self) -> None: ...
    @property
    def kind_counts(self) -> dict[str, int]: ...
    @property
    def symbol_names(self) -> list[str]: ...
    def read_lines(
        self, data: bytes, at: int, line: int, bare: bool = True
    ) -> tuple[int, int, tuple[str, str] | None]: ...
    def read_body(
        self,
        body: bytes,
        local: int,
        line: int,
        symbol: bytes = b"",
        connection: int = 0,
        suffix: bytes = b"",
    ) -> tuple[str, str] | None: ...
    def set_columns(
        self,
        columns: list[tuple[int | None, int]],
        kind: str,
        snapshot: str,
        grouped: bool,
        trades: bool,
    ) -> None: ...
    def read_rows(
        self, data: bytes, at: int, line: int
    ) -> tuple[int, int, tuple[str, str] | None]: ...
    def finish(self) -> None: ...
