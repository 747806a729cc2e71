"""Snapshots of leveraged positions: a position a row, as CSV or Parquet, in steps or real units.

Fields stand in the columns of their names, or of those that a map gives (``lob.feeds.column_map``):

==================  ==============================  ================================================
field               units                           holds
==================  ==============================  ================================================
``position``        lots, ``base``                  what is held, negative: short
``size``, ``side``  lots, ``base``                  the same; ``side``: long, buy, short or sell
``entry``           ticks, ``quote``                the price at which it was entered
``margin``          cash units, ``quote``           own funds
``leverage``        times                           in place of the margin, which then is the
                                                    notional over it, rounded up
``collateral``      lots, ``base``                  of a lender's account: what is pledged
``debt``            cash units, ``quote``           and what is owed
``threshold``       ppm, ``%``, ``bps``, ``share``  debt over collateral at which it is liquidated
``health_factor``   times                           in place of the threshold, at a stated price
``account``                                         optional: an identifier
``instrument``                                      optional: a name; an account may have several
==================  ==============================  ================================================

Real units become steps of an ``lob.Instrument``: one that is given, or one found, whose tick and
lot are the finest in the file. What is then no whole step is rounded in a stated direction, and
noted.

Files may be packed and have blank lines. Every row that is no position is reported, with its place,
its value and what is wrong, a row with too few or too many cells and one whose columns contradict
each other too; none is dropped in silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lob.counted import counted
from lob.feeds.column_map import ColumnMap, MappedColumn, read_map
from lob.feeds.errors import FeedError
from lob.feeds.rows import Rows, read_rows
from lob.instrument import MAX_MULTIPLIER, Instrument
from lob.types import MAX_PRICE, MAX_SIZE
from lob.units import PPM

__all__ = ["Positions", "PositionsError", "read_positions", "write_positions"]

SHOWN = 20
"""Bad rows that an error names at most."""
LEVERAGE_SCALE = 1_000_000
FINEST = 9
"""Decimals of the finest tick, lot and unit of cash that is looked for in a file."""
TINY = 1_000
"""A margin below the notional over this is noted."""

UNITS: dict[str, tuple[str, ...]] = {
    "account": (),
    "instrument": (),
    "position": ("base",),
    "size": ("base",),
    "side": (),
    "entry": ("quote",),
    "margin": ("quote",),
    "leverage": (),
    "collateral": ("base",),
    "debt": ("quote",),
    "threshold": ("%", "bps", "share"),
    "health_factor": (),
}
"""Fields of a snapshot, and the units that each may have beside whole steps."""
SHARES = {"%": PPM // 100, "bps": PPM // 10_000, "share": PPM}
SIDES = {"long": 1, "buy": 1, "short": -1, "sell": -1}


@dataclass(frozen=True)
class Positions:
    """Leveraged positions of a snapshot, one an element of each array."""

    positions: NDArray[np.int64]
    """Lots held: positive long, negative short. Of the lending form: what is pledged."""
    entry_prices: NDArray[np.int64] | None
    """Price at which each was entered, in ticks; ``None`` of the lending form."""
    margin: NDArray[np.int64]
    """Own funds in cash units; of the lending form the debt, negative."""
    accounts: NDArray[np.object_] | None = None
    """Identifiers of the accounts; ``None`` if the file has no such column."""
    rejected: tuple[str, ...] = ()
    """Mistakes in the rows that were left out, with ``bad="skip"``: a line each."""
    instruments: NDArray[np.object_] | None = None
    """Names of the instruments; ``None`` if the file has no such column."""
    thresholds: NDArray[np.int64] | None = None
    """Debt over collateral's value at which each is liquidated, in ppm; ``None`` but of the lending
    form."""
    scales: tuple[Instrument, ...] = ()
    """Instruments whose ticks and lots real units became; empty if the file holds steps."""
    notes: tuple[str, ...] = field(default=(), compare=False)
    """English sentences: what was rounded, and which accounts hardly have a margin."""

    def __len__(self) -> int:
        return len(self.positions)


class PositionsError(FeedError):
    """A snapshot has rows that are no positions.

    Attributes
    ----------
    mistakes : tuple of str
        All of them, a line each; the message has the first 20.

    Parameters
    ----------
    path
        The file.
    mistakes
        See the attribute.
    """

    def __init__(self, path: Path, mistakes: list[str]) -> None:
        self.mistakes = tuple(mistakes)
        more = len(mistakes) - SHOWN
        lines = mistakes[:SHOWN] + ([f"... and {more:,} more"] if more > 0 else [])
        count = counted(len(mistakes), "bad row")
        hint = 'mend them, or read with bad="skip" to leave them out'
        super().__init__("\n  ".join([f"{count}; {hint}", *lines]), path=path)


def read_positions(
    path: str | PathLike[str],
    *,
    columns: Mapping[str, Any] | str | PathLike[str] | None = None,
    instruments: Instrument | Sequence[Instrument] = (),
    price: Decimal | None = None,
    multiplier: int = 1,
    bad: Literal["raise", "skip"] = "raise",
) -> Positions:
    """Read a snapshot of leveraged positions.

    Parameters
    ----------
    path
        Ends in ``.csv``, packed or not (``.csv.gz``), or ``.parquet``.
    columns
        Which column holds what: a dictionary or a TOML file, see ``lob.feeds.column_map``.
    instruments
        Instruments in whose steps real units are counted, by the name, or the base, that the file
        gives; one alone counts for every row. None: found in the file.
    price
        Quote for one base, of the lending form with health factors and no thresholds.
    multiplier
        Cash units of one lot at one tick, where the file holds steps and leverages.
    bad
        Treatment of bad rows: ``"raise"`` refuses the file and names them, ``"skip"`` leaves them
        out and names them in ``rejected``.

    Raises
    ------
    PositionsError
        If rows are bad and ``bad`` is ``"raise"``.
    FeedError
        If the file cannot be read, is no table, lacks a column, or is empty; if the map is none.
    ValueError
        If ``bad`` is neither.
    """
    if bad not in ("raise", "skip"):
        raise ValueError(f'bad must be "raise" or "skip", got {bad!r}')
    given = (instruments,) if isinstance(instruments, Instrument) else tuple(instruments)
    rows = read_rows(Path(path))
    reader = _Reader(rows, read_map(columns, UNITS), given, price, multiplier)
    found = reader.lending() if reader.has("collateral", "debt") else reader.perpetual()
    if rows.mistakes and bad == "raise":
        raise PositionsError(rows.path, rows.sorted_mistakes())
    good = ~rows.bad
    kept: dict[str, Any] = {
        name: value[good] if isinstance(value, np.ndarray) else value
        for name, value in vars(found).items()
    }
    return replace(Positions(**kept), rejected=tuple(rows.sorted_mistakes()), notes=reader.notes())


def write_positions(path: str | PathLike[str], positions: Positions) -> None:
    """Write a snapshot in steps: lots, ticks, cash units and ppm.

    ``read_positions`` reads it back.

    Parameters
    ----------
    path
        Ends in ``.csv`` or ``.parquet``.
    positions
        What to write.

    Raises
    ------
    ValueError
        If the name has another ending.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    columns: dict[str, Any] = {}
    for name, names in (("account", positions.accounts), ("instrument", positions.instruments)):
        if names is not None:
            columns[name] = [str(one) for one in names]
    if positions.entry_prices is None:
        columns |= {"collateral": positions.positions, "debt": -positions.margin}
        columns["threshold"] = positions.thresholds
    else:
        columns |= {"position": positions.positions, "entry": positions.entry_prices}
        columns["margin"] = positions.margin
    table = pa.table(columns)
    target = Path(path)
    if target.suffix == ".csv":
        csv.write_csv(table, target.absolute())
    elif target.suffix == ".parquet":
        parquet.write_table(table, target.absolute())
    else:
        raise ValueError(f"{target}: a snapshot's name ends in .csv or .parquet")


class _Reader:
    """Turns the columns of a table into steps, and keeps what is wrong or was rounded."""

    def __init__(
        self,
        rows: Rows,
        columns: ColumnMap,
        instruments: tuple[Instrument, ...],
        price: Decimal | None,
        multiplier: int,
    ) -> None:
        self.rows = rows
        self.columns = columns
        self.given = instruments
        self.price = price
        self.multiplier = multiplier
        self.names = rows.texts(self.name("instrument")) if self.has("instrument") else None
        self.scales: dict[str, Instrument] = {}
        self.noted: list[tuple[str, NDArray[np.bool_]]] = []

    # ---------------------------------------------------------------- the two forms

    def perpetual(self) -> Positions:
        """Positions that were entered at a price, with a margin."""
        self.require(
            {
                "position, signed, or size and side": self.has("position")
                or self.has("size", "side"),
                "entry": self.has("entry"),
                "margin or leverage": self.has("margin") or self.has("leverage"),
            }
        )
        sizes = self.column("position" if self.has("position") else "size")
        self.find_scales(sizes, self.column("entry"), None)
        lots = self.held()
        entry = self.prices()
        return Positions(
            lots,
            entry,
            self.margins(lots, entry),
            self.accounts(),
            instruments=self.instrument_names(),
            scales=tuple(self.scales.values()),
        )

    def lending(self) -> Positions:
        """Collateral, what is owed on it, and when that is too much."""
        stated = self.has("threshold") or self.has("health_factor")
        self.require({"threshold or health_factor": stated})
        collateral, debt = self.column("collateral"), self.column("debt")
        self.find_scales(collateral, None, debt)
        lots = self.steps("collateral", "lot", 0)
        owed = self.steps("debt", "cash", 0)
        nothing = (lots == 0) & (owed == 0)
        self.rows.refuse(nothing, "collateral and debt must not both be 0", collateral.name)
        return Positions(
            lots,
            None,
            -owed,
            self.accounts(),
            instruments=self.instrument_names(),
            thresholds=self.thresholds(lots, owed),
            scales=tuple(self.scales.values()),
        )

    # ---------------------------------------------------------------- columns

    def name(self, field_name: str) -> str:
        """The column of a field."""
        return self.columns[field_name].name

    def column(self, field_name: str) -> MappedColumn:
        """The column of a field and its unit."""
        return self.columns[field_name]

    def has(self, *fields: str) -> bool:
        """Whether there are the columns of fields."""
        return all(self.name(one) in self.rows for one in fields)

    def require(self, needed: dict[str, bool]) -> None:
        """Refuse a table that lacks columns, naming what is accepted and what there is."""
        mapped = [
            one.name
            for key, one in self.columns.items()
            if one.name != key and one.name not in self.rows
        ]
        missing = [what for what, is_there in needed.items() if not is_there]
        if mapped or missing:
            said = [f"no column is called {', '.join(map(repr, mapped))}"] if mapped else []
            said += [f"columns are missing: {'; '.join(missing)}"] if missing else []
            raise FeedError(
                f"{'. '.join(said)}. It has {', '.join(map(repr, self.rows.names))}; a map of "
                "columns says which holds what, see lob.feeds.positions",
                path=self.rows.path,
            )

    def note(self, what: str, rows: NDArray[np.bool_]) -> None:
        """Remember that something holds of rows."""
        self.noted.append((what, rows))

    def notes(self) -> tuple[str, ...]:
        """What was noted of rows that are not bad, with their number and the first one's place."""
        found = []
        for what, rows in self.noted:
            at = np.flatnonzero(rows & ~self.rows.bad)
            if len(at):
                found.append(
                    f"{counted(len(at), 'time')} {what}, first {self.rows.where(int(at[0]))}"
                )
        return tuple(found)

    # ---------------------------------------------------------------- steps

    def key(self, row: int) -> str:
        """Which scale counts for a row."""
        return self.names[row] if self.names is not None else ""

    def find_scales(
        self, size: MappedColumn, price: MappedColumn | None, cash: MappedColumn | None
    ) -> None:
        """An instrument for every name, where anything is in real units."""
        money = cash or self.column("margin")
        money = money if money.name in self.rows else MappedColumn("")
        if not any(one.unit for one in (size, price or size, money)):
            return
        keys = sorted(set(self.names)) if self.names is not None else [""]
        if self.given:
            for key in keys:
                self.scales[key] = self._given(key)
            return
        everything = Decimal(10) ** FINEST
        lots = self._finest(size, Decimal(MAX_SIZE) / everything, MAX_SIZE)
        if price is not None:
            ticks = self._finest(price, Decimal(MAX_PRICE), MAX_PRICE)
        else:
            owed = self._finest(money, Decimal(MAX_SIZE) / everything, MAX_SIZE)
            ticks = {key: min(Decimal(1), owed[key] / lots[key]) for key in keys}
        unit = min(lots[key] * ticks[key] for key in keys)
        for key in keys:  # a finer lot is worth fewer units of cash, and loses nothing
            while lots[key] * ticks[key] > unit * MAX_MULTIPLIER and lots[key] * everything > 1:
                lots[key] /= 10
        for number, key in enumerate(keys):
            multiplier = int(lots[key] * ticks[key] / unit)
            self.scales[key] = Instrument(
                key or "instrument", ticks[key], lots[key], number, multiplier, base=key
            )

    def _given(self, key: str) -> Instrument:
        if len(self.given) == 1 and not key:
            return self.given[0]
        for one in self.given:
            if key in (one.name, one.base):
                return one
        if len(self.given) == 1 and self.names is None:
            return self.given[0]
        named = ", ".join(one.name for one in self.given)
        raise FeedError(f"no instrument is called {key!r}: there are {named}", path=self.rows.path)

    def _finest(self, column: MappedColumn, most: Decimal, beyond: int) -> dict[str, Decimal]:
        """The largest power of ten that every number of a column is a multiple of, by instrument.

        At least ``10 ** -FINEST``, and so large that the largest number has at most ``most`` steps;
        one above ``beyond`` is refused later, and makes nothing coarse here.
        """
        finest: dict[str, int] = {}
        largest: dict[str, Decimal] = {}
        for row, text in enumerate(self.rows.texts(column.name)):
            try:
                number = abs(Decimal(text)).normalize()
            except ArithmeticError:
                continue
            if number.is_finite() and number <= beyond and number.adjusted() >= -30:
                key = self.key(row)
                exponent = int(number.as_tuple().exponent) if number else 0
                finest[key] = min(finest.get(key, 0), exponent)
                largest[key] = max(largest.get(key, Decimal(0)), number)
        found: dict[str, Decimal] = {}
        for key in set(self.names) if self.names is not None else {""}:
            exponent = max(finest.get(key, 0), -FINEST) if column.unit else 0
            while column.unit and largest.get(key, Decimal(0)) > most.scaleb(exponent):
                exponent += 1
            found[key] = Decimal(1).scaleb(exponent)
        return found

    def steps(self, field_name: str, what: Literal["lot", "tick", "cash"], low: int) -> Any:
        """A field in steps: as it is, or from real units, rounded.

        Lots are rounded toward 0, ticks to the nearest, cash down for what is owned and up for what
        is owed.
        """
        column = self.column(field_name)
        high = MAX_PRICE if what == "tick" else MAX_SIZE
        if not column.unit:
            return self.rows.integers(column.name, low, high, called=field_name)
        least = f"{low} or more" if low >= 0 else "a number"
        numbers = self.rows.decimals(
            column.name,
            lambda number: number >= low,
            f"{field_name} must be a decimal number" + (f", {least}" if low >= 0 else ""),
        )
        rounding = {"lot": ROUND_DOWN, "tick": ROUND_HALF_EVEN, "cash": ROUND_FLOOR}[what]
        found = np.zeros(len(numbers), np.int64)
        rounded = np.zeros(len(numbers), np.bool_)
        outside = np.zeros(len(numbers), np.bool_)
        for row, number in enumerate(numbers):
            scale = self.scales[self.key(row)]
            step = {
                "lot": scale.lot_size,
                "tick": scale.tick_size,
                "cash": Decimal(scale.cash_unit.numerator) / scale.cash_unit.denominator,
            }[what]
            steps = number / step
            if field_name == "debt":
                whole = -(-steps).to_integral_value(ROUND_FLOOR)
            else:
                whole = steps.to_integral_value(rounding)
            outside[row] = abs(whole) > high
            rounded[row] = whole != steps
            found[row] = 0 if outside[row] else int(whole)
        self.rows.refuse(outside, f"{field_name} has too many steps", column.name)
        how = {"lot": "lots, rounded toward 0", "tick": "ticks, rounded to the nearest"}
        self.note(f"{field_name} is not whole {how.get(what, 'units of cash, rounded')}", rounded)
        return found

    def held(self) -> NDArray[np.int64]:
        """What each row holds in lots, negative where it is short."""
        if not self.has("position"):
            return self.sided()
        name = self.name("position")
        lots: NDArray[np.int64] = self.steps("position", "lot", -MAX_SIZE)
        self.rows.refuse(lots == 0, "position must not be 0", name)
        if self.has("size", "side"):
            self.rows.refuse(lots != self.sided(), "position contradicts size and side", name)
        return lots

    def sided(self) -> NDArray[np.int64]:
        """Signed lots from a size and a side."""
        sizes: NDArray[np.int64] = self.steps(
            "size", "lot", 1 if not self.column("size").unit else 0
        )
        self.rows.refuse(sizes == 0, "size must not be 0", self.name("size"))
        words = self.rows.texts(self.name("side"))
        signs = np.array([SIDES.get(word.lower(), 0) for word in words], np.int64)
        said = "side must be long or short, or buy or sell"
        self.rows.refuse(signs == 0, said, self.name("side"))
        return signs * sizes

    def prices(self) -> NDArray[np.int64]:
        """Entry prices in ticks, 1 or more."""
        entry: NDArray[np.int64] = self.steps(
            "entry", "tick", 1 if not self.column("entry").unit else 0
        )
        self.rows.refuse(entry < 1, "entry must be a tick or more", self.name("entry"))
        return entry

    def multipliers(self) -> NDArray[np.int64]:
        """Cash units of one lot at one tick, of every row."""
        if not self.scales:
            return np.full(len(self.rows), self.multiplier, np.int64)
        return np.array([self.scales[self.key(row)].multiplier for row in range(len(self.rows))])

    def margins(self, lots: NDArray[np.int64], entry: NDArray[np.int64]) -> NDArray[np.int64]:
        """Own funds, given or from the leverage."""
        multipliers = self.multipliers()
        notional = np.abs(lots.astype(np.float64)) * entry * multipliers
        said = "the notional must be below 2**61 cash units"
        self.rows.refuse(notional >= 2.0**61, said, self.name("entry"))
        margin: NDArray[np.int64] | None = None
        if self.has("margin"):
            margin = self.steps("margin", "cash", 0)
        if margin is None or self.has("leverage"):
            name = self.name("leverage")
            times = self.rows.integers(name, 1, 10**6 * LEVERAGE_SCALE, scale=LEVERAGE_SCALE)
            exact = np.abs(lots).astype(object) * entry * multipliers.astype(object)
            rounded_up = np.where(self.rows.bad, 0, -(-exact * LEVERAGE_SCALE // times))
            much = np.asarray(rounded_up > MAX_SIZE, np.bool_)
            self.rows.refuse(much, f"the leverage makes a margin above {MAX_SIZE}", name)
            found: NDArray[np.int64] = np.where(self.rows.bad, 0, rounded_up).astype(np.int64)
            if margin is not None:
                said = (
                    "leverage contradicts margin, which should be the notional over it, rounded up"
                )
                self.rows.refuse(margin != found, said, name)
            margin = found
        said = f"the margin is below 1/{TINY:,} of the notional"
        self.note(said, margin.astype(np.float64) * TINY < notional)
        return margin

    def thresholds(self, lots: NDArray[np.int64], owed: NDArray[np.int64]) -> NDArray[np.int64]:
        """Debt over the collateral's value at which an account is liquidated, in ppm."""
        if self.has("threshold"):
            column = self.column("threshold")
            if not column.unit:
                return self.rows.integers(column.name, 1, PPM, called="threshold")
            share = SHARES[column.unit]
            numbers = self.rows.decimals(
                column.name,
                lambda number: 1 <= number * share <= PPM,
                f"threshold must be above 0 {column.unit}, and at most the whole",
            )
            return np.array([int(number * share) for number in numbers], np.int64)
        if self.price is None:
            raise FeedError(
                "it has health factors and no thresholds: give the price of the collateral",
                path=self.rows.path,
            )
        name = self.name("health_factor")
        said = "health_factor must be above 0"
        factors = self.rows.decimals(name, lambda number: number > 0, said)
        found = np.zeros(len(factors), np.int64)
        for row, factor in enumerate(factors):
            scale = self.scales.get(self.key(row), Instrument("instrument"))
            worth = int(lots[row]) * self.price / scale.tick_size * scale.multiplier
            share_owed = factor * int(owed[row]) * PPM / worth if worth else Decimal(0)
            found[row] = int(min(share_owed, Decimal(2 * PPM)))
        said = "health_factor makes a threshold that is not from 1 ppm to the whole"
        self.rows.refuse((found < 1) | (found > PPM), said, name)
        return found

    # ---------------------------------------------------------------- names

    def instrument_names(self) -> NDArray[np.object_] | None:
        """The instrument of every row."""
        if self.names is None:
            return None
        names = np.array(self.names, object)
        self.rows.refuse(names == "", "instrument must not be empty", self.name("instrument"))
        return names

    def accounts(self) -> NDArray[np.object_] | None:
        """Identifiers, each once an instrument."""
        if not self.has("account"):
            return None
        names = np.array(self.rows.column(self.name("account")).to_pylist(), object)
        seen: set[tuple[Any, str]] = set()
        again = np.zeros(len(names), np.bool_)
        for row, name in enumerate(names.tolist()):
            again[row] = (name, self.key(row)) in seen
            seen.add((name, self.key(row)))
        said = "account must not repeat" + (
            " with one instrument" if self.names is not None else ""
        )
        self.rows.refuse(again, said, self.name("account"))
        return names
