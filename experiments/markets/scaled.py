"""Parameters of a market that is another one in three respects: depth, refill and volatility."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from lob.checks import real

__all__ = ["SCALABLE", "scaled", "scaled_size"]

DIFFUSION = 0.8
"""Exponent: in zero intelligence volatility goes with the market orders to the power 5 / 4 (Smith,
Farmer, Gillemot, Krishnamurthy 2003), so these go with the volatility to the power 4 / 5."""


def scaled_size(size: int, factor: float) -> int:
    """Lots times a factor, rounded to the nearest, 1 at least.

    Parameters
    ----------
    size
        Lots.
    factor
        The factor, positive.
    """
    return max(1, round(size * factor))


def scaled(
    model: str,
    parameters: Mapping[str, Any],
    *,
    depth: float = 1.0,
    refill: float = 1.0,
    volatility: float = 1.0,
) -> dict[str, Any]:
    """The parameters that another market of a model has in place of those of a given one.

    Parameters
    ----------
    model
        Name of the model.
    parameters
        All parameters of the market, by the names of ``experiments.calibration.models``.
    depth
        Factor on the lots of all orders, so that depth and volume are so many times as large;
        lots are rounded to the nearest, 1 at least.
    refill
        Factor on the pace of limit orders and of their cancellations: what was taken comes back
        so many times as fast. Without takers as much would rest as before; with them more does
        where it is above 1.
    volatility
        Factor on how far prices move by themselves and, by the square root law, by trades.

    Raises
    ------
    ValueError
        If a factor is not positive, or the model has nothing that it could be a factor on.
    """
    factors = {"depth": depth, "refill": refill, "volatility": volatility}
    for name, factor in factors.items():
        real(name, factor, above=0)
    found: dict[str, Any] = {}
    for name, factor in factors.items():
        if factor == 1:
            continue
        changes = SCALABLE.get(model, {})
        if name not in changes:
            raise ValueError(f"a market of the model {model} has no {name} that could be scaled")
        found |= changes[name]({**parameters, **found}, factor)
    return found


def _times(names: tuple[str, ...]) -> Callable[[Mapping[str, Any], float], dict[str, Any]]:
    """A change of the rates of these names, single ones and lists, that there are."""

    def change(given: Mapping[str, Any], factor: float) -> dict[str, Any]:
        return {name: _product(given[name], factor) for name in names if name in given}

    return change


def _product(value: Any, factor: float) -> Any:
    if isinstance(value, list | tuple):
        return [_product(one, factor) for one in value]
    return value * factor


def _orders_of_lots(given: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """Of zero intelligence, whose rates are in lots: as many orders as before, of more lots."""
    name = "sigma" if "sigma" in given else "size"
    size = scaled_size(given[name], factor)
    times = size / given[name]
    return {name: size, "alpha": given["alpha"] * times, "mu": given["mu"] * times}


def _size(given: Mapping[str, Any], factor: float) -> dict[str, Any]:
    return {"size": scaled_size(given.get("size", 1), factor)}


def _takers(given: Mapping[str, Any], factor: float) -> dict[str, Any]:
    return {"mu": given["mu"] * factor**DIFFUSION}


def _maker_depth(given: Mapping[str, Any], factor: float) -> dict[str, Any]:
    sizes = {
        name: [scaled_size(one, factor) for one in given[name]]
        for name in ("market_sizes", "limit_sizes")
    }
    # By the square root law a lot moves the price by less where there are more of them.
    return {**sizes, "impact": given["impact"] / math.sqrt(factor)}


def _maker_refill(given: Mapping[str, Any], factor: float) -> dict[str, Any]:
    changed = _times(("limit_rate", "answers", "hazard"))(given, factor)
    return {**changed, "ages": _product(given["ages"], 1 / factor)}


SCALABLE: dict[str, dict[str, Callable[[Mapping[str, Any], float], dict[str, Any]]]] = {
    "zero-intelligence": {
        "depth": _orders_of_lots,
        "refill": _times(("alpha", "delta")),
        "volatility": _takers,
    },
    "poisson": {
        "depth": _size,
        "refill": _times(("lambda_", "theta", "k")),
        "volatility": _takers,
    },
    "long-memory": {
        "depth": _size,
        "refill": _times(("alpha", "delta")),
        "volatility": _takers,
    },
    "hawkes": {"depth": _size},
    "queue-reactive": {"depth": _size},
    "maker-market": {
        "depth": _maker_depth,
        "refill": _maker_refill,
        "volatility": _times(("volatility", "impact", "calm")),
    },
}
"""What can be scaled in the markets of a model, by its name, and how; factors are positive."""
