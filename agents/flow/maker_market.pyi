from collections.abc import Iterable
from typing import Literal, SupportsFloat

from typing_extensions import disjoint_base

from agents.flow.fair_value import FairValue
from agents.flow.flow import BackgroundFlow
from agents.latency import Distance, Latency

__all__ = ["MakerMarket"]

@disjoint_base
class MakerMarket(BackgroundFlow):
    def __init__(
        self,
        name: str,
        *,
        price: int,
        clusters: SupportsFloat,
        limit_rate: SupportsFloat,
        market_sizes: Iterable[int],
        limit_sizes: Iterable[int],
        volatility: SupportsFloat,
        impact: SupportsFloat,
        gap: SupportsFloat,
        distances: Iterable[int],
        followers: Iterable[SupportsFloat] = (0.45, 0.22, 0.17),
        follower_rates: Iterable[SupportsFloat] = (200.0, 7.8, 0.08),
        same_side: Iterable[SupportsFloat] = (0.985, 0.97, 0.84),
        metaorders: int = 0,
        metaorder_rate: SupportsFloat = 0.0,
        beta: SupportsFloat = 1.5,
        answers: Iterable[SupportsFloat] = (1.0, 1.0, 1.0),
        answer_rates: Iterable[SupportsFloat] = (250.0, 25.0, 1.4),
        answer_same: Iterable[SupportsFloat] = (0.5, 0.5, 0.5),
        join: SupportsFloat = 0.2,
        undercut: SupportsFloat = 0.5,
        reach: SupportsFloat = 0.6,
        ages: Iterable[SupportsFloat] = (
            0.002,
            0.005,
            0.01,
            0.02,
            0.05,
            0.1,
            0.2,
            0.5,
            1.0,
            2.0,
            5.0,
            10.0,
        ),
        hazard: Iterable[SupportsFloat] = (
            45.0,
            12.0,
            7.7,
            3.3,
            1.6,
            0.84,
            0.47,
            0.33,
            0.28,
            0.16,
            0.1,
            0.06,
            0.02,
        ),
        patience: SupportsFloat = 0.0,
        least_gap: SupportsFloat = 0.0,
        reaction: SupportsFloat = 5.0,
        news_rate: SupportsFloat = 0.1,
        news_followers: SupportsFloat = 0.0,
        news_follower_rate: SupportsFloat = 0.02,
        permanent: SupportsFloat = 0.44,
        decays: Iterable[SupportsFloat] = (0.008, 0.003, 0.001),
        forgetting: SupportsFloat = 0.0,
        calm: SupportsFloat = 1.0,
        thinning: SupportsFloat = 0.0,
        least_share: SupportsFloat = 0.1,
        calming: SupportsFloat = 0.005,
        depth: int | None = None,
        recognise_sources: bool = True,
        forced_sources: Literal["account", "engine"] = "account",
        follows: int | None = None,
        size: int = 1,
        instrument: int = 0,
        owner: int | None = None,
        to_venue: Latency | Distance | None = None,
        from_venue: Latency | Distance | None = None,
        computation_delay: int = 0,
        market_data_delay: int = 0,
    ) -> None: ...
    @property
    def absences(self) -> tuple[tuple[int, int, float], ...]: ...
    def move_fair_value(self, times: Iterable[int], moves: Iterable[SupportsFloat]) -> None: ...
    def leave(self, start: int, end: int, share: SupportsFloat) -> None: ...
    @property
    def fair(self) -> FairValue: ...
    @property
    def fair_value(self) -> float: ...
    @property
    def standing_share(self) -> float: ...
    @property
    def recognise_sources(self) -> bool: ...
    @property
    def follows(self) -> int: ...
