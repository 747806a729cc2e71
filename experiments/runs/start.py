"""How a run starts: accounts that fail before anything happened, and rows that were left out."""

import numpy as np

import agents
import lob
from agents.leverage import MarginTraders
from experiments.scenario.read import Scenario, ScenarioError
from lob.counted import counted

__all__ = ["failed_at_start", "left_out", "run_to_shock"]

OPTION = "allow_failed_at_start"


def run_to_shock(scenario: Scenario, simulation: agents.Simulation) -> int:
    """Run until just before the first shock, and count the accounts that failed by then.

    Nothing has been done to the market yet, so the twin without a shock has the same failures: a
    position that its margin never allowed, or one that noise alone brings down. What a shock does
    cannot be told from them.

    Raises
    ------
    ScenarioError
        If there are any and the scenario does not say that it means it.
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
    """The accounts that failed before the first shock."""
    entries = simulation.entries
    failures = entries[
        (entries["kind"] == lob.EntryKind.LIQUIDATION) & (entries["ts_event"] < scenario.start_ns)
    ]
    return len(np.unique(failures[["clearing", "debit"]]))


def left_out(simulation: agents.Simulation) -> dict[str, int]:
    """Rows of snapshots that were left out because they are no accounts, by population."""
    found = {
        one.name: len(one.accounts.rejected)
        for one in simulation.agents
        if isinstance(one, MarginTraders)
    }
    return {name: rows for name, rows in found.items() if rows}
