"""Queues that live by their own length, around a reference price that moves when one is empty."""

cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t

from lob.engine.block cimport Block
from agents.flow.choice cimport Choice
from agents.flow.flow cimport BackgroundFlow
from agents.flow.orders cimport OpenOrders
from agents.random cimport uniform
from lob.engine.ladder cimport NO_KEY, NO_LEVEL, Ladder, ladder_find
from lob.engine.matching cimport Book
from lob.engine.order_table cimport RestingOrder
from lob.engine.records cimport BUY, MAX_PRICE, SELL

from agents.flow.stationary import queue_lengths
from lob.checks import integer, real, reals

__all__ = ["QueueReactive"]

MAX_LEVELS = 1_000


@cython.auto_pickle(True)
cdef class QueueReactive(BackgroundFlow):
    """Order flow that depends on the length of the queue that it joins or leaves.

    Around a reference price, which lies between two ticks, there are K queues on either side. The
    queue at distance i = 1...K receives limit orders and loses orders to cancellation at rates by
    its length; market orders take from the best queue at rates by its place and length. Lengths
    count in orders of ``size`` lots, those of others included, and lists hold beyond their end.

    When something changes the mid price, and the nearest queue on the side to which it moved is
    empty, the reference price follows by one tick with probability ``theta``. Then the queue that
    comes into view is drawn from the stationary distribution of a lone queue at its distance, and
    the orders in the one that leaves view are cancelled; with probability ``theta_reinit`` all
    queues are drawn anew.

    Of the paper this is model I. It differs in that its market orders can only take from the best
    queue, as in a real book; a cancellation takes the flow's newest order in the queue; and that
    others may trade too. The reference price jumps, with all queues drawn anew, where an order of
    theirs rests on the wrong side of it.

    Parameters
    ----------
    name, **others
        As for ``BackgroundFlow``.
    price
        Where queue 1 of the bids is to begin with, in ticks; queue 1 of the asks is a tick above.
    limit, cancel, market
        K lists of rates a second, 0 or more, by length 0, 1, 2... of the queue in orders. An empty
        queue has nothing to lose: the first entries of ``cancel`` and ``market`` must be 0.
    theta, theta_reinit
        Probabilities, 0 to 1: that the reference price follows the mid, and that all queues are
        then drawn anew.

    Attributes
    ----------
    reference : int
        Price of queue 1 of the bids, in ticks: half a tick below the reference price.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type, length or range, there is a ``market_data_delay``, or a
        queue would grow for ever.

    References
    ----------
    Huang, Lehalle, Rosenbaum (2015): Simulating and analyzing order book data: the queue-reactive
    model. Journal of the American Statistical Association 110(509).
    """

    cdef readonly int64_t levels
    cdef readonly int64_t reference
    cdef readonly double theta
    cdef readonly double theta_reinit
    cdef int64_t lengths  # entries of a list of rates
    cdef Block rates  # limit, cancel, market: each levels x lengths
    cdef Block bounds  # the highest of each list: limit, cancel by level; market
    cdef Choice slots  # which queue, and what: by the bounds
    cdef list stationary  # by level: Choice of a length
    cdef int64_t bid  # the best prices now
    cdef int64_t ask
    cdef int64_t seen_bid  # and when the reference price was last thought about
    cdef int64_t seen_ask

    def __init__(
        self, name, *, price, limit, cancel, market, theta, theta_reinit=0.0, **others
    ):
        BackgroundFlow.__init__(self, name, price=price, **others)
        if self.market_data_delay:
            raise ValueError(
                f"market_data_delay must be 0: rates follow the queues as they are, "
                f"got {self.market_data_delay}"
            )
        self.reference = self.last_bid
        self.last_ask = self.reference + 1
        tables = [list(limit), list(cancel), list(market)]
        self.levels = integer("levels of limit", len(tables[0]), 1, MAX_LEVELS)
        for which, table in zip(("limit", "cancel", "market"), tables, strict=True):
            if len(table) != self.levels:
                raise ValueError(f"{which} must have {self.levels} lists, got {len(table)}")
            for i in range(self.levels):
                table[i] = reals(f"{which}[{i}]", table[i])
                if which != "limit" and table[i][0] != 0:
                    raise ValueError(f"{which}[{i}][0] must be 0, got {table[i][0]}")
        self.theta = real("theta", theta, 0, 1)
        self.theta_reinit = real("theta_reinit", theta_reinit, 0, 1)
        self.stationary = [
            Choice("limit", queue_lengths(i, *(table[i] for table in tables)))
            for i in range(self.levels)
        ]
        self.set_rates(tables)

    cdef int set_rates(self, list tables) except -1:
        """Lay the rates out, and their bounds."""
        cdef double *at
        self.lengths = max([len(row) for table in tables for row in table])
        self.rates = Block()
        self.rates.reserve(sizeof(double) * 3 * self.levels * self.lengths)
        at = <double *>self.rates.data
        for table in tables:
            for row in table:
                for n in range(self.lengths):
                    at[0] = row[min(n, len(row) - 1)]
                    at += 1
        limit, cancel, market = [[max(row) for row in table] for table in tables]
        bounds = [*limit, *limit, *cancel, *cancel, max(market), max(market)]
        self.slots = Choice("limit, cancel, market", bounds)
        self.bounds = Block()
        self.bounds.reserve(sizeof(double) * len(bounds))
        for i, bound in enumerate(bounds):
            (<double *>self.bounds.data)[i] = bound
        return 0

    cdef int start(self) except -1:
        self.renew(self.reference)
        self.remember()
        return self.wake_at_rate(self.slots.total)

    cdef int wake(self, uint32_t payload) except -1:
        """One thing may happen: what is drawn by its highest rate does so by its present one."""
        cdef int64_t slot, level, length, kind = 0
        cdef int side
        cdef double luck
        self.follow()
        slot = self.slots.pick(uniform(&self.stream))
        luck = uniform(&self.stream) * (<double *>self.bounds.data)[slot]
        if slot >= 4 * self.levels:
            kind = 2
            side = BUY if slot == 4 * self.levels else SELL
            level = self.best_level(-side)
            if level >= 0 and luck < self.rate_of(kind, level, self.length(-side, level)):
                self.market_order(side)
        else:
            kind = slot // (2 * self.levels)
            side = BUY if slot % (2 * self.levels) < self.levels else SELL
            level = slot % self.levels
            length = self.length(side, level)
            if luck < self.rate_of(kind, level, length):
                if kind == 0:
                    self.insert(side, level)
                else:
                    self.withdraw(side, level, 1)
        self.follow()
        return self.wake_at_rate(self.slots.total)

    # ---------------------------------------------------------------- queues

    cdef int64_t price_of(self, int side, int64_t level) noexcept:
        return self.reference - level if side == BUY else self.reference + 1 + level

    cdef double rate_of(self, int64_t kind, int64_t level, int64_t length) noexcept:
        if length >= self.lengths:
            length = self.lengths - 1
        return (<double *>self.rates.data)[(kind * self.levels + level) * self.lengths + length]

    cdef uint32_t find(self, int side, int64_t level) noexcept:
        """The level in the book, or NO_LEVEL."""
        cdef Ladder *ladder = &self.simulation.book(self.instrument).sides[side == SELL]
        cdef int64_t price = self.price_of(side, level)
        return ladder_find(ladder, <uint64_t>(MAX_PRICE + (price if side == SELL else -price)))

    cdef int64_t length(self, int side, int64_t level) noexcept:
        """How many orders' lots stand in a queue, the last rounded up."""
        cdef uint32_t index = self.find(side, level)
        if index == NO_LEVEL:
            return 0
        return (
            self.simulation.book(self.instrument).sides[side == SELL].levels[index].size
            + self.size - 1
        ) // self.size

    cdef int64_t best_level(self, int side) except? -1:
        """Which queue is the best of a side; -1 if none in view."""
        cdef int64_t level
        self.look_now()
        if side == BUY:
            level = self.reference - self.bid
        else:
            level = self.ask - self.reference - 1
        return level if 0 <= level < self.levels else -1

    cdef int look_now(self) except -1:
        """See the best prices; of an empty side one beyond all prices."""
        cdef const Book *book = self.simulation.book(self.instrument)
        self.look()
        self.bid = self.last_bid if book.sides[0].best_key != NO_KEY else -MAX_PRICE - 1
        self.ask = self.last_ask if book.sides[1].best_key != NO_KEY else MAX_PRICE + 1
        return 0

    cdef int insert(self, int side, int64_t level) except -1:
        """One more order in a queue, unless it would trade at once."""
        cdef int64_t price = self.price_of(side, level)
        self.look_now()
        if (price >= self.ask) if side == BUY else (price <= self.bid):
            return 0
        return self.limit_order(side, price)

    cdef int fill(self, int side, int64_t level) except -1:
        """Lengthen a queue to what is drawn from its stationary distribution."""
        cdef int64_t wanted = (<Choice>self.stationary[level]).pick(uniform(&self.stream))
        wanted -= self.length(side, level)
        while wanted > 0:
            self.insert(side, level)
            wanted -= 1
        return 0

    cdef int withdraw(self, int side, int64_t level, int64_t most) except -1:
        """Cancel one's own orders in a queue, the newest first, at most so many."""
        cdef uint32_t index = self.find(side, level)
        cdef const Book *book = self.simulation.book(self.instrument)
        cdef const RestingOrder *order
        if index == NO_LEVEL:
            return 0
        index = book.sides[side == SELL].levels[index].tail
        while index and most:
            order = &book.table.orders[index]
            index = order.prev
            if order.owner == self.owner:
                self.cancel_order(self.instrument, order.order_id)
                most -= 1
        return 0

    # ---------------------------------------------------------------- the reference price

    cdef int remember(self) except -1:
        self.look_now()
        self.seen_bid = self.bid
        self.seen_ask = self.ask
        return 0

    cdef int follow(self) except -1:
        """Move the reference price if the mid price did, by one's own doing or by others'."""
        cdef int64_t change
        self.look_now()
        change = self.bid + self.ask - self.seen_bid - self.seen_ask
        if self.bid > self.reference:
            self.renew(self.bid)
        elif self.ask <= self.reference:
            self.renew(self.ask - 1)
        elif change > 0 and self.ask > self.reference + 1:
            if uniform(&self.stream) < self.theta:
                self.shift(1)
        elif change < 0 and self.bid < self.reference:
            if uniform(&self.stream) < self.theta:
                self.shift(-1)
        elif change == 0:
            return 0
        return self.remember()

    cdef int shift(self, int direction) except -1:
        """The reference price moves one tick up (1) or down (-1)."""
        cdef int behind = BUY if direction > 0 else SELL
        if uniform(&self.stream) < self.theta_reinit:
            return self.renew(self.reference + direction)
        self.withdraw(behind, self.levels - 1, self.live)
        self.reference += direction
        return self.fill(-behind, self.levels - 1)

    cdef int renew(self, int64_t reference) except -1:
        """Draw all queues anew around a reference price."""
        cdef OpenOrders orders
        cdef int64_t place, level
        for orders in (self.buys, self.sells):
            place = orders.count
            while place:
                place -= 1
                self.cancel_order(self.instrument, orders.at(place).order_id)
        self.reference = reference
        for level in range(self.levels):
            self.fill(BUY, level)
            self.fill(SELL, level)
        return 0
