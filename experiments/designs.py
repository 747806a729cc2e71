"""The liquidation designs by name, as scenarios and the command line call them."""

from collections.abc import Callable
from typing import Any

from lob.clearing import Liquidator
from lob.liquidation import Frozen, MarketSale

__all__ = ["DESIGNS", "make_liquidator"]

NS_PER_SECOND = 1_000_000_000


def _market_sale(delay: float = 0.0, retry: float = 1.0) -> Liquidator:
    """Sell all by market order at once; fund, then the others, pay what is missing."""
    return MarketSale(delay=round(delay * NS_PER_SECOND), retry=round(retry * NS_PER_SECOND))


def _frozen() -> Liquidator:
    """Record failures and sell nothing: the twin of a spiral."""
    return Frozen()


DESIGNS: dict[str, Callable[..., Liquidator]] = {"frozen": _frozen, "market-sale": _market_sale}
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
