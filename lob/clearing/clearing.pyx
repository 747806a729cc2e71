"""Margin, and what happens to accounts that lack it.

An account fails when what it has, less what its positions must be backed with, is below zero at
the prices that clearing believes: equity < maintenance margin, strictly. This is looked at

* when a mark changes, after the whole message that changed it;
* for an account itself, when it trades, pays or is paid, and when margin parameters change.

An isolated account has one holding, and waits in a queue at the one tick at which it fails: a mark
that moves past nobody's tick costs one comparison. Accounts of several holdings are looked at in
blocks, each with bounds on all marks within which none of its accounts can fail.

A failed account is a case, in the order of failing. What is done about it is up to the
``Liquidator``; the rules of the designs are in ``lob.liquidation``.
"""

import copy as copying

cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from lob.block cimport Block
from lob.clearing.collateral cimport Claim, Claims, ClaimValue
from lob.clearing.cross cimport (
    BLOCK,
    MAX_HOLDINGS,
    CrossBlock,
    health_in,
    slack_of,
    weigh_block,
)
from lob.clearing.ledger cimport FAILED, SAFE, WORLD, Account, Ledger
from lob.clearing.oracle cimport Oracle, Source
from lob.clearing.queues cimport (
    Waiting,
    key_of,
    queue_anew,
    queue_join,
    queue_leave,
    sort_waiting,
)
from lob.clearing.requirement cimport (
    MAX_TIERS,
    NO_PRICE,
    NO_TRIGGER,
    PPM,
    Tiers,
    inverse_health,
    inverse_trigger,
    linear_health,
    linear_trigger,
    requirement,
)
from lob.ladder cimport (
    Ladder,
    Level,
    ladder_bytes,
    ladder_copy,
    ladder_init,
    ladder_release,
    ladder_reserve,
    ladder_spare,
)
from lob.market cimport Market
from lob.matching cimport Book
from lob.memory cimport prefetch, unlikely
from lob.records cimport (
    ACCEPTED,
    BUY,
    CANCEL,
    CANCELLED,
    CAUSE_ACCRUAL,
    CAUSE_MARGIN,
    CAUSE_ORACLE,
    CAUSE_TRANSFER,
    ENTRY_BAD_DEBT,
    ENTRY_FUNDING,
    ENTRY_INSURANCE,
    ENTRY_INTEREST,
    ENTRY_LIQUIDATION,
    ENTRY_MARK,
    ENTRY_OPENING,
    ENTRY_PARAMETERS,
    ENTRY_REWARD,
    ENTRY_SETTLED,
    ENTRY_SOCIALISED,
    FROM_VENUE,
    LIMIT,
    LIQUIDATION_TAG,
    MAX_PRICE,
    NEW,
    REASON_INSUFFICIENT_MARGIN,
    REASON_IN_LIQUIDATION,
    REASON_NONE,
    REASON_REDUCE_ONLY,
    REASON_VOLUME_LIMIT,
    REDUCE_ONLY,
    REDUCED,
    REPLACED,
    SELL,
    TRADE,
    Entry,
    Event,
    Message,
    write_message,
)
from lob.wide cimport ceil_ratio, fits, int128

import numpy as np

from lob import checks
from lob.clearing.account import MarginAccount
from lob.clearing.margin import MarketState
from lob.types import MAX_SIZE, Side

__all__ = ["Clearing", "Holding", "Liquidator"]

cdef int64_t NEVER = 2**63 - 1
cdef object INT64 = np.dtype(np.int64)
cdef object CASE = np.dtype(
    [
        *(
            (name, "<i8")
            for name in (
                "opened", "size", "cash", "mark", "reference", "parent", "sold", "received", "due"
            )
        ),
        ("account", "<i4"),
        ("holding", "<u2"),
        ("cause", "u1"),
        ("state", "u1"),
        ("stage", "u1"),
    ],
    align=True,
)

if CASE.itemsize != sizeof(Case):
    raise ImportError("a Case is not what CASE says")


# ---------------------------------------------------------------------------- holdings

@cython.auto_pickle(False)
cdef class Holding:
    """Something that the accounts of a clearing hold, and how it backs them.

    Parameters
    ----------
    oracle
        Where its mark comes from: a ``lob.clearing.Oracle``.
    margin
        A margin model (``lob.clearing.margin``).
    instrument
        Number of the book in which it is traded, and sold by force.
    asset
        Name of the asset; ``None``: what the instrument trades.
    """

    def __init__(self, oracle, margin, *, instrument=0, asset=None):
        if not isinstance(oracle, Oracle):
            raise TypeError(f"oracle must be an Oracle, got {oracle!r}")
        for method in ("maintenance", "initial"):
            if not callable(getattr(margin, method, None)):
                raise TypeError(f"margin must be a margin model, got {margin!r}")
        if asset is not None and not isinstance(asset, str):
            raise TypeError(f"asset must be a name or None, got {asset!r}")
        self.oracle = oracle
        self.margin = margin
        self.name = asset
        self.record.instrument = checks.integer("instrument", instrument, 0, 2**16 - 1)
        self.record.mark = NO_PRICE
        self.working = [Block(), Block()]
        if ladder_init(&self.record.longs) < 0 or ladder_init(&self.record.shorts) < 0:
            raise MemoryError
        self.load_margin()

    def __dealloc__(self):
        ladder_release(&self.record.longs)
        ladder_release(&self.record.shorts)

    def load_margin(self):
        """Read the parameters of the margin model."""
        for i, side in enumerate((Side.BUY, Side.SELL)):
            load_tiers(&self.record.maintenance[i], self.margin.maintenance(side), "maintenance")
            load_tiers(&self.record.initial[i], self.margin.initial(side), "initial")

    cdef int64_t *working_of(self, int side, int64_t account) except NULL:
        """Lots of an account's resting orders on a side (0: buys)."""
        cdef Block block = self.working[side]
        cdef size_t needed = 8 * <size_t>(account + 1)
        if needed > block.nbytes:
            block.reserve(max(needed, 2 * block.nbytes))
        return &(<int64_t *>block.data)[account]

    cdef int64_t *entry_value_of(self, int64_t account) except NULL:
        """What an account's lots were bought for, in units of cash: negative of a short."""
        cdef size_t needed = 8 * <size_t>(account + 1)
        if needed > self.entry_values.nbytes:
            self.entry_values.reserve(max(needed, 2 * self.entry_values.nbytes))
        return &(<int64_t *>self.entry_values.data)[account]

    @property
    def instrument(self):
        """Number of the book in which it is sold."""
        return self.record.instrument

    @property
    def mark_price(self):
        """Ticks that clearing believes; ``None`` before the first price."""
        return None if self.record.mark == NO_PRICE else self.record.mark

    def __deepcopy__(self, memo):
        cdef Holding other = Holding.__new__(Holding)
        memo[id(self)] = other
        other.oracle = copying.deepcopy(self.oracle, memo)
        other.margin = copying.deepcopy(self.margin, memo)
        other.name, other.number = self.name, self.number
        other.working = [copying.deepcopy(block) for block in self.working]
        other.entry_values = copying.deepcopy(self.entry_values)
        memcpy(&other.record, &self.record, sizeof(HoldingRecord))
        memset(&other.record.longs, 0, sizeof(Ladder))
        memset(&other.record.shorts, 0, sizeof(Ladder))
        if ladder_copy(&other.record.longs, &self.record.longs) < 0:
            raise MemoryError
        if ladder_copy(&other.record.shorts, &self.record.shorts) < 0:
            raise MemoryError
        return other


cdef int load_tiers(Tiers *into, tiers, what) except -1:
    """Copy a table of rates; it is validated already (``lob.clearing.margin.Tiers``)."""
    cdef int64_t i
    rows = list(tiers)
    if not 1 <= len(rows) <= MAX_TIERS:
        raise ValueError(f"{what} must have 1 to {MAX_TIERS} tiers, got {len(rows)}")
    memset(into, 0, sizeof(Tiers))
    into.count = len(rows)
    for i in range(into.count):
        into.floor[i] = checks.integer("floor", rows[i].floor, 0, MAX_SIZE)
        into.rate[i] = checks.integer("rate", rows[i].rate, 0, PPM)
        if i:
            into.deduction[i] = into.deduction[i - 1] + <int128>into.floor[i] * (
                into.rate[i] - into.rate[i - 1]
            )
    return 0


# ---------------------------------------------------------------------------- clearing

@cython.auto_pickle(False)
cdef class Clearing:
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
        liquidator,
        cash="cash",
        insurance_fund=0,
        liquidation_fee=0,
        portfolio=None,
    ):
        if not isinstance(name, str) or not name:
            raise TypeError(f"name must be a string that is not empty, got {name!r}")
        self.name = name
        self.holdings = list(holdings)
        if not 1 <= len(self.holdings) <= MAX_HOLDINGS:
            raise ValueError(f"holdings must be 1 to {MAX_HOLDINGS}, got {len(self.holdings)}")
        for holding in self.holdings:
            if not isinstance(holding, Holding):
                raise TypeError(f"holdings must be Holding objects, got {holding!r}")
        if not isinstance(liquidator, Liquidator):
            raise TypeError(f"liquidator must be a Liquidator, got {liquidator!r}")
        if not isinstance(cash, str) or not cash:
            raise TypeError(f"cash must be the name of an asset, got {cash!r}")
        self.liquidator = liquidator
        self.portfolio = portfolio
        self.timers = []
        self.ranges = []
        self.unwraps = []
        self.case_block = Block()
        self.watch = Block()
        self.cross_blocks = Block()
        self.timer_due = self.deadline = NEVER
        self.liquidation_fee = checks.integer("liquidation_fee", liquidation_fee, 0, PPM)
        self.configuration = (cash, checks.integer("insurance_fund", insurance_fund, 0, MAX_SIZE))
        self.point_at_records()

    cdef int point_at_records(self) except -1:
        self.holding_count = len(self.holdings)
        for i in range(self.holding_count):
            self.records[i] = &(<Holding>self.holdings[i]).record
            self.low[i] = 1
            self.high[i] = MAX_PRICE
        return 0

    def attach(self, Market market, Ledger ledger, int64_t number):
        """Belong to a venue: what ``lob.Venue`` does with the clearings that it is given."""
        cdef Holding holding
        cdef int64_t i
        if self.market is not None:
            raise ValueError(f"clearing {self.name!r} belongs to a venue already")
        cash, fund = self.configuration
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
        self.liquidator.clearing = self
        self.liquidator.attached()
        self.start_oracles()
        self.reset_deadline()

    def attach_claims(self, Claims claims):
        """Note which holdings are claims, and that what they come down to can be sold here."""
        cdef Holding holding
        cdef ClaimValue value
        names = [holding.name for holding in self.holdings]
        unwraps = set()
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
                    unwraps.add(name)
                    if claims[name].has_queue:
                        raise ValueError(
                            f"clearing {self.name!r}: the claim {name} has a queue, so it needs a "
                            f"book in which it can be sold at once"
                        )
        self.unwraps = [claim for claim in reversed(claims.claims) if claim.name in unwraps]

    def start_oracles(self):
        """Take the prices that oracles have before anything happened."""
        for i in range(self.holding_count):
            oracle = (<Holding>self.holdings[i]).oracle
            if oracle.price != NO_PRICE:
                self.records[i].mark = oracle.price
                self.mark_moved(i, oracle.cause, 0)

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
            record.protocol = <uint8_t>(self.number + 1)
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
        if cross:
            self.add_blocks(first, count)
        else:
            for account in range(first, first + count):
                self.link(account)
        self.look_again(CAUSE_TRANSFER)
        return first

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

    def worth(self, int64_t holding, int64_t lots, int64_t price):
        """What signed lots of a holding cost at a price, in units of cash."""
        whole = int(lots) * self.records[holding].multiplier
        return -(whole // price) if self.records[holding].inverse else whole * price

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

    cdef int add_blocks(self, int64_t first, int64_t count) except -1:
        """Put cross accounts into blocks, which are looked at anew at the next price."""
        cdef CrossBlock *block
        while count:
            self.cross_blocks.reserve(
                max(sizeof(CrossBlock) * <size_t>(self.cross_count + 1), self.cross_blocks.nbytes)
            )
            block = &(<CrossBlock *>self.cross_blocks.data)[self.cross_count]
            block.first = <int32_t>first
            block.count = <int32_t>min(count, BLOCK)
            self.cross_count += 1
            self.open_bounds(block)
            first += block.count
            count -= block.count
        return 0

    cdef int open_bounds(self, CrossBlock *block) except -1:
        """Let no mark be within a block's bounds: it is looked at whatever comes."""
        cdef int64_t i
        for i in range(self.holding_count):
            block.low[i] = self.low[i] = MAX_PRICE
            block.high[i] = self.high[i] = 0
        return 0

    def account(self, account):
        """What an account has and needs: a ``lob.clearing.MarginAccount``.

        Raises ``ValueError`` if it is not one of this clearing's.
        """
        cdef int64_t number = checks.integer("account", account, 0, self.ledger.account_count - 1)
        cdef Account *record = &self.ledger.accounts[number]
        cdef int64_t i
        if record.protocol != self.number + 1:
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

    # ---------------------------------------------------------------- the queues

    cdef int link(self, int64_t account) except -1:
        """Queue an isolated account at the tick at which it fails."""
        cdef Account *accounts = self.ledger.accounts
        cdef Account *record = &accounts[account]
        cdef HoldingRecord *holding = self.records[record.holding]
        cdef bint long_side = self.ledger.row(holding.asset)[account] > 0
        cdef Ladder *ladder = &holding.longs if long_side else &holding.shorts
        record.trigger = self.trigger_of(account)
        record.indexed = 0
        if record.trigger == NO_TRIGGER:
            return 0
        if unlikely(ladder_spare(ladder) < 1) and ladder_reserve(ladder, 64) < 0:
            raise MemoryError
        queue_join(ladder, accounts, account, long_side)
        return 0

    cdef int unlink(self, int64_t account) noexcept:
        """Take an account out of its queue, if it is in one."""
        cdef Account *accounts = self.ledger.accounts
        cdef Account *record = &accounts[account]
        cdef HoldingRecord *holding = self.records[record.holding]
        cdef Ladder *ladder = &holding.longs if record.indexed > 0 else &holding.shorts
        if record.indexed:
            queue_leave(ladder, accounts, account)
        return 0

    cdef int touched(self, int64_t account, int cause) except -1:
        """An account traded, paid or was paid: where does it fail now, and has it already?"""
        cdef Account *record = &self.ledger.accounts[account]
        cdef int64_t old = record.trigger
        cdef CrossBlock *blocks = <CrossBlock *>self.cross_blocks.data
        cdef int64_t i
        if record.state != SAFE:
            return 0
        if record.cross:
            for i in range(self.cross_count):
                if blocks[i].first <= account < blocks[i].first + blocks[i].count:
                    self.open_bounds(&blocks[i])
                    break
            if self.health_of(account) < 0:
                self.open_case(account, self.largest(account), cause, 0)
            return 0
        self.unlink(account)
        self.link(account)
        if record.trigger != old or cause != CAUSE_TRANSFER:
            self.collect(record.holding, cause, 0)
        return 0

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

    cdef int reindex_all(self, int cause) except -1:
        """Every isolated account's failing tick anew, and every block's bounds."""
        cdef int64_t i
        for i in range(self.holding_count):
            self.queue_all(i)
        for i in range(self.cross_count):
            self.open_bounds(&(<CrossBlock *>self.cross_blocks.data)[i])
        self.weighed = False
        return self.look_again(cause)

    cdef int queue_all(self, int64_t holding) except -1:
        """Queue every isolated account of a holding anew, those of one tick by number."""
        cdef Account *accounts = self.ledger.accounts
        cdef HoldingRecord *of = self.records[holding]
        cdef int64_t first, count, account, side, most = 0, found
        cdef Block block = Block()
        cdef Waiting *rows
        cdef Waiting *spare
        for first, count in self.ranges:
            if not accounts[first].cross and accounts[first].holding == holding:
                most += count
        block.reserve(2 * sizeof(Waiting) * <size_t>most)
        rows = <Waiting *>block.data
        spare = rows + most
        for side in range(2):
            found = 0
            for first, count in self.ranges:
                if accounts[first].cross or accounts[first].holding != holding:
                    continue
                for account in range(first, first + count):
                    if accounts[account].state == SAFE and (
                        self.ledger.row(of.asset)[account] > 0 if side == 0
                        else self.ledger.row(of.asset)[account] <= 0
                    ):
                        accounts[account].indexed = 0
                        accounts[account].trigger = self.trigger_of(account)
                        if accounts[account].trigger != NO_TRIGGER:
                            rows[found].key = key_of(side == 0, accounts[account].trigger)
                            rows[found].account = <uint64_t>account
                            found += 1
            if queue_anew(
                &of.shorts if side else &of.longs,
                accounts,
                sort_waiting(rows, spare, found),
                found,
                side == 0,
            ) < 0:
                raise MemoryError
        return 0

    cdef void look_ahead(self, int64_t account) noexcept:
        """Ask for the memory around an account's place in its queue."""
        cdef const Account *record = &self.ledger.accounts[account]
        cdef HoldingRecord *holding = self.records[record.holding]
        if record.indexed > 0:
            prefetch(&holding.longs.levels[record.level])
        elif record.indexed:
            prefetch(&holding.shorts.levels[record.level])
        if record.indexed:
            prefetch(&self.ledger.accounts[record.prev])
            prefetch(&self.ledger.accounts[record.next])

    cdef int look_again(self, int cause) except -1:
        """Who has failed by the marks as they are?"""
        cdef int64_t i
        for i in range(self.holding_count):
            self.collect(i, cause, 0)
        if self.cross_count:
            self.review(0, cause, 0)
        self.reset_deadline()
        return 0

    # ---------------------------------------------------------------- marks

    cdef int64_t holding_of(self, int64_t instrument) noexcept:
        """The holding that a book trades, or -1."""
        return (<int64_t *>self.watch.data)[instrument]

    cdef int observe(
        self, int64_t ts, int64_t instrument, const Event *events, int64_t count
    ) except -1:
        """A whole message has met a book."""
        cdef int64_t i
        cdef Oracle oracle
        cdef bint moved[MAX_HOLDINGS]
        cdef bint any_moved = False
        # All marks first: what is made of the same price moves with it.
        for i in range(self.holding_count):
            oracle = (<Holding>self.holdings[i]).oracle
            moved[i] = False
            if oracle.watches(instrument):
                moved[i] = oracle.observe(
                    ts, <const Book **>self.market.book_of, events, count, instrument
                )
                if moved[i]:
                    self.records[i].mark = oracle.price
                    any_moved = True
                if oracle.deadline < self.deadline:
                    self.deadline = oracle.deadline
        return self.marks_moved(moved) if any_moved else 0

    cdef int marks_moved(self, const bint *moved) except -1:
        """Several marks have moved at once."""
        cdef int64_t i
        cdef Oracle oracle
        self.weighed = False
        for i in range(self.holding_count):
            if moved[i]:
                oracle = (<Holding>self.holdings[i]).oracle
                self.mark_moved(i, oracle.cause, oracle.cause_tag)
        return 0

    cdef int observe_claims(self, int64_t ts, int cause, int64_t tag) except -1:
        """Balances changed, and with them what claims are worth."""
        cdef int64_t i
        cdef Oracle oracle
        cdef bint moved[MAX_HOLDINGS]
        cdef bint any_moved = False
        for i in range(self.holding_count):
            moved[i] = False
            if not self.records[i].of_claim:
                continue
            oracle = (<Holding>self.holdings[i]).oracle
            moved[i] = oracle.look(ts, cause, tag)
            if moved[i]:
                self.records[i].mark = oracle.price
                any_moved = True
            if oracle.deadline < self.deadline:
                self.deadline = oracle.deadline
        return self.marks_moved(moved) if any_moved else 0

    def observe_price(self, price, *, holding=0):
        """Let the price of a ``Fixed`` source be another one from now on.

        Parameters
        ----------
        price
            Ticks.
        holding
            Number.
        """
        cdef Holding of
        number = checks.integer("holding", holding, 0, self.holding_count - 1)
        of = self.holdings[number]
        if of.oracle.observe_price(self.market.now, price):
            of.record.mark = of.oracle.price
            self.mark_moved(number, of.oracle.cause, of.oracle.cause_tag)
        if self.watches_claims:
            # A claim may be valued by the same source.
            self.observe_claims(self.market.now, CAUSE_ORACLE, 0)
        self.reset_deadline()

    cdef int mark_moved(self, int64_t holding, int cause, int64_t tag) except -1:
        cdef HoldingRecord *record = self.records[holding]
        cdef Entry *entry = self.ledger.write(ENTRY_MARK)
        cdef Oracle oracle = (<Holding>self.holdings[holding]).oracle
        if record.mark < 1:
            raise ValueError(
                f"clearing {self.name!r}: the mark of {self.holdings[holding].name} must be at "
                f"least 1 tick, got {record.mark}"
            )
        entry.price = record.mark
        entry.reference = oracle.true_price
        entry.instrument = <uint16_t>record.instrument
        entry.asset = <uint16_t>record.asset
        entry.protocol = <uint16_t>self.number
        entry.cause = <uint8_t>cause
        entry.parent = tag
        self.weighed = False
        self.collect(holding, cause, tag)
        if self.cross_count and not self.low[holding] <= record.mark <= self.high[holding]:
            self.review(holding, cause, tag)
        return 0

    cdef int collect(self, int64_t holding, int cause, int64_t tag) except -1:
        """Open a case for every isolated account whose tick the mark has reached."""
        cdef HoldingRecord *record = self.records[holding]
        if record.mark == NO_PRICE:
            return 0
        while record.longs.best_key <= key_of(True, record.mark):
            self.open_case(record.longs.levels[record.longs.best].head, holding, cause, tag)
        while record.shorts.best_key <= key_of(False, record.mark):
            self.open_case(record.shorts.levels[record.shorts.best].head, holding, cause, tag)
        return 0

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

    cdef int review(self, int64_t holding, int cause, int64_t tag) except -1:
        """Look at the blocks whose bounds a mark has left, and set bounds anew."""
        cdef CrossBlock *block
        cdef const int64_t *units[MAX_HOLDINGS]
        cdef uint16_t failing[BLOCK + 1]
        cdef int64_t i, at, found, h
        cdef bint outside
        self.set_weights()
        for h in range(self.holding_count):
            units[h] = self.ledger.row(self.records[h].asset)
            self.low[h] = 1
            self.high[h] = MAX_PRICE
        for at in range(self.cross_count):
            block = &(<CrossBlock *>self.cross_blocks.data)[at]
            outside = False
            for h in range(self.holding_count):
                outside |= not block.low[h] <= self.records[h].mark <= block.high[h]
            if outside:
                if self.exact_only:
                    found = block.count
                    for i in range(found):
                        failing[i] = <uint16_t>i
                else:
                    found = weigh_block(
                        block, &self.weights, self.ledger.row(self.cash_asset), units, failing
                    )
                for i in range(found):
                    if self.ledger.accounts[block.first + failing[i]].state == SAFE and (
                        self.health_of(block.first + failing[i]) < 0
                    ):
                        self.open_case(block.first + failing[i], holding, cause, tag)
                self.guard(block)
            for h in range(self.holding_count):
                self.low[h] = max(self.low[h], block.low[h])
                self.high[h] = min(self.high[h], block.high[h])
        return 0

    cdef int guard(self, CrossBlock *block) except -1:
        """Bounds within which none of a block's accounts can fail."""
        cdef const int64_t *units[MAX_HOLDINGS]
        cdef double slack = 1, least
        cdef int64_t i, h, mark, room
        if self.exact_only:
            return self.open_bounds(block)
        for h in range(self.holding_count):
            units[h] = self.ledger.row(self.records[h].asset)
        for i in range(block.first, block.first + block.count):
            if self.ledger.accounts[i].state == SAFE:
                least = slack_of(i, &self.weights, self.ledger.row(self.cash_asset), units)
                slack = min(slack, least)
        slack = max(slack, 0)
        for h in range(self.holding_count):
            mark = self.records[h].mark
            if mark == NO_PRICE:
                self.open_bounds(block)
                return 0
            room = <int64_t>(slack * mark)
            block.low[h] = mark - room
            block.high[h] = mark + room
        return 0

    # ---------------------------------------------------------------- cases

    cdef int64_t open_case(
        self, int64_t account, int64_t holding, int cause, int64_t tag
    ) except -1:
        """An account has failed. Nothing is sold here: its turn comes."""
        cdef Account *record = &self.ledger.accounts[account]
        cdef HoldingRecord *of = self.records[holding]
        cdef Oracle oracle = (<Holding>self.holdings[holding]).oracle
        cdef Entry *entry
        cdef Case *case
        cdef size_t needed = sizeof(Case) * <size_t>(self.case_total + 1)
        if needed > self.case_block.nbytes:
            self.case_block.reserve(max(needed, 2 * self.case_block.nbytes))
        if record.cross and self.ledger.row(of.asset)[account] == 0:
            # A price that moved with others, of something that this account has none of.
            holding = self.largest(account)
            of = self.records[holding]
            oracle = (<Holding>self.holdings[holding]).oracle
        self.unlink(account)
        case = self.case(self.case_total)
        memset(case, 0, sizeof(Case))
        case.opened = case.due = self.market.now
        case.account = <int32_t>account
        case.holding = <uint16_t>holding
        case.size = self.ledger.row(of.asset)[account]
        case.cash = self.ledger.row(self.cash_asset)[account]
        case.mark = of.mark
        case.reference = oracle.true_price
        case.cause = <uint8_t>cause
        case.parent = tag
        self.case_total += 1
        record.state = FAILED
        record.liquidation = <int32_t>self.case_total
        entry = self.ledger.write(ENTRY_LIQUIDATION)
        entry.amount = case.size
        entry.price = case.mark
        entry.reference = case.reference
        entry.tag = self.tag_of(self.case_total - 1)
        entry.parent = tag
        entry.debit = <int32_t>account
        entry.asset = <uint16_t>of.asset
        entry.instrument = <uint16_t>of.instrument
        entry.protocol = <uint16_t>self.number
        entry.cause = <uint8_t>cause
        entry.layer = self.layer_of(account)
        self.deadline = self.market.now
        return self.case_total - 1

    cdef uint8_t layer_of(self, int64_t account) noexcept:
        """How many claims deep the deepest collateral of an account is."""
        cdef uint8_t deepest = 0
        cdef int64_t i
        for i in range(self.holding_count):
            # Claims that a book prices have a depth too.
            if self.records[i].depth > deepest and (
                self.ledger.row(self.records[i].asset)[account] > 0
            ):
                deepest = self.records[i].depth
        return deepest

    cdef int64_t tag_of(self, int64_t case) noexcept:
        """Tags are unique over the clearings of a venue."""
        return LIQUIDATION_TAG + (self.number << 48) + case + 1

    cdef int sell(
        self,
        int64_t number,
        int64_t holding,
        int64_t size,
        int64_t price,
        int order_type,
        int time_in_force,
    ) except -1:
        """Send an order for a case that brings its account nearer to zero."""
        cdef Case *case = self.case(number)
        cdef HoldingRecord *of = self.records[holding]
        cdef bint long_side = self.ledger.row(of.asset)[case.account] > 0
        cdef Message message
        if of.bookless:
            return 0
        write_message(
            &message,
            NEW,
            SELL if long_side else BUY,
            order_type,
            time_in_force,
            0,
            FROM_VENUE,
            <uint16_t>of.instrument,
        )
        message.price = price
        message.size = size
        message.owner = self.ledger.accounts[case.account].owner
        message.tag = self.tag_of(number)
        return self.market.execute(&message)

    cdef bint flat(self, int64_t account) noexcept:
        """Whether an account holds nothing but cash."""
        cdef int64_t i
        for i in range(self.holding_count):
            if self.ledger.row(self.records[i].asset)[account]:
                return False
        for i in range(len(self.unwraps)):
            if self.ledger.row((<Claim>self.unwraps[i]).asset)[account]:
                return False
        return True

    cdef int unwrap_case(self, int64_t number) except -1:
        """Redeem in kind what a failed account has of claims without a book, down to what a book
        trades. What an issuer cannot pay for stays a claim, and is asked for again."""
        cdef int64_t account = self.case(number).account, held, i
        cdef Claim claim
        for i in range(len(self.unwraps)):
            claim = <Claim>self.unwraps[i]
            held = self.ledger.row(claim.asset)[account]
            if held > 0:
                claim.give_back(account, account, held, self.tag_of(number))
        return 0

    def unwrap(self, case):
        """Redeem in kind the claims without a book that the account of an open case has.

        The claims' debts move with their collateral. What an issuer cannot pay for now, because it
        is lent, pledged or being liquidated itself, stays a claim.
        """
        number = checks.integer("case", case, 0, self.case_total - 1)
        if self.case(number).state == SETTLED:
            raise ValueError(f"case {case} is over")
        self.unwrap_case(number)

    cdef int settle_case(self, int64_t number) except -1:
        """An account that holds nothing any more: its fee, or its debt. The case is over."""
        cdef Case *case = self.case(number)
        cdef int64_t account = case.account, tag = self.tag_of(number)
        cdef int64_t left = self.ledger.row(self.cash_asset)[account]
        cdef int64_t amount
        cdef int128 fee
        cdef Entry *entry
        if left < 0:
            entry = self.ledger.write(ENTRY_BAD_DEBT)
            entry.amount = -left
            entry.tag = tag
            entry.debit = <int32_t>account
            entry.asset = <uint16_t>self.cash_asset
            entry.protocol = <uint16_t>self.number
            amount = min(-left, max(0, self.ledger.row(self.cash_asset)[self.fund]))
            self.ledger.post(
                ENTRY_INSURANCE, self.cash_asset, self.fund, account, amount, tag, 0
            )
            self.ledger.post(
                ENTRY_SOCIALISED, self.cash_asset, self.shortfall, account, -left - amount, tag, 0
            )
            left = 0
        elif self.liquidation_fee:
            fee = <int128>(case.received if case.received > 0 else -case.received)
            fee = ceil_ratio(fee * self.liquidation_fee, PPM)
            amount = <int64_t>fee if fee < left else left
            self.ledger.post(ENTRY_REWARD, self.cash_asset, account, self.fund, amount, tag, 0)
            left -= amount
        return self.close_case(number, left, 0)

    cdef int close_case(self, int64_t number, int64_t left, int64_t unsold) except -1:
        cdef Case *case = self.case(number)
        cdef Account *record = &self.ledger.accounts[case.account]
        cdef Entry *entry = self.ledger.write(ENTRY_SETTLED)
        entry.amount = left
        entry.price = unsold
        entry.tag = self.tag_of(number)
        entry.debit = case.account
        entry.instrument = <uint16_t>self.records[case.holding].instrument
        entry.protocol = <uint16_t>self.number
        entry.stage = case.stage
        case.state = SETTLED
        record.state = SAFE
        record.trigger = NO_TRIGGER
        record.liquidation = 0
        record.called = False
        return 0

    cdef int release(self, int64_t number) except -1:
        """A case is over with something left in the account, which may fail again."""
        cdef Case *case = self.case(number)
        cdef int64_t account = case.account
        cdef int64_t asset = self.records[self.largest(account)].asset
        self.close_case(
            number,
            self.ledger.row(self.cash_asset)[account],
            self.ledger.row(asset)[account],
        )
        if not self.ledger.accounts[account].cross:
            self.link(account)
        return self.touched(account, CAUSE_TRANSFER)

    cdef int trade_for_case(self, const Event *event, int64_t tag, int64_t sold) except -1:
        """A trade with the tag of a case: ``sold`` lots of it, negative if bought back."""
        cdef int64_t number = (tag & ((<int64_t>1 << 48) - 1)) - 1
        cdef Case *case
        cdef HoldingRecord *of
        if (tag - LIQUIDATION_TAG) >> 48 != self.number or not 0 <= number < self.case_total:
            return 0
        case = self.case(number)
        of = self.records[case.holding]
        if self.holding_of(event.instrument) >= 0:
            of = self.records[self.holding_of(event.instrument)]
        case.sold += event.size
        if of.inverse:
            case.received += sold
        else:
            case.received += sold * event.price * of.multiplier
        return self.liquidator.filled(number, event)

    # ---------------------------------------------------------------- orders of the accounts

    cdef void fetch(self, int64_t account, int64_t instrument, int64_t side) noexcept:
        """Ask for all that an order of an account is going to touch, at once."""
        cdef int64_t holding = self.holding_of(instrument)
        cdef Block working
        prefetch(&self.ledger.row(self.cash_asset)[account])
        if holding >= 0:
            prefetch(&self.ledger.row(self.records[holding].asset)[account])
            working = (<Holding>self.holdings[holding]).working[side < 0]
            if 8 * <size_t>account < working.nbytes:
                prefetch(&(<int64_t *>working.data)[account])
        if not self.ledger.accounts[account].cross:
            self.look_ahead(account)

    cdef int admit(self, Message *message, int64_t account) except -1:
        """Whether an account may send an order, and how much of it: a reason, or none."""
        cdef Account *record = &self.ledger.accounts[account]
        cdef int64_t holding = self.holding_of(message.instrument)
        cdef HoldingRecord *of
        cdef int64_t side = message.side, held, working, room, price
        cdef int128 after, need, worth, loss
        if message.flags & FROM_VENUE:
            return REASON_NONE
        if record.state != SAFE:
            return REASON_IN_LIQUIDATION
        if holding < 0 or (not record.cross and record.holding != holding):
            if holding < 0:
                return self.admit_other(message, account)
            return REASON_INSUFFICIENT_MARGIN
        of = self.records[holding]
        held = self.ledger.row(of.asset)[account]
        working = (<Holding>self.holdings[holding]).working_of(side < 0, account)[0]
        if message.flags & REDUCE_ONLY:
            room = -side * held - working
            if room <= 0 or message.min_size > room:
                return REASON_REDUCE_ONLY
            message.size = min(message.size, room)
            record.reduces = True
            return REASON_NONE
        after = <int128>held + side * (<int128>working + message.size)
        if (after if after >= 0 else -after) <= (held if held >= 0 else -held):
            return REASON_NONE
        price = of.mark if of.mark != NO_PRICE else message.price
        if price < 1:
            return REASON_INSUFFICIENT_MARGIN
        worth = (after if after >= 0 else -after) * of.multiplier
        if not fits(worth) or not (of.inverse or fits(worth * max(price, message.price) * PPM)):
            return REASON_VOLUME_LIMIT
        # Bought at the mark, the equity stays and the requirement rises; beyond it, it falls too.
        loss = 0
        if message.order_type == LIMIT and (message.price - price) * side > 0:
            loss = <int128>(message.price - price) * side * message.size * of.multiplier
        need = requirement(
            &of.initial[after < 0], worth if of.inverse else worth * price
        ) - requirement(
            &of.initial[held < 0],
            <int128>(held if held >= 0 else -held) * of.multiplier * (1 if of.inverse else price),
        )
        if self.health_at(account, True) - need - PPM * loss < 0:
            return REASON_INSUFFICIENT_MARGIN
        return REASON_NONE

    cdef int admit_other(self, const Message *message, int64_t account) except -1:
        """Whether an account may send an order to a book that trades none of its holdings.

        What is bought there backs nothing, so the account must carry what it pays without it; what
        is sold must be there. Orders that rest in that book count as if they had traded.
        """
        cdef int64_t base, quote
        cdef int64_t *row
        cdef int128 cash, lots = message.size
        instrument = self.market.instruments[message.instrument]
        base = self.ledger.asset(instrument.base or instrument.name)
        quote = self.ledger.asset(instrument.quote)
        book = self.market.books[message.instrument]
        if instrument.inverse or message.flags & REDUCE_ONLY:
            return REASON_INSUFFICIENT_MARGIN
        orders = book.orders()
        orders = orders[
            (orders["owner"] == self.ledger.accounts[account].owner)
            & (orders["side"] == message.side)
        ]
        sizes = [int(size) for size in orders["size"]]
        if message.side == SELL:
            lots += <int64_t>min(sum(sizes), MAX_SIZE)
            if lots > self.ledger.row(base)[account]:
                return REASON_INSUFFICIENT_MARGIN
            return REASON_NONE
        resting = sum(
            size * max(0, int(price)) for size, price in zip(sizes, orders["price"], strict=True)
        )
        if message.order_type == LIMIT:
            resting += int(message.size) * max(0, int(message.price))
        else:
            resting += max(0, book.cost(Side.BUY, message.size).notional)
        resting *= int(instrument.multiplier)
        if resting > MAX_SIZE:
            return REASON_VOLUME_LIMIT
        cash = <int64_t>resting
        row = self.ledger.row(quote)
        if quote != self.cash_asset:
            return REASON_NONE if row[account] >= cash else REASON_INSUFFICIENT_MARGIN
        if self.health_at(account, True) - PPM * cash < 0:
            return REASON_INSUFFICIENT_MARGIN
        return REASON_NONE

    cdef int count_working(self, int64_t account, const Event *event, bint resting) except -1:
        """Keep count of the lots that an account's orders have open."""
        cdef int64_t holding = self.holding_of(event.instrument)
        cdef int side = event.side < 0
        cdef int64_t *working
        if holding < 0:
            return 0
        working = (<Holding>self.holdings[holding]).working_of(side ^ resting, account)
        if event.kind == ACCEPTED or event.kind == REPLACED:
            working[0] += event.leaves
        elif event.kind == TRADE or event.kind == CANCELLED or event.kind == REDUCED:
            working[0] -= event.size
        return 0

    def working_orders(self, account, holding=0):
        """Lots that an account's resting orders have open: (to buy, to sell)."""
        cdef Holding of = self.holdings[checks.integer("holding", holding, 0)]
        cdef int64_t number = checks.integer("account", account, 0, self.ledger.account_count - 1)
        return of.working_of(0, number)[0], of.working_of(1, number)[0]

    cdef int recall_orders(self, int64_t account) except -1:
        """Cancel what an account has resting, in every book where it may have something."""
        cdef Holding holding
        cdef Message message
        for holding in self.holdings:
            if holding.working_of(0, account)[0] == 0 and holding.working_of(1, account)[0] == 0:
                continue
            orders = self.market.books[holding.record.instrument].orders()
            for order_id in orders["order_id"][
                orders["owner"] == self.ledger.accounts[account].owner
            ].tolist():
                write_message(
                    &message, CANCEL, 0, 0, 0, 0, FROM_VENUE, <uint16_t>holding.record.instrument
                )
                message.order_id = order_id
                message.owner = self.ledger.accounts[account].owner
                self.market.execute(&message)
        return 0

    # ---------------------------------------------------------------- time

    cdef int reset_deadline(self) noexcept:
        """When there is next something to do."""
        cdef int64_t i
        self.deadline = min(self.timer_due, self.liquidator.deadline)
        for i in range(self.holding_count):
            self.deadline = min(self.deadline, (<Holding>self.holdings[i]).oracle.deadline)
        if self.fresh < self.case_total:
            self.deadline = min(self.deadline, self.market.now)
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
            self.liquidator.begin(i)
        elif self.liquidator.deadline <= ts:
            self.liquidator.advance(ts)
        self.reset_deadline()
        return 0

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

    def run_timer(self, ts):
        """Call the first action that is due."""
        timer = min(self.timers, key=due_of)
        timer[0] += timer[1]
        self.timer_due = min(due_of(one) for one in self.timers)
        timer[2](self, ts)

    # ---------------------------------------------------------------- accrual

    def pay_funding(self, rate, *, holding=0):
        """Let one side of a contract pay the other: the notional at the mark times the rate.

        Payers round up, receivers down, and what that leaves is the insurance fund's.

        Parameters
        ----------
        rate
            Ppm of the notional that the long pay the short; negative: the other way.
        holding
            Number of the contract.

        Returns
        -------
        int
            Units of cash that were paid.
        """
        cdef HoldingRecord *record
        cdef int64_t ppm = checks.integer("rate", rate, -PPM, PPM)
        cdef int64_t account, paid = 0, units
        cdef int128 owed
        number = checks.integer("holding", holding, 0, self.holding_count - 1)
        record = self.records[<int64_t>number]
        if record.mark == NO_PRICE:
            raise ValueError(f"holding {holding} has no mark to pay funding on yet")
        for account in range(self.ledger.account_count):
            units = self.ledger.row(record.asset)[account]
            if units == 0:
                continue
            owed = <int128>units * record.multiplier * ppm
            # Rounded up whatever the sign: against the account.
            if record.inverse:
                owed = ceil_ratio(owed, <int128>PPM * record.mark)
            else:
                owed = ceil_ratio(owed * record.mark, PPM)
            self.ledger.post(
                ENTRY_FUNDING,
                self.cash_asset,
                account,
                self.fund,
                <int64_t>owed,
                0,
                record.instrument,
            )
            if owed > 0:
                paid += <int64_t>owed
        self.reindex_all(CAUSE_ACCRUAL)
        return paid

    def charge_interest(self, rate):
        """Let every account in debt pay the lenders, rounded up; units of cash that were paid.

        Parameters
        ----------
        rate
            Ppm of the debt.
        """
        cdef int64_t ppm = checks.integer("rate", rate, 0, PPM)
        cdef int64_t first, count, account, cash, paid = 0
        cdef int128 owed
        for first, count in self.ranges:
            for account in range(first, first + count):
                cash = self.ledger.row(self.cash_asset)[account]
                if cash < 0:
                    owed = ceil_ratio(-<int128>cash * ppm, PPM)
                    self.ledger.post(
                        ENTRY_INTEREST, self.cash_asset, account, self.pool, <int64_t>owed, 0, 0
                    )
                    paid += <int64_t>owed
        self.reindex_all(CAUSE_ACCRUAL)
        return paid

    def update_margin(self, int64_t ts):
        """Let margin models that react to the market do so; whether any parameter changed."""
        cdef Entry *entry
        cdef Holding holding
        changed = False
        for holding in self.holdings:
            update = getattr(holding.margin, "update", None)
            if update is None or holding.record.mark == NO_PRICE:
                continue
            if update(self.market_state(holding.number, ts)):
                holding.load_margin()
                entry = self.ledger.write(ENTRY_PARAMETERS)
                entry.price = holding.record.maintenance[0].rate[0]
                entry.instrument = <uint16_t>holding.record.instrument
                entry.asset = <uint16_t>holding.record.asset
                entry.protocol = <uint16_t>self.number
                changed = True
        if changed:
            self.reindex_all(CAUSE_MARGIN)
        return changed

    def market_state(self, holding, int64_t ts):
        """What a margin model may react to: a ``lob.clearing.margin.MarketState``."""
        cdef HoldingRecord *record = self.records[<int64_t>holding]
        cdef int64_t account, units, longs = 0, shorts = 0, largest = 0
        for account in range(1, self.ledger.account_count):
            units = self.ledger.row(record.asset)[account]
            if units > 0:
                longs += units
            else:
                shorts -= units
            largest = max(largest, units if units > 0 else -units)
        return MarketState.of_book(
            self.market.books[record.instrument],
            ts_event=ts,
            mark_price=record.mark,
            longs=longs,
            shorts=shorts,
            largest=largest,
        )

    # ---------------------------------------------------------------- losses

    def socialise(self):
        """Let those who have something bear what the fund could not; units of cash they bear.

        Each account pays in proportion to its equity at the marks, if that is positive, rounded
        down; the units that this leaves are taken one by one in the order of account numbers. What
        nobody here can pay stays with the outside world.
        """
        cdef int64_t first, count, account, owed, share, left
        cdef int64_t *cash = self.ledger.row(self.cash_asset)
        owed = -cash[self.shortfall]
        if owed <= 0:
            return 0
        able = []
        total = 0
        for first, count in self.ranges:
            for account in range(first, first + count):
                if self.ledger.accounts[account].state != SAFE:
                    continue
                value = self.value_of(account)
                if value is not None and cash[account] + value > 0:
                    able.append((account, cash[account] + value))
                    total += cash[account] + value
        left = min(owed, total)
        bearable = left
        shares = [(account, bearable * equity // total) for account, equity in able]
        left -= sum(share for _, share in shares)
        for (number, part), (_, equity) in zip(shares, able, strict=True):
            if left > 0 and part < equity:
                part += 1
                left -= 1
            self.ledger.post(
                ENTRY_SOCIALISED, self.cash_asset, number, self.shortfall, part, 0, 0
            )
        self.ledger.post(
            ENTRY_SOCIALISED, self.cash_asset, WORLD, self.shortfall, owed - bearable, 0, 0
        )
        self.reindex_all(CAUSE_ACCRUAL)
        return owed

    # ---------------------------------------------------------------- what one reads

    @property
    def case_count(self):
        """How many accounts have failed so far."""
        return self.case_total

    @property
    def open_cases(self):
        """How many of them are not settled."""
        cdef int64_t i, found = 0
        for i in range(self.case_total):
            found += self.case(i).state != SETTLED
        return found

    @property
    def cases(self):
        """All failures so far, in order: an array with a field for each fact, a copy.

        ``opened`` and ``due`` in ns, ``size`` and ``sold`` in lots, ``cash`` and ``received`` in
        units, ``mark`` and ``reference`` in ticks, ``state`` 0 waiting, 1 active, 2 settled.
        """
        cdef Py_ssize_t nbytes = sizeof(Case) * self.case_total
        return np.frombuffer(bytearray(self.case_block.data[:nbytes]), CASE)

    def count_failing(self):
        """How many cross accounts have a negative health now, by a full pass: O(accounts)."""
        cdef const int64_t *units[MAX_HOLDINGS]
        cdef uint16_t failing[BLOCK + 1]
        cdef int64_t i, at, found = 0
        cdef CrossBlock *block
        self.set_weights()
        for i in range(self.holding_count):
            units[i] = self.ledger.row(self.records[i].asset)
        for at in range(self.cross_count):
            block = &(<CrossBlock *>self.cross_blocks.data)[at]
            if self.exact_only:
                for i in range(block.first, block.first + block.count):
                    found += self.health_of(i) < 0
            else:
                found += weigh_block(
                    block, &self.weights, self.ledger.row(self.cash_asset), units, failing
                )
        return found

    def memory_bytes(self):
        """Bytes of the account table, the queues, the blocks and the cases; no ledger rows."""
        cdef int64_t i
        total = self.ledger.account_block.nbytes + self.cross_blocks.nbytes + self.case_block.nbytes
        for i in range(self.holding_count):
            total += ladder_bytes(&self.records[i].longs) + ladder_bytes(&self.records[i].shorts)
            total += sum([(<Block>block).nbytes for block in (<Holding>self.holdings[i]).working])
        return total

    def check(self):
        """Whether queues, states and ledger agree: O(accounts). Raises ``AssertionError``."""
        cdef int64_t first, count, account, queued = 0
        cdef Account *record
        cdef HoldingRecord *holding
        for first, count in self.ranges:
            for account in range(first, first + count):
                record = &self.ledger.accounts[account]
                holding = self.records[record.holding]
                assert record.protocol == self.number + 1, f"account {account} is not ours"
                assert (record.liquidation > 0) == (record.state == FAILED)
                if record.cross or record.state == FAILED:
                    assert not record.indexed, f"account {account} must not be queued"
                    if record.state == SAFE and not self.weights_missing():
                        assert self.health_of(account) >= 0, f"account {account} is not safe"
                    continue
                assert record.trigger == self.trigger_of(account), (
                    f"account {account} fails at {self.trigger_of(account)}, not {record.trigger}"
                )
                if record.indexed:
                    queued += 1
                    assert holding.mark == NO_PRICE or (
                        record.trigger < holding.mark
                        if record.indexed > 0
                        else record.trigger > holding.mark
                    ), f"account {account} has failed unseen"
                else:
                    assert record.trigger == NO_TRIGGER, f"account {account} must be queued"
        for i in range(self.holding_count):
            queued -= count_queued(self, &self.records[i].longs)
            queued -= count_queued(self, &self.records[i].shorts)
        assert queued == 0, f"{queued} accounts are in no queue, or in two"

    def weights_missing(self):
        """Whether some holding has no mark yet."""
        return any(holding.mark_price is None for holding in self.holdings)

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
        other.unwraps = copying.deepcopy(self.unwraps, memo)
        other.watches_claims = self.watches_claims
        other.cross_blocks = copying.deepcopy(self.cross_blocks)
        other.cross_count = self.cross_count
        other.liquidation_fee = self.liquidation_fee
        other.keeps_entry_values = self.keeps_entry_values
        for i in range(self.holding_count):
            other.low[i], other.high[i] = self.low[i], self.high[i]
        other.liquidator = copying.deepcopy(self.liquidator, memo)
        other.liquidator.clearing = other
        return other

    def __reduce__(self):
        raise TypeError("a clearing is not pickled: keep its run's scenario, seed and time")


cdef int64_t count_queued(Clearing clearing, const Ladder *ladder) except -1:
    """How many accounts are queued, following every link."""
    cdef int64_t found = 0
    cdef uint32_t leaf
    cdef int bit
    cdef int64_t account, before
    cdef const Level *level
    for leaf in range(ladder.leaf_count):
        for bit in range(64):
            if not (ladder.leaves[leaf].occupied >> bit) & 1:
                continue
            level = &ladder.levels[64 * leaf + bit]
            account, before = level.head, 0
            while account:
                assert clearing.ledger.accounts[account].prev == before
                assert clearing.ledger.accounts[account].trigger == level.price
                before = account
                account = clearing.ledger.accounts[account].next
                found += 1
            assert level.tail == before
    return found


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


# ---------------------------------------------------------------------------- what is done about it

@cython.auto_pickle(True)
cdef class Liquidator:
    """What is done with accounts that fail: the base of all liquidation designs.

    Compiled designs override the three methods; a design in Python extends
    ``lob.liquidation.Design``.
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
        """A trade with the tag of a case, by whomever, in the middle of a message."""
        return 0

    cdef int perform(self, const Message *message, int64_t account) except -1:
        """A participant takes or bids; a reason if that is refused."""
        return REASON_IN_LIQUIDATION
