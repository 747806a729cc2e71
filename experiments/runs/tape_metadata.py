"""Facts about a simulation that its tapes do not say and metrics need: assets and own accounts."""

import agents
from agents.keepers import Bot
from experiments.metrics.cases import HoldingMetadata, TapeMetadata

__all__ = ["tape_metadata_of"]


def tape_metadata_of(simulation: agents.Simulation) -> TapeMetadata:
    """Collect the holdings and cash assets of a simulation, and whose accounts are whose."""
    holdings, system, funds = [], {0}, set()
    ledger = simulation.ledger
    for clearing in simulation.clearings:
        for holding in clearing.holdings:
            instrument = simulation.instruments[holding.instrument]
            holdings.append(
                HoldingMetadata(
                    clearing.number,
                    ledger.asset(holding.name),
                    holding.instrument,
                    instrument.multiplier,
                    instrument.inverse,
                )
            )
        system |= {clearing.fund, clearing.fees, clearing.shortfall, clearing.pool}
        funds.add(clearing.fund)
    system.add(ledger.account("the venue: fees"))
    cash = {clearing.number: clearing.cash_asset for clearing in simulation.clearings}
    takers = {agent.account for agent in simulation.agents if isinstance(agent, Bot)}
    return TapeMetadata(
        tuple(holdings), cash, frozenset(system), frozenset(funds), frozenset(takers - {0})
    )
