"""Replay of recorded order flow of any feed, with orders of one's own in it, in three modes.

``exact``
    History as it was. Orders of one's own are priced against the recorded depth, each as if it were
    the only one: they have no impact, and what one of them took is there for the next.
``interactive``
    From the first order of one's own on, history is sent again to a live book, in which executions
    are the orders that caused them (``lob.resubmission`` says how). What cannot be done there any
    more is counted. Nobody in history reacts: later orders come at their recorded prices, and pull
    the price back to its recorded path.
``reanchored``
    The same, but history's prices are relative: recorded limit orders keep their distance to the
    mid. The anchor is the recorded mid plus a *displacement*: each order of one's own, or of a
    reactive agent, adds to it what it moved the live mid by, at once (where it left a side of the
    book empty, the last price that it traded at stands for that side's best); from then on it
    halves with every half-life. 0: history returns at once, as in ``interactive``; infinite: the
    mark is permanent. Orders that rest already stay where they are. It is a rule, not a finding:
    how long the mark lasts is what one states.

A feed is read from the front in blocks, so memory is that of the books and of a block. The recorded
book is followed from the first message on; before it has both sides, no order of one's own is
taken. In a recorded halt nothing of one's own trades: it waits. The window ``since`` to ``until``
says what is measured: what comes before it is read all the same, for the book is made of it.

Reactive agents see the live book at fixed times and send orders of owners of their own. The twin,
which a market without one's own orders is measured by, is the record; with agents it is another
live book with copies of the agents in it.
"""

import copy
from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lob.book import OrderBook
from lob.checks import choice
from lob.feeds.feed import Feed
from lob.feeds.prints import PRINT
from lob.instrument_feed import InstrumentFeed, Part, SymbolError, first_time
from lob.replay_report import Broken, ReplayMode, ReplayReport, show_moment
from lob.resubmission import Resubmission
from lob.types import EVENT, MESSAGE, QUOTE, EventKind, Side
from lob.units import SECOND_NS

__all__ = [
    "OrderSource",
    "ReactiveAgent",
    "Replay",
    "ReplayError",
    "ReplayMode",
    "ReplayReport",
    "Stretch",
    "SymbolError",
    "first_time",
    "show_moment",
    "touch",
]

LEVEL_WINDOW_NS = SECOND_NS
"""How long, in a level feed, a trade may be told before the update that it explains."""
RUNNING = frozenset({"trading", "trading resumes"})
STILL = frozenset({"halted", "paused", "quoting", "quoting resumes"})
"""States in which nothing trades. Other states change nothing."""


class ReplayError(ValueError):
    """Orders that a replay cannot take: when, and why not."""


class OrderSource(Protocol):
    """Orders of one's own, as a replay asks for them."""

    def next_ts(self) -> int | None:
        """When the next order is due, by the feed's clock in ns; ``None``: none is, so far."""
        ...

    def take(self, ts: int) -> NDArray[np.void]:
        """``lob.MESSAGE`` rows of all orders that are due by ``ts``, of an owner other than 0."""
        ...

    def heard(self, prints: NDArray[np.void]) -> None:
        """Trades of the record that come next: ``lob.feeds.PRINT`` rows."""
        ...


class ReactiveAgent(Protocol):
    """Somebody who answers to the live book. It is copied for the twin."""

    every_ns: int
    """How often it looks, from the first of one's own orders on."""

    def act(self, ts: int, book: OrderBook) -> NDArray[np.void] | None:
        """What it sends: ``lob.MESSAGE`` rows of an owner of its own, 2 or more; or nothing."""
        ...


class Stretch(NamedTuple):
    """A part of a replay: orders sent at its start, and recorded messages after them."""

    sent: NDArray[np.void]
    """``lob.MESSAGE`` rows of one's own, ahead of the first message."""
    sent_events: NDArray[np.void]
    """``lob.EVENT`` rows: what became of them at once."""
    before: NDArray[np.void]
    """One ``lob.QUOTE`` row: the live book just before them."""
    twin_before: NDArray[np.void]
    """The same of the twin."""
    messages: NDArray[np.void]
    """``lob.MESSAGE`` rows of the record."""
    prints: NDArray[np.void]
    """``PRINT`` rows of the record, that come with the messages."""
    live: NDArray[np.void]
    """``lob.QUOTE`` rows, one a message: of the live book, or of the recorded one before the fork
    and in an exact replay."""
    twin: NDArray[np.void]
    """The same of the market without one's own orders."""
    settled: NDArray[np.bool_]
    """Whether the books after each message are ones that lasted."""
    events: NDArray[np.void]
    """``lob.EVENT`` rows of orders that have an owner, which happened in the stretch."""


class Replay:
    """One pass over a feed.

    Parameters
    ----------
    feed
        Recorded order flow of any format.
    mode
        One of ``ReplayMode``.
    symbol
        Name of the instrument; it may be left out where the feed has one alone.
    half_life_ns
        Of the displacement, in ns, 0 to infinity. Given in the mode *reanchored*, and only there.
    orders
        Orders of one's own; ``None``: history alone.
    agents
        Who reacts; not in an exact replay.
    since, until
        The window, in ns as the feed's clock has it. Messages from ``until`` on are not read;
        without orders the live book begins at ``since``, or once the book is there.

    Attributes
    ----------
    report
        What was met; it grows as stretches are taken.
    recorded, live, twin
        The books as they are now.

    Raises
    ------
    ValueError
        If the mode is none, or the half-life or the agents do not go with it.
    """

    def __init__(
        self,
        feed: Feed,
        mode: ReplayMode | str = ReplayMode.EXACT,
        *,
        symbol: str | None = None,
        half_life_ns: float | None = None,
        orders: OrderSource | None = None,
        agents: Sequence[ReactiveAgent] = (),
        since: int | None = None,
        until: int | None = None,
    ) -> None:
        choice("mode", str(mode), tuple(map(str, ReplayMode)))
        self.mode = ReplayMode(str(mode))
        if (half_life_ns is None) == (self.mode is ReplayMode.REANCHORED):
            raise ValueError(
                "half_life_ns goes with the mode reanchored, and that with a half-life: 0 to "
                f"infinity, got {half_life_ns} with {self.mode}"
            )
        if half_life_ns is not None and not 0 <= half_life_ns <= inf:
            raise ValueError(f"half_life_ns must be 0 to infinity, got {half_life_ns}")
        if agents and self.mode is ReplayMode.EXACT:
            raise ValueError("agents react to a live book, which an exact replay has not")
        if since is not None and until is not None and until <= since:
            raise ValueError(f"until must be after since, got {until} and {since}")
        self.feed = feed
        self._source = InstrumentFeed(feed, symbol, until)
        self.orders, self.agents = orders, list(agents)
        self.since, self.until = since, until
        self.report = ReplayReport(mode=self.mode, half_life_ns=half_life_ns, feed=feed.report)
        self._number: int | None = None
        self._core: Resubmission | None = None
        self._other: Resubmission | None = None  # of the twin, where there are agents
        self._copies: list[ReactiveAgent] = []
        self._wakes: list[int] = []  # when each agent looks next
        self._messages = 0  # of the instrument, followed so far
        self._halts: list[tuple[int, bool]] = []  # told, and still to come
        self._halts_seen = 0
        self._resumed = -1
        self._then = -1  # time of the first message after the part that is followed
        self._was_due: int | None = None  # an order, before the book was there
        self._gaps_before, self._gaps_at = 0, None  # type: tuple[int, tuple[int, int] | None]

    @property
    def recorded(self) -> OrderBook:
        """The feed's own book."""
        return self._of(self._core).recorded

    @property
    def live(self) -> OrderBook:
        """The book in which one's own orders are; the recorded one before the fork."""
        return self._of(self._core).live or self.recorded

    @property
    def twin(self) -> OrderBook:
        """The book without one's own orders."""
        other = self._other
        return self.recorded if other is None else other.live or self.recorded

    @property
    def halted(self) -> bool:
        """Whether the record is in a halt now."""
        return self._of(self._core).halted

    def run(self) -> ReplayReport:
        """Go through all of it and return the report."""
        for _ in self.stretches():
            pass
        return self.report

    def stretches(self, rows: int = 2**14) -> Iterator[Stretch]:
        """Go through the feed, once.

        Raises
        ------
        FeedError
            If the feed is damaged or has no such instrument.
        ReplayError
            If an order is due before the book is there.
        SymbolError
            If the instrument is not told, or is not there.
        """
        for part in self._source.parts(rows):
            self.report.feed = self.feed.report
            if self._core is None:
                self._begin()
            self._then = part.then
            yield from self._part(part)
            self._gaps_before = self._gaps()
        self.report.stopped_at = self.until if self._source.stopped else None
        self.report.feed = self.feed.report
        self._close()

    def _begin(self) -> None:
        """Make the books, now that the instrument is known."""
        instrument = self._source.instrument
        assert instrument is not None
        self._number, self.report.instrument = instrument.number, instrument
        for _ in range(2 if self.agents else 1):
            core = Resubmission(
                instrument.number,
                levels=self.feed.is_level_feed,
                window_ns=LEVEL_WINDOW_NS if self.feed.is_level_feed else 0,
                tells_crossing=self.feed.tells_crossing,
                half_life_ns=float(self.report.half_life_ns or 0),
            )
            self._core, self._other = core, self._core
        self._copies = copy.deepcopy(self.agents)

    # ---------------------------------------------------------------- one part

    def _part(self, part: Part) -> Iterator[Stretch]:
        """Follow a part of the record, cut where something else happens."""
        messages, consistent, prints, _ = part
        if not len(messages):
            if len(prints):
                self._count(messages, prints)
                yield self._stretch(None, messages, prints)
            return
        ts = messages["ts_event"]
        if self.orders is not None:
            self.orders.heard(prints)
        at = told = 0
        while at < len(messages):
            what, end = self._next_thing(ts, at)
            if end > at:
                then = int(ts[end]) if end < len(ts) else self._then
                done = self._follow(
                    messages[at:end], consistent[at:end], prints[told:], what == "wait", then
                )
                end = at + done[0]
                last = int(np.searchsorted(prints["at"], self._messages + done[0], side="left"))
                now, heard = messages[at:end], prints[told:last]
                self._count(now, heard)
                yield self._stretch(None, now, heard, done)
                at, told = end, last
            elif what == "halt":
                self._halt(*self._halts.pop(0))
            elif what == "orders":
                yield from self._insert()
            elif what == "fork":
                self._fork(int(ts[at]))
            else:
                yield from self._wake(int(ts[at]))
        if told < len(prints):  # after the last message of the record
            self._count(messages[:0], prints[told:])
            yield self._stretch(None, None, prints[told:])

    def _next_thing(self, ts: NDArray[np.int64], at: int) -> tuple[str, int]:
        """What comes next, from the message ``at`` on, and ahead of which message.

        ``wait``: something is due, and orders may not be put in yet.
        """
        core = self._of(self._core)
        self._hear_halts()
        things: list[tuple[int, int, int, str]] = []
        if self._halts:
            when = self._halts[0][0]
            things.append((_place(ts, at, when), when, 0, "halt"))
        due = self.orders.next_ts() if self.orders is not None else None
        if due is not None and not core.halted:
            things.append((_place(ts, at, due), due, 1, "orders"))
        if self._may_fork() and not core.halted:
            when = self.since if self.since is not None else -1
            things.append((_place(ts, at, when), when, 2, "fork"))
        if self._wakes and not core.halted:
            when = min(self._wakes)
            things.append((_place(ts, at, when), when, 3, "agents"))
        end, when, _, what = min(things, default=(len(ts), 0, 0, ""))
        if end > at or what == "halt" or self._is_ready(what, when):
            return what, end
        return "wait", len(ts)

    def _is_ready(self, what: str, when: int) -> bool:
        """Whether orders may be put in now: the book is there, and is one that lasts."""
        if self.report.book_since is None and what == "orders":
            self._was_due = when
        return self._of(self._core).settled and self.report.book_since is not None

    def _may_fork(self) -> bool:
        """Whether history alone is to be sent to a live book, which has not begun."""
        return (
            self.orders is None
            and self.mode is not ReplayMode.EXACT
            and self._of(self._core).live is None
        )

    def _follow(
        self,
        messages: NDArray[np.void],
        consistent: NDArray[np.bool_],
        prints: NDArray[np.void],
        stop: bool,
        then: int,
    ) -> tuple[int, NDArray[np.void], NDArray[np.void], NDArray[np.bool_], NDArray[np.void]]:
        """Send messages to the books: how many, the live quotes, the twin's, what is settled."""
        core = self._of(self._core)
        done, recorded, live, settled = core.follow(
            messages, consistent, prints, self._messages, stop, then
        )
        events = core.taken()
        twin = recorded
        if self._other is not None:
            _, _, twin, _ = self._other.follow(
                messages[:done],
                consistent[:done],
                prints,
                self._messages,
                then=int(messages["ts_event"][done]) if done < len(messages) else then,
            )
            self._other.taken()
        if self.report.book_since is None:
            both = settled & (recorded["bid_size"] > 0) & (recorded["ask_size"] > 0)
            if both.any():
                self.report.book_since = int(recorded["ts_event"][np.argmax(both)])
                self._refuse_early()
        return done, live, twin, settled, events

    def _refuse_early(self) -> None:
        """Refuse an order that was due before the book was there."""
        if self._was_due is not None:
            assert self.report.book_since is not None
            raise ReplayError(
                f"an order is due at {self.report.moment(self._was_due)}, before the book is "
                f"there: it has both sides from {self.report.moment(self.report.book_since)} on"
            )

    def _count(self, messages: NDArray[np.void], prints: NDArray[np.void]) -> None:
        report = self.report
        self._messages += len(messages)
        report.messages += len(messages)
        report.prints += len(prints)
        if len(messages):
            if report.first_ts is None:
                report.first_ts = int(messages["ts_event"][0])
            report.last_ts = int(messages["ts_event"][-1])

    # ---------------------------------------------------------------- halts

    def _hear_halts(self) -> None:
        """Take what the reader has told of halts since last time."""
        told = self.feed.report.halts
        for halt in told[self._halts_seen :]:
            if halt.instrument == self._number and halt.state in RUNNING | STILL:
                self._halts.append((halt.ts_event, halt.state in STILL))
        self._halts_seen = len(told)

    def _halt(self, ts: int, halted: bool) -> None:
        for core in self._cores():
            if core.halted != halted:
                core.halt(halted, ts)
        self._resumed = self._resumed if halted else ts

    # ---------------------------------------------------------------- one's own orders

    def _fork(self, ts: int) -> None:
        for core in self._cores():
            core.fork(ts)
        self.report.forked_at = ts
        if self.agents:
            self._wakes = [ts + agent.every_ns for agent in self.agents]

    def _insert(self) -> Iterator[Stretch]:
        """Put in what is due, ahead of the message that comes next."""
        assert self.orders is not None
        core, due = self._of(self._core), self.orders.next_ts()
        assert due is not None
        assert self.report.last_ts is not None
        now = max(due, self._resumed, self.report.last_ts)
        orders = self.orders.take(now).copy()
        late = orders["ts_event"] < now
        self.report.waited += int(np.count_nonzero(late))
        orders["ts_event"][late] = now
        orders["instrument"] = self._number
        if self.mode is not ReplayMode.EXACT and core.live is None:
            self._fork(now)
        self.report.sent += len(orders)
        first = self._gaps_before if self._gaps_at is None else self._gaps_at[0]
        self._gaps_at = first, self._gaps()
        before, twin_before = touch(self.live, now), touch(self.twin, now)
        events = self._sent(core, orders)
        yield self._stretch((orders, events, before, twin_before), None, None)

    def _sent(self, core: Resubmission, orders: NDArray[np.void]) -> NDArray[np.void]:
        """Send orders to a live book, or price them; move the anchor by what they did."""
        if core.live is None:
            return _priced(self.recorded, orders)
        if self.mode is not ReplayMode.REANCHORED:
            return core.send(orders)
        parts = []
        for i in range(len(orders)):
            before = _middle(core.live, None)
            parts.append(core.send(orders[i : i + 1]))
            after = _middle(core.live, parts[-1])
            if before is not None and after is not None:
                core.displace(after - before, int(orders["ts_event"][i]))
        return np.concatenate(parts)

    def _wake(self, moment: int) -> Iterator[Stretch]:
        """Let agents act whose time it is, in the live book and in the twin's."""
        assert self._other is not None
        now = min(self._wakes)
        for i, every in enumerate(agent.every_ns for agent in self.agents):
            if self._wakes[i] > now:
                continue
            for core, agents in ((self._of(self._core), self.agents), (self._other, self._copies)):
                self._act(core, agents[i], now)
            # Where nothing happens meanwhile there is nothing to look at.
            self._wakes[i] = now + every * max(1, -(-(moment - now) // every))
        yield self._stretch(None, None, None)

    def _act(self, core: Resubmission, agent: ReactiveAgent, now: int) -> None:
        assert core.live is not None
        orders = agent.act(now, core.live)
        if orders is None or not len(orders):
            return
        if (orders["owner"] < 2).any():
            raise ValueError("agents' orders must have an owner of 2 or more")
        orders = orders.copy()
        orders["instrument"] = self._number
        self._sent(core, orders)

    def _stretch(
        self,
        sent: tuple[NDArray[np.void], ...] | None,
        messages: NDArray[np.void] | None,
        prints: NDArray[np.void] | None,
        done: tuple[int, NDArray[np.void], NDArray[np.void], NDArray[np.bool_], NDArray[np.void]]
        | None = None,
    ) -> Stretch:
        none = np.zeros(0, QUOTE)
        orders, events, before, twin_before = sent or (
            np.zeros(0, MESSAGE), np.zeros(0, EVENT), none, none,
        )  # fmt: skip
        messages = np.zeros(0, MESSAGE) if messages is None else messages
        prints = np.zeros(0, PRINT) if prints is None else prints
        _, live, twin, settled, during = done or (
            0, none, none, np.zeros(0, np.bool_), np.zeros(0, EVENT),
        )  # fmt: skip
        return Stretch(
            orders, events, before, twin_before, messages, prints, live, twin, settled, during
        )

    # ---------------------------------------------------------------- the end

    def _close(self) -> None:
        """Complete the report."""
        report, core = self.report, self._core
        assert core is not None
        if report.book_since is None and self.orders is not None:
            raise ReplayError(f"{self.feed.path}: the book never has both sides: nothing can sell")
        for one in self._cores():
            one.finish()
        report.resent, report.aggressors, report.by_id = core.resent, core.aggressors, core.by_id
        report.broken = Broken(
            **{name: getattr(core, name) for name in Broken.__dataclass_fields__}
        )
        if core.live is not None:
            orders = core.live.orders()
            ids = orders["order_id"][orders["owner"] == 0]
            kept = np.isin(ids, core.recorded.orders()["order_id"])
            report.left_over = int(np.count_nonzero(~kept))
        if self._gaps_at is not None:
            report.gaps_during = self._gaps_at[1] - self._gaps_at[0]

    def _gaps(self) -> int:
        """Gaps so far; some readers tell them at the end alone."""
        return self.feed.report.gaps or int(getattr(self.feed.books, "gaps", 0))

    def _cores(self) -> list[Resubmission]:
        return [core for core in (self._core, self._other) if core is not None]

    @staticmethod
    def _of(core: Resubmission | None) -> Resubmission:
        if core is None:
            raise ReplayError("the replay has not begun")
        return core


# -------------------------------------------------------------------- rows


def _place(ts: NDArray[np.int64], at: int, when: int) -> int:
    """The first message, from ``at`` on, that is not earlier; times may go back."""
    later = ts[at:] >= when
    found = int(np.argmax(later))
    return at + (found if later[found] else len(later))


def touch(book: OrderBook, ts: int) -> NDArray[np.void]:
    """The best bid and ask of a book as one row."""
    row = np.zeros(1, QUOTE)
    row["ts_event"] = ts
    for name, levels in (("bid", book.bids(1)), ("ask", book.asks(1))):
        if len(levels):
            row[f"{name}_price"], row[f"{name}_size"] = levels["price"][0], levels["size"][0]
    return row


def _middle(book: OrderBook, events: NDArray[np.void] | None) -> float | None:
    """The mid of a book in ticks; the last trade stands for a side that it left empty."""
    bid, ask = book.best_bid, book.best_ask
    trades = None if events is None else events[events["kind"] == EventKind.TRADE]
    if trades is not None and len(trades):
        price = int(trades["price"][-1])
        if bid is None and trades["side"][-1] == Side.SELL:
            bid = price
        if ask is None and trades["side"][-1] == Side.BUY:
            ask = price
    return None if bid is None or ask is None else (bid + ask) / 2


def _priced(book: OrderBook, orders: NDArray[np.void]) -> NDArray[np.void]:
    """The trades of market orders with a book that stays as it is, each by itself."""
    found = []
    for order in orders:
        levels = book.bids() if order["side"] == Side.SELL else book.asks()
        ahead = np.cumsum(levels["size"]) - levels["size"]
        sizes = np.minimum(levels["size"], np.maximum(int(order["size"]) - ahead, 0))
        trades = np.zeros(int(np.count_nonzero(sizes)), EVENT)
        trades["price"], trades["size"] = levels["price"][: len(trades)], sizes[: len(trades)]
        trades["leaves"] = int(order["size"]) - np.cumsum(trades["size"])
        trades["kind"] = EventKind.TRADE
        for name in ("ts_event", "order_id", "tag", "owner", "side", "order_type", "instrument"):
            trades[name] = order[name]
        found.append(trades)
    return np.concatenate(found)
