"""Facilities: claims and pools of the venue's own that participants exchange assets with.

A facility stands in the venue's list and is addressed by its place there: the ``order_id`` of a
MINT, REDEEM or SWAP message. What it takes and gives are postings between the participant's account
and its own. An account that belongs to a clearing must meet its initial margin after them; any
other must have what it gives. If it does not, nothing moves, and the reason says so.
"""

cimport cython
from libc.stdint cimport int64_t

from lob.clearing.ledger cimport SAFE, Account, Ledger
from lob.venue.market cimport Market
from lob.engine.records cimport (
    REASON_INSUFFICIENT_MARGIN,
    REASON_IN_LIQUIDATION,
    REASON_NONE,
    REASON_NOT_ON_OFFER,
    REASON_VOLUME_LIMIT,
    Message,
)
from lob.engine.wide cimport add_overflows, fits

from lob import checks

__all__ = ["Facility"]

cdef int64_t NEVER = 2**63 - 1


@cython.auto_pickle(True)
cdef class Facility:
    """The base of claims and pools, which participants exchange assets with.

    Parameters
    ----------
    name
        A name that is unique among the facilities of a venue.

    Attributes
    ----------
    number : int
        Place among the facilities of the venue, from 0.
    deadline : int
        Time in ns at which it has something to do.

    Raises
    ------
    TypeError
        If ``name`` is no string, or empty.
    """

    def __init__(self, name):
        self.name = checks.text("name", name)
        self.deadline = NEVER

    def declare(self, Market market, Ledger ledger, int64_t number):
        """Let the facility belong to a venue, which learns of its assets before its clearings.

        Parameters
        ----------
        market, ledger
            The venue, and its ledger.
        number
            Place of the facility among the venue's, from 0.

        Raises
        ------
        ValueError
            If it belongs to a venue already.
        """
        if self.market is not None:
            raise ValueError(f"facility {self.name!r} belongs to a venue already")
        self.market, self.ledger, self.number = market, ledger, number

    def attach(self):
        """Hook: open the accounts that the facility needs; those of the clearings are there."""

    cdef int perform(self, const Message *message, int64_t account) except -1:
        """A participant's message; a reason if it is refused, and then nothing moved."""
        return REASON_NOT_ON_OFFER

    cdef int advance(self, int64_t ts) except -1:
        """``deadline`` has come."""
        return 0

    cdef int exchange(
        self, int kind, int64_t account, const Leg *legs, int64_t count, int64_t tag
    ) except -1:
        """Move all legs, or none: a reason."""
        cdef int reason = self.refusal(account, legs, count)
        if reason:
            return reason
        return self.post_legs(kind, account, legs, count, tag)

    cdef int refusal(self, int64_t account, const Leg *legs, int64_t count) except -1:
        """Why an account may not exchange this; ``REASON_NONE``: it may. Nothing has moved."""
        cdef const Account *record = &self.ledger.accounts[account]
        cdef int64_t i, after, done = 0
        cdef int64_t *row
        cdef int reason = REASON_NONE
        if record.state != SAFE:
            return REASON_IN_LIQUIDATION
        # Tried on the balances themselves, without a row of the journal, and taken back.
        for i in range(count):
            row = self.ledger.row(legs[i].asset)
            if not self.can_hold(row[legs[i].account], -legs[i].amount):
                reason = REASON_VOLUME_LIMIT
                break
            if add_overflows(row[account], legs[i].amount, &after) or not fits(after):
                reason = REASON_VOLUME_LIMIT
                break
            row[account] = after
            done += 1
            if after < 0 and legs[i].amount < 0 and not self.market.may_owe(
                account, legs[i].asset, legs[i].owed
            ):
                reason = REASON_INSUFFICIENT_MARGIN
                break
        if not reason and record.clearing >= 0:
            reason = self.market.lacks_margin(account)
        for i in range(done):
            self.ledger.row(legs[i].asset)[account] -= legs[i].amount
        return reason

    cdef bint can_hold(self, int64_t held, int64_t more) noexcept:
        """Whether a balance stays one that a ledger holds, or at least comes nearer to it."""
        cdef int64_t after
        if add_overflows(held, more, &after):
            return False
        return fits(after) or held > 0 > more or held < 0 < more

    cdef int post_legs(
        self, int kind, int64_t account, const Leg *legs, int64_t count, int64_t tag
    ) except -1:
        """Move all legs; the account and the other sides are looked at afterwards."""
        cdef int64_t i, other = 0
        for i in range(count):
            self.ledger.post(
                kind, legs[i].asset, legs[i].account, account, legs[i].amount, tag, 0
            )
            other = legs[i].account
        self.market.touch(account)
        if other:
            self.market.touch(other)
        return REASON_NONE
