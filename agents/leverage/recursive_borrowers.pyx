"""Recursive borrowers by the hundred thousand, as one participant.

A borrower deposits, borrows against its deposit up to its loan-to-value, buys more of the
collateral through the book with what it borrowed, deposits that, and so on. In a clearing a loan is
a negative cash balance and collateral is a holding, so one loop is a purchase on credit.

After ``n`` loops at a loan-to-value ``l``, without slippage, the collateral is ``(1 - l**(n + 1)) /
(1 - l)`` times the deposit, whose limit is ``1 / (1 - l)`` (``lob.clearing.leverage.loop``). Each
loop is a wake-up of its own, so that the book refills in between. It unwinds the same way: it takes
out what its debt leaves free, sells that, repays, and so on.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from agents.random cimport below
from agents.simulation cimport Participant
from lob.engine.block cimport Block
from lob.clearing.clearing cimport Clearing
from lob.clearing.holding cimport HoldingRecord
from lob.clearing.ledger cimport SAFE
from lob.clearing.requirement cimport NO_PRICE
from lob.engine.ladder cimport NO_LEVEL, Ladder, ladder_next
from lob.engine.matching cimport Book
from lob.engine.records cimport (
    BUY,
    IOC,
    LIMIT,
    MAX_PRICE,
    MAX_SIZE,
    NEW,
    SELL,
    Message,
    write_message,
)
from lob.units cimport PPM, SECOND_NS
from lob.engine.wide cimport ceil_ratio, floor_ratio, int128

import numpy as np

from lob import checks

__all__ = ["RecursiveBorrowers"]

cdef enum:
    MAX_PLACES = 64

cdef object SEAT = np.dtype(
    [
        ("held", "<i8"),
        ("last", "<i8"),
        ("loops", "<u2"),
        ("place", "u1"),
        ("phase", "u1"),
        ("missed", "u1"),
        ("waiting", "u1"),
        ("sent", "u1"),
    ],
    align=True,
)

if SEAT.itemsize != sizeof(Seat):
    raise ImportError("a Seat is not what SEAT says")


@cython.auto_pickle(True)
cdef class RecursiveBorrowers(Participant):
    """Recursive borrowers, whose accounts borrow against what they bought, loop by loop.

    Parameters
    ----------
    name
        Name of the population.
    deposits
        Lots of collateral that each recursive borrower brings, a row of integers from 1 on.
    places
        Pairs of numbers, a clearing and one of its holdings: the protocols where they loop. Each is
        in another clearing.
    everywhere
        Every borrower has an account, and its deposit, in each of the places, in place of being
        in one of them. An account of a borrower is called a seat: those of the first place come
        first.
    ltv
        0 to 1,000,000 ppm of what a loop has bought that the next one borrows. What the protocol
        lends at most is up to its margin model; a loop that it refuses is one that bought nothing.
    loops
        How many loops a borrower makes, 0 to 65,535.
    target
        Leverage in ppm (collateral over equity) at which it stops, if that comes first; 0: none.
    interval
        ns between two loops of a borrower, 1 or more.
    opens
        ns from the start within which they begin, evenly, 1 or more; ``None``: one interval.
    slippage
        0 to 1,000,000 ppm of the mark that a loop pays more, or gets less, at most; what is beyond
        waits.
    patience
        Loops in a row that bought nothing, 1 to 255, before a borrower leaves it at that.
    unwind_below
        Health factor in ppm below which a borrower unwinds by itself; 0: it waits to be liquidated.
        The factor is ``collateral * liquidation threshold / debt``.
    unwind_to
        Leverage in ppm, 1,000,000 or more, at which it has unwound enough; 1,000,000: no debt.
    flash
        It unwinds in one step, with a loan that is paid back at once; otherwise it only sells what
        its debt leaves free.
    look_interval
        ns between looks at its health, 1 or more.
    reaction
        ns at most between such a look and its first sale, drawn evenly, 0 or more.
    owner
        Owner number of the first seat; made of the name if not given.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range, two places are in one clearing, or
        there are fewer borrowers than places to put one in each.

    Examples
    --------
    >>> import numpy as np
    >>> RecursiveBorrowers("borrowers", np.full(10, 100), ltv=700_000, loops=5).members
    10
    """

    PHASES = ("building", "holding", "unwinding", "out")

    def __init__(
        self,
        name,
        deposits,
        *,
        places=((0, 0),),
        everywhere=False,
        ltv,
        loops,
        target=0,
        interval=SECOND_NS,
        opens=None,
        slippage=10_000,
        patience=3,
        unwind_below=0,
        unwind_to=PPM,
        flash=False,
        look_interval=SECOND_NS,
        reaction=0,
        owner=None,
    ):
        lots = np.asarray(deposits)
        if lots.ndim != 1 or lots.dtype.kind not in "iu":
            raise TypeError(f"deposits must be one row of whole numbers, got {deposits!r}")
        if not len(lots) or lots.min() < 1 or lots.max() > MAX_SIZE:
            raise ValueError("deposits must be at least one, each of 1 lot or more below 2**62")
        self.places = tuple(
            (checks.integer("clearing", one, 0), checks.integer("holding", other, 0))
            for one, other in places
        )
        if not 1 <= len(self.places) <= MAX_PLACES:
            raise ValueError(f"places must be 1 to {MAX_PLACES}, got {len(self.places)}")
        if len({one for one, _ in self.places}) < len(self.places):
            raise ValueError(f"places must be in different clearings, got {self.places}")
        self.everywhere = everywhere
        self.borrowers = len(lots)
        if self.borrowers < len(self.places) and not everywhere:
            raise ValueError(
                f"deposits must be at least one a place, got {self.borrowers} for "
                f"{len(self.places)}"
            )
        seats = self.borrowers * (len(self.places) if everywhere else 1)
        Participant.__init__(self, name, owner=owner, members=seats)
        self.deposits = np.tile(lots, len(self.places) if everywhere else 1).astype(np.int64)
        self.ltv = checks.ppm("ltv", ltv)
        self.loops = checks.integer("loops", loops, 0, 2**16 - 1)
        self.target = checks.integer("target", target, 0)
        self.interval = checks.integer("interval", interval, 1)
        self.opens = self.interval if opens is None else checks.integer("opens", opens, 1)
        self.slippage = checks.ppm("slippage", slippage)
        self.patience = checks.integer("patience", patience, 1, 255)
        self.unwind_below = checks.integer("unwind_below", unwind_below, 0, 2**40)
        self.unwind_to = checks.integer("unwind_to", unwind_to, PPM, 2**40)
        self.flash = flash
        self.look_interval = checks.integer("look_interval", look_interval, 1)
        self.reaction = checks.integer("reaction", reaction, 0)
        self.seat_block, self.place_block = Block(), Block()

    # ---------------------------------------------------------------- the run

    cdef int start(self) except -1:
        """Open the accounts with their deposits, and let each begin at its time."""
        cdef int64_t number
        cdef uint8_t place
        cdef Seat *seat
        self.find_places()
        self.seat_block.reserve(sizeof(Seat) * <size_t>self.members)
        for place in range(len(self.places)):
            self.open_place(place)
            for number in range(
                self.place(place).first_seat,
                self.place(place).first_seat + self.place(place).seats,
            ):
                seat = self.seat(number)
                seat.held = seat.last = self.deposits[number]
                seat.place = place
                self.again(<uint32_t>number, below(&self.stream, <uint64_t>self.opens))
        self.simulation.venue.refresh()
        if self.unwind_below:
            self.wake_at(self.simulation.now + self.look_interval, <uint32_t>self.members)
        return 0

    def find_places(self):
        """Find the clearings and holdings of the population's places in the run.

        Raises ``ValueError`` if one is not there.
        """
        cdef Place *place
        cdef int64_t share, rest
        clearings = self.simulation.venue.clearings
        self.place_block.reserve(sizeof(Place) * <size_t>len(self.places))
        share, rest = divmod(self.members, len(self.places))
        first = 0
        for number, (clearing, holding) in enumerate(self.places):
            if clearing >= len(clearings):
                raise ValueError(f"clearing must be 0 to {len(clearings) - 1}, got {clearing}")
            count = len(clearings[clearing].holdings)
            if holding >= count:
                raise ValueError(f"holding must be 0 to {count - 1}, got {holding}")
            place = self.place(number)
            place.clearing, place.holding = clearing, holding
            place.instrument = clearings[clearing].holdings[holding].instrument
            instrument = self.simulation.instruments[place.instrument]
            if instrument.inverse:
                raise ValueError(f"holding {holding} is inverse: collateral must be linear")
            place.taker_fee = max(0, instrument.taker_fee)
            place.first_seat = first
            place.seats = share + (number < rest)
            first += place.seats

    def open_place(self, number):
        """Open the accounts of a place, by its number."""
        cdef Place *place = self.place(number)
        first, count = place.first_seat, place.seats
        place.first_account = self.simulation.venue.clearings[place.clearing].open(
            self.owner + first,
            np.zeros(count, np.int64),
            self.deposits[first : first + count],
            holding=place.holding,
        )

    cdef int wake(self, uint32_t payload) except -1:
        cdef Seat *seat
        if payload == self.members:
            return self.look()
        seat = self.seat(payload)
        seat.waiting = False
        if seat.phase == BUILDING:
            return self.build(payload)
        if seat.phase == INVENTORY_EXIT:
            return self.unwind_step(payload)
        return 0

    cdef int again(self, uint32_t number, int64_t delay) except -1:
        """Let a seat's turn come after a delay; once, however often it is asked for."""
        cdef Seat *seat = self.seat(number)
        if seat.waiting:
            return 0
        seat.waiting = True
        return self.wake_at(self.simulation.now + delay, number)

    cdef int order(self, uint32_t number, int side, int64_t size, int64_t price) except -1:
        """A seat trades at once what can be traded up to a price."""
        cdef Message message
        write_message(
            &message, NEW, side, LIMIT, IOC, 0, 0,
            <uint16_t>self.place(self.seat(number).place).instrument,
        )  # fmt: skip
        message.price = price
        message.size = size
        message.owner = <int32_t>(self.owner + number)
        message.order_id = self.new_order_id()
        return self.send(&message)

    # ---------------------------------------------------------------- up

    cdef int build(self, uint32_t number) except -1:
        """One loop: borrow against what the last one bought, and buy for it."""
        cdef Seat *seat = self.seat(number)
        cdef Place *place = self.place(seat.place)
        cdef Clearing clearing = self.simulation.venue.clearings[place.clearing]
        cdef HoldingRecord *record = clearing.records[place.holding]
        cdef int64_t account = place.first_account + number - place.first_seat
        cdef int64_t held = clearing.ledger.row(record.asset)[account]
        cdef int64_t size, worst = 0, most = MAX_SIZE
        cdef int128 budget, worth
        if clearing.ledger.accounts[account].state != SAFE:
            seat.phase = HOLDING
            return 0
        if seat.sent:
            seat.sent = False
            if held > seat.held:
                seat.last = held - seat.held
                seat.loops += 1
                seat.missed = 0
            else:
                seat.missed += 1
        seat.held = held
        if seat.loops >= self.loops or seat.missed >= self.patience:
            seat.phase = HOLDING
            return 0
        if record.mark == NO_PRICE:
            return self.again(number, self.interval)
        worth = <int128>record.mark * record.multiplier
        if self.target:
            budget = clearing.ledger.row(clearing.cash_asset)[account] + held * worth
            budget = floor_ratio(budget * self.target, PPM * worth) - held
            most = <int64_t>min(budget, <int128>MAX_SIZE) if budget > 0 else 0
        budget = floor_ratio(seat.last * worth, 1)
        budget = floor_ratio(budget * self.ltv, PPM + place.taker_fee)
        if most < 1 or budget < worth:
            seat.phase = HOLDING  # at its target, or what it may borrow buys nothing
            return 0
        size = affordable(
            self.simulation.book(place.instrument),
            budget,
            <int64_t>min(
                floor_ratio(<int128>record.mark * (PPM + self.slippage), PPM), <int128>MAX_PRICE
            ),
            record.multiplier,
            most,
            &worst,
        )
        seat.sent = True
        if size:
            self.order(number, BUY, size, worst)
        return self.again(number, self.interval)

    # ---------------------------------------------------------------- down

    cdef int look(self) except -1:
        """Those whose health has fallen too far begin to unwind."""
        cdef int64_t place, number, account, debt
        cdef Place *of
        cdef Clearing clearing
        cdef HoldingRecord *record
        cdef Seat *seat
        cdef const int64_t *units
        cdef const int64_t *cash
        cdef int128 worth
        for place in range(len(self.places)):
            of = self.place(place)
            clearing = self.simulation.venue.clearings[of.clearing]
            record = clearing.records[of.holding]
            if record.mark == NO_PRICE:
                continue
            units = clearing.ledger.row(record.asset)
            cash = clearing.ledger.row(clearing.cash_asset)
            worth = <int128>record.mark * record.multiplier
            worth *= PPM - record.maintenance[0].rate[0]
            for number in range(of.first_seat, of.first_seat + of.seats):
                seat = self.seat(number)
                if seat.phase > HOLDING:
                    continue
                account = of.first_account + number - of.first_seat
                debt = -cash[account]
                if units[account] * worth >= <int128>debt * self.unwind_below:
                    continue
                if clearing.ledger.accounts[account].state == SAFE:
                    seat.phase = INVENTORY_EXIT
                    self.again(
                        <uint32_t>number,
                        below(&self.stream, <uint64_t>self.reaction) if self.reaction else 0,
                    )
        return self.wake_at(self.simulation.now + self.look_interval, <uint32_t>self.members)

    cdef int unwind_step(self, uint32_t number) except -1:
        """Take out what the debt leaves free, sell it, repay."""
        cdef Seat *seat = self.seat(number)
        cdef Place *place = self.place(seat.place)
        cdef Clearing clearing = self.simulation.venue.clearings[place.clearing]
        cdef HoldingRecord *record = clearing.records[place.holding]
        cdef int64_t account = place.first_account + number - place.first_seat
        cdef int64_t held = clearing.ledger.row(record.asset)[account]
        cdef int64_t cash = clearing.ledger.row(clearing.cash_asset)[account]
        cdef int128 worth, size, free, limit
        if held == 0 or cash >= 0:
            seat.phase = OUT if held == 0 or self.unwind_to == PPM else HOLDING
            return 0
        if clearing.ledger.accounts[account].state != SAFE or record.mark == NO_PRICE:
            return self.again(number, self.interval)
        worth = <int128>record.mark * record.multiplier
        size = min(
            <int128>held, held - floor_ratio((cash + held * worth) * self.unwind_to, PPM * worth)
        )
        if size <= 0:
            seat.phase = HOLDING
            return 0
        if not self.flash:
            free = held - ceil_ratio(
                -<int128>cash * PPM, worth * max(1, PPM - record.maintenance[0].rate[0])
            )
            size = min(size, free)
        if size > 0:
            limit = ceil_ratio(<int128>record.mark * (PPM - self.slippage), PPM)
            self.order(number, SELL, <int64_t>size, <int64_t>max(limit, <int128>1))
        return self.again(number, self.interval)

    def unwind(self, seats=None):
        """Let borrowers unwind from now on, whatever their health.

        ``seats`` are numbers of their accounts in this population, from 0; ``None``: all of them.
        Raises ``ValueError`` before the run has begun, or if there is no such account.
        """
        cdef int64_t number
        if self.simulation is None or not self.place_block.nbytes:
            raise ValueError("unwind needs a run that has started")
        for number in range(self.members) if seats is None else seats:
            number = checks.integer("seats", number, 0, self.members - 1)
            if self.seat(number).phase <= HOLDING:
                self.seat(number).phase = INVENTORY_EXIT
                self.again(<uint32_t>number, 0)

    # ---------------------------------------------------------------- what one reads

    @property
    def seats(self):
        """The state of every seat, that is account, of the population: a structured array, a copy.

        Fields ``held`` and ``last`` in lots, ``loops`` done, ``place`` by number, ``phase`` a
        number by ``PHASES``.
        """
        if not self.place_block.nbytes:
            return np.zeros(0, SEAT)
        cdef Py_ssize_t nbytes = sizeof(Seat) * <size_t>self.members
        return np.frombuffer(bytearray(self.seat_block.data[:nbytes]), SEAT)

    @property
    def first_accounts(self):
        """Number of the first account in each place, a list; the other accounts follow."""
        if not self.place_block.nbytes:
            return []
        return [self.place(number).first_account for number in range(len(self.places))]

    def accounts_of(self, borrower):
        """Account numbers of a recursive borrower, by its number: a list of one, or one a place.

        Raises ``ValueError`` if there is no such borrower.
        """
        cdef int64_t number = checks.integer("looper", borrower, 0, self.borrowers - 1)
        cdef int64_t seat
        cdef Place *place
        found = []
        for seat in range(number, self.members, self.borrowers):
            place = self.place(self.seat(seat).place)
            found.append(place.first_account + seat - place.first_seat)
        return found

    def count(self):
        """How many seats are in each phase, a dict by the names in ``PHASES``.

        Those that hold nothing count as out.
        """
        cdef int64_t number, found[4]
        cdef Place *place
        cdef Clearing clearing
        found[:] = [0, 0, 0, 0]
        for number in range(self.members if self.place_block.nbytes else 0):
            place = self.place(self.seat(number).place)
            clearing = self.simulation.venue.clearings[place.clearing]
            account = place.first_account + number - place.first_seat
            if clearing.ledger.row(clearing.records[place.holding].asset)[<int64_t>account]:
                found[self.seat(number).phase] += 1
            else:
                found[OUT] += 1
        return dict(zip(self.PHASES, list(found), strict=True))


cdef int64_t affordable(
    Book *book, int128 budget, int64_t limit, int64_t multiplier, int64_t most, int64_t *worst
) noexcept nogil:
    """Lots that a budget buys in a book up to a price, and the last price that takes."""
    cdef const Ladder *asks = &book.sides[1]
    cdef uint32_t at = asks.best
    cdef int64_t size = 0, price, take
    cdef int128 can
    while at != NO_LEVEL and size < most:
        price = asks.levels[at].price
        if price > limit or price < 1:
            break
        can = floor_ratio(budget, <int128>price * multiplier)
        take = asks.levels[at].size
        if can < take:
            take = <int64_t>can
        if most - size < take:
            take = most - size
        if take == 0:
            break
        worst[0] = price
        size += take
        budget -= <int128>take * price * multiplier
        if take < asks.levels[at].size:
            break
        at = ladder_next(asks, at)
    return size
