"""The command ``firesale validate``."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.commands.console import counted_progress, refusal_of
from experiments.commands.settings import Store
from lob import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from experiments.validation import Case, Result

__all__ = ["validate_command"]

DISAGREES = 1
"""Exit code if a value is outside its band."""


def validate_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Targets, or ids of published cases. All that are quick if none is given.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A parameter; the value is JSON."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a name.")] = False,
    only_list: Annotated[
        bool, typer.Option("--list", help="Show the targets with their parameters.")
    ] = False,
    slow: Annotated[bool, typer.Option("--slow", help="Without names: the slow ones too.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes.", show_default="one a core")
    ] = None,
    store: Store = None,
) -> None:
    """Hold what this project computes against the published literature."""
    from experiments.runs.workers import JobError
    from experiments.validation import read_cases
    from experiments.validation.several import validate_several

    if only_list:
        _list(as_json)
        return
    try:
        cases = read_cases()
        parameters = _parameters(settings or [], names or [])
        chosen = names or _chosen(cases, slow)
        if parameters and not names:
            raise ValueError("--set needs the NAME of the target that has the parameter")
        with counted_progress(as_json) as report:
            results = validate_several(
                chosen, cases, parameters, workers=workers, store=store, progress=report
            )
    except JobError as error:
        raise refusal_of(error) from None
    except (ValueError, OSError) as error:
        raise typer.BadParameter(str(error)) from None
    if as_json:
        found = [{"firesale": __version__, **result.to_dict()} for result in results]
        typer.echo(json.dumps(found[0] if names and len(names) == 1 else found, indent=2))
    else:
        _show(results)
    if any(result.verdict == "disagrees" for result in results):
        raise typer.Exit(DISAGREES)


def _chosen(cases: "Sequence[Case]", slow: bool) -> list[str]:
    """Every published case that a target covers; without cases the targets themselves."""
    from experiments.validation import TARGETS, find_target

    found = [(case.id, find_target(case.id)) for case in cases]
    covered = [(name, target) for name, target in found if target is not None]
    every = covered or [(target.name, target) for target in TARGETS]
    return [name for name, target in every if slow or not target.slow]


def _parameters(settings: list[str], names: list[str]) -> dict[str, Any]:
    """By name; a source's own name of a parameter may itself hold ``=``."""
    from experiments.validation import find_target

    targets = [target for name in names if (target := find_target(name)) is not None]
    known = {key for target in targets for key in (*target.defaults(), *target.aliases)}
    parameters: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise ValueError(f"--set {setting}: write KEY=VALUE")
        longest = max((k for k in known if setting.startswith(f"{k}=")), key=len, default=key)
        key, text = longest, setting[len(longest) + 1 :]
        try:
            parameters[key] = json.loads(text)
        except json.JSONDecodeError:
            parameters[key] = text
    return parameters


def _list(as_json: bool) -> None:
    from experiments.validation import TARGETS

    if as_json:
        rows = [
            {
                "name": target.name,
                "source": target.source,
                "computed_by": target.kind,
                "slow": target.slow,
                "parameters": target.defaults(),
                "also_called": {name: own for name, own in target.aliases.items() if own},
            }
            for target in TARGETS
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    for target in TARGETS:
        slow = "  slow" if target.slow else ""
        typer.echo(f"{target.name}  ({target.source})  by {target.kind}{slow}")
        for name, default in target.defaults().items():
            typer.echo(f"    {name} = {json.dumps(default)}")
        for name, own in target.aliases.items():
            if own:
                both = own if isinstance(own, str) else " and ".join(own)
                typer.echo(f"    {name}: another name of {both}")


def _show(results: "Sequence[Result]") -> None:
    from rich.console import Console
    from rich.table import Table

    from experiments.validation.table import rows

    table = Table("name", "computed by", "value", "published", "ours", "band", "verdict", box=None)
    for result in results:
        for index, row in enumerate(rows(result)):
            opening = ("", "") if index else (result.name, result.kind)
            table.add_row(*opening, *row, "" if index else result.verdict)
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(table)
    for result in results:
        if result.note:
            console.print(f"{result.name}: {result.note}", markup=False)
