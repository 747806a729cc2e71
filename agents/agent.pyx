"""``Agent``, the participant of a simulation that is extended in Python, and what it is told."""

cimport cython
from cpython.long cimport PyLong_Check
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from agents.random cimport RandomStream
from agents.simulation cimport Participant, PriceAlarm, Simulation
from lob.engine.guard cimport AGENT_ACTS, FREE, Guard
from lob.engine.records cimport (
    ACCEPTED,
    BID,
    BUY,
    CANCEL,
    DEPOSIT,
    GTC,
    LIMIT,
    LIQUIDATION_TAG,
    MARKET,
    MAX_PRICE,
    MAX_SIZE,
    NEW,
    POST_ONLY,
    REDUCE_ONLY,
    REDUCE,
    REJECTED,
    RELATIVE,
    REPLACE,
    REPLACED,
    SELL,
    TAKE,
    TOTAL_SIZE,
    TRADE,
    WITHDRAW,
    Event,
    Message,
    Quote,
    write_message,
)
from lob.venue.venue cimport is_of_venue, message_fits

import numpy as np

from lob import checks
from lob.types import EVENT, EventKind, Reason, Side

__all__ = ["Agent", "EventView", "OwnOrder"]


cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object value, int *overflow) except? -1


cdef int64_t as_integer(
    str name, object value, int64_t low=-(2**63), int64_t high=2**63 - 1
) except? -1:
    """``checks.integer``, at a tenth of its cost for what is as it should be."""
    cdef int overflow = 0
    cdef int64_t number
    if PyLong_Check(value):
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
        if not overflow and low <= number <= high:
            return number
    return checks.integer(name, value, low, high)


cdef tuple by_number(enumeration):
    """Members by their numbers, 0 to 255, which have gaps; what is not checked must be there."""
    members = {member.value: member for member in enumeration}
    return tuple([members.get(number) for number in range(256)])


cdef tuple EVENT_KINDS = by_number(EventKind)
cdef tuple REASONS = by_number(Reason)
cdef dict SIDES = {side.value: side for side in Side}


@cython.final
@cython.freelist(64)
cdef class OwnOrder:
    """One of an agent's own open orders, as far as the agent has heard.

    Attributes
    ----------
    order_id : int
        The id that ``submit`` gave it.
    instrument : int
        Number of the book that it rests in.
    owner : int
        Of the agent's owner numbers, the one that sent it.
    price : int
        Limit price in ticks.
    size : int
        Lots still open.
    side : lob.Side
        ``BUY`` or ``SELL``.
    """

    @property
    def side(self):
        """The side of this order: ``lob.Side.BUY`` or ``SELL``."""
        return Side(self.side_sign)

    def __repr__(self):
        return (
            f"OwnOrder(order_id={self.order_id}, instrument={self.instrument}, "
            f"side={self.side.name}, price={self.price}, size={self.size})"
        )


@cython.final
@cython.freelist(64)
cdef class EventView:
    """One event of a book or of the venue, as ``on_event`` is told of it.

    Each field of ``lob.EVENT`` is an attribute; see there for its meaning and unit. ``kind``,
    ``reason`` and ``side`` are members of their enumerations. ``side`` is ``None`` where there is
    none, as in the refusal of a cancellation.
    """

    def __getattr__(self, name):
        if name not in EVENT.names:
            raise AttributeError(f"an event has no field {name!r}: it has {', '.join(EVENT.names)}")
        return self.row[name].item()

    @property
    def row(self):
        """This event as a ``lob.EVENT`` record, a read-only ``numpy.void``."""
        return np.frombuffer((<const char *>&self.event)[: sizeof(Event)], EVENT)[0]

    @property
    def kind(self):
        """What happened, a ``lob.EventKind``."""
        return EVENT_KINDS[self.event.kind]

    @property
    def reason(self):
        """Why the event came about, a ``lob.Reason``."""
        return REASONS[self.event.reason]

    @property
    def side(self):
        """The side of the order that the event is of, a ``lob.Side``; ``None`` without one."""
        return SIDES.get(self.event.side)

    @property
    def ts_event(self):
        """When the event happened at the venue, in ns."""
        return self.event.ts_event

    @property
    def instrument(self):
        """Number of the instrument that the event is of."""
        return self.event.instrument

    @property
    def order_id(self):
        """Id of the order that the event is of; of a trade, the incoming order."""
        return self.event.order_id

    @property
    def owner(self):
        """Owner number of the order that the event is of."""
        return self.event.owner

    @property
    def price(self):
        """Price of the event in ticks: of a trade, what was paid; of an order, its limit."""
        return self.event.price

    @property
    def size(self):
        """Lots that the event is about: traded, accepted or cancelled."""
        return self.event.size

    @property
    def leaves(self):
        """Lots of the order that are open after the event."""
        return self.event.leaves

    @property
    def tag(self):
        """The tag that the order was sent with, or that of the liquidation."""
        return self.event.tag

    @property
    def resting_order_id(self):
        """Id of the resting order of a trade."""
        return self.event.resting_order_id

    @property
    def resting_owner(self):
        """Owner number of the resting order of a trade."""
        return self.event.resting_owner

    @property
    def resting_leaves(self):
        """Lots of the resting order that are open after a trade."""
        return self.event.resting_leaves

    def __repr__(self):
        return (
            f"EventView({self.kind.name}, ts_event={self.ts_event}, order_id={self.order_id}, "
            f"side={self.side and self.side.name}, price={self.price}, size={self.size}, "
            f"leaves={self.leaves})"
        )


@cython.auto_pickle(True)
cdef class Agent(Participant):
    """A participant written in Python: it is woken, it hears of events, it sends orders.

    Extend it with any of the hooks ``on_start``, ``on_wake`` and ``on_event`` (or ``on_fields``).
    Without latency a message meets the book while the call lasts, and the agent's own account
    (``position``, ``cash``, ``open_orders``) is up to date right after it; ``on_event`` follows
    when the hook has returned. With latency the account is what the agent has heard by now. A
    method that needs the run raises ``ValueError`` before the agent is added to a ``Simulation``.

    Parameters
    ----------
    name
        The agent's identity, a string that is not empty.
    **arguments
        Owner number, latencies and delays, see ``Participant``.

    Examples
    --------
    >>> import agents
    >>> class Buyer(agents.Agent):
    ...     def on_start(self):
    ...         self.wake_in(1_000)
    ...     def on_wake(self):
    ...         self.buy(10, price=100)
    >>> simulation = agents.Simulation(seed=1)
    >>> buyer = simulation.add(Buyer("a buyer"))
    >>> simulation.run(until=1_000)
    >>> simulation.books[0].best_bid, len(buyer.open_orders)
    (100, 1)
    """

    def __init__(self, name, **arguments):
        super().__init__(name, **arguments)
        cls = type(self)
        self.has_on_event = cls.on_event is not Agent.on_event
        self.has_on_fields = cls.on_fields is not Agent.on_fields
        self.orders = {}
        self.early = {}
        self.positions = {}
        self.cash_of = {}
        self.notes = True
        self.hears = self.has_on_event or self.has_on_fields

    # ---------------------------------------------------------------- hooks

    def on_start(self):
        """Hook: the run begins, or the agent joins one that has begun."""

    def on_wake(self):
        """Hook: a wake-up that the agent asked for by ``wake_in`` has come.

        May return a ``lob.MESSAGE`` array, which is sent as by ``submit_messages``.
        """

    def on_event(self, event):
        """Hook: an event of an own order, or of a market subscribed to, as an ``EventView``."""

    def on_fields(self, kind, order_id, side, price, size, leaves):
        """Hook: an event as plain ints, twice as fast as ``on_event``.

        ``kind`` is the number of a ``lob.EventKind``, ``side`` 1, -1 or 0 (none), ``price`` in
        ticks, ``size`` and ``leaves`` in lots. An agent with both hooks is called by both.
        """

    cdef int join(self) except -1:
        Participant.join(self)
        self.random = RandomStream.wrap(&self.stream)
        return 0

    cdef int start(self) except -1:
        self.on_start()
        return 0

    cdef int wake(self, uint32_t payload) except -1:
        messages = self.on_wake()
        if messages is not None:
            self.submit_messages(messages)
        return 0

    cdef int hear(self, const Event *event) except -1:
        cdef EventView view
        if self.has_on_fields:
            self.on_fields(
                event.kind, event.order_id, event.side, event.price, event.size, event.leaves
            )
        if self.has_on_event:
            view = EventView.__new__(EventView)
            view.event = event[0]
            self.on_event(view)
        return 0

    # ---------------------------------------------------------------- the clock

    @property
    def now(self):
        """The time of the run in ns."""
        return self.simulation.now if self.simulation is not None else self.run_of().now

    def wake_in(self, delay):
        """Ask for a call of ``on_wake`` in ``delay`` ns, 0 or more.

        Raises
        ------
        TypeError, ValueError
            If ``delay`` is no such integer, or the agent takes part in no run.
        """
        cdef int64_t ns = as_integer("delay", delay, 0)
        if self.simulation is None:
            self.run_of()
        if self.simulation.venue.guard.is_anothers():
            self.simulation.venue.guard.refuse("wake_in")
        self.wake_at(self.simulation.later(ns), 0)

    def wake_at_price(self, price, side, *, instrument=0):
        """Ask for a call of ``on_wake`` as soon as the best price of a book is at a price.

        Once, whatever the book does afterwards; at once if it is there already. A new price takes
        the place of the one before for the same book and side.

        Parameters
        ----------
        price
            Ticks; ``None``: not any more.
        side
            ``BUY``: the best bid is as high as that, or higher; ``SELL``: the best ask is as low.
        instrument
            Number of the book.

        Raises
        ------
        TypeError, ValueError
            If an argument is of another type or unknown, or the agent takes part in no run.
        """
        number = as_integer("instrument", instrument, 0, len(self.run_of().venue.books) - 1)
        self.wait_for(price, side, -1, number)

    def wake_at_mark(self, price, side, *, clearing=0, holding=0):
        """Ask for a call of ``on_wake`` as soon as a mark of a clearing is at a price.

        As ``wake_at_price``, but ``BUY`` waits for the mark to be as low as the price: a buyer of
        what is priced by the mark wants it low.

        Parameters
        ----------
        price
            Ticks; ``None``: not any more.
        side
            ``BUY``: the mark is as low as that, or lower; ``SELL``: it is as high, or higher.
        clearing, holding
            Number of the clearing in the run, and of the holding in that.

        Raises
        ------
        TypeError, ValueError
            If an argument is of another type or unknown, or the agent takes part in no run.
        """
        clearings = self.run_of().venue.clearings
        where = as_integer("clearing", clearing, 0, len(clearings) - 1)
        number = as_integer("holding", holding, 0, len(clearings[where].holdings) - 1)
        self.wait_for(price, side, where, number)

    cdef int wait_for(self, price, side, int64_t clearing, int64_t number) except -1:
        """Wait for a price of a book (``clearing`` -1), or for a mark."""
        cdef PriceAlarm alarm
        if self.simulation.venue.guard.is_anothers():
            self.simulation.venue.guard.refuse("wake_at_price")
        if side not in SIDES:
            raise ValueError(f"side must be Side.BUY or Side.SELL, got {side!r}")
        alarm.price = 0 if price is None else as_integer("price", price, -MAX_PRICE, MAX_PRICE)
        alarm.agent, alarm.side = self.index, <int>side
        alarm.clearing, alarm.number = <int>clearing, <int>number
        if price is not None and self.simulation.is_reached(&alarm):
            self.simulation.set_alarm(&alarm, False)
            return self.wake_at(self.simulation.now, 0)
        return self.simulation.set_alarm(&alarm, price is not None)

    cdef Simulation run_of(self):
        """The run that it takes part in."""
        if self.simulation is None:
            raise ValueError(
                f"agent {self.name!r} takes part in no run: add it to a Simulation first"
            )
        return self.simulation

    # ---------------------------------------------------------------- orders

    cdef int post(self, Message *message) except -1:
        """Send a message, if no other thread is at work on the run."""
        if self.simulation is None:
            self.run_of()
        if self.simulation.venue.guard.busy == FREE or self.simulation.venue.guard.is_anothers():
            return self.post_alone(message)
        try:
            return self.send(message)
        finally:
            # The hook may catch what was raised, and go on.
            self.simulation.venue.guard.busy = AGENT_ACTS

    cdef int post_alone(self, Message *message) except -1:
        """Send a message while the run stands still."""
        cdef Guard guard = self.simulation.venue.guard
        guard.enter(AGENT_ACTS, "a method of an Agent")
        try:
            return self.send(message)
        finally:
            guard.leave()

    def buy(self, size, price=None, **arguments):
        """Send an order to buy ``size`` lots at ``price`` ticks or less, or at any price.

        Returns the order's id. Further arguments and errors are those of ``submit``.
        """
        return self.submit(BUY, size, price, **arguments)

    def sell(self, size, price=None, **arguments):
        """Send an order to sell ``size`` lots at ``price`` ticks or more, or at any price.

        Returns the order's id. Further arguments and errors are those of ``submit``.
        """
        return self.submit(SELL, size, price, **arguments)

    def submit(
        self,
        side,
        size,
        price=None,
        *,
        instrument=0,
        time_in_force=GTC,
        post_only=False,
        reduce_only=False,
        min_size=0,
        stp=0,
        tag=0,
        protection=0,
        protection_ppm=0,
    ):
        """Send a new order: a limit order with a ``price``, else a market order.

        Parameters
        ----------
        side
            ``lob.Side``, or 1 to buy and -1 to sell.
        size
            Lots, 1 or more.
        price
            Limit in ticks; ``None``: a market order.
        instrument
            Number of the book, from 0.
        time_in_force, post_only, min_size, stp, tag, protection, protection_ppm
            As in ``lob.OrderBook.submit``.
        reduce_only
            The order may only bring the position of its margin account nearer to zero.

        Returns
        -------
        int
            The order's id, made of the agent's identity.

        Raises
        ------
        TypeError, ValueError
            If an argument is malformed, see ``lob.OrderBook.submit``, or the agent takes part in
            no run. What the market refuses comes as an event.
        """
        cdef Message message
        cdef int64_t number = as_integer("instrument", instrument, 0, 2**16 - 1)
        write_message(
            &message,
            NEW,
            as_integer("side", side, -1, 1),
            MARKET if price is None else LIMIT,
            as_integer("time_in_force", time_in_force, 0, 255),
            as_integer("stp", stp, 0, 255),
            (POST_ONLY if post_only else 0) | (REDUCE_ONLY if reduce_only else 0),
            <uint16_t>number,
        )
        message.price = 0 if price is None else as_integer("price", price)
        message.size = as_integer("size", size)
        message.min_size = as_integer("min_size", min_size)
        message.tag = as_integer("tag", tag)
        if protection or protection_ppm:
            message.trail, relative = checks.to_protection(protection, protection_ppm)
            if relative:
                message.flags |= RELATIVE
        message.owner = self.owner
        message.order_id = self.new_order_id()
        self.post(&message)
        return message.order_id

    def cancel(self, order_id, *, instrument=0):
        """Send a cancellation of an own order, by its id.

        ``instrument``, the number of its book, is needed only for an order of which the agent has
        not heard yet. What the venue refuses comes as an event.

        Raises
        ------
        TypeError, ValueError
            If an argument is no integer in its range, or the agent takes part in no run.
        """
        cdef Message message
        self.about(&message, CANCEL, order_id, instrument)
        self.post(&message)

    def reduce(self, order_id, size, *, instrument=0):
        """Send a message that takes ``size`` lots off an own order, which keeps its place.

        ``instrument`` and errors are as in ``cancel``.
        """
        cdef Message message
        self.about(&message, REDUCE, order_id, instrument)
        message.size = as_integer("size", size)
        self.post(&message)

    def replace(self, order_id, *, price=None, size=None, total_size=False, instrument=0):
        """Send a replacement: an own order gets a new price, a new open size, or both.

        Parameters
        ----------
        order_id
            Which of the agent's orders.
        price
            Ticks; ``None``: as it is.
        size
            Open lots; ``None``: as they are.
        total_size
            ``size``, which must be given, is open lots and lots traded together: fills that have
            not been heard of yet count against it.
        instrument
            Number of its book, needed only for an order of which the agent has not heard yet.

        Raises
        ------
        TypeError, ValueError
            If an argument is no integer in its range; if ``price`` or ``size`` is left out of an
            order that is not known to be open, or ``size`` with ``total_size``; or if the agent
            takes part in no run.
        """
        cdef Message message
        cdef OwnOrder order
        self.about(&message, REPLACE, order_id, instrument)
        order = self.orders.get(message.order_id)
        if order is None and (price is None or size is None):
            raise ValueError(
                f"order {order_id} is not known to be open: give both its price and its size"
            )
        if total_size:
            if size is None:
                raise ValueError("size must be given with total_size")
            message.flags = TOTAL_SIZE
        message.price = order.price if price is None else as_integer("price", price)
        message.size = order.size if size is None else as_integer("size", size)
        self.post(&message)

    def deposit(self, amount, asset=0):
        """Send a deposit: ``amount`` units, 1 or more, of the asset of this number."""
        self.move_funds(DEPOSIT, amount, asset)

    def withdraw(self, amount, asset=0):
        """Send a withdrawal: ``amount`` units, 1 or more, of the asset of this number.

        The venue refuses, by an event, what would leave less than the initial margin.
        """
        self.move_funds(WITHDRAW, amount, asset)

    def move_funds(self, kind, amount, asset, side=0, price=0):
        """Send a deposit or a withdrawal; or a mint, a redemption or a swap at a facility.

        Parameters
        ----------
        kind
            ``lob.Kind``: ``DEPOSIT`` or a later number.
        amount
            Units, 1 or more.
        asset
            Number of the asset, or of the facility, from 0.
        side
            Of a swap: 1 buys the base of the pool, -1 sells it.
        price
            Of a swap: the worst acceptable price in ticks; 0: any.

        Raises
        ------
        TypeError, ValueError
            If an argument is no integer in its range, or the agent takes part in no run.
        """
        cdef Message message
        write_message(
            &message, as_integer("kind", kind, DEPOSIT, 255), as_integer("side", side, -1, 1),
            0, 0, 0, 0, 0,
        )  # fmt: skip
        message.price = as_integer("price", price, 0)
        message.order_id = as_integer("asset", asset, 0)
        message.size = as_integer("amount", amount, 1)
        message.owner = self.owner
        self.post(&message)

    def take_offer(self, tag, size, price=0):
        """Send a message to take ``size`` lots of a liquidation that is on offer, by its tag.

        ``price`` is the worst acceptable one in ticks, 0: any. No event comes where the take is
        granted; a refusal comes as one.

        Raises
        ------
        TypeError, ValueError
            If ``tag``, ``size`` (1 or more) or ``price`` (0 or more) is no such integer, or the
            agent takes part in no run.
        """
        self.answer(TAKE, tag, size, price)

    def bid_for(self, tag, size, price):
        """Send a bid of ``price`` ticks for ``size`` lots in the auction of a liquidation.

        ``tag`` is that of the liquidation; errors are as in ``take_offer``.
        """
        self.answer(BID, tag, size, price)

    cdef int answer(self, uint8_t kind, object tag, object size, object price) except -1:
        """Answer an offer."""
        cdef Message message
        write_message(&message, kind, 0, 0, 0, 0, 0, 0)
        message.order_id = as_integer("tag", tag, LIQUIDATION_TAG)
        message.size = as_integer("size", size, 1, MAX_SIZE)
        message.price = as_integer("price", price, 0, MAX_PRICE)
        message.owner = self.owner
        return self.post(&message)

    def submit_messages(self, messages):
        """Send all rows of a ``lob.MESSAGE`` array; owners, times and missing order ids are set.

        Every row is checked before any is sent. A NEW with ``order_id`` 0 gets a fresh id; negative
        ids are the venue's own, as are ``Flag.VENUE`` and the messages that change its rules.

        Raises
        ------
        TypeError
            If ``messages`` is no one-dimensional array of that dtype.
        ValueError
            If a row is malformed, or pretends to be the venue's own: with its index, and then none
            is sent.
        """
        cdef Simulation simulation = self.run_of()
        cdef Message *rows
        cdef int64_t i, fresh = self.orders_sent
        cdef unsigned char[::1] memory
        own = checks.to_message_array(messages).copy()
        if not len(own):
            return
        memory = own.view(np.uint8)
        rows = <Message *>&memory[0]
        for i in range(len(own)):
            rows[i].ts_event = simulation.now
            if not self.owner <= rows[i].owner < self.owner + self.members:
                rows[i].owner = self.owner
            if is_of_venue(&rows[i]) or not message_fits(simulation.venue, &rows[i]):
                plain = checks.Message._make(own[i].tolist())
                problem = checks.beyond_participants(plain) or simulation.venue.misuse_of(own[i])
                raise ValueError(f"messages[{i}]: {problem}")
            if rows[i].kind == NEW and rows[i].order_id == 0:
                fresh += 1
                rows[i].order_id = (<int64_t>self.owner << 32) | fresh
        self.orders_sent = fresh
        for i in range(len(own)):
            self.post(&rows[i])

    cdef int about(
        self, Message *message, uint8_t kind, object order_id, object instrument
    ) except -1:
        cdef int64_t number = as_integer("order_id", order_id)
        cdef int64_t where = as_integer("instrument", instrument, 0, 2**16 - 1)
        cdef OwnOrder order = self.orders.get(number)
        if order is not None:
            where = order.instrument
        write_message(message, kind, 0, 0, 0, 0, 0, <uint16_t>where)
        message.order_id = number
        message.owner = self.owner if order is None else order.owner
        return 0

    # ---------------------------------------------------------------- what it knows

    def best_bid(self, instrument=0):
        """The best bid of a book in ticks, as the agent sees it; ``None``: there is none.

        It is that of ``market_data_delay`` ns ago.
        """
        cdef Quote quote
        if self.simulation is None:
            self.run_of()
        self.simulation.read_touch(self, as_integer("instrument", instrument, 0), &quote)
        return quote.bid_price if quote.bid_size else None

    def best_ask(self, instrument=0):
        """The best ask of a book in ticks, as the agent sees it; ``None``: there is none.

        It is that of ``market_data_delay`` ns ago.
        """
        cdef Quote quote
        if self.simulation is None:
            self.run_of()
        self.simulation.read_touch(self, as_integer("instrument", instrument, 0), &quote)
        return quote.ask_price if quote.ask_size else None

    @property
    def open_orders(self):
        """The agent's open orders as far as it has heard: a new dict of ``OwnOrder`` by id."""
        return dict(self.orders)

    def position(self, instrument=0):
        """Lots that the agent bought less those it sold of an instrument, as far as heard."""
        return self.positions.get(instrument, 0)

    def cash(self, instrument=0):
        """What the agent received less what it paid in trades of an instrument, as far as heard.

        Ticks times lots; fees are not in it.
        """
        return self.cash_of.get(instrument, 0)

    # ---------------------------------------------------------------- the account

    cdef int note(self, const Event *event) except -1:
        cdef OwnOrder order
        cdef int64_t last = <int64_t>self.owner + self.members
        cdef bint own = self.owner <= event.owner < last
        if event.kind == TRADE:
            if own:
                self.settle(event, event.side == BUY, event.order_id, event.leaves)
            if self.owner <= event.resting_owner < last:
                self.settle(
                    event, event.side != BUY, event.resting_order_id, event.resting_leaves
                )
            return 0
        if not own or event.kind == REJECTED:
            return 0
        if event.kind == ACCEPTED:
            order = OwnOrder.__new__(OwnOrder)
            order.order_id = event.order_id
            order.owner = event.owner
            order.instrument = event.instrument
            order.price = event.price
            order.size = event.leaves
            order.side_sign = event.side
            order.seq = event.seq
            self.orders[event.order_id] = order
            if self.early:
                seq, leaves = self.early.pop(event.order_id, (0, 0))
                if seq:
                    self.now_open(event.order_id, seq, leaves)
            return 0
        if event.kind == REPLACED:
            order = self.orders.get(event.order_id)
            if order is not None and order.seq < event.seq:
                order.price = event.price
        return self.now_open(event.order_id, event.seq, event.leaves)

    cdef int settle(
        self, const Event *event, bint buys, int64_t order_id, int64_t leaves
    ) except -1:
        """Book one side of a trade."""
        instrument = event.instrument
        cdef object lots = event.size if buys else -event.size
        self.positions[instrument] = self.positions.get(instrument, 0) + lots
        self.cash_of[instrument] = self.cash_of.get(instrument, 0) - lots * event.price
        return self.now_open(order_id, event.seq, leaves)

    cdef int now_open(self, int64_t order_id, int64_t seq, int64_t leaves) except -1:
        """An order has so much left, as of an event: news may come in another order."""
        cdef OwnOrder order = self.orders.get(order_id)
        if order is None:
            # Its acceptance is still under way, unless the order has ended before.
            if seq > self.early.get(order_id, (0, 0))[0] and self.from_venue is not None:
                self.early[order_id] = (seq, leaves)
        elif seq > order.seq:
            order.seq = seq
            order.size = leaves
            if leaves == 0:
                del self.orders[order_id]
        return 0
