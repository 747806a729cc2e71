"""The accounts of a clearing: what they have, what it is worth, and how much of it they need."""

cimport cython
from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t, uint64_t

from lob.engine.block cimport Block
from lob.clearing.cross cimport MAX_HOLDINGS, health_in
from lob.clearing.holding cimport Holding, HoldingRecord
from lob.clearing.ledger cimport FAILED, WORLD, Account
from lob.clearing.requirement cimport (
    NO_PRICE,
    NO_TRIGGER,
    Tiers,
    inverse_health,
    inverse_trigger,
    linear_health,
    linear_trigger,
)
from lob.engine.records cimport ENTRY_OPENING
from lob.units cimport PPM
from lob.engine.wide cimport ceil_ratio, fits, int128

import numpy as np

from lob import checks
from lob.clearing.account import MarginAccount
from lob.types import MAX_SIZE

__all__ = ["MarginAccounts"]

cdef object INT64 = np.dtype(np.int64)


@cython.auto_pickle(False)
cdef class MarginAccounts:
    """The accounts of a margin system: what they start with, have, need and paid.

    The first part of a ``Clearing``, which says what its arguments are. It opens accounts and
    values them; when they are looked at is up to what is built on it.
    """

    def __init__(self, name, holdings, cash, insurance_fund, portfolio):
        self.name = checks.text("name", name)
        self.holdings = list(holdings)
        if not 1 <= len(self.holdings) <= MAX_HOLDINGS:
            raise ValueError(f"holdings must be 1 to {MAX_HOLDINGS}, got {len(self.holdings)}")
        for holding in self.holdings:
            if not isinstance(holding, Holding):
                raise TypeError(f"holdings must be Holding objects, got {holding!r}")
        checks.text("cash", cash)
        self.portfolio = portfolio
        self.ranges = []
        self.configuration = (cash, checks.integer("insurance_fund", insurance_fund, 0, MAX_SIZE))
        self.point_at_records()

    cdef int point_at_records(self) except -1:
        """Note where the compiled holdings are."""
        self.holding_count = len(self.holdings)
        for i in range(self.holding_count):
            self.records[i] = &(<Holding>self.holdings[i]).record
        return 0

    # ---------------------------------------------------------------- accounts

    def open(self, owner, cash, positions, *, entry_prices=None, holding=0, cross=False):
        """Open margin accounts with what they start with, from the outside world.

        Parameters
        ----------
        owner
            First of as many owner numbers as there are accounts.
        cash
            Units, one an account; negative: debt.
        positions
            Lots, signed: one an account, or a row a holding for ``cross`` accounts.
        entry_prices
            Ticks, of the shape of ``positions``: the positions were bought there, and paid out of
            ``cash``. ``None``: what was paid is in ``cash`` already.
        holding
            Of isolated accounts: the number of the one that they may have.
        cross
            All holdings of an account back each other.

        Returns
        -------
        int
            The number of the first account; the others follow.

        Raises
        ------
        ValueError
            If the shapes differ, an owner has an account, or a value is out of bounds: then no
            account is opened.
        """
        cdef int64_t count, first, account, i, h, rows, at, price
        cdef const int64_t[::1] cash_of
        cdef const int64_t[:, ::1] lots
        cdef Account *record
        if self.ledger is None:
            raise ValueError("open needs a venue: give the clearing to a lob.Venue first")
        cash = as_column("cash", cash)
        positions = np.ascontiguousarray(np.atleast_2d(as_column("positions", positions)))
        count, rows = len(cash), len(positions)
        holding = checks.integer("holding", holding, 0, self.holding_count - 1)
        if not cross and self.records[<int64_t>holding].bookless:
            raise ValueError(
                f"holding {holding} is a claim without a book: its accounts must be cross accounts"
            )
        if rows != (self.holding_count if cross else 1) or positions.shape[1] != count:
            raise ValueError(
                f"positions must be {count} lots"
                + (f" for each of {self.holding_count} holdings" if cross else "")
                + f", got the shape {positions.shape}"
            )
        if entry_prices is not None:
            prices = np.atleast_2d(as_column("entry_prices", entry_prices))
            if prices.shape != positions.shape:
                raise ValueError(
                    f"entry_prices must have the shape of positions, {positions.shape}, got "
                    f"{prices.shape}"
                )
            cash = self.after_paying(cash, positions, prices, holding if not cross else None)
        if self.market.claims is not None:
            for h in range(rows):
                self.check_stock(h if cross else holding, positions[h])
        first = self.ledger.open_accounts(count, owner)
        cash_of, lots = cash, positions
        for i in range(count):
            self.ledger.post(ENTRY_OPENING, self.cash_asset, WORLD, first + i, cash_of[i], 0, 0)
            for h in range(rows):
                self.ledger.post(
                    ENTRY_OPENING,
                    self.records[h if cross else holding].asset,
                    WORLD,
                    first + i,
                    lots[h, i],
                    0,
                    self.records[h if cross else holding].instrument,
                )
        self.ranges.append((first, count))
        self.account_total += count
        for account in range(first, first + count):
            record = &self.ledger.accounts[account]
            record.clearing = <int16_t>self.number
            record.holding = <uint16_t>holding
            record.cross = cross
        if self.keeps_entry_values:
            for i in range(count):
                for h in range(rows):
                    at = h if cross else holding
                    price = self.records[at].mark if entry_prices is None else prices[h, i]
                    if price != NO_PRICE:
                        self.note_trade(
                            first + i,
                            self.records[at].asset,
                            lots[h, i],
                            self.worth(at, lots[h, i], price),
                        )
        self.watch_over(first, count, cross)
        return first

    cdef int watch_over(self, int64_t first, int64_t count, bint cross) except -1:
        """Accounts are open: from now on they are looked at."""
        return 0

    def check_stock(self, holding, lots):
        """Raise if accounts would start with claims that the outside world does not have."""
        cdef int64_t asset
        name = (<Holding>self.holdings[holding]).name
        if name in self.market.claims:
            asset = self.ledger.asset(name)
            wanted = sum(int(units) for units in lots)
            if wanted > max(0, self.ledger.row(asset)[WORLD]):
                raise ValueError(
                    f"positions must be at most {self.ledger.row(asset)[WORLD]} of the claim "
                    f"{name}, which is what the outside world has (Claim.stock), got {wanted}"
                )

    def after_paying(self, cash, positions, prices, holding):
        """Cash once positions were bought at their prices, exactly; what is paid rounds up."""
        paid = [0] * len(cash)
        for row in range(len(positions)):
            record = self.records[row if holding is None else <int64_t>holding]
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

    def account(self, account):
        """What an account has and needs: a ``lob.clearing.MarginAccount``.

        Raises ``ValueError`` if it is not one of this clearing's.
        """
        cdef int64_t number = checks.integer("account", account, 0, self.ledger.account_count - 1)
        cdef Account *record = &self.ledger.accounts[number]
        cdef int64_t i
        if record.clearing != self.number:
            raise ValueError(f"account {account} is not one of clearing {self.name!r}")
        cash = self.ledger.row(self.cash_asset)[number]
        positions = {
            self.holdings[i].name: self.ledger.row(self.records[i].asset)[number]
            for i in range(self.holding_count)
        }
        value = self.value_of(number)
        kept = None if value is None else cash + value
        need = [None, None]
        if value is not None:
            for i in range(2):
                # Both are rounded up to whole units of cash.
                need[i] = to_python(
                    ceil_ratio(PPM * <int128><int64_t>kept - self.health_at(number, i), PPM)
                )
        return MarginAccount(
            account=number,
            owner=record.owner,
            cash=cash,
            positions=positions,
            equity=kept,
            maintenance_margin=need[0],
            initial_margin=need[1],
            liquidation_price=None if record.trigger == NO_TRIGGER else record.trigger,
            failed=record.state == FAILED,
        )

    def account_owner(self, int64_t account):
        """Owner number of an account's orders; 0: nobody's."""
        checks.integer("account", account, 0, self.ledger.account_count - 1)
        return self.ledger.accounts[account].owner

    def value_of(self, int64_t account):
        """What an account's holdings are worth at the marks, in units of cash, rounded down."""
        cdef int64_t i, held
        total = 0
        for i in range(self.holding_count):
            held = self.ledger.row(self.records[i].asset)[account]
            if held == 0:
                continue
            if self.records[i].mark == NO_PRICE:
                return None
            worth = int(held) * self.records[i].multiplier
            total += -worth // self.records[i].mark if self.records[i].inverse else (
                worth * self.records[i].mark
            )
        return total

    @property
    def account_ranges(self):
        """The accounts of this clearing: a list of (first number, count)."""
        return list(self.ranges)

    # ---------------------------------------------------------------- what they are worth

    def worth(self, int64_t holding, int64_t lots, int64_t price):
        """What signed lots of a holding cost at a price, in units of cash."""
        whole = int(lots) * self.records[holding].multiplier
        return -(whole // price) if self.records[holding].inverse else whole * price

    cdef int64_t largest(self, int64_t account) noexcept:
        """The holding with the largest value: the one a failure without a cause counts for."""
        cdef int128 best = -1, worth
        cdef int64_t found = 0, i
        for i in range(self.holding_count):
            worth = <int128>self.ledger.row(self.records[i].asset)[account] * (
                self.records[i].mark if self.records[i].mark != NO_PRICE else 0
            )
            worth = worth if worth >= 0 else -worth
            if worth > best:
                best = worth
                found = i
        return found

    def keep_entry_values(self):
        """Keep from now on what every account's lots were bought for.

        Adding to a position adds what is paid for it; closing a part takes off the same part of
        the value, rounded towards zero: the average entry price stays.
        """
        cdef Holding holding
        for holding in self.holdings:
            if holding.entry_values is None:
                holding.entry_values = Block()
        self.keeps_entry_values = True
        if self.market is not None:
            self.market.keeps_entry_values = True

    def entry_value(self, account, holding=0):
        """What an account's lots were bought for, in units of cash; negative of a short."""
        cdef Holding of = self.holdings[checks.integer("holding", holding, 0)]
        if not self.keeps_entry_values:
            raise ValueError("entry values are not kept: call keep_entry_values first")
        checks.integer("account", account, 0, self.ledger.account_count - 1)
        return of.entry_value_of(account)[0]

    cdef int note_trade(
        self, int64_t account, int64_t asset, int64_t lots, int64_t paid
    ) except -1:
        """An account bought signed lots, which it has already, and paid for them."""
        cdef int64_t i, held, closed, size = lots if lots >= 0 else -lots
        cdef int64_t *value
        cdef int128 part
        for i in range(self.holding_count):
            if self.records[i].asset != asset:
                continue
            value = (<Holding>self.holdings[i]).entry_value_of(account)
            held = self.ledger.row(asset)[account] - lots
            if held == 0 or (held > 0) == (lots > 0):
                value[0] += paid
            else:
                closed = min(size, held if held > 0 else -held)
                part = <int128>value[0] * closed
                held = held if held > 0 else -held
                value[0] -= <int64_t>(part // held if part >= 0 else -(-part // held))
                if size > closed:
                    value[0] = <int64_t>(<int128>paid * (size - closed) // size)
            return 0
        return 0

    # ---------------------------------------------------------------- health

    cdef int128 health_of(self, int64_t account) noexcept:
        """Above or at zero: the account is safe. Of an inverse holding times its price."""
        return self.health_at(account, False)

    cdef int128 health_at(self, int64_t account, bint initial) noexcept:
        """The health by maintenance margin, or by initial margin."""
        cdef HoldingRecord *record
        cdef const Account *of = &self.ledger.accounts[account]
        cdef int64_t cash = self.ledger.row(self.cash_asset)[account], units, i
        cdef const Tiers *tiers
        cdef int128 health = PPM * <int128>cash
        cdef int64_t first = 0 if of.cross else of.holding
        cdef int64_t beyond = self.holding_count if of.cross else of.holding + 1
        if of.cross and self.portfolio is not None and not initial:
            self.set_weights()
            return self.scenario_health(account)
        for i in range(first, beyond):
            record = self.records[i]
            units = self.ledger.row(record.asset)[account]
            if units == 0 or record.mark == NO_PRICE:
                continue
            tiers = &record.initial[units < 0] if initial else &record.maintenance[units < 0]
            if record.inverse:
                # An inverse holding stands alone (its cash is the coin itself).
                return inverse_health(tiers, cash, units, record.mark, record.multiplier)
            health += linear_health(tiers, units, record.mark, record.multiplier)
        return health

    cdef int128 scenario_health(self, int64_t account) noexcept:
        cdef const int64_t *units[MAX_HOLDINGS]
        cdef int128 worst = 0, health
        cdef int64_t i
        for i in range(self.holding_count):
            units[i] = self.ledger.row(self.records[i].asset)
        for i in range(self.weights.scenarios):
            health = health_in(
                account, i, &self.weights, self.ledger.row(self.cash_asset), units
            )
            if i == 0 or health < worst:
                worst = health
        return worst

    cdef int64_t trigger_of(self, int64_t account) noexcept:
        """The least adverse tick at which an isolated account fails."""
        cdef HoldingRecord *record = self.records[self.ledger.accounts[account].holding]
        cdef int64_t units = self.ledger.row(record.asset)[account]
        cdef int64_t cash = self.ledger.row(self.cash_asset)[account]
        cdef const Tiers *tiers = &record.maintenance[units < 0]
        if units == 0:
            return NO_TRIGGER
        if record.inverse:
            return inverse_trigger(tiers, cash, units, record.multiplier)
        return linear_trigger(tiers, cash, units, record.multiplier)

    cdef int set_weights(self) except -1:
        """What a unit of each holding adds to a health at the marks of now."""
        cdef int64_t i, k, side
        cdef int128 weight
        cdef HoldingRecord *record
        if self.weighed:
            return 0
        self.exact_only = False
        self.weights.holdings = self.holding_count
        self.weights.scenarios = 1 if self.portfolio is None else len(self.portfolio.scenarios)
        for i in range(self.holding_count):
            record = self.records[i]
            for k in range(self.weights.scenarios):
                for side in range(2):
                    weight = <int128>(0 if record.mark == NO_PRICE else record.mark)
                    weight *= record.multiplier
                    if self.portfolio is not None:
                        weight *= PPM + <int64_t>self.portfolio.scenarios[k][i]
                    elif side == 0:
                        weight *= PPM - record.maintenance[0].rate[0]
                    else:
                        weight *= PPM + record.maintenance[1].rate[0]
                    if not fits(weight):
                        self.exact_only = True
                    self.weights.weight[k][i][side] = <int64_t>weight
                    if record.inverse or (
                        self.portfolio is None and record.maintenance[side].count > 1
                    ):
                        self.exact_only = True
        self.weighed = True
        return 0

    def weights_missing(self):
        """Whether some holding has no mark yet."""
        return any(holding.mark_price is None for holding in self.holdings)


cdef object to_python(int128 value):
    """An integer of 128 bits as one of Python's."""
    return (int(<int64_t>(value >> 64)) << 64) | int(<uint64_t>value)


cdef object as_column(str name, values):
    """Whole numbers as an array of int64. Raises ``TypeError`` if they are not whole."""
    column = np.asarray(values)
    if column.dtype.kind not in "iu" and column.size:
        raise TypeError(f"{name} must be whole numbers, got the dtype {column.dtype}")
    if column.size and (column.max() > MAX_SIZE or column.min() < -MAX_SIZE):
        raise ValueError(f"{name} must be below 2**62 in size, got {column.min()}..{column.max()}")
    return np.ascontiguousarray(column, INT64)
