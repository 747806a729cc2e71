"""Parameters of a design that somebody gives beside a scenario, with quantities in its units."""

from collections.abc import Mapping
from typing import Any

from experiments.scenario.quantities import in_steps
from experiments.scenario.read import Scenario
from experiments.scenario.tables import ScenarioTables

__all__ = ["parameters_in_steps"]


def parameters_in_steps(
    design: str, parameters: Mapping[str, Any], scenario: Scenario
) -> dict[str, Any]:
    """Put numbers in place of the quantities among a design's parameters.

    Parameters
    ----------
    design
        Name of the design; parameters of one's own are handed on as they are.
    parameters
        By name: numbers, or texts as in a scenario, ``"2 min"``, ``"5 %"``, ``"10 BTC"``.
    scenario
        The scenario that it is for, in whose clearings' ticks, lots and cash units they are.

    Raises
    ------
    ValueError
        If one cannot be read, or counts another number of steps in another clearing: each by name.
    """
    content = {
        "instruments": [one.told.model_dump() for one in scenario.instruments],
        "clearings": [
            {
                "name": one.name,
                "holdings": [{"instrument": holding.instrument} for holding in one.holdings],
                "liquidation": {"design": design, "parameters": dict(parameters)},
            }
            for one in scenario.clearings
        ],
    }
    read, mistakes = in_steps(content, ScenarioTables)
    if mistakes:
        told = {f"{one.path.rpartition('.')[2]}: {one.what}": None for one in mistakes}
        raise ValueError(f"design {design}: {'; '.join(told)}")
    found: list[dict[str, Any]] = [one["liquidation"]["parameters"] for one in read["clearings"]]
    for name, value in found[0].items():
        if any(one[name] != value for one in found):
            raise ValueError(
                f"design {design}: {name}: {parameters[name]!r} is another number of steps in "
                "each clearing: write an integer"
            )
    return found[0]
