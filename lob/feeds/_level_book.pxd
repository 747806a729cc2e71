"""One book of levels, the texts of it that venues take checksums of, and updates in order."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t
from libc.stdlib cimport free, malloc, qsort

from lob.feeds._ladder cimport Ladder, PriceLevel, first_from
from lob.feeds._steps cimport needed, to_steps, written
from lob.feeds._taken cimport Level

cdef enum:
    CRC_LEVELS_KRAKEN = 10
    CRC_LEVELS_OKX = 25

cdef struct LevelBook:
    Ladder bids
    Ladder asks
    int64_t last  # the venue's number of the last update, -1: none
    int64_t tick  # a price is this times 10**-price_decimals
    int64_t lot
    int32_t snapshots
    int8_t price_decimals
    int8_t size_decimals
    uint8_t state
    uint8_t in_snapshot  # whether the last message of it was one
    uint8_t has_snapshot  # somewhere in the feed


cdef inline Ladder *ladder_of(LevelBook *book, int side) noexcept:
    return &book.bids if side > 0 else &book.asks


cdef inline void fit(
    LevelBook *book, const int64_t *price, int price_decimals,
    const int64_t *size, int size_decimals,
) noexcept:
    """Widen the decimals of a book to those that a price and a size need."""
    if price_decimals > book.price_decimals:
        book.price_decimals = needed(price[0], price_decimals, book.price_decimals)
    if size_decimals > book.size_decimals:
        book.size_decimals = needed(size[0], size_decimals, book.size_decimals)


# -------------------------------------------------------------------- texts of checksums


cdef inline tuple digits_of(const LevelBook *book, const PriceLevel *level, int sign):
    return (
        written(sign * level.key, book.tick, book.price_decimals, level.price_decimals),
        written(level.size, book.lot, book.size_decimals, level.size_decimals),
    )


cdef inline bytes kraken_text(const LevelBook *book):
    """The best ten asks, then bids: price and size, without dots and leading zeros."""
    cdef const Ladder *ladder
    cdef const PriceLevel *level
    cdef Py_ssize_t at
    cdef int sign
    parts = []
    for sign in (-1, 1):
        ladder = &book.bids if sign > 0 else &book.asks
        at = 0
        for _ in range(CRC_LEVELS_KRAKEN):
            level = first_from(ladder, &at)
            if level == NULL:
                break
            price, size = digits_of(book, level, sign)
            parts += (str(price), str(size))
    return "".join(parts).encode()


cdef inline str with_point(int64_t mantissa, int decimals):
    text = str(mantissa)
    if not decimals:
        return text
    text = text.zfill(decimals + 1)
    return f"{text[:-decimals]}.{text[-decimals:]}"


cdef inline bytes okx_text(const LevelBook *book):
    """The best 25 of each side, ``price:size``, bid and ask in turns while both last."""
    cdef const Ladder *ladder
    cdef const PriceLevel *level
    cdef Py_ssize_t at
    cdef int sign
    sides = []
    for sign in (1, -1):
        ladder = &book.bids if sign > 0 else &book.asks
        at = 0
        told = []
        for _ in range(CRC_LEVELS_OKX):
            level = first_from(ladder, &at)
            if level == NULL:
                break
            price, size = digits_of(book, level, sign)
            told.append(
                f"{with_point(price, level.price_decimals)}:"
                f"{with_point(size, level.size_decimals)}"
            )
        sides.append(told)
    bids, asks = sides
    both = []
    for at in range(max(len(bids), len(asks))):
        both += bids[at:at + 1] + asks[at:at + 1]
    return ":".join(both).encode()


# -------------------------------------------------------------------- levels of an update

cdef struct Placed:
    Level level
    Py_ssize_t index


cdef inline int by_price(const void *one, const void *two) noexcept nogil:
    """Order of sides, prices, and then of the telling."""
    cdef const Placed *a = <const Placed *>one
    cdef const Placed *b = <const Placed *>two
    if a.level.side != b.level.side:
        return -1 if a.level.side < b.level.side else 1
    if a.level.price != b.level.price:
        return -1 if a.level.price < b.level.price else 1
    return -1 if a.index < b.index else 1


cdef inline Py_ssize_t without_doubles(Level *told, Py_ssize_t count) except -1:
    """Keep the last of those with one side and price; how many are left."""
    cdef Placed *placed = <Placed *>malloc(count * sizeof(Placed))
    cdef Py_ssize_t i, kept = 0
    if placed == NULL:
        raise MemoryError
    for i in range(count):
        placed[i].level, placed[i].index = told[i], i
    qsort(placed, count, sizeof(Placed), by_price)
    for i in range(count):
        if i + 1 < count and (
            placed[i].level.side == placed[i + 1].level.side
            and placed[i].level.price == placed[i + 1].level.price
        ):
            continue
        told[kept] = placed[i].level
        kept += 1
    free(placed)
    return kept


cdef inline Py_ssize_t scale(
    const LevelBook *book, const Level *levels, Py_ssize_t count, Level *told, int64_t most_price,
    int64_t most_size, Py_ssize_t *wrong,
) noexcept:
    """Levels in ticks and lots into ``told``, without those that are too large; how many.

    ``wrong`` is set to one that is no whole number of steps, by its size, or by its price: then -1.
    """
    cdef Py_ssize_t i, kept = 0
    cdef Level *level
    cdef int price_fits, size_fits
    for i in range(count):
        level = &told[kept]
        level[0] = levels[i]
        price_fits = to_steps(&level.price, level.price_decimals, book.price_decimals, book.tick)
        if not price_fits:
            wrong[0] = i
            return -1
        size_fits = to_steps(&level.size, level.size_decimals, book.size_decimals, book.lot)
        if not size_fits:
            wrong[0] = i
            return 0
        kept += (
            price_fits > 0 and size_fits > 0 and level.size <= most_size
            and -most_price <= level.price <= most_price
        )
    return kept


cdef inline bint is_sorted(const Level *told, Py_ssize_t count) noexcept:
    """Whether bids go one way and asks the other, each side at one stretch: no price is twice."""
    cdef Py_ssize_t i, turns = 0
    cdef int way = 0, here
    for i in range(1, count):
        if told[i].side != told[i - 1].side:
            turns += 1
            way = 0
            continue
        here = 1 if told[i].price > told[i - 1].price else -1
        if told[i].price == told[i - 1].price or (way and way != here):
            return False
        way = here
    return turns < 2
