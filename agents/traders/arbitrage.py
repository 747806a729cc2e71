"""Arbitrage between two instruments of a run, or between two venues for one thing.

Two venues are two instruments of one ``Simulation``: a pair may trade different things that are
worth about the same, or the same thing twice.

What is compared is the spread: the price of the first less the price of the second, in ticks. The
arbitrageur is *short the spread* when it has sold the first and bought the second, lot for lot.
"""

from math import sqrt
from typing import Any, NamedTuple, Protocol

from agents.agent import Agent, EventView
from agents.traders.open_lots import OpenLots
from lob import Side, TimeInForce
from lob.checks import integer, real
from lob.engine.elementary import share_kept

__all__ = [
    "Band",
    "FixedBand",
    "MovingBand",
    "PairArbitrage",
    "SpreadBand",
    "StatisticalArbitrage",
]


class Touch(NamedTuple):
    """The best prices of a book that has both sides."""

    bid: int
    """Best bid in ticks."""
    ask: int
    """Best ask in ticks."""


class Band(NamedTuple):
    """Where to trade the spread of two prices: open at ``low`` and ``high``, close between."""

    low: float
    """Ticks: buy the spread where it can be bought at this or less."""
    close_short: float
    """Ticks: buy back a spread that was sold where it can be bought at this or less."""
    close_long: float
    """Ticks: sell a spread that was bought where it can be sold at this or more."""
    high: float
    """Ticks: sell the spread where it can be sold at this or more."""


class SpreadBand(Protocol):
    """A rule for the band in which an arbitrageur leaves the spread of two prices alone."""

    def look(self, ts: int, spread: float) -> Band | None:
        """The band at a time in ns, where the mids are ``spread`` ticks apart; ``None``: none yet.

        Called once a look, in order of time.
        """


class FixedBand:
    """The band round a fair spread that is known: trades gain their costs and a threshold.

    Parameters
    ----------
    fair
        Fair spread in ticks.
    cost
        Cost of opening and closing, both legs each time, in ticks a lot, 0 or more.
    threshold
        Gain that must be left over, in ticks a lot, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, fair: float = 0.0, cost: float = 0.0, threshold: float = 1.0) -> None:
        real("fair", fair)
        edge = real("cost", cost, 0) + real("threshold", threshold, 0)
        self.band = Band(fair - edge, fair, fair, fair + edge)

    def look(self, ts: int, spread: float) -> Band:
        """The band at a time in ns, which is always the same one."""
        return self.band


class MovingBand:
    """The band round a fair spread that is estimated, in standard deviations from its mean.

    Mean and variance are exponential averages over time of the spread of the mids, in which a
    stretch of time loses half its weight in ``half_life``. The band is that of the spreads before
    the one looked at, so that a jump does not pull its own yardstick along.

    Parameters
    ----------
    half_life
        ns in which a stretch of time loses half its weight, 1 or more.
    enter
        Standard deviations (the z-score) at which to open, above 0.
    leave
        Standard deviations at which to close, from 0, the mean, to less than ``enter``.
    cost
        Cost of opening and closing, both legs each time, in ticks a lot, 0 or more: the band is no
        narrower.
    warm_up
        ns of observation before the first band, 0 or more; a half-life if not given.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range.
    """

    def __init__(
        self,
        half_life: int,
        enter: float = 2.0,
        leave: float = 0.0,
        cost: float = 0.0,
        warm_up: int | None = None,
    ) -> None:
        self.half_life = integer("half_life", half_life, 1)
        self.enter = real("enter", enter, above=0)
        self.leave = real("leave", leave, 0)
        if self.leave >= self.enter:
            raise ValueError(f"leave must be less than enter, {enter}, got {leave!r}")
        self.cost = real("cost", cost, 0)
        self.warm_up = self.half_life if warm_up is None else integer("warm_up", warm_up, 0)
        self.mean = 0.0
        self.variance = 0.0
        self.first: int | None = None
        self.last = 0

    def look(self, ts: int, spread: float) -> Band | None:
        """The band of all spreads before a time in ns; ``None`` in the warm-up.

        ``spread`` is that of the mids in ticks, which counts from the next look on.
        """
        if self.first is None:
            self.first, self.last, self.mean = ts, ts, spread
            return None
        deviation = sqrt(self.variance)
        band = None
        if ts - self.first >= self.warm_up and deviation > 0:
            edge = max(self.enter * deviation, self.cost)
            inner = min(self.leave * deviation, edge)
            mean = self.mean
            band = Band(mean - edge, mean + inner, mean - inner, mean + edge)
        weight = 1 - share_kept(ts - self.last, self.half_life)
        off = spread - self.mean
        self.mean += weight * off
        self.variance = (1 - weight) * (self.variance + weight * off * off)
        self.last = ts
        return band


class PairArbitrage(Agent):
    """An arbitrageur that trades the spread of two instruments out of a band, and unwinds in it.

    It looks on a timer. While one of its orders is under way, or a side of either book is empty, it
    only looks. Both legs are sent at once, as immediate-or-cancel orders at the touch it sees: a
    leg that finds less than hoped does not trade through it. What one leg has more than the other
    is closed at the next look, at market, before anything else.

    With latency the two touches are as late as the market data, and either leg may miss.

    Parameters
    ----------
    name, **participant
        See ``Participant``.
    band
        A ``SpreadBand``, of this agent alone where it remembers what it has seen.
    size
        Lots of one trade, each leg, 1 or more.
    bound
        The most lots it holds of either leg, long or short, 1 or more.
    every
        ns from look to look, 1 or more.
    first, second
        Numbers of the two instruments.
    tag
        Tag of its orders.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, or the two instruments are the same.
    """

    def __init__(
        self,
        name: str,
        *,
        band: SpreadBand,
        size: int,
        bound: int,
        every: int,
        first: int = 0,
        second: int = 1,
        tag: int = 0,
        **participant: Any,
    ) -> None:
        super().__init__(name, **participant)
        self.band = band
        self.size = integer("size", size, 1)
        self.bound = integer("bound", bound, 1)
        self.every = integer("every", every, 1)
        self.first = integer("first", first, 0)
        self.second = integer("second", second, 0)
        if self.first == self.second:
            raise ValueError(f"second must be another instrument than first, got {second}")
        self.tag = integer("tag", tag)
        self.under_way = OpenLots()

    def on_start(self) -> None:
        """Hook: the run begins; look at the spread from now on regularly."""
        self.on_wake()

    def on_wake(self) -> None:
        """Hook: look at the spread, and trade it."""
        self.wake_in(self.every)
        first = self.touch(self.first)
        second = self.touch(self.second)
        band, sells, buys = None, 0, 0
        if first is not None and second is not None:
            sells, buys = first.bid - second.ask, first.ask - second.bid
            band = self.band.look(self.now, (sells + buys) / 2)
        if len(self.under_way) or self.even_up():
            return
        if first is None or second is None or band is None:
            return
        size = self.wanted(band, sells, buys)
        if size > 0:
            self.leg(self.first, Side.BUY, size, first.ask)
            self.leg(self.second, Side.SELL, size, second.bid)
        elif size < 0:
            self.leg(self.first, Side.SELL, -size, first.bid)
            self.leg(self.second, Side.BUY, -size, second.ask)

    def on_event(self, event: EventView) -> None:
        """Hook: note what becomes of the own orders."""
        self.under_way.hear(event)

    def touch(self, instrument: int) -> Touch | None:
        """Best bid and ask of an instrument as the agent sees them; ``None``: a side is empty."""
        bid, ask = self.best_bid(instrument), self.best_ask(instrument)
        return None if bid is None or ask is None else Touch(bid, ask)

    def wanted(self, band: Band, sells: int, buys: int) -> int:
        """Lots of the spread to buy, negative to sell.

        The spread can be sold at ``sells`` ticks and bought at ``buys``.
        """
        held = self.position(self.first)
        if held < 0 and buys <= band.close_short:
            return min(self.size, -held)
        if held > 0 and sells >= band.close_long:
            return -min(self.size, held)
        if sells >= band.high:
            return -min(self.size, self.bound + held)
        if buys <= band.low:
            return min(self.size, self.bound - held)
        return 0

    def even_up(self) -> bool:
        """Close what one leg has more than the other, at market; whether there was any."""
        first, second = self.position(self.first), self.position(self.second)
        excess = first + second
        if not excess:
            return False
        # The leg on the side of the excess is the larger one.
        larger = self.first if excess * first > 0 and abs(first) >= abs(second) else self.second
        self.leg(larger, Side.SELL if excess > 0 else Side.BUY, abs(excess), None)
        return True

    def leg(self, instrument: int, side: Side, size: int, price: int | None) -> None:
        """Send the order of one leg: at ``price`` ticks or better, immediate or cancel.

        Without a ``price`` it is a market order.
        """
        order_id = self.submit(
            side,
            size,
            price,
            instrument=instrument,
            time_in_force=TimeInForce.GTC if price is None else TimeInForce.IOC,
            tag=self.tag,
        )
        self.under_way.sent(order_id, size)


class StatisticalArbitrage(PairArbitrage):
    """A pair arbitrageur with a ``MovingBand``: it trades the z-score of the spread.

    Parameters
    ----------
    name, **pair
        See ``PairArbitrage``; there is no ``band``.
    half_life, enter, leave, cost, warm_up
        See ``MovingBand``.
    """

    def __init__(
        self,
        name: str,
        *,
        half_life: int,
        enter: float = 2.0,
        leave: float = 0.0,
        cost: float = 0.0,
        warm_up: int | None = None,
        **pair: Any,
    ) -> None:
        band = MovingBand(half_life, enter, leave, cost, warm_up)
        super().__init__(name, band=band, **pair)
