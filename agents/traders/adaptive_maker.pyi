from typing import Any, SupportsIndex

from typing_extensions import disjoint_base

from agents.simulation import Participant
from agents.traders.population import Population

__all__ = ["AdaptiveMakers", "MarketWatch"]

@disjoint_base
class MarketWatch(Participant):
    def __init__(
        self, name: str, *, instrument: SupportsIndex, threshold: float, makers: AdaptiveMakers
    ) -> None: ...
    @property
    def instrument(self) -> int: ...
    @property
    def threshold(self) -> float: ...
    @property
    def makers(self) -> AdaptiveMakers: ...
    @property
    def leans(self) -> bool: ...

@disjoint_base
class AdaptiveMakers(Population):
    def __init__(
        self,
        name: str,
        members: SupportsIndex,
        *,
        mean_gap: float,
        levels: SupportsIndex = 10,
        share: float = 0.025,
        least_size: SupportsIndex = 1,
        first_window: float = 50.0,
        newest: float = 0.75,
        level_spacing: float = 5.0,
        imbalance_shift: float = 4.0,
        lookback: float = 60.0,
        cancel_delay: SupportsIndex = 50,
        threshold: float = 0.9,
        sleeps_for_ever: bool = False,
        quotes_while_asking: bool = False,
        **arguments: Any,
    ) -> None: ...
    @property
    def mean_gap(self) -> float: ...
    @property
    def levels(self) -> int: ...
    @property
    def share(self) -> float: ...
    @property
    def least_size(self) -> int: ...
    @property
    def first_window(self) -> float: ...
    @property
    def newest(self) -> float: ...
    @property
    def level_spacing(self) -> float: ...
    @property
    def imbalance_shift(self) -> float: ...
    @property
    def lookback(self) -> int: ...
    @property
    def cancel_delay(self) -> int: ...
    @property
    def threshold(self) -> float: ...
    @property
    def sleeps_for_ever(self) -> bool: ...
    @property
    def quotes_while_asking(self) -> bool: ...
    @property
    def ladders_on_waking(self) -> int: ...
    @property
    def ladders_on_leaning(self) -> int: ...
    @property
    def watch(self) -> MarketWatch | None: ...
