"""``firesale list``, ``show`` and ``new``: which scenarios there are, what one says, one's own."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.commands.console import BAD_DATA, RefusalError
from experiments.commands.settings import AsJson, Settings, read_settings
from lob import __version__

__all__ = ["list_command", "new", "show"]

WIDTH = 22
"""Characters of a column of names."""


def list_command(
    as_json: AsJson = False,
) -> None:
    """List the ready scenarios and markets, a line of question each."""
    from experiments.scenario.ready_markets import READY_MARKETS
    from experiments.scenario.ready_scenarios import questions_of_ready_scenarios

    scenarios = questions_of_ready_scenarios()
    if as_json:
        known = [
            {"name": name, "kind": "scenario", "question": question}
            for name, question in scenarios.items()
        ]
        known += [
            {"name": name, "kind": "market", "question": what}
            for name, what in READY_MARKETS.items()
        ]
        typer.echo(json.dumps({"firesale": __version__, "ready": known}, indent=2))
        return
    for name, what in [*scenarios.items(), *READY_MARKETS.items()]:
        typer.echo(f"{name:<{WIDTH}}{what}")


def show(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="The name of a ready one, or its TOML file.")
    ],
    settings: Settings = None,
    as_toml: Annotated[
        bool, typer.Option("--toml", help="Write it as TOML, to be read again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a scenario as it is understood: every key with its value, unit and source.

    A source is the file, an override (set) or the default. Beside an integer stands what it is in
    the instrument's own units, and what was written for it if that was a quantity. Nothing is run,
    and no code of your own is imported.
    """
    from experiments.scenario.read import keys_of_scenario
    from experiments.scenario.written import scenario_toml

    overrides = read_settings(settings)
    found = _read(scenario, overrides)
    if as_toml:
        typer.echo(scenario_toml(found), nl=False)
        return
    keys = keys_of_scenario(scenario, overrides)
    if as_json:
        said = [key._asdict() for key in keys]
        typer.echo(json.dumps({"firesale": __version__, "scenario": found.name, "keys": said}))
        return
    paths = max(len(key.path) for key in keys)
    units = max(len(key.unit) for key in keys)
    for key in keys:
        real = f"  = {key.real}" if key.real else ""
        written = f"  (written: {key.written})" if key.written else ""
        typer.echo(
            f"{key.path:<{paths}}  {key.source:<7}  {key.unit:<{units}}  {_said(key.value)}"
            f"{real}{written}"
        )


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the scenario.")],
    like: Annotated[
        str, typer.Option("--from", metavar="SCENARIO", help="The scenario to start from.")
    ] = "deleveraging-spiral",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write; else NAME.toml.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a scenario of your own to start from, each key with its meaning, unit and default."""
    from experiments.scenario.written import scenario_toml, write_whole

    if not name.replace("-", "").replace("_", "").isalnum():
        raise RefusalError(f"NAME must be letters, digits, - and _, got {name!r}")
    found = _read(like, {"name": name})
    path = out or Path(f"{name}.toml")
    if path.exists():
        raise RefusalError(f"{path} is there already: choose another name, or --out FILE")
    if not path.parent.is_dir():
        raise RefusalError(f"--out {path}: there is no folder {path.parent}")
    write_whole(path, scenario_toml(found, comments=True))
    if as_json:
        typer.echo(json.dumps({"firesale": __version__, "file": str(path), "from": like}))
        return
    typer.echo(f"{path}: a copy of {like}; change it, then: firesale run {path}")


def _read(source: str, overrides: dict[str, Any]) -> Any:
    from experiments.scenario.read import ScenarioError, read_scenario

    try:
        return read_scenario(source, overrides)
    except ScenarioError as error:
        raise RefusalError(str(error)) from None
    except OSError as error:
        raise RefusalError(f"{source}: {error.strerror or error}", BAD_DATA) from None


def _said(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
