from collections.abc import Iterable, Sequence
from typing import SupportsIndex

from numpy.typing import ArrayLike
from typing_extensions import disjoint_base

__all__ = [
    "BestAsk",
    "BestBid",
    "Ema",
    "External",
    "Fixed",
    "Last",
    "Median",
    "Mid",
    "Oracle",
    "Source",
    "Twap",
]

@disjoint_base
class Source:
    def __init__(self) -> None: ...
    @property
    def price(self) -> int | None: ...

@disjoint_base
class OfBook(Source):
    def __init__(self, instrument: SupportsIndex = 0) -> None: ...
    @property
    def instrument(self) -> int: ...

class Last(OfBook): ...
class BestBid(OfBook): ...
class BestAsk(OfBook): ...
class Mid(OfBook): ...

class Fixed(Source):
    def __init__(self, price: SupportsIndex) -> None: ...

@disjoint_base
class External(Source):
    def __init__(self, times: ArrayLike, prices: ArrayLike) -> None: ...
    def fill(self, times: object, prices: object) -> None: ...

@disjoint_base
class Average(Source):
    @property
    def of(self) -> Source: ...
    @property
    def sample(self) -> int: ...

@disjoint_base
class Ema(Average):
    def __init__(
        self, of: Source, half_life: SupportsIndex, *, sample: SupportsIndex = 1_000_000_000
    ) -> None: ...
    @property
    def half_life(self) -> int: ...

@disjoint_base
class Twap(Average):
    def __init__(
        self, of: Source, window: SupportsIndex, *, sample: SupportsIndex = 1_000_000_000
    ) -> None: ...
    @property
    def window(self) -> int: ...

@disjoint_base
class Median(Source):
    def __init__(self, sources: Iterable[Source]) -> None: ...
    @property
    def sources(self) -> list[Source]: ...

@disjoint_base
class Oracle:
    deadline: int
    def __init__(
        self,
        source: Source,
        *,
        lag: SupportsIndex = 0,
        heartbeat: SupportsIndex = 0,
        deviation: SupportsIndex = 0,
        outages: Iterable[Sequence[int]] = (),
        manipulations: Iterable[Sequence[int]] = (),
        fixings: Iterable[Sequence[int]] = (),
    ) -> None: ...
    @property
    def source(self) -> Source: ...
    @property
    def price(self) -> int: ...
    @property
    def true_price(self) -> int: ...
    @property
    def published_at(self) -> int: ...
    @property
    def cause(self) -> int: ...
    @property
    def cause_tag(self) -> int: ...
    @property
    def lag(self) -> int: ...
    @property
    def heartbeat(self) -> int: ...
    @property
    def deviation(self) -> int: ...
    @property
    def outages(self) -> tuple[tuple[int, int], ...]: ...
    @property
    def manipulations(self) -> tuple[tuple[int, int, int], ...]: ...
    @property
    def fixings(self) -> tuple[tuple[int, int, int], ...]: ...
    def observe_price(self, ts: SupportsIndex, price: SupportsIndex) -> bool: ...
    def pass_time(self, ts: SupportsIndex) -> bool: ...
