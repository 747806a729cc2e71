"""``firesale fit``: a market out of recorded order flow."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.commands.console import BAD_DATA, RefusalError, progress
from experiments.commands.settings import AsJson, Format, Member, Settings, read_settings

__all__ = ["fit"]


def fit(
    file: Annotated[Path, typer.Argument(help="Order flow of any known format.")],
    model: Annotated[
        str, typer.Option(metavar="NAME", help="Which model: poisson, hawkes, queue-reactive...")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the market file is written (TOML).")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the market.")] = None,
    symbol: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which instrument of the file, of several.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="From here on: HH:MM:SS, +90s, or a date."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Read the file no further.")
    ] = None,
    score: Annotated[
        bool,
        typer.Option("--score", help="Simulate the market, and tell its distance to the file."),
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every number of long lists.")
    ] = False,
    format_name: Format = None,
    member: Member = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Fit a model of order flow to a file, and write the market with its errors."""
    from experiments.calibration.fit import FitError
    from experiments.studies.fit import fit_market
    from lob.feeds import FeedError

    told: dict[str, Any] = {"format": format_name, "member": member}
    options = {key: value for key, value in told.items() if value is not None}
    if out is not None and not out.absolute().parent.is_dir():
        raise RefusalError(f"--out {out}: there is no folder {out.absolute().parent}")
    try:
        with progress(as_json, 14 if score else 4) as tell:
            found = fit_market(
                file, model, name=name, symbol=symbol, since=since, until=until,
                settings=read_settings(settings), report=tell, **options,
            )  # fmt: skip
            scored = found.score(report=tell) if score else None
    except FitError as error:
        raise RefusalError(str(error), BAD_DATA) from error
    except FeedError as error:
        raise RefusalError(str(error), BAD_DATA if file.exists() else 2) from error
    except OSError as error:
        raise RefusalError(f"{file}: {error.strerror or error}", BAD_DATA) from error
    except (TypeError, ValueError) as error:
        raise RefusalError(str(error)) from error
    if out is not None:
        found.save(out)
    if as_json:
        summary = found.summary()
        if scored is not None:
            summary["score"] = scored.summary()
        typer.echo(json.dumps(summary, indent=2, allow_nan=False))
        return
    from rich.console import Console

    from experiments.report.facts_terminal import print_score
    from experiments.report.fit_terminal import print_fit

    console = Console(highlight=False)
    print_fit(console, found.headline(), found.frame(), found.laws_frame(), everything=everything)
    if scored is not None:
        console.print()
        print_score(console, scored.headline(), scored.frame())
    if out is not None:
        console.print()
        console.print(f"Written: {out}", soft_wrap=True)
