"""Populations of leveraged traders, margin accounts by the million, as one participant.

The accounts live in the clearing's own arrays. What is here is what they start with and, if they
are of that kind, that a member comes back after a liquidation with what is left to it.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t

from agents.simulation cimport Participant
from lob.clearing.clearing cimport Clearing
from lob.clearing.ledger cimport SAFE
from lob.clearing.requirement cimport NO_PRICE
from lob.engine.records cimport (
    BUY,
    CANCELLED,
    IOC,
    LIQUIDATION_TAG,
    MARKET,
    NEW,
    SELL,
    TRADE,
    Event,
    Message,
    write_message,
)
from lob.units cimport PPM
from lob.engine.wide cimport fits, int128

from lob import checks

__all__ = ["MarginTraders"]


@cython.auto_pickle(True)
cdef class MarginTraders(Participant):
    """A population of accounts with leveraged positions, opened when the run starts.

    Parameters
    ----------
    name
        Name of the population.
    accounts
        What the accounts start with, at least one: ``agents.leverage.Accounts``.
    clearing, holding
        Number of the clearing where the accounts are, and of the holding that isolated ones have.
    cross
        All holdings of an account back each other: ``accounts`` has a row of positions for each.
    again
        ns after the last forced sale of a member until it comes back: with what is left to it and
        the leverage it began with, by market order, on the same side. 0: it stays away.
    owner
        Owner number of the first member; made of the name if not given.

    Raises
    ------
    TypeError, ValueError
        If there are no accounts, a number is negative, or cross accounts are to come back.
    """

    def __init__(
        self, name, accounts, *, clearing=0, holding=0, cross=False, again=0, owner=None
    ):
        Participant.__init__(self, name, owner=owner, members=max(1, len(accounts)))
        if len(accounts) == 0:
            raise ValueError("accounts must be at least one")
        self.accounts = accounts
        self.clearing = checks.integer("clearing", clearing, 0)
        self.holding = checks.integer("holding", holding, 0)
        self.cross = cross
        self.again = checks.integer("again", again, 0)
        if self.again and cross:
            raise ValueError("again needs isolated accounts: a portfolio is not built up anew")
        self.notes = self.again > 0

    cdef int start(self) except -1:
        clearings = self.simulation.venue.clearings
        if self.clearing >= len(clearings):
            raise ValueError(f"clearing must be 0 to {len(clearings) - 1}, got {self.clearing}")
        self.first_account = clearings[self.clearing].open(
            self.owner,
            self.accounts.margin,
            self.accounts.positions,
            entry_prices=self.accounts.entry_prices,
            holding=self.holding,
            cross=self.cross,
        )
        if self.again:
            instrument = self.simulation.instruments[
                clearings[self.clearing].holdings[self.holding].instrument
            ]
            self.leverage = self.accounts.leverage(instrument)
        self.simulation.venue.refresh()
        return 0

    cdef int note(self, const Event *event) except -1:
        """The last order of a liquidation is through: the member thinks about coming back."""
        if event.kind == TRADE or event.kind == CANCELLED:
            self.think(event.owner, event.tag, event.leaves)
            if event.kind == TRADE:
                self.think(event.resting_owner, event.resting_tag, event.resting_leaves)
        return 0

    cdef int think(self, int64_t owner, int64_t tag, int64_t leaves) except -1:
        cdef int64_t member = owner - self.owner
        if tag >= LIQUIDATION_TAG and leaves == 0 and 0 <= member < self.members:
            self.wake_at(self.simulation.now + self.again, <uint32_t>member)
        return 0

    cdef int wake(self, uint32_t payload) except -1:
        cdef Clearing clearing = self.simulation.venue.clearings[self.clearing]
        cdef int64_t account = self.first_account + payload
        cdef int64_t held = clearing.ledger.row(clearing.records[self.holding].asset)[account]
        cdef int64_t cash = clearing.ledger.row(clearing.cash_asset)[account]
        cdef int64_t mark = clearing.records[self.holding].mark
        cdef int64_t leverage = self.leverage[payload]
        cdef int128 size
        cdef Message message
        if held or cash <= 0 or mark == NO_PRICE or (
            clearing.ledger.accounts[account].state != SAFE
        ):
            return 0
        size = <int128>cash * (leverage if leverage > 0 else -leverage) // PPM
        if clearing.records[self.holding].inverse:
            size = size * mark // clearing.records[self.holding].multiplier
        else:
            size = size // (<int128>mark * clearing.records[self.holding].multiplier)
        if size < 1 or not fits(size):
            return 0
        write_message(
            &message,
            NEW,
            BUY if leverage > 0 else SELL,
            MARKET,
            IOC,
            0,
            0,
            <uint16_t>clearing.records[self.holding].instrument,
        )
        message.size = <int64_t>size
        message.owner = <int32_t>(self.owner + payload)
        message.order_id = self.new_order_id()
        self.returned += 1
        return self.send(&message)
