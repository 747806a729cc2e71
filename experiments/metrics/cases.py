"""What became of every failed account, to the unit: pure functions of the tapes.

A *case* is one failure of an account, from its LIQUIDATION entry to its SETTLED entry. All that a
design does for a case is posted with the case's tag, so that every unit of cash can be told apart
by who got it. *Fair* is the mid, at the moment of the failure, of the twin in which nothing is
forced. For each case, to the unit of rounding of fair values::

    equity at fair before - value left after
        = slippage + bonus + deleveraged + fee + penalty + other - covered

``covered`` is what fund and others paid of a debt. What is not sold at the end is closed by walking
the book as it is then: otherwise a design would win by not selling.

Amounts are cash units, prices ticks, sizes lots, times ns.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.columns import Entries
from experiments.metrics.conservation import FIRST_OTHER
from experiments.metrics.liquidations import rows_by_tag
from lob import LIQUIDATION_TAG, EntryKind
from lob.journal import quotes

__all__ = [
    "CaseTable",
    "HoldingMetadata",
    "Legs",
    "PriceSeries",
    "TapeMetadata",
    "balances_before",
    "cases_of",
    "legs_of",
    "membership",
    "mid_path",
    "path_of_quotes",
]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class HoldingMetadata(NamedTuple):
    """What a tape does not say about a holding: how its lots are valued, and where it belongs."""

    clearing: int
    """Number of the clearing whose accounts hold it."""
    asset: int
    """Number of the ledger's asset that counts its lots."""
    instrument: int
    """Number of the instrument it is traded as."""
    multiplier: int = 1
    """Cash units of one lot at one tick; see ``value``."""
    inverse: bool = False
    """Whether a lot's value is minus the multiplier divided by the price, as of an inverse
    contract."""

    def value(self, lots: Any, price: Any) -> Any:
        """Cash units that lots are worth at a price, as floats, not rounded.

        Linear: lots x multiplier x price, signed as the lots are. Inverse: -lots x multiplier /
        price.

        Parameters
        ----------
        lots
            A number or an array, positive long.
        price
            Ticks, a number or an array that broadcasts with ``lots``.
        """
        if self.inverse:
            return -np.asarray(lots, np.float64) * self.multiplier / price
        return np.asarray(lots, np.float64) * self.multiplier * price


class TapeMetadata(NamedTuple):
    """What the tapes of a run do not say: holdings, cash assets and whose accounts are whose."""

    holdings: tuple[HoldingMetadata, ...]
    """All holdings of all clearings, in the order of the clearings."""
    cash: dict[int, int]
    """By number of a clearing: number of the asset in which it settles."""
    system: frozenset[int]
    """Accounts of the clearings themselves (funds, fees, shortfalls, lenders) and the venue's."""
    funds: frozenset[int]
    """Accounts of insurance funds; all are among the system accounts."""
    takers: frozenset[int] = frozenset()
    """Accounts of keepers, backstops and pools, whether they took anything or not."""


class PriceSeries(NamedTuple):
    """A price over time, piecewise constant: each price holds from its time on."""

    times: Integers
    """ns, never falling."""
    prices: Floats
    """Ticks, one a time."""

    def at(self, ts: Any) -> Any:
        """The price in ticks that holds at times in ns, in the shape of ``ts``.

        Before the first time the first price; ``nan`` of an empty series.
        """
        if not len(self.times):
            return np.full(np.shape(ts), np.nan)[()]
        return self.prices[np.maximum(np.searchsorted(self.times, ts, side="right") - 1, 0)]


def mid_path(events: NDArray[np.void], instrument: int) -> PriceSeries:
    """The mid of an instrument over a run, wherever it changes, while neither side is empty.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows of a run that started with empty books.
    instrument
        Number of the instrument on the tape.
    """
    return path_of_quotes(quotes(events, instrument)[0])


def path_of_quotes(rows: NDArray[np.void]) -> PriceSeries:
    """The mid of ``lob.QUOTE`` rows wherever it changes, while neither side is empty."""
    found = rows[(rows["bid_size"] > 0) & (rows["ask_size"] > 0)]
    mids = (found["bid_price"] + found["ask_price"]) / 2
    changes = np.flatnonzero(np.diff(mids, prepend=np.nan) != 0)
    return PriceSeries(found["ts_event"][changes].copy(), mids[changes])


@dataclass(frozen=True, eq=False)
class CaseTable:
    """Failures and what became of them, one array element a case, by rising tag; cash units."""

    tag: Integers
    """Tag of the liquidation."""
    account: Integers
    """Number of the failed account."""
    opened: Integers
    """When the account failed, in ns."""
    closed: Integers
    """When the case was settled, in ns; the end of the run if it was not."""
    settled: NDArray[np.bool_]
    """Whether the case was settled within the run."""
    equity: Floats
    """Cash and lots of the account at fair, at the failure; signed."""
    left: Floats
    """What the account still has after the case, cash and lots at fair; never negative once
    settled."""
    slippage: Floats
    """Lots sold in the book, or closed at the end: worth at fair - cash. A loss is positive."""
    bonus: Floats
    """Lots taken over or given away: worth at fair - cash; plus rewards to takers. A loss is
    positive."""
    deleveraged: Floats
    """Lots closed against opposing positions: worth at fair - cash. A loss is positive."""
    fee: Floats
    """Trading fees that the account paid."""
    penalty: Floats
    """Cash that went from the account to fund, lenders or venue beside trading fees."""
    other: Floats
    """Cash paid as none of slippage, bonus, ADL, fee or penalty; negative if received."""
    covered: Floats
    """Bad debt: what others paid, or are left with, of what the account owed."""
    worth: Floats
    """Lots that changed hands, at fair; of lots bought back the cash that was paid."""
    received: Floats
    """Cash for the lots that changed hands; of lots bought back what they were worth at fair."""
    moved: Integers
    """[case, holding]: lots that changed hands by book, takeover or ADL, without sign; closing at
    the end is not in it."""
    failed: Integers
    """Lots held when the account failed, summed over all holdings without sign."""
    exposure: Floats
    """What the failed lots were worth at the fair price of the run at which they were worth
    most."""
    unsold: Integers
    """[case, holding]: signed lots left to cases that are not settled; 0 of settled ones."""

    def __len__(self) -> int:
        return len(self.tag)

    @property
    def lots(self) -> Integers:
        """Lots of all holdings that changed hands in each case: ``moved`` summed."""
        total: Integers = self.moved.sum(axis=1)
        return total

    @property
    def loss(self) -> Floats:
        """What borrowers lost in each case, in cash units.

        Equity at fair before, less the value left after; a gain is negative.
        """
        return self.equity - self.left


BOOK = (EntryKind.TRADE, EntryKind.SWAP)
"""Kinds of entries by which lots are sold in a book or a pool."""
TAKEN = (EntryKind.TAKEOVER, EntryKind.BID, EntryKind.REDISTRIBUTED)
"""Kinds of entries by which lots go to somebody who takes them over, and by which they are paid."""
CLOSED = (EntryKind.ADL,)
"""Kinds of entries by which lots are closed against opposing positions."""
COVERS = (EntryKind.INSURANCE, EntryKind.SOCIALISED)
"""Kinds of entries by which others pay what an account owes."""


class Legs(NamedTuple):
    """Ledger postings that move something of failed accounts, one array element a posting."""

    case: Integers
    """Index of the case, by rising tag."""
    amount: Floats
    """Units of the asset: positive if the failed account receives them, negative if it gives
    them."""
    asset: Integers
    """Number of the ledger's asset."""
    kind: Integers
    """``lob.EntryKind``."""
    instrument: Integers
    """Number of the instrument that the entry names."""
    other: Integers
    """Number of the account on the other side of the posting."""
    row: Integers
    """Row number in the journal."""
    cases: int
    """Count of all cases, those without a posting included."""

    def where(self, rows: NDArray[np.bool_]) -> "Legs":
        """The postings for which a mask, one element a posting, is true."""
        return Legs(
            self.case[rows],
            self.amount[rows],
            self.asset[rows],
            self.kind[rows],
            self.instrument[rows],
            self.other[rows],
            self.row[rows],
            self.cases,
        )

    def total(
        self,
        asset: int,
        kinds: Sequence[EntryKind] | None = None,
        instrument: int | None = None,
        where: NDArray[np.bool_] | None = None,
    ) -> Floats:
        """Sum of each case's postings of one asset, in units of the asset, one float a case.

        What the failed account receives is positive.

        Parameters
        ----------
        asset
            Number of the ledger's asset.
        kinds
            Only these kinds of entries; ``None``: all.
        instrument
            Only entries of this instrument; ``None``: all.
        where
            A mask, one element a posting; ``None``: all.
        """
        rows = self.asset == asset
        if kinds is not None:
            rows &= np.isin(self.kind, kinds)
        if instrument is not None:
            rows &= self.instrument == instrument
        if where is not None:
            rows &= where
        return np.bincount(self.case[rows], self.amount[rows], self.cases).astype(np.float64)


def legs_of(entries: Entries, opened: Entries) -> Legs:
    """Find the postings of failed accounts that carry their liquidation's tag.

    Parameters
    ----------
    entries
        The whole journal, ``lob.ENTRY`` rows.
    opened
        Its LIQUIDATION entries, ascending by tag.
    """
    at = np.flatnonzero((entries["kind"] < FIRST_OTHER) & (entries["tag"] >= LIQUIDATION_TAG))
    rows = entries[at]
    case = np.searchsorted(opened["tag"], rows["tag"])
    known = case < len(opened)
    known[known] = opened["tag"][case[known]] == rows["tag"][known]
    at, rows, case = at[known], rows[known], case[known]
    account = opened["debit"][case]
    gives = rows["debit"] == account
    ours = gives | (rows["credit"] == account)
    at, rows, case, gives = at[ours], rows[ours], case[ours], gives[ours]
    return Legs(
        case,
        np.where(gives, -rows["amount"], rows["amount"]).astype(np.float64),
        rows["asset"].astype(np.int64),
        rows["kind"].astype(np.int64),
        rows["instrument"].astype(np.int64),
        np.where(gives, rows["credit"], rows["debit"]).astype(np.int64),
        at,
        len(opened),
    )


def membership(accounts: Collection[int], most: int) -> NDArray[np.bool_]:
    """Mask over account numbers: which of them are in a group. Faster than ``np.isin``.

    Parameters
    ----------
    accounts
        Numbers of the group's accounts.
    most
        Highest account number that is asked for; the mask has one element more.
    """
    ours = np.array(sorted(accounts), np.int64)
    found = np.zeros(most + 1, np.bool_)
    found[ours[ours <= most]] = True
    return found


def balances_before(entries: Entries, asset: int, accounts: Integers, rows: Integers) -> Floats:
    """Balances of accounts in an asset's units, just before given rows of the journal.

    Parameters
    ----------
    entries
        The whole journal, from the opening balances on.
    asset
        Number of the ledger's asset.
    accounts, rows
        Account numbers and row numbers, as many of either.
    """
    where = np.flatnonzero((entries["kind"] < FIRST_OTHER) & (entries["asset"] == asset))
    moved = entries[where]
    both = np.concatenate([moved["debit"], moved["credit"]]).astype(np.int64)
    ours = membership(set(accounts.tolist()), int(both.max(initial=0)))[both]
    span = len(entries) + 1
    keys = (both * span + np.concatenate([where, where]))[ours]
    amounts = np.concatenate([-moved["amount"], moved["amount"]])[ours]
    order = np.argsort(keys, kind="stable")
    sums = np.concatenate([[0], np.cumsum(amounts[order])])
    keys = keys[order]
    upto = np.searchsorted(keys, accounts * span + rows)
    first = np.searchsorted(keys, accounts * span)
    found: Floats = (sums[upto] - sums[first]).astype(np.float64)
    return found


def cases_of(
    entries: Entries,
    metadata: TapeMetadata,
    fair: dict[int, PriceSeries],
    closing: dict[int, float],
    end_ns: int,
) -> CaseTable:
    """Follow every failure through a run's ``lob.ENTRY`` journal.

    Parameters
    ----------
    entries
        The whole journal, from the opening balances on.
    metadata
        Holdings, cash assets and system accounts of the run.
    fair
        By instrument number: the mid of the twin over time, in ticks.
    closing
        By instrument number: the price in ticks at which what is left at the end is closed.
    end_ns
        The end of the run.
    """
    at = rows_by_tag(entries)
    opened = entries[at]
    count = len(opened)
    account, clearing = opened["debit"].astype(np.int64), opened["clearing"].astype(np.int64)
    settled, closed = np.zeros(count, np.bool_), np.full(count, end_ns, np.int64)
    ends = entries[entries["kind"] == EntryKind.SETTLED]
    of_end = np.searchsorted(opened["tag"], ends["tag"])
    settled[of_end], closed[of_end] = True, ends["ts_event"]
    legs = legs_of(entries, opened)
    # A bid for what has not changed hands is no price yet: it will go back.
    legs = legs.where(settled[legs.case] | (legs.kind != EntryKind.BID))
    part = dict.fromkeys(("slippage", "bonus", "deleveraged", "worth", "received"), 0.0)
    sums: dict[str, Floats] = {name: np.full(count, value) for name, value in part.items()}
    equity, left, paid = np.zeros(count), np.zeros(count), np.zeros((5, count))
    for number, asset in metadata.cash.items():
        here = clearing == number
        before = balances_before(entries, asset, account, at)
        equity += np.where(here, before, 0)
        left += np.where(here, before + legs.total(asset), 0)
        paid += np.where(here, _paid(legs, asset, metadata), 0)
    failed, exposure = np.zeros(count), np.zeros(count)
    lots = np.zeros((count, len(metadata.holdings)))
    unsold = np.zeros((count, len(metadata.holdings)), np.int64)
    for number, holding in enumerate(metadata.holdings):
        here = clearing == holding.clearing
        price = np.where(here, fair[holding.instrument].at(opened["ts_event"]), 1.0)
        held = np.where(here, balances_before(entries, holding.asset, account, at), 0)
        failed += np.abs(held)
        exposure += np.max(
            [np.abs(holding.value(held, limit)) for limit in _limits(fair[holding.instrument])],
            axis=0,
        )
        after = held + np.where(here, legs.total(holding.asset), 0)
        open_lots = np.where(settled, 0, after)
        closes = holding.value(open_lots, closing[holding.instrument])
        equity += holding.value(held, price)
        left += holding.value(after - open_lots, price) + closes
        sums["slippage"] += holding.value(open_lots, price) - closes
        sold = np.where(open_lots > 0, 1, -1)
        _add(sums, holding.value(open_lots, price) * sold, closes * sold, sold)
        unsold[:, number] = open_lots
        for name, kinds in (("slippage", BOOK), ("bonus", TAKEN), ("deleveraged", CLOSED)):
            moved = np.where(here, legs.total(holding.asset, kinds), 0)
            cash = np.where(
                here, legs.total(metadata.cash[holding.clearing], kinds, holding.instrument), 0
            )
            worth = -holding.value(moved, price)
            sums[name] += worth - cash
            sold = np.where(moved < 0, 1, -1)
            _add(sums, worth * sold, cash * sold, sold)
            lots[:, number] += np.abs(moved)
    # A debt that is still open when all is closed will not be paid by its account.
    short = np.where(settled, 0, np.maximum(-left, 0))
    return CaseTable(
        tag=opened["tag"].copy(),
        account=account,
        opened=opened["ts_event"].copy(),
        closed=closed,
        settled=settled,
        equity=equity,
        left=left + short,
        slippage=sums["slippage"],
        bonus=sums["bonus"] + paid[0],
        deleveraged=sums["deleveraged"],
        fee=paid[1],
        penalty=paid[2],
        other=paid[3],
        covered=short + paid[4],
        worth=sums["worth"],
        received=sums["received"],
        moved=lots.astype(np.int64),
        failed=failed.astype(np.int64),
        exposure=exposure,
        unsold=unsold,
    )


def _limits(path: PriceSeries) -> tuple[float, float]:
    """The lowest and the highest price of a path; 1 tick where there is none."""
    known = path.prices[np.isfinite(path.prices)]
    return (float(known.min()), float(known.max())) if len(known) else (1.0, 1.0)


def _add(sums: dict[str, Floats], worth: Floats, cash: Floats, sold: Integers) -> None:
    """Count what lots were worth and brought; what is bought back counts the other way round."""
    sums["worth"] += np.where(sold > 0, worth, cash)
    sums["received"] += np.where(sold > 0, cash, worth)


def _paid(legs: Legs, cash: int, metadata: TapeMetadata) -> Floats:
    """Cash without lots in return, paid as bonus, fee, penalty, other; and got for debts."""
    system = np.isin(legs.other, list(metadata.system))
    reward = (EntryKind.REWARD,)
    named = (*BOOK, *TAKEN, *CLOSED, *COVERS, EntryKind.REWARD, EntryKind.FEE)
    # A fund that keeps what is left of an account has it as a penalty.
    kept = legs.total(cash, COVERS, where=legs.amount < 0)
    return np.array(
        [
            -legs.total(cash, reward, where=~system),
            -legs.total(cash, (EntryKind.FEE,)),
            -legs.total(cash, reward, where=system) - kept,
            -legs.total(cash, where=~np.isin(legs.kind, named)),
            legs.total(cash, COVERS, where=legs.amount > 0),
        ]
    )
