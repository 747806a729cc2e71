"""The criteria by which liquidation designs are compared, one number a run each.

Account, solvency, recovery, time, market, takers, cost and fairness; what is a number over runs
only (amplification, quantiles) is made from these. Robustness is how the comparison changes from
one market to another.
"""

from typing import Literal, NamedTuple

import numpy as np

from experiments.metrics.cases import CaseTable, PriceSeries, TapeMetadata, cases_of
from experiments.metrics.closed_account import PARTIES, gain_of
from experiments.metrics.columns import Entries
from experiments.metrics.solvency import concentration
from experiments.metrics.takers import adl_overshoot, draw_of_funds, takers_of
from lob import EntryKind
from lob.real_units import RealUnit, RealUnits
from lob.units import SECOND_NS

__all__ = ["CRITERIA", "Criterion", "criteria_of", "criteria_units", "criterion"]


class Criterion(NamedTuple):
    """One column of a comparison of liquidation designs: a number for each run."""

    name: str
    """Key of ``criteria_of`` and of the columns of result frames."""
    group: str
    """Account (closed, against the twin), solvency, recovery, time, market, takers, cost or
    fairness."""
    unit: str
    """Cash (units), share (of 1), seconds, lots, ticks, sides, accounts or Gini (0 to 1)."""
    better: Literal["lower", "higher", "neither"]
    """Whether a lower or a higher value is better, or neither."""
    meaning: str
    """Definition of the criterion, as a phrase."""
    needs_twin: bool = False
    """Whether the criterion rests on fair prices: the mids of the twin."""


CRITERIA = (
    Criterion(
        "harm", "account", "cash", "lower",
        "what borrowers, insurance fund and lenders lost against the twin", True,
    ),
    *(
        Criterion(
            gain_of(name), "account", "cash", "neither",
            f"what the {name} gained against the twin; all gains sum to zero", True,
        )
        for name in PARTIES
    ),
    Criterion("bad_debt", "solvency", "cash", "lower", "debts that others paid, or are left with"),
    Criterion("insurance_draw", "solvency", "cash", "lower", "what the insurance funds lost"),
    Criterion("socialised", "solvency", "cash", "lower", "losses that others were left with"),
    Criterion(
        "adl_overshoot", "solvency", "cash", "lower",
        "value taken from opposing positions at the mark, beyond the negative equity it covered",
    ),
    Criterion(
        "adl_overshoot_fair", "solvency", "cash", "lower",
        "the same at the mid of the twin at the horizon", True,
    ),
    Criterion("recovery", "recovery", "share", "higher", "net cash received / (size x fair)", True),
    Criterion(
        "borrower_loss", "recovery", "cash", "lower", "equity at fair before - value left after",
        True,
    ),
    Criterion("slippage", "recovery", "cash", "lower", "of it: sold in the book below fair", True),
    Criterion(
        "bonus", "recovery", "cash", "lower", "of it: to those who took over, or called", True
    ),
    Criterion("fee", "recovery", "cash", "lower", "of it: fees of trading"),
    Criterion("penalty", "recovery", "cash", "lower", "of it: to fund, lenders or venue"),
    Criterion("time_unsafe", "time", "seconds", "lower", "mean from failure to settlement"),
    Criterion("unsold", "time", "lots", "lower", "held at the end by failed accounts and takers"),
    Criterion(
        "disposed", "time", "share", "higher",
        "lots of cases that were sold and settled, less what takers still hold / lots that failed",
    ),
    Criterion(
        "exhausted", "market", "sides", "lower", "sides of books that emptied after the shock"
    ),
    Criterion("drop", "market", "ticks", "lower", "mark before the shock - most adverse mark"),
    Criterion(
        "permanent_impact", "market", "ticks", "lower",
        "mark of the twin at the horizon - mark of the run, against the shock", True,
    ),
    Criterion("liquidations", "market", "accounts", "lower", "accounts that failed at least once"),
    Criterion("liquidated", "market", "lots", "lower", "sold, bought or handed over by force"),
    Criterion("taker_profit", "takers", "cash", "neither", "of keepers, pools and backstops"),
    Criterion("peak_capital", "takers", "cash", "lower", "most that takers had laid out at once"),
    Criterion("cost", "cost", "share", "lower", "bonus, fee and penalty / (size x fair)", True),
    Criterion(
        "concentration", "fairness", "Gini", "lower", "how unequal borrowers' losses are", True
    ),
)  # fmt: skip
"""All criteria, in the order of tables and frames."""


def criterion(name: str) -> Criterion:
    """Look up a criterion of ``CRITERIA`` by name.

    Raises
    ------
    ValueError
        If there is none of this name; lists those there are.
    """
    for one in CRITERIA:
        if one.name == name:
            return one
    raise ValueError(f"no criterion is called {name!r}: there are {[c.name for c in CRITERIA]}")


def criteria_units(units: RealUnits, instrument: int) -> dict[str, RealUnit]:
    """Units in which criteria are shown, by the units that ``CRITERIA`` gives: ticks, lots, cash.

    Parameters
    ----------
    units
        Units of the market.
    instrument
        Number of the instrument of the first shock: its price is the one that moves.
    """
    return {"ticks": units.prices[instrument], "lots": units.lots, "cash": units.cash}


def criteria_of(
    entries: Entries,
    metadata: TapeMetadata,
    *,
    fair: dict[int, PriceSeries],
    closing: dict[int, float],
    end_ns: int,
    horizon_ns: int,
) -> dict[str, float]:
    """Judge a run by all criteria that its journal is enough for.

    Parameters
    ----------
    entries, metadata, fair, closing, end_ns
        Journal, what it does not say, the twin's mids, closing prices in ticks and the end in ns,
        as for ``experiments.metrics.cases.cases_of``.
    horizon_ns
        The time, in ns since the start of the run, whose fair price is a reference of deleveraging,
        beside the marks.

    Returns
    -------
    dict
        By name, all of ``CRITERIA`` but ``drop``, ``permanent_impact``, ``exhausted`` and those of
        the closed account, which need two runs, a shock or quotes; units as in ``CRITERIA``.
        ``nan`` where nothing was sold (recovery, cost) or lost (concentration), or nobody failed
        (time, disposed).
    """
    cases = cases_of(entries, metadata, fair, closing, end_ns)
    takers = takers_of(entries, metadata, closing)
    later = {
        number: PriceSeries(np.array([0]), np.array([path.at(horizon_ns)], np.float64))
        for number, path in fair.items()
    }
    worth = float(cases.worth.sum())
    paid = float((cases.bonus + cases.fee + cases.penalty).sum())
    lost = float((cases.slippage + cases.deleveraged).sum()) + paid
    waits = (cases.closed - cases.opened) / SECOND_NS
    socialised = (entries["kind"] == EntryKind.SOCIALISED) & (entries["tag"] > 0)
    own = cases.loss[cases.loss > 0]
    return {
        "bad_debt": float(cases.covered.sum()),
        "insurance_draw": draw_of_funds(entries, metadata, closing),
        "socialised": float(entries["amount"][socialised].sum()),
        "adl_overshoot": adl_overshoot(entries, metadata),
        "adl_overshoot_fair": adl_overshoot(entries, metadata, later),
        "recovery": 1 - lost / worth if worth else float("nan"),
        "borrower_loss": float(cases.loss.sum()),
        "slippage": float(cases.slippage.sum()),
        "bonus": float(cases.bonus.sum()),
        "fee": float(cases.fee.sum()),
        "penalty": float(cases.penalty.sum()),
        "time_unsafe": float(waits.mean()) if len(cases) else float("nan"),
        "unsold": float(np.abs(cases.unsold).sum() + takers.lots),
        "disposed": _disposed(cases, takers.lots),
        "liquidations": float(len(np.unique(cases.account))),
        "liquidated": float(cases.lots.sum()),
        "taker_profit": takers.profit,
        "peak_capital": takers.peak_capital,
        "cost": paid / worth if worth else float("nan"),
        "concentration": concentration(np.rint(own).astype(np.int64)),
    }


def _disposed(cases: CaseTable, held_by_takers: float) -> float:
    """The share of what failed that is sold and gone; ``nan`` where nothing failed.

    A case that came to its end without any sale, because the price was back before anybody sold,
    was not disposed of: the design has shown nothing there.
    """
    failed = float(cases.failed.sum())
    if not failed:
        return float("nan")
    done = float(cases.failed[cases.settled & (cases.lots > 0)].sum())
    return max(0.0, done - held_by_takers) / failed
