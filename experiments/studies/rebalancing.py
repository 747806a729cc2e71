"""How often a vault should rebalance: what waiting costs in leverage, and what trading costs.

The same scenario on the same seeds, with other epochs and bands: more rebalancing pays more
slippage, less of it lets the leverage drift away from its target, which the depositors hold the
vault for.

::

    python -m experiments.studies.rebalancing --seeds 8
"""

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from agents.leverage import LeverageVault
from experiments.runs.workers import Workers
from experiments.scenario.build import build
from experiments.scenario.read import Scenario, read_scenario
from lob.units import PPM, SECOND_NS

__all__ = ["VaultOutcome", "rebalancing_frontier", "with_vault"]


class VaultOutcome(NamedTuple):
    """Outcome of one rebalancing rule, means over all seeds."""

    epoch: float
    """Seconds from one look of the vault to the next."""
    band: float
    """How far from the target the leverage may go, as a share of it."""
    rebalances: float
    """Count of rebalancing trades."""
    slippage: float
    """What the trades cost beyond the mark, as a share of the equity at the start; a cost is
    positive."""
    tracking: float
    """Root mean square of leverage less target at the vault's looks, times."""
    growth: float
    """Growth of the value of a share from the first look to the end, as a share: the yield."""


def with_vault(scenario: Scenario, epoch: float, band: float) -> Scenario:
    """A copy of a scenario with other rebalancing rules for its vaults.

    Parameters
    ----------
    scenario
        One with a ``LeverageVault`` among its stackers.
    epoch
        Seconds from one look to the next.
    band
        How far from the target the leverage may go, as a share of it.

    Raises
    ------
    ValueError
        If there is no vault.
    """
    stackers = []
    found = False
    for one in scenario.stackers:
        if one.kind == "LeverageVault":
            found = True
            target = one.parameters.get("target", 2 * PPM)
            low, high = round(target * (1 - band)), round(target * (1 + band))
            rule = {
                "epoch": round(epoch * SECOND_NS),
                "low": max(PPM, low),
                "high": high,
                "ripcord": max(high, one.parameters.get("ripcord", high)),
            }
            one = one.model_copy(update={"parameters": {**one.parameters, **rule}})
        stackers.append(one)
    if not found:
        raise ValueError(f"scenario {scenario.name} has no LeverageVault")
    return scenario.model_copy(update={"stackers": stackers})


def rebalancing_frontier(
    scenario: Scenario,
    epochs: Sequence[float],
    bands: Sequence[float],
    seeds: Sequence[int],
    *,
    workers: int | None = None,
) -> list[VaultOutcome]:
    """Run every rebalancing rule on every seed, on all cores.

    Parameters
    ----------
    scenario
        One with a ``LeverageVault`` among its stackers.
    epochs
        Seconds from one look of the vault to the next.
    bands
        How far from the target the leverage may go, as shares of it.
    seeds
        Roots of all randomness, the same for every rule.
    workers
        Processes; ``None``: one a core.

    Returns
    -------
    list
        One ``VaultOutcome`` a rule, for each epoch its bands.

    Raises
    ------
    ValueError
        If epochs, bands or seeds are empty.
    """
    if not epochs or not bands or not seeds:
        raise ValueError("epochs, bands and seeds must be at least one each")
    rules = [(epoch, band) for epoch in epochs for band in bands]
    jobs = [(with_vault(scenario, *rule), seed) for rule in rules for seed in seeds]
    with Workers(workers) as pool:
        done = pool.map(_vault_run, jobs)
    table = np.array(done).reshape(len(rules), len(seeds), 4).mean(axis=1)
    return [VaultOutcome(*rule, *map(float, row)) for rule, row in zip(rules, table, strict=True)]


def _vault_run(job: tuple[Scenario, int]) -> tuple[float, float, float, float]:
    """Trades, slippage over equity, tracking error, growth of a share."""
    scenario, seed = job
    simulation = build(scenario, seed)
    vault = next(one for one in simulation.agents if isinstance(one, LeverageVault))
    until = round(scenario.seconds * SECOND_NS)
    off: list[float] = []
    worth: list[float] = []
    step = max(1, until // 100)
    for ts in range(step, until + 1, step):
        simulation.run(until=ts)
        now = vault.leverage()
        equity = vault.state.equity
        if now is None or equity is None:
            continue
        off.append(float(now) / PPM - vault.target / PPM)
        worth.append(equity / _shares(vault))
    simulation.ledger.check()
    if not off:
        return 0.0, 0.0, float("nan"), float("nan")
    start = worth[0] * max(1, vault.shares)
    return (
        float(len(vault.rebalances)),
        vault.slippage_cost / start,
        float(np.sqrt(np.mean(np.square(off)))),
        worth[-1] / worth[0] - 1,
    )


def _shares(vault: LeverageVault) -> int:
    """Units of the vault's claim that there are; 1 if nobody has a share."""
    claims = vault.simulation.venue.claims
    if vault.claim is None or claims is None:
        return 1
    return max(1, claims[vault.claim].supply)


def main() -> None:
    """Print how often the vault of the scenario ``leverage-vault`` should rebalance, as a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--epochs", type=float, nargs="+", default=[600.0, 3_600.0, 86_400.0])
    parser.add_argument("--bands", type=float, nargs="+", default=[0.05, 0.15])
    given = parser.parse_args()
    outcomes = rebalancing_frontier(
        read_scenario("leverage-vault"), given.epochs, given.bands, range(1, 1 + given.seeds)
    )
    print("epoch s  band  trades  slippage  tracking error  growth of a share")
    for one in outcomes:
        print(
            f"{one.epoch:7g} {one.band:5.0%} {one.rebalances:7.1f} {one.slippage:9.3%}"
            f" {one.tracking:15.3f} {one.growth:18.2%}"
        )


if __name__ == "__main__":
    main()
