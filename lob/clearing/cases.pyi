from collections.abc import Iterable
from typing import Any, Self, SupportsIndex, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from lob.clearing.collateral import Claim
from lob.clearing.margin_accounts import MarginAccounts

__all__ = ["Cases"]

@final
@disjoint_base
class Cases:
    def __init__(self, accounts: MarginAccounts, *, liquidation_fee: SupportsIndex = 0) -> None: ...
    @property
    def accounts(self) -> MarginAccounts: ...
    @property
    def total(self) -> int: ...
    def redeem_these(self, claims: Iterable[Claim]) -> None: ...
    @property
    def open_count(self) -> int: ...
    @property
    def table(self) -> NDArray[np.void]: ...
    def memory_bytes(self) -> int: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> Self: ...
