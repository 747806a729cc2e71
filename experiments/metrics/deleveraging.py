"""Auto-deleveraging: which opposing positions were closed, and what was taken from whom.

Pure functions of the tapes. *Opposing positions* are those of the other side just before the first
of a run is closed: of accounts that brought money, are in no liquidation, and take nothing over
from one. Their leverage is that of this moment: value of the position at the mark / equity.
Amounts are cash units, sizes lots.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.cases import PriceSeries, TapeMetadata, balances_before
from experiments.metrics.liquidations import clearing_of_tags, unsettled
from experiments.metrics.solvency import concentration
from experiments.metrics.takers import (
    adl_overshoot,
    adl_postings,
    negative_equities,
    taker_accounts,
)
from lob import EntryKind

__all__ = [
    "BUCKETS",
    "Bucket",
    "Deleveraging",
    "OpposingPosition",
    "deleveraging_of",
    "opposing_of",
]

BUCKETS = (0.0, 2.0, 5.0, 10.0, 20.0)
"""Lowest leverage of each bucket, times; chosen."""
TOP = 10
"""How many of the largest hits ``top_share`` counts; chosen."""
BROUGHT = (EntryKind.OPENING, EntryKind.DEPOSIT)
"""Kinds of entries by which an account brings money of its own."""

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class OpposingPosition(NamedTuple):
    """Positions that may be closed by auto-deleveraging, one array element each."""

    account: Integers
    """Account number in the ledger."""
    lots: Integers
    """Lots held: positive long, negative short."""
    value: Floats
    """Cash units that the lots are worth at the mark, without sign."""
    leverage: Floats
    """Value of the position over the account's equity at marks; ``inf`` if that is not positive."""
    closed: Integers
    """Lots closed by auto-deleveraging in the whole run, without sign."""


class Bucket(NamedTuple):
    """Opposing positions whose leverage lies between two bounds."""

    least: float
    """Lowest leverage, times; the next bucket's is the upper bound, excluded."""
    positions: int
    """Count of positions."""
    hit: int
    """Count of positions of which auto-deleveraging closed something."""
    lots: int
    """Lots held before the first was closed, without sign."""
    closed: int
    """Lots closed by auto-deleveraging, without sign."""


@dataclass(frozen=True)
class Deleveraging:
    """What auto-deleveraging took in a run, and from whom; shares are of 1, amounts cash units."""

    fills: int
    """Count of closings: one opposing position against one failed account at one time."""
    cases: int
    """Failed accounts whose lots were closed against others."""
    lots: int
    """Lots closed, without sign."""
    value: float
    """Cash units that the closed lots were worth at the mark, without sign."""
    negative_accounts: int
    """Failed accounts whose equity at the mark was below zero when the first of their lots was
    closed."""
    negative_equity: float
    """Cash units by which these accounts' equity was below zero in all, a positive number."""
    overshoot: float
    """Value taken from opposing positions at the mark - negative equity; cash units."""
    overshoot_fair: float
    """Value taken - negative equity, both at the twin's mid at the horizon; cash units."""
    from_longs: float
    """Share of the closed lots that longs held; the rest was of shorts."""
    opposing: int
    """Count of opposing positions on the sides that were hit."""
    hit: int
    """Count of accounts of which something was closed."""
    hit_share: float
    """Share of the opposing positions of which something was closed; ``nan`` if there are none."""
    closed_share: float
    """Share of the opposing lots that was closed; ``nan`` if there are none."""
    concentration: float
    """Gini coefficient of the lots closed, over the opposing positions: 0 all alike, towards 1
    one."""
    top_share: float
    """Share of the closed lots that the ``TOP`` largest hits make up."""
    buckets: tuple[Bucket, ...]
    """Opposing positions by leverage, rising."""

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values, by name; ``None`` for a number that is not finite."""
        said = {**self.__dict__, "buckets": [one._asdict() for one in self.buckets]}
        return {
            key: None if isinstance(value, float) and not np.isfinite(value) else value
            for key, value in said.items()
        }


def adl_rows(
    entries: NDArray[np.void], metadata: TapeMetadata
) -> tuple[Integers, Integers, Integers]:
    """Find the postings by which auto-deleveraging closed lots.

    Parameters
    ----------
    entries, metadata
        The run's ``lob.ENTRY`` rows and what they do not say.

    Returns
    -------
    tuple
        Three int64 arrays, one element a closing: row in the journal; account of the opposing
        position; the lots it lost, positive if it was long.
    """
    at, failed = adl_postings(entries)
    lots = np.isin(entries["asset"][at], [one.asset for one in metadata.holdings])
    at, failed = at[lots], failed[lots]
    rows = entries[at]
    gives = rows["debit"] == failed
    hit = np.where(gives, rows["credit"], rows["debit"]).astype(np.int64)
    # What the failed account gives closes lots of the other sign.
    return at, hit, np.where(gives, -rows["amount"], rows["amount"]).astype(np.int64)


def opposing_of(
    entries: NDArray[np.void],
    metadata: TapeMetadata,
    marks: dict[int, PriceSeries],
    holding: int = 0,
) -> OpposingPosition:
    """The opposing positions of one holding, and how much of each was closed.

    Empty if nothing of the holding was closed.

    Parameters
    ----------
    entries, metadata
        The run's ``lob.ENTRY`` rows and what they do not say.
    marks
        By instrument number: the clearing's mark over time, in ticks.
    holding
        Index into ``metadata.holdings``.
    """
    of = metadata.holdings[holding]
    at, hit, lots = adl_rows(entries, metadata)
    clearing = clearing_of_tags(entries["tag"][at])
    ours = (entries["asset"][at] == of.asset) & (clearing == of.clearing)
    at, hit, lots = at[ours], hit[ours], lots[ours]
    nothing = np.zeros(0, np.int64)
    if not len(at):
        return OpposingPosition(nothing, nothing, np.zeros(0), np.zeros(0), nothing)
    first = int(at[0])
    accounts = _members(entries, metadata, first)
    rows = np.full(len(accounts), first)
    held = balances_before(entries, of.asset, accounts, rows).astype(np.int64)
    sides = np.unique(np.sign(lots))
    among = np.isin(np.sign(held), sides) & (held != 0)
    accounts, held, rows = accounts[among], held[among], rows[among]
    mark = float(marks[of.instrument].at(int(entries["ts_event"][first])))
    equity = balances_before(entries, metadata.cash[of.clearing], accounts, rows)
    for number, one in enumerate(metadata.holdings):
        if one.clearing != of.clearing:
            continue
        other = held if number == holding else balances_before(entries, one.asset, accounts, rows)
        price = marks[one.instrument].at(int(entries["ts_event"][first]))
        equity = equity + one.value(other, price)
    value = np.abs(of.value(held, mark))
    leverage = np.where(equity > 0, value / np.where(equity > 0, equity, 1.0), np.inf)
    closed = np.zeros(len(accounts), np.int64)
    where = np.searchsorted(accounts, hit)
    known = where < len(accounts)
    known[known] = accounts[where[known]] == hit[known]
    np.add.at(closed, where[known], np.abs(lots[known]))
    return OpposingPosition(accounts, held, value, leverage, closed)


def _members(entries: NDArray[np.void], metadata: TapeMetadata, first: int) -> Integers:
    """Accounts that brought money, are in no liquidation at a row, and take nothing over."""
    before = entries[:first]
    brought = before["credit"][
        np.isin(before["kind"], BROUGHT) & np.isin(before["asset"], list(metadata.cash.values()))
    ]
    given = before["debit"][np.isin(before["kind"], BROUGHT) & (before["debit"] > 0)]
    failing = unsettled(before)["debit"]
    found = np.unique(np.concatenate([brought, given])).astype(np.int64)
    out = np.concatenate([failing, taker_accounts(entries, metadata), list(metadata.system)])
    members: Integers = found[~np.isin(found, out.astype(np.int64))]
    return members


def deleveraging_of(
    entries: NDArray[np.void],
    metadata: TapeMetadata,
    marks: dict[int, PriceSeries],
    fair: dict[int, PriceSeries],
) -> Deleveraging | None:
    """Add up the auto-deleveraging of a run; ``None`` if there was none.

    Parameters
    ----------
    entries, metadata
        The run's ``lob.ENTRY`` rows and what they do not say, as for
        ``experiments.metrics.cases.cases_of``.
    marks
        By instrument number: the clearing's mark over time, in ticks.
    fair
        By instrument number: the mid of the twin at the horizon, in ticks, as a path of one price.
    """
    at, hit, lots = adl_rows(entries, metadata)
    if not len(at):
        return None
    found = [
        opposing_of(entries, metadata, marks, number) for number in range(len(metadata.holdings))
    ]
    positions = OpposingPosition(*(np.concatenate(column) for column in zip(*found, strict=True)))
    closed = int(np.abs(lots).sum())
    longs = int(np.abs(lots[lots > 0]).sum())
    negative = negative_equities(entries, metadata)
    value = 0.0
    for holding in {(one.asset, one.instrument): one for one in metadata.holdings}.values():
        ours = entries["asset"][at] == holding.asset
        price = marks[holding.instrument].at(entries["ts_event"][at[ours]])
        value += float(np.abs(holding.value(lots[ours], price)).sum())
    total, count = int(np.abs(positions.lots).sum()), len(positions.account)
    largest = np.sort(positions.closed)[::-1][:TOP]
    return Deleveraging(
        fills=len(at),
        cases=len(np.unique(entries["tag"][at])),
        lots=closed,
        value=value,
        negative_accounts=int((negative > 0).sum()),
        negative_equity=float(negative.sum()),
        overshoot=adl_overshoot(entries, metadata),
        overshoot_fair=adl_overshoot(entries, metadata, fair),
        from_longs=longs / closed,
        opposing=count,
        hit=len(np.unique(hit)),
        hit_share=float((positions.closed > 0).mean()) if count else float("nan"),
        closed_share=float(positions.closed.sum()) / total if total else float("nan"),
        concentration=concentration(positions.closed),
        top_share=float(largest.sum()) / closed,
        buckets=buckets_of(positions),
    )


def buckets_of(positions: OpposingPosition) -> tuple[Bucket, ...]:
    """Group opposing positions by their leverage into ``BUCKETS``, empty ones left out."""
    bucket = np.searchsorted(BUCKETS, positions.leverage, side="right") - 1
    made = []
    for number, least in enumerate(BUCKETS):
        ours = bucket == number
        if ours.any():
            made.append(
                Bucket(
                    least,
                    int(ours.sum()),
                    int((positions.closed[ours] > 0).sum()),
                    int(np.abs(positions.lots[ours]).sum()),
                    int(positions.closed[ours].sum()),
                )
            )
    return tuple(made)
