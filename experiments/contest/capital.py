"""The same capital for every design, in the form in which it uses any.

A design that sells to keepers meets the keepers of the scenario with all of their capital. One that
has a vault or a pool of its own gets that capital for it, and no keepers; one that has none of
these gets it into its insurance funds. What may be held for it is one rule for all
(``lob.liquidation.capital_rule``): paid in full unless the scenario states a margin. Every design's
parts that act once a block act at the block time of the scenario, if it states one.
"""

from collections.abc import Callable
from typing import Any, Literal

from experiments.contest.designs import ContestDesign
from experiments.scenario.designs import maker_of
from experiments.scenario.parameters import keywords_of
from experiments.scenario.read import Scenario

__all__ = ["Form", "budget_of", "equalised", "form_of"]

Form = Literal["keepers", "vault", "pool", "fund"]
"""Where the capital of a design is: keepers, a vault, a pool or the insurance funds."""
KEEPERS = ("fixed-spread", "dutch", "english")
"""Families of designs that sell to keepers, or ask them for bids."""
OWN = {"capital": "vault", "deposits": "pool"}
"""Where a design's own capital is, by the name that it has among the design's parameters."""


def form_of(design: str) -> Form:
    """Where the capital of a liquidation design goes: keepers, vault, pool or insurance funds.

    Raises ``ValueError`` if there is no such design.
    """
    for name, form in OWN.items():
        if name in _parameters(design):
            return form  # type: ignore[return-value]
    return "keepers" if design.partition(":")[0] in KEEPERS else "fund"


def budget_of(scenario: Scenario) -> int:
    """Capital of all keepers of a scenario in cash units, which every design gets in some form."""
    return sum(one.capital for one in scenario.keepers)


def equalised(scenario: Scenario, design: ContestDesign) -> tuple[Scenario, dict[str, Any]]:
    """Scenario and parameters with which a design meets the others on equal terms.

    Parameters that the design states itself are left as they are. Capital that is shared by several
    clearings is divided rounded down; into funds, the first one gets the rest.

    Parameters
    ----------
    scenario
        The market, whose keepers have the capital.
    design
        The design, with its own parameters.
    """
    budget, form = budget_of(scenario), form_of(design.design)
    names = _parameters(design.design)
    parameters = dict(design.parameters)
    if scenario.block_time and "every" in names:
        parameters.setdefault("every", scenario.block_time)
    if form == "vault":
        # Keepers and bidders have it from the scenario; a pool and a fund pay in full.
        parameters.setdefault("margin", scenario.taker_margin)
    if not budget or form == "keepers":
        return scenario, parameters
    update: dict[str, Any] = {"keepers": []}
    if form == "fund":
        # One fund for each clearing: they share it, the first one takes what does not divide.
        share, rest = divmod(budget, len(scenario.clearings))
        update["clearings"] = [
            one.model_copy(update={"insurance_fund": one.insurance_fund + share + rest * (i == 0)})
            for i, one in enumerate(scenario.clearings)
        ]
    else:
        name = next(name for name in OWN if name in names)
        parameters.setdefault(name, budget // len(scenario.clearings))
    return scenario.model_copy(update=update), parameters


def _parameters(design: str) -> frozenset[str]:
    made: Callable[..., Any] = maker_of(design)
    # A named design is built by a function of its own.
    build = getattr(getattr(made, "__self__", None), "build", made)
    # Those of a class without a signature of its own are not known: it states none.
    return frozenset(keywords_of(build) or ())
