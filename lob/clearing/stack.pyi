from collections.abc import Sequence
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray

from lob.clearing.clearing import Clearing

__all__ = ["ACCOUNT_VALUE", "count_failing", "fails_at", "value_accounts"]

ACCOUNT_VALUE: np.dtype[np.void]

def value_accounts(
    clearing: Clearing, marks: Sequence[int], gross: Sequence[float] | None = None
) -> NDArray[np.void]: ...
def fails_at(clearing: Clearing, account: SupportsIndex, marks: Sequence[int]) -> bool: ...
def count_failing(clearing: Clearing, marks: Sequence[int]) -> tuple[int, int]: ...
