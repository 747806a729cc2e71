"""Margin, and what happens to accounts that lack it.

An account fails when what it has, less what its positions must be backed with, is below zero at
the prices that clearing believes: equity < maintenance margin, strictly. This is looked at

* when a mark changes, after the whole message that changed it;
* for an account itself, when it trades, pays or is paid, and when margin parameters change.

An isolated account has one holding, and waits in a queue at the one tick at which it fails: a mark
that moves past nobody's tick costs one comparison. Accounts of several holdings are looked at in
blocks, each with bounds on all marks within which none of its accounts can fail.

A failed account is a case, in the order of failing. What is done about it is up to the
``LiquidationEngine``; the rules of the designs are in ``lob.liquidation``.
"""

import copy as copying

cimport cython
from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.clearing.cases cimport ACTIVE
from lob.clearing.claim_graph cimport Claims
from lob.clearing.valuation cimport ClaimValue
from lob.clearing.cross cimport MAX_HOLDINGS
from lob.clearing.holding cimport Holding
from lob.clearing.ledger cimport WORLD, Ledger
from lob.clearing.oracle cimport Oracle, Source
from lob.clearing.payments cimport Payments
from lob.clearing.requirement cimport NO_PRICE
from lob.engine.ladder cimport ladder_bytes
from lob.venue.market cimport Market
from lob.engine.records cimport ENTRY_OPENING, REASON_IN_LIQUIDATION, Event, Message

from lob import checks

__all__ = ["Clearing", "LiquidationEngine"]

cdef int64_t NEVER = 2**63 - 1


@cython.auto_pickle(False)
cdef class Clearing(Payments):
    """One margin system: accounts, what they hold, its prices, its way to liquidate.

    Parameters
    ----------
    name
        Unique in a venue.
    holdings
        One ``Holding`` for each thing its accounts may have beside cash.
    liquidator
        What is done with accounts that fail, for example ``lob.liquidation.MarketSale()``.
    cash
        Name of the asset in which accounts are settled, and may be in debt.
    insurance_fund
        Units of cash that the fund starts with.
    liquidation_fee
        Ppm of what a forced sale brings, paid to the fund out of what is left to the account.
    portfolio
        A ``lob.clearing.margin.PortfolioMargin``: cross accounts are backed by scenarios in place
        of rates.

    Attributes
    ----------
    fund, fees, shortfall, pool
        Account numbers: insurance fund, sink of fees, losses nobody has borne yet, lender.
    """

    def __init__(
        self,
        name="clearing",
        *,
        holdings,
        liquidation_engine,
        cash="cash",
        insurance_fund=0,
        liquidation_fee=0,
        portfolio=None,
    ):
        super().__init__(name, holdings, cash, insurance_fund, portfolio, liquidation_fee)
        if not isinstance(liquidation_engine, LiquidationEngine):
            raise TypeError(f"liquidator must be a Liquidator, got {liquidation_engine!r}")
        self.liquidation_engine = liquidation_engine
        self.timers = []
        self.timer_due = NEVER

    def attach(self, Market market, Ledger ledger, int64_t number):
        """Belong to a venue: what ``lob.Venue`` does with the clearings that it is given."""
        cdef Holding holding
        cdef int64_t i
        if self.market is not None:
            raise ValueError(f"clearing {self.name!r} belongs to a venue already")
        cash, fund = self.configuration
        market.keeps_entry_values |= self.keeps_entry_values
        self.market, self.ledger, self.number = market, ledger, number
        self.cash_asset = ledger.asset(cash)
        self.fund = ledger.open_account(f"{self.name}: insurance fund")
        self.fees = ledger.open_account(f"{self.name}: fees")
        self.shortfall = ledger.open_account(f"{self.name}: shortfall")
        self.pool = ledger.open_account(f"{self.name}: lenders")
        ledger.post(ENTRY_OPENING, self.cash_asset, WORLD, self.fund, fund, 0, 0)
        self.watch.reserve(8 * len(market.books))
        for i in range(len(market.books)):
            (<int64_t *>self.watch.data)[i] = -1
        for i in range(self.holding_count):
            holding = self.holdings[i]
            holding.number = i
            if holding.record.instrument >= len(market.instruments):
                raise ValueError(
                    f"holdings[{i}]: instrument must be 0 to {len(market.instruments) - 1}, got "
                    f"{holding.record.instrument}"
                )
            instrument = market.instruments[holding.record.instrument]
            if holding.name is None:
                holding.name = instrument.base or instrument.name
            if holding.name == (instrument.base or instrument.name):
                (<int64_t *>self.watch.data)[holding.record.instrument] = i
            holding.record.asset = ledger.asset(holding.name)
            holding.record.multiplier = instrument.multiplier
            holding.record.inverse = instrument.inverse
        if market.claims is not None:
            self.attach_claims(market.claims)
        self.liquidation_engine.clearing = self
        self.liquidation_engine.attached()
        self.start_oracles()
        self.reset_deadline()

    def attach_claims(self, Claims claims):
        """Note which holdings are claims, and that what they come down to can be sold here."""
        cdef Holding holding
        cdef ClaimValue value
        names = [holding.name for holding in self.holdings]
        redeems_in_kind = set()
        for holding in self.holdings:
            for value in claim_values(holding.oracle.source):
                value.attach(claims, self.ledger.assets[self.cash_asset], holding.record.multiplier)
                holding.record.of_claim = self.watches_claims = True
            if holding.name not in claims:
                continue
            holding.record.depth = min(255, claims.depth(holding.name))
            if claims[holding.name].book >= 0:
                continue
            holding.record.bookless = True
            if holding.record.inverse:
                raise ValueError(
                    f"clearing {self.name!r}: the ticks of the claim {holding.name} must be those "
                    f"of a linear instrument, not of {holding.record.instrument}"
                )
            missing = [
                name
                for name in claims.leaves(holding.name)
                if name not in names and self.ledger.asset(name) != self.cash_asset
            ]
            if missing:
                raise ValueError(
                    f"clearing {self.name!r}: the claim {holding.name} has no book and comes down "
                    f"to {', '.join(missing)}, which must be holdings too"
                )
            for name in claims.below(holding.name):
                if claims[name].book < 0:
                    redeems_in_kind.add(name)
                    if claims[name].has_queue:
                        raise ValueError(
                            f"clearing {self.name!r}: the claim {name} has a queue, so it needs a "
                            f"book in which it can be sold at once"
                        )
        self.redeems_in_kind = [
            claim for claim in reversed(claims.claims) if claim.name in redeems_in_kind
        ]

    def start_oracles(self):
        """Take the prices that oracles have before anything happened."""
        for i in range(self.holding_count):
            oracle = (<Holding>self.holdings[i]).oracle
            if oracle.price != NO_PRICE:
                self.records[i].mark = oracle.price
                self.mark_moved(i, oracle.cause, 0)

    # ---------------------------------------------------------------- time

    cdef int reset_deadline(self) noexcept:
        """When there is next something to do."""
        cdef int64_t i
        self.deadline = min(self.timer_due, self.liquidation_engine.deadline)
        for i in range(self.holding_count):
            self.deadline = min(self.deadline, (<Holding>self.holdings[i]).oracle.deadline)
        if self.fresh < self.case_total:
            self.deadline = min(self.deadline, self.market.now)
        self.market.deadline = min(self.market.deadline, self.deadline)
        return 0

    cdef int advance(self, int64_t ts) except -1:
        """Do the one thing that is due first: timers, prices, then liquidations."""
        cdef Oracle oracle
        cdef int64_t i
        cdef bint moved[MAX_HOLDINGS]
        cdef bint due = False
        if self.timer_due <= ts:
            self.run_timer(ts)
            self.reset_deadline()
            return 0
        for i in range(self.holding_count):
            oracle = (<Holding>self.holdings[i]).oracle
            moved[i] = False
            if oracle.deadline <= ts:
                due = True
                moved[i] = oracle.advance(ts)
                if moved[i]:
                    self.records[i].mark = oracle.price
        if due:
            self.marks_moved(moved)
            self.reset_deadline()
            return 0
        if self.fresh < self.case_total:
            i = self.fresh
            self.fresh += 1
            self.case(i).state = ACTIVE
            self.recall_orders(self.case(i).account)
            self.liquidation_engine.begin(i)
        elif self.liquidation_engine.deadline <= ts:
            self.liquidation_engine.advance(ts)
        self.reset_deadline()
        return 0

    cdef int filled(self, int64_t number, const Event *event) except -1:
        return self.liquidation_engine.filled(number, event)

    def every(self, interval, action, *, first=None):
        """Call ``action(clearing, ts)`` at fixed intervals.

        Parameters
        ----------
        interval
            ns.
        action
            Something that is copied with the run where it has state of its own.
        first
            Time of the first call in ns; ``None``: one interval from now.
        """
        cdef int64_t step = checks.integer("interval", interval, 1)
        if not callable(action):
            raise TypeError(f"action must be callable, got {action!r}")
        start = self.market.now if self.market is not None else 0
        due = start + step if first is None else checks.integer("first", first, start)
        self.timers.append([due, step, action])
        self.timer_due = min(self.timer_due, due)
        self.deadline = min(self.deadline, self.timer_due)
        if self.market is not None:
            self.market.deadline = min(self.market.deadline, self.deadline)

    def run_timer(self, ts):
        """Call the first action that is due."""
        timer = min(self.timers, key=due_of)
        timer[0] += timer[1]
        self.timer_due = min(due_of(one) for one in self.timers)
        timer[2](self, ts)

    # ---------------------------------------------------------------- what one reads

    def memory_bytes(self):
        """Bytes of the account table, the queues, the blocks and the cases; no ledger rows."""
        cdef int64_t i
        total = self.ledger.account_block.nbytes + self.cross_blocks.nbytes + self.case_block.nbytes
        for i in range(self.holding_count):
            total += ladder_bytes(&self.records[i].longs) + ladder_bytes(&self.records[i].shorts)
            total += sum([(<Block>block).nbytes for block in (<Holding>self.holdings[i]).working])
        return total

    def __deepcopy__(self, memo):
        cdef Clearing other = Clearing.__new__(Clearing)
        cdef int64_t i
        memo[id(self)] = other
        other.name, other.number, other.configuration = self.name, self.number, self.configuration
        other.market = copying.deepcopy(self.market, memo)
        other.ledger = copying.deepcopy(self.ledger, memo)
        other.holdings = copying.deepcopy(self.holdings, memo)
        other.portfolio = self.portfolio
        other.cash_asset, other.fund, other.fees = self.cash_asset, self.fund, self.fees
        other.shortfall, other.pool = self.shortfall, self.pool
        other.account_total, other.deadline = self.account_total, self.deadline
        other.point_at_records()
        other.watch = copying.deepcopy(self.watch)
        other.case_block = copying.deepcopy(self.case_block)
        other.case_total, other.fresh = self.case_total, self.fresh
        other.timers = copying.deepcopy(self.timers, memo)
        other.timer_due = self.timer_due
        other.ranges = list(self.ranges)
        other.redeems_in_kind = copying.deepcopy(self.redeems_in_kind, memo)
        other.watches_claims = self.watches_claims
        other.cross_blocks = copying.deepcopy(self.cross_blocks)
        other.cross_count = self.cross_count
        other.liquidation_fee = self.liquidation_fee
        other.keeps_entry_values = self.keeps_entry_values
        for i in range(self.holding_count):
            other.low[i], other.high[i] = self.low[i], self.high[i]
        other.liquidation_engine = copying.deepcopy(self.liquidation_engine, memo)
        other.liquidation_engine.clearing = other
        return other

    def __reduce__(self):
        raise TypeError("a clearing is not pickled: keep its run's scenario, seed and time")


cdef list claim_values(source):
    """The prices of claims that a source is, or is made of."""
    if isinstance(source, ClaimValue):
        return [source]
    found = []
    for part in (getattr(source, "of", None), *(getattr(source, "sources", None) or ())):
        if isinstance(part, Source):
            found += claim_values(part)
    return found


cdef object due_of(timer):
    return timer[0]


# ---------------------------------------------------------------------------- what is done about it

@cython.auto_pickle(True)
cdef class LiquidationEngine:
    """What is done with accounts that fail: the base of all liquidation designs.

    Compiled designs override the three methods; a design in Python extends
    ``lob.liquidation.LiquidationDesign``.
    """

    def __init__(self):
        self.deadline = NEVER
        self.offers = {}
        self.listeners = []

    def watch(self, listener):
        """Tell somebody what is on offer from now on.

        Parameters
        ----------
        listener
            Has ``on_offer(offer)``, called when a ``lob.liquidation.Offer`` opens or changes, and
            ``on_offer_closed(tag)``. It may only note or schedule: nothing may be sent from there.
        """
        for method in ("on_offer", "on_offer_closed"):
            if not callable(getattr(listener, method, None)):
                raise TypeError(f"listener must have the method {method}, got {listener!r}")
        self.listeners.append(listener)

    def attached(self):
        """The clearing belongs to a venue now: accounts may be opened."""

    cdef int begin(self, int64_t case) except -1:
        """The turn of a case has come. Its account's orders are cancelled."""
        return 0

    cdef int advance(self, int64_t ts) except -1:
        """``deadline`` has come."""
        return 0

    cdef int filled(self, int64_t case, const Event *event) except -1:
        """The failed account of a case has traded with its tag, in the middle of a message."""
        return 0

    cdef int perform(self, const Message *message, int64_t account) except -1:
        """A participant takes or bids; a reason if that is refused."""
        return REASON_IN_LIQUIDATION
