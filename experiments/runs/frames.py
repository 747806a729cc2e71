"""The tapes of a run as pandas frames, with columns that say their unit.

``COLUMNS`` is the list: by frame, each column with the unit of its integers and its meaning. Sizes
are lots, prices ticks, amounts units of cash or of the asset, times ns since the start of the run;
enumerations are categories with their names.

Where an instrument says what its tick and lot are, its prices are in its quote, sizes in its base
and cash in what is paid, as float64; the integers are those of ``units="integer"``.
``frame.attrs["units"]`` has the unit of each column, by instrument or asset where rows differ:
``{"price": "USD"}``, ``{"price": {"BTC-PERP": "USD", "ETH-BTC": "BTC"}}``.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import agents
from experiments.metrics.cascade import Cascade
from experiments.metrics.cases import CaseTable
from experiments.metrics.closed_account import Flow
from experiments.metrics.criteria import CRITERIA
from experiments.metrics.liquidations import clearing_of_tags
from experiments.runs.frame_units import INTEGERS, NO_UNIT, UNIT_OF, in_units, unit_names
from experiments.runs.own_metrics import MetricColumn
from lob import LIQUIDATION_TAG, Cause, EntryKind, EventKind, Reason, Side
from lob.journal import depths, quotes
from lob.real_units import LOTS, RealUnit, RealUnits

__all__ = [
    "COLUMNS",
    "Column",
    "accounts",
    "closed_account",
    "criteria",
    "depth",
    "entries",
    "liquidations",
    "quotes_frame",
    "trades",
]


DEPTH_LEVELS = 10
"""Levels of each side in the frame of depth; chosen."""
DEPTH_TIMES = 400
"""Equally spaced times at which the frame of depth has the book, the end included; chosen."""


class Column(NamedTuple):
    """A column of a result frame: name, unit and meaning."""

    name: str
    """Name in the frame."""
    unit: str
    """Unit of the integers. Empty: a name, a category or a number of something."""
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
    "depth": (
        _TIME,
        _INSTRUMENT,
        Column("side", "", "side of the book"),
        Column("level", "", "place of the level, 0 is the best"),
        Column("price", "ticks", "price of the level"),
        Column("size", "lots", "lots of the level"),
        Column("orders", "", "orders of the level"),
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
        Column("amount", "units", "units of the asset; of LIQUIDATION and AUCTION lots"),
        Column("debit", "", "account that gives"),
        Column("credit", "", "account that receives"),
        Column(
            "price", "ticks",
            "price of marks, failures and offers; of SETTLED the lots left, of PARAMETERS ppm",
        ),
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
    "closed_account": (
        Column("giver", "", "party that paid"),
        Column("receiver", "", "party that got it"),
        Column("what", "", "trade, takeover, bonus, penalty, fee, adl, socialised, insurance, ..."),
        Column("amount", "cash", "what it paid, net, more than in the twin"),
    ),
}  # fmt: skip
"""Every frame of ``Run.frame`` but ``criteria``, and the columns of each in order."""


def _frame(
    name: str, columns: dict[str, object], units: Mapping[str, object] | None = None
) -> pd.DataFrame:
    """Put columns together in the documented order, with their units."""
    frame = pd.DataFrame({one.name: columns[one.name] for one in COLUMNS[name]})
    frame.attrs["units"] = {one.name: one.unit for one in COLUMNS[name]} | dict(units or {})
    return frame


def _by_instrument(
    name: str, units: RealUnits, columns: dict[str, object], rows: NDArray[np.int64]
) -> pd.DataFrame:
    """A frame whose prices and sizes are each row's instrument's, of which ``rows`` has numbers."""
    said: dict[str, object] = {}
    for one in COLUMNS[name]:
        own = {"ticks": units.prices, "lots": units.sizes}.get(one.unit, ())
        if any(each.is_real for each in own):
            columns[one.name] = in_units(np.asarray(columns[one.name]), own, rows)
            said[one.name] = unit_names(dict(zip(units.names, own, strict=True)))
    return _frame(name, columns, said)


def closed_account(flows: Sequence[Flow], units: RealUnits = INTEGERS) -> pd.DataFrame:
    """Who paid whom, and for what, against the twin: ``COLUMNS["closed_account"]``.

    Parameters
    ----------
    flows
        Flows of a closed account.
    units
        Units of the market, of which cash is; by default the integers.
    """
    columns: dict[str, object] = {
        one.name: [getattr(flow, one.name) for flow in flows] for one in COLUMNS["closed_account"]
    }
    return _with_cash("closed_account", units.cash, columns, {})


def criteria(
    rows: Sequence[Mapping[str, float]],
    labels: Mapping[str, Sequence[object]] | None = None,
    units: Mapping[str, RealUnit] | None = None,
    metrics: Sequence[MetricColumn] = (),
) -> pd.DataFrame:
    """Criteria of several runs as a frame, one a row, with columns that tell the rows apart.

    Parameters
    ----------
    rows
        Each run's criteria by name, as ``Run.criteria`` gives them; a missing one is ``nan``.
    labels
        Columns that come first: by name, one value a row.
    units
        Units by the unit that a criterion has in ``CRITERIA``, as of
        ``experiments.metrics.criteria.criteria_units``; ``None``: of integers.
    metrics
        Metrics of the user's own, which come last.

    Returns
    -------
    pandas.DataFrame
        The labels, then all ``experiments.metrics.criteria.CRITERIA``, then the metrics;
        ``attrs["units"]`` has the unit of each column.
    """
    columns: dict[str, object] = dict(labels or {})
    said = dict.fromkeys(labels or {}, "")
    for one in CRITERIA:
        unit = (units or {}).get(one.unit, UNIT_OF.get(one.unit))
        values = [row.get(one.name, float("nan")) for row in rows]
        real = unit is not None and unit.is_real
        columns[one.name] = unit.of(np.array(values, np.float64)) if unit and real else values
        said[one.name] = unit.name if unit and real else one.unit
    for own in metrics:
        columns[own.name], said[own.name] = own.values, own.unit
    frame = pd.DataFrame(columns)
    frame.attrs["units"] = said
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


def trades(
    simulation: agents.Simulation, events: NDArray[np.void], units: RealUnits = INTEGERS
) -> pd.DataFrame:
    """Every trade of a run as a frame; columns and units are ``COLUMNS["trades"]``.

    Parameters
    ----------
    simulation
        The finished run.
    events
        Its ``lob.EVENT`` rows.
    units
        Units of the market, of which prices and sizes are; by default the integers.
    """
    rows = events[events["kind"] == EventKind.TRADE]
    forced = np.maximum(rows["tag"], rows["resting_tag"])
    return _by_instrument(
        "trades",
        units,
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
        rows["instrument"].astype(np.int64),
    )


def quotes_frame(
    simulation: agents.Simulation, events: NDArray[np.void], units: RealUnits = INTEGERS
) -> pd.DataFrame:
    """The best bid and ask of every book, wherever they changed: ``COLUMNS["quotes"]``.

    Parameters
    ----------
    simulation
        The finished run.
    events
        Its ``lob.EVENT`` rows.
    units
        Units of the market, of which prices and sizes are; by default the integers.
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
            _by_instrument(
                "quotes",
                units,
                {
                    "ts_event": rows["ts_event"],
                    "instrument": _named(np.full(len(rows), number), {number: name}),
                    "bid_price": bid,
                    "bid_size": rows["bid_size"],
                    "ask_price": ask,
                    "ask_size": rows["ask_size"],
                    "mid": (bid + ask) / 2,
                },
                np.full(len(rows), number),
            )
        )
    if len(parts) == 1:
        return parts[0]
    frame = pd.concat(parts, ignore_index=True)
    frame.attrs = parts[0].attrs
    return frame


def depth(
    simulation: agents.Simulation,
    events: NDArray[np.void],
    end_ns: int,
    units: RealUnits = INTEGERS,
) -> pd.DataFrame:
    """The best ``DEPTH_LEVELS`` levels of every book at equally spaced times: ``COLUMNS["depth"]``.

    A side with fewer levels has fewer rows.

    Parameters
    ----------
    simulation
        The finished run.
    events
        Its ``lob.EVENT`` rows.
    end_ns
        The last of the times, in ns since the start of the run.
    units
        Units of the market, of which prices and sizes are; by default the integers.
    """
    times = np.arange(1, DEPTH_TIMES + 1) * end_ns // DEPTH_TIMES
    upto = np.searchsorted(events["ts_event"], times, side="right")
    books = range(len(simulation.instruments))
    # By time, instrument, side and level.
    levels = np.stack([depths(events, upto, DEPTH_LEVELS, one) for one in books], axis=1)
    time, number, side, level = np.nonzero(levels["orders"] > 0)
    rows = levels[time, number, side, level]
    return _by_instrument(
        "depth",
        units,
        {
            "ts_event": times[time],
            "instrument": _named(number, _instruments(simulation)),
            "side": _named(1 - 2 * side, _enum(Side)),
            "level": level,
            "price": rows["price"],
            "size": rows["size"],
            "orders": rows["orders"],
        },
        number,
    )


def liquidations(
    simulation: agents.Simulation,
    cases: CaseTable,
    cascade: Cascade,
    units: RealUnits = INTEGERS,
) -> pd.DataFrame:
    """Every failure of an account, its cause and its end: ``COLUMNS["liquidations"]``.

    Parameters
    ----------
    simulation
        The finished run.
    cases, cascade
        The cases and the cascade tree of its journal.
    units
        Units of the market, of which lots and cash are; by default the integers. Lots of a clearing
        whose accounts hold several things stay lots.
    """
    names = {one.number: one.name for one in simulation.clearings}
    node = {tag: at for at, tag in enumerate(cascade.tag.tolist())}
    at = np.array([node.get(tag, -1) for tag in cases.tag.tolist()], np.int64)
    parents = np.append(cascade.tag, 0)[np.append(cascade.parent, -1)[at]]
    clearings = clearing_of_tags(cases.tag)
    lots = units.lots_of_clearings or (LOTS,) * len(names)
    return _with_cash(
        "liquidations",
        units.cash,
        {
            "tag": cases.tag,
            "clearing": _named(clearings, names),
            "account": cases.account,
            "opened": cases.opened,
            "closed": cases.closed,
            "settled": cases.settled,
            "cause": _named(np.append(cascade.cause, 0)[at], _enum(Cause)),
            "parent": np.where(at >= 0, parents, 0),
            "generation": np.append(cascade.generation, 0)[at],
            "lots": in_units(cases.lots, lots, clearings),
            "equity": cases.equity,
            "left": cases.left,
            "slippage": cases.slippage,
            "bonus": cases.bonus,
            "deleveraged": cases.deleveraged,
            "fee": cases.fee,
            "penalty": cases.penalty,
            "bad_debt": cases.covered,
        },
        {"lots": unit_names({names[i]: one for i, one in enumerate(lots)})},
    )


def _with_cash(
    name: str, cash: RealUnit, columns: dict[str, object], said: Mapping[str, object]
) -> pd.DataFrame:
    """A frame whose amounts of cash are in a unit."""
    if cash.is_real:
        amounts = [one.name for one in COLUMNS[name] if one.unit == "cash"]
        columns = columns | {one: in_units(np.asarray(columns[one]), [cash]) for one in amounts}
        said = {**said, **dict.fromkeys(amounts, cash.name)}
    return _frame(name, columns, said)


def entries(
    simulation: agents.Simulation, rows: NDArray[np.void], units: RealUnits = INTEGERS
) -> pd.DataFrame:
    """The journal of clearing as a frame, row by row: ``COLUMNS["entries"]``.

    Parameters
    ----------
    simulation
        The finished run.
    rows
        Its ``lob.ENTRY`` rows.
    units
        Units of the market, of which prices and amounts are; by default the integers.
    """
    assets = dict(enumerate(simulation.ledger.assets))
    columns: dict[str, object] = {one.name: rows[one.name] for one in COLUMNS["entries"]}
    columns["kind"] = _named(rows["kind"], _enum(EntryKind))
    columns["asset"] = _named(rows["asset"], assets)
    columns["instrument"] = _named(rows["instrument"], _instruments(simulation))
    columns["reason"] = _named(rows["reason"], _enum(Reason))
    columns["cause"] = _named(rows["cause"], _enum(Cause))
    if not any(one.is_real for one in (*units.prices, *units.sizes, units.cash)):
        return _frame("entries", columns)
    known = {name: units.assets.get(name, NO_UNIT) for name in assets.values()}
    cash = simulation.ledger.asset("cash")
    made, said = _entries_in_units(rows, units, list(known.values()), cash)
    said["amount"] = unit_names(known)
    return _frame("entries", columns | made, said)


def _entries_in_units(
    rows: NDArray[np.void], units: RealUnits, assets: Sequence[RealUnit], cash: int
) -> tuple[dict[str, object], dict[str, object]]:
    """Amounts, prices and references of entries, and what is said of their units."""
    kind, numbers = rows["kind"], rows["instrument"].astype(np.int64)
    offers = kind == EntryKind.AUCTION
    # A step of an auction does not say of which book it is; the failure that it is of does.
    failures = rows[kind == EntryKind.LIQUIDATION]
    of_tag = dict(zip(failures["tag"].tolist(), failures["instrument"].tolist(), strict=True))
    numbers[offers] = [of_tag.get(tag, 0) for tag in rows["tag"][offers].tolist()]
    # One list of all units, in which each row has its place: prices, sizes, amounts of assets.
    table = [*units.prices, *units.sizes, *assets, NO_UNIT]
    size, asset = len(units.prices), 2 * len(units.prices)
    price = np.where(kind == EntryKind.SETTLED, size + numbers, numbers)
    price[kind == EntryKind.PARAMETERS] = len(table) - 1
    of_asset = np.where(kind == EntryKind.SETTLED, cash, rows["asset"].astype(np.int64))
    amount = np.where(offers, size + numbers, asset + of_asset)
    by_name = dict(zip(units.names, units.prices, strict=True))
    return {
        "price": in_units(rows["price"], table, price),
        "reference": in_units(rows["reference"], table, numbers),
        "amount": in_units(rows["amount"], table, amount),
    }, {"price": unit_names(by_name), "reference": unit_names(by_name)}


def accounts(simulation: agents.Simulation, units: RealUnits = INTEGERS) -> pd.DataFrame:
    """Every account of every clearing at the end of a run: ``COLUMNS["accounts"]``.

    Parameters
    ----------
    simulation
        The finished run.
    units
        Units of the market, of which cash is; by default the integers.
    """
    columns: dict[str, list[object]] = {one.name: [] for one in COLUMNS["accounts"]}
    for clearing in simulation.clearings:
        for first, count in clearing.account_ranges:
            for number in range(first, first + count):
                one = clearing.account(number)
                columns["clearing"].append(clearing.name)
                for name in ("account", "owner", "cash", "equity", "maintenance_margin", "failed"):
                    columns[name].append(getattr(one, name))
    columns["clearing"] = pd.Categorical(columns["clearing"])  # type: ignore[assignment]
    if units.cash.is_real:
        columns["equity"] = [float("nan") if one is None else one for one in columns["equity"]]
    return _with_cash("accounts", units.cash, dict(columns), {})
