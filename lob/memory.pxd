"""Blocks of memory that grow without a copy where the system can, and a few processor hints.

Blocks come in whole pages and are not resident before they are touched, so a generous capacity
costs nothing. A block of zero bytes is NULL.
"""

from libc.stdint cimport uint32_t, uint64_t

cdef extern from *:
    """
    #include <stdlib.h>
    #include <string.h>
    #if defined(__linux__)
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <sys/mman.h>
    #ifndef MREMAP_MAYMOVE
    #define MREMAP_MAYMOVE 1
    #endif

    static inline void *firesale_resize(void *block, size_t from, size_t to) {
        void *moved;
        if (to == from) return block;
        if (to == 0) { munmap(block, from); return NULL; }
        if (from == 0) {
            moved = mmap(NULL, to, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        } else {
            moved = mremap(block, from, to, MREMAP_MAYMOVE);
        }
        if (moved == MAP_FAILED) return NULL;
        /* A large book is read all over: with small pages every access misses the TLB too. */
        if (to >= ((size_t)1 << 22)) madvise(moved, to, MADV_HUGEPAGE);
        return moved;
    }
    #else
    static inline void *firesale_resize(void *block, size_t from, size_t to) {
        void *moved = NULL;
        if (to == from) return block;
        if (to != 0) {
            if (posix_memalign(&moved, 4096, to)) return NULL;
            memset(moved, 0, to);
            if (from != 0) memcpy(moved, block, from < to ? from : to);
        }
        free(block);
        return moved;
    }
    #endif

    #if defined(__SSE2__)
    #include <emmintrin.h>
    static inline int firesale_equal_lanes(const unsigned int *lanes, unsigned int value) {
        __m128i wanted = _mm_set1_epi32((int)value);
        __m128i low = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)lanes), wanted);
        __m128i high = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)(lanes + 4)), wanted);
        return _mm_movemask_ps(_mm_castsi128_ps(low))
            | _mm_movemask_ps(_mm_castsi128_ps(high)) << 4;
    }
    #else
    static inline int firesale_equal_lanes(const unsigned int *lanes, unsigned int value) {
        int i, equal = 0;
        for (i = 0; i < 8; i++) equal |= (lanes[i] == value) << i;
        return equal;
    }
    #endif

    #define firesale_prefetch(address) __builtin_prefetch((const void *)(address), 1, 3)
    #define firesale_lowest_bit(bits) __builtin_ctzll(bits)
    #define firesale_likely(x) __builtin_expect(!!(x), 1)
    #define firesale_unlikely(x) __builtin_expect(!!(x), 0)
    """
    # New bytes are zero. NULL when there is no memory: the old block is then still valid.
    void *resize "firesale_resize"(void *block, size_t from_bytes, size_t to_bytes) noexcept nogil
    void prefetch "firesale_prefetch"(const void *address) noexcept nogil
    int lowest_bit "firesale_lowest_bit"(uint64_t bits) noexcept nogil
    # Bit i of the result: whether the i-th of eight words equals the value.
    int equal_lanes "firesale_equal_lanes"(const uint32_t *lanes, uint32_t value) noexcept nogil
    bint likely "firesale_likely"(bint condition) noexcept nogil
    bint unlikely "firesale_unlikely"(bint condition) noexcept nogil


cdef inline size_t whole_pages(size_t bytes) noexcept nogil:
    return (bytes + 4095) & ~<size_t>4095
