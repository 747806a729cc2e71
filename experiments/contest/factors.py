"""What a ranking of liquidation designs may hang on, each at a low and at a high level.

Levels are chosen: factors on what the scenario states. Accounts and their seeds stay.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from experiments.scenario.background import Sources
from experiments.scenario.keepers import KeepersTable
from experiments.scenario.oracles import PLAIN, SourceTable
from experiments.scenario.read import Scenario
from experiments.scenario.variants import scaled_instruments, scaled_makers

__all__ = ["FACTORS", "Factor"]

AVERAGES = ("ema", "twap")
SHORT = 5.0
"""Seconds: over which a shock of one message is stretched."""
HALF_LIFE = 30.0
"""Seconds: of what an averaged mark remembers."""


class Factor(NamedTuple):
    """Something of a scenario that has two levels."""

    name: str
    """Name, as words of a sentence."""
    low: str
    """The low level, in words."""
    high: str
    """The high level, in words."""
    change: Callable[[Scenario, bool], dict[str, Any]]
    """From a scenario, and whether the level is the high one, to its parts that differ. Raises
    ``ValueError`` with the reason where it does not apply."""


def _mark(scenario: Scenario, high: bool) -> dict[str, Any]:
    """Marks of the shocked instruments: the mid itself, or its average."""
    source = (
        SourceTable(kind="ema", of="mid", half_life=HALF_LIFE) if high else SourceTable(kind="mid")
    )
    shocked = {one.instrument for one in scenario.shocks}
    changed, found = [], False
    for clearing in scenario.clearings:
        holdings = []
        for one in clearing.holdings:
            kind = one.oracle.source.kind
            if one.instrument in shocked and (kind in PLAIN or kind in AVERAGES):
                oracle = one.oracle.model_copy(update={"source": source})
                holdings.append(one.model_copy(update={"oracle": oracle}))
                found = True
            else:
                holdings.append(one)
        changed.append(clearing.model_copy(update={"holdings": holdings}))
    if not found:
        raise ValueError("no mark is a price of a book")
    return {"clearings": changed}


def _duration(scenario: Scenario, high: bool) -> dict[str, Any]:
    if not scenario.shocks:
        raise ValueError("it has no shock")
    shocks = []
    for one in scenario.shocks:
        over = getattr(one, "over", None)
        if over is None:
            raise ValueError("its shocks have no duration")
        if over:
            over *= 2.0 if high else 0.5
        elif high:
            over = SHORT
        shocks.append(one.model_copy(update={"over": over}))
    # What is measured after the shock is measured for as long as before.
    longest = max(after.over - one.over for after, one in zip(shocks, scenario.shocks, strict=True))
    return {"shocks": shocks, "seconds": scenario.seconds + max(0.0, longest)}


def _market(**low_and_high: tuple[float, float]) -> Callable[[Scenario, bool], dict[str, Any]]:
    """Scale all backgrounds, and the makers of the scenario with their depth."""
    ((name, levels),) = low_and_high.items()

    def change(scenario: Scenario, high: bool) -> dict[str, Any]:
        by = levels[high]
        changed: dict[str, Any] = {"instruments": scaled_instruments(scenario, **{name: by})}
        if name == "depth":
            changed["makers"] = scaled_makers(scenario, by)
        return changed

    return change


def _keepers(
    change: Callable[[KeepersTable, bool], dict[str, Any]],
) -> Callable[[Scenario, bool], dict[str, Any]]:
    def made(scenario: Scenario, high: bool) -> dict[str, Any]:
        if not scenario.keepers:
            raise ValueError("it has no keepers")
        return {"keepers": [one.model_copy(update=change(one, high)) for one in scenario.keepers]}

    return made


def _late(one: KeepersTable, high: bool) -> dict[str, Any]:
    by = 5.0 if high else 0.2
    return {"latency": by * one.latency, "news_latency": by * one.news_latency}


def _many(one: KeepersTable, high: bool) -> dict[str, Any]:
    # The capital of all of them stays.
    return {"count": 2 * one.count} if high else {"count": max(1, one.count // 3)}


def _rich(one: KeepersTable, high: bool) -> dict[str, Any]:
    return {"capital": one.capital * 4 if high else max(1, one.capital // 4)}


def _leverage(scenario: Scenario, high: bool) -> dict[str, Any]:
    populations, found = [], False
    for one in scenario.populations:
        low, most = one.leverage
        if one.file is None and one.stacked is None and low < most:
            middle = math.sqrt(low * most)
            levels = (middle, most) if high else (low, middle)
            populations.append(one.model_copy(update={"leverage": levels}))
            found = True
        else:
            populations.append(one)
    if not found:
        raise ValueError("no population has a range of leverages")
    return {"populations": populations}


def _sources(scenario: Scenario, high: bool) -> dict[str, Any]:
    if all(one.background.sources() is None for one in scenario.instruments):
        raise ValueError("no market has makers who look at who sells")
    sources: Sources = "engine" if high else "account"
    return {
        "instruments": [
            one.model_copy(update={"background": one.background.with_sources(sources)})
            for one in scenario.instruments
        ]
    }


FACTORS = (
    Factor("the mark", "the mid itself", f"an average of the mid over {HALF_LIFE:g} s", _mark),
    Factor(
        "the shock's duration",
        "half as long",
        f"twice as long (of one message: over {SHORT:g} s)",
        _duration,
    ),
    Factor("depth", "half", "twice", _market(depth=(0.5, 2.0))),
    Factor("refill", "half as fast", "twice as fast", _market(refill=(0.5, 2.0))),
    Factor("volatility", "0.7 times", "1.4 times", _market(volatility=(0.7, 1.4))),
    Factor("keepers' latency", "a fifth", "five times", _keepers(_late)),
    Factor("the number of keepers", "a third", "twice", _keepers(_many)),
    Factor("keepers' capital", "a quarter", "four times", _keepers(_rich)),
    Factor(
        "whom makers take forced sales for",
        "each account that is sold out",
        "the liquidation engine, as one",
        _sources,
    ),
    Factor("leverage", "the lower half of its range", "the upper half of its range", _leverage),
)
"""What markets of a robustness check differ in; levels are chosen."""
