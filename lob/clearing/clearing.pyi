from collections.abc import Callable, Iterable
from typing import Any, Self, SupportsIndex

from typing_extensions import disjoint_base

from lob.clearing.claim_graph import Claims
from lob.clearing.holding import Holding
from lob.clearing.ledger import Ledger
from lob.clearing.margin import PortfolioMargin
from lob.clearing.payments import Payments
from lob.liquidation.offers import Offer, OfferListener

__all__ = ["Clearing", "LiquidationEngine"]

@disjoint_base
class Clearing(Payments):
    def __init__(
        self,
        name: str = "clearing",
        *,
        holdings: Iterable[Holding],
        liquidation_engine: LiquidationEngine,
        cash: str = "cash",
        insurance_fund: SupportsIndex = 0,
        liquidation_fee: SupportsIndex = 0,
        portfolio: PortfolioMargin | None = None,
    ) -> None: ...
    @property
    def liquidation_engine(self) -> LiquidationEngine: ...
    def attach(self, market: Any, ledger: Ledger, number: int) -> None: ...
    def attach_claims(self, claims: Claims) -> None: ...
    def start_oracles(self) -> None: ...
    def every(
        self,
        interval: SupportsIndex,
        action: Callable[[Clearing, int], object],
        *,
        first: SupportsIndex | None = None,
    ) -> None: ...
    def run_timer(self, ts: int) -> None: ...
    def memory_bytes(self) -> int: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> Self: ...

@disjoint_base
class LiquidationEngine:
    deadline: int
    def __init__(self) -> None: ...
    @property
    def clearing(self) -> Clearing: ...
    @property
    def offers(self) -> dict[int, Offer]: ...
    @property
    def listeners(self) -> list[OfferListener]: ...
    def watch(self, listener: OfferListener) -> None: ...
    def attached(self) -> None: ...
