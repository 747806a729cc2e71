from collections.abc import Callable
from typing import final

from lob.feeds._taken import Taken

@final
class Shape(Taken):
    def __init__(self, shape: object, classify: Callable[[str], int]) -> None: ...
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
