"""Trial of a scenario: all is built once, without running it, to find impossible parameters.

Tables with many accounts are built with few: their parameters are what is tried. Code of the user's
own is not run: another design takes the place of a design, another margin model that of a margin
model, nobody that of a participant.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import agents
from experiments.markets.mistakes import Mistake, MistakesError
from experiments.scenario.breakers import make_breaker
from experiments.scenario.build import participants
from experiments.scenario.claims import make_claim, make_pool, stock_claims
from experiments.scenario.clearing import (
    ClearingTable,
    MarginTable,
    make_clearing,
    make_margin,
    set_timers,
)
from experiments.scenario.designs import make_design, maker_of
from experiments.scenario.gaps import GapTable
from experiments.scenario.instruments import make_instrument
from experiments.scenario.names import Names
from experiments.scenario.oracles import make_oracle
from experiments.scenario.own_code import own_code_of
from experiments.scenario.parameters import UnknownParametersError
from experiments.scenario.shocks import without_shock
from experiments.scenario.tables import ScenarioTables
from experiments.scenario.user_code import names_user_code
from lob.clearing import Clearing, LiquidationEngine

__all__ = ["mistakes_in_building"]

Made = TypeVar("Made")
ANY_MARGIN = MarginTable(model="flat", parameters={"initial": 0, "maintenance": 0})
"""The margin model in place of one of the user's own."""
FEW = 10
"""Keepers, ticks or lots that are built in place of many."""


def mistakes_in_building(scenario: ScenarioTables, known: Sequence[Mistake]) -> list[Mistake]:
    """Build everything of a scenario once and list what goes wrong, beside the mistakes known."""
    return _Trial(_small(scenario), known).mistakes


def _small(scenario: ScenarioTables) -> ScenarioTables:
    """The same parameters with few accounts; at least one a place where they spread."""
    return scenario.model_copy(
        update={
            "clearings": [_without_own_margin(one) for one in scenario.clearings],
            "populations": [
                one.model_copy(
                    update={"count": 1}
                    if one.stacked is None
                    else {"ticks": min(one.ticks, FEW), "stacked": min(one.stacked, one.size)}
                )
                for one in scenario.populations
            ],
            "recursive_borrowers": [
                one.model_copy(update={"count": min(one.count, len(one.places))})
                for one in scenario.recursive_borrowers
            ],
            "collateralised_borrowers": [
                one.model_copy(update={"count": 1}) for one in scenario.collateralised_borrowers
            ],
            # A gap is solved after all else is known to be right.
            "shocks": [
                without_shock(one) if isinstance(one, GapTable) else one for one in scenario.shocks
            ],
            "keepers": [
                one.model_copy(update={"count": min(one.count, FEW)}) for one in scenario.keepers
            ],
        }
    )


def _without_own_margin(clearing: ClearingTable) -> ClearingTable:
    """The same with a margin model that can be built in place of one of the user's own."""
    holdings = [
        one.model_copy(update={"margin": ANY_MARGIN}) if names_user_code(one.margin.model) else one
        for one in clearing.holdings
    ]
    return clearing.model_copy(update={"holdings": holdings})


class _Trial:
    """Builds a scenario part by part, and keeps what goes wrong."""

    def __init__(self, scenario: ScenarioTables, known: Sequence[Mistake]) -> None:
        self.known = known
        self.mistakes: list[Mistake] = []
        names = scenario.names()
        instruments = [
            self.attempt(f"instruments.{i}", make_instrument, one, i)
            for i, one in enumerate(scenario.instruments)
        ]
        clearings = [self.clearing(i, one, names) for i, one in enumerate(scenario.clearings)]
        for i, other in enumerate(scenario.alternatives):
            self.design(f"alternatives.{i}", other.design, other.parameters)
        breakers = [
            self.attempt(f"breakers.{i}", make_breaker, one, names)
            for i, one in enumerate(scenario.breakers)
        ]
        facilities = [
            *(
                self.attempt(f"claims.{i}", make_claim, one)
                for i, one in enumerate(scenario.claims)
            ),
            *(self.attempt(f"pools.{i}", make_pool, one) for i, one in enumerate(scenario.pools)),
        ]
        own = own_code_of(scenario)
        made = [
            (path, self.attempt(path, make))
            for path, make in participants(scenario, names, 1)
            if f"{path}.kind" not in own
        ]
        if self.mistakes or known:
            return
        simulation = self.attempt(
            "",
            lambda: agents.Simulation(
                1,
                instruments=[one for one in instruments if one],
                clearings=[one for one in clearings if one],
                breakers=[one for one in breakers if one],
                facilities=[one for one in facilities if one],
            ),
        )
        if simulation is None:
            return
        self.attempt("", stock_claims, scenario.claims, scenario.pools, simulation)
        for path, several in made:
            for participant in several or ():
                self.attempt(path, simulation.add, participant)
        self.attempt("", set_timers, scenario.clearings, names, simulation.clearings)

    def attempt(self, path: str, make: Callable[..., Made], *arguments: Any) -> Made | None:
        """What is made, or ``None`` if it cannot be."""
        try:
            return make(*arguments)
        except LookupError as error:
            # A name or number that leads nowhere has been told as what it is.
            if not self.known:
                self.mistakes.append(Mistake(path, f"{type(error).__name__}: {error}"))
        except MistakesError as error:
            self.mistakes += [
                one._replace(path=".".join(filter(None, (path, one.path))))
                for one in error.mistakes
            ]
        except UnknownParametersError as error:
            place = path if path.endswith(".parameters") else f"{path}.parameters"
            self.mistakes += [
                Mistake(f"{place}.{name}", what) for name, what in error.unknown.items()
            ]
        except (TypeError, ValueError, ArithmeticError, OSError) as error:
            self.mistakes.append(Mistake(path, " ".join(str(error).split())))
        return None

    def clearing(self, number: int, one: ClearingTable, names: Names) -> Clearing | None:
        """A clearing, whole if its parts can be made."""
        path = f"clearings.{number}"
        before = len(self.mistakes)
        for i, holding in enumerate(one.holdings):
            place = f"{path}.holdings.{i}"
            market = names.markets.get(holding.instrument)
            if market is None:
                continue
            asset = holding.asset or market.asset
            oracle = self.attempt(
                f"{place}.oracle", make_oracle, holding.oracle, market, asset, names
            )
            if oracle is not None:
                self.attempt(
                    f"{place}.margin.parameters", make_margin, holding.margin, oracle.source
                )
        engine = self.design(
            f"{path}.liquidation", one.liquidation.design, one.liquidation.parameters
        )
        if engine is None or len(self.mistakes) > before:
            return None
        return self.attempt(path, make_clearing, one, names, engine)

    def design(self, path: str, name: str, parameters: dict[str, Any]) -> LiquidationEngine | None:
        """A design; in place of one of the user's own, which is not run, another."""
        if names_user_code(name):
            return make_design("frozen", {})
        if self.attempt(f"{path}.design", maker_of, name) is None:
            return None
        return self.attempt(f"{path}.parameters", make_design, name, parameters)
