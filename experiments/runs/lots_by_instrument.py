"""Lots of a run's failed accounts by instrument: those of different assets are never added up."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import agents
from experiments.metrics.cascade import forced_trades, peak_rate
from experiments.metrics.cases import CaseTable
from experiments.metrics.columns import Entries
from experiments.metrics.takers import takers_of
from experiments.runs.tape_metadata import tape_metadata_of

if TYPE_CHECKING:
    from experiments.scenario.read import Scenario

__all__ = ["left_by_instrument", "peak_by_instrument", "sold_by_instrument"]


def sold_by_instrument(
    scenario: "Scenario", simulation: agents.Simulation, cases: CaseTable
) -> dict[str, int]:
    """Lots that changed hands by force, by the name of the instrument; none where none did.

    Parameters
    ----------
    scenario, simulation
        A run that is over.
    cases
        What became of each failure.
    """
    return _of_holdings(scenario, simulation, cases.moved.sum(axis=0))


def left_by_instrument(
    scenario: "Scenario", simulation: agents.Simulation, entries: Entries, cases: CaseTable
) -> dict[str, int]:
    """Lots that failed accounts and takers hold at the end, by the name of the instrument.

    Parameters
    ----------
    scenario, simulation, entries
        A run that is over, and its journal.
    cases
        What became of each failure.
    """
    found = _of_holdings(scenario, simulation, np.abs(cases.unsold).sum(axis=0))
    names = [one.name for one in scenario.instruments]
    # What the lots are worth is not asked here, so any price will do.
    worthless = dict.fromkeys(range(len(names)), 0.0)
    takers = takers_of(entries, tape_metadata_of(simulation), worthless)
    for number, lots in takers.held.items():
        if lots:
            found[names[number]] = found.get(names[number], 0) + lots
    return found


def peak_by_instrument(scenario: "Scenario", events: NDArray[np.void]) -> dict[str, float]:
    """Most lots that were sold by force within any second, by the name of the instrument.

    Parameters
    ----------
    scenario
        The scenario that was run.
    events
        The run's ``lob.EVENT`` rows.
    """
    forced = forced_trades(events)
    found = {
        one.name: peak_rate(forced[forced["instrument"] == number])
        for number, one in enumerate(scenario.instruments)
    }
    return {name: rate for name, rate in found.items() if rate}


def _of_holdings(
    scenario: "Scenario", simulation: agents.Simulation, lots: NDArray[np.int64]
) -> dict[str, int]:
    """Lots of holdings by the name of the instrument as which they are traded."""
    names = [one.name for one in scenario.instruments]
    found = dict.fromkeys(names, 0)
    holdings = tape_metadata_of(simulation).holdings
    for holding, amount in zip(holdings, lots.tolist(), strict=True):
        found[names[holding.instrument]] += amount
    return {name: amount for name, amount in found.items() if amount}
