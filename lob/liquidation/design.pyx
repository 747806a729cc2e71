"""A liquidation design whose decisions are made in Python.

What it may do with a case is here, and what it reads of one in ``lob.liquidation.case_view``; what
the named designs do is in ``lob.liquidation.staged``.
"""

import heapq

cimport cython
from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t

from lob.checks cimport integer_within
from lob.clearing.cases cimport ACTIVE
from lob.clearing.clearing cimport Clearing
from lob.clearing.ledger cimport SAFE, WORLD
from lob.clearing.requirement cimport NO_PRICE
from lob.liquidation.case_view cimport REASONS, CaseView, holding_number, open_case
from lob.engine.matching cimport Book
from lob.engine.order_table cimport RestingOrder, table_find
from lob.engine.records cimport (
    BUY,
    CALL,
    CANCEL,
    CAUSE_TRANSFER,
    CONTINUOUS,
    ENTRY_ADL,
    ENTRY_AUCTION,
    ENTRY_BAD_DEBT,
    ENTRY_BID,
    ENTRY_INSURANCE,
    ENTRY_REDISTRIBUTED,
    ENTRY_SOCIALISED,
    ENTRY_STAGE,
    ENTRY_TAKEOVER,
    FROM_VENUE,
    GTC,
    HALTED,
    IOC,
    LIMIT,
    LIQUIDATION_TAG,
    MARKET,
    MAX_PRICE,
    MAX_SIZE as MAX_LOTS,
    NEW,
    REASON_IN_LIQUIDATION,
    REASON_NO_ACCOUNT,
    REASON_NONE,
    REASON_NOT_ON_OFFER,
    REASON_UNCROSS,
    SELL,
    TAKE,
    Entry,
    Event,
    Message,
    write_message,
)
from lob.engine.wide cimport fits, int128

from lob import checks
from lob.allocation import pro_rata
from lob.types import MAX_SIZE, EntryKind, Reason

__all__ = ["LiquidationDesign"]

cdef int64_t NEVER = 2**63 - 1


@cython.auto_pickle(True)
cdef class LiquidationDesign(CaseView):
    """Extend it with ``on_failure(case)``, and ``on_due(case, ts)`` if it asks to be called back.

    A case is a number: ``clearing.cases[case]`` and ``CaseView`` say what is to know about it.
    Every case must end in ``settle`` or ``release``: until then nobody else may touch the account.
    """

    def __init__(self):
        super().__init__()
        self.due = []
        self.resting = {}
        self.waiting = {}

    # ---------------------------------------------------------------- to override

    def on_failure(self, case):
        """The turn of a failed account has come. Its own orders are cancelled already."""

    def on_due(self, case, ts):
        """The time that ``call_back`` asked for has come. A case below 0: it is nobody's."""

    def on_take(self, case, account, size, price):
        """Somebody wants lots of what is on offer, at ``price`` ticks or better (0: at any).

        Parameters
        ----------
        account
            Number in the ledger of who asks; it is neither the world's nor that of the case.

        Returns
        -------
        lob.Reason
            ``NONE``: it is done. Else it is refused, and nothing has moved.
        """
        return Reason.NOT_ON_OFFER

    def on_bid(self, case, account, size, price):
        """Somebody bids ``price`` ticks for lots of a case; see ``on_take``."""
        return Reason.NOT_ON_OFFER

    def on_filled(self, case, size, price):
        """Lots of an order that rests for a case have traded; a call back is asked for."""

    # ---------------------------------------------------------------- what it does

    def enter_stage(self, case, stage):
        """Let a stage take a case over; the journal says so."""
        cdef int64_t number = open_case(self, case)
        cdef Entry *entry
        self.clearing.case(number).stage = checks.integer("stage", stage, 0, 255)
        entry = self.clearing.ledger.write(ENTRY_STAGE)
        entry.tag = self.clearing.tag_of(number)
        entry.debit = self.clearing.case(number).account
        entry.clearing = <int16_t>self.clearing.number
        entry.stage = self.clearing.case(number).stage

    def sell(self, case, size, price=None, *, holding=0):
        """Trade ``size`` lots of the account toward zero in the book, at once.

        At ``price`` ticks or better, at any price without one; what does not trade stays with the
        account. While the book collects for a call the order takes part in it: it waits there,
        ``has_resting`` is true, and ``on_filled`` tells of it. What the call leaves of it is taken
        back by the next ``sell``, and before the case ends. To a halted book nothing is sent.
        """
        cdef int64_t number = open_case(self, case), of = holding_number(self, holding)
        cdef int64_t held = self.held(case, holding), limit = 0
        cdef int64_t lots = integer_within("size", size, 1, abs(held))
        cdef int order_type = MARKET if price is None else LIMIT
        if price is not None:
            limit = integer_within("price", price, 1, MAX_PRICE)
        if not self.collect(number, of, lots, limit, order_type):
            self.clearing.sell(number, of, lots, limit, order_type, IOC)

    cdef bint collect(
        self, int64_t case, int64_t holding, int64_t lots, int64_t price, int order_type
    ) except -1:
        """Let an order of a case wait in the call of a book; False: it trades continuously.

        An order like it that waits there already keeps its place.
        """
        cdef int64_t instrument = self.clearing.records[holding].instrument, order_id
        cdef const RestingOrder *resting
        cdef uint32_t found
        cdef Book *book
        if self.clearing.records[holding].bookless:
            return False
        book = self.clearing.market.book_of[instrument]
        waiting = self.waiting.get(case)
        if waiting is not None and instrument in waiting:
            order_id = waiting[instrument]
            found = table_find(&book.table, order_id)
            resting = &book.table.orders[found]
            if found and book.session != CONTINUOUS and resting.size == lots and (
                resting.order_type == order_type
            ) and (
                order_type == MARKET
                or book.sides[resting.side < 0].levels[resting.level].price == price
            ):
                return True
            self.cancel(case, instrument, self.forget(case, instrument))
        if book.session == CALL:
            order_id = self.enter(case, holding, lots, price, order_type)
            if table_find(&book.table, order_id):
                self.waiting.setdefault(case, {})[instrument] = order_id
        return book.session != CONTINUOUS

    cdef int64_t forget(self, int64_t case, int64_t instrument) except? -1:
        """An order that waited for a case in a call does so no more; its id."""
        waiting = self.waiting[case]
        order_id = waiting.pop(instrument)
        if not waiting:
            del self.waiting[case]
        return order_id

    cdef int64_t enter(
        self, int64_t case, int64_t holding, int64_t lots, int64_t price, int order_type
    ) except? -1:
        """Send an order of a case that is good till cancelled; its id."""
        cdef int64_t account = self.clearing.case(case).account
        cdef int64_t held = self.clearing.ledger.row(self.clearing.records[holding].asset)[account]
        cdef Message message
        write_message(
            &message, NEW, SELL if held > 0 else BUY, order_type, GTC, 0, FROM_VENUE,
            <uint16_t>self.clearing.records[holding].instrument,
        )
        message.price = price
        message.size = lots
        message.owner = self.clearing.ledger.accounts[account].owner
        message.tag = self.clearing.tag_of(case)
        self.clearing.market.execute(&message)
        return message.order_id

    cdef int cancel(self, int64_t case, int64_t instrument, int64_t order_id) except -1:
        """Cancel an order of a case, if it is in the book still."""
        cdef Book *book = self.clearing.market.book_of[instrument]
        cdef Message message
        if table_find(&book.table, order_id):
            write_message(&message, CANCEL, 0, 0, 0, 0, FROM_VENUE, <uint16_t>instrument)
            message.order_id = order_id
            message.owner = self.clearing.ledger.accounts[self.clearing.case(case).account].owner
            self.clearing.market.execute(&message)
        return 0

    def rest(self, case, size, price, *, holding=0):
        """Let an order of the account rest in the book at ``price``; what it can trade it does.

        What it trades, now and later, the account gets; ``on_filled`` tells of it. Only one rests
        for a case: it must be recalled before the next, and is when the case ends. A halted book
        takes none.
        """
        cdef int64_t number = open_case(self, case), held = self.held(case, holding)
        cdef int64_t limit = checks.integer("price", price, 1, MAX_PRICE), order_id
        cdef int64_t lots = checks.integer("size", size, 1, abs(held))
        cdef int64_t of = holding_number(self, holding)
        cdef int64_t instrument = self.clearing.records[of].instrument
        cdef Book *book
        self.recall(number)
        if self.clearing.records[of].bookless:
            return
        book = self.clearing.market.book_of[instrument]
        if book.session == HALTED:
            return
        order_id = self.enter(number, of, lots, limit, LIMIT)
        if table_find(&book.table, order_id):
            self.resting[number] = (order_id, instrument)

    def has_resting(self, case):
        """Whether an order of the case rests, or waits in a call."""
        cdef Book *book
        cdef int64_t instrument
        if case in self.resting:
            return True
        for instrument, order_id in self.waiting.get(case, {}).items():
            book = self.clearing.market.book_of[instrument]
            if table_find(&book.table, <int64_t>order_id):
                return True
        return False

    def recall(self, case, holding=None):
        """Cancel what rests for a case, or waits in a call; of one holding only what waits."""
        cdef int64_t order_id, instrument, number = open_case(self, case)
        if holding is not None:
            instrument = self.clearing.records[holding_number(self, holding)].instrument
            if instrument in self.waiting.get(number, ()):
                order_id = self.forget(number, instrument)
                self.cancel(number, instrument, order_id)
            return
        found = self.resting.pop(number, None)
        if found is not None:
            order_id, instrument = found
            self.cancel(number, instrument, order_id)
        for instrument, order_id in self.waiting.pop(number, {}).items():
            self.cancel(number, instrument, order_id)

    def put_up(self, Py_ssize_t case, Py_ssize_t account, Py_ssize_t to, amount):
        """Let a bidder pay cash, if he can: ``refusal_to_carry`` and ``pay`` in one, for bids."""
        cdef int64_t count = self.clearing.ledger.account_count, number
        cdef int reason
        if not (0 <= account < count and 0 <= to < count):
            raise ValueError(f"account and to must be 0 to {count - 1}, got {account} and {to}")
        if amount < 0:
            raise ValueError(f"amount must be 0 or more, got {amount}")
        if amount > MAX_LOTS:
            return Reason.INSUFFICIENT_MARGIN
        number = open_case(self, case)
        reason = self.may_carry(account, self.clearing.records[0].asset, 0, amount)
        if reason == REASON_NONE:
            self.clearing.ledger.post(
                ENTRY_BID, self.clearing.cash_asset, account, to, amount,
                self.clearing.tag_of(number), 0,
            )
            self.touch(account)
            self.touch(to)
        return REASONS[reason]

    def take_over(
        self,
        Py_ssize_t case,
        Py_ssize_t account,
        Py_ssize_t size,
        Py_ssize_t price,
        *,
        Py_ssize_t holding=0,
        adl=False,
    ):
        """Let another account take ``size`` lots of the position at ``price`` ticks.

        Parameters
        ----------
        account
            Number in the ledger; of another clearing's, or nobody's, it is not looked at again.
        adl
            Whether it is auto-deleveraging that closes a position of that account.
        """
        cdef int64_t number = open_case(self, case)
        cdef int64_t to = integer_within(
            "account", account, 1, self.clearing.ledger.account_count - 1
        )
        cdef int64_t at = integer_within("price", price, 1, MAX_PRICE)
        cdef int64_t of = holding_number(self, holding)
        cdef int64_t held = self.held(case, holding)
        cdef int64_t lots = integer_within("size", size, 1, abs(held))
        cdef int64_t fails = self.clearing.case(number).account
        cdef int kind = ENTRY_ADL if adl else ENTRY_TAKEOVER
        cdef int64_t multiplier = self.clearing.records[of].multiplier
        cdef int128 cash
        lots = lots if held > 0 else -lots
        if self.clearing.records[of].inverse:
            cash = -(<int128>lots * multiplier // at)
        else:
            cash = <int128>lots * at * multiplier
        if not fits(cash):
            raise ValueError(f"size {size} at {price} is worth more than 2**62 units of cash")
        self.clearing.ledger.post(
            kind, self.clearing.records[of].asset, fails, to, lots,
            self.clearing.tag_of(number), self.clearing.records[of].instrument,
        )
        self.clearing.ledger.post(
            kind, self.clearing.cash_asset, to, fails, <int64_t>cash,
            self.clearing.tag_of(number), self.clearing.records[of].instrument,
        )
        if not adl:
            self.clearing.failed.note_taker(number, to)
        self.moved(fails, self.clearing.records[of].asset, -lots, <int64_t>-cash)
        self.moved(to, self.clearing.records[of].asset, lots, <int64_t>cash)
        self.touch(to)

    def hand_over(self, case, account):
        """Let another account have all that the failed one has, its cash and its debt too."""
        cdef int64_t number = open_case(self, case)
        cdef int64_t to = checks.integer("account", account, 1,
                                         self.clearing.ledger.account_count - 1)
        cdef int64_t fails = self.clearing.case(number).account, held, i
        cdef int64_t tag = self.clearing.tag_of(number)
        self.clearing.failed.note_taker(number, to)
        for i in range(self.clearing.holding_count):
            held = self.clearing.ledger.row(self.clearing.records[i].asset)[fails]
            if held == 0:
                continue
            self.clearing.ledger.post(
                ENTRY_TAKEOVER, self.clearing.records[i].asset, fails, to, held, tag,
                self.clearing.records[i].instrument,
            )
            mark = None if self.clearing.records[i].mark == NO_PRICE else (
                self.clearing.worth(i, held, self.clearing.records[i].mark)
            )
            self.moved(fails, self.clearing.records[i].asset, -held, -(mark or 0))
            self.moved(to, self.clearing.records[i].asset, held, mark or 0)
        self.clearing.ledger.post(
            ENTRY_TAKEOVER, self.clearing.cash_asset, fails, to,
            self.clearing.ledger.row(self.clearing.cash_asset)[fails], tag, 0,
        )
        self.touch(to)

    def pay(self, case, debit, credit, amount, kind=EntryKind.REWARD):
        """Move cash from one account to another as part of a case; negative: the other way."""
        cdef int64_t count = self.clearing.ledger.account_count
        cdef int64_t number = open_case(self, case)
        cdef int64_t giver = integer_within("debit", debit, 0, count - 1)
        cdef int64_t taker = integer_within("credit", credit, 0, count - 1)
        cdef int64_t units = integer_within("amount", amount, -MAX_SIZE, MAX_SIZE)
        if not isinstance(kind, EntryKind) or kind >= 64:
            raise ValueError(f"kind must be an EntryKind of a posting, got {kind!r}")
        self.clearing.ledger.post(
            kind, self.clearing.cash_asset, giver, taker, units, self.clearing.tag_of(number), 0
        )
        self.touch(giver)
        self.touch(taker)

    def give_lots(self, case, account, size, *, holding=0, paid=0):
        """Move lots of the failed account to another, for cash that has moved or moves apart.

        ``paid`` are the units of it, negative where the account got them.
        """
        cdef int64_t number = open_case(self, case), of = holding_number(self, holding)
        cdef int64_t to = integer_within(
            "account", account, 1, self.clearing.ledger.account_count - 1
        )
        cdef int64_t held = self.held(case, holding)
        cdef int64_t lots = integer_within("size", size, 0, abs(held))
        cdef int64_t fails = self.clearing.case(number).account
        lots = lots if held > 0 else -lots
        self.clearing.ledger.post(
            ENTRY_TAKEOVER, self.clearing.records[of].asset, fails, to, lots,
            self.clearing.tag_of(number), self.clearing.records[of].instrument,
        )
        self.clearing.failed.note_taker(number, to)
        self.moved(fails, self.clearing.records[of].asset, -lots, -paid)
        self.moved(to, self.clearing.records[of].asset, lots, paid)
        self.touch(to)

    def sell_from(self, account, size, tag, *, holding=0):
        """Let a facility's account trade lots toward zero in the book, at any price, now.

        The account must have an owner number; ``tag`` is the liquidation that it got the lots from.
        Nothing is sent to a book that does not trade continuously.
        """
        cdef int64_t number = checks.integer("account", account, 1,
                                             self.clearing.ledger.account_count - 1)
        cdef int64_t of = holding_number(self, holding)
        cdef int64_t held = self.clearing.ledger.row(self.clearing.records[of].asset)[number]
        cdef Message message
        write_message(
            &message, NEW, SELL if held > 0 else BUY, MARKET, IOC, 0, FROM_VENUE,
            <uint16_t>self.clearing.records[of].instrument,
        )
        message.size = checks.integer("size", size, 1, abs(held))
        message.owner = self.clearing.ledger.accounts[number].owner
        message.tag = checks.integer("tag", tag, 0)
        if self.clearing.market.book_of[message.instrument].session == CONTINUOUS:
            self.clearing.market.execute(&message)

    def spread(self, account, holding=0):
        """Share out all lots and cash of an account over borrowers with the same, by their lots.

        Borrowers are those in debt: their cash is negative. Accounts in a liquidation get nothing.
        Whole lots are shared in proportion to those held. Cash goes with the lots that each really
        gets: a debt only as far as they are worth at the mark, what no lot backs is borne in
        proportion to the lots held. Units that rounding leaves go as ``lob.allocation.pro_rata``
        says, between equal remainders and holdings to whoever owes least.

        Returns
        -------
        bool
            Whether there was anybody to get it; else nothing has moved.
        """
        cdef int64_t of = holding_number(self, holding), to, part, paid
        cdef int64_t giver = checks.integer("account", account, 1,
                                            self.clearing.ledger.account_count - 1)
        cdef int64_t asset = self.clearing.records[of].asset
        cdef int64_t lots = self.clearing.ledger.row(asset)[giver]
        cdef int64_t cash = self.clearing.ledger.row(self.clearing.cash_asset)[giver]
        cdef int sign = 1 if lots > 0 else -1
        holders = [row for row in self.opposing(holding, sign) if row[2] < 0]
        if not holders:
            return False
        case = self.clearing.failed.total
        owed = {number: balance for number, _, balance in holders}
        held = {number: abs(units) for number, units, _ in holders}
        owners = {
            number: self.clearing.ledger.accounts[<int64_t>number].owner for number in held
        }
        got = pro_rata(held, abs(lots), case=case, ties=owed, owners=owners)
        backed = self.backed_by(of, lots, cash)
        paid_for = pro_rata(got, backed, case=case, ties=owed, owners=owners)
        borne = pro_rata(held, abs(cash) - backed, case=case, ties=owed, owners=owners)
        for to in held:
            part = sign * got[to]
            paid = (1 if cash > 0 else -1) * (paid_for[to] + borne[to])
            self.clearing.ledger.post(
                ENTRY_REDISTRIBUTED, asset, giver, to, part, 0, self.clearing.records[of].instrument
            )
            self.clearing.ledger.post(
                ENTRY_REDISTRIBUTED, self.clearing.cash_asset, giver, to, paid, 0,
                self.clearing.records[of].instrument,
            )
            self.moved(to, asset, part, -paid)
        self.clearing.touched_together(list(held), CAUSE_TRANSFER)
        return True

    cdef object backed_by(self, int64_t holding, int64_t lots, int64_t cash):
        """Units of cash or debt that go with lots: all of it, but no more debt than they are worth.

        Without lots none does; without a mark all of it.
        """
        if lots == 0:
            return 0
        if cash >= 0 or self.clearing.records[holding].mark == NO_PRICE:
            return abs(cash)
        worth = self.clearing.worth(holding, lots, self.clearing.records[holding].mark)
        return min(-cash, max(0, worth))

    cdef int moved(self, int64_t account, int64_t asset, int64_t lots, int64_t paid) except -1:
        """Signed lots came to an account, paid for already: what they were bought for."""
        cdef int number = self.clearing.ledger.accounts[account].clearing
        cdef Clearing own
        if number >= 0:
            own = self.clearing.market.clearings[number]
            own.note_trade(account, asset, lots, paid)
        return 0

    cdef int touch(self, int64_t account) except -1:
        """Let the clearing of an account look at it."""
        cdef int number = self.clearing.ledger.accounts[account].clearing
        if number == self.clearing.number:
            self.clearing.touched(account, CAUSE_TRANSFER)
        elif number >= 0:
            (<Clearing>self.clearing.market.clearings[number]).touched(
                account, CAUSE_TRANSFER
            )
        return 0

    # ---------------------------------------------------------------- what is on offer

    def open_offer(self, offer):
        """Let something be on offer, or be on offer otherwise than before."""
        self.offers[offer.tag] = offer
        if self.listeners:
            for listener in self.listeners:
                listener.on_offer(offer)

    def close_offer(self, tag):
        """Let nothing of a liquidation be on offer any more."""
        if self.offers.pop(tag, None) is not None:
            for listener in self.listeners:
                listener.on_offer_closed(tag)

    def note_auction(self, Py_ssize_t case, Py_ssize_t amount, Py_ssize_t price):
        """Put a step of an auction in the journal: lots on offer, ticks asked or bid."""
        cdef int64_t number = open_case(self, case)
        cdef Entry *entry = self.clearing.ledger.write(ENTRY_AUCTION)
        entry.tag = self.clearing.tag_of(number)
        entry.debit = self.clearing.case(number).account
        entry.amount = amount
        entry.price = price
        entry.clearing = <int16_t>self.clearing.number
        entry.stage = self.clearing.case(number).stage

    def settle(self, case, payers=None):
        """End a case whose account is flat: its fee, or its debt by fund and others.

        Parameters
        ----------
        payers
            Numbers of the accounts that pay what is missing, in turn, each as far as it has cash,
            the last one whatever it has. ``None``: the insurance fund, then ``Clearing.shortfall``,
            for ``Clearing.socialise``.
        """
        cdef int64_t number = open_case(self, case), account, left, part
        cdef int64_t tag = self.clearing.tag_of(number)
        cdef int64_t *cash
        cdef Entry *entry
        if not self.is_flat(case):
            raise ValueError(f"case {case} cannot be settled: its account still holds something")
        account = self.clearing.case(number).account
        cash = self.clearing.ledger.row(self.clearing.cash_asset)
        left = -cash[account]
        if payers is not None and left > 0:
            if not payers:
                raise ValueError("payers must name at least one account, got none")
            entry = self.clearing.ledger.write(ENTRY_BAD_DEBT)
            entry.amount = left
            entry.tag = tag
            entry.debit = <int32_t>account
            entry.asset = <uint16_t>self.clearing.cash_asset
            entry.clearing = <int16_t>self.clearing.number
            for i, payer in enumerate(payers):
                number_of = checks.integer("payers", payer, 1,
                                           self.clearing.ledger.account_count - 1)
                part = left
                if i + 1 < len(payers):
                    part = min(left, max(0, cash[<int64_t>number_of]))
                self.clearing.ledger.post(
                    ENTRY_INSURANCE if number_of == self.clearing.fund else ENTRY_SOCIALISED,
                    self.clearing.cash_asset, number_of, account, part, tag, 0,
                )
                left -= part
        self.ended(number)
        self.clearing.settle_case(number)

    def release(self, case):
        """End a case with what is left in the account, which is watched again."""
        cdef int64_t number = open_case(self, case)
        self.ended(number)
        self.clearing.release(number)

    cdef int ended(self, int64_t case) except -1:
        """A case is about to end: nothing of it may rest or be on offer."""
        if self.resting or self.waiting:
            self.recall(case)
        if self.offers:
            self.close_offer(self.clearing.tag_of(case))
        return 0

    def call_back(self, case, ts):
        """Ask for ``on_due(case, ts)`` at a time in ns; a case below 0 stands for none."""
        cdef int64_t number = case if case < 0 else open_case(self, case)
        when = checks.integer("ts", ts, self.clearing.market.now)
        self.entered += 1
        heapq.heappush(self.due, (when, self.entered, number))
        self.next_due()

    # ---------------------------------------------------------------- the clearing's calls

    cdef int next_due(self) except -1:
        self.deadline = self.due[0][0] if self.due else NEVER
        return 0

    cdef int begin(self, int64_t case) except -1:
        self.clearing.redeem_in_kind(case)
        self.on_failure(case)
        return 0

    cdef int advance(self, int64_t ts) except -1:
        cdef int64_t case
        _, _, case = heapq.heappop(self.due)
        self.next_due()
        if case < 0:
            self.on_due(case, ts)
        # Whoever asked may have ended the case since.
        elif self.clearing.case(case).state == ACTIVE:
            # What the issuer of a claim could not pay for before.
            self.clearing.redeem_in_kind(case)
            self.on_due(case, ts)
        return 0

    cdef int filled(self, int64_t case, const Event *event) except -1:
        """An order that rests for a case has traded, in the middle of a message."""
        cdef int64_t order_id = event.resting_order_id, left = event.resting_leaves
        if not self.resting and not self.waiting:
            return 0
        if event.reason == REASON_UNCROSS and not self.has_order(case, event, order_id):
            # Both orders of a call rested; this one is the buyer's.
            order_id, left = event.order_id, event.leaves
        if not self.has_order(case, event, order_id):
            return 0
        if left == 0:
            if self.resting.get(case, (0,))[0] == order_id:
                del self.resting[case]
            else:
                self.forget(case, event.instrument)
        self.on_filled(case, event.size, event.price)
        self.clearing.deadline = min(self.clearing.deadline, self.deadline)
        return 0

    cdef bint has_order(self, int64_t case, const Event *event, int64_t order_id) except -1:
        """Whether an order in the book of an event is one that rests or waits for a case."""
        found = self.resting.get(case)
        if found is not None and found == (order_id, event.instrument):
            return True
        return self.waiting.get(case, {}).get(event.instrument, 0) == order_id

    cdef int perform(self, const Message *message, int64_t account) except -1:
        cdef int64_t case = (message.order_id & ((<int64_t>1 << 48) - 1)) - 1
        if account == WORLD:
            return REASON_NO_ACCOUNT
        if (message.order_id - LIQUIDATION_TAG) >> 48 != self.clearing.number or not (
            0 <= case < self.clearing.failed.total
        ) or self.clearing.case(case).state != ACTIVE or not 0 <= message.price <= MAX_PRICE:
            return REASON_NOT_ON_OFFER
        if self.clearing.ledger.accounts[account].state != SAFE:
            return REASON_IN_LIQUIDATION
        if message.kind == TAKE:
            return self.on_take(case, account, message.size, message.price)
        return self.on_bid(case, account, message.size, message.price)
