"""Constant-product pools, which trade beside the books.

Two reserves, ``x`` of a base asset and ``y`` of cash, lie on the pool's account. Whoever buys
``dx`` pays so much that ``x y`` does not fall (Uniswap v2: Adams, Zinsmeister and Robinson 2020),

    dy = ceil(y dx / (x - dx)),  with the fee ceil(dy 1e6 / (1e6 - fee)),

and whoever sells it gets ``floor(y dx' / (x + dx'))`` for ``dx' = floor(dx (1e6 - fee) / 1e6)``.
The fee stays in the pool. A share of it is a claim like any other: minted and redeemed pro rata in
kind. Nothing here follows the book; whoever finds the two apart trades them together.
"""

cimport cython
from libc.stdint cimport int64_t

from lob.clearing.collateral cimport Claim
from lob.clearing.valuation cimport NO_VALUE, SHIFT, TOO_LARGE, ClaimValue
from lob.venue.facility cimport Leg
from lob.engine.records cimport (
    BUY,
    ENTRY_SWAP,
    MAX_PRICE,
    REASON_ILLIQUID,
    REASON_PRICE_LIMIT,
    REASON_VOLUME_LIMIT,
    REASON_WORTHLESS,
    SWAP,
    Message,
)
from lob.units cimport PPM
from lob.engine.wide cimport ceil_ratio, fits, int128

from fractions import Fraction
from math import isqrt

from lob import checks
from lob.types import MAX_SIZE, Side

__all__ = ["FairShare", "Pool", "SpotPrice", "impermanent_loss"]


@cython.auto_pickle(True)
cdef class Pool(Claim):
    """A constant-product pool, and the claim that its shares are.

    Parameters
    ----------
    name
        Name of the pool, and of the asset that a share of it is.
    base
        Name of the asset that is traded.
    cash
        Name of the asset that is paid.
    fee
        Fee, 0 to 999,999 ppm of what is paid in; the default is that of Uniswap v2.
    initial
        Units of base and of cash, 1 or more, that a share costs while there is none.
    multiplier
        Units of cash, 1 to ``2**40``, that one unit of the base is worth for each tick of a
        message's ``price``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.

    Examples
    --------
    >>> pool = Pool("lp", base="eth", initial=(10, 1_000))
    >>> pool.backing
    ('eth', 'cash')
    """

    def __init__(self, name, *, base, cash="cash", fee=3_000, initial=(1, 1), multiplier=1):
        super().__init__(name, backing=(base, cash), initial=initial)
        if 0 in self.initial:
            raise ValueError(f"initial must be at least one unit of both, got {self.initial}")
        self.fee = checks.ppm("fee", fee, 0, PPM - 1)
        self.multiplier = checks.integer("multiplier", multiplier, 1, 2**40)

    @property
    def reserves(self):
        """Units of base and of cash in the pool: a pair."""
        return (
            self.ledger.row(self.part(0).asset)[self.issuer],
            self.ledger.row(self.part(1).asset)[self.issuer],
        )

    @property
    def spot(self):
        """Spot price of the pool: cash units for one unit of the base at the margin, without fee.

        An exact ``Fraction``; ``None``: the pool is empty.
        """
        base, cash = self.reserves
        return Fraction(cash, base) if base else None

    def quote(self, side, size):
        """Cash units that ``size`` units of the base would cost (``BUY``) or bring (``SELL``).

        With the fee, and rounded in favour of the pool; ``None``: the pool has not so many. Raises
        ``ValueError`` if ``size`` is below 1, or ``side`` neither.
        """
        cdef int128 found
        cdef int direction = int(Side(side))
        found = self.price_of(direction, checks.integer("size", size, 1, MAX_SIZE))
        return None if found < 0 or not fits(found) else int(<int64_t>found)

    cdef int128 price_of(self, int side, int64_t size) noexcept:
        """Cash units paid or got for so many units of the base; negative: they are not there."""
        cdef int128 base = self.ledger.row(self.part(0).asset)[self.issuer]
        cdef int128 cash = self.ledger.row(self.part(1).asset)[self.issuer]
        cdef int128 amount
        if base <= 0 or cash <= 0:
            return -1
        if side == BUY:
            if size >= base:
                return -1
            amount = ceil_ratio(cash * size, base - size)
            # Beyond 2**62 it is refused anyway, and the next product would not fit.
            return ceil_ratio(amount * PPM, PPM - self.fee) if fits(amount) else amount
        amount = <int128>size * (PPM - self.fee) // PPM
        return cash * amount // (base + amount)

    cdef int perform(self, const Message *message, int64_t account) except -1:
        if message.kind == SWAP:
            self.left = message.size
            return self.swap(account, message.side, message.size, message.price, message.tag)
        return Claim.perform(self, message, account)

    cdef int swap(
        self, int64_t account, int side, int64_t size, int64_t price, int64_t tag
    ) except -1:
        """All of it at the limit or better, or nothing; a price of 0 is no limit."""
        cdef Leg legs[2]
        cdef int128 cash = self.price_of(side, size), limit
        if cash < 0:
            return REASON_ILLIQUID
        if not fits(cash) or not fits(
            <int128>self.ledger.row(self.part(0).asset)[self.issuer] + size
        ):
            return REASON_VOLUME_LIMIT
        if cash == 0:
            return REASON_WORTHLESS
        if price > 0:
            limit = <int128>price * size
            # Both factors of a product must fit for it to fit.
            if fits(limit) and (
                cash > limit * self.multiplier if side == BUY else cash < limit * self.multiplier
            ):
                return REASON_PRICE_LIMIT
            if not fits(limit) and side != BUY:
                return REASON_PRICE_LIMIT
        legs[0].asset, legs[0].account = self.part(0).asset, self.issuer
        legs[0].amount = size if side == BUY else -size
        legs[1].asset, legs[1].account = self.part(1).asset, self.issuer
        legs[1].amount = -<int64_t>cash if side == BUY else <int64_t>cash
        legs[0].owed = legs[1].owed = False
        reason = self.exchange(ENTRY_SWAP, account, legs, 2, tag)
        if not reason:
            self.left = 0
        return reason


def impermanent_loss(deposited, withdrawn, price):
    """Impermanent loss: what a stay in a pool gained or lost against holding, as a share.

    An exact ``Fraction``, negative: a loss.

    Without fees and at the price ``r`` times the one of entry it is ``2 sqrt(r) / (1 + r) - 1``.

    Parameters
    ----------
    deposited, withdrawn
        Units of base and of cash that were put in, and taken out.
    price
        Cash units for a unit of the base when they were taken out.

    Examples
    --------
    >>> impermanent_loss((100, 10_000), (50, 20_000), 400)
    Fraction(-1, 5)
    """
    before = Fraction(deposited[0]) * Fraction(price) + Fraction(deposited[1])
    after = Fraction(withdrawn[0]) * Fraction(price) + Fraction(withdrawn[1])
    return after / before - 1


@cython.auto_pickle(True)
cdef class FairShare(ClaimValue):
    """A price source: the price of a pool's share that trading in the pool cannot move.

    ``2 sqrt(x y p) / supply`` for reserves ``x`` and ``y`` and the base price ``p`` from elsewhere:
    what a share is worth once the pool is in line with it (Alpha Homora's fair LP price). Rounded
    down to ticks, at least one and at most ``lob.MAX_PRICE``. Arguments as of
    ``lob.clearing.valuation.ClaimValue``.
    """

    cdef int64_t read(self) noexcept:
        cdef Pool pool
        cdef int64_t value
        if self.valuation is None:
            return self.value
        pool = self.valuation.graph[self.claim]
        value = self.valuation.value_of(pool.part(0).asset)
        base, cash = pool.reserves
        supply = pool.supply
        if value == NO_VALUE or not supply:
            return self.value
        # isqrt(floor(z)) is the floor of the root of z: rounded once.
        unit = supply * self.multiplier
        if value == TOO_LARGE:
            ticks = MAX_PRICE if base > 0 and cash > 0 else 0
        else:
            ticks = isqrt((4 * base * cash * value) // ((unit * unit) << SHIFT))
        self.value = min(MAX_PRICE, max(1, ticks))
        return self.value


@cython.auto_pickle(True)
cdef class SpotPrice(ClaimValue):
    """A price source: the price of a pool's base by the pool itself, which trading can push.

    Rounded down to ticks; at least one tick, at most ``lob.MAX_PRICE``. Arguments as of
    ``lob.clearing.valuation.ClaimValue``; the claim is the pool's.
    """

    cdef int64_t read(self) noexcept:
        cdef Pool pool
        if self.valuation is None:
            return self.value
        pool = self.valuation.graph[self.claim]
        base, cash = pool.reserves
        if base > 0:
            ticks = cash // (base * self.multiplier)
            self.value = min(MAX_PRICE, max(1, ticks))
        return self.value
