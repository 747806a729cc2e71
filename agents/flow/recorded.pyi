from typing_extensions import disjoint_base

from agents.simulation import Participant
from lob.recorded_day import RecordedDay

__all__ = ["RecordedFlow"]

@disjoint_base
class RecordedFlow(Participant):
    def __init__(
        self,
        name: str,
        day: RecordedDay,
        *,
        half_life_ns: float = 0.0,
        instrument: int = 0,
        owner: int | None = None,
    ) -> None: ...
    @property
    def day(self) -> RecordedDay: ...
    @property
    def half_life_ns(self) -> float: ...
    @property
    def instrument(self) -> int: ...
    @property
    def sent(self) -> int: ...
    @property
    def lost(self) -> int: ...
