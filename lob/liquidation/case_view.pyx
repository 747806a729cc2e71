"""What a liquidation design reads of a failed account, and of the market."""

cimport cython
from libc.stdint cimport int64_t, uint64_t

from lob.checks cimport integer_within
from lob.clearing.clearing cimport Clearing
from lob.clearing.ledger cimport SAFE, WORLD, Account
from lob.clearing.liquidation_engine cimport LiquidationEngine
from lob.clearing.requirement cimport NO_PRICE, requirement
from lob.engine.ladder cimport NO_KEY
from lob.engine.matching cimport Book
from lob.engine.records cimport (
    MAX_PRICE,
    MAX_SIZE as MAX_LOTS,
    REASON_INSUFFICIENT_MARGIN,
    REASON_IN_LIQUIDATION,
    REASON_NO_ACCOUNT,
    REASON_NONE,
)
from lob.units cimport PPM
from lob.engine.wide cimport ceil_ratio, fits, floor_ratio, int128

from lob import checks
from lob.types import Reason, Session

__all__ = ["CaseView"]

cdef tuple SESSIONS = tuple(Session)
cdef list REASONS = [Reason(i) if i in Reason._value2member_map_ else None for i in range(256)]


@cython.auto_pickle(True)
cdef class CaseView(LiquidationEngine):
    """What a design reads of a case and of the market, in plain numbers. It changes nothing.

    A case is a number; ``clearing.cases[case]`` and the methods here say what is to know about it.
    """

    cdef int belong_to(self, object clearing) except -1:
        self.clearing = clearing
        return 0

    # ---------------------------------------------------------------- cases

    def account_of(self, case):
        """Number of the account that failed."""
        return self.clearing.case(open_case(self, case)).account

    def held(self, case, holding=0):
        """Lots of a holding that the account still has, signed."""
        cdef int64_t account = self.clearing.case(open_case(self, case)).account
        cdef int64_t asset = self.clearing.records[holding_number(self, holding)].asset
        return self.clearing.ledger.row(asset)[account]

    def is_flat(self, case):
        """Whether the account holds nothing but cash."""
        return self.clearing.flat(self.clearing.case(open_case(self, case)).account)

    def is_safe(self, case):
        """Whether the account meets its maintenance margin again."""
        cdef int64_t account = self.clearing.case(open_case(self, case)).account
        return self.clearing.margin_excess_ppm(account, False) >= 0

    def tag(self, case):
        """The tag of a case: the ``order_id`` of who takes or bids."""
        return self.clearing.tag_of(open_case(self, case))

    def cash(self, case):
        """Units of cash that the account has; negative: debt."""
        return self.clearing.ledger.row(self.clearing.cash_asset)[
            self.clearing.case(open_case(self, case)).account
        ]

    def mark(self, holding=0):
        """The mark of a holding in ticks; ``None`` before the first."""
        cdef int64_t mark = self.clearing.records[holding_number(self, holding)].mark
        return None if mark == NO_PRICE else mark

    def multiplier(self, Py_ssize_t holding=0):
        """Units of cash of one lot at one tick."""
        return self.clearing.records[holding_number(self, holding)].multiplier

    def instrument(self, holding=0):
        """Number of the book in which a holding is traded."""
        return self.clearing.records[holding_number(self, holding)].instrument

    def is_inverse(self, holding=0):
        """Whether the holding is an inverse contract."""
        return self.clearing.records[holding_number(self, holding)].inverse

    def has_book(self, holding=0):
        """Whether a book trades the holding; a claim may have none."""
        return not self.clearing.records[holding_number(self, holding)].bookless

    def session(self, holding=0):
        """The ``lob.Session`` of the book that trades a holding; ``None``: no book does."""
        cdef int64_t number = holding_number(self, holding)
        if self.clearing.records[number].bookless:
            return None
        return SESSIONS[
            self.clearing.market.book_of[self.clearing.records[number].instrument].session
        ]

    def largest(self, case):
        """The holding that is worth most of what the account has."""
        return self.clearing.largest(self.clearing.case(open_case(self, case)).account)

    def exposure(self, case):
        """What the account has and owes at the marks, and what backs them, in units of cash.

        Returns
        -------
        tuple
            ``(assets, debts, asset margin, debt margin)``: cash and long lots, debt and short
            lots, and the maintenance requirement of each, rounded up. Holdings without a mark, and
            inverse ones, count nothing.
        """
        cdef int64_t account = self.clearing.case(open_case(self, case)).account, held, i
        cdef int64_t cash = self.clearing.ledger.row(self.clearing.cash_asset)[account]
        cdef int128 assets = cash if cash > 0 else 0, debts = -<int128>cash if cash < 0 else 0
        cdef int128 value, above = 0, below = 0
        for i in range(self.clearing.holding_count):
            held = self.clearing.ledger.row(self.clearing.records[i].asset)[account]
            if held == 0 or self.clearing.records[i].mark == NO_PRICE or (
                self.clearing.records[i].inverse
            ):
                continue
            value = <int128>held * self.clearing.records[i].mark
            value *= self.clearing.records[i].multiplier
            if held > 0:
                assets += value
                above += requirement(&self.clearing.records[i].maintenance[0], value)
            else:
                debts -= value
                below += requirement(&self.clearing.records[i].maintenance[1], -value)
        return (
            to_python(assets),
            to_python(debts),
            to_python(ceil_ratio(above, PPM)),
            to_python(ceil_ratio(below, PPM)),
        )

    def equity(self, case):
        """Cash and what the account holds at the marks; ``None`` as long as one is missing."""
        cdef int64_t account = self.clearing.case(open_case(self, case)).account
        value = self.clearing.value_of(account)
        if value is None:
            return None
        return self.clearing.ledger.row(self.clearing.cash_asset)[account] + value

    def maintenance(self, case):
        """Units of cash that the positions must be backed with, rounded up."""
        cdef int64_t account = self.clearing.case(open_case(self, case)).account, held, i
        kept = self.equity(case)
        if kept is None:
            return None
        # More than 64 bits, where a mark is far above all prices before it.
        excess = to_python(self.clearing.margin_excess_ppm(account, False))
        for i in range(self.clearing.holding_count):
            held = self.clearing.ledger.row(self.clearing.records[i].asset)[account]
            if held and self.clearing.records[i].inverse:
                unit = int(PPM) * self.clearing.records[i].mark
                return -((excess - unit * kept) // unit)
        return -((excess - int(PPM) * kept) // int(PPM))

    def bankruptcy_price(self, case, holding=0):
        """The tick of a holding that leaves the account with nothing, other marks staying.

        Rounded in the account's favour: up for a long position, down for a short one. ``None``:
        there is none from 1 to ``MAX_PRICE``, or a mark is missing. See
        ``lob.clearing.prices.bankruptcy_price``.
        """
        cdef int64_t number = holding_number(self, holding), i, held
        cdef int64_t account = self.clearing.case(open_case(self, case)).account
        cdef int64_t lots = self.clearing.ledger.row(self.clearing.records[number].asset)[account]
        cdef int128 rest = self.clearing.ledger.row(self.clearing.cash_asset)[account], price
        cdef int128 worth = <int128>lots * self.clearing.records[number].multiplier
        if lots == 0:
            return None
        if self.clearing.records[number].inverse:
            # The equity is cash - worth / price.
            if rest == 0 or (rest > 0) != (worth > 0):
                return None
            if worth > 0:
                price = ceil_ratio(worth, rest)
            else:
                price = floor_ratio(-worth, -rest)
        else:
            for i in range(self.clearing.holding_count):
                held = self.clearing.ledger.row(self.clearing.records[i].asset)[account]
                if i == number or held == 0:
                    continue
                if self.clearing.records[i].mark == NO_PRICE:
                    return None
                rest += <int128>held * self.clearing.records[i].mark * (
                    self.clearing.records[i].multiplier
                )
            price = ceil_ratio(-rest, worth) if worth > 0 else floor_ratio(rest, -worth)
        return <int64_t>price if 1 <= price <= MAX_PRICE else None

    def best(self, case, holding=0):
        """The best price at which the book would take lots of the account; ``None``: none."""
        cdef int64_t number = holding_number(self, holding)
        cdef int64_t sign = self.sign_of(open_case(self, case), number)
        cdef Book *book = self.clearing.market.book_of[self.clearing.records[number].instrument]
        if book.sides[sign < 0].best_key == NO_KEY or self.clearing.records[number].bookless:
            return None
        return book.sides[sign < 0].levels[book.sides[sign < 0].best].price

    cdef int64_t sign_of(self, int64_t case, int64_t holding) except? -2:
        """1 if the account is long, -1 if it is short, 0."""
        cdef int64_t held = self.clearing.ledger.row(self.clearing.records[holding].asset)[
            self.clearing.case(case).account
        ]
        return (held > 0) - (held < 0)

    def opened(self, case):
        """When the account failed, in ns."""
        return self.clearing.case(open_case(self, case)).opened

    def stage(self, case):
        """Number of the stage that has the case."""
        return self.clearing.case(open_case(self, case)).stage

    # ---------------------------------------------------------------- anybody's account

    def balance(self, account):
        """Units of cash of any account, by number."""
        return self.clearing.ledger.row(self.clearing.cash_asset)[
            integer_within("account", account, 0, self.clearing.ledger.account_count - 1)
        ]

    def opposing(self, holding, side):
        """The accounts of this clearing that hold a position and are in no liquidation.

        Parameters
        ----------
        side
            ``Side.BUY``: those that are long.

        Returns
        -------
        list
            ``(account, signed lots, units of cash)``, by number.
        """
        cdef int64_t number = holding_number(self, holding), first, count, account, units
        cdef int64_t sign = checks.integer("side", side, -1, 1)
        cdef const int64_t *held = self.clearing.ledger.row(self.clearing.records[number].asset)
        cdef const int64_t *cash = self.clearing.ledger.row(self.clearing.cash_asset)
        found = []
        for first, count in self.clearing.account_ranges:
            for account in range(first, first + count):
                units = held[account]
                if units * sign > 0 and self.clearing.ledger.accounts[account].state == SAFE:
                    found.append((account, units, cash[account]))
        return found

    def position(self, account, holding=0):
        """Signed lots of any account; 0 where a liquidation has it."""
        cdef int64_t number = integer_within(
            "account", account, 0, self.clearing.ledger.account_count - 1
        )
        if self.clearing.ledger.accounts[number].state != SAFE:
            return 0
        cdef int64_t asset = self.clearing.records[holding_number(self, holding)].asset
        return self.clearing.ledger.row(asset)[number]

    def best_price(self, holding, side):
        """The best price that rests in the book on a side; ``None``: there is none."""
        cdef Book *book = self.clearing.market.book_of[
            self.clearing.records[holding_number(self, holding)].instrument
        ]
        cdef int other = checks.integer("side", side, -1, 1) < 0
        if book.sides[other].best_key == NO_KEY:
            return None
        return book.sides[other].levels[book.sides[other].best].price

    def refusal_to_carry(
        self, Py_ssize_t account, Py_ssize_t lots, cash, *, Py_ssize_t holding=0
    ):
        """Why an account could not take over signed lots and pay ``cash`` for them.

        Parameters
        ----------
        lots
            Positive: long ones.
        cash
            Units that it pays; negative: that it gets. An account that nobody asks for margin must
            have as much, either way; another must keep its initial margin.

        Returns
        -------
        lob.Reason
            ``NONE``: it can.
        """
        cdef int64_t asset = self.clearing.records[holding_number(self, holding)].asset
        if not 0 <= account < self.clearing.ledger.account_count:
            last = self.clearing.ledger.account_count - 1
            raise ValueError(f"account must be 0 to {last}, got {account}")
        if not -MAX_LOTS <= lots <= MAX_LOTS:
            raise ValueError(f"lots must be below 2**62 in size, got {lots}")
        if not -MAX_LOTS <= cash <= MAX_LOTS:
            # Lots times a price, of whatever somebody has sent: more than anybody can pay or get.
            return REASONS[REASON_INSUFFICIENT_MARGIN]
        return REASONS[self.may_carry(account, asset, lots, cash)]

    cdef int may_carry(self, int64_t account, int64_t asset, int64_t lots, int64_t paid) except -1:
        cdef const Account *record = &self.clearing.ledger.accounts[account]
        cdef int64_t *cash = self.clearing.ledger.row(self.clearing.cash_asset)
        cdef int64_t *units = self.clearing.ledger.row(asset)
        cdef Clearing own
        cdef int128 excess
        cdef int64_t i, found = -1
        if account == WORLD:
            return REASON_NO_ACCOUNT
        if record.state != SAFE:
            return REASON_IN_LIQUIDATION
        if record.clearing < 0:
            return REASON_NONE if cash[account] >= (paid if paid >= 0 else -paid) else (
                REASON_INSUFFICIENT_MARGIN
            )
        own = self.clearing.market.clearings[record.clearing]
        if own.cash_asset != self.clearing.cash_asset:
            return REASON_INSUFFICIENT_MARGIN
        for i in range(own.holding_count):
            if own.records[i].asset == asset:
                found = i
        if lots and (found < 0 or (not record.cross and record.holding != found)):
            return REASON_INSUFFICIENT_MARGIN
        if not (fits(<int128>units[account] + lots) and fits(<int128>cash[account] - paid)):
            return REASON_INSUFFICIENT_MARGIN
        # As it would be after it.
        units[account] += lots
        cash[account] -= paid
        excess = own.margin_excess_ppm(account, True)
        units[account] -= lots
        cash[account] += paid
        return REASON_NONE if excess >= 0 else REASON_INSUFFICIENT_MARGIN


cdef object to_python(int128 value):
    """An integer of 128 bits as one of Python's."""
    return (int(<int64_t>(value >> 64)) << 64) | int(<uint64_t>value)
