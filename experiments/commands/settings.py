"""Options that several commands share: ``--json``, and ``--set KEY=VALUE`` with its reader."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from experiments.commands.console import RefusalError

__all__ = ["AsJson", "Settings", "check_options", "read_settings"]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="An option of the market; repeatable."),
]


def read_settings(settings: list[str] | None) -> dict[str, Any]:
    """Read ``KEY=VALUE`` texts: values by key, JSON or else plain words.

    Raises
    ------
    RefusalError
        If a text has no ``=``.
    """
    options: dict[str, Any] = {}
    for setting in settings or []:
        key, found, value = setting.partition("=")
        if not found or not key.replace(".", "_").replace("-", "_").isidentifier():
            raise RefusalError(f"--set {setting}: write KEY=VALUE")
        try:
            options[key] = json.loads(value)
        except json.JSONDecodeError:
            options[key] = value
    return options


def check_options(market: str, maker: Callable[..., Any], options: dict[str, Any]) -> None:
    """Refuse options that a ready market does not have, with the nearest that it has."""
    from experiments.scenario.parameters import refuse_unknown

    try:
        refuse_unknown(maker, options, besides=("seed",), of=market)
    except ValueError as error:
        raise RefusalError(str(error)) from None
