"""Takers of what failed accounts had: their profit, their capital, and what opposing traders lose.

A *taker* is an account that took over lots of a liquidation: a keeper, a backstop, a pool. All it
then does with them carries the liquidation's tag. Amounts are cash units, sizes lots.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.cases import (
    HoldingMetadata,
    PriceSeries,
    TapeMetadata,
    balances_before,
    membership,
)
from experiments.metrics.columns import Entries
from experiments.metrics.conservation import FIRST_OTHER
from experiments.metrics.liquidations import clearing_of_tags, rows_by_tag, unsettled
from lob import LIQUIDATION_TAG, EntryKind

__all__ = [
    "TakerAccounts",
    "adl_overshoot",
    "adl_postings",
    "draw_of_funds",
    "leftovers",
    "negative_equities",
    "taker_accounts",
    "takers_of",
]

OWN_CASH = (
    EntryKind.OPENING,
    EntryKind.DEPOSIT,
    EntryKind.WITHDRAWAL,
    EntryKind.TRANSFER,
)
"""Kinds of entries by which takers bring cash along or take it home: no profit."""
HANDED = (EntryKind.TAKEOVER, EntryKind.BID)
"""Kinds of entries by which a failed account's lots go to a taker."""


class TakerAccounts(NamedTuple):
    """Profit and capital of a run's takers, added up over all of them."""

    accounts: tuple[int, ...]
    """Account numbers, rising."""
    profit: float
    """Cash units gained, what is left to them closed at the end's prices included; a loss is
    negative."""
    peak_capital: float
    """Cash units: the most that they had laid out together at any moment, summed over cash
    assets."""
    held: dict[int, int]
    """Lots left to them at the end by instrument number, long and short both counted."""

    @property
    def lots(self) -> int:
        """Lots of all instruments that are left to them at the end."""
        return sum(self.held.values())


def taker_accounts(entries: Entries, metadata: TapeMetadata) -> NDArray[np.int64]:
    """Numbers of the accounts that took lots of liquidations, rising.

    Failed and system accounts are left out. Those that are known to be takers belong to them even
    if they took nothing: what they spent on trying counts.

    Parameters
    ----------
    entries, metadata
        The run's ``lob.ENTRY`` rows and what they do not say, as for ``cases_of``.
    """
    assets = [holding.asset for holding in metadata.holdings]
    rows = entries[
        np.isin(entries["kind"], HANDED)
        & (entries["tag"] >= LIQUIDATION_TAG)
        & np.isin(entries["asset"], assets)
    ]
    failed = entries["debit"][entries["kind"] == EntryKind.LIQUIDATION]
    both = np.unique(np.concatenate([rows["debit"], rows["credit"]]).astype(np.int64))
    both = both[~np.isin(both, failed) & ~np.isin(both, [0, *metadata.system])]
    return np.union1d(both, np.array(sorted(metadata.takers), np.int64))


def flows(entries: Entries, asset: int, accounts: Collection[int]) -> NDArray[np.int64]:
    """What a group of accounts received in each posting of an asset, in its units.

    One element a posting, in the order of the journal: positive received, negative given, 0 neither
    or both.

    Parameters
    ----------
    entries
        ``lob.ENTRY`` rows.
    asset
        Number of the ledger's asset.
    accounts
        Numbers of the group's accounts.
    """
    rows = entries[(entries["kind"] < FIRST_OTHER) & (entries["asset"] == asset)]
    credit, debit = rows["credit"], rows["debit"]
    ours = membership(accounts, int(max(credit.max(initial=0), debit.max(initial=0))))
    sign = ours[credit].astype(np.int64) - ours[debit]
    found: NDArray[np.int64] = sign * rows["amount"]
    return found


def _concerned(entries: Entries, accounts: Collection[int]) -> NDArray[np.bool_]:
    """The postings of a group of accounts: everything else is left out early."""
    ours = membership(accounts, int(max(entries["credit"].max(), entries["debit"].max())))
    found: NDArray[np.bool_] = ours[entries["credit"]] | ours[entries["debit"]]
    return found & (entries["kind"] < FIRST_OTHER)


def takers_of(entries: Entries, metadata: TapeMetadata, closing: dict[int, float]) -> TakerAccounts:
    """Add up what takers paid, got and are left with.

    Bids in auctions that are not over go back; accounts that only pass on what is shared out over
    other borrowers lay nothing out.

    Parameters
    ----------
    entries, metadata
        The run's ``lob.ENTRY`` rows and what they do not say, as for ``cases_of``.
    closing
        By instrument number: the price in ticks at which what is left at the end is closed.
    """
    accounts = taker_accounts(entries, metadata)
    if not len(accounts):
        return TakerAccounts((), 0.0, 0.0, {})
    profit, peak = 0.0, 0.0
    held: dict[int, int] = {}
    over = entries["tag"][entries["kind"] == EntryKind.SETTLED]
    entries = entries[_concerned(entries, accounts) & ~np.isin(entries["kind"], OWN_CASH)]
    pending = (entries["kind"] == EntryKind.BID) & ~np.isin(entries["tag"], over)
    shared = entries[entries["kind"] == EntryKind.REDISTRIBUTED]
    laying_out = accounts[~np.isin(accounts, shared["debit"])]
    for asset in sorted(set(metadata.cash.values())):
        profit += float(flows(entries[~pending], asset, accounts).sum())
        running = np.cumsum(flows(entries, asset, laying_out))
        peak += max(0.0, -float(running.min(initial=0)))
    for asset, holding in {one.asset: one for one in metadata.holdings}.items():
        left = int(flows(entries, asset, accounts).sum())
        profit += float(holding.value(left, closing[holding.instrument]))
        held[holding.instrument] = held.get(holding.instrument, 0) + abs(left)
    return TakerAccounts(tuple(accounts.tolist()), profit, peak, held)


def leftovers(entries: Entries, metadata: TapeMetadata) -> dict[int, int]:
    """Lots that somebody still has to get rid of at the end, by instrument: positive long.

    Those of failed accounts that were not settled, and those that takers hold.

    Parameters
    ----------
    entries, metadata
        The run's ``lob.ENTRY`` rows and what they do not say, as for ``cases_of``.
    """
    still = unsettled(entries)
    takers = taker_accounts(entries, metadata)
    found = {holding.instrument: 0 for holding in metadata.holdings}
    for holding in metadata.holdings:
        ours = still["debit"][still["clearing"] == holding.clearing]
        found[holding.instrument] += int(flows(entries, holding.asset, ours).sum())
    for asset, instrument in {one.asset: one.instrument for one in metadata.holdings}.items():
        found[instrument] += int(flows(entries, asset, takers).sum())
    return found


def draw_of_funds(entries: Entries, metadata: TapeMetadata, closing: dict[int, float]) -> float:
    """Cash units that the insurance funds lost over a run; negative where they gained.

    Parameters
    ----------
    entries, metadata
        The run's ``lob.ENTRY`` rows and what they do not say, as for ``cases_of``.
    closing
        By instrument number: the price in ticks at which lots that they hold are closed.
    """
    drawn = 0.0
    opening = entries["kind"] == EntryKind.OPENING
    for asset in sorted(set(metadata.cash.values())):
        drawn -= float(flows(entries[~opening], asset, metadata.funds).sum())
    for asset, holding in {one.asset: one for one in metadata.holdings}.items():
        left = int(flows(entries, asset, metadata.funds).sum())
        drawn -= float(holding.value(left, closing[holding.instrument]))
    return drawn


def negative_equities(
    entries: Entries, metadata: TapeMetadata, reference: dict[int, PriceSeries] | None = None
) -> NDArray[np.float64]:
    """Cash units by which each deleveraged case's equity was below zero; 0 if it was not.

    Just before the first of its lots was closed against somebody; one float a case, by rising tag.

    Parameters
    ----------
    entries, metadata
        The run's ``lob.ENTRY`` rows and what they do not say, as for ``cases_of``.
    reference
        By instrument number: the price in ticks at which lots are valued; ``None``: the mark that
        the clearing had at that row.
    """
    at, failing = adl_postings(entries)
    tags, first = np.unique(entries["tag"][at], return_index=True)
    at, failing, clearing = at[first], failing[first], clearing_of_tags(tags)
    equity = np.zeros(len(tags))
    for number, asset in metadata.cash.items():
        equity += np.where(clearing == number, balances_before(entries, asset, failing, at), 0)
    for holding in metadata.holdings:
        ours = clearing == holding.clearing
        price = np.where(ours, _prices_at(entries, holding, at, reference), 1.0)
        before = balances_before(entries, holding.asset, failing, at)
        equity += np.where(ours, holding.value(before, price), 0)
    found: NDArray[np.float64] = np.maximum(-equity, 0)
    return found


def adl_postings(entries: Entries) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the postings of auto-deleveraging, of cash and of lots.

    Returns
    -------
    tuple
        Two int64 arrays, one element a posting: row in the journal; account that failed.
    """
    at = np.flatnonzero((entries["kind"] == EntryKind.ADL) & (entries["tag"] >= LIQUIDATION_TAG))
    opened = entries[rows_by_tag(entries)]
    where = np.searchsorted(opened["tag"], entries["tag"][at])
    return at, opened["debit"][where].astype(np.int64)


def adl_overshoot(
    entries: Entries, metadata: TapeMetadata, reference: dict[int, PriceSeries] | None = None
) -> float:
    """Value taken from opposing positions beyond the negative equity it covered, in cash units.

    The negative equity is that of each deleveraged case just before the first of its lots is closed
    against somebody.

    Parameters
    ----------
    entries, metadata
        The run's ``lob.ENTRY`` rows and what they do not say, as for ``cases_of``.
    reference
        By instrument number: the price in ticks at which lots are valued, for example the fair
        price at the horizon; ``None``: the mark that its clearing had at each row.
    """
    at, failing = adl_postings(entries)
    if not len(at):
        return 0.0
    rows = entries[at]
    received = np.where(rows["credit"] == failing, -rows["amount"], rows["amount"])
    clearing = clearing_of_tags(rows["tag"])
    taken = 0.0
    for number, asset in metadata.cash.items():
        taken -= float(received[(rows["asset"] == asset) & (clearing == number)].sum())
    for holding in metadata.holdings:
        moved = (clearing == holding.clearing) & (rows["asset"] == holding.asset)
        price = _prices_at(entries, holding, at, reference)
        taken -= float(holding.value(received[moved], price[moved]).sum())
    return taken - float(negative_equities(entries, metadata, reference).sum())


def _prices_at(
    entries: Entries,
    holding: HoldingMetadata,
    rows: NDArray[np.int64],
    reference: dict[int, PriceSeries] | None,
) -> NDArray[np.float64]:
    """What a lot is worth at rows of the journal: by a reference, or by the mark of the moment.

    Several marks may share a time, so it is the order of the rows that tells; 0: none yet.
    """
    found: NDArray[np.float64]
    if reference is not None:
        found = reference[holding.instrument].at(entries["ts_event"][rows])
        return found
    where = np.flatnonzero(
        (entries["kind"] == EntryKind.MARK)
        & (entries["clearing"] == holding.clearing)
        & (entries["asset"] == holding.asset)
    )
    marks = np.append(entries["price"][where], 0)
    found = marks[np.searchsorted(where, rows) - 1].astype(np.float64)
    return found
