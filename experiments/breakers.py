"""The circuit breakers and call auctions of a scenario."""

from experiments.parts import CallAuction, CircuitBreaker
from experiments.scenario import SECOND_NS, Scenario
from lob import breaker as guards

__all__ = ["breakers_of"]


def breakers_of(scenario: Scenario) -> list[guards.Breaker]:
    """What guards the books of a scenario, new for each run."""
    return [_breaker(scenario, one) for one in scenario.breakers]


def _breaker(scenario: Scenario, one: CircuitBreaker | CallAuction) -> guards.Breaker:
    def ns(seconds: float) -> int:
        return round(seconds * SECOND_NS)

    number = scenario.number_of(one.instrument)
    if isinstance(one, CallAuction):
        return guards.CallAuction(
            number,
            start=ns(one.start),
            length=ns(one.length),
            every=ns(one.every) or None,
            closes=one.closes,
            price=one.price,
        )
    return guards.CircuitBreaker(
        number,
        levels=[
            guards.Level(level.move, None if level.halt is None else ns(level.halt), ns(level.call))
            for level in one.levels
        ],
        window=ns(one.window),
        band=one.band,
        price=one.price,
    )
