"""Build the claims and pools of a scenario, and give the outside world its part of them."""

from collections.abc import Callable, Mapping
from typing import Any

import agents
from experiments.scenario.claims import ClaimTable, PoolTable
from lob.clearing import dynamic_margin as dynamic
from lob.clearing.collateral import Claim
from lob.clearing.oracle import Source
from lob.clearing.valuation import ClaimValue
from lob.units import SECOND_NS
from lob.venue.pool import FairShare, Pool, SpotPrice

__all__ = ["CLAIM_SOURCES", "DYNAMIC_MODELS", "claim_source", "make_facilities", "stock_claims"]


CLAIM_SOURCES: dict[str, type[ClaimValue]] = {
    "claim": ClaimValue,
    "fair-share": FairShare,
    "pool-spot": SpotPrice,
}
"""Kinds of oracle sources that are made of balances."""

DYNAMIC_MODELS: dict[str, Callable[..., Any]] = {
    "procyclical": dynamic.Procyclical,
    "concentration": dynamic.ConcentrationScaled,
    "depth": dynamic.DepthScaled,
    "look-through": dynamic.LookThroughMargin,
}
"""Margin models that react; ``look-through`` needs the holding's source as its first argument."""


def make_facilities(scenario: Any) -> list[Claim]:
    """The claims and pools of a scenario, in the order of its tables."""
    return [*map(_claim, scenario.claims), *map(_pool, scenario.pools)]


def _claim(one: ClaimTable) -> Claim:
    return Claim(
        one.name,
        backing=one.backing,
        issuer=one.issuer,
        initial=one.initial or None,
        delay=round(one.delay * SECOND_NS),
        rate=one.rate,
        period=round(one.period * SECOND_NS),
        accrual=one.accrual,
        every=round(one.accrual_interval * SECOND_NS),
    )


def _pool(one: PoolTable) -> Pool:
    return Pool(
        one.name,
        base=one.base,
        cash=one.cash,
        fee=one.fee,
        initial=one.initial,
        multiplier=one.multiplier,
    )


def stock_claims(scenario: Any, simulation: agents.Simulation) -> None:
    """Let the outside world have what the scenario says it has."""
    claims = simulation.venue.claims
    if claims is None:
        return
    for one in scenario.claims:
        if one.outside:
            cost = one.initial or [1] + [0] * (len(one.backing) - 1)
            backing = one.outside_backing or {
                name: units * one.outside
                for name, units in zip(one.backing, cost, strict=True)
                if units
            }
            claims[one.name].stock(one.outside, **backing)
    for one in scenario.pools:
        if one.outside:
            base, cash = one.initial
            claims[one.name].stock(
                one.outside, **{one.base: base * one.outside, one.cash: cash * one.outside}
            )
    simulation.venue.refresh()


def claim_source(one: Any, asset: str, books: Mapping[str, Source]) -> ClaimValue:
    """The price of a claim by what backs it.

    Parameters
    ----------
    one
        The table of the source: ``kind``, ``claim`` (none: the holding's own) and ``sees``.
    asset
        Name of the holding's asset.
    books
        Sources by name of asset, in place of the middles of the books.
    """
    return CLAIM_SOURCES[one.kind](one.claim or asset, sees=one.sees, prices=books or None)
