"""Clearing: margin accounts, and what happens to those that lack margin.

An account fails when what it has, less what its positions must be backed with, is below zero at
the prices that clearing believes: equity < maintenance margin, strictly. This is looked at

* when a mark changes, after the whole message that changed it;
* for an account itself, when it trades, pays or is paid, and when margin parameters change.

A clearing is made of parts, each in a file of its own, and calls go one way: from the clearing to
its parts, and from a part to those before it.

==================  ============================================================
``accounts``        what accounts have, and the holdings they have it in
``excess``          by how much they meet their margin, and where they fail
``entry_values``    what their lots were bought for, if somebody asks for it
``failed``          the accounts that failed: cases, in the order of failing
``index``           who fails when a mark moves or an account trades
``marks``           what the oracles say, and when
``order_checks``    which orders may be sent
``payments``        funding, interest, and losses that are shared
==================  ============================================================

A failed account is a case. What is done about it is up to the ``LiquidationEngine``; the rules of
the designs are in ``lob.liquidation``.
"""

import copy as copying

cimport cython
from libc.stdint cimport int64_t

from lob.clearing.cases cimport Cases
from lob.clearing.entry_values cimport EntryValues
from lob.clearing.failure_index cimport FailureIndex
from lob.clearing.holding cimport Holding
from lob.clearing.ledger cimport Ledger
from lob.clearing.liquidation_engine cimport LiquidationEngine
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.margin_excess cimport MarginExcess
from lob.clearing.mark_prices cimport MarkPrices
from lob.clearing.order_checks cimport OrderChecks
from lob.clearing.payments cimport Payments
from lob.engine.records cimport CAUSE_ACCRUAL, CAUSE_MARGIN, REASON_UNCROSS, Event
from lob.venue.market cimport Market

import numpy as np

from lob import checks

__all__ = ["Clearing"]

cdef int64_t NEVER = 2**63 - 1


@cython.final
@cython.auto_pickle(False)
cdef class Clearing:
    """One margin system: accounts, what they hold, its prices, its way to liquidate.

    Parameters
    ----------
    name
        Name of the clearing, unique in a venue.
    holdings
        One ``Holding`` for each thing its accounts may have beside cash, 1 to 16.
    liquidation_engine
        What is done with accounts that fail, for example ``lob.liquidation.MarketSale()``.
    cash
        Name of the asset in which accounts are settled, and may be in debt.
    insurance_fund
        Units of cash that the insurance fund starts with, 0 or more, below ``2**62``.
    liquidation_fee
        0 to 1,000,000 ppm of what a forced sale brings, rounded up, paid to the fund out of what is
        left to the account.
    portfolio
        A ``lob.clearing.margin.PortfolioMargin``: cross accounts are backed by scenarios in place
        of rates.

    Attributes
    ----------
    name : str
        Name of the clearing.
    number : int
        Place of the clearing among the venue's, from 0.
    market : lob.Venue or None
        The venue it belongs to.
    ledger : Ledger or None
        The ledger of that venue.
    cash_asset : int
        Number of the cash asset in the ledger.
    fund, fees, shortfall, pool : int
        Account numbers: insurance fund, sink of fees, losses nobody has borne yet, lender.
    deadline : int
        Time in ns at which it has something to do next.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range; the message shows it.
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
        if not isinstance(liquidation_engine, LiquidationEngine):
            raise TypeError(
                f"liquidation_engine must be a LiquidationEngine, got {liquidation_engine!r}"
            )
        self.accounts = MarginAccounts(name, holdings, cash=cash, insurance_fund=insurance_fund)
        self.excess = MarginExcess(self.accounts, portfolio)
        self.entry_values = EntryValues(self.accounts)
        self.failed = Cases(self.accounts, liquidation_fee=liquidation_fee)
        self.index = FailureIndex(self.accounts, self.excess, self.failed)
        self.marks = MarkPrices(self.accounts, self.index)
        self.order_checks = OrderChecks(self.accounts, self.excess, self.index.queues)
        self.payments = Payments(self.accounts)
        self.liquidation_engine = liquidation_engine
        self.timers = []
        self.timer_due = self.deadline = NEVER
        self.read_accounts()

    cdef int read_accounts(self) noexcept:
        """Note what others read of the accounts at every message."""
        self.number = self.accounts.number
        self.market, self.ledger = self.accounts.market, self.accounts.ledger
        self.holdings, self.holding_count = self.accounts.holdings, self.accounts.holding_count
        self.records = self.accounts.records
        self.cash_asset, self.fund = self.accounts.cash_asset, self.accounts.fund
        self.fees, self.shortfall = self.accounts.fees, self.accounts.shortfall
        self.pool = self.accounts.pool
        return 0

    def attach(self, Market market, Ledger ledger, int64_t number, object claims=None):
        """Let the clearing belong to a venue: ``lob.Venue`` calls it for those that it is given.

        Parameters and errors are those of ``MarginAccounts.belong_to``.
        """
        self.failed.redeem_these(self.accounts.belong_to(market, ledger, number, claims))
        self.read_accounts()
        market.keeps_entry_values |= self.entry_values.kept
        self.liquidation_engine.belong_to(self)
        self.liquidation_engine.attached()
        self.marks.start()
        self.reset_deadline()

    # ---------------------------------------------------------------- accounts

    def open(self, owner, cash, positions, *, entry_prices=None, holding=0, cross=False):
        """Open margin accounts with what they start with, from the outside world.

        The accounts are looked at from now on: one that lacks margin has failed at once.

        Parameters
        ----------
        owner
            First of as many owner numbers as there are accounts.
        cash
            Units of cash, integers, one an account; negative: debt.
        positions
            Lots, signed integers: one an account, or a row a holding for ``cross`` accounts.
        entry_prices
            Ticks, of the shape of ``positions``: the positions were bought there, and paid out of
            ``cash``, rounded up. ``None``: what was paid is in ``cash`` already.
        holding
            Number of the one holding that isolated accounts may have.
        cross
            Whether all holdings of an account back each other.

        Returns
        -------
        int
            The number of the first account; the others follow.

        Raises
        ------
        TypeError, ValueError
            If the shapes differ, an owner has an account, or a value is out of bounds: then no
            account is opened.
        """
        cdef int64_t count = self.accounts.account_total
        cdef int64_t first = self.accounts.open(
            owner, cash, positions, entry_prices=entry_prices, holding=holding, cross=cross
        )
        count = self.accounts.account_total - count
        if self.entry_values.kept:
            self.entry_values.note_opening(
                first, count, None if entry_prices is None else np.atleast_2d(entry_prices)
            )
        self.index.add(first, count)
        self.reset_deadline()
        return first

    def account(self, account):
        """What an account, by number, has and needs: a ``lob.clearing.MarginAccount``.

        Raises ``ValueError`` if the account is not one of this clearing's.
        """
        return self.excess.account(account)

    def account_owner(self, account):
        """Owner number of an account's orders; 0: nobody's.

        ``account`` is its number. Raises ``ValueError`` if the ledger has no such account.
        """
        cdef int64_t number = checks.integer("account", account, 0, self.ledger.account_count - 1)
        return self.ledger.accounts[number].owner

    @property
    def name(self):
        """Name of the clearing, unique in a venue."""
        return self.accounts.name

    @property
    def account_ranges(self):
        """The accounts of this clearing: a list of (first number, count)."""
        return self.accounts.account_ranges

    @property
    def account_total(self):
        """How many margin accounts the clearing has opened so far."""
        return self.accounts.account_total

    @property
    def portfolio(self):
        """The ``PortfolioMargin`` of cross accounts; ``None``: the rates of holdings back them."""
        return self.excess.portfolio

    def value_of(self, account):
        """What an account's holdings are worth at the marks, in units of cash.

        See ``MarginAccounts.value_of``.
        """
        return self.accounts.value_of(account)

    def worth(self, holding, lots, price):
        """What signed lots of a holding cost at a price in ticks: see ``MarginAccounts.worth``."""
        return self.accounts.worth(holding, lots, price)

    def working_orders(self, account, holding=0):
        """Lots of a holding that an account's resting orders have open: (to buy, to sell)."""
        return self.order_checks.working_orders(account, holding)

    def keep_entry_values(self):
        """Keep what every account's lots were bought for, from now on: see ``entry_value``."""
        self.entry_values.keep()
        if self.market is not None:
            self.market.keeps_entry_values = True

    def entry_value(self, account, holding=0):
        """What an account's lots of a holding were bought for: see ``EntryValues.of``."""
        return self.entry_values.of(account, holding)

    # ---------------------------------------------------------------- what a venue tells it

    cdef int observe_claims(self, int64_t ts, int cause, int64_t tag) except -1:
        """Balances changed, and with them what claims are worth."""
        self.marks.observe_claims(ts, cause, tag)
        return self.hasten()

    cdef int touched(self, int64_t account, int cause) except -1:
        """An account traded, paid or was paid: it may have failed."""
        self.index.touched(account, cause)
        return self.hasten()

    cdef int touched_together(self, accounts, int cause) except -1:
        """Several accounts paid or were paid at once: some may have failed."""
        self.index.touched_together(accounts, cause)
        return self.hasten()

    cdef int await_price(self, int64_t account) noexcept:
        """Judge a cross account at the next price: something that it holds has none yet."""
        return self.index.await_price(account)

    cdef int trade_for_case(
        self, const Event *event, int64_t tag, int64_t buyer, int64_t seller
    ) except -1:
        """A trade with the tag of a case of this clearing, between two accounts."""
        cdef int64_t number = self.failed.note_trade(event, tag, buyer, seller)
        if number < 0:
            return 0
        if event.reason == REASON_UNCROSS:
            # Who bids in a call for what failed is a taker like others.
            self.failed.note_taker(
                number, buyer if self.failed.case(number).account == seller else seller
            )
        return self.liquidation_engine.filled(number, event)

    cdef bint has_taken(self, int64_t tag, int64_t account) except -1:
        """Whether an account got lots of the case with a tag of this clearing."""
        return self.failed.has_taken(tag, account)

    cdef int release(self, int64_t number) except -1:
        """A case is over with something left in the account, which may fail again."""
        self.order_checks.recall_orders(self.failed.case(number).account)
        self.failed.release(number)
        self.index.released(self.failed.case(number).account)
        return self.hasten()

    def observe_price(self, price, *, holding=0):
        """Set the price of a holding's ``Fixed`` source from now on, and see who fails by it.

        Parameters
        ----------
        price
            Ticks, 1 or more.
        holding
            Number of the holding.

        Raises
        ------
        TypeError
            If the source of the holding's oracle is no ``Fixed``.
        ValueError
            If an argument is outside its range.
        """
        self.marks.observe_price(price, holding=holding)
        self.reset_deadline()

    # ---------------------------------------------------------------- what accounts pay

    def pay_funding(self, rate, *, holding=0):
        """Let one side of a contract pay funding to the other, and see who fails by it.

        Parameters, result in units of cash, rounding and errors are those of
        ``Payments.pay_funding``.
        """
        paid = self.payments.pay_funding(rate, holding=holding)
        self.index.reindex(CAUSE_ACCRUAL)
        self.reset_deadline()
        return paid

    def charge_interest(self, rate):
        """Let every account in debt pay interest to the lenders, and see who fails by it.

        Parameters, result in units of cash, rounding and errors are those of
        ``Payments.charge_interest``.
        """
        paid = self.payments.charge_interest(rate)
        self.index.reindex(CAUSE_ACCRUAL)
        self.reset_deadline()
        return paid

    def socialise(self):
        """Let accounts bear the losses that the insurance fund could not, and see who fails by it.

        Result in units of cash and rounding are those of ``Payments.socialise``.
        """
        borne = self.payments.socialise(self.failed.total)
        if borne:
            self.index.reindex(CAUSE_ACCRUAL)
            self.reset_deadline()
        return borne

    def update_margin(self, int64_t ts):
        """Update the margin models that react to the market, at a time in ns, and see who fails.

        Returns whether any rate changed.
        """
        changed = self.excess.update_models(ts)
        if changed:
            self.index.reindex(CAUSE_MARGIN)
            self.reset_deadline()
        return changed

    # ---------------------------------------------------------------- time

    cdef int reset_deadline(self) noexcept:
        """When there is next something to do."""
        self.deadline = min(self.timer_due, self.liquidation_engine.deadline)
        self.marks.find_deadline()
        return self.hasten()

    cdef int advance(self, int64_t ts) except -1:
        """Do the one thing that is due first: timers, prices, then liquidations."""
        cdef int64_t case
        if self.timer_due <= ts:
            self.run_timer(ts)
        elif not self.marks.advance(ts):
            case = self.failed.take_turn()
            if case >= 0:
                self.order_checks.recall_orders(self.failed.case(case).account)
                self.liquidation_engine.begin(case)
            elif self.liquidation_engine.deadline <= ts:
                self.liquidation_engine.advance(ts)
        return self.reset_deadline()

    def every(self, interval, action, *, first=None):
        """Let the clearing call ``action(clearing, ts)`` at fixed intervals, ``ts`` in ns.

        Parameters
        ----------
        interval
            ns from call to call, 1 or more.
        action
            A callable, which is copied with the run where it has state of its own.
        first
            Time of the first call in ns, not before now; ``None``: one interval from now.

        Raises
        ------
        TypeError, ValueError
            If ``action`` is not callable, or a time is outside its range.
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
        """Call the action of ``every`` that is due first, at a time in ns."""
        timer = min(self.timers, key=due_of)
        timer[0] += timer[1]
        self.timer_due = min(due_of(one) for one in self.timers)
        timer[2](self, ts)

    # ---------------------------------------------------------------- what one reads

    @property
    def case_count(self):
        """How many accounts of the clearing have failed so far."""
        return self.failed.total

    @property
    def open_cases(self):
        """How many of the clearing's cases are not settled: O(cases)."""
        return self.failed.open_count

    @property
    def cases(self):
        """All cases of the clearing so far, a structured array: see ``Cases.table``."""
        return self.failed.table

    def count_failing(self):
        """How many cross accounts lack margin now, by a full pass: O(accounts)."""
        return self.index.blocks.count_failing()

    def check(self):
        """Check that queues, states and ledger agree: O(accounts). Raises ``AssertionError``."""
        self.index.check()

    def memory_bytes(self):
        """Bytes of memory of the account table, queues, blocks and cases; without ledger rows."""
        cdef Holding holding
        working = [block.nbytes for holding in self.holdings for block in holding.working]
        return (
            self.ledger.account_block.nbytes
            + self.index.memory_bytes()
            + self.failed.memory_bytes()
            + sum(working)
        )

    # ---------------------------------------------------------------- forks

    def __deepcopy__(self, memo):
        cdef Clearing other = Clearing.__new__(Clearing)
        memo[id(self)] = other
        other.accounts = copying.deepcopy(self.accounts, memo)
        other.excess = copying.deepcopy(self.excess, memo)
        other.entry_values = copying.deepcopy(self.entry_values, memo)
        other.failed = copying.deepcopy(self.failed, memo)
        other.index = copying.deepcopy(self.index, memo)
        other.marks = copying.deepcopy(self.marks, memo)
        other.order_checks = copying.deepcopy(self.order_checks, memo)
        other.payments = copying.deepcopy(self.payments, memo)
        other.read_accounts()
        other.timers = copying.deepcopy(self.timers, memo)
        other.timer_due, other.deadline = self.timer_due, self.deadline
        other.liquidation_engine = copying.deepcopy(self.liquidation_engine, memo)
        other.liquidation_engine.belong_to(other)
        return other

    def __reduce__(self):
        raise TypeError("a clearing is not pickled: keep its run's scenario, seed and time")


cdef object due_of(timer):
    return timer[0]
