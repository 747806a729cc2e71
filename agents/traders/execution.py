"""Execution of an order: trading a given number of lots by a schedule.

The executor gets done what a schedule (``agents.traders.schedules``) says should be done by now,
and knows nothing of where its numbers come from.
"""

from math import nan
from typing import Any, NamedTuple

from agents.agent import Agent, EventView
from agents.traders.open_lots import OpenLots
from agents.traders.schedules import Schedule
from lob import EventKind, Reason, Side, TimeInForce
from lob.checks import integer
from lob.units import SECOND_NS

__all__ = ["ExecutionReport", "Executor"]


class ExecutionReport(NamedTuple):
    """What became of the order of an ``Executor``, as far as it has heard."""

    size: int
    """Lots asked for."""
    filled: int
    """Lots that traded."""
    unfilled: int
    """Lots that have not traded."""
    notional: int
    """Sum of price times lots over the fills, in ticks times lots."""
    average_price: float
    """Average price of the fills in ticks; ``nan`` without a fill."""
    children: int
    """Orders that the executor sent."""
    first_fill: int | None
    """Time of the first fill in ns; ``None`` without one."""
    last_fill: int | None
    """Time of the last fill in ns; ``None`` without one."""


class Executor(Agent):
    """A trader that gets an order done by a schedule, exact to the lot.

    It looks whenever the schedule says so, and sends what is due and neither done nor under way.
    It never trades more than ``size``, whatever the latency.

    By default what is due is taken at once. With ``passive`` it is posted at the own side's touch;
    what has not traded by the next look is cancelled and, once that is heard of, taken (catch-up).
    What is due at the end is taken either way.

    Lots that found nobody on the other side are sent again at the next look (and posted until then,
    if ``passive``), after the last look every ``retry`` ns until ``patience`` has passed; what is
    left then stays unfilled.

    Parameters
    ----------
    name, **participant
        See ``Participant``.
    side
        ``lob.Side`` of the order.
    size
        Lots of the order, 1 or more.
    schedule
        Any ``Schedule``.
    start_in
        ns from joining the run to the start of the schedule, 0 or more.
    passive
        Whether lots are posted first.
    worst_price
        Ticks. Taking orders are market orders, or with this limit orders at it, immediate or
        cancel; posted ones go no further either. ``None``: any price.
    retry
        ns between tries after the last look of the schedule, 1 or more.
    patience
        ns after that look during which it tries, 0 or more.
    instrument, tag
        Number of the instrument, and tag of its orders.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str,
        *,
        side: Side,
        size: int,
        schedule: Schedule,
        start_in: int = 0,
        passive: bool = False,
        worst_price: int | None = None,
        retry: int = SECOND_NS,
        patience: int = 0,
        instrument: int = 0,
        tag: int = 0,
        **participant: Any,
    ) -> None:
        super().__init__(name, **participant)
        self.side = Side(side)
        self.size = integer("size", size, 1)
        self.schedule = schedule
        self.start_in = integer("start_in", start_in, 0)
        self.passive = passive
        self.worst_price = None if worst_price is None else integer("worst_price", worst_price)
        self.retry = integer("retry", retry, 1)
        self.patience = integer("patience", patience, 0)
        self.instrument = integer("instrument", instrument, 0)
        self.tag = integer("tag", tag)
        self.taking = OpenLots()
        self.posting = OpenLots()
        self.posted: dict[int, bool] = {}  # by order id: whether a cancellation makes sense
        self.begin: int | None = None
        self.next_look: int | None = None
        self.due = 0
        self.overdue = 0  # what was due a look ago
        # At this moment: what the market has just refused is not tried again before the next one.
        self.may_take = self.may_post = True
        self.volume = 0
        self.filled = 0
        self.notional = 0
        self.children = 0
        self.fill_times: tuple[int, int] | None = None

    def report(self) -> ExecutionReport:
        """What became of the executor's order so far: an ``ExecutionReport``."""
        first, last = self.fill_times or (None, None)
        return ExecutionReport(
            size=self.size,
            filled=self.filled,
            unfilled=self.size - self.filled,
            notional=self.notional,
            average_price=self.notional / self.filled if self.filled else nan,
            children=self.children,
            first_fill=first,
            last_fill=last,
        )

    # ---------------------------------------------------------------- hooks

    def on_start(self) -> None:
        """Hook: the executor joins the run; wait for the start of the schedule."""
        if self.schedule.sees_volume:
            self.subscribe(self.instrument)
        self.begin = self.next_look = self.now + self.start_in
        self.wake_in(self.start_in)

    def on_wake(self) -> None:
        """Hook: look at the schedule, or try again after its end."""
        self.may_take = self.may_post = True
        if self.next_look is not None and self.now >= self.next_look:
            self.look()
        self.act()
        if self.next_look is None and self.filled < self.due:
            assert self.begin is not None
            end = self.begin + self.schedule.duration + self.patience
            if self.now + self.retry <= end:
                self.wake_in(self.retry)

    def on_event(self, event: EventView) -> None:
        """Hook: count what has traded, and act on it."""
        fill = self.taking.hear(event) or self.posting.hear(event)
        if fill is not None:
            self.filled += fill.size
            self.notional += fill.size * fill.price
            self.fill_times = (self.fill_times or (self.now, 0))[0], self.now
        elif event.kind == EventKind.TRADE:
            if self.begin is not None and self.now >= self.begin:
                self.volume += event.size
            return
        if event.kind == EventKind.ACCEPTED and event.order_id in self.posted:
            self.posted[event.order_id] = True
        elif event.kind == EventKind.REJECTED and event.reason != Reason.UNKNOWN_ORDER:
            self.may_post = False
            # A halt, a band or a margin refuses whatever is sent at this moment.
            if event.reason != Reason.POST_ONLY:
                self.may_take = False
        elif event.reason in (Reason.NO_LIQUIDITY, Reason.IMMEDIATE_OR_CANCEL, Reason.PRICE_BAND):
            self.may_take = False
        self.posted = {i: known for i, known in self.posted.items() if i in self.posting}
        self.act()

    # ---------------------------------------------------------------- the work

    def look(self) -> None:
        """Ask the schedule what is due, and when to look next.

        Raises ``ValueError`` if its answers make no sense.
        """
        assert self.begin is not None
        elapsed = self.now - self.begin
        self.overdue = self.due
        self.due = self.schedule.due(self.size, elapsed, self.volume)
        if not 0 <= self.due <= self.size:
            raise ValueError(f"due must be 0 to the size {self.size}, got {self.due}")
        if elapsed >= self.schedule.duration:
            self.overdue, self.next_look = self.due, None
            return
        following = self.schedule.next_look(elapsed)
        if following <= elapsed:
            raise ValueError(f"next_look must be after {elapsed}, got {following}")
        self.next_look = self.begin + following
        self.wake_in(following - elapsed)

    def act(self) -> None:
        """Send what is due and neither done nor under way."""
        if not self.passive:
            self.take(self.due - self.filled - self.taking.total)
            return
        late = self.overdue - self.filled - self.taking.total
        if late > 0 and self.may_take and len(self.posting):
            for order_id, known in self.posted.items():
                if known:
                    self.posted[order_id] = False
                    self.cancel(order_id)
            return  # what the cancellations give back is taken once they are heard of
        self.take(late)
        if self.next_look is not None:
            self.post(self.due - self.filled - self.taking.total - self.posting.total)

    def take(self, size: int) -> None:
        """Send an order that takes ``size`` lots at once."""
        if size > 0 and self.may_take:
            order_id = self.submit(
                self.side,
                size,
                self.worst_price,
                time_in_force=TimeInForce.GTC if self.worst_price is None else TimeInForce.IOC,
                instrument=self.instrument,
                tag=self.tag,
            )
            self.taking.sent(order_id, size)
            self.children += 1

    def post(self, size: int) -> None:
        """Post ``size`` lots at the own side's best price, or a tick off the other side's.

        An asset has no price below 1 tick: nothing is posted there.
        """
        bid, ask = self.best_bid(self.instrument), self.best_ask(self.instrument)
        touch = bid if self.side == Side.BUY else ask
        if touch is None and bid is not None:
            touch = bid + 1
        elif touch is None and ask is not None:
            touch = ask - 1
        if size <= 0 or touch is None or not self.may_post:
            return
        if self.worst_price is not None and self.side * (touch - self.worst_price) > 0:
            touch = self.worst_price
        if touch < 1:
            return
        order_id = self.submit(
            self.side,
            size,
            touch,
            post_only=True,
            instrument=self.instrument,
            tag=self.tag,
        )
        self.posted[order_id] = False
        self.posting.sent(order_id, size)
        self.children += 1
