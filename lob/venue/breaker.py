"""Circuit breakers of a book, and call auctions at set times.

A breaker is policy, in Python: it sees prices and says when it wants to act, and what it does is
done by messages of the venue (``Venue.set_session``, ``set_band``). So a run's tapes tell of every
halt. A venue without breakers never calls anything here.
"""

from collections import deque
from typing import NamedTuple, Protocol

from lob.checks import integer, ppm
from lob.types import MAX_PRICE, Session
from lob.units import PPM
from lob.venue.call_auction import Uncross

__all__ = ["Breaker", "CircuitBreaker", "Level", "ScheduledCallAuction"]

INSTRUMENTS = 2**16 - 1


class _Book(Protocol):
    @property
    def session(self) -> Session: ...


class Rules(Protocol):
    """The methods of a venue with which a breaker changes the rules of a book."""

    @property
    def books(self) -> "list[_Book]":
        """The books of the venue, by instrument number."""
        ...

    def set_session(
        self, instrument: int, session: int, reference_price: int | None = None
    ) -> Uncross | None:
        """Put a book into another session, now: see ``lob.Venue.set_session``."""
        ...

    def set_band(self, instrument: int, low: int | None, high: int | None) -> None:
        """Allow prices of a book from ``low`` to ``high`` ticks: see ``lob.Venue.set_band``."""
        ...


class Breaker:
    """The base of circuit breakers; extend it, and give it to a venue.

    Parameters
    ----------
    instrument
        Number of the book, 0 to 65535.
    price
        What ``on_price`` is told of: ``"last"``, the price of trades, or ``"mid"``, half way
        between best bid and ask, rounded down, where there are both.

    Attributes
    ----------
    due : int or None
        Time in ns at which ``on_due`` is to be called; set it at any time.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of these.
    """

    def __init__(self, instrument: int = 0, *, price: str = "last") -> None:
        self.instrument = integer("instrument", instrument, 0, INSTRUMENTS)
        if price not in ("last", "mid"):
            raise ValueError(f"price must be 'last' or 'mid', got {price!r}")
        self.price = price
        self.due: int | None = None

    def on_price(self, ts: int, price: int) -> None:
        """Hook: the price moved to ``price`` ticks in continuous trading, at ``ts`` ns.

        It is seen after a whole message. Nothing may be sent from here: set ``due`` to ``ts`` to
        act before the next message.
        """

    def on_due(self, venue: Rules, ts: int) -> None:
        """Hook: ``due`` has come, at ``ts`` ns; change the rules of the book, and ``due``."""
        raise NotImplementedError


class Level(NamedTuple):
    """A level of a circuit breaker: how far a price must move, and what then happens."""

    move: int
    """Ppm, 1 or more: the level acts where the price moved more than this."""
    halt: int | None
    """Length of the halt in ns, 0 or more; ``None``: for good."""
    call: int = 0
    """Length in ns of a call auction after the halt; 0: trading goes on at once."""


class CircuitBreaker(Breaker):
    """A breaker that halts a book whose price moved too far, and reopens it by a call auction.

    When the price is more than ``move`` away from a price of the last ``window`` ns, the book is
    halted for ``halt`` ns, then collects orders for ``call`` ns, then uncrosses and goes on; prices
    from before are forgotten. New York's limit-up limit-down and the volatility interruptions of
    Xetra are of this kind. With ``window`` 0 the price is held against the first one there was,
    and every level acts once, the higher ones after the lower: the market-wide breakers of New
    York (NYSE rule 7.12: 7 %, 13 %, 20 %).

    Parameters
    ----------
    instrument
        Number of the book, 0 to 65535.
    move, halt, call
        The only level, see ``Level``.
    levels
        ``Level`` objects with rising moves, in place of these: the highest that is exceeded acts.
    window
        ns over which the price is held against earlier ones, 0 or more.
    band
        1 to 1,000,000 ppm around the first price, and around the price after each reopening, within
        which orders may be priced and trades happen, rounded towards that price; ``None``: no band.
    price
        ``"last"`` or ``"mid"``, see ``Breaker``.

    Attributes
    ----------
    trips : list of (int, int)
        Time in ns and number of the level, from 0, each time that it acted.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, or not just one of ``move`` and ``levels`` is given.
    """

    def __init__(
        self,
        instrument: int = 0,
        *,
        move: int | None = None,
        halt: int | None = 0,
        call: int = 0,
        levels: "tuple[Level, ...] | list[Level]" = (),
        window: int = 0,
        band: int | None = None,
        price: str = "last",
    ) -> None:
        super().__init__(instrument, price=price)
        if (move is None) == (not levels):
            raise ValueError("either move or levels must be given")
        if move is not None:
            levels = [Level(move, halt, call)]
        self.levels = tuple(Level(*level) for level in levels)
        least = 1
        for i, level in enumerate(self.levels):
            least = 1 + integer(f"levels[{i}].move", level.move, least)
            if level.halt is not None:
                integer(f"levels[{i}].halt", level.halt, 0)
            integer(f"levels[{i}].call", level.call, 0)
        self.window = integer("window", window, 0)
        self.band = None if band is None else ppm("band", band, 1)
        self.trips: list[tuple[int, int]] = []
        self._last: int | None = None
        self._lowest: deque[tuple[int, int]] = deque()
        self._highest: deque[tuple[int, int]] = deque()
        self._unbanded = band is not None
        self._tripped: int | None = None
        self._first_level = 0
        # What the breaker itself put the book into; None while it watches.
        self._session: Session | None = None
        self._call = 0

    def on_price(self, ts: int, price: int) -> None:
        """Hold a price in ticks, seen at ``ts`` ns, against those of the window."""
        self._last = price
        self._remember(ts, price)
        if self._unbanded:
            self.due = ts
        if self._session is not None or self._tripped is not None:
            return
        for i in range(len(self.levels) - 1, self._first_level - 1, -1):
            if any(
                abs(price - other) * PPM > self.levels[i].move * abs(other)
                for other in (self._lowest[0][1], self._highest[0][1])
            ):
                self._tripped = i
                self.due = ts
                return

    def _remember(self, ts: int, price: int) -> None:
        """Keep the lowest and the highest price of the window at the front of two queues."""
        if not self.window:
            if not self._lowest:
                self._lowest.append((ts, price))
                self._highest.append((ts, price))
            return
        for queue, sign in ((self._lowest, 1), (self._highest, -1)):
            while queue and sign * queue[-1][1] >= sign * price:
                queue.pop()
            queue.append((ts, price))
            while queue[0][0] < ts - self.window:
                queue.popleft()

    def on_due(self, venue: Rules, ts: int) -> None:
        """Act at ``ts`` ns: set the band, halt, collect, or go on, whatever comes next."""
        self.due = None
        session = venue.books[self.instrument].session
        if self._session is None:
            if self._unbanded:
                self._set_band(venue)
            if self._tripped is not None:
                self._trip(venue, ts, session)
        elif session != self._session:
            # Somebody else has changed it meanwhile, and rules now.
            self._session = None
        elif session == Session.HALTED and self._call:
            self._collect(venue, ts)
        else:
            self._go_on(venue)

    def _trip(self, venue: Rules, ts: int, session: Session) -> None:
        number, self._tripped = self._tripped, None
        assert number is not None
        if session != Session.CONTINUOUS:
            return
        level = self.levels[number]
        if not self.window:
            self._first_level = number + 1
        self.trips.append((ts, number))
        self._call = level.call
        if level.halt == 0 and level.call:
            self._collect(venue, ts)
            return
        self._session = Session.HALTED
        self.due = None if level.halt is None else ts + level.halt
        venue.set_session(self.instrument, Session.HALTED)

    def _collect(self, venue: Rules, ts: int) -> None:
        self._session = Session.CALL
        self.due = ts + self._call
        venue.set_session(self.instrument, Session.CALL)

    def _go_on(self, venue: Rules) -> None:
        self._session = None
        if self.window:
            self._lowest.clear()
            self._highest.clear()
        # Its trades are prices like others, and the first of a new window.
        venue.set_session(self.instrument, Session.CONTINUOUS, self._last)
        if self.band is not None:
            self._set_band(venue)

    def _set_band(self, venue: Rules) -> None:
        self._unbanded = False
        assert self.band is not None
        if self._last is None:
            return
        width = abs(self._last) * self.band // PPM
        low, high = self._last - width, self._last + width
        venue.set_band(self.instrument, max(low, -MAX_PRICE), min(high, MAX_PRICE))


class ScheduledCallAuction(Breaker):
    """A breaker that holds call auctions at set times: an opening, a close.

    Parameters
    ----------
    instrument
        Number of the book, 0 to 65535.
    start
        Time in ns at which it begins to collect orders, 0 or more.
    length
        ns until the uncross, 1 or more.
    every
        ns from one start to the next, above ``length``; ``None``: only once.
    closes
        Whether the book is halted after it, as at the end of a day: with ``every`` until the next
        one begins.
    price
        The reference price of the uncross is the latest of these, ``"last"`` or ``"mid"``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        instrument: int = 0,
        *,
        start: int = 0,
        length: int,
        every: int | None = None,
        closes: bool = False,
        price: str = "last",
    ) -> None:
        super().__init__(instrument, price=price)
        self.due = integer("start", start, 0)
        self.length = integer("length", length, 1)
        self.every = None if every is None else integer("every", every, self.length + 1)
        self.closes = closes
        self._last: int | None = None
        self._collecting = False

    def on_price(self, ts: int, price: int) -> None:
        """Remember a price in ticks as the reference of the next uncross."""
        self._last = price

    def on_due(self, venue: Rules, ts: int) -> None:
        """Act at ``ts`` ns: begin to collect orders, or uncross the book."""
        assert self.due is not None
        if not self._collecting:
            self._collecting = True
            self.due += self.length
            venue.set_session(self.instrument, Session.CALL)
            return
        self._collecting = False
        self.due = None if self.every is None else self.due + self.every - self.length
        venue.set_session(self.instrument, Session.CONTINUOUS, self._last)
        if self.closes:
            venue.set_session(self.instrument, Session.HALTED)
