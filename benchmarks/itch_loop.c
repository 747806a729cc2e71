/* The least that reading a day of Nasdaq ITCH 5.0 takes: every record is parsed and changes one hash
 * table of orders. No books, no checks, no messages out: what order_feeds.py compares with. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct order {
    uint64_t ref; /* 0: free */
    uint32_t price, size;
    uint16_t locate;
    uint8_t side;
};

static uint16_t two(const uint8_t *at) { uint16_t word; memcpy(&word, at, 2); return __builtin_bswap16(word); }
static uint32_t four(const uint8_t *at) { uint32_t word; memcpy(&word, at, 4); return __builtin_bswap32(word); }
static uint64_t eight(const uint8_t *at) { uint64_t word; memcpy(&word, at, 8); return __builtin_bswap64(word); }

static uint64_t home(uint64_t ref, uint64_t mask) { return ref * 0x9E3779B97F4A7C15u >> 20 & mask; }

static struct order *find(struct order *table, uint64_t mask, uint64_t ref)
{
    uint64_t at = home(ref, mask);
    while (table[at].ref && table[at].ref != ref)
        at = at + 1 & mask;
    return &table[at];
}

/* Close the gap that a removed order leaves, so that no search ends before its order. */
static void drop(struct order *table, uint64_t mask, struct order *order)
{
    uint64_t gap = (uint64_t)(order - table), at = gap;
    for (;;) {
        at = at + 1 & mask;
        if (!table[at].ref)
            break;
        if ((at - home(table[at].ref, mask) & mask) >= (at - gap & mask)) {
            table[gap] = table[at];
            gap = at;
        }
    }
    table[gap].ref = 0;
}

/* Read `size` bytes of length-prefixed records; slots is a power of two. The lots that are left. */
int64_t run(const uint8_t *data, int64_t size, int64_t slots)
{
    struct order *table = calloc((size_t)slots, sizeof *table), *order, old;
    uint64_t mask = (uint64_t)slots - 1;
    int64_t at, left = 0;
    uint32_t taken;
    if (!table)
        return -1;
    for (at = 0; at + 2 <= size; at += 2 + two(data + at)) {
        const uint8_t *record = data + at + 2;
        switch (record[0]) {
        case 'A':
        case 'F':
            order = find(table, mask, eight(record + 11));
            order->ref = eight(record + 11);
            order->side = record[19];
            order->size = four(record + 20);
            order->price = four(record + 32);
            order->locate = two(record + 1);
            left += order->size;
            break;
        case 'E':
        case 'C':
        case 'X':
            order = find(table, mask, eight(record + 11));
            taken = four(record + 19);
            left -= taken;
            order->size -= taken;
            if (order->ref && !order->size)
                drop(table, mask, order);
            break;
        case 'D':
            order = find(table, mask, eight(record + 11));
            left -= order->size;
            if (order->ref)
                drop(table, mask, order);
            break;
        case 'U':
            order = find(table, mask, eight(record + 11));
            old = *order;
            if (order->ref)
                drop(table, mask, order);
            order = find(table, mask, eight(record + 19));
            *order = old;
            order->ref = eight(record + 19);
            order->size = four(record + 27);
            order->price = four(record + 31);
            left += (int64_t)order->size - old.size;
            break;
        }
    }
    free(table);
    return left;
}
