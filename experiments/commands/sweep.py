"""``firesale sweep``: a scenario at many points of its parameters, resumed where it stopped."""

import json
from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.console import (
    RefusalError,
    counted_progress,
    make_folder,
    refusal_of,
    refuse_missing,
)
from experiments.commands.settings import AllowCode, AsJson

__all__ = ["sweep"]

SHOWN = ("drop", "bad_debt")
"""Measures that are printed if none is asked for."""


def sweep(
    spec: Annotated[
        Path, typer.Argument(metavar="SPEC.toml", help="What is varied: see docs/how-to/sweeps.md.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep the runs here, and resume from here.",
            show_default="SPEC.runs",
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Seeds at each point, in place of the file's.")
    ] = None,
    measures: Annotated[
        list[str] | None,
        typer.Option("--measure", metavar="NAME", help="A measure to print; repeatable."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes.", show_default="one a core")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Run on the workers of this dask scheduler."),
    ] = None,
    memory: Annotated[
        str | None, typer.Option(metavar="BYTES", help='What a run may take, like "500 MB".')
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Make runs that failed again.")] = False,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Run a scenario over parameters and seeds; what had finished is never lost or made again.

    Exits 1 if a run failed; its error is in its row, and the others are there.
    """
    from experiments.runs.cluster import cluster_of
    from experiments.runs.memory_limit import parse_bytes
    from experiments.scenario.read import read_scenario
    from experiments.studies.sweep import hold_sweep
    from experiments.studies.sweep_spec import read_spec

    refuse_missing(spec)
    folder = out or Path(f"{spec.stem}.runs")
    try:
        asked = read_spec(spec)
        scenario = read_scenario(asked.scenario).with_(**asked.set)
        limit = memory or asked.memory
        make_folder(folder)
        with counted_progress(as_json) as report:
            found = hold_sweep(
                scenario,
                asked.sampling(seeds),
                twin=asked.twin,
                metrics=asked.metrics,
                folder=folder,
                workers=workers,
                executor=cluster_of(scheduler, workers),
                memory=parse_bytes(limit),
                retry=retry,
                allow_code=allow_code,
                report=report,
            )
        means = {name: found.means(name) for name in measures or SHOWN}
        first = next(iter(means))
        indices = found.sensitivity(first) if found.design == "sensitivity" else None
    except ImportError as error:
        raise RefusalError(str(error)) from None
    except (ValueError, OSError) as error:
        raise refusal_of(error, folder) from None
    if as_json:
        shares = {name: {k: v._asdict() for k, v in one.items()}
                  for name, one in (indices or {}).items()}  # fmt: skip
        said = {**found.summary(), **({"sensitivity": {first: shares}} if indices else {})}
        typer.echo(json.dumps(said, allow_nan=False))
    else:
        from rich.console import Console

        from experiments.report.sweep_terminal import print_sensitivity, print_sweep

        console = Console(highlight=False, emoji=False, markup=False)
        units = {name: str(one.attrs["unit"]) for name, one in means.items()}
        print_sweep(console, [*found.headline(), f"rows: {folder}/runs/*.parquet"], found.names,
                    means, units)  # fmt: skip
        if indices is not None:
            print_sensitivity(console, first, indices)
    if found.failed:
        raise typer.Exit(1)
