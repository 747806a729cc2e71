"""The event clock, and what every participant has.

A run is a heap of things to come (``agents.schedule``), the venue with its books and clearing, and
participants that are woken, hear of events and send messages. Nothing else moves time.

What happens at one time happens in the order of priorities, and within one priority in the order
in which it was scheduled; what the venue has to do (timers, clearing, liquidations) comes first,
one thing at a time, so that participants can react in between. A message of a participant without
latency meets the book at once, in the middle of what the participant does; what it causes is heard
after that, in order. A message with latency is scheduled, and meets the book when it arrives.

Every message that met a book and every event that came of it is on a tape: in memory, streamed to
a writer, or dropped, as the run is set up.
"""

import copy as copying
cimport cython
from cpython.list cimport PyList_GET_ITEM
from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t

from lob.engine.block cimport Block
from agents.owners cimport Owners
from agents.quote_history cimport QuoteHistory, quote_of
from agents.latency cimport Distance, Latency
from agents.random cimport (
    BEHAVIOUR,
    LATENCY,
    PLACE,
    RootSeed,
    Stream,
    StreamKey,
    hash_of,
    named_stream,
    open_key,
    root_seed,
)
from agents.schedule cimport (
    AGENTS,
    MARKET_DATA,
    Entry,
    pool_copy,
    pool_put,
    pool_release,
    pool_take,
    schedule_copy,
    schedule_first,
    schedule_length,
    schedule_pop,
    schedule_push,
    schedule_release,
)
from lob.engine.memory cimport unlikely
from lob.engine.records cimport (
    CANCEL,
    FROM_VENUE,
    NEW,
    TRADE,
    Event,
    Message,
    Quote,
    write_message,
)
from lob.venue.venue cimport Venue, message_fits

import numpy as np

import lob
from lob import checks
from lob.types import EVENT, MESSAGE

__all__ = ["AgentError", "Participant", "Simulation"]

cdef enum:
    # What an entry of the schedule means: the top four bits of its target.
    WAKE = 0
    ARRIVE = 1
    DELIVER = 2
    QUERY = 3
    ANSWER = 4
    TARGET_SHIFT = 28
    AGENT = (1 << 28) - 1
    FLUSH_EVENTS = 40_000  # between messages, once so many wait to be written or dropped

cdef int64_t FOREVER = 2**63 - 1
cdef int64_t EVER = 2**62  # ns: a reader so late sees all that was
cdef str VENUE_NAME = "the venue"

cdef struct Pending:
    uint32_t agent
    uint32_t record

cdef struct Answer:
    Quote quote
    uint32_t member
    uint32_t instrument


class AgentError(RuntimeError):
    """An agent raised. The run stands as it was when it did, and can be looked at.

    Attributes
    ----------
    agent : str
    ts_event : int
        When, in ns.
    event : numpy.void or None
        The ``lob.EVENT`` that it was told of, if it was.
    """

    def __init__(self, agent, ts_event, event, cause):
        self.agent = agent
        self.ts_event = ts_event
        self.event = event
        at = "" if event is None else f", on the event {event}"
        super().__init__(
            f"agent {agent!r} failed at {ts_event} ns{at}: {type(cause).__name__}: {cause}"
        )


cdef class Simulation:
    """One run: a clock, the books of a venue, and the participants.

    Parameters
    ----------
    seed
        Root of all randomness: an integer from 0 to ``2**128 - 1``. Each participant draws from
        streams of its own, made of this seed and its name, so that adding or removing a
        participant changes the draws of no other.
    instruments, clearings, assets, events, messages, entries, breakers
        Of the venue: see ``lob.Venue``.
    start
        Time at which the run begins, in ns.
    facilities
        Claims and pools of the venue: see ``lob.Venue``.

    Attributes
    ----------
    now : int
        Time in ns.
    venue : lob.Venue
    agents : list[Participant]
        In the order in which they were added.

    Examples
    --------
    >>> import agents
    >>> simulation = agents.Simulation(seed=1)
    >>> simulation.run(until=1_000_000_000)
    >>> simulation.now
    1000000000
    """

    def __init__(
        self,
        seed=0,
        *,
        instruments=1,
        clearings=(),
        facilities=(),
        assets=(),
        start=0,
        events=True,
        messages=True,
        entries=True,
        breakers=(),
    ):
        self.seed = checks.integer("seed", seed, 0, 2**128 - 1)
        self.venue = Venue(
            instruments,
            clearings=clearings,
            facilities=facilities,
            assets=assets,
            events=events,
            messages=messages,
            entries=entries,
            start=start,
            breakers=breakers,
        )
        self.now = self.venue.now
        self.agents = []
        self.names = {}
        self.subscribers = [[] for _ in self.venue.books]
        self.histories = [None for _ in self.venue.books]
        self.owners = Owners()
        self.pending = Block()

    def __dealloc__(self):
        schedule_release(&self.schedule)
        pool_release(&self.pool)

    @property
    def books(self):
        """The venue's books, ``lob.OrderBook``, by instrument number."""
        return self.venue.books

    @property
    def instruments(self):
        """The venue's instruments, by number."""
        return self.venue.instruments

    @property
    def ledger(self):
        """The venue's ledger: who has how much of what."""
        return self.venue.ledger

    @property
    def clearings(self):
        """The venue's clearings, in their order."""
        return self.venue.clearings

    # ---------------------------------------------------------------- participants

    def add(self, agent):
        """Let a participant take part; returns it. It starts when the run goes on.

        Raises ``ValueError`` if its name or its owner number is taken, or if it takes part in
        another run.
        """
        cdef Participant participant
        cdef int64_t member
        if not isinstance(agent, Participant):
            raise TypeError(f"agent must be a Participant, got {agent!r}")
        participant = agent
        if participant.simulation is not None:
            raise ValueError(f"agent {participant.name!r} takes part in a run already")
        if participant.name in self.names:
            raise ValueError(f"an agent named {participant.name!r} takes part already")
        for member in range(participant.members):
            taken = self.owners.register(
                <int32_t>(participant.owner + member), len(self.agents) + 1
            )
            if taken:
                raise ValueError(
                    f"owner number {participant.owner + member} is that of agent "
                    f"{self.agents[taken - 1].name!r} already"
                )
        participant.index = len(self.agents)
        participant.simulation = self
        self.agents.append(participant)
        self.names[participant.name] = participant
        participant.join()
        return agent

    def __getitem__(self, name):
        """The participant with a name."""
        return self.names[name]

    # ---------------------------------------------------------------- running

    def run(self, *, until):
        """Run to a time in ns, what happens at that very time included.

        An exception of an agent comes out as ``AgentError``; the run can then be looked at, and
        goes on with what follows if it is run again.
        """
        cdef int64_t end = checks.integer("until", until, self.now)
        self.guarded(end, FOREVER)
        self.now = end

    def step(self, count=1):
        """Let the next things happen, at most ``count``; how many did."""
        cdef int64_t most = checks.integer("count", count, 0)
        return self.guarded(FOREVER, most)

    cdef object guarded(self, int64_t until, int64_t most):
        """Run, and say which agent raised."""
        try:
            return self.run_until(until, most)
        except Exception as cause:
            if self.acting is None or isinstance(cause, AgentError):
                raise
            event = None
            if self.hearing:
                event = np.frombuffer((<const char *>&self.heard)[: sizeof(Event)], EVENT)[0]
            raise AgentError(self.acting.name, self.now, event, cause) from cause
        finally:
            self.acting = None
            self.hearing = False

    cdef int run_until(self, int64_t until, int64_t most) except -1:
        cdef const Entry *first
        cdef int done = 0
        self.start_agents()
        while done < most:
            if unlikely(self.begun < len(self.agents)):
                self.start_agents()
            first = schedule_first(&self.schedule)
            if unlikely(
                self.venue.deadline <= until
                and (first == NULL or self.venue.deadline <= first.time)
            ):
                self.venue.advance_to(until if first == NULL else min(until, first.time))
                self.now = self.venue.now
                self.acting = None
                self.route()
            elif first == NULL or first.time > until:
                break
            else:
                self.act()
            if self.pending_count:
                self.drain()
            if unlikely(self.venue.journal.next - self.venue.journal.begin > FLUSH_EVENTS):
                self.flush()
            done += 1
        return done

    cdef int start_agents(self) except -1:
        """Start those who have joined since."""
        while self.begun < len(self.agents):
            self.acting = self.agents[self.begun]
            self.begun += 1
            self.acting.start()
            self.drain()
        return 0

    cdef int act(self) except -1:
        """Let the next thing happen."""
        cdef Entry entry = schedule_pop(&self.schedule)
        cdef uint32_t kind = entry.target >> TARGET_SHIFT
        cdef uint32_t target = entry.target & AGENT
        cdef Message message
        cdef Answer answer
        cdef Participant agent
        self.now = self.venue.now = self.venue.ledger.now = entry.time
        if kind == ARRIVE:
            self.acting = None
            pool_take(&self.pool, entry.payload, &message, sizeof(Message))
            message.ts_event = self.now
            return self.execute(&message)
        agent = <Participant>PyList_GET_ITEM(self.agents, target)
        self.acting = agent
        if kind == WAKE:
            return agent.wake(entry.payload)
        if kind == DELIVER:
            pool_take(&self.pool, entry.payload, &self.heard, sizeof(Event))
            self.hearing = True
            agent.note(&self.heard)
            agent.hear(&self.heard)
            self.hearing = False
            return 0
        pool_take(&self.pool, entry.payload, &answer, sizeof(Answer))
        if kind == ANSWER:
            return agent.told(&answer.quote, answer.member)
        quote_of(self.book(answer.instrument), self.now, &answer.quote)
        self.schedule_record(
            &answer, sizeof(Answer), agent.delay_back(answer.member), ANSWER, target
        )
        return 0

    cdef int schedule_record(
        self, const void *record, size_t size, int64_t delay, uint32_t kind, uint32_t target
    ) except -1:
        """Keep a record and schedule what it is for."""
        cdef int64_t number = pool_put(&self.pool, record, size)
        cdef uint64_t priority = MARKET_DATA if kind == DELIVER or kind == ANSWER else AGENTS
        if number < 0 or schedule_push(
            &self.schedule,
            self.later(delay),
            priority,
            (kind << TARGET_SHIFT) | target,
            <uint32_t>number,
        ) < 0:
            raise MemoryError
        return 0

    cdef inline int64_t later(self, int64_t delay) noexcept:
        return self.now + delay if delay < FOREVER - self.now else FOREVER

    cdef int schedule_wake(self, Participant agent, int64_t time, uint32_t payload) except -1:
        if schedule_push(
            &self.schedule, time if time > self.now else self.now, AGENTS, agent.index, payload
        ) < 0:
            raise MemoryError
        return 0

    # ---------------------------------------------------------------- messages and events

    cdef int send(self, Participant agent, Message *message, uint32_t member) except -1:
        """A message sets out. It must be well formed, and its book there."""
        cdef int64_t delay
        message.ts_event = self.now
        if message.flags & FROM_VENUE or not message_fits(self.venue, message):
            self.refuse(message)
        delay = agent.computation_delay + agent.delay_out(member)
        if delay == 0:
            return self.execute(message)
        return self.schedule_record(message, sizeof(Message), delay, ARRIVE, agent.index)

    cdef int refuse(self, const Message *message) except -1:
        """Raise what is wrong with a message."""
        row = np.frombuffer((<const char *>message)[: sizeof(Message)], MESSAGE)
        plain = checks.Message._make(row[0].tolist())
        raise ValueError(checks.beyond_participants(plain) or self.venue.misuse_of(row[0]))

    cdef int ask(self, Participant agent, int64_t instrument, uint32_t member) except -1:
        """A question for the best bid and ask sets out; ``told`` brings the answer."""
        cdef Answer answer
        answer.member = member
        answer.instrument = <uint32_t>instrument
        return self.schedule_record(
            &answer,
            sizeof(Answer),
            agent.computation_delay + agent.delay_out(member),
            QUERY,
            agent.index,
        )

    cdef int execute(self, Message *message) except -1:
        """A message arrives at the venue."""
        self.venue.submit(message)
        return self.route()

    cdef int route(self) except -1:
        """Bring the events that are new to whom they concern."""
        cdef int64_t i = self.routed
        cdef int64_t end = self.venue.journal.next - self.venue.journal.begin
        cdef int64_t instrument
        cdef Event *event
        cdef uint32_t taker, maker
        cdef Participant agent
        self.routed = end
        while i < end:
            event = self.venue.journal.begin + i
            instrument = event.instrument
            taker = self.owners.find(event.owner)
            maker = 0
            if taker:
                agent = <Participant>PyList_GET_ITEM(self.agents, taker - 1)
                if agent.notes or agent.hears:
                    self.deliver(agent, event, agent.delay_back(member_of(agent, event.owner)))
            if event.kind == TRADE:
                maker = self.owners.find(event.resting_owner)
                if maker and maker != taker:
                    agent = <Participant>PyList_GET_ITEM(self.agents, maker - 1)
                    if agent.notes or agent.hears:
                        self.deliver(
                            agent,
                            event,
                            agent.delay_back(member_of(agent, event.resting_owner)),
                        )
            if unlikely(self.watched):
                if self.histories[instrument] is not None and (
                    i + 1 == end or event.instrument != self.venue.journal.begin[i + 1].instrument
                ):
                    self.remember_quote(instrument)
            for agent in <list>PyList_GET_ITEM(self.subscribers, instrument):
                if agent.index + 1 != taker and agent.index + 1 != maker:
                    if (<int>agent.subscriptions[instrument] >> event.kind) & 1:
                        self.deliver(agent, event, agent.market_data_delay)
            i += 1
        return 0

    cdef int deliver(self, Participant agent, const Event *event, int64_t delay) except -1:
        cdef int64_t number
        cdef Pending *pending
        if delay:
            return self.schedule_record(event, sizeof(Event), delay, DELIVER, agent.index)
        agent.note(event)
        if not agent.hears:
            return 0
        number = pool_put(&self.pool, event, sizeof(Event))
        if number < 0:
            raise MemoryError
        if sizeof(Pending) * <size_t>(self.pending_count + 1) > self.pending.nbytes:
            self.pending.reserve(2 * self.pending.nbytes + 64 * sizeof(Pending))
        pending = &(<Pending *>self.pending.data)[self.pending_count]
        pending.agent = agent.index
        pending.record = <uint32_t>number
        self.pending_count += 1
        return 0

    cdef int drain(self) except -1:
        """Deliver what is due at this very moment, and what that causes, in order."""
        cdef Pending pending
        cdef Participant agent
        while self.pending_first < self.pending_count:
            pending = (<Pending *>self.pending.data)[self.pending_first]
            self.pending_first += 1
            pool_take(&self.pool, pending.record, &self.heard, sizeof(Event))
            agent = <Participant>PyList_GET_ITEM(self.agents, pending.agent)
            self.acting = agent
            self.hearing = True
            agent.hear(&self.heard)
            self.hearing = False
        self.pending_first = self.pending_count = 0
        return 0

    # ---------------------------------------------------------------- market data

    cdef int read_touch(self, Participant agent, int64_t instrument, Quote *quote) except -1:
        """The best bid and ask as the agent can know them now."""
        if instrument < 0 or instrument >= len(self.venue.books):
            last = len(self.venue.books) - 1
            raise ValueError(f"instrument must be 0 to {last}, got {instrument}")
        if agent.market_data_delay == 0:
            quote_of(self.book(instrument), self.now, quote)
        else:
            (<QuoteHistory>self.histories[instrument]).read(
                self.now - agent.market_data_delay, quote
            )
        return 0

    cdef int remember_quote(self, int64_t instrument) except -1:
        """Note the best bid and ask for those who see them late."""
        cdef Quote quote
        quote_of(self.book(instrument), self.now, &quote)
        return (<QuoteHistory>self.histories[instrument]).remember(&quote)

    cdef int keep_quotes(self, int64_t delay) except -1:
        """Keep the quotes of all books for a reader that is so late, in ns."""
        cdef QuoteHistory history
        self.watched = True
        for number in range(len(self.venue.books)):
            if self.histories[number] is None:
                self.histories[number] = QuoteHistory()
                self.remember_quote(number)
            history = self.histories[number]
            history.longest_delay = max(history.longest_delay, delay)
        return 0

    def follow_quotes(self):
        """Keep every change of the best bid and ask of all books, from now on, for ``quotes``."""
        self.keep_quotes(EVER)

    def quotes(self, instrument=0):
        """The best bid and ask of a book wherever they changed: ``lob.QUOTE`` rows, a copy.

        Far less than a tape of events. Raises ``ValueError`` without ``follow_quotes``.
        """
        cdef QuoteHistory history
        number = checks.integer("instrument", instrument, 0, len(self.histories) - 1)
        history = self.histories[number]
        if history is None or history.longest_delay < EVER:
            raise ValueError("quotes are not followed: call follow_quotes before the run")
        return history.rows()

    # ---------------------------------------------------------------- tapes

    @property
    def events(self):
        """The ``lob.EVENT`` tape so far, a copy; needs ``events=True``."""
        return self.venue.events

    @property
    def messages(self):
        """The ``lob.MESSAGE`` tape so far, a copy: as they met the books."""
        return self.venue.messages

    @property
    def entries(self):
        """The ``lob.ENTRY`` journal of clearing so far, a copy; needs ``entries=True``."""
        return self.venue.entries

    @property
    def event_count(self):
        """How many events there were."""
        return self.venue.seq

    @property
    def scheduled(self):
        """How many things are to come."""
        return schedule_length(&self.schedule)

    def digest(self):
        """32 hex digits of all tapes, which must be kept in memory."""
        return self.venue.digest()

    def close(self):
        """Write out what is left of tapes that are streamed."""
        self.venue.close()
        self.routed = self.venue.journal.next - self.venue.journal.begin

    cdef int flush(self) except -1:
        """Write or drop what is not kept."""
        self.venue.flush()
        self.routed = self.venue.journal.next - self.venue.journal.begin
        return 0

    # ---------------------------------------------------------------- forks

    def fork(self):
        """An independent run in the same state: both go on to the same tapes.

        Raises ``ValueError`` if a tape is streamed: two runs cannot share a writer.
        """
        return copying.deepcopy(self)

    def __deepcopy__(self, memo):
        cdef Simulation other
        cdef Participant twin
        other = Simulation.__new__(Simulation)
        memo[id(self)] = other
        other.seed, other.now = self.seed, self.now
        other.venue = copying.deepcopy(self.venue, memo)
        other.agents, other.names = [], {}
        other.begun, other.routed, other.watched = self.begun, self.routed, self.watched
        other.pending_first, other.pending_count = self.pending_first, self.pending_count
        other.owners = copying.deepcopy(self.owners)
        other.pending = copying.deepcopy(self.pending)
        other.histories = copying.deepcopy(self.histories)
        if schedule_copy(&other.schedule, &self.schedule) < 0:
            raise MemoryError
        if pool_copy(&other.pool, &self.pool) < 0:
            raise MemoryError
        for agent in self.agents:
            twin = copying.deepcopy(agent, memo)
            other.agents.append(twin)
            other.names[twin.name] = twin
        other.subscribers = [
            [other.agents[(<Participant>one).index] for one in many] for many in self.subscribers
        ]
        return other

    def __reduce__(self):
        raise TypeError(
            "a run is not pickled: keep its scenario, seed and time, and run it again"
        )


@cython.auto_pickle(True)
cdef class Participant:
    """What every participant has: a name, a stream of randomness, and a way to the venue.

    Compiled agents extend this class; in Python, extend ``agents.Agent``.

    Parameters
    ----------
    name
        Its identity: randomness, latency and order ids depend on it and on nothing else.
    owner
        The owner number on its orders, 1 to ``2**31 - 1``; made of the name if not given.
    members
        How many owner numbers from ``owner`` on are its: a population is one participant.
    to_venue, from_venue
        ``Latency`` of its messages, and of the news of its own orders; ``None``: none.
    computation_delay
        Time from a decision to a message, in ns.
    market_data_delay
        How late it sees the market, in ns.
    """

    def __init__(
        self,
        name,
        *,
        owner=None,
        members=1,
        to_venue=None,
        from_venue=None,
        computation_delay=0,
        market_data_delay=0,
    ):
        checks.text("name", name)
        self.name = name
        self.members = checks.integer("members", members, 1, 2**24)
        if owner is None:
            room = 1 << (self.members - 1).bit_length()
            owner = max(hash_of(name) % 2**31 // room * room, room)
        self.owner = checks.integer("owner", owner, 1, 2**31 - self.members)
        for which, latency in (("to_venue", to_venue), ("from_venue", from_venue)):
            if latency is not None and not isinstance(latency, (Latency, Distance)):
                raise TypeError(f"{which} must be a Latency, a Distance or None, got {latency!r}")
        self.to_venue = to_venue
        self.from_venue = from_venue
        self.computation_delay = checks.integer("computation_delay", computation_delay, 0)
        self.market_data_delay = checks.integer("market_data_delay", market_data_delay, 0)
        self.subscriptions = {}

    cdef int join(self) except -1:
        """The participant takes part from now on: its streams start here."""
        cdef RootSeed root = root_seed(self.simulation.seed)
        cdef uint64_t identity = hash_of(self.name)
        cdef StreamKey key
        open_key(&key, &root, identity, BEHAVIOUR)
        named_stream(&self.stream, &key)
        open_key(&key, &root, identity, LATENCY)
        named_stream(&self.latency_stream, &key)
        if isinstance(self.to_venue, Distance):
            self.to_venue = self.to_venue.latency(self.simulation.seed, self.name, VENUE_NAME)
        if isinstance(self.from_venue, Distance):
            self.from_venue = self.from_venue.latency(self.simulation.seed, self.name, VENUE_NAME)
        if self.market_data_delay:
            self.simulation.keep_quotes(self.market_data_delay)
        return 0

    cdef int place_stream(self, Stream *stream, str name) except -1:
        """The stream that places a name on a line."""
        cdef RootSeed root = root_seed(self.simulation.seed)
        cdef StreamKey key
        open_key(&key, &root, hash_of(name), PLACE)
        named_stream(stream, &key)
        return 0

    def subscribe(self, instrument=0, kinds=(lob.EventKind.TRADE,)):
        """Hear of events of everybody in an instrument, ``market_data_delay`` ns late.

        Call it when the participant has been added to a run, at the earliest in ``on_start``.
        """
        cdef int64_t number = checks.integer("instrument", instrument, 0)
        if self.simulation is None:
            raise ValueError("subscribe needs a run: add the agent to a Simulation first")
        if number >= len(self.simulation.books):
            raise ValueError(
                f"instrument must be 0 to {len(self.simulation.books) - 1}, got {instrument}"
            )
        mask = 0
        for kind in kinds:
            mask |= 1 << lob.EventKind(kind)
        if number not in self.subscriptions:
            self.simulation.subscribers[number].append(self)
        self.subscriptions[number] = mask

    # ---------------------------------------------------------------- to override

    cdef int start(self) except -1:
        """The run begins."""
        return 0

    cdef int wake(self, uint32_t payload) except -1:
        """A wake-up that was asked for, with the payload that it was asked for with."""
        return 0

    cdef int note(self, const Event *event) except -1:
        """Keep account of an event, before ``hear``; nothing may be sent here.

        Without latency it comes while the event happens, in the middle of a match.
        """
        return 0

    cdef int hear(self, const Event *event) except -1:
        """An event of an order of one's own, or of a market one subscribes to."""
        return 0

    cdef int told(self, const Quote *quote, uint32_t member) except -1:
        """The answer to a question for the best bid and ask."""
        return 0

    cdef int64_t delay_out(self, uint32_t member) noexcept:
        """Of a message on its way to the venue, in ns."""
        if self.to_venue is None:
            return 0
        return (<Latency>self.to_venue).sample(&self.latency_stream)

    cdef int64_t delay_back(self, uint32_t member) noexcept:
        """Of news on its way from the venue, in ns."""
        if self.from_venue is None:
            return 0
        return (<Latency>self.from_venue).sample(&self.latency_stream)

    # ---------------------------------------------------------------- to call

    cdef int wake_at(self, int64_t time, uint32_t payload) except -1:
        """Ask to be woken; a time that is past means now."""
        return self.simulation.schedule_wake(self, time, payload)

    cdef int64_t new_order_id(self) noexcept:
        """An id that no other order of any participant has, whoever takes part."""
        self.orders_sent += 1
        return (<int64_t>self.owner << 32) | self.orders_sent

    cdef int send(self, Message *message) except -1:
        """Send a message of one's own."""
        return self.simulation.send(self, message, member_of(self, message.owner))

    cdef int64_t place_order(
        self,
        int64_t instrument,
        int side,
        int64_t size,
        int64_t price,
        int order_type,
        int time_in_force,
        int64_t tag,
    ) except? -1:
        """Send a new order; its id."""
        cdef Message message
        write_message(
            &message, NEW, side, order_type, time_in_force, 0, 0, <uint16_t>instrument
        )
        message.order_id = self.new_order_id()
        message.price = price
        message.size = size
        message.owner = self.owner
        message.tag = tag
        self.simulation.send(self, &message, 0)
        return message.order_id

    cdef int cancel_order(self, int64_t instrument, int64_t order_id) except -1:
        """Send a cancellation."""
        cdef Message message
        write_message(&message, CANCEL, 0, 0, 0, 0, 0, <uint16_t>instrument)
        message.order_id = order_id
        message.owner = self.owner
        return self.simulation.send(self, &message, 0)


cdef inline uint32_t member_of(Participant agent, int32_t owner) noexcept:
    cdef int64_t member = <int64_t>owner - agent.owner
    return <uint32_t>member if 0 <= member < agent.members else 0
