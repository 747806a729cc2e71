"""Single leveraged traders in a scenario, each one of ``agents.leverage`` by its class name."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, ValidationInfo

import agents
from agents import leverage
from experiments.markets.written import meant
from experiments.scenario.files import own_file
from experiments.scenario.names import Names
from experiments.scenario.own_parts import make_own
from experiments.scenario.parameters import refuse_unknown, takes
from experiments.scenario.table import Name, Table
from experiments.scenario.user_code import load_user_code, names_user_code

__all__ = ["StackerTable", "TraderTable", "make_stacker", "make_trader"]


TraderKind = Literal[
    "LeverageTarget", "VolatilityTarget", "ValueFund", "Pyramider", "StopLoss", "SelfDeleverager",
    "Hedger",
]  # fmt: skip
"""Classes of ``agents.leverage`` that trade alone in one clearing."""


def _kind(name: str, info: ValidationInfo) -> str:
    known = get_args(TraderKind)
    if name not in known and not names_user_code(name):
        raise ValueError(
            f"no trader is called {name!r}: {meant(name, known)}; one of your own is FILE.py:NAME"
        )
    return own_file(name, info)


class TraderTable(Table):
    """A single trader: one of ``agents.leverage`` by its class name, or one of your own."""

    kind: Annotated[TraderKind | str, AfterValidator(_kind)]
    """Class in ``agents.leverage``, or ``FILE.py:NAME`` of an ``agents.Agent`` of one's own."""
    name: Name
    """Name of the trader, unique; its randomness is keyed by it."""
    clearing: str = "clearing"
    """Name of the clearing where the trader's account is; a class of one's own gets its number if
    it has this keyword."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Keywords of the class: ticks, lots, cash units, times in ns, or with a unit."""

    @staticmethod
    def taker_of_parameters(content: Mapping[str, Any]) -> Callable[..., Any] | None:
        """The class of a table as TOML has it; ``None`` if there is none, or it is one's own."""
        kind = str(content.get("kind"))
        return getattr(leverage, kind) if kind in get_args(TraderKind) else None


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
    """The other keywords of the class: ticks, lots, cash units, ppm, times in ns, or with a
    unit."""

    @classmethod
    def taker_of_parameters(cls, content: Mapping[str, Any]) -> Callable[..., Any] | None:
        """The class of a table as TOML has it; ``None`` if there is none."""
        kind = str(content.get("kind"))
        known = get_args(cls.model_fields["kind"].annotation)
        return getattr(leverage, kind) if kind in known else None


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
    UserCodeError
        If code of the user's own raises, which is run.
    ValueError
        If it cannot be made with these parameters.
    """
    if names_user_code(one.kind):
        return _own(one, names)
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


def _own(one: TraderTable, names: Names) -> agents.Participant:
    """Make a trader of the user's own."""
    places = {}
    if takes(load_user_code(one.kind), "clearing"):
        if one.clearing not in names.clearings:
            raise ValueError(
                f"trader {one.kind} has an account: say in which clearing, of "
                f"{', '.join(names.clearings)}"
            )
        places["clearing"] = names.clearings[one.clearing]
    of = f"trader {one.kind}"
    made = make_own(one.kind, of, one.name, parameters=one.parameters, known=places)
    if not isinstance(made, agents.Participant):
        raise ValueError(f"{of} must make an agents.Agent, got {made!r}")
    return made


def _make(
    kind: str, name: str, parameters: dict[str, Any], places: dict[str, int]
) -> agents.Participant:
    maker: Callable[..., agents.Participant] = getattr(leverage, kind)
    refuse_unknown(
        maker, parameters, besides={"name", "clearing", "instrument"} & {"name", *places}
    )
    return maker(name, **{**parameters, **places})
