"""Parameters that make losses by themselves, whatever the market does: told before anything runs.

K. Qin, L. Zhou, P. Gamito, P. Jovanovic and A. Gervais ("An Empirical Study of DeFi Liquidations",
2021) and the Compound market of TUSD of 2023 show liquidations that leave an account worse off than
it was, so that it fails again until nothing is left.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from experiments.scenario.clearing import HoldingTable
from experiments.scenario.tables import ScenarioTables
from lob.liquidation.designs import DESIGNS
from lob.liquidation.formulas.arithmetic import WAD
from lob.liquidation.formulas.morpho import morpho_incentive
from lob.units import PPM

__all__ = ["ToxicParametersWarning", "toxic"]

FEEDING_BACK = ("volatility", "procyclical", "depth")
"""Margin models that ask for more when prices move or books thin."""


class ToxicParametersWarning(UserWarning):
    """A scenario has parameters that make losses whatever the market does."""


def toxic(
    scenario: ScenarioTables, designs: Sequence[tuple[str, Mapping[str, Any]]] = ()
) -> list[str]:
    """English sentences on parameters that make losses by themselves; none: there are no such.

    Parameters
    ----------
    scenario
        The scenario.
    designs
        Names and parameters of liquidation designs in place of the clearings' own.
    """
    found: dict[str, None] = {}
    for clearing in scenario.clearings:
        own = (clearing.liquidation.design, clearing.liquidation.parameters)
        for holding in clearing.holdings:
            name = holding.asset or holding.instrument
            for design, parameters in designs or (own,):
                bonus = _bonus(design, parameters)
                found |= dict.fromkeys(
                    _of_bonus(f"{clearing.name}, {name}", design, bonus, holding)
                )
            found |= dict.fromkeys(_of_margin(f"{clearing.name}, {name}", holding))
    return list(found)


def _bonus(design: str, parameters: Mapping[str, Any]) -> int:
    """What a taker gets above what he pays, ppm; 0 where it is not stated beforehand."""
    if design not in DESIGNS:
        return 0
    known = {**DESIGNS[design].preset, **parameters}
    if "lltv" in known:
        return int(morpho_incentive(int(known["lltv"]) * (WAD // PPM)) // (WAD // PPM)) - PPM
    return int(known.get("bonus", known.get("pool_penalty", 0)))


def _of_bonus(where: str, design: str, bonus: int, holding: HoldingTable) -> Iterator[str]:
    if not bonus:
        return
    given = holding.margin.parameters
    if holding.margin.model == "ltv":
        threshold = int(given.get("liquidation_threshold", 0))
        seized = threshold * (PPM + bonus) / PPM
        if seized > PPM:
            yield (
                f"{where}: {design} gives {_percent(bonus)} of bonus at a liquidation threshold of "
                f"{_percent(threshold)}: to repay a debt takes {_percent(seized)} of the "
                "collateral, so each liquidation makes an account worse, and leaves a debt"
            )
        return
    left = given.get("maintenance", given.get("rate"))
    if isinstance(left, int) and left < bonus:
        yield (
            f"{where}: {design} gives {_percent(bonus)} of bonus where a maintenance margin of "
            f"{_percent(left)} is all that is left: who fails owes more than it has, whatever the "
            "price"
        )


def _of_margin(where: str, holding: HoldingTable) -> Iterator[str]:
    margin = holding.margin
    if margin.model in FEEDING_BACK and margin.update:
        yield (
            f"{where}: the margin ({margin.model}) rises with what forced sales do to the market, "
            "every "
            f"{margin.update:g} s: who was safe may be sold out because others were"
        )


def _percent(ppm: float) -> str:
    return f"{100 * ppm / PPM:.4g} %"
