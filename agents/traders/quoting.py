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
from math import ceil, floor, sqrt
from typing import NamedTuple

from agents.agent import Agent, EventView
from lob import EventKind, Side
from lob.checks import integer
from lob.engine.elementary import exp, log, log1p

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
    """One order that a maker shows: its price and its size."""

    price: int
    """Price of the quote in ticks."""
    size: int
    """Size of the quote in lots."""


class Slot(NamedTuple):
    """The place of one of a maker's quotes: its side and level."""

    side: Side
    """Side of the quote."""
    level: int
    """Number of the quote on its side, counted outwards from the mid, from 0."""


Quotes = dict[Slot, Quote]


class Distances(NamedTuple):
    """The distances of a maker's bid and ask from the mid."""

    bid: float | None
    """Ticks from the mid down to the bid; ``None``: no bid."""
    ask: float | None
    """Ticks from the mid up to the ask; ``None``: no ask."""


# ---------------------------------------------------------------- formulas


def reservation_price(
    mid: float, inventory: float, left: float, *, risk_aversion: float, sigma: float
) -> float:
    """Return the reservation price s - q gamma sigma^2 (T - t), in ticks (Avellaneda-Stoikov 2008).

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
        Volatility of the mid, in ticks per square root of a second.
    """
    return mid - inventory * risk_aversion * (sigma * sigma) * left


def reservation_spread(left: float, *, risk_aversion: float, sigma: float, decay: float) -> float:
    """Return the spread, ask less bid in ticks, round the reservation price.

    By Avellaneda and Stoikov (2008) it is gamma sigma^2 (T - t) + (2 / gamma) ln(1 + gamma / k).
    ``decay`` is k, per tick: fills at a distance d from the mid come at a rate proportional to
    exp(-k d). The other parameters are those of ``reservation_price``.
    """
    certain = 2 / risk_aversion * log1p(risk_aversion / decay)
    return risk_aversion * (sigma * sigma) * left + certain


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
    eta = _eta(risk_aversion, decay, intensity)
    weight = sqrt(sigma * sigma * risk_aversion / (2 * decay * eta))
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

    Parameters are those of ``asymptotic_distances``, and ``bound`` in orders, at least 1.
    """
    integer("bound", bound, 1, 10_000)
    eta = _eta(risk_aversion, decay, intensity)
    falls = _falls(bound, decay * risk_aversion * (sigma * sigma) / 2 / eta)
    half = log1p(risk_aversion / decay) / risk_aversion
    # ln(f(q) / f(q+1)) for q = -bound to bound - 1; f is even.
    steps = [-fall for fall in reversed(falls)] + falls
    bids: list[float | None] = [half + step / decay for step in steps]
    bids.append(None)
    return [Distances(bid, ask) for bid, ask in zip(bids, reversed(bids), strict=True)]


def _falls(bound: int, curvature: float) -> list[float]:
    """Return ln(f(q-1) / f(q)) for q = 1 to ``bound``; ``curvature`` is the diagonal's, over eta.

    The smallest eigenvalue lies from -2 to 0: it is bisected with Sturm's rule. The ratios follow
    from the outside in, where f grows: no rounding error grows with it and nothing underflows.
    """
    below, above = -2.0 - 1e-9, 0.0
    while True:
        middle = (below + above) / 2
        if not below < middle < above:
            break
        ratios = _ratios(bound, curvature, middle)
        if ratios is None:
            above = middle
        else:
            below = middle
    found = _ratios(bound, curvature, below)
    assert found is not None, "no eigenvalue lies below -2"
    return [log(ratio) for ratio in found]


def _ratios(bound: int, curvature: float, shift: float) -> list[float] | None:
    """Return f(q-1) / f(q) for q = 1 to ``bound``; ``None`` if an eigenvalue is at most ``shift``.

    From the rows of the eigenvector's equation, f(q-1) / f(q) = curvature q^2 - shift
    - f(q+1) / f(q); the row of q = 0 closes it, by symmetry.
    """
    ratios = []
    outer = 0.0  # f(q+1) / f(q)
    for q in range(bound, 0, -1):
        ratio = curvature * q * q - shift - outer
        if ratio <= 0:
            return None
        ratios.append(ratio)
        outer = 1 / ratio
    if -shift - 2 * outer <= 0:
        return None
    ratios.reverse()
    return ratios


def _eta(risk_aversion: float, decay: float, intensity: float) -> float:
    return intensity * exp(-(1 + decay / risk_aversion) * log1p(risk_aversion / decay))


def outward(bid: float, ask: float) -> tuple[int, int]:
    """Return a bid and an ask price in whole ticks: the bid rounded down, the ask rounded up."""
    return floor(bid), ceil(ask)


# ---------------------------------------------------------------- orders where they are wanted


@dataclass
class _Held:
    """The order of a slot, as far as its owner has heard."""

    order_id: int
    quote: Quote
    asked: Quote | None  # by the last message: None asks for the end of it
    waiting: bool = True  # that message is not answered yet


class QuoteBoard:
    """A maker's post-only orders, one a slot, and the quotes that they are to show.

    ``show`` sets what is wanted; the board sends only what differs: a new order for a slot that
    has none, a cancellation for one that is wanted no more, a replacement where price or open size
    differ. An order about which a message is under way is left alone until the answer is heard,
    and is then brought to what is wanted by that time: with latency no two messages race.

    What the market refuses (a post-only order that would trade) is not tried again before the
    next ``show``. A quote that has traded is not refilled before that either.

    Parameters
    ----------
    instrument
        Number of the instrument.
    tag
        Tag of the orders.
    """

    def __init__(self, instrument: int = 0, tag: int = 0) -> None:
        self.instrument = instrument
        self.tag = tag
        self._wanted: Quotes = {}
        self._held: dict[Slot, _Held] = {}
        self._slot_of: dict[int, Slot] = {}

    def show(self, agent: Agent, wanted: Mapping[Slot, Quote]) -> None:
        """Bring the orders of ``agent`` to ``wanted``, slot by slot; slots it lacks are emptied."""
        self._wanted = dict(wanted)
        for slot in [*(slot for slot in self._held if slot not in wanted), *wanted]:
            self._settle(agent, slot)

    def hear(self, agent: Agent, event: EventView) -> bool:
        """Take note of an event and act on it; returns whether one of the orders has traded."""
        if event.kind == EventKind.TRADE:
            as_taker = self._trade(event.order_id, event.leaves)
            return self._trade(event.resting_order_id, event.resting_leaves) or as_taker
        slot = self._slot_of.get(event.order_id)
        if slot is None:
            return False
        held = self._held[slot]
        held.waiting = False
        if event.kind == EventKind.REPLACED:
            held.quote = Quote(event.price, event.leaves)
        elif event.kind == EventKind.REJECTED and self._wanted.get(slot) == held.asked:
            # Asking the same again would be refused again: what rests, if anything, may stay.
            self._wanted.pop(slot, None)
            if event.leaves:
                self._wanted[slot] = held.quote
        if event.leaves == 0:
            self._forget(slot)
        self._settle(agent, slot)
        return False

    def _trade(self, order_id: int, leaves: int) -> bool:
        slot = self._slot_of.get(order_id)
        if slot is None:
            return False
        held = self._held[slot]
        held.quote = Quote(held.quote.price, leaves)
        if leaves == 0:
            self._forget(slot)
        return True

    def _forget(self, slot: Slot) -> None:
        del self._slot_of[self._held.pop(slot).order_id]

    def _settle(self, agent: Agent, slot: Slot) -> None:
        """Send the one message, if any, that brings a slot to what is wanted there."""
        wanted, held = self._wanted.get(slot), self._held.get(slot)
        if held is None:
            if wanted is None:
                return
            order_id = agent.submit(
                slot.side,
                wanted.size,
                wanted.price,
                instrument=self.instrument,
                post_only=True,
                tag=self.tag,
            )
            self._held[slot] = _Held(order_id, wanted, wanted)
            self._slot_of[order_id] = slot
        elif not held.waiting and wanted != held.quote:
            if wanted is None:
                agent.cancel(held.order_id)
            else:
                agent.replace(held.order_id, price=wanted.price, size=wanted.size)
            held.waiting, held.asked = True, wanted
