/* The bare loop: how fast could the messages of the mixes be handled at all?
 *
 * Price-time priority on plain arrays that were sized in advance: levels indexed by price, orders
 * in intrusive queues, slots indexed by id, one flat bitmap for the next price. It writes the
 * events that the real engine writes, byte for byte, but it checks nothing, grows nothing, knows
 * neither self-trade prevention nor any order type beyond plain limit and market orders, and
 * needs small dense ids and a known range of prices.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef struct {
    int64_t ts_event, order_id, price, size;
    uint8_t kind;
    int8_t side;
    uint8_t order_type, time_in_force, stp, flags;
    uint16_t instrument;
    int32_t owner, reserved;
    int64_t tag, min_size, display_size, stop_price, trail, expire_ts;
} Message;

typedef struct {
    int64_t seq, ts_event, order_id, tag, price, size, leaves;
    int64_t resting_order_id, resting_tag, resting_leaves;
    int32_t owner, resting_owner;
    uint8_t kind;
    int8_t side;
    uint8_t order_type, time_in_force, reason, flags;
    uint16_t instrument;
} Event;

typedef struct {
    int64_t order_id, size, tag;
    int32_t level, owner, previous, next; /* next also links the free slots */
    int32_t side;
} Order;

typedef struct {
    int32_t first, last;
} Level;

typedef struct {
    int64_t base, level_count, seq;
    int64_t best_bid, best_ask; /* level indices; -1 and level_count: none */
    int32_t free;
    Level *levels;
    Order *orders;   /* slot 0 means none */
    int32_t *slots;  /* by order id */
    uint64_t *taken; /* one bit a level */
} Book;

enum { AHEAD = 8 };
enum { NEW = 1, CANCEL = 2 };
enum { ACCEPTED = 1, REJECTED = 2, TRADE = 3, CANCELLED = 4 };
enum { UNKNOWN_ORDER = 1, NO_LIQUIDITY = 9 };

/* Zeroed memory, in huge pages where there are any, all touched before the clock starts. */
static void *warm(size_t bytes) {
    const size_t huge = 1 << 21;
    bytes = (bytes + huge - 1) & ~(huge - 1);
    void *memory = aligned_alloc(huge, bytes);
    madvise(memory, bytes, MADV_HUGEPAGE);
    return memset(memory, 0, bytes);
}

Book *book_new(int64_t base, int64_t level_count, int64_t max_id, int64_t max_orders) {
    Book *book = warm(sizeof(Book));
    book->base = base;
    book->level_count = level_count;
    book->best_bid = -1;
    book->best_ask = level_count;
    book->levels = warm(level_count * sizeof(Level));
    book->orders = warm((max_orders + 2) * sizeof(Order));
    book->slots = warm((max_id + 1) * sizeof(int32_t));
    book->taken = warm((level_count / 64 + 1) * sizeof(uint64_t));
    for (int64_t slot = 1; slot <= max_orders; slot++) book->orders[slot].next = (int32_t)slot + 1;
    book->free = 1;
    return book;
}

void book_free(Book *book) {
    free(book->levels);
    free(book->orders);
    free(book->slots);
    free(book->taken);
    free(book);
}

int64_t book_best_bid(const Book *book) { return book->base + book->best_bid; }
int64_t book_best_ask(const Book *book) { return book->base + book->best_ask; }

static int64_t next_below(const Book *book, int64_t level) {
    int64_t word = level >> 6;
    uint64_t bits = book->taken[word] & ((2ULL << (level & 63)) - 1);
    while (!bits) {
        if (--word < 0) return -1;
        bits = book->taken[word];
    }
    return word * 64 + 63 - __builtin_clzll(bits);
}

static int64_t next_above(const Book *book, int64_t level) {
    int64_t word = level >> 6, words = book->level_count / 64 + 1;
    uint64_t bits = book->taken[word] & (~0ULL << (level & 63));
    while (!bits) {
        if (++word == words) return book->level_count;
        bits = book->taken[word];
    }
    return word * 64 + __builtin_ctzll(bits);
}

static void rest(Book *book, const Message *message, int64_t level, int64_t leaves) {
    int32_t slot = book->free;
    Order *order = &book->orders[slot];
    Level *queue = &book->levels[level];
    book->free = order->next;
    *order = (Order){.order_id = message->order_id, .size = leaves, .tag = message->tag,
                     .level = (int32_t)level, .owner = message->owner,
                     .previous = queue->last, .side = message->side};
    if (queue->last) {
        book->orders[queue->last].next = slot;
    } else {
        queue->first = slot;
        book->taken[level >> 6] |= 1ULL << (level & 63);
        if (message->side > 0) {
            if (level > book->best_bid) book->best_bid = level;
        } else if (level < book->best_ask) {
            book->best_ask = level;
        }
    }
    queue->last = slot;
    book->slots[message->order_id] = slot;
}

static void drop(Book *book, int32_t slot) {
    Order *order = &book->orders[slot];
    int64_t level = order->level;
    Level *queue = &book->levels[level];
    if (order->previous) book->orders[order->previous].next = order->next;
    else queue->first = order->next;
    if (order->next) book->orders[order->next].previous = order->previous;
    else queue->last = order->previous;
    book->slots[order->order_id] = 0;
    order->next = book->free;
    book->free = slot;
    if (queue->first) return;
    book->taken[level >> 6] &= ~(1ULL << (level & 63));
    if (level == book->best_bid) book->best_bid = next_below(book, level);
    else if (level == book->best_ask) book->best_ask = next_above(book, level);
}

/* Field by field: a struct literal becomes a "rep stos", which alone costs as much as the rest. */
static inline Event *emit(Book *book, Event *out, const Message *message, uint8_t kind,
                          uint8_t reason, int64_t tag, int32_t owner, int8_t side,
                          uint8_t order_type, int64_t price, int64_t size, int64_t leaves,
                          const Order *resting) {
    out->seq = ++book->seq;
    out->ts_event = message->ts_event;
    out->order_id = message->order_id;
    out->tag = tag;
    out->price = price;
    out->size = size;
    out->leaves = leaves;
    out->resting_order_id = resting ? resting->order_id : 0;
    out->resting_tag = resting ? resting->tag : 0;
    out->resting_leaves = resting ? resting->size : 0;
    out->owner = owner;
    out->resting_owner = resting ? resting->owner : 0;
    out->instrument = 0;
    out->kind = kind;
    out->reason = reason;
    out->side = side;
    out->order_type = order_type;
    out->time_in_force = 0;
    out->flags = 0;
    return out + 1;
}

static Event *cancel(Book *book, const Message *message, Event *out) {
    int32_t slot = book->slots[message->order_id];
    if (!slot)
        return emit(book, out, message, REJECTED, UNKNOWN_ORDER, message->tag, message->owner,
                    message->side, message->order_type, message->price, message->size, 0, NULL);
    const Order *order = &book->orders[slot];
    out = emit(book, out, message, CANCELLED, 0, order->tag, order->owner, (int8_t)order->side, 0,
               book->base + order->level, order->size, 0, NULL);
    drop(book, slot);
    return out;
}

static Event *enter(Book *book, const Message *message, Event *out) {
    int buys = message->side > 0, market = message->order_type;
    int64_t level = message->price - book->base;
    int64_t limit = market ? (buys ? book->level_count - 1 : 0) : level;
    int64_t leaves = message->size;
    out = emit(book, out, message, ACCEPTED, 0, message->tag, message->owner, message->side,
               market, market ? 0 : message->price, leaves, leaves, NULL);
    while (leaves) {
        int64_t best = buys ? book->best_ask : book->best_bid;
        if (buys ? best > limit : best < limit) break;
        int32_t slot = book->levels[best].first;
        Order *resting = &book->orders[slot];
        int64_t size = leaves < resting->size ? leaves : resting->size;
        leaves -= size;
        resting->size -= size;
        out = emit(book, out, message, TRADE, 0, message->tag, message->owner, message->side,
                   market, book->base + best, size, leaves, resting);
        if (!resting->size) drop(book, slot);
    }
    if (!leaves) return out;
    if (!market) {
        rest(book, message, level, leaves);
        return out;
    }
    return emit(book, out, message, CANCELLED, NO_LIQUIDITY, message->tag, message->owner,
                message->side, market, 0, leaves, 0, NULL);
}

/* What the next messages will touch, each link of the chain one step closer to its use. Without a
 * branch, for the kind of a message cannot be foretold: a new order looks up the empty slot 0, a
 * cancel asks for some level. Always inlined, or GCC takes it for a function without effect. */
static inline __attribute__((always_inline)) void fetch(const Book *book, const Message *now) {
    const Message *far = now + 3 * AHEAD, *middle = now + 2 * AHEAD, *near = now + AHEAD;
    __builtin_prefetch(&book->slots[far->order_id]);
    __builtin_prefetch(&book->levels[far->price - book->base]);
    __builtin_prefetch(&book->orders[book->slots[middle->order_id]]);
    const Order *order = &book->orders[book->slots[near->order_id]];
    __builtin_prefetch(&book->orders[order->previous]);
    __builtin_prefetch(&book->orders[order->next]);
    __builtin_prefetch(&book->levels[order->level]);
}

/* The number of events written; out must have room for all of them. */
int64_t book_process(Book *book, const Message *messages, int64_t count, Event *out) {
    const Event *start = out;
    for (int64_t i = 0; i < count; i++) {
        if (i + 3 * AHEAD < count) fetch(book, messages + i);
        out = messages[i].kind == NEW ? enter(book, &messages[i], out)
                                      : cancel(book, &messages[i], out);
    }
    return out - start;
}
