"""What a maker quotes, and how it keeps its orders at what it quotes.

The formulas are pure. They are in the units of their papers: prices and distances in ticks, time
in seconds, inventory in *orders* (lots divided by the size of a quote), because the papers trade
one unit at a time. Risk aversion is then per tick and order.

``QuoteBoard`` brings orders to where they are wanted, with as few messages as that takes.

Sources: M. Avellaneda and S. Stoikov, "High-frequency trading in a limit order book", Quantitative
Finance 8, 2008; O. Guéant, C.-A. Lehalle and J. Fernandez-Tapia, "Dealing with the inventory risk:
a solution to the market making problem", Mathematics and Financial Economics 7, 2013.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor, log, log1p, sqrt
from typing import NamedTuple

import numpy as np

from agents.agent import Agent, EventView
from lob import EventKind, Reason, Side
from lob.checks import integer

__all__ = [
    "Distances",
    "Quote",
    "QuoteBoard",
    "Quotes",
    "Slot",
    "asymptotic_distances",
    "bounded_distances",
    "outward",
    "reservation_price",
    "reservation_spread",
]


class Quote(NamedTuple):
    """``price`` in ticks, ``size`` in lots."""

    price: int
    size: int


class Slot(NamedTuple):
    """The place of one quote: its side, and its number counted from the inside, from 0."""

    side: Side
    level: int


Quotes = dict[Slot, Quote]


class Distances(NamedTuple):
    """How far bid and ask stand from the mid, in ticks; ``None``: no quote on that side."""

    bid: float | None
    ask: float | None


# ---------------------------------------------------------------- formulas


def reservation_price(
    mid: float, inventory: float, left: float, *, risk_aversion: float, sigma: float
) -> float:
    """Return s - q gamma sigma^2 (T - t), in ticks (Avellaneda-Stoikov 2008).

    Parameters
    ----------
    mid
        s, in ticks.
    inventory
        q, in orders.
    left
        T - t, in seconds.
    risk_aversion
        gamma, per tick and order.
    sigma
        Of the mid, in ticks per square root of a second.
    """
    return mid - inventory * risk_aversion * sigma**2 * left


def reservation_spread(left: float, *, risk_aversion: float, sigma: float, decay: float) -> float:
    """Return gamma sigma^2 (T - t) + (2 / gamma) ln(1 + gamma / k), in ticks: ask less bid.

    ``decay`` is k, per tick: fills at a distance d from the mid come at a rate proportional to
    exp(-k d). The rest is as in ``reservation_price``.
    """
    return risk_aversion * sigma**2 * left + 2 / risk_aversion * log1p(risk_aversion / decay)


def asymptotic_distances(
    inventory: float, *, risk_aversion: float, sigma: float, decay: float, intensity: float
) -> Distances:
    """Return the closed-form quotes far from the end of time (Guéant et al. 2013, section 4).

    (1 / gamma) ln(1 + gamma / k) + ((2 q + 1) / 2) w for the bid, with -(2 q - 1) for the ask, and
    w = sqrt((sigma^2 gamma / (2 k A)) (1 + gamma / k)^(1 + k / gamma)). It approximates
    ``bounded_distances`` where the bound is far.

    Parameters
    ----------
    inventory
        q, in orders.
    risk_aversion, sigma, decay
        gamma, sigma and k, as in ``reservation_spread``.
    intensity
        A, orders a second that a quote at the mid would trade.
    """
    half = log1p(risk_aversion / decay) / risk_aversion
    weight = sqrt(sigma**2 * risk_aversion / (2 * decay * _eta(risk_aversion, decay, intensity)))
    return Distances(
        half + (2 * inventory + 1) / 2 * weight, half - (2 * inventory - 1) / 2 * weight
    )


def bounded_distances(
    bound: int, *, risk_aversion: float, sigma: float, decay: float, intensity: float
) -> list[Distances]:
    """Return the asymptotic quotes under an inventory bound, for q = -bound to bound.

    With f the eigenvector, of the smallest eigenvalue, of the matrix with (k gamma sigma^2 / 2) q^2
    on the diagonal and -eta beside it, eta = A (1 + gamma / k)^-(1 + k / gamma): the bid stands
    ln(f(q) / f(q+1)) / k + ln(1 + gamma / k) / gamma from the mid, the ask the same with q - 1.
    There is no bid at ``bound`` and no ask at ``-bound``.

    Where f is too small for a double next to its largest value (its logarithm is below -600) the
    distances go on as in ``asymptotic_distances``.

    Parameters are those of ``asymptotic_distances``, and ``bound`` in orders, at least 1.
    """
    integer("bound", bound, 1, 10_000)
    eta = _eta(risk_aversion, decay, intensity)
    curvature = decay * risk_aversion * sigma**2 / 2
    log_f = _log_ground_state(bound, curvature / eta)
    half = log1p(risk_aversion / decay) / risk_aversion
    rises = (log_f[:-1] - log_f[1:]) / decay  # from q to q + 1
    bids: list[float | None] = [*(half + rises).tolist(), None]
    asks: list[float | None] = [None, *(half - rises).tolist()]
    return [Distances(*pair) for pair in zip(bids, asks, strict=True)]


def _eta(risk_aversion: float, decay: float, intensity: float) -> float:
    return intensity * (1 + risk_aversion / decay) ** -(1 + decay / risk_aversion)
