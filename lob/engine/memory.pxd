"""Blocks of memory that grow without a copy where the system can, and a few processor hints.

Blocks come in whole pages, large ones in huge pages, and are not resident before they are touched,
so a generous capacity costs nothing. A block of zero bytes is NULL.
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

    /* Large blocks are whole huge pages: with small ones every access to a large book misses the
       TLB too, and the system brings them one by one. */
    #define FIRESALE_HUGE ((size_t)1 << 21)
    static inline size_t firesale_mapped(size_t bytes) {
        return bytes < FIRESALE_HUGE ? bytes : (bytes + FIRESALE_HUGE - 1) & ~(FIRESALE_HUGE - 1);
    }

    static inline void *firesale_resize(void *block, size_t from, size_t to) {
        const size_t old = firesale_mapped(from), wanted = firesale_mapped(to);
        const size_t kept = from < to ? from : to;
        char *moved = (char *)block;
        if (to < from && to != 0) {
            /* What is given up is zero if it is wanted again. */
            const size_t stays = from < wanted ? from : wanted;
            if (stays > to) memset(moved + to, 0, stays - to);
        }
        if (wanted == old) return block;
        if (to == 0) { munmap(block, old); return NULL; }
        if (from != 0 && (old < FIRESALE_HUGE) == (wanted < FIRESALE_HUGE)) {
            moved = (char *)mremap(block, old, wanted, MREMAP_MAYMOVE);
            if ((void *)moved == MAP_FAILED) return NULL;
        } else {
            moved = (char *)mmap(
                NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if ((void *)moved == MAP_FAILED) return NULL;
        }
        if (wanted >= FIRESALE_HUGE) madvise(moved, wanted, MADV_HUGEPAGE);
        if (from != 0 && (old < FIRESALE_HUGE) != (wanted < FIRESALE_HUGE)) {
            memcpy(moved, block, kept);
            munmap(block, old);
        }
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

    /* Without the empty asm a function that does nothing but fetch counts as one without effects,
       and the compiler drops the calls of it. */
    static inline void firesale_prefetch(const void *address) {
        __builtin_prefetch(address, 1, 3);
        __asm__ __volatile__("");
    }
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
