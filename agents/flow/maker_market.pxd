"""A market of makers who follow a fair value, which the trades of whoever they recognise move."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from lob.engine.block cimport Block
from agents.flow.fair_value cimport FairValue, Source, Sources
from agents.flow.flow cimport BackgroundFlow
from agents.flow.following cimport Diary, Offspring
from agents.flow.lifetimes cimport Lifetimes
from agents.flow.orders cimport OpenOrders
from agents.flow.placement cimport Placement
from lob.engine.records cimport Event

cdef struct Metaorder:
    int64_t remaining  # market orders to come, at least 1
    int64_t side
    int64_t source  # number of it


cdef class MakerMarket(BackgroundFlow):
    cdef readonly FairValue fair
    cdef Lifetimes lifetimes
    cdef Sources owners
    cdef Source everybody  # of whom all trades are taken to be, where no source is recognised
    cdef Sources sources  # clusters and metaorders
    cdef Block metaorders  # Metaorder
    cdef Diary diary  # of what follows
    cdef Placement placement
    cdef Block due  # int64_t by side and handle: when an order is cancelled, in ns; -1: already
    cdef Block sizes  # int64_t: lots of market orders, then of limit orders
    cdef double most_counted  # of a market order of the flow, in units of size
    cdef double mean_counted
    cdef int64_t market_sizes, limit_sizes, metaorder_count
    cdef Offspring followers, answers, news
    cdef double cluster_rate, metaorder_rate, limit_rate, news_rate  # a second
    cdef double beta  # tail exponent of metaorders
    cdef double jump  # of news, as a logarithm
    cdef double variance  # of the fair value, as a logarithm, a second; roughly
    cdef double patience  # ticks
    cdef double reaction  # a second
    cdef double calm  # as a logarithm a square root of a second
    cdef double thinning, least_share
    cdef int64_t depth  # orders at the start, -1: as many as rest on average
    cdef readonly bint recognise_sources
    cdef bint engine_is_one  # a liquidation engine's forced orders are those of one source
    cdef int64_t sources_seen  # clusters and metaorders so far
    cdef int64_t last_taker  # id of the order that traded last
    cdef int64_t last_price  # at which it traded
    cdef uint64_t outside_key  # of what follows on the trades of others
    cdef uint64_t pull_key
    cdef readonly int64_t follows  # number of the instrument whose mid it follows; -1: none
    cdef double followed_start  # its mid when it was first seen, in its ticks; 0: not yet
    cdef bint pulling[2]  # a look at stale bids, asks is due
    cdef double present  # share of limit orders that come although makers may have left
    cdef list stated  # (ns, move of the fair value as a logarithm, share that leaves)
    cdef readonly tuple absences  # (from, until) in ns, and the share that is away
    cdef bint subscribed  # the run has begun

    cdef int set_followers(self, object followers, object rates, object same) except -1
    cdef int set_news(
        self, object volatility, object rate, object followers, object follower_rate
    ) except -1
    cdef int set_metaorders(self, object metaorders, object rate, object beta) except -1
    cdef int set_sizes(self, object market_sizes, object limit_sizes) except -1
    cdef double market_rate(self) noexcept
    cdef double orders_at_rest(self) noexcept
    cdef double total_rate(self) noexcept
    cdef int64_t *due_at(self, uint32_t row, uint32_t handle) noexcept
    cdef int state(self, list rows) except -1
    cdef int await_stated(self, uint32_t number) except -1
    cdef int meet_stated(self, uint32_t number) except -1
    cdef int cancel_share(self, OpenOrders orders, uint32_t row, double share) except -1
    cdef int forget(self, int side, int64_t handle) except -1
    cdef int seed_book(self) except -1
    cdef int something_comes(self) except -1
    cdef int happen(self, uint64_t key) except -1
    cdef int piece(self, uint64_t key) except -1
    cdef int market(self, int side, int64_t source, uint64_t key) except -1
    cdef int spawn(
        self, const Offspring *many, uint32_t kind, int side, int64_t source, uint64_t *key
    ) except -1
    cdef int call(self, uint32_t kind, uint32_t number) except -1
    cdef int64_t opposite_size(self, int side) except? -1
    cdef int place(self, int side, uint64_t key) except -1
    cdef int64_t price_of(self, int side, double where, double far) except? -1
    cdef double stretch_of(self, int side, int64_t price) noexcept
    cdef int send_quote(
        self, int side, int64_t price, double stretch, double age, uint64_t key
    ) except -1
    cdef int quote(self, int side, int64_t price, int64_t size, double stays) except -1
    cdef double standing(self) noexcept
    cdef int watch(self) except -1
    cdef int learn(self) except -1
    cdef int pull(self, int side) except -1
    cdef double staleness(self, int side) noexcept
    cdef int see(self, const Event *event) except -1
