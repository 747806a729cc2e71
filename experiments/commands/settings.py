"""Options that several commands share: ``--json``, and ``--set KEY=VALUE`` with its reader."""

import json
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.commands.console import RefusalError

if TYPE_CHECKING:
    from agents import Simulation
    from experiments.scenario.read import Scenario

__all__ = [
    "AllowCode",
    "AsJson",
    "Format",
    "Member",
    "Memory",
    "Settings",
    "Store",
    "market_options",
    "named_market",
    "parse_share",
    "read_settings",
    "refuse_own_code",
]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

AllowCode = Annotated[
    bool,
    typer.Option("--allow-code", help="Run code of your own that the scenario names."),
]

Format = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="NAME", help="Read it as this format.", show_default="recognised"
    ),
]

Member = Annotated[
    str | None, typer.Option(metavar="NAME", help="Which file of a zip that holds several.")
]

Memory = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE", help='What one run may take, as "2 GB": more ends that run alone.'
    ),
]

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="An option of the market; repeatable."),
]

Store = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="DIR",
        help="Keep every finished run here; the next call makes only what is missing.",
    ),
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


def refuse_own_code(
    scenario: "Scenario", allowed: bool, settings: list[str] | None, designs: Iterable[str] = ()
) -> None:
    """Refuse a scenario that names code which the command line neither allows nor names.

    Parameters
    ----------
    scenario
        The scenario.
    allowed
        Whether ``--allow-code`` was given.
    settings
        Values of ``--set``; code that one of them names may be run.
    designs
        Designs that the command line names: so may theirs.

    Raises
    ------
    RefusalError
        That says what it names.
    """
    from experiments.scenario.own_code import CodeNotAllowedError, refuse_code

    values = [one for one in read_settings(settings).values() if isinstance(one, str)]
    try:
        refuse_code(scenario, allowed=allowed, named=[*values, *designs])
    except CodeNotAllowedError as error:
        raise RefusalError(str(error)) from None


def named_market(market: str) -> "Callable[..., Simulation]":
    """Find the builder of a market.

    Parameters
    ----------
    market
        Name of a ready market, or the path of a market file.

    Raises
    ------
    RefusalError
        If there is none, or the file is not valid.
    """
    from experiments.calibration.named_markets import market_named

    try:
        return market_named(market)
    except (ValueError, OSError) as error:
        raise RefusalError(str(error)) from None


def market_options(market: str, settings: list[str] | None) -> dict[str, Any]:
    """Read the options of a market.

    Parameters
    ----------
    market
        Its name, or the path of its file.
    settings
        Values of ``--set``.

    Raises
    ------
    RefusalError
        If a text has no ``=``, or the market has no such option: with the nearest that it has.
    """
    from experiments.scenario.parameters import refuse_unknown

    options = read_settings(settings)
    try:
        refuse_unknown(named_market(market), options, besides=("seed",), of=market)
    except ValueError as error:
        raise RefusalError(str(error)) from None
    return options


def parse_share(text: str) -> Fraction:
    """Read a share of the volume: above 0 and at most 1, as in 0.1 or 10%.

    Parameters
    ----------
    text
        As it was typed.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        percent = text.strip().endswith("%")
        share = Fraction(text.strip().removesuffix("%").strip()) / (100 if percent else 1)
    except (ValueError, ZeroDivisionError):
        share = Fraction(0)
    if not 0 < share <= 1:
        raise ValueError(f"{text!r} is not a share: write a number above 0, at most 1, as in 0.1")
    return share
