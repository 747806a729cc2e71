"""Ready markets: functions of a seed and a few options that return a run, ready to go."""

from collections.abc import Callable

import agents
from experiments.markets.background import hawkes, poisson, queue_reactive, zero_intelligence
from experiments.markets.ci2002 import ci2002
from experiments.markets.equity import equity
from experiments.markets.perp import perp
from experiments.markets.perp_btc import perp_btc
from experiments.markets.rmsc04 import rmsc04
from lob.checks import choice

__all__ = [
    "MARKETS",
    "ci2002",
    "describe",
    "equity",
    "hawkes",
    "perp",
    "perp_btc",
    "poisson",
    "queue_reactive",
    "rmsc04",
    "zero_intelligence",
]

MARKETS: dict[str, Callable[..., agents.Simulation]] = {
    "ci2002": ci2002,
    "equity": equity,
    "hawkes": hawkes,
    "perp": perp,
    "perp-btc": perp_btc,
    "poisson": poisson,
    "queue-reactive": queue_reactive,
    "rmsc04": rmsc04,
    "zero-intelligence": zero_intelligence,
}
"""The builder of each market by its name: ``builder(seed, **options)``."""


def describe(name: str) -> str:
    """The one line that says what a ready market is: the first of its builder's docstring.

    Parameters
    ----------
    name
        A name in ``MARKETS``.

    Raises
    ------
    ValueError
        If there is no market of that name.
    """
    choice("market", name, sorted(MARKETS))
    return (MARKETS[name].__doc__ or "").strip().partition("\n")[0]
