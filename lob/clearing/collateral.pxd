"""Claims on what somebody holds."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.venue.facility cimport Facility, Leg
from lob.engine.wide cimport int128

cdef enum:
    MAX_BACKING = 6

cdef struct Part:
    # One asset that backs a claim.
    int64_t asset
    int64_t pledged  # units that the issuer gave away as a pledge and still counts as its own
    int64_t initial  # units a claim, while there are none


cdef class Claim(Facility):
    cdef readonly tuple backing  # names
    cdef readonly int64_t asset  # the claim's own
    cdef readonly int64_t issuer  # account; 0: not known yet
    cdef readonly int64_t depth  # how many claims deep
    cdef readonly int64_t book  # instrument that trades it; -1: none does
    cdef readonly int64_t delay  # ns
    cdef readonly int64_t rate  # units a period
    cdef readonly int64_t period  # ns
    cdef readonly int64_t accrual  # ppm of what is held, each `every` ns
    cdef readonly int64_t every
    cdef readonly int64_t escrow  # account of claims that wait in the queue
    cdef readonly list queue  # [ready, account, units], first come first
    cdef object issued_by  # None, the name of an account, or an owner number
    cdef int issuing_owner  # 0: it is no owner's account
    cdef tuple initial
    cdef Block parts
    cdef int64_t part_count
    cdef Block pledge_accounts
    cdef int64_t pledge_count
    cdef object lender  # the clearing whose lenders' account is the issuer
    cdef int64_t lent_asset
    cdef int64_t lent_shortfall  # account
    cdef int64_t accrues_at
    cdef int64_t pays_at
    cdef int64_t period_start
    cdef int64_t paid

    cdef inline Part *part(self, int64_t i) noexcept:
        return &(<Part *>self.parts.data)[i]

    cdef int64_t resolve(self) noexcept
    cdef int64_t supply_now(self) noexcept
    cdef int128 holds(self, int64_t i, bint net) noexcept
    cdef int64_t at_hand(self, int64_t i) except? -1
    cdef int64_t redeemable(self, int64_t size) except -1
    cdef int mint(self, int64_t account, int64_t size, int64_t tag) except -1
    cdef int redeem(self, int64_t account, int64_t size, int64_t tag) except -1
    cdef int64_t give_back(
        self, int64_t account, int64_t owner, int64_t size, int64_t tag
    ) except -1
    cdef int64_t redeem_legs(self, Leg *legs, int64_t size) noexcept
    cdef int pay_queue(self, int64_t ts) except -1
    cdef int next_deadline(self) noexcept


cdef object checked_view(sees)
