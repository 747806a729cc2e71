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
            metavar="FILE",
            help="JSON of any study, as of --out or --json; or a folder of kept runs.",
        ),
    ],
    key: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="Only the run of this key, or its start.")
    ] = None,
    design: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Only runs of this design.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Only runs of this seed.")] = None,
    point: Annotated[
        int | None, typer.Option(min=0, help="Only runs at this point of a sweep, from 0.")
    ] = None,
    market: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only runs in this market of a contest.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes.", show_default="one a core")
    ] = None,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Run a result again from what it says of itself; exits 1 if its digests are others now."""
    from experiments.contest.rerun import rerun_any
    from experiments.studies.rerun import said_in
    from experiments.studies.rerun_rows import Which

    refuse_missing(file)
    try:
        said = said_in(file)
    except ValueError as error:
        raise RefusalError(str(error), BAD_DATA) from None
    try:
        which = Which(key, design, seed, point, market)
        found = rerun_any(said, which=which, allow_code=allow_code, workers=workers)
    except (ValueError, OSError) as error:
        raise refusal_of(error) from None
    if as_json:
        typer.echo(json.dumps(found.summary(), indent=2))
    else:
        typer.echo("\n".join(found.headline()))
    if not found.equal:
        raise typer.Exit(BAD_DATA)
