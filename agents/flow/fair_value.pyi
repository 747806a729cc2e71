from collections.abc import Iterable
from typing import SupportsFloat

from typing_extensions import disjoint_base

__all__ = ["FairValue"]

@disjoint_base
class FairValue:
    def __init__(
        self,
        start: SupportsFloat,
        *,
        impact: SupportsFloat,
        permanent: SupportsFloat,
        decays: Iterable[SupportsFloat],
        forgetting: SupportsFloat,
        calming: SupportsFloat,
    ) -> None: ...
    @property
    def start(self) -> float: ...
    @property
    def impact(self) -> float: ...
    @property
    def permanent(self) -> float: ...
    @property
    def forgetting(self) -> float: ...
    @property
    def calming(self) -> float: ...
