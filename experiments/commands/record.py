"""``firesale run --record``: one run whose tapes go to disk while it runs, and what came of it."""

import json
from pathlib import Path

import typer

from experiments.commands.console import refusal_of
from experiments.commands.settings import read_settings, refuse_own_code
from lob.counted import counted

__all__ = ["record_run"]


def record_run(
    name: str,
    seed: int,
    settings: list[str] | None,
    folder: Path,
    as_json: bool,
    allow_code: bool = False,
) -> None:
    """Run a scenario once, without a twin, with its tapes on disk.

    Parameters
    ----------
    name
        A ready scenario, or its TOML file.
    seed
        Root of all randomness.
    settings
        ``KEY=VALUE`` texts that change the scenario.
    folder
        Where the tapes go: there already, and nobody else's.
    as_json
        Whether one JSON object is printed.
    allow_code
        Whether code of the user's own that the scenario names may be run.

    Raises
    ------
    RefusalError
        If the scenario is not one, the run raises, or a file cannot be written.
    """
    from experiments.runs.run import run_scenario
    from experiments.scenario.read import read_scenario

    try:
        scenario = read_scenario(name, read_settings(settings))
        refuse_own_code(scenario, allow_code, settings)
        run = run_scenario(scenario, seed, record=folder)
        if as_json:
            typer.echo(json.dumps(run.summary(), indent=2, allow_nan=False))
            return
        typer.echo("\n".join(run.headline()))
        rows = ", ".join(
            counted(len(run.tape[kind]), one, kind)
            for one, kind in (("event", "events"), ("message", "messages"), ("entry", "entries"))
        )
        typer.echo(f"{folder}: {rows}; digest {run.simulation.digest()}")
    except (ValueError, OSError) as error:
        raise refusal_of(error, folder) from None
