"""The event clock, and what every participant has."""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from lob.engine.block cimport Block
from agents.owners cimport Owners
from agents.random cimport Stream
from agents.schedule cimport Pool, Schedule
from lob.engine.matching cimport Book
from lob.engine.records cimport Event, Message, Quote
from lob.venue.venue cimport Venue

cdef str VENUE_NAME  # whom a Distance places under this name


cdef struct PriceAlarm:
    int64_t price  # ticks
    uint32_t agent
    int32_t clearing  # of a mark; -1: the best price of a book
    int32_t number  # of the holding, or of the instrument
    int32_t side


cdef class Simulation:
    cdef object __weakref__
    cdef readonly int64_t now
    cdef readonly object seed
    cdef readonly Venue venue
    cdef list participants  # in the order in which they were added
    cdef dict names
    cdef Owners owners
    cdef Schedule schedule
    cdef Pool pool
    cdef int64_t routed  # events of the venue's journal that have been brought to whom they concern
    cdef bint watched  # somebody sees the market late
    cdef Block pending  # deliveries at this very moment, in order
    cdef int64_t pending_first
    cdef int64_t pending_count
    cdef list subscribers  # by instrument: lists of agents
    cdef list histories  # by instrument: QuoteHistory, or None where nobody reads late
    cdef Block alarms  # PriceAlarm: who sleeps until a price is reached
    cdef int64_t alarm_count
    cdef Participant acting
    cdef Event heard  # what the acting agent is told of
    cdef bint hearing
    cdef int64_t begun  # so many of the agents have started
    cdef readonly int64_t max_things_at_one_time
    cdef readonly object max_hook_seconds  # float; None: no bound
    cdef int64_t turn  # things that have happened: the watchdog looks whether it moves
    cdef int64_t looked_at  # ns: when it was last looked whether the clock moves
    cdef int64_t at_once  # things that have happened at that time
    cdef bint watched_by_dog
    cdef bint interrupted  # the watchdog has raised in the thread of this run

    cdef inline Book *book(self, int64_t instrument) noexcept:
        return self.venue.book_of[instrument]

    cdef int schedule_wake(
        self, Participant agent, int64_t time, uint32_t payload
    ) except -1
    cdef int send(self, Participant agent, Message *message, uint32_t member) except -1
    cdef int ask(self, Participant agent, int64_t instrument, uint32_t member) except -1
    cdef int refuse(self, const Message *message) except -1
    cdef int schedule_record(
        self, const void *record, size_t size, int64_t delay, uint32_t kind, uint32_t target
    ) except -1
    cdef int64_t later(self, int64_t delay) noexcept
    cdef int execute(self, Message *message) except -1
    cdef int route(self) except -1
    cdef int deliver(self, Participant agent, const Event *event, int64_t delay) except -1
    cdef int set_alarm(self, const PriceAlarm *alarm, bint wanted) except -1
    cdef int sound_alarms(self) except -1
    cdef bint is_reached(self, const PriceAlarm *alarm) except -1
    cdef int drain(self) except -1
    cdef int start_agents(self) except -1
    cdef int act(self) except -1
    cdef int64_t run_until(self, int64_t until, int64_t most) except -1
    cdef int advance_venue(self, int64_t until) except -1
    cdef int look_around(self) except -1
    cdef int settle_owner(self, Participant participant) except -1
    cdef list holders_of(self, Participant participant)
    cdef int move_owners(self, Participant participant) except -1
    cdef bint register_if_free(self, Participant participant) except -1
    cdef int register_all(self, dict without) except -1
    cdef bint is_settled(self, Participant participant) noexcept
    cdef Simulation copy_into(self, Simulation other, object memo)
    cdef int flush(self) except -1
    cdef object guarded(self, int64_t until, int64_t most, str who)
    cdef int remember_quote(self, int64_t instrument) except -1
    cdef int keep_quotes(self, int64_t delay) except -1
    cdef int read_touch(self, Participant agent, int64_t instrument, Quote *quote) except -1


cdef class Participant:
    cdef readonly Simulation simulation
    cdef readonly str name
    cdef readonly int32_t owner  # its own, or the first of a population's
    cdef readonly int64_t members
    cdef bint owner_given
    cdef int64_t salt  # how often its name was hashed anew for its owner number
    cdef uint32_t index
    cdef Block last_out  # ns by member: when its latest message arrives; None: nothing overtakes
    cdef Block last_back  # the same of news on their way to it
    cdef Stream stream  # behaviour
    cdef Stream latency_stream
    cdef readonly object to_venue  # Latency or None
    cdef readonly object from_venue
    cdef readonly int64_t computation_delay
    cdef readonly int64_t market_data_delay
    cdef int64_t orders_sent
    cdef bint notes  # keeps account of the events of its own orders
    cdef bint hears  # and acts on events
    cdef object subscriptions  # dict: instrument -> bit mask of event kinds

    cdef int join(self) except -1
    cdef Block line_of(self, object latency)
    cdef int place_stream(self, Stream *stream, str name) except -1

    # What a compiled agent overrides.
    cdef int start(self) except -1
    cdef int wake(self, uint32_t payload) except -1
    cdef int note(self, const Event *event) except -1
    cdef int hear(self, const Event *event) except -1
    cdef int told(self, const Quote *quote, uint32_t member) except -1
    cdef int64_t delay_out(self, uint32_t member) noexcept
    cdef int64_t delay_back(self, uint32_t member) noexcept

    cdef inline int64_t under_way_out(self, uint32_t member) noexcept:
        """How long a message is on its way to the venue, in ns: none arrives before the last."""
        cdef int64_t delay = self.computation_delay + self.delay_out(member)
        if self.last_out is None:
            return delay
        return behind_the_last(self.last_out, member, self.simulation.now, delay)

    cdef inline int64_t under_way_back(self, uint32_t member) noexcept:
        """How long news are on their way back, in ns."""
        cdef int64_t delay = self.delay_back(member)
        if self.last_back is None:
            return delay
        return behind_the_last(self.last_back, member, self.simulation.now, delay)

    # What it calls.
    cdef int wake_at(self, int64_t time, uint32_t payload) except -1
    cdef int64_t new_order_id(self) noexcept
    cdef int send(self, Message *message) except -1
    cdef int64_t place_order(
        self, int64_t instrument, int side, int64_t size, int64_t price, int order_type,
        int time_in_force, int64_t tag,
    ) except? -1
    cdef int cancel_order(self, int64_t instrument, int64_t order_id) except -1


cdef inline int64_t behind_the_last(
    Block line, uint32_t member, int64_t now, int64_t delay
) noexcept:
    """The delay with which what sets out now stays behind what set out before it."""
    cdef int64_t *last = &(<int64_t *>line.data)[member]
    if now + delay < last[0]:
        return last[0] - now
    last[0] = now + delay
    return delay
