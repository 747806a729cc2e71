"""The liquidation designs by name, as scenarios and the command line call them."""

from collections.abc import Callable
from typing import Any

from lob.clearing import Liquidator
from lob.liquidation import Frozen, Stage, Staged
from lob.liquidation.limits import Slices
from lob.liquidation.named import DESIGNS as NAMED

__all__ = ["DESIGNS", "contest_designs", "make_liquidator", "tunable"]

NS_PER_SECOND = 1_000_000_000


def _frozen() -> Liquidator:
    """Record failures and sell nothing: the twin of a spiral."""
    return Frozen()


def _staged_market_sale(every: float = 1.0) -> Liquidator:
    """The same as market-sale, as a composition of parts."""
    return Staged([Stage(every=round(every * NS_PER_SECOND))])


def _sliced(lots: int = 100, every: float = 0.1) -> Liquidator:
    """Sell in slices, until the account is safe or flat."""
    return Staged([Stage(limits=Slices(lots), every=round(every * NS_PER_SECOND))])


DESIGNS: dict[str, Callable[..., Liquidator]] = {
    "frozen": _frozen,
    "staged-market-sale": _staged_market_sale,
    "sliced": _sliced,
    **{name: design.make for name, design in NAMED.items()},
}
"""What makes each design; its keywords are its parameters, times in seconds."""


def make_liquidator(design: str, parameters: dict[str, Any]) -> Liquidator:
    """Make a design by name.

    Raises
    ------
    ValueError
        If there is no such design, or a parameter is not one of it.
    """
    if design not in DESIGNS:
        raise ValueError(f"no design is called {design!r}: there are {', '.join(sorted(DESIGNS))}")
    try:
        return DESIGNS[design](**parameters)
    except TypeError as error:
        raise ValueError(f"design {design}: {error}") from None


def contest_designs() -> list[str]:
    """The designs that a contest compares if none are named."""
    return [name for name in DESIGNS if name != "frozen"]


TUNABLE: dict[str, dict[str, tuple[Any, Any, str]]] = {
    "sliced": {"lots": (1, 1_000, "log-int"), "every": (0.01, 1.0, "log")},
    "tiered": {"patience": (0.0, 30.0, "float"), "every": (0.1, 5.0, "log")},
}


def tunable(design: str) -> dict[str, tuple[Any, Any, str]]:
    """What may be tuned in a design: low, high and kind by parameter."""
    return TUNABLE.get(design, {})
