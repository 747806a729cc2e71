"""The null design, and no design at all.

``MarketSale`` sells what a failed account has by market order, at once, whatever it costs; then the
insurance fund pays what is missing, and others bear the rest. ``Frozen`` records the failure and
leaves everything as it is: the twin against which a spiral is measured.
"""

cimport cython
from libc.stdint cimport int64_t
from libc.string cimport memmove

from lob.engine.block cimport Block
from lob.clearing.clearing cimport Clearing
from lob.clearing.holding cimport Holding
from lob.clearing.liquidation_engine cimport LiquidationEngine
from lob.engine.ladder cimport NO_KEY
from lob.engine.matching cimport Book
from lob.engine.records cimport CALL, GTC, HALTED, IOC, MARKET
from lob.units cimport SECOND_NS

from lob import checks

__all__ = ["Frozen", "MarketSale"]

cdef int64_t NEVER = 2**63 - 1


@cython.auto_pickle(True)
cdef class MarketSale(LiquidationEngine):
    """Sell all of a failed account by market order, in the order of failing.

    Parameters
    ----------
    sizing
        How many lots of a position to sell in one order: ``sizing(clearing, case, position)`` with
        the number of the case and signed lots, which returns 1 to ``abs(position)``; the rest
        follows ``retry`` ns later if the account still lacks margin. ``None``: all.
    delay
        ns between the failure and the sale.
    retry
        ns until what could not be sold is tried again.

    Notes
    -----
    Claims that no book trades are redeemed in kind first, and what they give is sold, unless that
    alone made the account safe: then it is released.
    A cross account is unwound whole, holding by holding, through all books at one moment. Where a
    book has nothing to sell to, its lots stay with the account and the case stays open.
    While a book collects for a call, the market order waits in it and trades at its price; what is
    left is sold when the book trades continuously again. While it is halted nothing is sent.
    """

    def __init__(self, sizing=None, *, delay=0, retry=SECOND_NS):
        super().__init__()
        if sizing is not None and not callable(sizing):
            raise TypeError(f"sizing must be callable or None, got {sizing!r}")
        self.sizing = sizing
        self.delay = checks.integer("delay", delay, 0)
        self.retry = checks.integer("retry", retry, 1)
        self.waiting = Block()

    cdef int belong_to(self, object clearing) except -1:
        self.clearing = clearing
        return 0

    cdef int begin(self, int64_t case) except -1:
        cdef int64_t now = self.clearing.market.now
        if self.delay:
            self.clearing.case(case).due = self.clearing.case(case).opened + self.delay
            return self.enqueue(case)
        if not self.work(case):
            self.clearing.case(case).due = now + self.retry
            self.enqueue(case)
        return 0

    cdef int enqueue(self, int64_t case) except -1:
        """Let a case wait until it is due."""
        cdef int64_t *numbers
        if 8 * <size_t>(self.count + 1) > self.waiting.nbytes:
            if 2 * self.first > self.count:
                self.count -= self.first
                memmove(
                    self.waiting.data,
                    self.waiting.data + 8 * self.first,
                    8 * <size_t>self.count,
                )
                self.first = 0
            else:
                self.waiting.reserve(2 * self.waiting.nbytes + 512)
        numbers = <int64_t *>self.waiting.data
        numbers[self.count] = case
        self.count += 1
        self.deadline = min(self.deadline, self.clearing.case(case).due)
        return 0

    cdef int advance(self, int64_t ts) except -1:
        """Work on the first case that is due: waiting times are equal, so they stay in order."""
        cdef int64_t case = (<int64_t *>self.waiting.data)[self.first]
        if self.clearing.case(case).due <= ts:
            self.first += 1
            if not self.work(case):
                self.clearing.case(case).due = ts + self.retry
                self.enqueue(case)
        self.deadline = NEVER
        if self.first < self.count:
            case = (<int64_t *>self.waiting.data)[self.first]
            self.deadline = self.clearing.case(case).due
        return 0

    cdef bint work(self, int64_t case) except -1:
        """Sell for a case; whether it is over."""
        cdef Clearing clearing = self.clearing
        cdef int64_t account = clearing.case(case).account, i, held, size
        cdef Holding holding
        cdef Book *book
        if clearing.case(case).sold and clearing.margin_excess_ppm(account, False) >= 0 and (
            not clearing.flat(account)
        ):
            clearing.release(case)
            return True
        if clearing.redeem_in_kind(case) and clearing.margin_excess_ppm(account, False) >= 0 and (
            not clearing.flat(account)
        ):
            # The base is worth more to it, or asks for less margin, than the claims did.
            clearing.release(case)
            return True
        for i in range(clearing.holding_count):
            held = clearing.ledger.row(clearing.records[i].asset)[account]
            if held == 0 or clearing.records[i].bookless:
                continue
            book = clearing.market.book_of[clearing.records[i].instrument]
            if book.session == HALTED:
                continue
            if book.session == CALL:
                holding = clearing.holdings[i]
                if holding.working_of(held > 0, account)[0]:
                    continue  # it is in the call already
            elif book.sides[held < 0].best_key == NO_KEY:
                continue
            size = held if held > 0 else -held
            if self.sizing is not None:
                size = checks.integer("sizing", self.sizing(clearing, case, held), 1, size)
            clearing.sell(case, i, size, 0, MARKET, GTC if book.session == CALL else IOC)
        if clearing.flat(account):
            clearing.settle_case(case)
            return True
        return False


@cython.auto_pickle(True)
cdef class Frozen(LiquidationEngine):
    """Record failures and do nothing: failed accounts keep what they have."""
