"""A market of makers who follow a fair value, which the trades of whoever they recognise move."""

cimport cython
from libc.math cimport sqrt
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t

from lob.engine.block cimport Block
from lob.engine.elementary cimport natural_exp, natural_log
from agents.flow.fair_value cimport FairValue, Sources
from agents.flow.flow cimport BackgroundFlow
from agents.flow.following cimport (
    KERNELS,
    Coming,
    Diary,
    Follower,
    Offspring,
    follower,
    how_many,
    offspring,
)
from agents.flow.keyed cimport chance, next_key
from agents.flow.lifetimes cimport Lifetimes
from agents.flow.long_memory cimport pareto, zipf
from agents.flow.orders cimport OpenOrder, OpenOrders
from agents.flow.placement cimport Placement
from agents.random cimport draw, normal, poisson, uniform
from lob.engine.ladder cimport Level
from lob.engine.matching cimport Book
from lob.engine.order_table cimport RestingOrder
from lob.engine.records cimport (
    BUY,
    CANCELLED,
    CONTINUOUS,
    GTC,
    LIMIT,
    LIQUIDATION_TAG,
    MARKET,
    MAX_PRICE,
    NEW,
    REASON_UNCROSS,
    REASON_UNKNOWN_ORDER,
    REJECTED,
    SELL,
    TRADE,
    Event,
    Message,
    Quote,
    write_message,
)
from lob.units cimport SECOND_NS

from lob.checks import choice, integer, real, switch
from lob.types import MAX_SIZE as SIZE_LIMIT

__all__ = ["MakerMarket"]

MAX_DEPTH = 2**24
MAX_METAORDERS = 2**16
FORCED_SOURCES = ("account", "engine")

cdef enum:  # what a wake-up is for, in the top bits of its payload
    CLOCK = 0
    FOLLOW = 1  # a market order that follows on another
    ANSWER = 2  # a limit order that answers one
    EXPIRE_BID = 3
    EXPIRE_ASK = 4
    PULL = 5
    NEWS = 6
    STATED = 7  # what was said beforehand: a move of the fair value, or makers who leave
    KIND_SHIFT = 29
    NUMBER = (1 << KIND_SHIFT) - 1

    CLUSTERS = 4096  # of which makers remember the volume: those that began last
    QUEUE_LOOK = 16  # orders ahead of the flow's own at a price, for a stale one

cdef int64_t ALREADY = -1
cdef double COUNTED = 2  # mean limit orders: makers count a market order of the flow as no larger
cdef double LONGEST_STAY = 9e9  # s: 285 years
cdef double NO_SHARE = -1  # of a move of the fair value, with which nobody leaves


def time_of(row):
    """When something that was stated comes."""
    return row[0]


@cython.auto_pickle(True)
cdef class MakerMarket(BackgroundFlow):
    """Makers who quote around a fair value, and takers who come in clusters and in metaorders.

    *Market orders.* Clusters begin at rate ``clusters``. On each market order ``followers[k]``
    others follow on average, after exponential times of rate ``follower_rates[k]``, for a fast, a
    slower and a slow kernel k; the share ``same_side[k]`` of them has its side. Besides,
    ``metaorders`` large orders are at work, whose pieces come at rate ``metaorder_rate`` in all;
    one that is done is replaced by another of either side, with at least l pieces with probability
    ``l**-beta``. A market order asks for a size out of ``market_sizes``, and gets no more than
    rests at the best price.

    *Limit orders* come at rate ``limit_rate`` by themselves, and ``answers[k]`` on average in
    answer to each market order, of whomever, after exponential times of rate ``answer_rates[k]``;
    the share ``answer_same[k]`` of those is on the side of the market order. Where one goes depends
    on the gap between the fair value and the best price of its side, by ``gap``, ``join``,
    ``distances``, ``undercut``, ``reach`` and ``least_gap``: see
    ``agents.flow.placement.Placement``. Its size is out of ``limit_sizes``, and the time that it
    stays is drawn when it is sent, by the hazard of ``ages`` and ``hazard``; one that is n times
    ``patience`` ticks behind the best price, n > 1, stays n times as long. Quotes nearer to the
    fair value than ``least_gap``, or beyond it, are *stale*: makers pull those at the best price
    one by one, at rate ``reaction`` times 1 + the ticks that it is stale / ``gap``.

    *The fair value* moves with news, Laplace-distributed jumps. They begin at rate ``news_rate``,
    and ``news_followers`` others follow on each, on average, after exponential times of rate
    ``news_follower_rate``: so volatility comes in spells. And it moves with trades:
    ``agents.flow.fair_value.FairValue`` says how ``impact``, ``permanent``, ``decays`` and
    ``forgetting`` shape what a *source* of trades moves. Sources are each cluster, each metaorder
    and, of the aggressive orders of others, each owner: of a forced sale the account that is sold
    out, or with ``forced_sources="engine"`` the liquidation engine, whose sales all are one source,
    with those of whoever sells on what it took over and keeps the tag. The flow's own market orders
    count with what they asked for, at most twice the mean of ``limit_sizes``; those of others with
    what they traded. The trades of a call auction have no taker, and move nothing.

    *Following.* Where the instrument is worth so much of another one, makers look at that book
    whenever they do anything, and the fair value moves by as much as its mid has since it was first
    seen. What is traded here does not move the other book: that takes an arbitrageur.

    *Thinning.* Where the recent volatility of the fair value is s times ``calm``, s > 1, a limit
    order is sent with probability ``s**-thinning`` only, at least ``least_share``. The variance
    forgets at rate ``calming``, and so depth comes back.

    That makers recognise who trades is an **assumption**, and the square root law of this market
    rests on it: real makers see no names, only the pace, the sizes and the places of orders. With
    ``recognise_sources=False`` all trades are those of one source, and the impact of a metaorder
    becomes near linear, as it is with other flows.

    All draws are keyed: what the flow's own market orders ask for, its news, and the part of the
    fair value that comes of them are the same whatever others do, and each limit order of two runs
    with one seed has the same luck.

    Parameters
    ----------
    name, price, **others
        As for ``BackgroundFlow``; ``size`` multiplies all sizes, and is the unit of ``impact``.
    clusters
        Clusters a second, 0 or more.
    limit_rate
        Limit orders a second by themselves, both sides together, 0 or more.
    market_sizes, limit_sizes
        Sizes, equally likely each, in units of ``size``, 1 or more.
    volatility
        Of news, in bps a square root of a second, 0 or more.
    impact
        Move of the fair value in bps by the first ``size`` lots of a source, 0 or more.
    gap, distances
        See ``Placement``.
    followers, follower_rates, same_side
        Three numbers each: see above. The sum of ``followers`` must be below 1.
    metaorders, metaorder_rate, beta
        Large orders at work, 0 or more; their market orders a second; the tail exponent of their
        lengths, from 1.05 to 10.
    answers, answer_rates, answer_same
        Three numbers each: see above.
    join, undercut, reach, least_gap
        See ``Placement``.
    ages, hazard
        Seconds of age, rising, and cancellations a second of one order before, between and after
        them: one more than ``ages``.
    patience
        Ticks, 0 or more; 0: an order stays no longer where it is far behind.
    reaction
        Stale orders that are pulled a second, on a side, above 0.
    news_rate, news_followers, news_follower_rate
        Jumps a second that come by themselves, above 0; how many follow on each, below 1; a rate a
        second, above 0.
    permanent, decays, forgetting
        See ``FairValue``.
    calm, thinning, least_share, calming
        Volatility in bps a square root of a second, above 0; exponent, 0 or more (0: never thin);
        share above 0 and at most 1; rate a second, above 0.
    depth
        How many limit orders the market begins with, some fewer if the price has moved over them
        since they came; ``None``: about as many as rest on average.
    recognise_sources
        Whether makers tell sources apart.
    forced_sources
        Who makers take a forced order for: ``"account"``, each account that is sold out by itself,
        or ``"engine"``, all of a clearing for one.
    follows
        Number of another instrument, whose mid the fair value follows in proportion, besides all
        that moves it here; ``None``: of none.

    Attributes
    ----------
    fair_value : float
        In ticks, as it was when the flow last looked.
    standing_share : float
        Of limit orders that makers send, by the recent volatility: 1 is calm.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type, length or range.

    References
    ----------
    Bouchaud, Bonart, Donier, Gould (2018): Trades, Quotes and Prices, for metaorders, the square
    root law, and what is left of it; Filimonov, Sornette (2012), Physical Review E 85, 056108, and
    Hardiman, Bercot, Bouchaud (2013), European Physical Journal B 86, 442, for clusters. How the
    parts are joined is our own.
    """

    def __init__(
        self,
        name,
        *,
        price,
        clusters,
        limit_rate,
        market_sizes,
        limit_sizes,
        volatility,
        impact,
        gap,
        distances,
        followers=(0.45, 0.22, 0.17),
        follower_rates=(200.0, 7.8, 0.08),
        same_side=(0.985, 0.97, 0.84),
        metaorders=0,
        metaorder_rate=0.0,
        beta=1.5,
        answers=(1.0, 1.0, 1.0),
        answer_rates=(250.0, 25.0, 1.4),
        answer_same=(0.5, 0.5, 0.5),
        join=0.2,
        undercut=0.5,
        reach=0.6,
        ages=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
        hazard=(45.0, 12.0, 7.7, 3.3, 1.6, 0.84, 0.47, 0.33, 0.28, 0.16, 0.1, 0.06, 0.02),
        patience=0.0,
        least_gap=0.0,
        reaction=5.0,
        news_rate=0.1,
        news_followers=0.0,
        news_follower_rate=0.02,
        permanent=0.44,
        decays=(0.008, 0.003, 0.001),
        forgetting=0.0,
        calm=1.0,
        thinning=0.0,
        least_share=0.1,
        calming=0.005,
        depth=None,
        recognise_sources=True,
        forced_sources="account",
        follows=None,
        **others,
    ):
        BackgroundFlow.__init__(self, name, price=price, **others)
        if self.last_bid < 1:
            raise ValueError(f"price must be 1 tick or more, got {price!r}")
        self.fair = FairValue(
            price,
            impact=impact,
            permanent=permanent,
            decays=decays,
            forgetting=forgetting,
            calming=calming,
        )
        self.cluster_rate = real("clusters", clusters, 0)
        self.limit_rate = real("limit_rate", limit_rate, 0)
        self.set_news(volatility, news_rate, news_followers, news_follower_rate)
        self.set_followers(followers, follower_rates, same_side)
        self.set_metaorders(metaorders, metaorder_rate, beta)
        self.answers = offspring(
            "answers", ("answer_rates", "answer_same"), answers, answer_rates, answer_same
        )
        self.set_sizes(market_sizes, limit_sizes)
        self.placement = Placement(
            gap,
            distances=distances,
            join=join,
            undercut=undercut,
            reach=reach,
            least_gap=least_gap,
        )
        self.patience = real("patience", patience, 0)
        self.reaction = real("reaction", reaction, above=0)
        self.calm = real("calm", calm, above=0) * 1e-4
        self.thinning = real("thinning", thinning, 0)
        self.least_share = real("least_share", least_share, 0, 1, above=0)
        self.recognise_sources = switch("recognise_sources", recognise_sources)
        self.engine_is_one = choice("forced_sources", forced_sources, FORCED_SOURCES) == "engine"
        self.follows = -1 if follows is None else integer("follows", follows, 0)
        if self.follows == self.instrument:
            raise ValueError(f"follows must be another instrument than its own, got {follows!r}")
        self.lifetimes = Lifetimes(ages, hazard)
        self.depth = -1 if depth is None else integer("depth", depth, 0, MAX_DEPTH)
        if depth is None and self.orders_at_rest() > MAX_DEPTH:
            raise ValueError(
                f"depth must be given where more than {MAX_DEPTH} orders are expected, got None"
            )
        # Roughly: of news, and of market orders, of which the first of a cluster moves most.
        self.variance = 2 * self.news_rate * self.jump * self.jump / (1 - news_followers)
        self.variance += (
            0.75 * self.market_rate() * self.fair.impact * self.fair.impact * self.mean_counted
        )
        self.owners = Sources()
        self.sources = Sources(CLUSTERS)
        self.diary = Diary()
        self.due = Block()
        self.present = 1
        self.stated = []
        self.absences = ()

    def move_fair_value(self, times, moves):
        """Say before the run that the fair value will move for good, besides by its own news.

        Parameters
        ----------
        times
            ns since the start of the run, 1 or more.
        moves
            By how much then, as a logarithm, one for each time.

        Raises
        ------
        TypeError, ValueError
            If an argument is of another type or outside its range.
        """
        rows = [
            (integer("times", at, 1), real("moves", move), NO_SHARE)
            for at, move in zip(times, moves, strict=True)
        ]
        self.state(rows)

    def leave(self, start, end, share):
        """Say before the run that makers will leave for some time.

        When they leave, each of their orders is cancelled with the probability ``share``, and of
        the limit orders that would come until ``end`` the same share does not. From then on all
        come again, and depth is back as fast as they do.

        Parameters
        ----------
        start, end
            ns since the start of the run, from 1.
        share
            Of depth that leaves, above 0 and at most 1. Of two at one time the larger holds.

        Raises
        ------
        TypeError, ValueError
            If an argument is of another type or outside its range.
        """
        begin = integer("start", start, 1)
        until = integer("end", end, begin + 1)
        gone = real("share", share, 0, 1, above=0)
        self.absences = (*self.absences, (begin, until, gone))
        self.state([(begin, 0.0, gone), (until, 0.0, 0.0)])

    cdef int state(self, list rows) except -1:
        if self.subscribed:
            raise ValueError("what is to come is said before the run begins")
        self.stated = sorted([*self.stated, *rows], key=time_of)
        if len(self.stated) > NUMBER:
            raise ValueError(f"at most {NUMBER:,} moves can be stated, got {len(self.stated):,}")
        return 0

    cdef int set_followers(
        self, object followers, object rates, object same
    ) except -1:
        self.followers = offspring(
            "followers", ("follower_rates", "same_side"), followers, rates, same
        )
        if self.followers.passed[KERNELS - 1] >= 1:
            raise ValueError(
                f"followers must sum to less than 1, or clusters never end, got {followers!r}"
            )

    cdef int set_news(
        self, object volatility, object rate, object followers, object follower_rate
    ) except -1:
        cdef double many = real("news_followers", followers, 0, below=1)
        cdef double pace = real("news_follower_rate", follower_rate, above=0)
        self.news_rate = real("news_rate", rate, above=0)
        # A Laplace jump of scale b has the variance 2 b^2.
        self.jump = (
            real("volatility", volatility, 0) * 1e-4 * sqrt((1 - many) / (2 * self.news_rate))
        )
        self.news = offspring("news", ("", ""), (many, 0, 0), (pace, pace, pace), (1, 1, 1))
        return 0

    cdef int set_metaorders(
        self, object metaorders, object rate, object beta
    ) except -1:
        self.metaorder_count = integer("metaorders", metaorders, 0, MAX_METAORDERS)
        self.metaorder_rate = real("metaorder_rate", rate, 0)
        self.beta = real("beta", beta, 1.05, 10)
        if self.metaorder_rate > 0 and self.metaorder_count == 0:
            raise ValueError(f"metaorder_rate must be 0 without metaorders, got {rate!r}")
        self.metaorders = Block()
        self.metaorders.reserve(max(1, self.metaorder_count) * sizeof(Metaorder))

    cdef int set_sizes(
        self, object market_sizes, object limit_sizes
    ) except -1:
        cdef int64_t *sizes
        market, limit = list(market_sizes), list(limit_sizes)
        lots = [
            integer(f"{which}[{i}]", size, 1, SIZE_LIMIT // self.size) * self.size
            for which, many in (("market_sizes", market), ("limit_sizes", limit))
            for i, size in enumerate(many)
        ]
        for which, many in (("market_sizes", market), ("limit_sizes", limit)):
            if not many:
                raise ValueError(f"{which} must not be empty")
        self.market_sizes, self.limit_sizes = len(market), len(limit)
        self.sizes = Block()
        self.sizes.reserve(sizeof(int64_t) * len(lots))
        sizes = <int64_t *>self.sizes.data
        for i, size in enumerate(lots):
            sizes[i] = size
        self.most_counted = COUNTED * sum(limit) / len(limit)
        self.mean_counted = sum([min(one, self.most_counted) for one in market]) / len(market)

    cdef double market_rate(self) noexcept:
        """Market orders a second on average."""
        cdef double follow = self.followers.passed[KERNELS - 1]
        return (self.cluster_rate + self.metaorder_rate) / (1 - follow)

    cdef double orders_at_rest(self) noexcept:
        """How many limit orders near the best price rest on average if none trades or is pulled."""
        cdef double answered = self.market_rate() * self.answers.passed[KERNELS - 1]
        return (self.limit_rate + answered) * self.lifetimes.mean

    @property
    def fair_value(self):
        """The fair value in ticks, as it was when the flow last looked."""
        return self.fair.value

    @property
    def standing_share(self):
        """The share of limit orders that makers send, by the volatility when the flow last looked.
        """
        return self.standing()

    # ---------------------------------------------------------------- the clock

    cdef int start(self) except -1:
        cdef Metaorder *metaorders = <Metaorder *>self.metaorders.data
        cdef int64_t i
        cdef int64_t books = len(self.simulation.books)
        if self.follows >= books:
            raise ValueError(f"follows must be an instrument, 0 to {books - 1}, got {self.follows}")
        self.fair.begin(self.simulation.now)
        self.outside_key = draw(&self.stream)
        self.pull_key = draw(&self.stream)
        for i in range(self.metaorder_count):
            metaorders[i].remaining = zipf(&self.stream, self.beta)
            metaorders[i].side = BUY if draw(&self.stream) >> 63 else SELL
            self.sources_seen += 1
            metaorders[i].source = self.sources_seen
        self.seed_book()
        # The trades of all, those that this flow has no part in included.
        self.subscribe(self.instrument)
        self.subscribed = True
        self.await_stated(0)
        return self.wake_at_rate(self.total_rate())

    cdef int await_stated(self, uint32_t number) except -1:
        """Wake up for what was stated as the number says, if there is such."""
        if number >= len(self.stated):
            return 0
        return self.wake_at(<int64_t>self.stated[number][0], (STATED << KIND_SHIFT) | number)

    cdef int meet_stated(self, uint32_t number) except -1:
        """The fair value moves, or makers leave or are back, as it was stated."""
        cdef int64_t now = self.simulation.now
        cdef double move = self.stated[number][1], gone = self.stated[number][2]
        self.await_stated(number + 1)
        if gone == NO_SHARE:
            self.fair.news(now, move)
            return 0
        away = [share for start, end, share in self.absences if start <= now < end]
        self.present = 1 - max(away) if away else 1.0
        if gone > 0:
            self.cancel_share(self.buys, 0, gone)
            self.cancel_share(self.sells, 1, gone)
        return 0

    cdef int cancel_share(self, OpenOrders orders, uint32_t row, double share) except -1:
        """Cancel a share of the orders of a side, each by its own luck."""
        # A key of its own: whoever draws nothing more than before has the same luck as before.
        cdef uint64_t key = self.pull_key ^ <uint64_t>self.simulation.now
        cdef int64_t i
        cdef OpenOrder one
        going = []
        for i in range(orders.count):
            one = orders.at(i)[0]
            if self.due_at(row, <uint32_t>one.handle)[0] != ALREADY and chance(&key) < share:
                self.due_at(row, <uint32_t>one.handle)[0] = ALREADY
                going.append(one.order_id)
        for order_id in going:
            self.cancel_order(self.instrument, order_id)
        return 0

    cdef double total_rate(self) noexcept:
        return self.cluster_rate + self.metaorder_rate + self.limit_rate + self.news_rate

    cdef int seed_book(self) except -1:
        """The orders of the beginning, of the ages that are met at a random time."""
        cdef int64_t count = self.depth
        # Quotes stand some such way from the fair value.
        cdef int64_t half = <int64_t>(0.25 * self.placement.gap) + 1
        cdef int64_t middle = self.last_bid
        cdef int64_t copies, came, price, other
        cdef double where, far, stretch, age, spread, away, now
        cdef uint64_t key
        cdef int side
        if count < 0:
            count = poisson(&self.stream, self.orders_at_rest())
        self.last_bid = middle - half if middle > half else 1
        self.last_ask = middle + half
        while count > 0:
            side = BUY if draw(&self.stream) >> 63 else SELL
            where, far = uniform(&self.stream), uniform(&self.stream)
            came = self.price_of(side, where, far)
            stretch = self.stretch_of(side, came)
            copies = <int64_t>(stretch + uniform(&self.stream))
            if self.depth > 0:
                copies = min(copies, count)
                count -= copies
            else:
                count -= 1
            while copies:
                copies -= 1
                age = stretch * self.lifetimes.age_of(uniform(&self.stream), uniform(&self.stream))
                key = draw(&self.stream)
                # Since it came the fair value has moved. Where that met the order, it has gone; the
                # rest is the chance that a Brownian path stays away (reflection principle).
                spread = self.variance * age * middle * middle
                away = side * (middle - came) - self.placement.least_gap
                now = away + sqrt(spread) * normal(&self.stream)
                if now <= 0 or (
                    spread > 0 and chance(&key) < natural_exp(-2 * away * now / spread)
                ):
                    continue
                price = middle - side * <int64_t>(now + self.placement.least_gap)
                self.look()
                other = self.last_ask if side == BUY else self.last_bid
                if side * (other - price) <= 0:
                    price = other - side
                self.send_quote(side, price, stretch, age / stretch, key)
        return 0

    cdef int wake(self, uint32_t payload) except -1:
        cdef uint32_t kind = payload >> KIND_SHIFT
        cdef uint32_t number = payload & NUMBER
        cdef OpenOrders orders
        if self.follows >= 0:
            self.learn()
        if kind == CLOCK:
            self.something_comes()
        elif kind == FOLLOW or kind == ANSWER or kind == NEWS:
            self.call(kind, number)
        elif kind == PULL:
            self.pulling[number] = False
            self.pull(BUY if number == 0 else SELL)
        elif kind == STATED:
            self.meet_stated(number)
        elif self.due_at(kind - EXPIRE_BID, number)[0] == self.simulation.now:
            orders = self.buys if kind == EXPIRE_BID else self.sells
            self.due_at(kind - EXPIRE_BID, number)[0] = ALREADY
            self.cancel_order(
                self.instrument, orders.at(orders.place_of(number)[0]).order_id
            )
            return 0
        else:
            return 0  # the order has gone before
        return self.watch()

    cdef int something_comes(self) except -1:
        """What comes by itself. Each takes three draws, whatever there is: the rest is keyed."""
        cdef double at = uniform(&self.stream) * self.total_rate()
        cdef uint64_t key = draw(&self.stream)
        cdef int side = BUY if key >> 63 else SELL
        self.wake_at_rate(self.total_rate())
        if at < self.limit_rate:
            return self.place(side, key)
        at -= self.limit_rate
        if at < self.cluster_rate:
            self.sources_seen += 1
            return self.market(side, self.sources_seen, key)
        at -= self.cluster_rate
        if at < self.metaorder_rate:
            return self.piece(key)
        return self.happen(key)

    cdef int happen(self, uint64_t key) except -1:
        """News move the fair value, and others follow."""
        cdef double size = -self.jump * natural_log(1 - chance(&key))
        self.fair.news(self.simulation.now, size if next_key(&key) >> 63 else -size)
        return self.spawn(&self.news, NEWS, BUY, 0, &key)

    cdef int learn(self) except -1:
        """See what the fair value follows; where a side of that is empty nothing new is known."""
        cdef Quote quote
        cdef double mid
        self.simulation.read_touch(self, self.follows, &quote)
        if not quote.bid_size or not quote.ask_size:
            return 0
        mid = 0.5 * (quote.bid_price + quote.ask_price)
        if mid <= 0:
            return 0
        if self.followed_start == 0:
            self.followed_start = mid
        self.fair.follow(self.simulation.now, natural_log(mid / self.followed_start))
        return 0

    # ---------------------------------------------------------------- market orders

    cdef int piece(self, uint64_t key) except -1:
        """A metaorder, any of them, sends its next market order."""
        cdef int64_t place = <int64_t>(chance(&key) * self.metaorder_count)
        cdef Metaorder *one = &(<Metaorder *>self.metaorders.data)[place]
        cdef int side = <int>one.side
        cdef int64_t source = one.source
        one.remaining -= 1
        if one.remaining == 0:
            one.remaining = pareto(&self.stream, self.beta)
            one.side = BUY if draw(&self.stream) >> 63 else SELL
            self.sources_seen += 1
            one.source = self.sources_seen
        return self.market(side, source, key)

    cdef int market(self, int side, int64_t source, uint64_t key) except -1:
        """A market order of a source, and what follows on it."""
        cdef Message message
        cdef int64_t size, room
        cdef double counted
        size = (<const int64_t *>self.sizes.data)[<int64_t>(chance(&key) * self.market_sizes)]
        # What it asked for, not what it got: that does not hang on what others do.
        counted = <double>size / self.size
        self.fair.trade(
            self.simulation.now,
            &self.everybody if not self.recognise_sources else self.sources.find(source),
            side * (counted if counted < self.most_counted else self.most_counted),
        )
        self.spawn(&self.answers, ANSWER, side, 0, &key)
        self.spawn(&self.followers, FOLLOW, side, source, &key)
        room = self.opposite_size(side)
        if room <= 0:
            return 0
        write_message(&message, NEW, side, MARKET, GTC, 0, 0, <uint16_t>self.instrument)
        message.order_id = self.new_order_id()
        message.size = size if size < room else room
        message.owner = self.owner
        return self.simulation.send(self, &message, 0)

    cdef int64_t opposite_size(self, int side) except? -1:
        """Lots that a market order may ask for: those at the best price, but never all of a side.
        """
        cdef Book *book = self.simulation.book(self.instrument)
        cdef int other = 1 if side == BUY else 0
        cdef int64_t size
        cdef Quote quote
        self.simulation.read_touch(self, self.instrument, &quote)
        size = quote.ask_size if side == BUY else quote.bid_size
        if size >= book.volume[other]:
            size = book.volume[other] - self.size
        return size

    cdef int spawn(
        self, const Offspring *many, uint32_t kind, int side, int64_t source, uint64_t *key
    ) except -1:
        """Schedule what follows on an event."""
        cdef int left = how_many(many, chance(key))
        cdef Follower one
        cdef uint32_t number
        while left:
            left -= 1
            one = follower(many, key)
            number = self.diary.enter(one.key, side if one.same else -side, source)
            self.wake_at(self.simulation.later(one.wait), (kind << KIND_SHIFT) | number)
        return 0

    cdef int call(self, uint32_t kind, uint32_t number) except -1:
        """What was scheduled happens."""
        cdef Coming coming = self.diary.take(number)
        if kind == FOLLOW:
            return self.market(coming.side, coming.source, coming.key)
        if kind == NEWS:
            return self.happen(coming.key)
        return self.place(coming.side, coming.key)

    # ---------------------------------------------------------------- limit orders

    cdef int place(self, int side, uint64_t key) except -1:
        """A limit order, if makers stand."""
        cdef double where = chance(&key), far = chance(&key)
        cdef int64_t price
        if chance(&key) >= self.standing() * self.present:
            return 0
        price = self.price_of(side, where, far)
        return self.send_quote(side, price, self.stretch_of(side, price), 0, key)

    cdef int64_t price_of(self, int side, double where, double far) except? -1:
        """Where a limit order goes by the market as it is."""
        self.look()
        return self.placement.price(
            side,
            self.fair.at(self.simulation.now),
            self.last_bid if side == BUY else self.last_ask,
            self.last_ask if side == BUY else self.last_bid,
            where,
            far,
        )

    cdef double stretch_of(self, int side, int64_t price) noexcept:
        """How many times as long an order stays as one near the best price."""
        cdef int64_t best = self.last_bid if side == BUY else self.last_ask
        cdef double stretch
        if self.patience == 0:
            return 1
        stretch = side * (best - price) / self.patience
        return stretch if stretch > 1 else 1

    cdef int send_quote(
        self, int side, int64_t price, double stretch, double age, uint64_t key
    ) except -1:
        """A limit order of an age in units of its stretch, in seconds."""
        cdef double stays = stretch * self.lifetimes.until(chance(&key), age)
        cdef int64_t size = (<const int64_t *>self.sizes.data)[
            self.market_sizes + <int64_t>(chance(&key) * self.limit_sizes)
        ]
        return self.quote(side, price, size, stays)

    cdef int quote(self, int side, int64_t price, int64_t size, double stays) except -1:
        """Send a limit order that is cancelled after so many seconds."""
        cdef OpenOrders orders = self.buys if side == BUY else self.sells
        cdef Message message
        cdef int64_t due, handle
        cdef uint32_t row = 0 if side == BUY else 1
        if price > MAX_PRICE or price < self.least_price:
            return 0
        write_message(&message, NEW, side, LIMIT, GTC, 0, 0, <uint16_t>self.instrument)
        message.order_id = self.new_order_id()
        message.price = price
        message.size = size
        message.owner = self.owner
        handle = orders.add(message.order_id, price)
        message.tag = handle
        if handle > NUMBER:
            raise MemoryError
        if 2 * sizeof(int64_t) * <size_t>(handle + 1) > self.due.nbytes:
            self.due.reserve(4 * sizeof(int64_t) * <size_t>(handle + 1))
        if stays > LONGEST_STAY:
            stays = LONGEST_STAY
        due = self.simulation.later(<int64_t>(stays * SECOND_NS))
        self.due_at(row, <uint32_t>handle)[0] = due
        self.wake_at(due, ((EXPIRE_BID + row) << KIND_SHIFT) | <uint32_t>handle)
        return self.simulation.send(self, &message, 0)

    cdef int64_t *due_at(self, uint32_t row, uint32_t handle) noexcept:
        return &(<int64_t *>self.due.data)[2 * handle + row]

    cdef double standing(self) noexcept:
        """The share of limit orders that makers send: less where the fair value has moved much."""
        cdef double stress, share
        if self.thinning == 0:
            return 1
        stress = self.fair.volatility_at(self.fair.updated) / self.calm
        if stress <= 1:
            return 1
        share = natural_exp(-self.thinning * natural_log(stress))
        return share if share > self.least_share else self.least_share

    # ---------------------------------------------------------------- stale quotes

    cdef int watch(self) except -1:
        """Have stale quotes pulled soon."""
        cdef int row
        cdef double wait, beyond
        self.look()
        self.fair.at(self.simulation.now)
        for row in range(2):
            if self.pulling[row]:
                continue
            beyond = self.staleness(BUY if row == 0 else SELL)
            if beyond > 0:
                self.pulling[row] = True
                wait = -natural_log(1 - chance(&self.pull_key)) * SECOND_NS
                wait /= self.reaction * (1 + beyond / self.placement.gap)
                self.wake_at(self.simulation.later(<int64_t>wait), (PULL << KIND_SHIFT) | row)
        return 0

    cdef double staleness(self, int side) noexcept:
        """How many ticks the best price of a side is nearer to the fair value than a quote may be.

        0 or less: it is not, or no quote of the flow is there.
        """
        cdef int64_t best = self.last_bid if side == BUY else self.last_ask
        cdef OpenOrders orders = self.buys if side == BUY else self.sells
        return self.placement.least_gap - side * (self.fair.value - best) if orders.count else 0

    cdef int pull(self, int side) except -1:
        """Cancel the flow's oldest order at the best price, if it is stale."""
        cdef Book *book = self.simulation.book(self.instrument)
        cdef int row = 0 if side == BUY else 1
        cdef const Level *level
        cdef const RestingOrder *order
        cdef uint32_t at
        self.look()
        self.fair.at(self.simulation.now)
        if not self.staleness(side) > 0 or book.session != CONTINUOUS or not book.volume[row]:
            return 0
        level = &book.sides[row].levels[book.sides[row].best]
        at = level.head
        for _ in range(QUEUE_LOOK):
            if at == 0:
                return 0
            order = &book.table.orders[at]
            if order.owner == self.owner and self.due_at(row, <uint32_t>order.tag)[0] != ALREADY:
                self.due_at(row, <uint32_t>order.tag)[0] = ALREADY
                return self.cancel_order(self.instrument, order.order_id)
            at = order.next
        return 0

    # ---------------------------------------------------------------- what happens

    cdef int note(self, const Event *event) except -1:
        """Forget the orders that left the book, and learn from the trades of others."""
        if event.kind == TRADE:
            if event.resting_leaves == 0 and event.resting_owner == self.owner:
                self.forget(-event.side, event.resting_tag)
            if event.owner != self.owner:
                return self.see(event)
            if event.leaves == 0 and event.tag:
                self.forget(event.side, event.tag)
        elif event.kind == CANCELLED or event.kind == REJECTED:
            # Market orders and cancellations carry no handle.
            if event.owner == self.owner and event.tag and event.reason != REASON_UNKNOWN_ORDER:
                self.forget(event.side, event.tag)
        return 0

    cdef int forget(self, int side, int64_t handle) except -1:
        cdef OpenOrders orders = self.buys if side == BUY else self.sells
        orders.remove(handle)
        self.due_at(0 if side == BUY else 1, <uint32_t>handle)[0] = ALREADY
        return 0

    cdef int see(self, const Event *event) except -1:
        """An aggressive order of somebody else moves the fair value, and is answered.

        One that trades at several prices is answered once for each. The trades of a call auction
        have no taker, and tell nothing.
        """
        cdef uint64_t key
        cdef int64_t whose = event.owner
        if event.reason == REASON_UNCROSS:
            return 0
        if self.engine_is_one and event.tag >= LIQUIDATION_TAG:
            whose = -(event.tag >> 48)  # the number of its clearing, and below that of any owner
        self.fair.trade(
            self.simulation.now,
            &self.everybody if not self.recognise_sources else self.owners.find(whose),
            event.side * (<double>event.size / self.size),
        )
        if event.order_id != self.last_taker or event.price != self.last_price:
            self.last_taker, self.last_price = event.order_id, event.price
            key = next_key(&self.outside_key)
            self.spawn(&self.answers, ANSWER, event.side, 0, &key)
        return 0
