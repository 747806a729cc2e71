"""Liquidation designs by name, as scenarios and the command line call them."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field

from experiments.markets.written import meant
from experiments.scenario.files import DesignName
from experiments.scenario.own_parts import make_own
from experiments.scenario.parameters import refuse_unknown
from experiments.scenario.table import Table
from experiments.scenario.user_code import load_user_code, names_user_code
from lob.checks import integer
from lob.clearing import LiquidationEngine
from lob.liquidation import Frozen, Stage, StagedDesign
from lob.liquidation.designs import DESIGNS as NAMED
from lob.liquidation.parts.limits import Slices
from lob.liquidation.recipes.common import ns as time
from lob.unit_types import Lots, Seconds

__all__ = [
    "DESIGNS",
    "LiquidationTable",
    "contest_designs",
    "make_design",
    "maker_of",
    "taker_of_design",
    "tunable",
]


class LiquidationTable(Table):
    """A liquidation design: what is done with accounts that fail."""

    design: DesignName = "market-sale"
    """Name of a liquidation design, or ``FILE.py:NAME`` of one's own."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Keywords of the design, times in seconds, or with a unit: ``"2 min"``, ``"5 %"``."""

    @staticmethod
    def taker_of_parameters(content: Mapping[str, Any]) -> Callable[..., Any] | None:
        """See ``taker_of_design``; the design is the default where none is named."""
        return taker_of_design({"design": "market-sale", **content})


def taker_of_design(content: Mapping[str, Any]) -> Callable[..., Any] | None:
    """What takes the parameters of a design; ``None`` if there is none such, or it is one's own.

    Parameters
    ----------
    content
        A table with the key ``design``, as TOML has it.
    """
    name = str(content.get("design"))
    return NAMED[name].build if name in NAMED else DESIGNS.get(name)


def _frozen() -> LiquidationEngine:
    """Record failures and sell nothing: the twin of a spiral."""
    return Frozen()


def _staged_market_sale(every: Seconds = 1.0) -> LiquidationEngine:
    """The same as market-sale, as a composition of parts."""
    return StagedDesign([Stage(every=time("every", every))])


def _sliced(lots: Lots = 100, every: Seconds = 0.1) -> LiquidationEngine:
    """Sell in slices, until the account is safe or flat."""
    return StagedDesign(
        [Stage(limits=Slices(integer("lots", lots, 1)), every=time("every", every))]
    )


DESIGNS: dict[str, Callable[..., LiquidationEngine]] = {
    "frozen": _frozen,
    "staged-market-sale": _staged_market_sale,
    "sliced": _sliced,
    **{name: design.make for name, design in NAMED.items()},
}
"""Builders of designs by name; keywords are parameters, times in seconds."""


def maker_of(design: str) -> Callable[..., LiquidationEngine]:
    """Look up the builder of a design: one of ``DESIGNS``, or ``FILE.py:NAME`` of the user's own.

    Raises
    ------
    ValueError
        If there is no such design.
    """
    if names_user_code(design):
        return load_user_code(design)
    if design not in DESIGNS:
        raise ValueError(
            f"no design is called {design!r}: {meant(design, DESIGNS)}; one of your own is "
            "FILE.py:NAME"
        )
    return DESIGNS[design]


def make_design(design: str, parameters: dict[str, Any]) -> LiquidationEngine:
    """Make a liquidation design by name.

    Parameters
    ----------
    design
        One of ``DESIGNS``, or ``FILE.py:NAME`` of the user's own, which is run.
    parameters
        Keywords of the design, times in seconds.

    Raises
    ------
    UserCodeError
        If a design of the user's own raises.
    ValueError
        If there is no such design, or a parameter is not one of it.
    """
    of = f"design {design}"
    if names_user_code(design):
        made = make_own(design, of, parameters=parameters)
        if not isinstance(made, LiquidationEngine):
            raise ValueError(f"{of} must make a LiquidationDesign, got {made!r}")
        return made
    maker = maker_of(design)
    refuse_unknown(NAMED[design].build if design in NAMED else maker, parameters, of=of)
    try:
        return maker(**parameters)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{of}: {error}") from None


def contest_designs() -> list[str]:
    """Names of the designs that a contest compares if none are given: one of each family."""
    return [name for name in NAMED if ":" not in name]


TUNABLE: dict[str, dict[str, tuple[Any, Any, str]]] = {
    "staged-market-sale": {},
    "sliced": {"lots": (1, 1_000, "log-int"), "every": (0.01, 1.0, "log")},
}
"""Parameters that may be tuned of designs that state none themselves: low, high and kind;
chosen."""


def tunable(design: str) -> dict[str, tuple[Any, Any, str]]:
    """Parameters of a design that may be tuned: low, high and kind by name.

    Times in seconds; a kind is "int", "float", "log" or "log-int". Empty where nothing may be.
    """
    return NAMED[design].tunable if design in NAMED else TUNABLE.get(design, {})
