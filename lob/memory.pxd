"""Blocks of memory that grow without a copy where the system can, and three processor hints.

Blocks come in whole pages and are not resident before they are touched, so a generous capacity
costs nothing. A block of zero bytes is NULL.
"""

from libc.stdint cimport uint64_t

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

    static void *firesale_resize(void *block, size_t from, size_t to) {
        void *moved;
        if (to == from) return block;
        if (to == 0) { munmap(block, from); return NULL; }
        if (from == 0) {
            moved = mmap(NULL, to, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        } else {
            moved = mremap(block, from, to, MREMAP_MAYMOVE);
        }
        if (moved == MAP_FAILED) return NULL;
        return moved;
    }

    static void firesale_prefer_huge_pages(void *block, size_t bytes) {
        madvise(block, bytes, MADV_HUGEPAGE);
    }
    #else
    static void *firesale_resize(void *block, size_t from, size_t to) {
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

    static void firesale_prefer_huge_pages(void *block, size_t bytes) {
        (void)block; (void)bytes;
    }
    #endif

    #define firesale_prefetch(address) __builtin_prefetch((const void *)(address), 1, 3)
    #define firesale_lowest_bit(bits) __builtin_ctzll(bits)
    #define firesale_likely(x) __builtin_expect(!!(x), 1)
    #define firesale_unlikely(x) __builtin_expect(!!(x), 0)
    """
    # New bytes are zero. NULL when there is no memory: the old block is then still valid.
    void *resize "firesale_resize"(void *block, size_t from_bytes, size_t to_bytes) noexcept nogil
    void prefer_huge_pages "firesale_prefer_huge_pages"(void *block, size_t bytes) noexcept nogil
    void prefetch "firesale_prefetch"(const void *address) noexcept nogil
    int lowest_bit "firesale_lowest_bit"(uint64_t bits) noexcept nogil
    bint likely "firesale_likely"(bint condition) noexcept nogil
    bint unlikely "firesale_unlikely"(bint condition) noexcept nogil


cdef inline size_t whole_pages(size_t bytes) noexcept nogil:
    return (bytes + 4095) & ~<size_t>4095
