from collections.abc import Iterable
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from lob.clearing.holding import Holding
from lob.clearing.margin import PortfolioMargin
from lob.clearing.order_checks import OrderChecks

__all__ = ["Cases"]

@disjoint_base
class Cases(OrderChecks):
    def __init__(
        self,
        name: str,
        holdings: Iterable[Holding],
        cash: str,
        insurance_fund: SupportsIndex,
        portfolio: PortfolioMargin | None,
        liquidation_fee: SupportsIndex,
    ) -> None: ...
    @property
    def case_count(self) -> int: ...
    @property
    def open_cases(self) -> int: ...
    @property
    def cases(self) -> NDArray[np.void]: ...
