from typing_extensions import disjoint_base

from agents.latency import Distance, Latency
from agents.simulation import Participant

__all__ = ["BackgroundFlow"]

@disjoint_base
class BackgroundFlow(Participant):
    def __init__(
        self,
        name: str,
        *,
        price: int,
        size: int = 1,
        instrument: int = 0,
        owner: int | None = None,
        to_venue: Latency | Distance | None = None,
        from_venue: Latency | Distance | None = None,
        computation_delay: int = 0,
        market_data_delay: int = 0,
    ) -> None: ...
    @property
    def instrument(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def live(self) -> int: ...
    @property
    def last_bid(self) -> int: ...
    @property
    def last_ask(self) -> int: ...
    @property
    def least_price(self) -> int: ...
