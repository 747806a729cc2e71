"""Market makers: when they quote, and where.

What they assume:

- The mid is that of the touch as the maker sees it, its own orders included. While a side is empty
  it is the last mid seen; before there was one, ``start_price``. Without either there is no quote.
- Quotes are rounded to ticks outward (bid down, ask up), and held a tick off the opposite touch:
  no maker here ever takes. Orders are post-only as well, since the touch may have moved meanwhile.
- An asset has no price below 1 tick: a quote that would be lower, bid or ask, is not shown.
- With latency, inventory is what the maker has heard of: a bound on it can be passed by what has
  traded and is not heard of yet.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

from agents.agent import Agent, EventView
from agents.traders.quoting import (
    Quote,
    QuoteBoard,
    Quotes,
    Slot,
    bounded_distances,
    outward,
    reservation_price,
    reservation_spread,
)
from lob import EventKind, Side
from lob.checks import integer, real
from lob.units import SECOND_NS

__all__ = [
    "AvellanedaStoikov",
    "GueantLehalleFernandezTapia",
    "LadderMaker",
    "Maker",
    "RecentVolume",
    "VolumeShare",
]


class Maker(Agent):
    """The base of market makers: they quote anew on a timer, and when their orders have traded.

    A maker of your own overrides ``quotes``.

    Parameters
    ----------
    name, **participant
        See ``Participant``.
    every
        ns from one regular re-quote to the next, 1 or more.
    instrument, tag
        Number of the instrument, and tag of the maker's orders.
    start_price
        The mid, in ticks, to assume before there is a touch; ``None``: wait for one.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str,
        *,
        every: int,
        instrument: int = 0,
        start_price: int | None = None,
        tag: int = 0,
        **participant: Any,
    ) -> None:
        super().__init__(name, **participant)
        self.every = integer("every", every, 1)
        self.instrument = integer("instrument", instrument, 0)
        self.mid = None if start_price is None else float(integer("start_price", start_price))
        self.board = QuoteBoard(self.instrument, integer("tag", tag))
        self.next_timer = 0

    def quotes(self, mid: float) -> Quotes:
        """To override: the quotes to show at a mid in ticks, a ``Quote`` by ``Slot``.

        Prices may cross the touch: ``requote`` holds them back.
        """
        raise NotImplementedError(f"{type(self).__name__} must have a method quotes")

    def on_start(self) -> None:
        """Hook: the run begins; quote from now on regularly."""
        self.on_wake()

    def on_wake(self) -> None:
        """Hook: the time of a regular re-quote."""
        if self.now >= self.next_timer:
            self.next_timer = self.now + self.every
            self.wake_in(self.every)
        self.requote()

    def on_event(self, event: EventView) -> None:
        """Hook: follow the own orders, and quote anew when one has traded."""
        if self.board.hear(self, event):
            self.requote()

    def requote(self) -> None:
        """Bring the own orders to what is to be shown now."""
        self.look()
        wanted = {} if self.mid is None else self.quotes(self.mid)
        self.board.show(self, {slot: quote for slot, quote in wanted.items() if quote.price >= 1})

    def look(self) -> tuple[int | None, int | None]:
        """Read the touch, and the mid where there is one; returns best bid and ask in ticks."""
        bid, ask = self.best_bid(self.instrument), self.best_ask(self.instrument)
        if bid is not None and ask is not None:
            self.mid = (bid + ask) / 2
        return bid, ask

    def not_crossing(self, bid: int, ask: int) -> tuple[int, int]:
        """A bid and an ask price in ticks, each held a tick or more off the opposite touch."""
        best_bid, best_ask = self.best_bid(self.instrument), self.best_ask(self.instrument)
        if best_ask is not None:
            bid = min(bid, best_ask - 1)
        if best_bid is not None:
            ask = max(ask, best_bid + 1)
        return bid, ask

    @property
    def inventory(self) -> int:
        """Inventory of the maker in lots, negative if short, as far as it has heard."""
        return self.position(self.instrument)


class AvellanedaStoikov(Maker):
    """A maker with a bid and an ask round the reservation price of Avellaneda and Stoikov (2008).

    Parameters
    ----------
    name, **maker
        See ``Maker``, also for ``every``, which must be given.
    size
        Lots of a quote, 1 or more; the model's unit of inventory.
    horizon
        ns from the start to the model's end of time T, 1 or more.
    risk_aversion
        gamma, per tick and order, above 0.
    sigma
        Volatility of the mid, in ticks per square root of a second, 0 or more.
    decay
        k, per tick, above 0: a quote at a distance d trades at a rate proportional to exp(-k d).
    renews
        At T the horizon begins anew; else the maker withdraws for good.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str,
        *,
        size: int,
        horizon: int,
        risk_aversion: float,
        sigma: float,
        decay: float,
        renews: bool = True,
        **maker: Any,
    ) -> None:
        super().__init__(name, **maker)
        self.size = integer("size", size, 1)
        self.horizon = integer("horizon", horizon, 1)
        self.risk_aversion = real("risk_aversion", risk_aversion, above=0)
        self.sigma = real("sigma", sigma, 0)
        self.decay = real("decay", decay, above=0)
        self.renews = renews
        self.started = 0

    def on_start(self) -> None:
        """Hook: the run begins; so does the horizon. Quote, from now on regularly."""
        self.started = self.now
        super().on_start()

    def quotes(self, mid: float) -> Quotes:
        """One quote a side at a mid in ticks: the reservation price -/+ half the spread."""
        elapsed = self.now - self.started
        if elapsed >= self.horizon and not self.renews:
            return {}
        left = (self.horizon - elapsed % self.horizon) / SECOND_NS
        aversion, sigma = self.risk_aversion, self.sigma
        centre = reservation_price(
            mid, self.inventory / self.size, left, risk_aversion=aversion, sigma=sigma
        )
        half = reservation_spread(left, risk_aversion=aversion, sigma=sigma, decay=self.decay) / 2
        bid, ask = self.not_crossing(*outward(centre - half, centre + half))
        return {
            Slot(Side.BUY, 0): Quote(bid, self.size),
            Slot(Side.SELL, 0): Quote(ask, self.size),
        }


class GueantLehalleFernandezTapia(Maker):
    """A maker at the asymptotic quotes of Guéant, Lehalle and Fernandez-Tapia (2013).

    They hold under an inventory bound: one bid and one ask, or one of them at the bound.

    Parameters
    ----------
    name, **maker
        See ``Maker``, also for ``every``, which must be given.
    size
        Lots of a quote, 1 or more; the model's unit of inventory. Between two units the nearest
        counts.
    bound
        Orders, 1 or more: the maker holds at most ``bound * size`` lots, long or short, and trims
        its quotes to that.
    risk_aversion, sigma, decay
        As for ``AvellanedaStoikov``.
    intensity
        A, orders a second that a quote at the mid would trade, above 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str,
        *,
        size: int,
        bound: int,
        risk_aversion: float,
        sigma: float,
        decay: float,
        intensity: float,
        **maker: Any,
    ) -> None:
        super().__init__(name, **maker)
        self.size = integer("size", size, 1)
        self.bound = integer("bound", bound, 1)
        self.distances = bounded_distances(
            self.bound,
            risk_aversion=real("risk_aversion", risk_aversion, above=0),
            sigma=real("sigma", sigma, 0),
            decay=real("decay", decay, above=0),
            intensity=real("intensity", intensity, above=0),
        )

    def quotes(self, mid: float) -> Quotes:
        """The quotes at a mid in ticks: one on each side where the inventory bound leaves room."""
        held = max(-self.bound, min(self.bound, round(self.inventory / self.size)))
        below, above = self.distances[held + self.bound]
        # A side without a distance is left out below; outward only needs some number for it.
        bid, ask = self.not_crossing(*outward(mid - (below or 0), mid + (above or 0)))
        most = self.bound * self.size
        shown: Quotes = {}
        for side, distance, price in ((Side.BUY, below, bid), (Side.SELL, above, ask)):
            size = min(self.size, most - side * self.inventory)
            if distance is not None and size > 0:
                shown[Slot(side, 0)] = Quote(price, size)
        return shown


# ---------------------------------------------------------------- ladders


@dataclass(frozen=True)
class VolumeShare:
    """A size of quotes that follows the market: a share of the lots traded of late, by everybody.

    Parameters
    ----------
    share
        Share of the volume, above 0; the product is rounded down to lots.
    window
        How long back volume counts, in ns, 1 or more.
    least
        Lots of a quote however little has traded, 1 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    share: float
    window: int
    least: int = 1

    def __post_init__(self) -> None:
        real("share", self.share, above=0)
        integer("window", self.window, 1)
        integer("least", self.least, 1)

    def lots(self, volume: int) -> int:
        """Lots of a quote where ``volume`` lots have traded within the window."""
        return max(self.least, int(self.share * volume))


class RecentVolume:
    """The lots traded within the last ``window`` ns; each trade is kept until it is older.

    Parameters
    ----------
    window
        How long back trades count, in ns, 1 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, window: int) -> None:
        self.window = integer("window", window, 1)
        self.lots = 0
        self._trades: deque[tuple[int, int]] = deque()

    def add(self, ts: int, lots: int) -> None:
        """Count a trade of ``lots`` lots heard of at ``ts`` in ns, not before the last one."""
        self._trades.append((ts, lots))
        self.lots += lots

    def at(self, ts: int) -> int:
        """Lots traded after ``ts - window``, up to ``ts``."""
        while self._trades and self._trades[0][0] <= ts - self.window:
            self.lots -= self._trades.popleft()[1]
        return self.lots


class LadderMaker(Maker):
    """A maker with several levels on each side of the mid, a fixed number of ticks apart.

    Parameters
    ----------
    name, **maker
        See ``Maker``, also for ``every``, which must be given.
    levels
        Levels a side, 1 or more.
    offset
        Ticks from the mid to the first level, 0 or more.
    step
        Ticks from level to level, 1 or more.
    size
        Lots a level, 1 or more, or a ``VolumeShare``.
    rest
        Also re-quotes when the touch has moved, at once but at least ``rest`` ns (1 or more) after
        the last time, so that makers that follow each other do not chase within one moment.
        ``None``: only the timer, and own trades.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str,
        *,
        levels: int,
        offset: float,
        size: int | VolumeShare,
        step: int = 1,
        rest: int | None = None,
        **maker: Any,
    ) -> None:
        super().__init__(name, **maker)
        self.levels = integer("levels", levels, 1)
        self.offset = real("offset", offset, 0)
        self.step = integer("step", step, 1)
        self.size = size if isinstance(size, VolumeShare) else integer("size", size, 1)
        self.rest = None if rest is None else integer("rest", rest, 1)
        self.volume = RecentVolume(size.window) if isinstance(size, VolumeShare) else None
        self.touch: tuple[int | None, int | None] = (None, None)  # when it last quoted
        self.last_quoted = 0
        self.woken_to_follow = False

    def on_start(self) -> None:
        """Hook: the run begins; subscribe to what the quotes depend on, and quote regularly."""
        if self.rest is not None:
            self.subscribe(self.instrument, MOVES_THE_TOUCH)
        elif self.volume is not None:
            self.subscribe(self.instrument)
        super().on_start()

    def on_wake(self) -> None:
        """Hook: quote anew."""
        self.woken_to_follow = False
        super().on_wake()

    def on_event(self, event: EventView) -> None:
        """Hook: follow the own orders, the volume and the touch."""
        if self.volume is not None and event.kind == EventKind.TRADE:
            self.volume.add(self.now, event.size)
        super().on_event(event)
        if self.rest is not None and not self.woken_to_follow and self.look() != self.touch:
            # The wake-up, even at once, comes after all that this moment still brings.
            self.woken_to_follow = True
            self.wake_in(max(0, self.last_quoted + self.rest - self.now))

    def requote(self) -> None:
        """Bring the own orders to what is to be shown now."""
        super().requote()
        self.last_quoted, self.touch = self.now, self.look()

    def quotes(self, mid: float) -> Quotes:
        """The ladder at a mid in ticks: ``levels`` quotes a side."""
        return self.ladder(mid, self.offset, self.level_size())

    def level_size(self) -> int:
        """Lots of one level now: ``size``, or its share of the volume."""
        if isinstance(self.size, VolumeShare) and self.volume is not None:
            return self.size.lots(self.volume.at(self.now))
        assert isinstance(self.size, int)
        return self.size

    def ladder(self, mid: float, offset: float, size: int, step: int | None = None) -> Quotes:
        """A ladder from ``offset`` ticks off the mid on, ``step`` apart, ``size`` lots a level."""
        apart = self.step if step is None else step
        bid, ask = self.not_crossing(*outward(mid - offset, mid + offset))
        shown: Quotes = {}
        for level in range(self.levels):
            shown[Slot(Side.BUY, level)] = Quote(bid - level * apart, size)
            shown[Slot(Side.SELL, level)] = Quote(ask + level * apart, size)
        return shown


MOVES_THE_TOUCH = (
    EventKind.ACCEPTED,
    EventKind.TRADE,
    EventKind.CANCELLED,
    EventKind.REPLACED,
)
