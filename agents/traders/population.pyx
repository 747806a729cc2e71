"""Many traders as one participant: a thousand of them cost arrays, not a thousand objects.

Each member has a stream of its own for what it does and one for how long its messages take, a
place of its own where latency is a distance, an owner number and order ids of its own. All of it
is keyed by the population's name and the member's number: what one member draws depends neither
on the others nor on how many there are.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t

from lob.engine.block cimport Block
from agents.latency cimport Constant, Distance, Latency
from agents.random cimport (
    BEHAVIOUR,
    LATENCY,
    PLACE,
    RootSeed,
    Stream,
    StreamKey,
    exponential,
    hash_of,
    member_stream,
    open_key,
    root_seed,
)
from agents.simulation cimport VENUE_NAME, Participant
from lob.engine.records cimport CANCEL, GTC, LIMIT, NEW, Message, write_message

from lob import checks

__all__ = ["Population"]

cdef int64_t FOREVER = 2**63 - 1


@cython.auto_pickle(True)
cdef class Population(Participant):
    """Traders of one kind who trade one instrument during one session.

    Parameters
    ----------
    name
        Name of the population; with the number of a member it is that member's identity.
    members
        How many traders there are, 1 to ``2**24``.
    instrument
        Number of the instrument that they trade, 0 to 65535.
    opens, closes
        The session in ns, from 0: nobody acts before ``opens``, nor at or after ``closes``.
    latency
        A ``Latency`` or a ``Distance`` for both ways between a member and the venue; ``None``: no
        delay.
    computation_delay
        Time from a decision to a message in ns, 0 or more.
    owner
        Owner number of member 0; made of the name if not given.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name,
        members,
        *,
        instrument=0,
        opens=0,
        closes=FOREVER,
        latency=None,
        computation_delay=0,
        owner=None,
    ):
        Participant.__init__(
            self,
            name,
            owner=owner,
            members=members,
            to_venue=latency,
            from_venue=latency,
            computation_delay=computation_delay,
        )
        self.instrument = checks.integer("instrument", instrument, 0, 2**16 - 1)
        self.opens = checks.integer("opens", opens, 0)
        self.closes = checks.integer("closes", closes, self.opens)

    cdef int join(self) except -1:
        away, back = self.to_venue, self.from_venue
        if self.instrument >= len(self.simulation.books):
            raise ValueError(
                f"instrument must be 0 to {len(self.simulation.books) - 1}, got {self.instrument}"
            )
        Participant.join(self)
        self.streams = self.named_streams(BEHAVIOUR)
        self.sent = Block()
        self.sent.reserve(8 * self.members)
        self.to_venue, self.from_venue = away, back
        self.delays_out = self.distances(away)
        self.delays_back = self.delays_out if back is away else self.distances(back)
        if isinstance(away, Latency) and not isinstance(away, Constant):
            self.latency_streams = self.named_streams(LATENCY)
        return 0

    cdef Block named_streams(self, uint32_t purpose):
        """A stream for every member."""
        cdef RootSeed root = root_seed(self.simulation.seed)
        cdef StreamKey key
        cdef Block block = Block()
        cdef int64_t member
        open_key(&key, &root, hash_of(self.name), purpose)
        block.reserve(sizeof(Stream) * self.members)
        for member in range(self.members):
            member_stream(&(<Stream *>block.data)[member], &key, member)
        return block

    cdef Block distances(self, object latency):
        """The delays of the members, who stand in places of their own; ``None`` otherwise."""
        cdef Block places, delays
        cdef Stream there
        cdef Distance line
        cdef double venue
        cdef int64_t member
        if not isinstance(latency, Distance):
            return None
        line = latency
        self.place_stream(&there, VENUE_NAME)
        venue = line.place_of(&there)
        places = self.named_streams(PLACE)
        delays = Block()
        delays.reserve(8 * self.members)
        for member in range(self.members):
            (<int64_t *>delays.data)[member] = line.between(
                line.place_of(&(<Stream *>places.data)[member]), venue
            )
        return delays

    cdef int64_t delay_out(self, uint32_t member) noexcept:
        if self.delays_out is not None:
            return (<int64_t *>self.delays_out.data)[member]
        return self.random_delay(self.to_venue, member)

    cdef int64_t delay_back(self, uint32_t member) noexcept:
        if self.delays_back is not None:
            return (<int64_t *>self.delays_back.data)[member]
        return self.random_delay(self.from_venue, member)

    cdef int64_t random_delay(self, object latency, uint32_t member) noexcept:
        if latency is None:
            return 0
        if self.latency_streams is None:
            return (<Constant>latency).ns
        return (<Latency>latency).sample(&(<Stream *>self.latency_streams.data)[member])

    cdef bint is_open(self) noexcept:
        return self.opens <= self.simulation.now < self.closes

    cdef int wake_within(self, uint32_t member, double mean_ns) except -1:
        """Wake a member an exponential time from now, in the session; never after its end."""
        cdef double wait = mean_ns * exponential(self.stream_of(member)) + 0.5
        cdef int64_t since = max(self.simulation.now, self.opens)
        if wait < self.closes - since:
            self.wake_at(since + <int64_t>wait, member)
        return 0

    cdef int ask_touch(self, uint32_t member) except -1:
        """A member asks for the best bid and ask; ``told`` brings the answer."""
        return self.simulation.ask(self, self.instrument, member)

    cdef int64_t next_id(self, uint32_t member) noexcept:
        """The id that the next order of a member will have."""
        return (
            (self.owner + <int64_t>member) << 32 | ((<int64_t *>self.sent.data)[member] + 1)
        )

    cdef int limit_order(
        self, uint32_t member, int side, int64_t size, int64_t price, int64_t tag
    ) except -1:
        """A member sends a limit order that is good till cancelled."""
        cdef Message message
        write_message(&message, NEW, side, LIMIT, GTC, 0, 0, <uint16_t>self.instrument)
        message.owner = self.owner + <int32_t>member
        message.order_id = self.next_id(member)
        (<int64_t *>self.sent.data)[member] += 1
        message.price = price
        message.size = size
        message.tag = tag
        return self.simulation.send(self, &message, member)

    cdef int cancel_of(self, uint32_t member, int64_t order_id) except -1:
        """A member sends a cancellation."""
        cdef Message message
        write_message(&message, CANCEL, 0, 0, 0, 0, 0, <uint16_t>self.instrument)
        message.order_id = order_id
        message.owner = self.owner + <int32_t>member
        return self.simulation.send(self, &message, member)

    def latency_of(self, member):
        """Latency of a member, by number, to the venue in ns; ``None`` if each message draws it.

        Raises ``ValueError`` unless the population takes part in a run and has such a member.
        """
        cdef int64_t number = checks.integer("member", member, 0, self.members - 1)
        if self.simulation is None:
            raise ValueError("latency_of needs a run: add the population to a Simulation first")
        if self.latency_streams is not None:
            return None
        return self.delay_out(<uint32_t>number)
