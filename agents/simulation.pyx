"""The event clock of a simulation (``Simulation``), and what every participant has.

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
from cpython.exc cimport PyErr_CheckSignals
from cpython.list cimport PyList_GET_ITEM
from cpython.object cimport PyObject
from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t

from lob.clearing.clearing cimport Clearing
from lob.clearing.ledger cimport WORLD
from lob.clearing.requirement cimport NO_PRICE
from lob.engine.block cimport Block
from lob.engine.guard cimport AGENT_ACTS, COPYING, FREE, VENUE_WORKS
from agents.owners cimport Owners
from agents.quote_history cimport QuoteHistory, quote_of
from agents.latency cimport Distance, Latency, needs_a_line
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
    salted_hash_of,
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
from lob.engine.ladder cimport NO_LEVEL, Ladder
from lob.engine.memory cimport unlikely
from lob.engine.records cimport (
    BUY,
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
from agents.forking import refuse_shared_state
from agents.watchdog import WATCHDOG, HookTooLong, let_it_come
from lob import checks
from lob.subclasses import attributes_of, copy_attributes
from lob.types import EVENT, MAX_TIME, MESSAGE

cdef extern from "Python.h":
    int PyThreadState_SetAsyncExc(unsigned long thread, PyObject *exception)

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
    # Between two looks whether the run is interrupted, and whether the clock moves; less one.
    LOOK = (1 << 10) - 1
    MOST_SALT = 10_000  # hashes of a name tried for an owner number

cdef int64_t FOREVER = 2**63 - 1
cdef int64_t LAST = MAX_TIME
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
    """Raised by a run where an agent's own code raised; its message names agent, time and event.

    The run stands as it was at that moment, and can be looked at.

    Parameters
    ----------
    agent : str
        Name of the agent.
    ts_event : int
        Time of the run in ns.
    event : numpy.void or None
        The ``lob.EVENT`` that the agent was being told of, if it was.
    cause : BaseException
        What the agent's code raised.

    Attributes
    ----------
    agent, ts_event, event
        The parameters of these names.
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
    """One simulation run: a clock, the books of a venue, and the participants.

    Parameters
    ----------
    seed
        Root of all randomness: an integer from 0 to ``2**128 - 1``. Each participant draws from
        streams of its own, made of this seed and its name, so that adding or removing a
        participant changes the draws of no other.
    instruments, clearings, facilities, assets, events, messages, entries, breakers
        The venue of the run: see ``lob.Venue``.
    start
        Time at which the run begins, in ns: 0 to ``lob.types.MAX_TIME``.
    max_things_at_one_time
        Wake-ups, messages and deliveries without the clock moving, 1,024 or more (it is looked
        every 1,024): after so many ``run`` raises and names who acted last. An agent that wakes
        itself with a delay of 0 for ever is stopped so.
    max_hook_seconds
        Seconds of the wall clock, above 0, that a hook of an agent or a design may take before
        ``run`` raises and names it; it is stopped where it runs Python code. ``None``: any time,
        for example to debug it.

    Attributes
    ----------
    now : int
        Time of the run in ns.
    venue : lob.Venue
        The books, the clearings and the tapes of the run.
    agents : tuple[Participant, ...]
        In the order in which they were added.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range, or the venue refuses it.

    Notes
    -----
    One thread uses a run at a time, and nobody runs, forks or changes it past its clock from
    inside a hook: ``RuntimeError``. On Ctrl-C a run stops between two things that happen.

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
        max_things_at_one_time=10_000_000,
        max_hook_seconds=300.0,
    ):
        self.seed = checks.integer("seed", seed, 0, 2**128 - 1)
        self.max_things_at_one_time = checks.integer(
            "max_things_at_one_time", max_things_at_one_time, LOOK + 1
        )
        self.max_hook_seconds = None
        if max_hook_seconds is not None:
            self.max_hook_seconds = checks.real("max_hook_seconds", max_hook_seconds, above=0)
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
        self.participants = []
        self.names = {}
        self.subscribers = [[] for _ in self.venue.books]
        self.histories = [None for _ in self.venue.books]
        self.owners = Owners()
        self.pending = Block()
        self.alarms = Block()

    def __dealloc__(self):
        schedule_release(&self.schedule)
        pool_release(&self.pool)

    @property
    def agents(self):
        """The participants of this run: a tuple, in the order in which they were added."""
        return tuple(self.participants)

    @property
    def books(self):
        """The order books of this run, a tuple of ``lob.OrderBook`` by instrument number."""
        return self.venue.books

    @property
    def instruments(self):
        """The instruments of this run, a tuple of ``lob.Instrument`` by number."""
        return self.venue.instruments

    @property
    def ledger(self):
        """The ``lob.clearing.Ledger`` of this run: who has how much of which asset."""
        return self.venue.ledger

    @property
    def clearings(self):
        """The clearings of this run, a tuple of ``lob.clearing.Clearing`` in their order."""
        return self.venue.clearings

    # ---------------------------------------------------------------- participants

    def add(self, agent):
        """Let a participant take part in this run, from when the run goes on; returns it.

        Its owner number is final when it starts, sends or has an account: until then another
        participant may come whose name has the same number, see ``Participant``.

        Raises
        ------
        TypeError
            If ``agent`` is no ``Participant``.
        ValueError
            If its name or its owner number is taken, or if it takes part in a run already; then
            nothing has changed.
        """
        cdef Participant participant, one
        cdef int64_t before = len(self.participants)
        if not isinstance(agent, Participant):
            raise TypeError(f"agent must be a Participant, got {agent!r}")
        self.venue.guard.keep_out_others("Simulation.add")
        participant = agent
        if participant.simulation is not None:
            raise ValueError(f"agent {participant.name!r} takes part in a run already")
        if participant.name in self.names:
            raise ValueError(f"an agent named {participant.name!r} takes part already")
        participant.index = before
        self.participants.append(participant)
        self.names[participant.name] = participant
        try:
            self.settle_owner(participant)
            participant.simulation = self
            participant.join()
        except BaseException:
            # And whoever it brought along.
            for one in self.participants[before:]:
                del self.names[one.name]
                one.simulation = None
            del self.participants[before:]
            self.register_all({})
            raise
        return agent

    cdef int settle_owner(self, Participant participant) except -1:
        """Give a newcomer an owner number that nobody has, and others theirs if it is due to them.

        Whoever is alone with the hash of his name has that number. Of those whose hashes meet,
        the first by name has it; the others hash anew, in the order of their names, with 1, 2, ...
        until they meet nobody. So the numbers depend on who takes part, not on who came first.
        Numbers that were given, and those of participants that have begun, stay.
        """
        cdef Participant one
        cdef bint alone = True
        for one in self.holders_of(participant):
            alone = False
            if participant.owner_given and self.is_settled(one):
                raise ValueError(
                    f"owner number {participant.owner} of agent {participant.name!r} meets that of "
                    f"agent {one.name!r} already, which has {one.owner}"
                    + (f" to {one.owner + one.members - 1}" if one.members > 1 else "")
                )
        if not alone:
            return self.move_owners(participant)
        return self.owners.register_range(
            participant.owner, participant.members, participant.index + 1
        )

    cdef list holders_of(self, Participant participant):
        """Who has owner numbers of a participant."""
        cdef int64_t member
        cdef uint32_t taken, last = 0
        cdef list holders = []
        for member in range(participant.members):
            taken = self.owners.find(<int32_t>(participant.owner + member))
            if taken and taken != last:
                holders.append(self.participants[taken - 1])
                last = taken
        return holders

    cdef bint is_settled(self, Participant participant) noexcept:
        """Whether the owner number of a participant may not change any more."""
        return (
            participant.owner_given
            or <int64_t>participant.index < self.begun
            or participant.orders_sent > 0
            or self.venue.ledger.account_of(participant.owner) != WORLD
        )

    cdef int move_owners(self, Participant participant) except -1:
        """Settle the numbers of a newcomer and of those that meet him."""
        cdef Participant one
        cdef dict moving = {participant.index: participant}
        # Those that were moved before may have to move on, or may come to their own now.
        for one in self.participants:
            if one.salt and not self.is_settled(one):
                moving[one.index] = one
        for one in list(moving.values()):
            if not one.owner_given:
                one.owner, one.salt = owner_of(one, 0), 0
            for other in self.holders_of(one):
                if not self.is_settled(other):
                    moving[(<Participant>other).index] = other
        self.register_all(moving)
        later = []
        for one in sorted(moving.values(), key=turn_of):
            if not self.register_if_free(one):
                later.append(one)
        for one in later:
            while True:
                one.salt += 1
                one.owner = owner_of(one, one.salt)
                if self.register_if_free(one):
                    break
                if one.salt == MOST_SALT:
                    raise ValueError(
                        f"agent {one.name!r} finds no room for {one.members} owner numbers"
                    )
        return 0

    cdef bint register_if_free(self, Participant participant) except -1:
        """Note the owner numbers of a participant unless one of them is taken."""
        if self.holders_of(participant):
            return False
        self.owners.register_range(
            participant.owner, participant.members, participant.index + 1
        )
        return True

    cdef int register_all(self, dict without) except -1:
        """Note anew whose every number is."""
        cdef Participant one
        self.owners = Owners()
        for one in self.participants:
            if one.index not in without:
                self.owners.register_range(one.owner, one.members, one.index + 1)
        return 0

    def __getitem__(self, name):
        """The participant with this name. Raises ``KeyError`` if there is none."""
        return self.names[name]

    # ---------------------------------------------------------------- running

    def run(self, *, until):
        """Run the simulation to a time in ns, with what happens at that very time.

        Parameters
        ----------
        until
            Time in ns, from ``now`` to ``lob.types.MAX_TIME``.

        Raises
        ------
        TypeError, ValueError
            If ``until`` is no such integer.
        AgentError
            If an agent's code raised; the run can then be looked at, and goes on with what follows
            if it is run again.
        RuntimeError
            If the clock stands still for too long, see ``Simulation``, or the run is at work
            already.
        """
        cdef int64_t end = checks.integer("until", until, self.now, LAST)
        self.guarded(end, FOREVER, "Simulation.run")
        self.now = end

    def step(self, count=1):
        """Let the next ``count`` scheduled things happen, or all if they are fewer.

        Returns how many happened. ``count`` is 0 or more; errors are those of ``run``.
        """
        cdef int64_t most = checks.integer("count", count, 0)
        return self.guarded(LAST, most, "Simulation.step")

    cdef object guarded(self, int64_t until, int64_t most, str who):
        """Run, and say which agent raised."""
        self.venue.guard.enter(AGENT_ACTS, who)
        # The tapes may have been written out through the venue.
        self.routed = min(self.routed, self.venue.journal.next - self.venue.journal.begin)
        try:
            if not self.watched_by_dog and self.max_hook_seconds is not None:
                self.watched_by_dog = True
                WATCHDOG.watch(self, self.max_hook_seconds)
            return self.run_until(until, most)
        except Exception as cause:
            self.name_who_failed(cause)
            raise
        except HookTooLong as cause:
            if not self.interrupted:
                raise
            self.name_who_failed(RuntimeError(
                f"its hook took more than {self.max_hook_seconds:g} s and was stopped"
                f"{place_of(cause)}: make it faster, or raise max_hook_seconds of the Simulation"
            ))
        finally:
            if self.interrupted:
                # The hook may have come back before it was heard.
                let_it_come()
                self.interrupted = False
            self.acting = None
            self.hearing = False
            self.venue.guard.leave()

    def name_who_failed(self, cause):
        """Raise ``AgentError`` from ``cause`` for the agent that acted, if one did.

        Raises ``RuntimeError`` instead where the watchdog stopped the venue's own work.
        """
        if isinstance(cause, AgentError):
            return
        if self.acting is None:
            if self.interrupted:
                raise RuntimeError(f"the venue failed at {self.venue.now} ns: {cause}") from cause
            return
        event = None
        if self.hearing:
            event = np.frombuffer((<const char *>&self.heard)[: sizeof(Event)], EVENT)[0]
        raise AgentError(self.acting.name, self.now, event, cause) from cause

    # What the watchdog asks, in its own thread: each call is one step that nobody interrupts.

    def _is_at_work(self):
        self.watched_by_dog = self.venue.guard.busy != FREE
        return bool(self.watched_by_dog)

    def _turn(self):
        return self.turn

    def _interrupt(self, int64_t turn):
        if self.turn == turn and self.venue.guard.busy != FREE:
            self.interrupted = True
            PyThreadState_SetAsyncExc(self.venue.guard.thread, <PyObject *>HookTooLong)

    def _rewatch(self):
        self.watched_by_dog = False

    cdef int64_t run_until(self, int64_t until, int64_t most) except -1:
        cdef const Entry *first
        cdef int64_t done = 0
        self.at_once = 0
        self.start_agents()
        while done < most:
            if unlikely(done & LOOK == LOOK):
                self.look_around()
            if unlikely(self.begun < len(self.participants)):
                self.start_agents()
            self.turn += 1
            first = schedule_first(&self.schedule)
            if unlikely(
                self.venue.deadline <= until
                and (first == NULL or self.venue.deadline <= first.time)
            ):
                self.advance_venue(until if first == NULL else min(until, first.time))
            elif first == NULL or first.time > until:
                break
            else:
                self.act()
            if self.pending_count:
                self.drain()
            if unlikely(self.venue.journal.next - self.venue.journal.begin > FLUSH_EVENTS):
                self.acting = None  # what cannot be written is nobody's fault who acted
                self.flush()
            done += 1
        return done

    cdef int advance_venue(self, int64_t until) except -1:
        """Let the venue do one thing that is due."""
        self.acting = None
        self.venue.guard.busy = VENUE_WORKS
        try:
            self.venue.advance_to(until)
        finally:
            self.venue.guard.busy = AGENT_ACTS
        self.now = self.venue.now
        return self.route()

    cdef int look_around(self) except -1:
        """Hear an interrupt, and see whether the clock moves."""
        PyErr_CheckSignals()
        if self.now != self.looked_at:
            self.looked_at = self.now
            self.at_once = 0
        self.at_once += LOOK + 1
        if self.at_once > self.max_things_at_one_time:
            self.at_once = 0
            if self.acting is None and self.venue.deadline <= self.now:
                self.venue.never_ends(self.max_things_at_one_time)
            raise RuntimeError(
                f"more than {self.max_things_at_one_time} things happened at {self.now} ns and the "
                f"clock does not move; {'the venue' if self.acting is None else self.acting.name} "
                "acted last: ask to be woken later than now, answer one's own events with a delay, "
                "or raise max_things_at_one_time of the Simulation"
            )
        return 0

    cdef int start_agents(self) except -1:
        """Start those who have joined since."""
        while self.begun < len(self.participants):
            self.acting = self.participants[self.begun]
            self.begun += 1
            self.turn += 1
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
        agent = <Participant>PyList_GET_ITEM(self.participants, target)
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
            &answer, sizeof(Answer), agent.under_way_back(answer.member), ANSWER, target
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
        delay = agent.under_way_out(member)
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
            agent.under_way_out(member),
            QUERY,
            agent.index,
        )

    cdef int execute(self, Message *message) except -1:
        """A message arrives at the venue. Who catches what this raises lets agents act again."""
        self.venue.guard.busy = VENUE_WORKS
        self.venue.submit(message)
        self.venue.guard.busy = AGENT_ACTS
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
                agent = <Participant>PyList_GET_ITEM(self.participants, taker - 1)
                if agent.notes or agent.hears:
                    self.deliver(
                        agent, event, agent.under_way_back(member_of(agent, event.owner))
                    )
            if event.kind == TRADE:
                maker = self.owners.find(event.resting_owner)
                if maker and maker != taker:
                    agent = <Participant>PyList_GET_ITEM(self.participants, maker - 1)
                    if agent.notes or agent.hears:
                        self.deliver(
                            agent,
                            event,
                            agent.under_way_back(member_of(agent, event.resting_owner)),
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
        if unlikely(self.alarm_count):
            self.sound_alarms()
        return 0

    # ---------------------------------------------------------------- prices that wake

    cdef int set_alarm(self, const PriceAlarm *alarm, bint wanted) except -1:
        """Wake an agent once a price is reached, instead of at the one it named before."""
        cdef PriceAlarm *known = <PriceAlarm *>self.alarms.data
        cdef int64_t i = 0
        while i < self.alarm_count and not (
            known[i].agent == alarm.agent
            and known[i].clearing == alarm.clearing
            and known[i].number == alarm.number
            and known[i].side == alarm.side
        ):
            i += 1
        if not wanted:
            if i < self.alarm_count:
                self.alarm_count -= 1
                known[i] = known[self.alarm_count]
            return 0
        self.alarms.reserve((i + 1) * sizeof(PriceAlarm))
        (<PriceAlarm *>self.alarms.data)[i] = alarm[0]
        self.alarm_count = max(self.alarm_count, i + 1)
        return 0

    cdef bint is_reached(self, const PriceAlarm *alarm) except -1:
        """Whether a price is where an alarm waits for it."""
        cdef const Ladder *ladder
        cdef int64_t price
        if alarm.clearing >= 0:
            price = (<Clearing>self.venue.clearings[alarm.clearing]).records[alarm.number].mark
            return price != NO_PRICE and alarm.side * (alarm.price - price) >= 0
        ladder = &self.book(alarm.number).sides[0 if alarm.side == BUY else 1]
        if ladder.best == NO_LEVEL:
            return False
        return alarm.side * (ladder.levels[ladder.best].price - alarm.price) >= 0

    cdef int sound_alarms(self) except -1:
        """Wake who waits for a price that is reached; each alarm sounds once."""
        cdef PriceAlarm *alarms = <PriceAlarm *>self.alarms.data
        cdef int64_t i = 0, kept = 0
        while i < self.alarm_count:
            if self.is_reached(&alarms[i]):
                self.schedule_wake(
                    <Participant>PyList_GET_ITEM(self.participants, alarms[i].agent), self.now, 0
                )
            else:
                alarms[kept] = alarms[i]
                kept += 1
            i += 1
        self.alarm_count = kept
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
            self.turn += 1
            if unlikely(self.pending_first & LOOK == 0):
                self.look_around()
            pool_take(&self.pool, pending.record, &self.heard, sizeof(Event))
            agent = <Participant>PyList_GET_ITEM(self.participants, pending.agent)
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
        """Keep every change of the best bid and ask of all books from now on, for ``quotes``."""
        self.keep_quotes(EVER)

    @property
    def follows_quotes(self):
        """Whether ``follow_quotes`` was called, so that ``quotes`` can be asked for."""
        cdef QuoteHistory history = self.histories[0]
        return history is not None and history.longest_delay >= EVER

    def quotes(self, instrument=0):
        """The best bid and ask of a book wherever they changed: an array of ``lob.QUOTE``, a copy.

        It takes far less memory than a tape of events.

        Raises
        ------
        ValueError
            If ``follow_quotes`` was not called before, or there is no such instrument.
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
        """The events of the run so far, an array of ``lob.EVENT``, a copy.

        Of a writer that reads too (``lob.tape.Writer``), its memory map. Raises ``ValueError``
        unless the run keeps them (``events=True``) or such a writer does.
        """
        return self.venue.events

    @property
    def messages(self):
        """The messages of the run so far, as they met the books: an array of ``lob.MESSAGE``.

        A copy, or the memory map of a writer that reads too. Raises ``ValueError`` unless the run
        keeps them (``messages=True``) or such a writer does.
        """
        return self.venue.messages

    @property
    def entries(self):
        """The journal of clearing so far, an array of ``lob.ENTRY``, a copy.

        Or the memory map of a writer that reads too. Raises ``ValueError`` unless the run keeps it
        (``entries=True``) or such a writer does.
        """
        return self.venue.entries

    @property
    def event_count(self):
        """How many events the books of this run have had so far."""
        return self.venue.seq

    @property
    def scheduled(self):
        """How many wake-ups, messages and deliveries are scheduled and have not happened yet."""
        return schedule_length(&self.schedule)

    def digest(self):
        """32 hex digits of all tapes of this run: equal where two runs were the same.

        Raises ``ValueError`` unless the tapes are kept, in memory or by writers that read too.
        """
        return self.venue.digest()

    def close(self):
        """Hand what is left of streamed tapes to their writers; call it after the last ``run``."""
        self.venue.close()
        self.routed = self.venue.journal.next - self.venue.journal.begin

    cdef int flush(self) except -1:
        """Write or drop what is not kept."""
        self.venue.flush()
        self.routed = self.venue.journal.next - self.venue.journal.begin
        return 0

    # ---------------------------------------------------------------- forks

    def fork(self):
        """A copy of this run, independent and in the same state: both go on to the same tapes.

        Agents, and what a subclass has added, are copied by ``copy.deepcopy``, which does not copy
        functions: an attribute with a lambda, or another function, that uses the run, an agent or
        what an agent keeps would make the two depend on each other.

        Raises
        ------
        ValueError
            If a tape is streamed (two runs cannot share a writer), or if an attribute of the run,
            an agent, a design or a breaker would go on using the original; it is named.
        RuntimeError
            In a hook: what is left of it would happen in one of the runs only.
        """
        return copying.deepcopy(self)

    def __deepcopy__(self, memo):
        if self.venue.guard.busy != FREE:
            raise RuntimeError(
                "fork was called in a hook, or while another thread runs or copies this run: what "
                "is left of the hook would be missing in the fork; call it when run or step has "
                "returned"
            )
        self.venue.guard.enter(COPYING, "fork")
        try:
            return self.copy_into(type(self).__new__(type(self)), memo)
        finally:
            self.venue.guard.leave()

    cdef Simulation copy_into(self, Simulation other, memo):
        """Make a fresh run a copy."""
        cdef Participant twin
        memo[id(self)] = other
        other.max_things_at_one_time = self.max_things_at_one_time
        other.max_hook_seconds = self.max_hook_seconds
        other.seed, other.now = self.seed, self.now
        other.venue = copying.deepcopy(self.venue, memo)
        other.participants, other.names = [], {}
        other.begun, other.routed, other.watched = self.begun, self.routed, self.watched
        other.pending_first, other.pending_count = self.pending_first, self.pending_count
        other.owners = copying.deepcopy(self.owners)
        other.pending = copying.deepcopy(self.pending)
        other.alarms, other.alarm_count = copying.deepcopy(self.alarms), self.alarm_count
        other.histories = copying.deepcopy(self.histories)
        if schedule_copy(&other.schedule, &self.schedule) < 0:
            raise MemoryError
        if pool_copy(&other.pool, &self.pool) < 0:
            raise MemoryError
        for agent in self.participants:
            twin = copying.deepcopy(agent, memo)
            other.participants.append(twin)
            other.names[twin.name] = twin
        other.subscribers = [
            [other.participants[(<Participant>one).index] for one in many]
            for many in self.subscribers
        ]
        copy_attributes(self, other, memo)
        self.refuse_shared_state(memo)
        return other

    def refuse_shared_state(self, memo):
        """Raise ``ValueError`` if a copy of this run would go on using the original.

        ``memo`` is that of the deep copy.
        """
        venue = self.venue
        engines = [clearing.liquidation_engine for clearing in venue.clearings]
        holders = [(type(self).__name__, attributes_of(self))]
        holders += [(f"agent {one.name!r}", attributes_of(one)) for one in self.participants]
        for one in (*engines, *venue.breakers, *venue.facilities):
            holders.append((type(one).__name__, attributes_of(one)))
        for clearing in venue.clearings:
            timers = {"every": (<Clearing>clearing).timers}
            holders.append((f"clearing {clearing.name!r}", timers))
        known = (
            self, venue, venue.ledger, venue.books, self.participants, venue.clearings,
            *venue.books, *self.participants, *venue.clearings, *engines, *venue.breakers,
            *venue.facilities,
        )  # fmt: skip
        refuse_shared_state(holders, known, memo)

    def __reduce__(self):
        raise TypeError(
            "a run is not pickled: keep its scenario, seed and time, and run it again"
        )


@cython.auto_pickle(True)
cdef class Participant:
    """The base of all participants: a name, a stream of randomness, and a way to the venue.

    Compiled agents extend this class; in Python, extend ``agents.Agent``.

    Parameters
    ----------
    name
        Identity of the participant, a string that is not empty: randomness, latency and order ids
        depend on it and on nothing else.
    owner
        The owner number on its orders, 1 to ``2**31 - 1``; made of the name if not given. Of
        participants whose names come to the same number the first by name has it, and the others
        get another one, made of the name too: read it when all are added.
    members
        How many owner numbers from ``owner`` on are its, 1 to ``2**24``: a population is one
        participant.
    to_venue, from_venue
        ``Latency`` or ``Distance`` of its messages, and of the news of its own orders; ``None``:
        no delay.
    computation_delay
        Time from a decision to a message in ns, 0 or more.
    market_data_delay
        How late it sees the market in ns, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
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
        self.owner_given = owner is not None
        if owner is None:
            owner = owner_of(self, 0)
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
        self.last_out = self.line_of(self.to_venue)
        self.last_back = self.line_of(self.from_venue)
        if self.market_data_delay:
            self.simulation.keep_quotes(self.market_data_delay)
        return 0

    cdef Block line_of(self, object latency):
        """When the latest message of each member arrives; ``None`` where none needs to wait."""
        cdef Block line = None
        if isinstance(latency, Latency) and needs_a_line(latency):
            line = Block()
            line.reserve(8 * self.members)
        return line

    cdef int place_stream(self, Stream *stream, str name) except -1:
        """The stream that places a name on a line."""
        cdef RootSeed root = root_seed(self.simulation.seed)
        cdef StreamKey key
        open_key(&key, &root, hash_of(name), PLACE)
        named_stream(stream, &key)
        return 0

    def subscribe(self, instrument=0, kinds=(lob.EventKind.TRADE,)):
        """Let the participant hear of everybody's events in an instrument.

        They come ``market_data_delay`` ns late. Call it when the participant has been added to a
        run, at the earliest in ``on_start``; it replaces an earlier subscription of the instrument.

        Parameters
        ----------
        instrument
            Number of the instrument.
        kinds
            ``lob.EventKind`` members of which to hear.

        Raises
        ------
        TypeError, ValueError
            If the participant is in no run, or there is no such instrument or kind.
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


cdef object owner_of(Participant participant, int64_t salt):
    """The first owner number that a name comes to."""
    cdef object hashed = salted_hash_of(participant.name, salt)
    room = 1 << (<object>participant.members - 1).bit_length()
    return max(hashed % 2**31 // room * room, room)


cdef object turn_of(Participant participant):
    """Numbers that were given go first, then names in their order."""
    return not participant.owner_given, participant.name


cdef str place_of(cause):
    """Where an exception was raised, in words: the hook, and the function that it was in."""
    frames = []
    last = cause.__traceback__
    while last is not None:
        if not last.tb_frame.f_code.co_filename.endswith(".pyx"):
            frames.append((last.tb_frame.f_code, last.tb_lineno))
        last = last.tb_next
    frames = frames[:1] + frames[max(1, len(frames) - 1):]
    return " and ".join([
        f" in {code.co_qualname} ({code.co_filename}, line {line})"
        for code, line in frames
    ])
