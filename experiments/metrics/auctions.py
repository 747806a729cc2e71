"""Auctions: who won what a failed account had, and for how much. Pure functions of the tapes.

A *hand-over* is one time that lots of a failed account that were on offer went to somebody outside
the book: an auction that was won, or a take of an offer. A *zero bid* is one of long lots that paid
next to nothing of what they were worth; "worth" is the mid of the run at that moment. Amounts are
cash units, sizes lots, times ns.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.cases import TAKEN, PriceSeries, TapeMetadata, legs_of
from experiments.metrics.liquidations import rows_by_tag
from lob import EntryKind

__all__ = ["ZERO", "Auctions", "HandOver", "auctions_of", "hand_overs"]

ZERO = 0.01
"""Share of the worth below which a bid counts as zero. Chosen: prices are whole ticks here, so the
lowest bid of a keeper is one tick a lot and not 0."""


class HandOver(NamedTuple):
    """One delivery of a failed account's lots to a taker outside the book, by auction or offer."""

    tag: int
    """Tag of the liquidation."""
    taker: int
    """Account number of the one who got the lots."""
    ts_event: int
    """When the lots changed hands, in ns."""
    lots: int
    """Lots handed over: positive if the failed account was long, negative if it was short."""
    paid: float
    """Cash units that the failed account got for the lots; of short lots negative."""
    worth: float
    """Cash units that the lots were worth at the mid of that moment; of short lots negative."""

    def is_zero(self, below: float = ZERO) -> bool:
        """Whether long lots went for less than a share of their worth; of short lots always false.

        Parameters
        ----------
        below
            Share of the worth, from 0 to 1.
        """
        return self.lots > 0 and self.paid < below * self.worth


def hand_overs(
    entries: NDArray[np.void], metadata: TapeMetadata, worth: dict[int, PriceSeries]
) -> tuple[HandOver, ...]:
    """Find what went to takers of auctions and offers, in the order of the journal.

    A bid is paid before its lots come, a take after; a bid that is beaten is paid back by whoever
    beats it, so that the failed account has received what the winner bid.

    Parameters
    ----------
    entries, metadata
        The run's ``lob.ENTRY`` rows and what they do not say, as for
        ``experiments.metrics.cases.cases_of``.
    worth
        By instrument number: the mid of the run over time, in ticks.
    """
    opened = entries[rows_by_tag(entries)]
    offered = np.unique(entries["tag"][entries["kind"] == EntryKind.AUCTION])
    legs = legs_of(entries, opened)
    times = entries["ts_event"][legs.row]
    rows = np.flatnonzero(
        np.isin(legs.kind, TAKEN)
        & np.isin(opened["tag"][legs.case], offered)
        & ~((legs.kind == EntryKind.TAKEOVER) & np.isin(legs.other, list(metadata.system)))
    )
    holdings = {(one.clearing, one.asset): one for one in metadata.holdings}
    bids: dict[int, float] = {}
    found: list[HandOver] = []
    last: dict[int, int] = {}
    for row in rows.tolist():
        case, amount = int(legs.case[row]), float(legs.amount[row])
        clearing = int(opened["clearing"][case])
        holding = holdings.get((clearing, int(legs.asset[row])))
        if holding is not None:
            last[case] = len(found)
            mid = float(worth[holding.instrument].at(times[row]))
            found.append(
                HandOver(
                    int(opened["tag"][case]),
                    int(legs.other[row]),
                    int(times[row]),
                    -int(amount),
                    bids.pop(case, 0.0),
                    float(holding.value(-amount, mid)),
                )
            )
        elif legs.kind[row] == EntryKind.BID:
            bids[case] = bids.get(case, 0.0) + amount
        elif case in last:
            one = found[last[case]]
            found[last[case]] = one._replace(paid=one.paid + amount)
    return tuple(found)


@dataclass(frozen=True)
class Auctions:
    """Counts and amounts of a run's auctions and offers; cash units unless said otherwise."""

    cases: int
    """Failed accounts that had something on offer."""
    waiting: int
    """Failed accounts with something on offer that were not settled at the end of the run."""
    won: int
    """Hand-overs: auctions won and offers taken, a partial take counted by itself."""
    zero_bids: int
    """Hand-overs of long lots for less than the stated share of their worth."""
    zero_bid_share: float | None
    """Zero bids over all hand-overs, from 0 to 1; ``None`` without any."""
    zero_bid_value: float
    """Cash units that the lots were worth that went for zero bids."""
    worth: float
    """Cash units that all lots handed over were worth at the mid, long and short both positive."""
    paid: float
    """Cash units paid for all lots handed over, long and short both positive."""
    recovered: float | None
    """Cash paid over worth of the long lots handed over, a share; ``None`` without any."""
    shortfall: int
    """Cash units of debt that nothing covers, of failed accounts with something on offer."""
    shortfall_ratio: float | None
    """Shortfall over the value taken by zero bids; ``None`` where they took nothing."""
    zero_bidders: int
    """Accounts that won with a zero bid."""

    def to_dict(self) -> dict[str, Any]:
        """The fields as a dictionary of JSON values, by name."""
        return dict(self.__dict__)


def auctions_of(
    entries: NDArray[np.void],
    metadata: TapeMetadata,
    worth: dict[int, PriceSeries],
    *,
    below: float = ZERO,
) -> Auctions | None:
    """Add up the auctions and offers of a run; ``None`` if nothing was on offer.

    Parameters
    ----------
    entries, metadata
        The run's ``lob.ENTRY`` rows and what they do not say, as for
        ``experiments.metrics.cases.cases_of``.
    worth
        By instrument number: the mid of the run over time, in ticks.
    below
        Share of the worth, from 0 to 1, below which a bid counts as zero.
    """
    offered = np.unique(entries["tag"][entries["kind"] == EntryKind.AUCTION])
    if not len(offered):
        return None
    over = entries["tag"][entries["kind"] == EntryKind.SETTLED]
    found = hand_overs(entries, metadata, worth)
    zeros = [one for one in found if one.is_zero(below)]
    long = [one for one in found if one.lots > 0]
    long_worth = sum(one.worth for one in long)
    debts = entries[(entries["kind"] == EntryKind.BAD_DEBT) & np.isin(entries["tag"], offered)]
    taken, shortfall = sum(one.worth for one in zeros), int(debts["amount"].sum())
    return Auctions(
        cases=len(offered),
        waiting=int((~np.isin(offered, over)).sum()),
        won=len(found),
        zero_bids=len(zeros),
        zero_bid_share=len(zeros) / len(found) if found else None,
        zero_bid_value=taken,
        worth=sum(abs(one.worth) for one in found),
        paid=sum(abs(one.paid) for one in found),
        recovered=sum(one.paid for one in long) / long_worth if long_worth else None,
        shortfall=shortfall,
        shortfall_ratio=shortfall / taken if taken else None,
        zero_bidders=len({one.taker for one in zeros}),
    )
