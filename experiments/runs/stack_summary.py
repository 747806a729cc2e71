"""Summary of a stack of claims and protocols: contagion in a run, and its risk before a shock."""

from typing import Any

import numpy as np

import agents
from experiments.metrics.cascade import Cascade
from experiments.metrics.cases import CaseTable
from experiments.metrics.columns import Entries
from experiments.metrics.intervals import known
from experiments.metrics.layers import drop_shares
from experiments.metrics.liquidations import clearing_of_tags
from experiments.runs.judged import drop_window
from experiments.scenario.build import build
from experiments.scenario.read import Scenario
from lob.clearing.risk import Stacks
from lob.units import PPM

__all__ = ["is_stacked", "risk_before", "stack_summary"]

DROPS = (50_000, 100_000, 200_000, 300_000)
"""Falls of the price, in ppm, at which the debt that may be liquidated is reported; chosen."""


def is_stacked(scenario: Scenario) -> bool:
    """Whether a scenario has claims, pools, loops of borrowing or several clearings."""
    return bool(
        scenario.claims
        or scenario.pools
        or scenario.recursive_borrowers
        or scenario.stackers
        or len(scenario.clearings) > 1
    )


def stack_summary(
    scenario: Scenario,
    simulation: agents.Simulation,
    entries: Entries,
    cascade: Cascade,
    cases: CaseTable,
) -> dict[str, Any]:
    """Contagion between protocols, and each layer's part of the sales and of the first drop.

    Lots and ticks, as JSON values by name.

    Parameters
    ----------
    scenario, simulation
        A run that is over.
    entries, cascade, cases
        Its journal, its cascade tree, and what became of each failure.
    """
    shares = drop_shares(**drop_window(scenario, simulation, entries, 0))
    count = len(scenario.clearings)
    contagion = np.zeros((count, count), np.int64)
    found = cascade.contagion()
    contagion[: len(found), : len(found)] = found
    failed = np.bincount(cascade.clearing, minlength=count).tolist()
    return {
        "failures_by_clearing": failed,
        "contagion": contagion.tolist(),
        "lots_by_layer": {str(k): v for k, v in cascade.lots_by_layer().items()},
        "sold_by_layer": {
            str(layer): {scenario.instruments[number].name: lots for number, lots in sold.items()}
            for layer, sold in cascade.sold_by_layer().items()
        },
        "drop": shares.drop,
        "drop_voluntary": shares.voluntary,
        "drop_by_layer": {str(k): v for k, v in shares.by_layer.items()},
        "drop_by_clearing": {str(k): v for k, v in shares.by_clearing.items()},
        "hidden_shortfall": Stacks(simulation.venue, sees="all").hidden_shortfall(),
        "bad_debt_by_clearing": _bad_debt(cases, count),
    }


def _bad_debt(cases: CaseTable, count: int) -> list[float]:
    """The bad debt of each clearing: what tags say of whose a case is."""
    found: list[float] = np.bincount(clearing_of_tags(cases.tag), cases.covered, count).tolist()
    return found


def risk_before(scenario: Scenario, seed: int) -> dict[str, Any]:
    """Risk of the whole stack just before the first shock of a run, as JSON values by name.

    Parameters
    ----------
    scenario
        The scenario; it is built and run until then.
    seed
        Root of all randomness.
    """
    simulation = build(scenario, seed)
    first = min(shock.at for shock in scenario.shocks)
    simulation.run(until=max(0, scenario.ns(first) - 1))
    stacks = Stacks(simulation.venue)
    shock = scenario.shocks[0]
    one = simulation.instruments[scenario.number_of(shock.instrument)]
    factor = one.base or one.name
    found = stacks.system()
    debt = found.debt
    at_risk = stacks.debt_at_risk(factor, DROPS).tolist() if factor in stacks.factors else []
    return {
        "effective_leverage": known(found.effective_leverage),
        "collateral_multiplier": known(found.collateral_multiplier),
        "depth": found.depth,
        "equity": found.equity,
        "debt": debt,
        "factor": factor,
        "price": stacks.prices().get(factor),
        "first_failure": (
            stacks.system_liquidation_price(factor) if factor in stacks.factors else None
        ),
        "debt_at_risk": [
            [drop / PPM, amount] for drop, amount in zip(DROPS, at_risk, strict=False)
        ],
    }
