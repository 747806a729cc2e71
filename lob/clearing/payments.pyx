"""What margin accounts pay as time passes, and the losses that they share."""

cimport cython
from libc.stdint cimport int64_t, uint16_t

from lob.clearing.cases cimport Cases
from lob.clearing.holding cimport Holding, HoldingRecord
from lob.clearing.ledger cimport SAFE, WORLD
from lob.clearing.requirement cimport NO_PRICE
from lob.engine.records cimport (
    CAUSE_ACCRUAL,
    CAUSE_MARGIN,
    ENTRY_FUNDING,
    ENTRY_INTEREST,
    ENTRY_PARAMETERS,
    ENTRY_SOCIALISED,
    Entry,
)
from lob.units cimport PPM
from lob.engine.wide cimport ceil_ratio, int128

from lob import checks
from lob.allocation import pro_rata
from lob.clearing.margin import MarketState

__all__ = ["Payments"]


@cython.auto_pickle(False)
cdef class Payments(Cases):
    """Margin accounts that pay funding and interest, and bear what others could not."""

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
        cdef int64_t ppm = checks.ppm("rate", rate, -PPM)
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
        cdef int64_t ppm = checks.ppm("rate", rate)
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

        Each account pays in proportion to its equity at the marks, if that is positive; rounded as
        in ``lob.allocation.pro_rata``, so that no number is favoured. What nobody here can pay
        stays with the outside world.
        """
        cdef int64_t first, count, account, owed
        cdef int64_t *cash = self.ledger.row(self.cash_asset)
        owed = -cash[self.shortfall]
        if owed <= 0:
            return 0
        able = {}
        for first, count in self.ranges:
            for account in range(first, first + count):
                if self.ledger.accounts[account].state != SAFE:
                    continue
                value = self.value_of(account)
                if value is not None and cash[account] + value > 0:
                    able[account] = cash[account] + value
        bearable = min(owed, sum(able.values()))
        ties = {number: cash[<int64_t>number] for number in able}
        for number, part in pro_rata(able, bearable, case=self.case_total, ties=ties).items():
            self.ledger.post(
                ENTRY_SOCIALISED, self.cash_asset, number, self.shortfall, part, 0, 0
            )
        self.ledger.post(
            ENTRY_SOCIALISED, self.cash_asset, WORLD, self.shortfall, owed - bearable, 0, 0
        )
        self.reindex_all(CAUSE_ACCRUAL)
        return owed
