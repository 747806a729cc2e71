"""Snapshots of leveraged positions: one account a row, as CSV or Parquet.

Columns, in any order; others are passed over:

=============  =================================================================================
``position``   lots, signed; or ``size`` (lots) and ``side`` (``long``, ``short``)
``entry``      entry price in ticks
``margin``     own funds in cash units; or ``leverage``, a decimal number of times: the margin is
               then the notional over it, rounded up
``account``    optional: an identifier, which must not repeat
=============  =================================================================================

Every row that is no account is reported, with its place, its value and what is wrong; none is
dropped in silence.
"""

from dataclasses import dataclass
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lob.feeds.errors import FeedError
from lob.types import MAX_PRICE, MAX_SIZE

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Positions", "PositionsError", "read_positions", "write_positions"]

SHOWN = 20
ACCEPTED = "position (or size and side), entry, margin (or leverage) and, optional, account"
LEVERAGE_SCALE = 1_000_000
MAX_MARGIN = MAX_SIZE


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
        Ends in ``.csv`` or ``.parquet``.
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
    if table.num_rows == 0:
        raise FeedError("no rows; one account a row is expected", path=source)
    reader = _Reader(source, table)
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


def _read_table(source: Path) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import csv, parquet

    if source.suffix not in (".csv", ".parquet"):
        raise FeedError("a snapshot's name ends in .csv or .parquet", path=source)
    try:
        if not source.is_file():
            raise FeedError("no such file, or not a regular one", path=source)
        with source.open("rb") as file:
            if source.suffix == ".parquet":
                table = parquet.read_table(file)
            else:
                # As text: a cell that is no number is one bad row, not a bad file.
                names = csv.open_csv(source).schema.names
                types = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
                table = csv.read_csv(file, convert_options=types)
    except pa.ArrowException as error:
        what = str(error).splitlines()[0]
        raise FeedError(f"not a whole {source.suffix} file ({what})", path=source) from None
    except OSError as error:
        raise FeedError(str(error.strerror or error), path=source) from None
    twice = [name for name in table.column_names if table.column_names.count(name) > 1]
    if twice:
        raise FeedError(f"has the column {twice[0]!r} twice", path=source)
    return table


class _Reader:
    """Turns the columns of a table into numbers, and keeps what is wrong."""

    def __init__(self, source: Path, table: "pa.Table") -> None:
        self.source = source
        self.table = table
        # The first line of a CSV names the columns.
        self.first = 2 if source.suffix == ".csv" else 0
        self.bad = np.zeros(table.num_rows, np.bool_)
        self.mistakes: list[tuple[int, str]] = []

    def sorted_mistakes(self) -> list[str]:
        """What is wrong, in the order of the rows."""
        where = "line" if self.first else "row"
        return [f"{where} {row + self.first}: {what}" for row, what in sorted(self.mistakes)]

    def refuse(self, rows: NDArray[np.int64], what: str, cells: Any) -> None:
        """Note that the rows are bad, with what stands there."""
        for row in rows.tolist():
            self.bad[row] = True
            self.mistakes.append((row, f"{what}, got {cells[row].as_py()!r}"))

    def column(self, *names: str) -> Any:
        """The first of the columns that is there."""
        for name in names:
            if name in self.table.column_names:
                return self.table.column(name).combine_chunks()
        raise FeedError(
            f"column {' or '.join(names)} is missing; accepted are {ACCEPTED}; there are "
            f"{', '.join(map(repr, self.table.column_names))}",
            path=self.source,
        )

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
            return lots
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
        if "margin" in self.table.column_names:
            return self.integers("margin", 0, MAX_MARGIN)
        times = self.numbers("leverage", LEVERAGE_SCALE, 1, 10**6 * LEVERAGE_SCALE)
        exact = np.abs(lots).astype(object) * entry * multiplier * LEVERAGE_SCALE
        rounded_up = np.where(self.bad, 0, -(-exact // times))
        much = np.flatnonzero(rounded_up > MAX_MARGIN)
        self.refuse(
            much, f"the leverage makes a margin above {MAX_MARGIN}", self.column("leverage")
        )
        return np.where(self.bad, 0, rounded_up).astype(np.int64)

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
