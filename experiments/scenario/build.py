"""Builder of a scenario's simulation: its instruments and everybody who trades in them."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import agents
from experiments.scenario.breakers import make_breaker
from experiments.scenario.claims import left_outside, make_claim, make_pool, stock_claims
from experiments.scenario.clearing import make_clearing, set_timers
from experiments.scenario.collateralised_borrowers import make_collateralised_borrowers
from experiments.scenario.designs import make_design
from experiments.scenario.drives import make_driver
from experiments.scenario.instruments import make_background, make_instrument, worth_of
from experiments.scenario.keepers import make_congestion, make_keepers
from experiments.scenario.makers import make_maker
from experiments.scenario.names import Names
from experiments.scenario.oracle_faults import with_faults
from experiments.scenario.populations import make_population
from experiments.scenario.recursive_borrowers import make_recursive_borrowers
from experiments.scenario.shock import ShockPlace
from experiments.scenario.tables import ScenarioTables
from experiments.scenario.traders import make_stacker, make_trader
from lob.types import MAX_SIZE

__all__ = ["HOOK_SECONDS", "build", "participants"]

HOOK_SECONDS = 60.0
"""Real time that whoever acts may take at a time: a design of the user's own that hangs is stopped
after it, by name. The longest of all that come with Firesale takes some seconds."""


def build(
    scenario: ScenarioTables,
    seed: int = 1,
    *,
    forced: bool = True,
    design: str | None = None,
    parameters: dict[str, Any] | None = None,
    events: bool = True,
    messages: bool = True,
) -> agents.Simulation:
    """Build a scenario's simulation, ready to run.

    Parameters
    ----------
    scenario
        The scenario, as ``read_scenario`` or code gives it.
    seed
        Root of all randomness.
    forced
        Whether failed accounts are liquidated; ``False``: frozen, the twin.
    design
        Name of the liquidation design in place of the scenario's own.
    parameters
        Parameters of ``design`` by name, times in seconds.
    events, messages
        Whether these tapes are kept; that of clearing always is.

    Raises
    ------
    ValueError
        If there is no such design, or a parameter is not one of it.
    """
    names = scenario.names()
    clearings = []
    tables = with_faults(scenario.clearings, scenario.shocks)
    for one in tables:
        if not forced:
            engine = make_design("frozen", {})
        elif design is not None:
            engine = make_design(design, parameters or {})
        else:
            engine = make_design(one.liquidation.design, one.liquidation.parameters)
        clearings.append(make_clearing(one, names, engine))
    simulation = agents.Simulation(
        seed,
        instruments=[make_instrument(one, i) for i, one in enumerate(scenario.instruments)],
        clearings=clearings,
        breakers=[make_breaker(one, names) for one in scenario.breakers],
        facilities=[*map(make_claim, scenario.claims), *map(make_pool, scenario.pools)],
        events=events,
        messages=messages,
        max_hook_seconds=HOOK_SECONDS,
    )
    stock_claims(scenario.claims, scenario.pools, simulation)
    for _, make in participants(scenario, names, seed):
        for participant in make():
            simulation.add(participant)
    set_timers(scenario.clearings, names, simulation.clearings)
    simulation.venue.refresh()
    return simulation


Maker = Callable[[], Iterable[agents.Participant]]
"""Makes the participants of one table."""


def participants(scenario: ScenarioTables, names: Names, seed: int) -> Iterator[tuple[str, Maker]]:
    """Yield each table that makes participants: its path in the file, and what makes them.

    In the order in which they join.

    Parameters
    ----------
    scenario
        The tables.
    names
        Numbers of instruments and clearings by name.
    seed
        Root of all randomness.
    """
    backgrounds: dict[str, list[agents.Participant]] = {}
    makers: dict[str, list[agents.Participant]] = {}
    for i, instrument in enumerate(scenario.instruments):
        worth = worth_of(scenario.instruments, instrument.name)
        yield (
            f"instruments.{i}.background",
            _noted(
                backgrounds,
                instrument.name,
                partial(make_background, instrument, i, names, seed, worth),
            ),
        )
    for i, maker in enumerate(scenario.makers):
        yield f"makers.{i}", _noted(makers, maker.name, _single(make_maker, maker, names))
    for i, population in enumerate(scenario.populations):
        yield f"populations.{i}", _single(make_population, population, names, seed)
    for i, trader in enumerate(scenario.traders):
        yield f"traders.{i}", _single(make_trader, trader, names)
    # Those who have an account that others give claims to start before those.
    for i, stacker in sorted(
        enumerate(scenario.stackers), key=lambda one: one[1].kind == "LeverageVault"
    ):
        yield f"stackers.{i}", _single(make_stacker, stacker, names)
    left = left_outside(scenario.claims, scenario.pools)
    for i, collateralised in enumerate(scenario.collateralised_borrowers):
        path = f"collateralised_borrowers.{i}"
        yield (
            path,
            _single(
                make_collateralised_borrowers,
                collateralised,
                names,
                seed,
                left.get(collateralised.asset, MAX_SIZE),
            ),
        )
    for i, borrower in enumerate(scenario.recursive_borrowers):
        path = f"recursive_borrowers.{i}"
        yield path, _single(make_recursive_borrowers, borrower, names, seed)
    for i, drive in enumerate(scenario.drives):
        if drive.files:
            yield f"drives.{i}", _single(make_driver, drive, names)
    for i, shock in enumerate(scenario.shocks):
        # After those whom it tells what is to come.
        place = ShockPlace(i, names, backgrounds, makers)
        yield f"shocks.{i}", partial(shock.participants, place)
    if scenario.congestion is not None:
        yield "congestion", _single(make_congestion, scenario.congestion)
    congested = scenario.congestion is not None
    for i, keepers in enumerate(scenario.keepers):
        yield f"keepers.{i}", partial(make_keepers, keepers, congested, seed)


def _noted(known: dict[str, list[agents.Participant]], name: str, make: Maker) -> Maker:
    """What makes the same, and notes by a name who was made."""

    def made() -> list[agents.Participant]:
        known[name] = list(make())
        return known[name]

    return made


def _single(make: Callable[..., agents.Participant], *arguments: Any) -> Maker:
    return lambda: [make(*arguments)]
