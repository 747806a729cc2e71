"""``firesale rerun``: a result run again from its JSON, and its digests compared."""

import json
from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.console import BAD_DATA, RefusalError, refusal_of, refuse_missing
from experiments.commands.settings import AllowCode, AsJson

__all__ = ["rerun"]


def rerun(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="JSON of firesale run: story.json, market.json, or of --json."
        ),
    ],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes.", show_default="one a core")
    ] = None,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Run a result again from what it says of itself; exits 1 if its digests are others now."""
    from experiments.studies.rerun import rerun_result, said_in

    refuse_missing(file)
    try:
        said = said_in(file)
    except ValueError as error:
        raise RefusalError(str(error), BAD_DATA) from None
    try:
        found = rerun_result(said, allow_code=allow_code, workers=workers)
    except (ValueError, OSError) as error:
        raise refusal_of(error) from None
    if as_json:
        typer.echo(json.dumps(found.summary(), indent=2))
    else:
        typer.echo("\n".join(found.headline()))
    if not found.equal:
        raise typer.Exit(BAD_DATA)
