"""``--set KEY=VALUE``, with which several commands change a scenario or a market."""

import json
from typing import Annotated, Any

import typer

from experiments.commands.console import RefusalError

__all__ = ["Settings", "read_settings"]

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
