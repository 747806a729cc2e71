"""Snapshots of leveraged positions: one account a row, as CSV or Parquet.

Columns, in any order; others are passed over:

=============  =================================================================================
``position``   lots, signed; or ``size`` (lots) and ``side`` (``long``, ``short``)
``entry``      entry price in ticks
``margin``     own funds in cash units; or ``leverage``, a decimal number of times: the margin is
               then the notional over it, rounded up
``account``    optional: an identifier, which must not repeat
=============  =================================================================================

A CSV may be packed (gz, zst, xz, zip), begin with a byte-order mark and have either kind of line
ends; blank lines are passed over, and counted. Every row that is no account is reported, with its
place, its value and what is wrong, a row with too few or too many cells and one whose columns
contradict each other too; none is dropped in silence.
"""

import io
from dataclasses import dataclass
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lob.feeds.containers import BOM, check_utf8, open_source
from lob.feeds.errors import FeedError
from lob.types import MAX_PRICE, MAX_SIZE

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Positions", "PositionsError", "read_positions", "write_positions"]

SHOWN = 20
LEVERAGE_SCALE = 1_000_000
MAX_MARGIN = MAX_SIZE
MAX_BYTES = 2**31
"""Of a text once it is unpacked."""


@dataclass(frozen=True)
class Positions:
    """Accounts, one an element."""

    positions: NDArray[np.int64]
    """Lots, negative: short."""
    entry_prices: NDArray[np.int64]
    """Ticks."""
    margin: NDArray[np.int64]
    """Cash units."""
    accounts: NDArray[np.object_] | None
    """Identifiers, if there is such a column."""
    rejected: tuple[str, ...] = ()
    """What was wrong with each row that was left out, with ``bad="skip"``."""

    def __len__(self) -> int:
        return len(self.positions)


class PositionsError(FeedError):
    """A snapshot has rows that are no accounts, or is no snapshot.

    ``mistakes`` holds all of them, the message the first 20.
    """

    def __init__(self, path: Path, mistakes: list[str]) -> None:
        self.mistakes = tuple(mistakes)
        more = len(mistakes) - SHOWN
        lines = mistakes[:SHOWN] + ([f"... and {more:,} more"] if more > 0 else [])
        count = f"{len(mistakes):,} bad row{'s' * (len(mistakes) != 1)}"
        hint = 'mend them, or read with bad="skip" to leave them out'
        super().__init__("\n  ".join([f"{count}; {hint}", *lines]), path=path)


def read_positions(
    path: str | PathLike[str],
    *,
    multiplier: int = 1,
    bad: Literal["raise", "skip"] = "raise",
) -> Positions:
    """Read a snapshot.

    Parameters
    ----------
    path
        Ends in ``.csv``, packed or not (``.csv.gz``), or ``.parquet``.
    multiplier
        Cash units of one lot at one tick, for margins that follow from a leverage.
    bad
        What is done about bad rows: ``"raise"`` refuses the file and names them, ``"skip"`` leaves
        them out and names them in ``rejected``.

    Raises
    ------
    PositionsError
        If rows are bad and ``bad`` is ``"raise"``.
    FeedError
        If the file cannot be read, is no table, lacks a column, or is empty.
    """
    if bad not in ("raise", "skip"):
        raise ValueError(f'bad must be "raise" or "skip", got {bad!r}')
    source = Path(path)
    table = _read_table(source)
    if not len(table.places) and not table.mistakes:
        raise FeedError("no rows; one account a row is expected", path=source)
    reader = _Reader(source, table)
    reader.require()
    lots = reader.position()
    entry = reader.integers("entry", 1, MAX_PRICE)
    margin = reader.margin(lots, entry, multiplier)
    accounts = reader.accounts()
    if reader.mistakes and bad == "raise":
        raise PositionsError(source, reader.sorted_mistakes())
    good = ~reader.bad
    return Positions(
        lots[good],
        entry[good],
        margin[good],
        None if accounts is None else accounts[good],
        tuple(reader.sorted_mistakes()),
    )


def write_positions(path: str | PathLike[str], positions: Positions) -> None:
    """Write a snapshot that ``read_positions`` reads back."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    columns: dict[str, Any] = {
        "position": positions.positions,
        "entry": positions.entry_prices,
        "margin": positions.margin,
    }
    if positions.accounts is not None:
        columns = {"account": [str(name) for name in positions.accounts], **columns}
    table = pa.table(columns)
    target = Path(path)
    if target.suffix == ".csv":
        csv.write_csv(table, target)
    elif target.suffix == ".parquet":
        parquet.write_table(table, target)
    else:
        raise ValueError(f"{target}: a snapshot's name ends in .csv or .parquet")


@dataclass(frozen=True)
class _Table:
    """The cells of a snapshot, and where each row stands in its file."""

    cells: "pa.Table"
    place: str
    """``line`` of a text, ``row`` of a Parquet file."""
    places: NDArray[np.int64]
    mistakes: tuple[tuple[int, str], ...] = ()
    """Rows that have too few or too many cells: place, and what is wrong."""


def _read_table(source: Path) -> _Table:
    suffixes = [suffix for suffix in source.suffixes if suffix in (".csv", ".parquet")]
    if not suffixes:
        raise FeedError(
            "a snapshot's name ends in .csv or .parquet, or in .csv.gz and the like", path=source
        )
    table = _read_parquet(source) if suffixes[-1] == ".parquet" else _read_csv(source)
    names = table.cells.column_names
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise FeedError(f"has the column {twice[0]!r} twice", path=source)
    return table


def _read_parquet(source: Path) -> _Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        if not source.is_file():
            raise FeedError("no such file, or not a regular one", path=source)
        with source.open("rb") as file:
            cells = parquet.read_table(file)
            cells.validate(full=True)
            str(cells.schema)
    except FeedError:
        raise
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise FeedError(_told(error, ".parquet"), path=source) from None
    return _Table(cells, "row", np.arange(cells.num_rows))


def _read_csv(source: Path) -> _Table:
    """As text: a cell that is no number is one bad row, not a bad file."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    with open_source(source) as opened:
        text = opened.read(MAX_BYTES + 1).removeprefix(BOM)
    if len(text) > MAX_BYTES:
        raise FeedError(f"a snapshot has at most {MAX_BYTES} bytes", path=source)
    check_utf8(text, source)
    stripped = text.lstrip(b"\r\n")
    blank = text[: len(text) - len(stripped)].count(b"\n")  # lines above the names
    if not stripped:
        raise FeedError("no rows; one account a row is expected", path=source)
    ragged: list[tuple[int, str]] = []

    def pass_over(row: "csv.InvalidRow") -> Literal["skip"]:
        cells = f"{row.expected_columns} cells are expected, got {row.actual_columns}"
        said = f"{cells}: {row.text[:60]!r}" if row.text.strip() else ""
        ragged.append((row.number or 0, said))  # it has a number: one thread reads
        return "skip"

    parsing = csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=pass_over)
    reading = csv.ReadOptions(use_threads=False)
    try:
        names = csv.open_csv(
            io.BytesIO(stripped), read_options=reading, parse_options=parsing
        ).schema.names
        ragged.clear()
        cells = csv.read_csv(
            io.BytesIO(stripped),
            read_options=reading,
            parse_options=parsing,
            convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowException as error:
        raise FeedError(_told(error, ".csv"), path=source) from None
    rows = cells.num_rows + len(ragged)
    places = np.setdiff1d(np.arange(2, rows + 2), [row for row, _ in ragged]) + blank
    full = np.zeros(cells.num_rows, np.bool_)
    columns: list[Any] = cells.columns
    for column in columns:
        filled = pc.not_equal(pc.utf8_trim_whitespace(column), pa.scalar(""))
        full |= np.asarray(pc.fill_null(filled, False))
    mistakes = tuple((row + blank, what) for row, what in ragged if what)
    return _Table(cells.filter(pa.array(full)), "line", places[full], mistakes)


def _told(error: Exception, kind: str) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"not a whole {kind} file ({(str(error).splitlines() or [''])[0]})"


class _Reader:
    """Turns the columns of a table into numbers, and keeps what is wrong."""

    def __init__(self, source: Path, table: _Table) -> None:
        self.source = source
        self.table = table.cells
        self.place, self.places = table.place, table.places
        self.bad = np.zeros(self.table.num_rows, np.bool_)
        self.mistakes: list[tuple[int, str]] = list(table.mistakes)

    def sorted_mistakes(self) -> list[str]:
        """What is wrong, in the order of the rows."""
        return [f"{self.place} {at}: {what}" for at, what in sorted(self.mistakes)]

    def refuse(self, rows: NDArray[np.int64], what: str, cells: Any) -> None:
        """Note that the rows are bad, with what stands there."""
        for row in rows.tolist():
            self.bad[row] = True
            self.mistakes.append((int(self.places[row]), f"{what}, got {_shown(cells[row])}"))

    def require(self) -> None:
        """Refuse a table that lacks columns, naming what is accepted and what there is."""
        there = set(self.table.column_names)
        needed = {
            "position (lots, signed) or size and side": "position" in there
            or {"size", "side"} <= there,
            "entry": "entry" in there,
            "margin or leverage": "margin" in there or "leverage" in there,
        }
        missing = [what for what, is_there in needed.items() if not is_there]
        if missing:
            raise FeedError(
                f"columns are missing: {'; '.join(missing)}. It has "
                f"{', '.join(map(repr, self.table.column_names))}; rename them, or see "
                "lob.feeds.positions for what each holds",
                path=self.source,
            )

    def column(self, name: str) -> Any:
        """The cells of a column that is there."""
        return self.table.column(name).combine_chunks()

    def numbers(self, name: str, scale: int, low: int, high: int) -> NDArray[np.int64]:
        """A column in whole steps of ``1 / scale``; what is no such number is refused."""
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = self.column(name)
        if pa.types.is_nested(cells.type) or pa.types.is_binary(cells.type):
            raise FeedError(f"column {name} holds {cells.type}, not numbers", path=self.source)
        if pa.types.is_signed_integer(cells.type) and scale == 1:
            exact = cells
        else:
            text = pc.utf8_trim_whitespace(cells.cast(pa.string()))
            number = pc.match_substring_regex(text, r"^[+-]?\d{1,19}(\.\d{1,9})?$")
            plain = pc.fill_null(number, False)
            text = pc.if_else(plain, pc.utf8_ltrim(text, "+"), pa.scalar(None, pa.string()))
            steps = pc.multiply(text.cast(pa.decimal128(28, 9)), pa.scalar(Decimal(scale)))
            whole = pc.equal(pc.floor(steps), steps)
            inside = pc.and_(
                pc.greater_equal(steps, pa.scalar(-MAX_SIZE)),
                pc.less_equal(steps, pa.scalar(MAX_SIZE)),
            )
            kept = pc.if_else(pc.and_(whole, inside), steps, pa.scalar(None, steps.type))
            exact = kept.cast(pa.int64(), safe=False)
        unknown = np.asarray(pc.is_null(exact))
        values = np.asarray(pc.fill_null(exact, low)).astype(np.int64)
        outside = unknown | (values < low) | (values > high)
        shown = f"{low / scale:g} to {high / scale:g}" if scale > 1 else f"{low} to {high}"
        kind = "a whole number" if scale == 1 else f"a number in steps of 1/{scale:,}"
        self.refuse(np.flatnonzero(outside), f"{name} must be {kind} from {shown}", cells)
        return np.where(outside, low, values)

    def integers(self, name: str, low: int, high: int) -> NDArray[np.int64]:
        """A column of whole numbers."""
        return self.numbers(name, 1, low, high)

    def position(self) -> NDArray[np.int64]:
        """Signed lots."""
        if "position" in self.table.column_names:
            lots = self.integers("position", -MAX_SIZE, MAX_SIZE)
            zero = np.flatnonzero((lots == 0) & ~self.bad)
            self.refuse(zero, "position must not be 0", self.column("position"))
            if {"size", "side"} <= set(self.table.column_names):
                other = (lots != self._sided()) & ~self.bad
                self.refuse(
                    np.flatnonzero(other),
                    "position contradicts size and side",
                    self.column("position"),
                )
            return lots
        return self._sided()

    def _sided(self) -> NDArray[np.int64]:
        """Signed lots from a size and a side."""
        sizes = self.integers("size", 1, MAX_SIZE)
        cells = self.column("side")
        words = np.array([str(cell).strip().lower() for cell in cells.to_pylist()], object)
        longs, shorts = words == "long", words == "short"
        self.refuse(np.flatnonzero(~(longs | shorts)), "side must be long or short", cells)
        return np.where(shorts, -sizes, sizes)

    def margin(
        self, lots: NDArray[np.int64], entry: NDArray[np.int64], multiplier: int
    ) -> NDArray[np.int64]:
        """Own funds, given or from the leverage."""
        notional = np.abs(lots.astype(np.float64)) * entry * multiplier
        much = np.flatnonzero((notional >= 2.0**61) & ~self.bad)
        self.refuse(much, "the notional must be below 2**61 cash units", self.column("entry"))
        given = None
        if "margin" in self.table.column_names:
            given = self.integers("margin", 0, MAX_MARGIN)
            if "leverage" not in self.table.column_names:
                return given
        times = self.numbers("leverage", LEVERAGE_SCALE, 1, 10**6 * LEVERAGE_SCALE)
        exact = np.abs(lots).astype(object) * entry * multiplier * LEVERAGE_SCALE
        rounded_up = np.where(self.bad, 0, -(-exact // times))
        cells = self.column("leverage")
        much = np.flatnonzero(rounded_up > MAX_MARGIN)
        self.refuse(much, f"the leverage makes a margin above {MAX_MARGIN}", cells)
        found: NDArray[np.int64] = np.where(self.bad, 0, rounded_up).astype(np.int64)
        if given is not None:
            other = (given != found) & ~self.bad
            self.refuse(
                np.flatnonzero(other),
                "leverage contradicts margin, which should be the notional over it, rounded up",
                cells,
            )
        return found

    def accounts(self) -> NDArray[np.object_] | None:
        """Identifiers, each once."""
        if "account" not in self.table.column_names:
            return None
        cells = self.column("account")
        names = np.array(cells.to_pylist(), object)
        seen: set[Any] = set()
        again = []
        for row, name in enumerate(names.tolist()):
            if name in seen:
                again.append(row)
            seen.add(name)
        self.refuse(np.array(again, np.int64), "account must not repeat", cells)
        return names


def _shown(cell: Any) -> str:
    """What stands in a cell, cut where it is long."""
    text = repr(cell.as_py())
    return text if len(text) <= 60 else f"{text[:57]}..."
