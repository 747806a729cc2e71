"""What a forced sale does to a market, and which way of forcing it does the least harm.

>>> import firesale as fs
>>> fs.run("deleveraging-spiral").headline()  # doctest: +SKIP

The names below are the public interface; everything else may change without notice (see
docs/reference/api.md). A name is imported when it is first used, so ``import firesale`` is quick.
"""

import importlib
import importlib.util
import logging
from typing import Any

__all__ = [
    "ENTRY",
    "EVENT",
    "LEVEL",
    "MESSAGE",
    "ORDER",
    "QUOTE",
    "Agent",
    "Cause",
    "ContestStudy",
    "DailyLiquidations",
    "EntryKind",
    "EventKind",
    "FactsStudy",
    "FiresaleEnv",
    "FiresaleVectorEnv",
    "Fitted",
    "Flag",
    "IncidentLibrary",
    "IncidentStudy",
    "Instrument",
    "Kind",
    "LiquidationDesign",
    "OrderBook",
    "OrderType",
    "Reason",
    "ReplaySale",
    "Run",
    "Scenario",
    "ScenarioError",
    "ScoreStudy",
    "SelfTradePrevention",
    "Session",
    "Side",
    "SimulatedSale",
    "Simulation",
    "SpiralStudy",
    "StatedMarket",
    "Stress",
    "Sweep",
    "TimeInForce",
    "Venue",
    "__version__",
    "compare",
    "daily_liquidations",
    "diff",
    "facts",
    "fit",
    "impact",
    "incidents",
    "profile",
    "ready_scenarios",
    "replay",
    "rerun",
    "run",
    "scenario",
    "score",
    "spiral",
    "stress",
    "sweep",
    "tables",
    "validate",
]

_HOMES = {
    "ENTRY": "lob",
    "EVENT": "lob",
    "LEVEL": "lob",
    "MESSAGE": "lob",
    "ORDER": "lob",
    "QUOTE": "lob",
    "Agent": "agents",
    "Cause": "lob",
    "ContestStudy": "experiments.contest.study",
    "EntryKind": "lob",
    "DailyLiquidations": "experiments.studies.daily_liquidations",
    "EventKind": "lob",
    "FactsStudy": "experiments.studies.facts",
    "FiresaleEnv": "experiments.learning.environment",
    "FiresaleVectorEnv": "experiments.learning.vector",
    "Fitted": "experiments.studies.fit",
    "Flag": "lob",
    "IncidentLibrary": "experiments.studies.incidents.library",
    "IncidentStudy": "experiments.studies.incidents.library",
    "Instrument": "lob",
    "Kind": "lob",
    "LiquidationDesign": "lob.liquidation",
    "OrderBook": "lob",
    "OrderType": "lob",
    "Reason": "lob",
    "ReplaySale": "experiments.studies.replay_result",
    "Run": "experiments.runs.run",
    "Scenario": "experiments.scenario.read",
    "ScenarioError": "experiments.scenario.read",
    "ScoreStudy": "experiments.studies.score",
    "SelfTradePrevention": "lob",
    "Session": "lob",
    "Side": "lob",
    "SimulatedSale": "experiments.studies.impact",
    "Simulation": "agents",
    "SpiralStudy": "experiments.studies.spiral",
    "StatedMarket": "experiments.studies.profile",
    "Stress": "experiments.studies.stress",
    "Sweep": "experiments.studies.sweep_result",
    "TimeInForce": "lob",
    "Venue": "lob",
    "compare": "experiments.questions",
    "daily_liquidations": "experiments.studies.daily_liquidations",
    "diff": "experiments.questions",
    "facts": "experiments.questions",
    "fit": "experiments.questions",
    "impact": "experiments.questions",
    "incidents": "experiments.studies.incidents.library",
    "profile": "experiments.questions",
    "ready_scenarios": "experiments.scenario.read",
    "replay": "experiments.questions",
    "rerun": "experiments.questions",
    "run": "experiments.questions",
    "scenario": "experiments.questions",
    "score": "experiments.questions",
    "spiral": "experiments.questions",
    "stress": "experiments.questions",
    "sweep": "experiments.questions",
    "tables": "experiments.scenario",
    "validate": "experiments.questions",
    "__version__": "lob",
}
"""The module in which each name is defined."""

_EXTRAS = {"FiresaleEnv": "gymnasium", "FiresaleVectorEnv": "gymnasium"}
"""What a name needs that comes with an extra only."""


def _refuse_intruders() -> None:
    """Raise ``ImportError`` where another distribution's package has the name of one of ours."""
    for package in ("lob", "agents", "experiments"):
        spec = importlib.util.find_spec(package)
        place = spec.origin if spec is not None else None
        if place is None:
            raise ImportError(f"the package {package!r} of firesale is not installed")
        with open(place, encoding="utf-8") as source:
            if "__firesale__" not in source.read():
                raise ImportError(
                    f"another distribution's package {package!r} ({place}) stands in the way of "
                    "firesale's: install firesale into an environment of its own"
                )


_refuse_intruders()
# What needs an extra that is not there says so when it is asked for, not in ``import *``.
_MISSING = {need for need in _EXTRAS.values() if importlib.util.find_spec(need) is None}
__all__ = [name for name in __all__ if _EXTRAS.get(name) not in _MISSING]
logging.getLogger("firesale").addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'firesale' has no attribute {name!r}")
    module = importlib.import_module(home)
    if not hasattr(module, name):  # a module of its own, which nobody imported yet
        importlib.import_module(f"{home}.{name}")
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
