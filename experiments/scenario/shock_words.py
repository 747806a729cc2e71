"""Shocks of a scenario in words, and how large they are."""

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.scenario.gaps import GapTable
from experiments.scenario.shocks import Shock, ShockTable
from experiments.scenario.tables import ScenarioTables

__all__ = ["lots_of", "shock_lines", "shock_told"]


def lots_of(scenario: ScenarioTables, shock: Shock) -> int | None:
    """How many lots a shock trades, where its market starts; ``None``: it has no size.

    Parameters
    ----------
    scenario
        The scenario.
    shock
        One of its shocks, or another.
    """
    if isinstance(shock, ShockTable) and shock.lots is not None:
        return shock.lots
    return shock.estimated_lots(scenario.names().markets[shock.instrument])


def shock_told(scenario: ScenarioTables, number: int) -> str:
    """What a shock is, and when, in a clause.

    Parameters
    ----------
    scenario
        The scenario.
    number
        Number of the shock, from 0.
    """
    shock = scenario.shocks[number]
    lots = lots_of(scenario, shock)
    if lots is None:
        return f"{shock.told()}, from {shock.at:g} s"
    size = scenario.units.sizes[scenario.number_of(shock.instrument)]
    over = f" over {shock.over:g} s" if shock.over else ""
    verb = "sold" if shock.side == "sell" else "bought"
    what = size.told(lots)
    if size.name != shock.instrument:
        what += f" of {shock.instrument}"
    if isinstance(shock, GapTable):
        verb += f" for {shock.told()},"
    elif isinstance(shock, ShockTable) and shock.notional is not None:
        cash = scenario.units.cash
        what = f"{cash.told(shock.notional)} of {shock.instrument}, about {size.told(lots)},"
    elif isinstance(shock, ShockTable) and shock.lots is None:
        what += f", {shock.told().rpartition(' ')[0]},"
    return f"{what} {verb} at {shock.at:g} s{over}"


def shock_lines(scenario: ScenarioTables, reported: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """Sentences on what the shocks came to that are not stated in lots; none if all are.

    Parameters
    ----------
    scenario
        The scenario.
    reported
        What a run tells of each shock, where there is one.
    """
    lines = []
    for number, shock in enumerate(scenario.shocks):
        size = scenario.units.sizes[scenario.number_of(shock.instrument)]
        if isinstance(shock, GapTable):
            lots = lots_of(scenario, shock)
            asked, _, came = shock.told().partition("; ")
            lines.append(f"{asked} took {size.told(lots or 0)}; {came}")
        elif isinstance(shock, ShockTable):
            found = reported[number] if reported else {}
            if shock.lots is None and found:
                price = scenario.units.prices[scenario.number_of(shock.instrument)]
                at = f" at {price.told(found['price'])}" if "price" in found else ""
                lines.append(f"the shock came to {size.told(found['lots'])}{at}")
        else:
            lines.append(shock_told(scenario, number))
    return lines
