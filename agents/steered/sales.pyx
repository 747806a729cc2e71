"""Sales side by side, each in a market of its own, that are decided from outside step by step.

One call moves all of them: what is decided, what the markets do until the next decision, what is
then seen and what it brought. Within it no Python object is made.
"""

from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memset

from agents.random cimport below
from agents.simulation cimport Simulation
from agents.steered.seller cimport MOST_LOTS, SteeredSeller
from lob.engine.block cimport Block
from lob.engine.ladder cimport NO_LEVEL, Ladder, ladder_next
from lob.engine.matching cimport Book
from lob.engine.records cimport MAX_PRICE
from lob.engine.wide cimport ceil_ratio, int128

import numpy as np

from lob import checks
from lob.types import MAX_TIME

__all__ = ["ENGINE_FACTS", "KEEPER_FACTS", "Sales"]

ENGINE_FACTS = (
    "time", "step", "inventory", "working", "sold", "cash", "arrival_price", "best_bid",
    "best_ask", "result",
)  # fmt: skip
"""Names of the columns of ``Sales.facts``."""
KEEPER_FACTS = (*ENGINE_FACTS, "on_offer", "offer_price", "taken", "paid", "taken_by_rivals")
"""Names of the columns of ``Sales.facts`` where a keeper buys what is on offer."""

cdef enum:
    PPM = 1_000_000
    LEVELS = 5  # best prices of a side whose lots are seen
    ENGINE_SIGHTS = 10
    KEEPER_SIGHTS = 12

cdef int64_t FOREVER = 2**63 - 1
cdef int64_t MOST_STEPS = 2**31 - 1
cdef double FAR = 0.1  # the largest change of the mid since the arrival that is told apart
cdef double NEAR = 0.01  # the same over one step, and of the spread

cdef struct Sale:
    bint runs  # begun, and not over
    int64_t step  # decisions so far
    int64_t begin  # ns: when it arrived
    int64_t arrival  # ticks: the mid then, rounded down
    int64_t bid, ask  # ticks: the best prices, or the last that there were
    int64_t doubled_mid  # their sum
    int64_t before  # that sum one step ago
    int64_t sold  # lots, in the last step
    int64_t on_offer  # lots
    int64_t taken
    int64_t paid  # ticks times lots
    int64_t rivals  # lots that they took
    int64_t patience  # ppm: the discount at which rivals take what is left
    int64_t worth  # cash, and the inventory at the price of the arrival
    int64_t result  # what it has changed by so far


cdef class Sales:
    """Sales that are decided from outside, any number side by side, each in a market of its own.

    An *engine* has all lots in hand when the sale arrives. For a *keeper* they are on offer at the
    mid less a discount that rises from decision to decision; it buys a share and sells what it has.

    Parameters
    ----------
    count
        How many sales there are, 1 or more.
    keeper
        Whether the lots are on offer to begin with.
    lots
        Lots of each sale, 1 to ``MAX_LOTS``.
    step_ns
        Time between two decisions in ns, 1 or more.
    steps
        Most decisions of a sale, 1 to ``2**31 - 1``: at the end of the last one the rest is sold at
        market.
    reach
        Ticks from the best bid to the farthest limit price, 1 or more.
    discount_start, discount_end
        Discount of the offer in ppm of the mid at the first and the last decision, on a line
        between them, rounded down: ``0 <= discount_start <= discount_end < 1_000_000``.
    rivals
        Whether others take all that is left on offer at a discount that is drawn evenly from those
        of the sale; at each discount the keeper comes first.

    Attributes
    ----------
    observations : numpy.ndarray
        What is seen of each sale now, float32, a row a sale.
    rewards : numpy.ndarray
        What the last step brought, float64: ticks times lots, whole numbers.
    terminated, truncated : numpy.ndarray
        Whether a sale was done at the last step, or its time was over, bool.
    facts : numpy.ndarray
        Exact state of each sale, int64, a row a sale; its columns are ``names``.
    names : tuple[str, ...]
        ``ENGINE_FACTS`` or ``KEEPER_FACTS``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    cdef readonly int64_t count
    cdef readonly bint keeper
    cdef readonly int64_t lots
    cdef readonly int64_t step_ns
    cdef readonly int64_t steps
    cdef readonly int64_t reach
    cdef readonly int64_t discount_start
    cdef readonly int64_t discount_end
    cdef readonly bint rivals
    cdef readonly object observations
    cdef readonly object rewards
    cdef readonly object terminated
    cdef readonly object truncated
    cdef readonly object facts
    cdef readonly tuple names
    cdef list simulations
    cdef list sellers
    cdef Block block  # Sale
    cdef Sale *sales
    cdef float[:, ::1] seen
    cdef double[::1] brought
    cdef uint8_t[::1] done
    cdef uint8_t[::1] over
    cdef int64_t[:, ::1] known

    def __init__(
        self,
        count,
        *,
        keeper=False,
        lots,
        step_ns,
        steps,
        reach,
        discount_start=0,
        discount_end=0,
        rivals=False,
    ):
        self.count = checks.integer("count", count, 1, 2**24)
        self.keeper = checks.switch("keeper", keeper)
        self.lots = checks.integer("lots", lots, 1, MOST_LOTS)
        self.step_ns = checks.integer("step_ns", step_ns, 1, MAX_TIME)
        self.steps = checks.integer("steps", steps, 1, MOST_STEPS)
        self.reach = checks.integer("reach", reach, 1, MOST_STEPS)
        self.discount_end = checks.integer("discount_end", discount_end, 0, PPM - 1)
        self.discount_start = checks.integer("discount_start", discount_start, 0, self.discount_end)
        self.rivals = checks.switch("rivals", rivals)
        self.names = KEEPER_FACTS if self.keeper else ENGINE_FACTS
        width = KEEPER_SIGHTS if self.keeper else ENGINE_SIGHTS
        self.observations = np.zeros((self.count, width), np.float32)
        self.rewards = np.zeros(self.count, np.float64)
        self.terminated = np.zeros(self.count, np.bool_)
        self.truncated = np.zeros(self.count, np.bool_)
        self.facts = np.zeros((self.count, len(self.names)), np.int64)
        self.seen, self.brought, self.known = self.observations, self.rewards, self.facts
        self.done = self.terminated.view(np.uint8)
        self.over = self.truncated.view(np.uint8)
        self.simulations = [None] * self.count
        self.sellers = [None] * self.count
        self.block = Block()
        self.block.reserve(sizeof(Sale) * self.count)
        self.sales = <Sale *>self.block.data

    def begin(self, index, SteeredSeller seller not None):
        """Let a sale arrive, in the run of a seller that is there already and has done nothing.

        Parameters
        ----------
        index
            Number of the sale, from 0; one that is on its way ends here.
        seller
            Who sells in it.

        Raises
        ------
        TypeError, ValueError
            If there is no such sale, or the seller is in no run, has traded or has a stock of its
            own, or its market has no mid of 1 tick or more, or no time for all steps.
        """
        cdef int64_t number = checks.integer("index", index, 0, self.count - 1)
        cdef Sale sale
        cdef Simulation simulation = seller.simulation
        if simulation is None:
            raise ValueError("seller must take part in a run: add it to a Simulation first")
        if seller.inventory or seller.cash or seller.working or seller.sold:
            raise ValueError(f"seller must be a new one, got one of {seller.inventory} lots")
        if self.step_ns * <int128>self.steps > MAX_TIME - simulation.now:
            raise ValueError(
                f"steps must end before {MAX_TIME} ns, got {self.steps} of {self.step_ns} ns"
            )
        memset(&sale, 0, sizeof(Sale))
        sale.begin = simulation.now
        if not look(&sale, simulation.book(seller.instrument)):
            raise ValueError("the market must have a best bid and a best ask when the sale arrives")
        sale.arrival = sale.doubled_mid >> 1
        if sale.arrival < 1:
            raise ValueError(f"the mid must be 1 tick or more, got {sale.arrival}")
        sale.before = sale.doubled_mid
        sale.runs = True
        if self.keeper:
            sale.on_offer = self.lots
            sale.patience = self.discount_start + <int64_t>below(
                &seller.stream, self.discount_end - self.discount_start + 1
            )
        else:
            seller.inventory = self.lots
        sale.worth = seller.inventory * sale.arrival
        self.sales[number] = sale
        self.simulations[number] = simulation
        self.sellers[number] = seller
        self.brought[number] = 0.0
        self.done[number] = self.over[number] = False
        self.tell(number)

    def step(self, actions, active, name="actions"):
        """Let sales do what is decided and go on to the next decision.

        Parameters
        ----------
        actions
            float32 array, a row a sale: of a keeper first the share of what is on offer to take, 0
            to 1; the share of what is in hand to sell, 0 to 1; and how patiently, -1 to 1: below 0
            at market, else with a limit this share of ``reach`` above the best bid. Lots and ticks
            are rounded down.
        active
            bool array: which sales go on; each of them must run.
        name
            What a message calls ``actions``.

        Raises
        ------
        ValueError
            If an action that counts is outside its range; then none has moved.
        RuntimeError
            If a sale is over or has not begun, or its run is not where the last step left it; then
            none has moved. Or as ``Simulation.run``.
        AgentError
            As ``Simulation.run``.
        """
        cdef const float[:, ::1] rows = actions
        cdef const uint8_t[::1] mask = active.view(np.uint8)
        cdef int64_t i
        cdef int width = 3 if self.keeper else 2
        if rows.shape[0] != self.count or rows.shape[1] != width or mask.shape[0] != self.count:
            raise ValueError(
                f"{name} must have the shape {(self.count, width)}, got {np.shape(actions)}"
            )
        for i in range(self.count):
            if mask[i]:
                self.check(i, &rows[i, 0], width, name)
        for i in range(self.count):
            if mask[i]:
                self.move(i, &rows[i, 0])

    cdef int check(self, int64_t number, const float *action, int width, str name) except -1:
        """Raise unless a sale can do what is decided."""
        cdef int64_t due, now
        cdef int j
        cdef bint fits = -1 <= action[width - 1] <= 1
        for j in range(width - 1):
            fits = fits and 0 <= action[j] <= 1
        if not fits:
            shares = "two shares" if self.keeper else "a share"
            raise ValueError(
                f"{name} must be {shares} of 0 to 1 and a patience of -1 to 1, got "
                f"{[action[j] for j in range(width)]}"
            )
        if not self.sales[number].runs:
            raise RuntimeError(f"sale {number} is over, or has not begun: call reset before step")
        due = self.sales[number].begin + self.sales[number].step * self.step_ns
        now = (<Simulation>self.simulations[number]).now
        if now != due:
            raise RuntimeError(
                f"the run of sale {number} is at {now} ns, not at {due}: others ran it, or a "
                "step failed; call reset"
            )
        return 0

    cdef int move(self, int64_t number, const float *action) except -1:
        """One step of one sale."""
        cdef Sale *sale = &self.sales[number]
        cdef SteeredSeller seller = <SteeredSeller>self.sellers[number]
        cdef Simulation simulation = <Simulation>self.simulations[number]
        cdef int64_t discount = self.discount_of(sale)
        cdef int64_t sold = seller.sold, worth
        if self.keeper:
            self.take(sale, seller, action[0], discount)
            action += 1
        seller.decide(
            <int64_t>(<double>action[0] * seller.inventory),
            min(sale.bid + <int64_t>(<double>action[1] * self.reach), MAX_PRICE),
            action[1] < 0,
        )
        sale.step += 1
        self.go_on(simulation, sale.begin + sale.step * self.step_ns)
        if self.rivals and discount >= sale.patience:
            sale.rivals += sale.on_offer
            sale.on_offer = 0
        self.done[number] = seller.inventory == 0 and sale.on_offer == 0
        self.over[number] = not self.done[number] and sale.step == self.steps
        if self.over[number]:
            seller.decide(seller.inventory, 0, True)
            self.go_on(simulation, simulation.now)
        sale.runs = not self.done[number] and not self.over[number]
        sale.sold = seller.sold - sold
        # What nobody has bought by the end is worth nothing.
        worth = seller.cash + (seller.inventory * sale.arrival if sale.runs else 0)
        self.brought[number] = <double>(worth - sale.worth)
        sale.result += worth - sale.worth
        sale.worth = worth
        sale.before = sale.doubled_mid
        look(sale, simulation.book(seller.instrument))
        return self.tell(number)

    cdef int go_on(self, Simulation simulation, int64_t until) except -1:
        """Run a market to a time in ns, with what happens then."""
        simulation.guarded(until, FOREVER, "Sales.step")
        simulation.now = until
        # What is not kept goes at once: of many markets each goes on in memory that is still warm.
        return simulation.flush()

    cdef int take(
        self, Sale *sale, SteeredSeller seller, double share, int64_t discount
    ) except -1:
        """Buy a share of what is on offer; what it costs is rounded up."""
        cdef int64_t lots = <int64_t>(share * sale.on_offer)
        cdef int64_t cost = self.cost_of(sale, lots, discount)
        sale.on_offer -= lots
        sale.taken += lots
        sale.paid += cost
        seller.inventory += lots
        seller.cash -= cost
        return 0

    cdef int64_t discount_of(self, const Sale *sale) noexcept:
        """In ppm, at the coming decision."""
        cdef int64_t last = self.steps - 1
        if last == 0:
            return self.discount_start
        return self.discount_start + (self.discount_end - self.discount_start) * (
            sale.step if sale.step < last else last
        ) // last

    cdef int64_t cost_of(self, const Sale *sale, int64_t lots, int64_t discount) noexcept:
        """Of lots on offer, in ticks times lots: at the mid, rounded down, less the discount."""
        return <int64_t>ceil_ratio(
            <int128>lots * (sale.doubled_mid >> 1) * (PPM - discount), PPM
        )

    cdef int tell(self, int64_t number) except -1:
        """Write down what is seen of a sale, and what it is exactly."""
        cdef const Sale *sale = &self.sales[number]
        cdef SteeredSeller seller = <SteeredSeller>self.sellers[number]
        cdef Simulation simulation = <Simulation>self.simulations[number]
        cdef const Book *book = simulation.book(seller.instrument)
        cdef float *seen = &self.seen[number, 0]
        cdef int64_t *known = &self.known[number, 0]
        cdef double lots = <double>self.lots, mid = 0.5 * sale.doubled_mid
        cdef int64_t bids = best_size(&book.sides[0]), asks = best_size(&book.sides[1])
        cdef int64_t deep
        seen[0] = <float>(seller.inventory / lots)
        seen[1] = <float>((self.steps - sale.step) / <double>self.steps)
        seen[2] = <float>(seller.working / lots)
        seen[3] = <float>within((mid - sale.arrival) / (FAR * sale.arrival))
        seen[4] = <float>within((mid - 0.5 * sale.before) / (NEAR * sale.arrival))
        seen[5] = 1.0
        if bids and asks:
            # In a call they may cross.
            seen[5] = <float>within(max(0, sale.ask - sale.bid) / (NEAR * sale.arrival))
        seen[6] = <float>((bids - asks) / <double>(bids + asks)) if bids + asks else 0.0
        deep = depth(&book.sides[0])
        seen[7] = <float>(deep / (deep + lots))
        deep = depth(&book.sides[1])
        seen[8] = <float>(deep / (deep + lots))
        seen[9] = <float>(sale.sold / lots)
        known[0] = simulation.now
        known[1] = sale.step
        known[2] = seller.inventory
        known[3] = seller.working
        known[4] = seller.sold
        known[5] = seller.cash
        known[6] = sale.arrival
        known[7] = sale.bid
        known[8] = sale.ask
        known[9] = sale.result
        if self.keeper:
            seen[10] = <float>(sale.on_offer / lots)
            seen[11] = 0.0
            if self.discount_end:
                seen[11] = <float>(self.discount_of(sale) / <double>self.discount_end)
            known[10] = sale.on_offer
            known[11] = self.cost_of(sale, 1, self.discount_of(sale))
            known[12] = sale.taken
            known[13] = sale.paid
            known[14] = sale.rivals
        return 0


cdef bint look(Sale *sale, const Book *book) noexcept:
    """See the best prices, of an empty side the last there was; whether there are both."""
    cdef const Ladder *bids = &book.sides[0]
    cdef const Ladder *asks = &book.sides[1]
    if bids.best != NO_LEVEL:
        sale.bid = bids.levels[bids.best].price
    if asks.best != NO_LEVEL:
        sale.ask = asks.levels[asks.best].price
    sale.doubled_mid = sale.bid + sale.ask
    return bids.best != NO_LEVEL and asks.best != NO_LEVEL


cdef inline double within(double value) noexcept:
    """The value, or the nearest of -1 to 1."""
    if value > 1.0:
        return 1.0
    return value if value > -1.0 else -1.0


cdef inline int64_t best_size(const Ladder *side) noexcept:
    """Lots at the best price."""
    return side.levels[side.best].size if side.best != NO_LEVEL else 0


cdef int64_t depth(const Ladder *side) noexcept:
    """Lots at the best prices."""
    cdef unsigned int at = side.best
    cdef int64_t lots = 0
    cdef int found = 0
    while at != NO_LEVEL and found < LEVELS:
        lots += side.levels[at].size
        at = ladder_next(side, at)
        found += 1
    return lots
