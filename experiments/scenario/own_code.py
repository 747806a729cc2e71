"""Code of the user's own that a scenario names, and whether it may be run.

A scenario is data: to read, show or list one never runs code. What it names is run only where
somebody said so: by permission, or because whoever runs it named the same file himself.
"""

from collections.abc import Iterable

from experiments.scenario.tables import ScenarioTables
from experiments.scenario.user_code import file_of, names_user_code

__all__ = ["CodeNotAllowedError", "own_code_of", "refuse_code"]


class CodeNotAllowedError(ValueError):
    """A scenario names code of the user's own, and nobody said that it may be run."""


def own_code_of(scenario: ScenarioTables) -> dict[str, str]:
    """Where a scenario names code of the user's own: ``FILE.py:NAME`` by dotted path."""
    named = [
        (f"clearings.{i}.liquidation.design", one.liquidation.design)
        for i, one in enumerate(scenario.clearings)
    ]
    named += [
        (f"instruments.{i}.background.kind", one.background.kind)
        for i, one in enumerate(scenario.instruments)
    ]
    named += [
        (f"clearings.{i}.holdings.{j}.margin.model", holding.margin.model)
        for i, one in enumerate(scenario.clearings)
        for j, holding in enumerate(one.holdings)
    ]
    for table in ("traders", "populations", "shocks", "metrics"):
        named += [
            (f"{table}.{i}.kind", str(getattr(one, "kind", None)))
            for i, one in enumerate(getattr(scenario, table))
        ]
    named += [
        (f"alternatives.{i}.design", one.design) for i, one in enumerate(scenario.alternatives)
    ]
    return {path: name for path, name in named if names_user_code(name)}


def refuse_code(
    scenario: ScenarioTables,
    *,
    allowed: bool = False,
    named: Iterable[str] = (),
    design: str | None = None,
) -> None:
    """Refuse to run a scenario that names code which nobody said may be run.

    Parameters
    ----------
    scenario
        The scenario that is to be run.
    allowed
        Whether somebody said so.
    named
        Texts that may be ``FILE.py:NAME``, given by whoever runs the scenario: what is in the same
        files may be run.
    design
        A design in place of the scenario's own that nobody named now: a file says it.

    Raises
    ------
    CodeNotAllowedError
        That names each place and file.
    """
    if allowed:
        return
    files = {file_of(name).resolve() for name in named if names_user_code(name)}
    own = own_code_of(scenario)
    if design is not None and names_user_code(design):
        own["design"] = design
    unsaid = [
        f"{path} ({name})" for path, name in own.items() if file_of(name).resolve() not in files
    ]
    if unsaid:
        raise CodeNotAllowedError(
            f"{scenario.name} names code of your own, which is run only if you say so: "
            f"{', '.join(unsaid)}: give --allow-code, in Python allow_code=True"
        )
