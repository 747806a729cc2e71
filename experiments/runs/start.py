"""Start of a run: accounts that fail before anything happened, and rows that were left out."""

import numpy as np

import agents
import lob
from agents.leverage import MarginTraders
from experiments.scenario.read import Scenario, ScenarioError
from lob.counted import counted

__all__ = ["failed_at_start", "left_out", "run_to_shock"]

OPTION = "allow_failed_at_start"
"""Name of the scenario's option that allows failures before the first shock."""


def run_to_shock(scenario: Scenario, simulation: agents.Simulation) -> int:
    """Run until just before the first shock, and count the accounts that failed by then.

    Nothing has been done to the market yet, so the twin without a shock has the same failures: a
    position that its margin never allowed, or one that noise alone brings down. What a shock does
    cannot be told from them.

    Parameters
    ----------
    scenario, simulation
        The scenario, and its market before the start.

    Raises
    ------
    ScenarioError
        If there are any and the scenario does not say ``allow_failed_at_start = true``.
    """
    simulation.run(until=max(0, scenario.start_ns - 1))
    failed = failed_at_start(scenario, simulation)
    if failed and not scenario.allow_failed_at_start:
        ranges = [one for clearing in simulation.clearings for one in clearing.account_ranges]
        raise ScenarioError(
            f"{scenario.name}, seed {simulation.seed}: {failed:,} of "
            f"{counted(sum(count for _, count in ranges), 'account')} failed before the first "
            f"shock: give them less leverage or more margin, or say {OPTION} = true in the scenario"
        )
    return failed


def failed_at_start(scenario: Scenario, simulation: agents.Simulation) -> int:
    """Count the accounts of a run that failed before the first shock.

    Parameters
    ----------
    scenario, simulation
        The run, at any time after the shock.
    """
    entries = simulation.entries
    failures = entries[
        (entries["kind"] == lob.EntryKind.LIQUIDATION) & (entries["ts_event"] < scenario.start_ns)
    ]
    return len(np.unique(failures[["clearing", "debit"]]))


def left_out(simulation: agents.Simulation) -> dict[str, int]:
    """Count the rows of position snapshots that were no accounts, by name of the population."""
    found = {
        one.name: len(one.accounts.rejected)
        for one in simulation.agents
        if isinstance(one, MarginTraders)
    }
    return {name: rows for name, rows in found.items() if rows}
