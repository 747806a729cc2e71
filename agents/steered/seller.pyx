"""A seller that decides nothing itself: whoever drives the run tells it what to offer next."""

cimport cython
from libc.stdint cimport int64_t, uint32_t

from agents.simulation cimport Participant
from lob.engine.records cimport (
    CANCELLED,
    GTC,
    IOC,
    LIMIT,
    MARKET,
    REJECTED,
    SELL,
    TRADE,
    Event,
)

from lob import checks
from lob.types import MAX_PRICE

__all__ = ["MAX_LOTS", "SteeredSeller"]

# So few that neither the cash of the sale nor its worth beside it passes 2**62.
MOST_LOTS = 2**21
MAX_LOTS = MOST_LOTS


@cython.auto_pickle(True)
cdef class SteeredSeller(Participant):
    """A seller of a stock of lots whose orders are told from outside, between two runs.

    It has one order at a time, which meets the book at once: latencies are those of whoever
    decides. Until it is told to sell it draws nothing and does nothing, so that a market with it is
    the same as without.

    Parameters
    ----------
    name
        Identity of the seller, see ``Participant``.
    inventory
        Lots in hand to begin with, 0 to ``MAX_LOTS`` (2,097,152).
    instrument
        Number of the instrument that it sells, 0 to 65535.
    owner
        As for ``Participant``.

    Attributes
    ----------
    inventory : int
        Lots in hand now.
    cash : int
        What it got, less what it paid: ticks times lots.
    sold : int
        Lots sold in the book so far.
    working : int
        Lots of its order that are still open.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.

    Examples
    --------
    >>> import agents, lob
    >>> from agents.steered import SteeredSeller
    >>> simulation = agents.Simulation(seed=1)
    >>> seller = simulation.add(SteeredSeller("sale", inventory=10))
    >>> seller.sell(4, price=100)
    >>> simulation.run(until=1)
    >>> seller.inventory, seller.working, simulation.books[0].best_ask
    (10, 4, 100)
    """

    def __init__(self, name, *, inventory=0, instrument=0, owner=None):
        Participant.__init__(self, name, owner=owner)
        self.inventory = checks.integer("inventory", inventory, 0, MOST_LOTS)
        self.instrument = checks.integer("instrument", instrument, 0, 2**16 - 1)
        self.notes = True

    cdef int join(self) except -1:
        cdef Py_ssize_t books = len(self.simulation.books)
        if self.instrument >= books:
            raise ValueError(f"instrument must be 0 to {books - 1}, got {self.instrument}")
        return Participant.join(self)

    def sell(self, size, price=None):
        """Offer so many lots as soon as the run goes on, in place of what is offered now.

        Parameters
        ----------
        size
            Lots, 0 to ``inventory``; 0 withdraws what is offered and sends no order.
        price
            Limit in ticks, where the rest waits; ``None``: at any price, and nothing waits.

        Raises
        ------
        TypeError, ValueError
            If an argument is of another type or outside its range, or the seller is in no run.
        """
        cdef int64_t limit = 0
        if self.simulation is None:
            raise ValueError("sell needs a run: add the seller to a Simulation first")
        if price is not None:
            limit = checks.integer("price", price, -MAX_PRICE, MAX_PRICE)
        self.decide(checks.integer("size", size, 0, self.inventory), limit, price is None)

    cdef int decide(self, int64_t size, int64_t price, bint at_market) except -1:
        """What to do as soon as the run goes on."""
        self.next_size = size
        self.next_price = price
        self.next_at_market = at_market
        if size == 0 and self.working == 0:
            return 0
        return self.wake_at(self.simulation.now, 0)

    cdef int wake(self, uint32_t payload) except -1:
        cdef int64_t size = self.next_size
        self.next_size = 0
        if self.working:
            self.cancel_order(self.instrument, self.order_id)
        if size == 0:
            return 0
        self.working = size
        self.order_id = self.place_order(
            self.instrument,
            SELL,
            size,
            0 if self.next_at_market else self.next_price,
            MARKET if self.next_at_market else LIMIT,
            IOC if self.next_at_market else GTC,
            0,
        )
        return 0

    cdef int note(self, const Event *event) except -1:
        if event.kind == TRADE:
            self.inventory -= event.size
            self.working -= event.size
            self.sold += event.size
            self.cash += event.size * event.price
        elif event.kind == CANCELLED or event.kind == REJECTED:
            self.working = 0
        return 0
