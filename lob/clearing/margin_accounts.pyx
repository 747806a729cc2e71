"""The margin accounts of one clearing: what they start with, and what they have.

The accounts themselves are numbers in the ledger, which holds their balances; here is which of them
belong to a clearing, and what its holdings are called there. When an account fails is up to
``lob.clearing.margin_excess`` and ``lob.clearing.failure_index``.
"""

import copy as copying

cimport cython
from libc.stdint cimport int16_t, int64_t, uint16_t

from lob.engine.block cimport Block
from lob.clearing.claim_holdings cimport bind_claims
from lob.clearing.cross cimport MAX_HOLDINGS
from lob.clearing.holding cimport Holding
from lob.clearing.ledger cimport WORLD, Account, Ledger
from lob.clearing.requirement cimport NO_PRICE
from lob.engine.records cimport ENTRY_OPENING
from lob.engine.wide cimport int128
from lob.venue.market cimport Market

import numpy as np

from lob import checks
from lob.types import MAX_SIZE

__all__ = ["MarginAccounts"]

cdef object INT64 = np.dtype(np.int64)


@cython.final
@cython.auto_pickle(False)
cdef class MarginAccounts:
    """The accounts of a clearing and its holdings, in the ledger of its venue.

    Parameters
    ----------
    name, holdings, cash, insurance_fund
        As for ``Clearing``.

    Attributes
    ----------
    fund, fees, shortfall, pool : int
        Account numbers: insurance fund, sink of fees, losses nobody has borne yet, lender.
    account_total : int
        Margin accounts opened so far.

    Raises
    ------
    TypeError, ValueError
        As ``Clearing`` does.
    """

    def __init__(self, name, holdings, *, cash="cash", insurance_fund=0):
        self.name = checks.text("name", name)
        self.holdings = list(holdings)
        if not 1 <= len(self.holdings) <= MAX_HOLDINGS:
            raise ValueError(f"holdings must be 1 to {MAX_HOLDINGS}, got {len(self.holdings)}")
        for holding in self.holdings:
            if not isinstance(holding, Holding):
                raise TypeError(f"holdings must be Holding objects, got {holding!r}")
        self.cash = checks.text("cash", cash)
        self.first_fund = checks.integer("insurance_fund", insurance_fund, 0, MAX_SIZE)
        self.ranges = []
        self.traded = Block()
        self.point_at_records()

    cdef int point_at_records(self) except -1:
        """Note where the compiled holdings are."""
        self.holding_count = len(self.holdings)
        for i in range(self.holding_count):
            self.records[i] = &(<Holding>self.holdings[i]).record
        return 0

    # ---------------------------------------------------------------- part of a venue

    def belong_to(self, Market market, Ledger ledger, int64_t number, object claims=None):
        """Open the clearing's own accounts in a venue's ledger, and find its holdings there.

        Parameters
        ----------
        market, ledger
            The venue, and its ledger.
        number
            Place of the clearing among the venue's, from 0.
        claims
            The ``Claims`` of the venue; ``None``: it has none.

        Returns
        -------
        list
            The claims without a book that accounts may have, the deepest first.

        Raises
        ------
        ValueError
            If the clearing belongs to a venue already, a holding's instrument is none of its
            books, or a claim without a book comes down to what is no holding.
        """
        cdef Holding holding
        cdef int64_t i
        if self.market is not None:
            raise ValueError(f"clearing {self.name!r} belongs to a venue already")
        self.market, self.ledger, self.number = market, ledger, number
        self.claims = claims
        self.cash_asset = ledger.asset(self.cash)
        self.fund = ledger.open_account(f"{self.name}: insurance fund")
        self.fees = ledger.open_account(f"{self.name}: fees")
        self.shortfall = ledger.open_account(f"{self.name}: shortfall")
        self.pool = ledger.open_account(f"{self.name}: lenders")
        ledger.post(ENTRY_OPENING, self.cash_asset, WORLD, self.fund, self.first_fund, 0, 0)
        self.traded.reserve(8 * <size_t>len(market.instruments))
        for i in range(len(market.instruments)):
            (<int64_t *>self.traded.data)[i] = -1
        for i in range(self.holding_count):
            holding = self.holdings[i]
            if holding.belong_to(market, ledger, i):
                (<int64_t *>self.traded.data)[holding.record.instrument] = i
        if claims is None:
            return []
        self.watches_claims = bind_claims(
            self.name, self.holdings, claims, ledger, self.cash_asset
        )
        needed = {
            name
            for holding in self.holdings
            if holding.record.bookless
            for name in claims.below(holding.name)
            if claims[name].book < 0
        }
        return [claim for claim in reversed(claims.claims) if claim.name in needed]

    # ---------------------------------------------------------------- opening

    def open(self, owner, cash, positions, *, entry_prices=None, holding=0, cross=False):
        """Open margin accounts at which the failure index does not look yet.

        Parameters and result are those of ``Clearing.open``, which does both, and so are errors:
        ``TypeError`` or ``ValueError``.
        """
        cdef int64_t count, first, account, i, h, rows, isolated
        cdef const int64_t[::1] cash_of
        cdef const int64_t[:, ::1] lots
        cdef Account *record
        if self.ledger is None:
            raise ValueError("open needs a venue: give the clearing to a lob.Venue first")
        cash = as_column("cash", cash)
        positions = np.ascontiguousarray(np.atleast_2d(as_column("positions", positions)))
        count, rows = len(cash), len(positions)
        isolated = checks.integer("holding", holding, 0, self.holding_count - 1)
        if not cross and self.records[isolated].bookless:
            raise ValueError(
                f"holding {isolated} is a claim without a book: its accounts must be cross accounts"
            )
        if rows != (self.holding_count if cross else 1) or positions.shape[1] != count:
            raise ValueError(
                f"positions must be {count} lots"
                + (f" for each of {self.holding_count} holdings" if cross else "")
                + f", got the shape {positions.shape}"
            )
        numbers = range(self.holding_count) if cross else (isolated,)
        if entry_prices is not None:
            prices = np.atleast_2d(as_column("entry_prices", entry_prices))
            if prices.shape != positions.shape:
                raise ValueError(
                    f"entry_prices must have the shape of positions, {positions.shape}, got "
                    f"{prices.shape}"
                )
            cash = after_paying(self, cash, positions, prices, numbers)
        if self.claims is not None:
            for h, number in enumerate(numbers):
                check_stock(self, number, positions[h])
        first = self.ledger.open_accounts(count, owner)
        cash_of, lots = cash, positions
        for i in range(count):
            self.ledger.post(ENTRY_OPENING, self.cash_asset, WORLD, first + i, cash_of[i], 0, 0)
            for h in range(rows):
                self.ledger.post(
                    ENTRY_OPENING,
                    self.records[h if cross else isolated].asset,
                    WORLD,
                    first + i,
                    lots[h, i],
                    0,
                    self.records[h if cross else isolated].instrument,
                )
        self.ranges.append((first, count))
        self.account_total += count
        for account in range(first, first + count):
            record = &self.ledger.accounts[account]
            record.clearing = <int16_t>self.number
            record.holding = <uint16_t>isolated
            record.cross = cross
        return first

    # ---------------------------------------------------------------- what they have

    @property
    def account_ranges(self):
        """The accounts of the clearing: a list of (first number, count), a copy."""
        return list(self.ranges)

    cdef int64_t own(self, account) except -1:
        """An account number, checked: ``ValueError`` if it is not one of this clearing's."""
        cdef int64_t number = checks.integer("account", account, 0, self.ledger.account_count - 1)
        if self.ledger.accounts[number].clearing != self.number:
            raise ValueError(f"account {account} is not one of clearing {self.name!r}")
        return number

    def value_of(self, int64_t account):
        """What the holdings of an account, by number, are worth at the marks, in units of cash.

        Each is rounded down. ``None`` as long as something that it holds has no mark. Accounts of
        other clearings may have these holdings too, and are valued alike.
        """
        cdef int64_t i, held
        checks.integer("account", account, 0, self.ledger.account_count - 1)
        total = 0
        for i in range(self.holding_count):
            held = self.held(i, account)
            if held == 0:
                continue
            if self.records[i].mark == NO_PRICE:
                return None
            total += self.worth(i, held, self.records[i].mark)
        return total

    def worth(self, int64_t holding, int64_t lots, int64_t price):
        """What signed lots of a holding, by number, cost at a price in ticks, in units of cash.

        Exact of a linear holding; ``-floor(lots * multiplier / price)`` of an inverse one.
        """
        whole = int(lots) * self.records[holding].multiplier
        return -(whole // price) if self.records[holding].inverse else whole * price

    def has_all_marks(self):
        """Whether every holding of the clearing has a mark, which a cross account needs."""
        return all(holding.mark_price is not None for holding in self.holdings)

    cdef int64_t largest(self, int64_t account) noexcept:
        """The holding with the largest value: the one a failure without a cause counts for."""
        cdef int128 best = -1, worth
        cdef int64_t found = 0, i
        for i in range(self.holding_count):
            worth = <int128>self.held(i, account) * (
                self.records[i].mark if self.records[i].mark != NO_PRICE else 0
            )
            worth = worth if worth >= 0 else -worth
            if worth > best:
                best = worth
                found = i
        return found

    # ---------------------------------------------------------------- forks

    def __deepcopy__(self, memo):
        cdef MarginAccounts other = MarginAccounts.__new__(MarginAccounts)
        memo[id(self)] = other
        other.name, other.number = self.name, self.number
        other.cash, other.first_fund = self.cash, self.first_fund
        other.market = copying.deepcopy(self.market, memo)
        other.ledger = copying.deepcopy(self.ledger, memo)
        other.claims = copying.deepcopy(self.claims, memo)
        other.holdings = copying.deepcopy(self.holdings, memo)
        other.cash_asset, other.fund, other.fees = self.cash_asset, self.fund, self.fees
        other.shortfall, other.pool = self.shortfall, self.pool
        other.account_total, other.watches_claims = self.account_total, self.watches_claims
        other.ranges = list(self.ranges)
        other.traded = copying.deepcopy(self.traded)
        other.point_at_records()
        return other


cdef object after_paying(MarginAccounts accounts, cash, positions, prices, numbers):
    """Cash once positions were bought at their prices, exactly; what is paid rounds up."""
    paid = [0] * len(cash)
    for row, number in enumerate(numbers):
        record = accounts.records[<int64_t>number]
        multiplier = record.multiplier
        lots, price = positions[row].astype(object), prices[row].astype(object)
        if (prices[row] < 1).any():
            raise ValueError(f"entry_prices must be at least 1 tick, got {prices[row].min()}")
        if record.inverse:
            cost = -(lots * multiplier // price)
        else:
            cost = lots * price * multiplier
        paid = paid + cost
    left = cash.astype(object) - paid
    worst = max((abs(value) for value in left), default=0)
    if worst > MAX_SIZE:
        raise ValueError(f"positions at entry_prices leave {worst} units of cash, above 2**62")
    return left.astype(INT64)


cdef int check_stock(MarginAccounts accounts, number, lots) except -1:
    """Raise if accounts would start with claims that the outside world does not have."""
    cdef int64_t asset
    name = (<Holding>accounts.holdings[number]).name
    if name in accounts.claims:
        asset = accounts.ledger.asset(name)
        there = accounts.ledger.row(asset)[WORLD]
        wanted = sum(int(units) for units in lots)
        if wanted > max(0, there):
            raise ValueError(
                f"positions must be at most {there} of the claim {name}, which is what the "
                f"outside world has (Claim.stock), got {wanted}"
            )
    return 0


cdef object as_column(str name, values):
    """Whole numbers as an array of int64. Raises ``TypeError`` if they are not whole."""
    column = np.asarray(values)
    if column.dtype.kind not in "iu" and column.size:
        raise TypeError(f"{name} must be whole numbers, got the dtype {column.dtype}")
    if column.size and (column.max() > MAX_SIZE or column.min() < -MAX_SIZE):
        raise ValueError(f"{name} must be below 2**62 in size, got {column.min()}..{column.max()}")
    return np.require(column, INT64, ["C", "A"])
