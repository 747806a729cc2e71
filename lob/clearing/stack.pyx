"""Values of every account of a clearing at marks that are supposed: passes over the accounts.

What the marks would be, asset by asset, is said by ``lob.clearing.risk``; here are the passes.
"""

from libc.stdint cimport int16_t, int64_t, uint8_t

from lob.clearing.clearing cimport Clearing
from lob.clearing.holding cimport HoldingRecord
from lob.clearing.cross cimport MAX_HOLDINGS
from lob.clearing.ledger cimport FAILED, Account
from lob.clearing.requirement cimport (
    NO_LIQUIDATION_PRICE,
    NO_PRICE,
    inverse_margin_excess,
    linear_margin_excess,
)
from lob.engine.records cimport MAX_PRICE
from lob.units cimport PPM
from lob.engine.wide cimport floor_ratio, int128

import numpy as np

from lob import checks

__all__ = ["ACCOUNT_VALUE", "count_failing", "fails_at", "value_accounts"]


cdef struct AccountValue:
    int64_t account  # number in the ledger
    int64_t owner  # number
    int64_t equity  # units of cash
    int64_t debt  # units of cash, 0 or more
    int64_t collateral  # units of cash: what it holds at the marks
    double gross  # units of cash: base exposure, long and short added up
    int16_t clearing  # number of it
    uint8_t failing  # 1: it lacks maintenance margin there, or a liquidation has it already

ACCOUNT_VALUE = np.dtype(
    [
        ("account", "<i8"),
        ("owner", "<i8"),
        ("equity", "<i8"),
        ("debt", "<i8"),
        ("collateral", "<i8"),
        ("gross", "<f8"),
        ("clearing", "<i2"),
        ("failing", "u1"),
    ],
    align=True,
)
"""An account at supposed marks.

``equity``, ``debt`` (negative cash) and ``collateral`` (what it holds at the marks) in units of
cash; ``gross``: base exposure behind its holdings, long and short added up, in units of cash;
``clearing``: number of its clearing; ``failing``: 1 if it lacks maintenance margin there, or a
liquidation has it already."""

if ACCOUNT_VALUE.itemsize != sizeof(AccountValue):
    raise ImportError("an AccountValue is not what ACCOUNT_VALUE says")

cdef struct Marks:
    int64_t count  # of holdings
    int64_t mark[MAX_HOLDINGS]  # ticks; NO_PRICE: none
    double gross[MAX_HOLDINGS]  # base exposure of a unit, in units of cash


cdef int read_marks(Clearing clearing, Marks *into, marks, gross) except -1:
    """Check supposed marks: one tick or more for each holding; -1 where there is none."""
    cdef int64_t i
    into.count = clearing.holding_count
    if len(marks) != into.count:
        raise ValueError(f"marks must be {into.count}, one a holding, got {len(marks)}")
    for i in range(into.count):
        into.mark[i] = checks.integer("marks", marks[i], -1, MAX_PRICE)
        if into.mark[i] < 1:
            into.mark[i] = NO_PRICE
        into.gross[i] = 0 if gross is None else gross[i]
    return 0


def value_accounts(Clearing clearing, marks, gross=None):
    """Value every account of a clearing at supposed marks: O(accounts).

    Parameters
    ----------
    clearing
        The ``Clearing`` of the accounts.
    marks
        Ticks, one a holding; -1: the holding has no price, and counts for nothing.
    gross
        Units of cash of base exposure behind one unit of each holding; ``None``: none is known.

    Returns
    -------
    numpy.ndarray
        ``ACCOUNT_VALUE`` rows, in the order of ``clearing.account_ranges``.

    Raises
    ------
    TypeError, ValueError
        If there is not one number a holding.
    """
    cdef Marks at
    cdef int64_t first, count, account, row = 0
    cdef AccountValue[::1] values
    read_marks(clearing, &at, marks, gross)
    found = np.zeros(clearing.accounts.account_total, ACCOUNT_VALUE)
    values = found
    for first, count in clearing.accounts.ranges:
        for account in range(first, first + count):
            value_of(clearing, account, &at, &values[row])
            row += 1
    return found


cdef int value_of(
    Clearing clearing, int64_t account, const Marks *at, AccountValue *into
) noexcept:
    """One account at supposed marks."""
    cdef const Account *record = &clearing.ledger.accounts[account]
    cdef HoldingRecord *of
    cdef int64_t cash = clearing.ledger.row(clearing.cash_asset)[account], units, i
    cdef int64_t first = 0 if record.cross else record.holding
    cdef int64_t beyond = at.count if record.cross else record.holding + 1
    cdef int128 worth = 0
    cdef double exposure
    into.account, into.owner = account, record.owner
    into.clearing = <int16_t>clearing.number
    into.debt = -cash if cash < 0 else 0
    for i in range(first, beyond):
        of = clearing.records[i]
        units = clearing.ledger.row(of.asset)[account]
        if units == 0 or at.mark[i] == NO_PRICE:
            continue
        if of.inverse:
            worth += floor_ratio(-<int128>units * of.multiplier, at.mark[i])
        else:
            worth += <int128>units * at.mark[i] * of.multiplier
        exposure = units * at.gross[i]
        into.gross += exposure if exposure >= 0 else -exposure
    into.collateral = <int64_t>worth
    into.equity = <int64_t>(worth + cash)
    into.failing = fails(clearing, account, at)
    return 0


cdef bint fails(Clearing clearing, int64_t account, const Marks *at) noexcept:
    """Whether an account is being liquidated, or would be at supposed marks."""
    cdef const Account *record = &clearing.ledger.accounts[account]
    cdef int64_t mark
    if record.state == FAILED:
        return True
    if record.cross:
        return cross_margin_excess(clearing, account, at) < 0
    mark = at.mark[record.holding]
    if record.liquidation_price == NO_LIQUIDATION_PRICE or mark == NO_PRICE:
        return False
    if record.indexed > 0:
        return mark <= record.liquidation_price
    return mark >= record.liquidation_price


cdef int128 cross_margin_excess(Clearing clearing, int64_t account, const Marks *at) noexcept:
    """The margin excess of a portfolio at supposed marks, times a million."""
    cdef HoldingRecord *of
    cdef int64_t cash = clearing.ledger.row(clearing.cash_asset)[account], units, i, k
    cdef int128 excess = PPM * <int128>cash, worst
    if clearing.excess.portfolio is not None:
        worst = 0
        for k in range(len(clearing.excess.portfolio.scenarios)):
            excess = PPM * <int128>cash
            for i in range(at.count):
                of = clearing.records[i]
                units = clearing.ledger.row(of.asset)[account]
                if units and at.mark[i] != NO_PRICE:
                    excess += <int128>units * at.mark[i] * of.multiplier * (
                        PPM + <int64_t>clearing.excess.portfolio.scenarios[k][i]
                    )
            if k == 0 or excess < worst:
                worst = excess
        return worst
    for i in range(at.count):
        of = clearing.records[i]
        units = clearing.ledger.row(of.asset)[account]
        if units == 0 or at.mark[i] == NO_PRICE:
            continue
        if of.inverse:
            return inverse_margin_excess(
                &of.maintenance[units < 0], cash, units, at.mark[i], of.multiplier
            )
        excess += linear_margin_excess(&of.maintenance[units < 0], units, at.mark[i], of.multiplier)
    return excess


def fails_at(Clearing clearing, account, marks):
    """Whether one account, by number, would fail at supposed marks, or has failed.

    ``marks`` are as for ``value_accounts``. Raises ``ValueError`` if the account is not one of the
    clearing's, or there is not one mark a holding.
    """
    cdef Marks at
    cdef int64_t number = checks.integer("account", account, 1, clearing.ledger.account_count - 1)
    if clearing.ledger.accounts[number].clearing != clearing.number:
        raise ValueError(f"account {account} is not one of clearing {clearing.name!r}")
    read_marks(clearing, &at, marks, None)
    return fails(clearing, number, &at)


def count_failing(Clearing clearing, marks):
    """How many accounts of a clearing would fail at supposed marks, and their debt: O(accounts).

    Debt is in units of cash; ``marks`` are as for ``value_accounts``. Raises ``ValueError`` if
    there is not one a holding.
    """
    cdef Marks at
    cdef int64_t first, count, account, found = 0, cash
    cdef int128 debt = 0
    read_marks(clearing, &at, marks, None)
    for first, count in clearing.accounts.ranges:
        for account in range(first, first + count):
            if fails(clearing, account, &at):
                found += 1
                cash = clearing.ledger.row(clearing.cash_asset)[account]
                debt += -cash if cash < 0 else 0
    return found, int(<int64_t>debt)
