from collections.abc import Sequence
from fractions import Fraction
from typing import SupportsIndex

from typing_extensions import disjoint_base

from lob.clearing.collateral import Claim
from lob.clearing.valuation import ClaimValue
from lob.types import Side

__all__ = ["FairShare", "Pool", "SpotPrice", "impermanent_loss"]

@disjoint_base
class Pool(Claim):
    def __init__(
        self,
        name: str,
        *,
        base: str,
        cash: str = "cash",
        fee: SupportsIndex = 3_000,
        initial: Sequence[SupportsIndex] = (1, 1),
        multiplier: SupportsIndex = 1,
    ) -> None: ...
    @property
    def fee(self) -> int: ...
    @property
    def multiplier(self) -> int: ...
    @property
    def reserves(self) -> tuple[int, int]: ...
    @property
    def spot(self) -> Fraction | None: ...
    def quote(self, side: Side | int, size: SupportsIndex) -> int | None: ...

class FairShare(ClaimValue): ...
class SpotPrice(ClaimValue): ...

def impermanent_loss(
    deposited: tuple[int, int], withdrawn: tuple[int, int], price: Fraction | int
) -> Fraction: ...
