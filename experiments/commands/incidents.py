"""``firesale incidents``: what happened once, played again and held to what is known of it."""

import json
from typing import Annotated

import typer

from experiments.commands.settings import AsJson
from lob import __version__

__all__ = ["incidents"]

WIDTH = 16
"""Characters of a column of names."""
incidents = typer.Typer(help="Play incidents whose outcome is known.", invoke_without_command=True)


@incidents.callback()
def library(context: typer.Context, as_json: AsJson = False) -> None:
    """List the incidents whose outcome is known, a line each."""
    if context.invoked_subcommand is not None:
        return
    from experiments.studies.incidents.library import INCIDENTS

    if as_json:
        known = [
            {"name": one.name, "date": one.date, "title": one.title, "check": one.check}
            for one in INCIDENTS.values()
        ]
        typer.echo(json.dumps({"firesale": __version__, "incidents": known}, indent=2))
        return
    for one in INCIDENTS.values():
        typer.echo(f"{one.name:<{WIDTH}}{one.date}: {one.title}")


@incidents.command("run")
def play(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Which: see the list.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Play incidents; each says what is sourced, what chosen, the check and the verdict.

    Exits 0 whatever the verdicts are: one that is not reproduced is an answer.
    """
    from experiments.studies.incidents.library import incidents as known

    if bool(names) == everything:
        raise typer.BadParameter("name incidents, or give --all")
    try:
        study = known().run(*(names or ()))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if as_json:
        typer.echo(json.dumps({"firesale": __version__, **study.summary()}, indent=2))
        return
    from rich.console import Console

    from experiments.report.incident_terminal import print_incident

    console = Console(highlight=False, markup=False)
    for one in study.results:
        print_incident(console, one.summary())
        console.print()
    for line in study.headline():
        console.print(line, soft_wrap=True)
