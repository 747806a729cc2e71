"""The tapes of a run as pandas frames, with columns that say their unit.

``COLUMNS`` is the list: by frame, each column with its unit and meaning. ``frame.attrs["units"]``
has the units too. Sizes are lots, prices ticks, times ns since the start of the run, amounts whole
units of the asset; enumerations are categories with their names.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import agents
from experiments.metrics.cascade import Cascade
from experiments.metrics.cases import CaseTable
from experiments.metrics.criteria import CRITERIA
from experiments.metrics.liquidations import clearing_of_tags
from lob import LIQUIDATION_TAG, Cause, EntryKind, EventKind, Reason, Side
from lob.journal import quotes

__all__ = [
    "COLUMNS",
    "Column",
    "accounts",
    "criteria",
    "entries",
    "liquidations",
    "quotes_frame",
    "trades",
]


class Column(NamedTuple):
    """A column of a result frame: name, unit and meaning."""

    name: str
    """Name in the frame."""
    unit: str
    """Unit of the numbers. Empty: a name, a category or a number of something."""
    meaning: str
    """What a value of the column says."""


_TIME = Column("ts_event", "ns", "time since the start of the run")
_INSTRUMENT = Column("instrument", "", "name of the instrument")
COLUMNS: dict[str, tuple[Column, ...]] = {
    "trades": (
        _TIME,
        _INSTRUMENT,
        Column("side", "", "side of the aggressor; of an auction's trade: of the buy order"),
        Column("price", "ticks", "price of the trade"),
        Column("size", "lots", "lots traded"),
        Column("auction", "", "whether a call auction made it"),
        Column("owner", "", "owner number of the aggressor"),
        Column("resting_owner", "", "owner number of the resting order"),
        Column("liquidation", "", "tag of the liquidation that caused it; 0: none did"),
    ),
    "quotes": (
        _TIME,
        _INSTRUMENT,
        Column("bid_price", "ticks", "best bid; missing where there is none"),
        Column("bid_size", "lots", "lots at the best bid"),
        Column("ask_price", "ticks", "best ask; missing where there is none"),
        Column("ask_size", "lots", "lots at the best ask"),
        Column("mid", "ticks", "mean of bid and ask; missing where a side is empty"),
    ),
    "liquidations": (
        Column("tag", "", "what marks all that a liquidation did"),
        Column("clearing", "", "name of the clearing"),
        Column("account", "", "account number in the ledger"),
        Column("opened", "ns", "when the account failed"),
        Column("closed", "ns", "when it was settled; the end of the run where it was not"),
        Column("settled", "", "whether it was settled"),
        Column("cause", "", "what moved its mark, or what else made it fail"),
        Column("parent", "", "tag of the liquidation that caused it; 0: none did"),
        Column("generation", "", "steps from the root of the cascade"),
        Column("lots", "lots", "lots that changed hands"),
        Column("equity", "cash", "equity at fair prices at the failure"),
        Column("left", "cash", "value left to the account"),
        Column("slippage", "cash", "lots sold in the book: worth at fair less cash"),
        Column("bonus", "cash", "lots taken over: worth at fair less cash, and rewards"),
        Column("deleveraged", "cash", "lots closed by ADL: worth at fair less cash"),
        Column("fee", "cash", "trading fees"),
        Column("penalty", "cash", "paid to the fund, the lenders or the venue"),
        Column("bad_debt", "cash", "what others paid, or are left with"),
    ),
    "entries": (
        Column("seq", "", "of the latest event when it was written"),
        _TIME,
        Column("kind", "", "kind of the entry"),
        Column("asset", "", "name of the asset"),
        Column("amount", "units", "units of the asset, or lots"),
        Column("debit", "", "account that gives"),
        Column("credit", "", "account that receives"),
        Column("price", "ticks", "price of marks and failures"),
        Column("reference", "ticks", "the true price, where ``price`` is a believed one"),
        Column("instrument", "", "name of the instrument"),
        Column("reason", "", "why something was refused"),
        Column("cause", "", "what caused a failure"),
        Column("stage", "", "stage of the liquidation design"),
        Column("tag", "", "the liquidation that it is part of; 0: none"),
        Column("parent", "", "the liquidation that caused this one; 0: none did"),
    ),
    "accounts": (
        Column("clearing", "", "name of the clearing"),
        Column("account", "", "account number in the ledger"),
        Column("owner", "", "owner number of its orders"),
        Column("cash", "cash", "balance; negative: debt"),
        Column("equity", "cash", "cash and holdings at the marks; missing without a mark"),
        Column("maintenance_margin", "cash", "what its holdings must be backed with"),
        Column("failed", "", "whether it is in a liquidation"),
    ),
}  # fmt: skip
"""Every frame of ``Run.frame`` but ``criteria``, and the columns of each in order."""


def _frame(name: str, columns: dict[str, object]) -> pd.DataFrame:
    """Put columns together in the documented order, with their units."""
    frame = pd.DataFrame({one.name: columns[one.name] for one in COLUMNS[name]})
    frame.attrs["units"] = {one.name: one.unit for one in COLUMNS[name]}
    return frame


def criteria(
    rows: Sequence[Mapping[str, float]], labels: Mapping[str, Sequence[object]] | None = None
) -> pd.DataFrame:
    """Criteria of several runs as a frame, one a row, with columns that tell the rows apart.

    Parameters
    ----------
    rows
        Each run's criteria by name, as ``Run.criteria`` gives them; a missing one is ``nan``.
    labels
        Columns that come first: by name, one value a row.

    Returns
    -------
    pandas.DataFrame
        The labels, then all ``experiments.metrics.criteria.CRITERIA``; ``attrs["units"]`` has the
        unit of each column.
    """
    columns: dict[str, object] = dict(labels or {})
    for one in CRITERIA:
        columns[one.name] = [row.get(one.name, float("nan")) for row in rows]
    frame = pd.DataFrame(columns)
    frame.attrs["units"] = {
        **dict.fromkeys(labels or {}, ""),
        **{one.name: one.unit for one in CRITERIA},
    }
    return frame


def _named(values: NDArray[np.int64], names: dict[int, str]) -> "pd.Categorical[str]":
    """Numbers as a category of names; a number without a name has its digits."""
    known = dict.fromkeys(names.values())
    texts = [names.get(value, str(value)) for value in values.tolist()]
    return pd.Categorical(texts, categories=list({**known, **dict.fromkeys(texts)}))


def _enum(kind: type[EventKind | EntryKind | Reason | Cause | Side]) -> dict[int, str]:
    return {int(one): one.name for one in kind}


def _instruments(simulation: agents.Simulation) -> dict[int, str]:
    return {number: one.name for number, one in enumerate(simulation.instruments)}


def trades(simulation: agents.Simulation, events: NDArray[np.void]) -> pd.DataFrame:
    """Every trade of a run as a frame; columns and units are ``COLUMNS["trades"]``.

    Parameters
    ----------
    simulation
        The finished run.
    events
        Its ``lob.EVENT`` rows.
    """
    rows = events[events["kind"] == EventKind.TRADE]
    forced = np.maximum(rows["tag"], rows["resting_tag"])
    return _frame(
        "trades",
        {
            "ts_event": rows["ts_event"],
            "instrument": _named(rows["instrument"], _instruments(simulation)),
            "side": _named(rows["side"], _enum(Side)),
            "price": rows["price"],
            "size": rows["size"],
            "auction": rows["reason"] == Reason.UNCROSS,
            "owner": rows["owner"],
            "resting_owner": rows["resting_owner"],
            "liquidation": np.where(forced >= LIQUIDATION_TAG, forced, 0),
        },
    )


def quotes_frame(simulation: agents.Simulation, events: NDArray[np.void]) -> pd.DataFrame:
    """The best bid and ask of every book, wherever they changed: ``COLUMNS["quotes"]``.

    Parameters
    ----------
    simulation
        The finished run.
    events
        Its ``lob.EVENT`` rows.
    """
    parts = []
    for number, name in _instruments(simulation).items():
        rows, _ = quotes(events, number)
        moved = np.ones(len(rows), np.bool_)
        sides = ["bid_price", "bid_size", "ask_price", "ask_size"]
        moved[1:] = np.any([rows[side][1:] != rows[side][:-1] for side in sides], axis=0)
        rows = rows[moved]
        bid = np.where(rows["bid_size"] > 0, rows["bid_price"], np.nan)
        ask = np.where(rows["ask_size"] > 0, rows["ask_price"], np.nan)
        parts.append(
            _frame(
                "quotes",
                {
                    "ts_event": rows["ts_event"],
                    "instrument": _named(np.full(len(rows), number), {number: name}),
                    "bid_price": bid,
                    "bid_size": rows["bid_size"],
                    "ask_price": ask,
                    "ask_size": rows["ask_size"],
                    "mid": (bid + ask) / 2,
                },
            )
        )
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def liquidations(simulation: agents.Simulation, cases: CaseTable, cascade: Cascade) -> pd.DataFrame:
    """Every failure of an account, its cause and its end: ``COLUMNS["liquidations"]``.

    Parameters
    ----------
    simulation
        The finished run.
    cases, cascade
        The cases and the cascade tree of its journal.
    """
    names = {one.number: one.name for one in simulation.clearings}
    node = {tag: at for at, tag in enumerate(cascade.tag.tolist())}
    at = np.array([node.get(tag, -1) for tag in cases.tag.tolist()], np.int64)
    parents = np.append(cascade.tag, 0)[np.append(cascade.parent, -1)[at]]
    return _frame(
        "liquidations",
        {
            "tag": cases.tag,
            "clearing": _named(clearing_of_tags(cases.tag), names),
            "account": cases.account,
            "opened": cases.opened,
            "closed": cases.closed,
            "settled": cases.settled,
            "cause": _named(np.append(cascade.cause, 0)[at], _enum(Cause)),
            "parent": np.where(at >= 0, parents, 0),
            "generation": np.append(cascade.generation, 0)[at],
            "lots": cases.lots,
            "equity": cases.equity,
            "left": cases.left,
            "slippage": cases.slippage,
            "bonus": cases.bonus,
            "deleveraged": cases.deleveraged,
            "fee": cases.fee,
            "penalty": cases.penalty,
            "bad_debt": cases.covered,
        },
    )


def entries(simulation: agents.Simulation, rows: NDArray[np.void]) -> pd.DataFrame:
    """The journal of clearing as a frame, row by row: ``COLUMNS["entries"]``.

    Parameters
    ----------
    simulation
        The finished run.
    rows
        Its ``lob.ENTRY`` rows.
    """
    assets = dict(enumerate(simulation.ledger.assets))
    columns: dict[str, object] = {one.name: rows[one.name] for one in COLUMNS["entries"]}
    columns["kind"] = _named(rows["kind"], _enum(EntryKind))
    columns["asset"] = _named(rows["asset"], assets)
    columns["instrument"] = _named(rows["instrument"], _instruments(simulation))
    columns["reason"] = _named(rows["reason"], _enum(Reason))
    columns["cause"] = _named(rows["cause"], _enum(Cause))
    return _frame("entries", columns)


def accounts(simulation: agents.Simulation) -> pd.DataFrame:
    """Every account of every clearing at the end of a run: ``COLUMNS["accounts"]``."""
    columns: dict[str, list[object]] = {one.name: [] for one in COLUMNS["accounts"]}
    for clearing in simulation.clearings:
        for first, count in clearing.account_ranges:
            for number in range(first, first + count):
                one = clearing.account(number)
                columns["clearing"].append(clearing.name)
                for name in ("account", "owner", "cash", "equity", "maintenance_margin", "failed"):
                    columns[name].append(getattr(one, name))
    columns["clearing"] = pd.Categorical(columns["clearing"])  # type: ignore[assignment]
    return _frame("accounts", dict(columns))
