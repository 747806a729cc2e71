from typing import Any, SupportsIndex

from typing_extensions import disjoint_base

from agents.traders.population import Population

__all__ = ["FundamentalChartists"]

@disjoint_base
class FundamentalChartists(Population):
    def __init__(
        self,
        name: str,
        members: SupportsIndex,
        *,
        fundamental: SupportsIndex,
        step: SupportsIndex,
        steps: SupportsIndex,
        quiet_steps: SupportsIndex = 0,
        orders_per_step: SupportsIndex = 1,
        weights: tuple[float, float, float] = (1.0, 0.0, 1.0),
        noise_scale: float = 0.001,
        windows: tuple[float, float] = (100, 200),
        patience: tuple[float, float] = (50, 100),
        margins: tuple[float, float] = (0.0, 0.1),
        **arguments: Any,
    ) -> None: ...
    @property
    def fundamental(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def quiet_steps(self) -> int: ...
    @property
    def orders_per_step(self) -> int: ...
    @property
    def noise_scale(self) -> float: ...
    @property
    def weights(self) -> tuple[float, float, float]: ...
    @property
    def windows(self) -> tuple[float, float]: ...
    @property
    def patience(self) -> tuple[float, float]: ...
    @property
    def margins(self) -> tuple[float, float]: ...

def span(name: str, ends: tuple[float, float], low: float, high: float) -> tuple[float, float]: ...
