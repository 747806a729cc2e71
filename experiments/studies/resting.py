"""What leverage vaults do to a fall: the same runs with vaults, and depositors, that do nothing."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from agents.leverage import LeverageVault
from experiments.runs.run import run_scenario
from experiments.runs.workers import Workers
from experiments.scenario.read import Scenario

__all__ = ["RESTING", "RestingOutcome", "resting", "resting_outcomes"]

RESTING = {
    "as they are": (),
    "vaults rest": ("LeverageVault",),
    "depositors rest too": ("LeverageVault", "VaultDepositor"),
}
"""Kinds of single participants who do nothing, by what that is called."""
NEVER = 2**60
"""ns between two looks at the market: longer than any run."""


class RestingOutcome(NamedTuple):
    """A run in which some of the participants rested."""

    drop: float
    """Most adverse move of the mark after the first shock, in ticks; see ``Run.drop``."""
    growth: float
    """Growth of the value of a share of the first vault over the run, as a share of one."""
    trades: int
    """Trades of all vaults towards their targets."""
    bought: int
    """Lots that these bought, net; negative: sold."""
    cost: int
    """Units of cash that these cost beyond the mark."""


def resting(scenario: Scenario, kinds: Collection[str]) -> Scenario:
    """A copy of a scenario whose single participants of some kinds never look at the market.

    Their accounts are there as before.

    Parameters
    ----------
    scenario
        The scenario.
    kinds
        Names of classes, as the scenario has them.
    """
    stackers = [
        one.model_copy(update={"parameters": {**one.parameters, "interval": NEVER}})
        if one.kind in kinds
        else one
        for one in scenario.stackers
    ]
    return scenario.model_copy(update={"stackers": stackers})


def resting_outcomes(
    scenario: Scenario, seeds: Sequence[int], *, workers: int | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Run a scenario with vaults as all of ``RESTING``, on all cores.

    Parameters
    ----------
    scenario
        One with a ``LeverageVault`` among its stackers.
    seeds
        Roots of all randomness, the same for each.
    workers
        Processes; ``None``: one a core.

    Returns
    -------
    dict
        By the names of ``RESTING``: a ``RestingOutcome`` a seed, as JSON values.
    """
    jobs = [(resting(scenario, kinds), seed) for kinds in RESTING.values() for seed in seeds]
    with Workers(workers) as pool:
        done = list(pool.map(_resting_run, jobs))
    rows = [one._asdict() for one in done]
    count = len(seeds)
    return {name: rows[i * count : (i + 1) * count] for i, name in enumerate(RESTING)}


def _resting_run(job: tuple[Scenario, int]) -> RestingOutcome:
    run = run_scenario(*job)
    vaults = [one for one in run.simulation.agents if isinstance(one, LeverageVault)]
    trades = [trade for vault in vaults for trade in vault.rebalances]
    first = vaults[0]
    worth = first.state.equity or 0
    # Own funds at the start are shared out by so many units.
    supply = 1.0
    claims = run.simulation.venue.claims
    if first.claim is not None and claims is not None:
        supply = claims[first.claim].supply / first.shares
    return RestingOutcome(
        drop=float(run.drop()),
        growth=worth / supply / first.margin - 1 if supply else -1.0,
        trades=len(trades),
        bought=sum(trade.lots for trade in trades),
        cost=sum(trade.cost for trade in trades),
    )
