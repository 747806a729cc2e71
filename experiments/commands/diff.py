"""``firesale diff``: the first row in which two tapes differ."""

import json
from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.console import BAD_DATA, RefusalError, refuse_missing
from experiments.commands.settings import AsJson
from lob import __version__

__all__ = ["diff"]

DIFFERENT = 1
"""Exit code if the tapes differ."""


def diff(
    one: Annotated[Path, typer.Argument(metavar="TAPE", help="A .parquet or .npy tape.")],
    other: Annotated[Path, typer.Argument(metavar="TAPE", help="Another of the same layout.")],
    as_json: AsJson = False,
) -> None:
    """Name the first row in which two tapes differ, and what led to it. Exits 1 if one does."""
    from experiments.runs.tape_diff import first_difference, tell
    from lob import tape

    refuse_missing(one, other)
    try:
        found = first_difference(tape.read(one), tape.read(other))
    except (OSError, TypeError, ValueError) as error:
        raise RefusalError(str(error), BAD_DATA) from error
    if found is None:
        typer.echo(
            json.dumps({"firesale": __version__, "same": True})
            if as_json
            else "the tapes are the same to the byte"
        )
        return
    rows = {
        str(path): None if row is None else tell(row)
        for path, row in ((one, found.one), (other, found.other))
    }
    before = [tell(row) for row in found.before]
    if as_json:
        said = {
            "firesale": __version__,
            "same": False,
            "row": found.row,
            "fields": found.fields,
            "rows": list(rows.values()),
            "before": before,
        }
        typer.echo(json.dumps(said))
    else:
        typer.echo(f"the tapes differ first in row {found.row}")
        if found.fields:
            typer.echo(f"  in {', '.join(found.fields)}")
        for path, row in rows.items():
            typer.echo(f"  {path}: {'has ended' if row is None else _line(row)}")
        typer.echo("what led to it:" if before else "nothing led to it: it is the first row")
        for row in before:
            typer.echo(f"  {_line(row)}")
    raise typer.Exit(DIFFERENT)


def _line(row: dict[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in row.items())
