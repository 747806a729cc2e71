"""The digests of what participants and margin models work out in floats, over many inputs.

    python -m tests.golden.formulas

They are compared between processors, and none is kept: a last bit may change with a version.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Iterator

from agents.keepers.population import split_capital
from agents.traders.arbitrage import MovingBand
from agents.traders.quoting import asymptotic_distances, bounded_distances, reservation_spread
from agents.traders.schedules import almgren_chriss_held
from agents.traders.stress_maker import Reading, VolatilityLimit
from agents.traders.value import Belief
from lob.clearing.dynamic_margin import Procyclical
from lob.clearing.margin import MarketState, VolatilityScaled
from lob.engine import elementary
from lob.units import PPM

SECTION = 0.6180339887498949
INPUTS = [number * SECTION % 1 for number in range(1, 1_001)]
"""From 0 to 1, evenly and with all bits in use: multiples of the golden section, less the whole."""


def states() -> Iterator[MarketState]:
    """A market whose mark moves."""
    for number, x in enumerate(INPUTS):
        yield MarketState(number, 10_000 + round(900 * x), 10, 0, 0.5, 1, 100)


def of_elementary() -> Iterator[float]:
    for x in INPUTS:
        yield from (elementary.exp(-30 * x), elementary.expm1(-x), elementary.log(x))
        yield from (elementary.log1p(x), elementary.share_kept(x, 0.3))


def of_schedules() -> Iterator[float]:
    for x in INPUTS[:200]:
        yield from almgren_chriss_held(1.0, 9, risk_aversion=1e-3, sigma=10 * x, eta=0.1)


def of_quotes() -> Iterator[float]:
    for x in INPUTS:
        yield reservation_spread(x, risk_aversion=0.01, sigma=3 * x, decay=x)
        shared = {"risk_aversion": 0.01, "sigma": 3 * x, "decay": 0.3, "intensity": 1 + x}
        yield from asymptotic_distances(1, **shared)
        yield from bounded_distances(2, **shared)[2]


def of_stress_makers() -> Iterator[float]:
    limit = VolatilityLimit(sigma=1.0, half_life=1_000)
    for number, x in enumerate(INPUTS):
        yield limit.strain(Reading(number * 777, 100 * x, 0, 0))


def of_arbitrage() -> Iterator[float]:
    band = MovingBand(1_000, warm_up=0)
    for number, x in enumerate(INPUTS):
        yield from band.look(number * 777, 100 * x) or ()


def of_value_traders() -> Iterator[float]:
    for x in INPUTS:
        belief = Belief(100.0, reversion=0.01, volatility=x, noise_variance=1.0)
        belief.observe(101.0, 1_000_000_000)
        yield belief.value


def of_margin() -> Iterator[float]:
    for x in INPUTS[:100]:
        scaled = VolatilityScaled(100_000, 50_000, reference=x, half_life=20 * x)
        haircut = Procyclical(
            PPM // 2,
            volatility_weight=100_000,
            depth_weight=0,
            reference=x,
            depth=1,
            half_life=30 * x,
        )
        for state in list(states())[:50]:
            scaled.update(state)
            haircut.update(state)
            yield from (scaled.variance, haircut.variance)


def of_capital() -> Iterator[float]:
    for x in INPUTS[:200]:
        yield from split_capital(2**61, 50, law="zipf", shape=2 * x)


FORMULAS: dict[str, Callable[[], Iterator[float]]] = {
    "arbitrage": of_arbitrage,
    "capital": of_capital,
    "elementary": of_elementary,
    "margin": of_margin,
    "quotes": of_quotes,
    "schedules": of_schedules,
    "stress makers": of_stress_makers,
    "value traders": of_value_traders,
}


def digest_of(name: str) -> str:
    """The digest of all numbers of a formula."""
    numbers = list(FORMULAS[name]())
    assert numbers
    return hashlib.sha256(struct.pack(f"<{len(numbers)}d", *numbers)).hexdigest()


def main() -> None:
    """Print the digests."""
    print(json.dumps({name: digest_of(name) for name in FORMULAS}, indent=2))


if __name__ == "__main__":
    main()
