from collections.abc import Iterable
from typing import SupportsIndex

from typing_extensions import disjoint_base

from lob.clearing.holding import Holding
from lob.clearing.margin import PortfolioMargin
from lob.clearing.margin_accounts import MarginAccounts

__all__ = ["WatchedAccounts"]

@disjoint_base
class WatchedAccounts(MarginAccounts):
    deadline: int
    def __init__(
        self,
        name: str,
        holdings: Iterable[Holding],
        cash: str,
        insurance_fund: SupportsIndex,
        portfolio: PortfolioMargin | None,
    ) -> None: ...
    def count_failing(self) -> int: ...
    def observe_price(self, price: SupportsIndex, *, holding: SupportsIndex = 0) -> None: ...
    def check(self) -> None: ...
