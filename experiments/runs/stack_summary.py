"""What a stack of claims and protocols adds to a run's summary, and its risk before a shock."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.layers import drop_shares
from experiments.scenario.build import build
from experiments.scenario.read import Scenario
from lob import EntryKind
from lob.clearing.risk import Stacks
from lob.units import PPM, SECOND_NS

if TYPE_CHECKING:
    from experiments.runs.run import Run

__all__ = ["is_stacked", "market_rows", "risk_before", "seeing", "stack_summary"]

DROPS = (50_000, 100_000, 200_000, 300_000)
"""Ppm: falls at which the debt that may be liquidated is told."""


def is_stacked(scenario: Scenario) -> bool:
    """Whether there is more to tell than of one margin system: claims, loops, several protocols."""
    return bool(
        scenario.claims
        or scenario.pools
        or scenario.recursive_borrowers
        or scenario.stackers
        or len(scenario.clearings) > 1
    )


def market_rows(run: "Run", instrument: int) -> tuple[NDArray[np.void], int]:
    """A run's journal with the marks of what a book trades only, and the first clearing with one.

    A claim is priced in the ticks of some book too: its marks are not that book's.
    """
    entries = run.tape["entries"]
    one = run.simulation.instruments[instrument]
    asset = run.simulation.ledger.asset(one.base or one.name)
    marks = entries["kind"] == EntryKind.MARK
    ours = marks & (entries["asset"] == asset) & (entries["instrument"] == instrument)
    protocols = entries["protocol"][ours]
    return entries[~marks | ours], int(protocols.min()) if len(protocols) else 0


def stack_summary(run: "Run") -> dict[str, Any]:
    """Contagion between protocols, and each layer's part of the sales and of the first drop."""
    shock = run.scenario.shocks[0]
    entries, protocol = market_rows(run, run.scenario.number_of(shock.instrument))
    shares = drop_shares(
        entries,
        round(shock.at * SECOND_NS),
        round((shock.over + run.scenario.horizon) * SECOND_NS),
        instrument=run.scenario.number_of(shock.instrument),
        protocol=protocol,
        side=-1 if shock.side == "sell" else 1,
    )
    count = len(run.scenario.clearings)
    contagion = np.zeros((count, count), np.int64)
    found = run.cascade.contagion()
    contagion[: len(found), : len(found)] = found
    failed = np.bincount(run.cascade.protocol, minlength=count).tolist()
    return {
        "failures_by_protocol": failed,
        "contagion": contagion.tolist(),
        "lots_by_layer": {str(k): v for k, v in run.cascade.lots_by_layer().items()},
        "drop": shares.drop,
        "drop_voluntary": shares.voluntary,
        "drop_by_layer": {str(k): v for k, v in shares.by_layer.items()},
        "drop_by_protocol": {str(k): v for k, v in shares.by_protocol.items()},
        "hidden_shortfall": Stacks(run.simulation.venue, sees="all").hidden_shortfall(),
        "bad_debt_by_protocol": _bad_debt(run, count),
    }


def _bad_debt(run: "Run", count: int) -> list[int]:
    entries = run.tape["entries"]
    rows = entries[entries["kind"] == EntryKind.BAD_DEBT]
    return [int(rows["amount"][rows["protocol"] == number].sum()) for number in range(count)]


def risk_before(scenario: Scenario, seed: int) -> dict[str, Any]:
    """The whole-stack risk just before the first shock of a run, ready for JSON."""
    simulation = build(scenario, seed)
    first = min(shock.at for shock in scenario.shocks)
    simulation.run(until=max(0, round(first * SECOND_NS) - 1))
    stacks = Stacks(simulation.venue)
    shock = scenario.shocks[0]
    one = simulation.instruments[scenario.number_of(shock.instrument)]
    factor = one.base or one.name
    found = stacks.system()
    debt = found.debt
    at_risk = stacks.debt_at_risk(factor, DROPS).tolist() if factor in stacks.factors else []
    finite = np.isfinite(found.effective_leverage)
    return {
        "effective_leverage": float(found.effective_leverage) if finite else None,
        "collateral_multiplier": (
            float(found.collateral_multiplier) if np.isfinite(found.collateral_multiplier) else None
        ),
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


def seeing(scenario: Scenario, sees: str) -> Scenario:
    """The same scenario with clearings that see issuers' pledges elsewhere (``all``), or do not."""
    clearings = []
    for clearing in scenario.clearings:
        holdings = []
        for holding in clearing.holdings:
            source = holding.oracle.source.model_copy(update={"sees": sees})
            oracle = holding.oracle.model_copy(update={"source": source})
            holdings.append(holding.model_copy(update={"oracle": oracle}))
        clearings.append(clearing.model_copy(update={"holdings": holdings}))
    return scenario.model_copy(update={"clearings": clearings})
