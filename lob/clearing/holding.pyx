"""What the accounts of a clearing may have beside cash, and how it backs them."""

import copy as copying

cimport cython
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from lob.engine.block cimport Block
from lob.clearing.ledger cimport Ledger
from lob.clearing.oracle cimport Oracle
from lob.clearing.requirement cimport MAX_TIERS, NO_PRICE, Tiers
from lob.engine.ladder cimport Ladder, ladder_copy, ladder_init, ladder_release
from lob.engine.wide cimport int128
from lob.venue.market cimport Market

from lob import checks
from lob.subclasses import copy_attributes
from lob.types import MAX_SIZE, Side

__all__ = ["Holding"]


@cython.auto_pickle(False)
cdef class Holding:
    """Something that the accounts of a clearing hold, and how it backs them.

    Parameters
    ----------
    oracle
        The ``lob.clearing.Oracle`` that its mark comes from.
    margin
        A margin model (``lob.clearing.margin``), which says how it backs accounts.
    instrument
        Number of the book in which it is traded and sold by force, 0 to 65535.
    asset
        Name of the asset; ``None``: what the instrument trades.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, oracle, margin, *, instrument=0, asset=None):
        if not isinstance(oracle, Oracle):
            raise TypeError(f"oracle must be an Oracle, got {oracle!r}")
        for method in ("maintenance", "initial"):
            if not callable(getattr(margin, method, None)):
                raise TypeError(f"margin must be a margin model, got {margin!r}")
        if asset is not None and not isinstance(asset, str):
            raise TypeError(f"asset must be a name or None, got {asset!r}")
        self.oracle = oracle
        self.margin = margin
        self.name = asset
        self.record.instrument = checks.integer("instrument", instrument, 0, 2**16 - 1)
        self.record.mark = NO_PRICE
        self.working = [Block(), Block()]
        if ladder_init(&self.record.longs) < 0 or ladder_init(&self.record.shorts) < 0:
            raise MemoryError
        self.load_margin()

    def __dealloc__(self):
        ladder_release(&self.record.longs)
        ladder_release(&self.record.shorts)

    cdef bint belong_to(self, Market market, Ledger ledger, int64_t number) except -1:
        """Be a holding of a clearing of this venue; whether its instrument trades it.

        Raises ``ValueError`` if the venue has no such instrument, or no such asset.
        """
        if self.record.instrument >= len(market.instruments):
            raise ValueError(
                f"holdings[{number}]: instrument must be 0 to {len(market.instruments) - 1}, got "
                f"{self.record.instrument}"
            )
        instrument = market.instruments[self.record.instrument]
        self.number = number
        if self.name is None:
            self.name = instrument.base or instrument.name
        self.record.asset = ledger.asset(self.name)
        self.record.multiplier = instrument.multiplier
        self.record.inverse = instrument.inverse
        return self.name == (instrument.base or instrument.name)

    def load_margin(self):
        """Read the rates of the margin model, of long and of short positions, anew."""
        for i, side in enumerate((Side.BUY, Side.SELL)):
            load_tiers(&self.record.maintenance[i], self.margin.maintenance(side), "maintenance")
            load_tiers(&self.record.initial[i], self.margin.initial(side), "initial")

    cdef int64_t *working_of(self, int side, int64_t account) except NULL:
        """Lots of an account's resting orders on a side (0: buys)."""
        cdef Block block = self.working[side]
        cdef size_t needed = 8 * <size_t>(account + 1)
        if needed > block.nbytes:
            block.reserve(max(needed, 2 * block.nbytes))
        return &(<int64_t *>block.data)[account]

    cdef int64_t *entry_value_of(self, int64_t account) except NULL:
        """What an account's lots were bought for, in units of cash: negative of a short."""
        cdef size_t needed = 8 * <size_t>(account + 1)
        if needed > self.entry_values.nbytes:
            self.entry_values.reserve(max(needed, 2 * self.entry_values.nbytes))
        return &(<int64_t *>self.entry_values.data)[account]

    @property
    def instrument(self):
        """Number of the book in which this holding is sold."""
        return self.record.instrument

    @property
    def mark_price(self):
        """Mark of this holding in ticks, as clearing believes; ``None`` before the first price."""
        return None if self.record.mark == NO_PRICE else self.record.mark

    def __deepcopy__(self, memo):
        cdef Holding other = type(self).__new__(type(self))
        memo[id(self)] = other
        other.oracle = copying.deepcopy(self.oracle, memo)
        other.margin = copying.deepcopy(self.margin, memo)
        other.name, other.number = self.name, self.number
        other.working = [copying.deepcopy(block) for block in self.working]
        other.entry_values = copying.deepcopy(self.entry_values)
        memcpy(&other.record, &self.record, sizeof(HoldingRecord))
        memset(&other.record.longs, 0, sizeof(Ladder))
        memset(&other.record.shorts, 0, sizeof(Ladder))
        if ladder_copy(&other.record.longs, &self.record.longs) < 0:
            raise MemoryError
        if ladder_copy(&other.record.shorts, &self.record.shorts) < 0:
            raise MemoryError
        copy_attributes(self, other, memo)
        return other


cdef int load_tiers(Tiers *into, tiers, what) except -1:
    """Copy a table of rates; it is validated already (``lob.clearing.margin.Tiers``)."""
    cdef int64_t i
    rows = list(tiers)
    if not 1 <= len(rows) <= MAX_TIERS:
        raise ValueError(f"{what} must have 1 to {MAX_TIERS} tiers, got {len(rows)}")
    memset(into, 0, sizeof(Tiers))
    into.count = len(rows)
    for i in range(into.count):
        into.floor[i] = checks.integer("floor", rows[i].floor, 0, MAX_SIZE)
        into.rate[i] = checks.ppm("rate", rows[i].rate)
        if i:
            into.deduction[i] = into.deduction[i - 1] + <int128>into.floor[i] * (
                into.rate[i] - into.rate[i - 1]
            )
    return 0
