"""What a book would trade lots for, kept as running sums: one walk serves every offer.

``agents.keepers.valuation`` says what that is worth. A side is read level by level as deep as it
is asked for, and anew only when the book has changed; what lots would bring is then found by
bisection, whatever their number.
"""

from libc.stdint cimport int64_t, uint32_t

from lob.book cimport OrderBook
from lob.engine.block cimport Block
from lob.engine.ladder cimport NO_LEVEL, Ladder, ladder_next
from lob.engine.wide cimport int128

from lob.types import MAX_PRICE

__all__ = ["DepthBehind", "SellableDepth", "depth_of"]

cdef int64_t FULL = 2**62  # lots: more than anybody has


cdef struct Step:
    int64_t price
    int64_t end  # lots down to this level, that level included
    int128 value  # ticks times lots of the same


cdef class SellableDepth:
    """The price levels of one side of a book, read anew only when the book has changed."""

    cdef Block block
    cdef int64_t count
    cdef int64_t seq
    cdef uint32_t next
    cdef bint complete

    def __cinit__(self):
        self.block = Block()
        self.seq = -1

    cdef inline Step *steps(self) noexcept:
        return <Step *>self.block.data

    cdef int add(self, int64_t price, int64_t size) except -1:
        """Note the next level."""
        cdef Step *last
        cdef int64_t end = 0
        cdef int128 value = 0
        self.block.reserve((self.count + 1) * sizeof(Step))
        if self.count:
            last = &self.steps()[self.count - 1]
            end, value = last.end, last.value
        if size > FULL - end:
            # No more than there may be on a side of a book anyway.
            size = FULL - end
        last = &self.steps()[self.count]
        last.price, last.end, last.value = price, end + size, value + <int128>price * size
        self.count += 1
        return 0

    cdef int read(self, OrderBook book, int side, int128 lots, int64_t slices) except -1:
        """Read levels of a side of a book (1: bids), each ``slices`` times, for so many lots."""
        cdef Ladder *ladder = &book.book.sides[0 if side == 1 else 1]
        if book.book.seq != self.seq:
            self.seq, self.count, self.next = book.book.seq, 0, ladder.best
            self.complete = self.next == NO_LEVEL
        while not self.complete and (
            not self.count or <int128>self.steps()[self.count - 1].end * slices < lots
        ):
            self.add(ladder.levels[self.next].price, ladder.levels[self.next].size)
            self.next = ladder_next(ladder, self.next)
            self.complete = self.next == NO_LEVEL
        return 0

    def levels(self, OrderBook book not None, side, lots, *, ahead=0, slices=1):
        """What a book trades for lots that are sold (``side`` SELL) or bought back.

        O(levels) where the book has changed, else constant.

        Parameters
        ----------
        book
            The ``lob.OrderBook``, the same at every call.
        side
            ``SELL``: the lots are sold; ``BUY``: bought back.
        lots
            How many are traded, 1 or more.
        ahead
            Lots of one's own that are traded before them, 0 or more.
        slices
            The book is believed to refill between so many parts: each level counts so often.

        Returns
        -------
        DepthBehind
            Good until the next call.
        """
        cdef int64_t most = min(lots, FULL), skip = min(ahead, FULL), times = slices
        self.read(book, -1 if side == 1 else 1, <int128>most + skip, times)
        return DepthBehind(self, most, skip, times)

    def __deepcopy__(self, memo):
        # What was read is read again.
        return SellableDepth()


cdef class DepthBehind:
    """The levels of a book behind lots that go first: pairs of price in ticks and lots.

    Parameters
    ----------
    depth
        The side of the book.
    lots
        How many are asked for, at most.
    ahead
        Lots that go first.
    slices
        How many times each level counts: a sale in so many parts finds it filled again.
    """

    cdef SellableDepth depth
    cdef int64_t lots
    cdef int64_t ahead
    cdef int64_t slices
    cdef readonly int64_t total
    """Lots that the levels have, at most those asked for."""

    def __init__(self, SellableDepth depth not None, int64_t lots, int64_t ahead, int64_t slices):
        cdef int128 there = 0
        self.depth, self.lots, self.ahead, self.slices = depth, lots, ahead, slices
        if depth.count:
            there = <int128>depth.steps()[depth.count - 1].end * slices - ahead
        self.total = <int64_t>min(<int128>lots, max(<int128>0, there))

    cdef int64_t at(self, int128 lots) noexcept:
        """The first level with so many lots down to it, each counted ``slices`` times."""
        cdef int64_t low = 0, high = self.depth.count, middle
        cdef Step *steps = self.depth.steps()
        while low < high:
            middle = (low + high) // 2
            if <int128>steps[middle].end * self.slices < lots:
                low = middle + 1
            else:
                high = middle
        return low

    cdef int128 value(self, int128 lots) noexcept:
        """Ticks times lots of so many lots from the best level on."""
        cdef int64_t level = self.at(lots)
        cdef Step *steps = self.depth.steps()
        cdef int128 before = 0, worth = 0
        if level:
            before = <int128>steps[level - 1].end * self.slices
            worth = steps[level - 1].value * self.slices
        return worth + (lots - before) * steps[level].price

    def traded(self, lots, multiplier, bint inverse, bint up):
        """Cash units for which the first lots, at most ``total``, trade.

        ``multiplier`` and ``inverse`` are those of the instrument; of an inverse contract each
        level is rounded, ``up`` or down.
        """
        cdef int64_t wanted = min(lots, self.total)
        if wanted <= 0:
            return 0
        if not inverse:
            return multiplier * wide(
                self.value(<int128>self.ahead + wanted) - self.value(self.ahead)
            )
        total = 0
        for price, size in self.first(wanted):
            value = size * multiplier
            total += -(-value // price) if up else value // price
        return total

    cdef list first(self, int64_t wanted):
        """The levels of the first lots."""
        cdef Step *steps = self.depth.steps()
        cdef int64_t level = self.at(<int128>self.ahead + 1)
        cdef int128 skip = self.ahead, part
        found = []
        while wanted and level < self.depth.count:
            part = min(<int128>steps[level].end * self.slices - skip, <int128>wanted)
            found.append((steps[level].price, <int64_t>part))
            skip += part
            wanted -= <int64_t>part
            level += 1
        return found

    def until(self, worst, bint falling):
        """Lots at prices no worse than ``worst`` ticks, at most ``total``.

        ``falling`` is whether the levels' prices fall from the best one on.
        """
        cdef int64_t low = 0, high = self.depth.count, middle, limit
        cdef Step *steps = self.depth.steps()
        cdef int128 there
        limit = max(-MAX_PRICE - 1, min(MAX_PRICE + 1, worst))
        while low < high:
            middle = (low + high) // 2
            if (steps[middle].price >= limit) if falling else (steps[middle].price <= limit):
                low = middle + 1
            else:
                high = middle
        if not low:
            return 0
        there = <int128>steps[low - 1].end * self.slices - self.ahead
        return <int64_t>max(<int128>0, min(<int128>self.total, there))

    def ends(self):
        """Lots down to each level, rising."""
        cdef int64_t end = 0
        found = []
        for _, size in self.first(self.total):
            end += size
            found.append(end)
        return found

    @property
    def first_size(self):
        """Lots of the first level, 0 if there is none."""
        cdef int64_t level = self.at(<int128>self.ahead + 1)
        if level == self.depth.count:
            return 0
        return <int64_t>min(
            <int128>self.depth.steps()[level].end * self.slices - self.ahead, <int128>self.total
        )

    def __iter__(self):
        return iter(self.first(self.total))

    def __len__(self):
        return len(self.first(self.total))


def depth_of(levels):
    """The ``DepthBehind`` of levels that are pairs of price in ticks and lots, best first."""
    cdef SellableDepth depth
    if isinstance(levels, DepthBehind):
        return levels
    depth = SellableDepth()
    for price, size in levels:
        depth.add(price, size)
    depth.complete = True
    return DepthBehind(depth, FULL, 0, 1)


cdef object wide(int128 value):
    """A Python integer."""
    cdef int64_t high = <int64_t>(value >> 62), low = <int64_t>(value - (<int128>high << 62))
    if high == 0:
        return low
    return (<object>high << 62) + low
