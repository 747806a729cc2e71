"""The participants of ready markets, for an instrument of another run."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import agents
from experiments.markets import MARKETS
from experiments.markets.background import (
    join_hawkes,
    join_poisson,
    join_queue_reactive,
    join_zero_intelligence,
)
from experiments.markets.ci2002 import START_PRICE as CI2002_PRICE
from experiments.markets.ci2002 import join_ci2002
from experiments.markets.equity import join_equity
from experiments.markets.perp import join_perp
from experiments.markets.perp_btc import join_perp_btc
from experiments.markets.place import MarketPlace
from experiments.markets.rmsc04 import START_PRICE as RMSC04_PRICE
from experiments.markets.rmsc04 import join_rmsc04
from lob.checks import choice, integer

__all__ = ["OF_A_RUN", "POPULATIONS", "options_of", "population", "start_price"]

POPULATIONS: dict[str, Callable[..., list[Any]]] = {
    "ci2002": join_ci2002,
    "equity": join_equity,
    "hawkes": join_hawkes,
    "perp": join_perp,
    "perp-btc": join_perp_btc,
    "poisson": join_poisson,
    "queue-reactive": join_queue_reactive,
    "rmsc04": join_rmsc04,
    "zero-intelligence": join_zero_intelligence,
}
"""Who trades in each ready market by its name: ``join(place, **options)``, with all its options."""
OF_A_RUN = ("seed", "events", "messages")
"""Options of a ready market that are of its run, not of who trades in it."""
FIXED_PRICES = {"ci2002": CI2002_PRICE, "rmsc04": RMSC04_PRICE}
"""Where ready markets begin that take no price, in ticks."""


def options_of(name: str) -> dict[str, Any]:
    """The options of a ready market's population with their defaults, by name.

    Parameters
    ----------
    name
        A name in ``POPULATIONS``.
    """
    choice("market", name, sorted(POPULATIONS))
    taken = inspect.signature(MARKETS[name]).parameters.values()
    return {one.name: one.default for one in taken if one.name not in OF_A_RUN}


def start_price(name: str, options: Mapping[str, Any]) -> int:
    """Where a ready market begins, in ticks.

    Parameters
    ----------
    name
        A name in ``POPULATIONS``.
    options
        Options in place of its defaults.

    Raises
    ------
    TypeError, ValueError
        If it takes a price, and that is no whole number of 1 or more.
    """
    if name in FIXED_PRICES:
        return FIXED_PRICES[name]
    return integer("price", {**options_of(name), **options}["price"], 1)


def population(
    name: str, place: MarketPlace, options: Mapping[str, Any]
) -> list[agents.Participant]:
    """Make who trades in a ready market, for an instrument of another run.

    Parameters
    ----------
    name
        A name in ``POPULATIONS``.
    place
        Where they trade.
    options
        Options in place of the market's defaults.

    Raises
    ------
    TypeError, ValueError
        If there is no such option, or it has no such value.
    """
    return POPULATIONS[name](place, **{**options_of(name), **options})
