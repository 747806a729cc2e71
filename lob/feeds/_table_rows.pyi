from collections.abc import Callable, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from lob.feeds._taken import Taken

@final
class TableRows(Taken):
    passed_over: int
    def __init__(
        self,
        classify: Callable[[str], int],
        columns: Sequence[tuple[int | None, int]] = (),
        kind: str = "depth",
        snapshot: str = "snapshot",
        grouped: bool = True,
        trades: bool = False,
    ) -> None: ...
    def read_rows(
        self, data: bytes, at: int, line: int
    ) -> tuple[int, int, tuple[str, str] | None]: ...
    def read_events(self, events: NDArray[np.void], at: int) -> str | None: ...
    def finish(self) -> None: ...
