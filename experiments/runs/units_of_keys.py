"""Units of the integers in an answer's JSON, by key: what to multiply by, and what that is in.

A key is a dotted path in the answer; ``*`` stands for any place of a list and any label. Keys that
are not there count things, are shares or times, or have no unit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from experiments.metrics.criteria import CRITERIA, criteria_units
from experiments.scenario.read import Scenario
from lob import Instrument
from lob.real_units import RealUnit, RealUnits, price_unit, size_unit

__all__ = [
    "units_of_contest",
    "units_of_facts",
    "units_of_market",
    "units_of_run",
    "units_of_sale",
    "units_of_spiral",
    "units_of_stress",
]

Said = dict[str, dict[str, Any]]
"""By key: ``unit``, ``factor`` and what the ``integer`` counts."""

PRICES = ("stack.drop", "stack.drop_voluntary", "stack.drop_by_layer.*", "stack.drop_by_clearing.*")
"""Keys of prices of the first shock's instrument, in ticks."""
LOTS_OF_RUN = (
    "cascade.lots",
    "generations.*.1",
    "peak_lots_per_second",
    "solvency.adl_lots",
    "solvency.unsold_lots",
    "stack.lots_by_layer.*",
    "deleveraging.lots",
    "deleveraging.buckets.*.lots",
    "deleveraging.buckets.*.closed",
)
"""Keys of lots over all that accounts hold."""
CASH_OF_RUN = (
    "solvency.fees",
    "solvency.left_to_accounts",
    "solvency.adl",
    "stack.hidden_shortfall",
    "stack.bad_debt_by_clearing.*",
    "auctions.zero_bid_value",
    "auctions.paid",
    "auctions.worth",
    "auctions.shortfall",
    "deleveraging.value",
    "deleveraging.negative_equity",
    "deleveraging.overshoot",
    "deleveraging.overshoot_fair",
)
"""Keys of units of cash."""
CASH_OF_STACK = (
    "risk_before.equity",
    "risk_before.debt",
    "risk_before.debt_at_risk.*.1",
    "verification.*.bad_debt",
    "verification.*.hidden_shortfall",
    "verification.*.debt",
)
"""Keys of units of cash in what is said of stacks of claims."""


def units_of_run(scenario: Scenario) -> Said:
    """Units of ``Run.results()`` by key.

    Parameters
    ----------
    scenario
        The scenario that was run.
    """
    units = scenario.units
    first = scenario.number_of(scenario.shocks[0].instrument)
    said: dict[str, RealUnit] = {}
    for i, shock in enumerate(scenario.shocks):
        price = units.prices[scenario.number_of(shock.instrument)]
        said |= {f"marks_before.{i}": price, f"drops.{i}": price}
    said |= dict.fromkeys(PRICES, units.prices[first])
    said |= {f"criteria.{name}": one for name, one in _of_criteria(scenario).items()}
    said |= dict.fromkeys(LOTS_OF_RUN, units.lots)
    said |= dict.fromkeys(CASH_OF_RUN, units.cash)
    for name, size in zip(units.names, units.sizes, strict=True):
        said |= {f"{what}.{name}": size for what in ("sold", "unsold", "peak_sold_per_second")}
        said[f"stack.sold_by_layer.*.{name}"] = size
    said |= dict.fromkeys(("withdrawal.before", "withdrawal.lowest"), units.sizes[first])
    return _told(said)


def units_of_market(instrument: Instrument) -> Said:
    """Units of ``FactsStudy.summary()`` by key.

    Parameters
    ----------
    instrument
        What is traded.
    """
    price, size = price_unit(instrument), size_unit(instrument)
    return _told(
        {
            **{f"facts.spread_ticks.{name}": price for name in ("value", "of_seeds.*")},
            "impact.orders.*.size_lots": size,
        }
    )


def units_of_sale(instrument: Instrument) -> Said:
    """Units of the answer of a sale in recorded order flow by key.

    Parameters
    ----------
    instrument
        What was sold.
    """
    price, size = price_unit(instrument), size_unit(instrument)
    said = {f"sale.{name}": size for name in ("size", "sent", "filled", "unfilled")}
    said["sale.notional_ticks_lots"] = RealUnits.of([replace(instrument, multiplier=1)]).cash
    names = ("arrival_mid", "vwap", "market_vwap", "effective_spread", "realized_spread")
    said |= {f"slippage.{name}_ticks": price for name in names}
    for path in ("impact.path.*", "impact.peak_since_first_child_order"):
        said |= {f"{path}.{name}_ticks": price for name in ("mid_full", "mid_twin", "impact")}
    for when in ("before", "after", "without"):
        said |= {f"depth.{when}.{side}_lots": size for side in ("bid", "ask")}
    return _told(said)


def units_of_spiral(scenario: Scenario) -> Said:
    """Units of ``SpiralStudy.summary()`` by key; those of its runs stand with each run."""
    units, names = scenario.units, ("estimate", "low", "high")
    said = {f"{runs}.{name}": scenario.price_unit for runs in ("full", "twin") for name in names}
    said |= {f"var_95.{name}": units.cash for name in ("value", "upper")}
    said |= dict.fromkeys(CASH_OF_STACK, units.cash)
    said |= dict.fromkeys(("risk_before.price", "risk_before.first_failure"), scenario.price_unit)
    said["verification.*.unsold"] = said["resting.*.*.bought"] = units.lots
    said |= {"resting.*.*.cost": units.cash, "resting.*.*.drop": scenario.price_unit}
    return _told(said | {f"lar_95.{name}": units.lots for name in ("value", "upper")})


def units_of_contest(scenario: Scenario) -> Said:
    """Units of ``Contest.summary()`` by key."""
    units = scenario.units
    said: dict[str, RealUnit] = {}
    for name, one in _of_criteria(scenario).items():
        at = f"designs.*.criteria.{name}"
        said |= {f"{at}.{each}": one for each in ("mean", "low", "high")}
        said |= {f"{at}.difference.{each}": one for each in ("estimate", "low", "high")}
        said[f"runs.*.criteria.{name}"] = one
    for runs in ("full", "twin"):
        for each in ("estimate", "low", "high"):
            said[f"designs.*.amplification.{runs}.{each}"] = scenario.price_unit
    for name, one in (("var_95", units.cash), ("lar_95", units.lots)):
        said |= {f"designs.*.tails.{name}.{each}": one for each in ("value", "upper")}
    said["designs.*.tails.expected_shortfall"] = units.cash
    said |= dict.fromkeys(("runs.*.twin_drop", "runs.*.mark_before"), scenario.price_unit)
    return _told(said)


def units_of_stress(scenario: Scenario, assets: Sequence[str] = ()) -> Said:
    """Units of the answer of a stress test, and of a phase diagram, by key.

    Parameters
    ----------
    scenario
        The scenario.
    assets
        Names of the instruments that are sold, in the order of the answer's ``lots``.
    """
    units = scenario.units
    said = {f"lots.{i}": units.sizes[units.number_of(name)] for i, name in enumerate(assets)}
    said |= dict.fromkeys(("outcomes.*.bad_debt", "cells.*.bad_debt"), units.cash)
    said |= {"outcomes.*.lots": units.lots, "cells.*.drop": scenario.price_unit}
    for i, shock in enumerate(scenario.shocks):
        said[f"outcomes.*.drops.{i}"] = units.prices[scenario.number_of(shock.instrument)]
    return _told(said)


def units_of_facts(scenario: Scenario) -> Said:
    """Units of the facts of a contest's markets, of its wrong models and of what tuning found."""
    units = scenario.units
    first = scenario.number_of(scenario.shocks[0].instrument)
    said = {f"market_facts.*.{name}": units.prices[first]
            for name in ("spread", "volatility", "impact")}  # fmt: skip
    said["market_facts.*.depth"] = units.sizes[first]
    said |= dict.fromkeys(("tuned.*.harm", "tuned.*.preset_harm"), units.cash)
    return _told(
        said | {f"wrong_models.*.regret.{one}": units.cash for one in ("estimate", "low", "high")}
    )


def _of_criteria(scenario: Scenario) -> dict[str, RealUnit]:
    by_unit = criteria_units(scenario.units, scenario.number_of(scenario.shocks[0].instrument))
    return {one.name: by_unit[one.unit] for one in CRITERIA if one.unit in by_unit}


def _told(units: Mapping[str, RealUnit]) -> Said:
    return {key: one.to_dict() for key, one in units.items()}
