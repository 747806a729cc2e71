"""By how much margin accounts meet their margin, and at which price they fail.

The margin excess of an account is what it has less what its positions must be backed with. It is
kept times a million, so that rates in parts per million need no rounding: an account is safe while
``margin_excess_ppm`` is not negative.
"""

import copy as copying

cimport cython
from libc.stdint cimport int16_t, int64_t, uint16_t, uint64_t

from lob.clearing.cross cimport MAX_HOLDINGS, margin_excess_in
from lob.clearing.holding cimport Holding, HoldingRecord
from lob.clearing.ledger cimport FAILED, Account
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.requirement cimport (
    NO_LIQUIDATION_PRICE,
    NO_PRICE,
    Tiers,
    inverse_liquidation_price,
    inverse_margin_excess,
    linear_liquidation_price,
    linear_margin_excess,
)
from lob.engine.records cimport ENTRY_PARAMETERS, Entry
from lob.units cimport PPM
from lob.engine.wide cimport fits, int128

from lob.clearing.account import MarginAccount
from lob.clearing.margin import MarketState

__all__ = ["MarginExcess"]


@cython.final
@cython.auto_pickle(False)
cdef class MarginExcess:
    """By how much the accounts of a clearing meet their margin, at the marks of its holdings.

    Parameters
    ----------
    accounts
        The ``MarginAccounts`` of the clearing.
    portfolio
        A ``lob.clearing.margin.PortfolioMargin``: cross accounts are backed by scenarios in place
        of rates. ``None``: by the rates of each holding.
    """

    def __init__(self, MarginAccounts accounts not None, portfolio=None):
        self.accounts = accounts
        self.portfolio = portfolio

    # ---------------------------------------------------------------- one account

    def margin_excess_ppm(self, account, *, initial=False):
        """By how much an account meets its margin: units of cash times 1,000,000, exact.

        Of an account with an inverse holding this is multiplied by its mark, too.

        Parameters
        ----------
        account
            Number of one of the clearing's accounts.
        initial
            Whether the initial margin counts, in place of the maintenance margin.

        Raises
        ------
        TypeError, ValueError
            If the account is not one of the clearing's.
        """
        return to_python(self.ppm_of(self.accounts.own(account), initial))

    cdef int128 ppm_of(self, int64_t account, bint initial) noexcept:
        """Above or at zero: the account is safe. Of an inverse holding times its price."""
        cdef HoldingRecord *record
        cdef const Account *of = &self.accounts.ledger.accounts[account]
        cdef int64_t cash = self.accounts.cash_of(account), units, i
        cdef const Tiers *tiers
        cdef int128 excess = PPM * <int128>cash
        cdef int64_t first = 0 if of.cross else of.holding
        cdef int64_t beyond = self.accounts.holding_count if of.cross else of.holding + 1
        if of.cross and self.portfolio is not None and not initial:
            self.set_weights()
            return self.worst_scenario(account)
        for i in range(first, beyond):
            record = self.accounts.records[i]
            units = self.accounts.ledger.row(record.asset)[account]
            if units == 0 or record.mark == NO_PRICE:
                continue
            tiers = &record.initial[units < 0] if initial else &record.maintenance[units < 0]
            if record.inverse:
                # An inverse holding stands alone (its cash is the coin itself).
                return inverse_margin_excess(tiers, cash, units, record.mark, record.multiplier)
            excess += linear_margin_excess(tiers, units, record.mark, record.multiplier)
        return excess

    cdef int128 worst_scenario(self, int64_t account) noexcept:
        """The margin excess of a portfolio in the scenario that is worst for it."""
        cdef const int64_t *units[MAX_HOLDINGS]
        cdef int128 worst = 0, excess
        cdef int64_t i
        for i in range(self.accounts.holding_count):
            units[i] = self.accounts.ledger.row(self.accounts.records[i].asset)
        for i in range(self.weights.scenarios):
            excess = margin_excess_in(
                account, i, &self.weights, self.accounts.ledger.row(self.accounts.cash_asset), units
            )
            if i == 0 or excess < worst:
                worst = excess
        return worst

    cdef int64_t liquidation_price_of(self, int64_t account) noexcept:
        """The least adverse tick at which an isolated account fails."""
        cdef HoldingRecord *record = (
            self.accounts.records[self.accounts.ledger.accounts[account].holding]
        )
        cdef int64_t units = self.accounts.ledger.row(record.asset)[account]
        cdef int64_t cash = self.accounts.cash_of(account)
        cdef const Tiers *tiers = &record.maintenance[units < 0]
        if units == 0:
            return NO_LIQUIDATION_PRICE
        if record.inverse:
            return inverse_liquidation_price(tiers, cash, units, record.multiplier)
        return linear_liquidation_price(tiers, cash, units, record.multiplier)

    def account(self, account):
        """What an account, by number, has and needs: a ``lob.clearing.MarginAccount``.

        Raises ``ValueError`` if the account is not one of the clearing's.
        """
        cdef int64_t number = self.accounts.own(account)
        cdef const Account *record = &self.accounts.ledger.accounts[number]
        cdef int64_t i
        cash = self.accounts.cash_of(number)
        positions = {
            self.accounts.holdings[i].name: self.accounts.held(i, number)
            for i in range(self.accounts.holding_count)
        }
        value = self.accounts.value_of(number)
        kept = None if value is None else cash + value
        need = [None, None]
        if value is not None:
            for i in range(2):
                # Both are rounded up to whole units of cash.
                need[i] = -((to_python(self.ppm_of(number, i)) - int(PPM) * kept) // int(PPM))
        return MarginAccount(
            account=number,
            owner=record.owner,
            cash=cash,
            positions=positions,
            equity=kept,
            maintenance_margin=need[0],
            initial_margin=need[1],
            liquidation_price=None if record.liquidation_price == NO_LIQUIDATION_PRICE else (
                record.liquidation_price
            ),
            failed=record.state == FAILED,
        )

    # ---------------------------------------------------------------- all accounts

    cdef int set_weights(self) except -1:
        """What a unit of each holding adds to a margin excess at the marks of now."""
        cdef int64_t i, k, side
        cdef int128 weight
        cdef HoldingRecord *record
        if self.weighed:
            return 0
        self.exact_only = False
        self.weights.holdings = self.accounts.holding_count
        self.weights.scenarios = 1 if self.portfolio is None else len(self.portfolio.scenarios)
        for i in range(self.accounts.holding_count):
            record = self.accounts.records[i]
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

    # ---------------------------------------------------------------- margin models that react

    def update_models(self, int64_t ts):
        """Update the margin models that react to the market, at a time in ns.

        What changes is in the journal, as PARAMETERS rows. Returns whether any rate changed: then
        every account must be looked at again.
        """
        cdef Entry *entry
        cdef Holding holding
        changed = False
        for holding in self.accounts.holdings:
            update = getattr(holding.margin, "update", None)
            if update is None or holding.record.mark == NO_PRICE:
                continue
            if update(self.market_state(holding.number, ts)):
                holding.load_margin()
                entry = self.accounts.ledger.write(ENTRY_PARAMETERS)
                entry.price = holding.record.maintenance[0].rate[0]
                entry.instrument = <uint16_t>holding.record.instrument
                entry.asset = <uint16_t>holding.record.asset
                entry.clearing = <int16_t>self.accounts.number
                changed = True
        if changed:
            self.weighed = False
        return changed

    def market_state(self, int64_t holding, int64_t ts):
        """The state of a holding's market at a time in ns: a ``lob.clearing.margin.MarketState``.

        Open interest is in lots, of all accounts in the ledger but the outside world: O(accounts).
        """
        cdef HoldingRecord *record = self.accounts.records[holding]
        cdef int64_t account, units, longs = 0, shorts = 0, largest = 0
        for account in range(1, self.accounts.ledger.account_count):
            units = self.accounts.held(holding, account)
            if units > 0:
                longs += units
            else:
                shorts -= units
            largest = max(largest, units if units > 0 else -units)
        return MarketState.of_book(
            self.accounts.market.books[record.instrument],
            ts_event=ts,
            mark_price=record.mark,
            longs=longs,
            shorts=shorts,
            largest=largest,
        )

    def __deepcopy__(self, memo):
        return MarginExcess(copying.deepcopy(self.accounts, memo), self.portfolio)


cdef object to_python(int128 value):
    """An integer of 128 bits as one of Python's."""
    return (int(<int64_t>(value >> 64)) << 64) | int(<uint64_t>value)
