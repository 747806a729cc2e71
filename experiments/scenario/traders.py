"""Single leveraged traders in a scenario, each one of ``agents.leverage`` by its class name."""

from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field

import agents
from agents import leverage
from experiments.scenario.names import Names
from experiments.scenario.parameters import refuse_unknown
from experiments.scenario.table import Name, Table

__all__ = ["StackerTable", "TraderTable", "make_stacker", "make_trader"]


class TraderTable(Table):
    """A single leveraged trader of ``agents.leverage``, by its class name."""

    kind: Literal[
        "LeverageTarget", "VolatilityTarget", "ValueFund", "Pyramider", "StopLoss",
        "SelfDeleverager", "Hedger",
    ]  # fmt: skip
    """Class in ``agents.leverage``."""
    name: Name
    """Name of the trader, unique; its randomness is keyed by it."""
    clearing: str = "clearing"
    """Name of the clearing where the trader's account is."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Keywords of the class: ticks, lots, cash units, times in ns."""


class StackerTable(Table):
    """A single participant of ``agents.leverage``, by its class name.

    ``clearing`` and ``instrument`` are names here; the other ``parameters`` are those of the class,
    times in ns.
    """

    kind: Literal[
        "DepegArbitrageur", "LPBorrower", "LeverageVault", "PoolArbitrageur",
        "RehypothecatingLender", "VaultDepositor", "RecursiveYieldBorrower",
    ]  # fmt: skip
    """Class in ``agents.leverage``."""
    name: Name
    """Name of the participant, unique; its randomness is keyed by it."""
    clearing: str | None = None
    """Name of a clearing, where the class has one."""
    instrument: str | None = None
    """Name of an instrument, where the class trades one."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """The other keywords of the class: ticks, lots, cash units, ppm, times in ns."""


def make_trader(one: TraderTable, names: Names) -> agents.Participant:
    """Make a single leveraged trader from its table.

    Parameters
    ----------
    one
        The table.
    names
        Numbers of instruments and clearings by name.

    Raises
    ------
    ValueError
        If it cannot be made with these parameters.
    """
    return _make(one.kind, one.name, one.parameters, {"clearing": names.clearings[one.clearing]})


def make_stacker(one: StackerTable, names: Names) -> agents.Participant:
    """Make a single participant that stacks claims and leverage from its table.

    Parameters
    ----------
    one
        The table.
    names
        Numbers of instruments and clearings by name.

    Raises
    ------
    ValueError
        If it cannot be made with these parameters.
    """
    places = {}
    if one.clearing is not None:
        places["clearing"] = names.clearings[one.clearing]
    if one.instrument is not None:
        places["instrument"] = names.instrument(one.instrument)
    return _make(one.kind, one.name, one.parameters, places)


def _make(
    kind: str, name: str, parameters: dict[str, Any], places: dict[str, int]
) -> agents.Participant:
    maker: Callable[..., agents.Participant] = getattr(leverage, kind)
    refuse_unknown(
        maker, parameters, besides={"name", "clearing", "instrument"} & {"name", *places}
    )
    return maker(name, **{**parameters, **places})
