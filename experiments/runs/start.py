"""Start of a run: accounts that fail early or lack initial margin, and rows that were left out."""

import numpy as np
from numpy.typing import NDArray

import agents
import lob
from agents.leverage import Accounts, MarginTraders
from experiments.scenario.clearing import make_margin
from experiments.scenario.read import Scenario, ScenarioError
from lob.clearing.margin import MarginModel, Tiers
from lob.counted import counted
from lob.units import PPM

__all__ = ["accounts_of", "below_initial_margin", "failed_at_start", "left_out", "run_to_shock"]

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
        raise ScenarioError(
            f"{scenario.name}, seed {simulation.seed}: {failed:,} of "
            f"{counted(accounts_of(simulation), 'account')} failed before the first "
            f"shock: give them less leverage or more margin, or say {OPTION} = true in the scenario"
        )
    return failed


def accounts_of(simulation: agents.Simulation) -> int:
    """Count the accounts of all clearings of a run."""
    ranges = [one for clearing in simulation.clearings for one in clearing.account_ranges]
    return sum(count for _, count in ranges)


def failed_at_start(scenario: Scenario, simulation: agents.Simulation) -> int:
    """Count the accounts of a run that failed before the first shock.

    Parameters
    ----------
    scenario, simulation
        The run, at any time from just before the first shock on.
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


def below_initial_margin(scenario: Scenario, simulation: agents.Simulation) -> dict[str, int]:
    """Count the drawn accounts that began with less than initial margin, by population.

    No order could have opened them so. Positions and own funds are those at the start, rates those
    of the margin models' tables before they looked at the market. A snapshot is left out: its
    accounts have been open for a while.

    Parameters
    ----------
    scenario, simulation
        The run, at any time.
    """
    drawn = {one.name: one for one in scenario.populations if one.file is None}
    clearings = {one.name: one for one in scenario.clearings}
    found = {}
    for one in simulation.agents:
        if not isinstance(one, MarginTraders) or one.name not in drawn:
            continue
        table = drawn[one.name]
        held = clearings[table.clearing].holdings
        numbers = range(len(held)) if table.cross else [table.holding]
        clearing = simulation.clearings[[*clearings].index(table.clearing)]
        needed = sum(
            _initial_margin(
                one.accounts,
                row,
                make_margin(held[number].margin, clearing.holdings[number].oracle.source),
                simulation.instruments[clearing.holdings[number].instrument],
            )
            for row, number in enumerate(numbers)
        )
        count = int((one.accounts.margin * float(PPM) < needed).sum())
        if count:
            found[one.name] = count
    return found


def _initial_margin(
    accounts: Accounts, row: int, model: MarginModel, instrument: lob.Instrument
) -> NDArray[np.float64]:
    """What a holding of each account must be backed with, in millionths of a cash unit.

    As floats, which are off by less than a millionth of a millionth.
    """
    lots = np.atleast_2d(accounts.positions)[row].astype(float)
    prices = np.atleast_2d(accounts.entry_prices)[row].astype(float)
    worth = np.abs(lots) * instrument.multiplier
    notional = worth / prices if instrument.inverse else worth * prices
    long = _requirement(model.initial(lob.Side.BUY), notional)
    short = _requirement(model.initial(lob.Side.SELL), notional)
    # A whole unit may be missing to rounding, and no account is named for a float's last digit.
    return np.floor(np.where(lots > 0, long, short) * (1 - 1e-9))


def _requirement(tiers: Tiers, notional: NDArray[np.float64]) -> NDArray[np.float64]:
    at = np.searchsorted([one.floor for one in tiers], notional, side="right") - 1
    rates = np.array([one.rate for one in tiers], float)
    off = np.array(tiers.deductions, float)
    found: NDArray[np.float64] = rates[at] * notional - off[at]
    return found
