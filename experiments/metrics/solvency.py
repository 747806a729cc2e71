"""Solvency: who could not pay, who paid instead, and what the sales brought.

All amounts are cash units of one clearing, read from its journal; prices ticks, sizes lots.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.metrics.conservation import FIRST_OTHER
from lob import EntryKind

__all__ = [
    "Quantile",
    "Solvency",
    "concentration",
    "expected_shortfall",
    "quantile_95",
    "solvency_of",
]

LEAST_SEEDS = 59
"""Fewest runs for an upper bound: with fewer the largest of them is no 95 % upper bound of a 95 %
quantile, for 0.95 ** 59 < 0.05."""


@dataclass(frozen=True)
class Solvency:
    """How the failures of a run ended: counts, lots, and cash units of one clearing.

    What they cost is in the criteria.
    """

    failures: int
    """Count of failures; an account that fails again counts again."""
    settled: int
    """Count of failures that were settled."""
    fees: int
    """Cash units of rewards and penalties paid in liquidations."""
    left_to_accounts: int
    """Cash units that accounts kept that were sold out and settled."""
    adl: int
    """Cash units that auto-deleveraging moved."""
    adl_lots: int
    """Lots that auto-deleveraging closed."""
    unsold_lots: int
    """Lots held by failed accounts that were not settled at the end, without sign."""
    late: int
    """Failures at which the true price was already worse than the mark that gave them away."""

    def to_dict(self) -> dict[str, int]:
        """The fields as a dictionary of JSON values, by name."""
        return dict(self.__dict__)


def solvency_of(entries: NDArray[np.void], *, clearing: int | None = 0) -> Solvency:
    """Add up the failures of a run's ``lob.ENTRY`` journal.

    Parameters
    ----------
    entries
        The whole journal, from the opening balances on.
    clearing
        Number of the clearing; ``None``: all of them.
    """
    kinds = entries["kind"]
    ours = np.ones(len(entries), np.bool_) if clearing is None else entries["clearing"] == clearing
    opened = entries[(kinds == EntryKind.LIQUIDATION) & ours]
    settled = entries[(kinds == EntryKind.SETTLED) & ours]
    tags = set(opened["tag"].tolist())

    marked = np.isin(kinds, [EntryKind.LIQUIDATION, EntryKind.MARK])
    traded = np.isin(entries["asset"], np.unique(entries["asset"][marked]))

    def total(which: NDArray[np.bool_]) -> int:
        rows = entries[which]
        return sum(
            amount
            for amount, tag in zip(rows["amount"].tolist(), rows["tag"].tolist(), strict=True)
            if tag in tags
        )

    still = ~np.isin(opened["tag"], settled["tag"])
    worse = np.sign(opened["amount"]) * (opened["reference"] - opened["price"]) < 0
    unsold = _held_by_open(entries, np.flatnonzero((kinds == EntryKind.LIQUIDATION) & ours)[still])
    return Solvency(
        failures=len(opened),
        settled=len(settled),
        fees=total(kinds == EntryKind.REWARD),
        left_to_accounts=int(settled["amount"][settled["price"] == 0].sum()),
        adl=total((kinds == EntryKind.ADL) & ~traded),
        adl_lots=total((kinds == EntryKind.ADL) & traded),
        unsold_lots=unsold,
        late=int(worse.sum()),
    )


def _held_by_open(entries: NDArray[np.void], rows: NDArray[np.int64]) -> int:
    """Lots still on the accounts of liquidations that are not settled, of what each failed with.

    They had ``amount`` when they failed; what came and went since counts in whatever way it did:
    sold in the book by themselves, taken over, paid in. What a keeper who took over sells with the
    same tag is his own. ``rows`` are those of the journal that opened them.
    """
    if not len(rows):
        return 0
    opened = entries[rows]
    last = int(max(entries["debit"].max(), entries["credit"].max()))
    since = np.full(last + 1, len(entries), np.int64)
    asset = np.zeros(last + 1, np.int64)
    since[opened["debit"]] = rows
    asset[opened["debit"]] = opened["asset"]
    held = np.zeros(last + 1, np.int64)
    held[opened["debit"]] = opened["amount"]
    places = np.flatnonzero(entries["kind"] < FIRST_OTHER)
    postings = entries[places]
    for name, sign in (("debit", -1), ("credit", 1)):
        account = postings[name]
        moves = (places > since[account]) & (postings["asset"] == asset[account])
        np.add.at(held, account[moves], sign * postings["amount"][moves])
    return int(np.abs(held).sum())


class Quantile(NamedTuple):
    """A 95 % quantile over seeds with its upper bound, in the unit of the values."""

    value: float
    """Type 1: the smallest observation that 95 % of them do not exceed."""
    upper: float | None
    """Upper end of a one-sided 95 % interval, distribution-free; ``None`` below 59 seeds."""
    seeds: int
    """Count of observations."""


def quantile_95(values: ArrayLike) -> Quantile:
    """The 95 % quantile over seeds: ``var_95`` of bad debts, ``lar_95`` of liquidated amounts.

    The upper bound is the order statistic above which the true quantile lies with at most 5 %
    probability (binomial).

    Parameters
    ----------
    values
        One number a seed, in any unit, larger is worse.

    Raises
    ------
    ValueError
        If there is none.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    count = len(ordered)
    if not count:
        raise ValueError("values must hold at least one")
    value = float(ordered[int(np.ceil(0.95 * count)) - 1])
    if count < LEAST_SEEDS:
        return Quantile(value, None, count)
    # The r-th smallest bounds the quantile if at least r values lie below it with at most 5 %.
    tail, rank, term = 0.0, count, 0.95**count
    while tail + term <= 0.05:
        tail += term
        term *= rank / (count - rank + 1) * (0.05 / 0.95)
        rank -= 1
    return Quantile(value, float(ordered[rank]), count)


def expected_shortfall(values: ArrayLike, share: float = 0.05) -> float:
    """The mean of the largest values, a share of them rounded up, at least one.

    Parameters
    ----------
    values
        One number a seed, in any unit, larger is worse.
    share
        Share of the values, above 0 and at most 1.

    Raises
    ------
    ValueError
        If there is no value.
    """
    ordered = np.sort(np.asarray(values, np.float64))[::-1]
    if not len(ordered):
        raise ValueError("values must hold at least one")
    return float(ordered[: max(1, int(np.ceil(share * len(ordered))))].mean())


def concentration(losses: Sequence[int] | NDArray[np.int64]) -> float:
    """Gini coefficient of losses: 0 all alike, towards 1 all of one; ``nan`` without losses.

    Parameters
    ----------
    losses
        One number an account, in any unit, none negative.
    """
    ordered = np.sort(np.asarray(losses, np.float64))
    total = ordered.sum()
    if not len(ordered) or total <= 0:
        return float("nan")
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * ranks - len(ordered) - 1) @ ordered / (len(ordered) * total))
