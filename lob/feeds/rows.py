"""Tables from outside, a record a row: CSV, packed or not, or Parquet, with a place for each row.

Cells stay as they are written until a column is asked for as numbers: a cell that is none is one
bad row with its place, not a bad file.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lob.feeds.containers import BOM, check_utf8, open_source
from lob.feeds.errors import FeedError
from lob.types import MAX_SIZE

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Rows", "read_rows"]

MAX_BYTES = 2**31
"""Most bytes of a text once it is unpacked."""
MAX_CELL = 60
"""Characters of a cell that is shown, and of one that can be a decimal number."""
SMALLEST, LARGEST = -40, 40
"""Powers of ten between which a decimal number lies."""


@dataclass
class Rows:
    """Cells of a table, the place of each row in its file, and mistakes in some."""

    path: Path
    """The file."""
    cells: "pa.Table"
    """The table, every cell as it is written."""
    place: str
    """Word for a row's place: ``line`` of a text, from 1, or ``row`` of a Parquet file, from 0."""
    places: NDArray[np.int64]
    """Place of each row in the file."""
    mistakes: list[tuple[int, str]] = field(default_factory=list)
    """Bad rows: place, and what is wrong. Rows with too many or too few cells are here only."""

    def __post_init__(self) -> None:
        self.bad = np.zeros(self.cells.num_rows, np.bool_)
        """Whether a row of ``cells`` has been refused."""

    def __len__(self) -> int:
        return int(self.cells.num_rows)

    def __contains__(self, name: str) -> bool:
        return name in self.cells.column_names

    @property
    def names(self) -> list[str]:
        """Names of the columns, in the order of the file."""
        return list(self.cells.column_names)

    def sorted_mistakes(self) -> list[str]:
        """Mistakes of the table, a line a bad row, in the order of the file."""
        return [f"{self.place} {at}: {what}" for at, what in sorted(self.mistakes)]

    def where(self, row: int) -> str:
        """Place of a row as text: "line 7"."""
        return f"{self.place} {self.places[row]}"

    def refuse(self, rows: NDArray[np.bool_], what: str, name: str) -> None:
        """Note rows as bad, unless they are already, with what stands in a column of theirs.

        Parameters
        ----------
        rows
            Mask, one element a row.
        what
            What is wrong, in words.
        name
            Name of the column whose cells are shown.
        """
        cells = self.column(name)
        for row in np.flatnonzero(rows & ~self.bad).tolist():
            self.bad[row] = True
            self.mistakes.append((int(self.places[row]), f"{what}, got {_shown(cells[row])}"))

    def column(self, name: str) -> Any:
        """Cells of a column by its name, as an Arrow array."""
        return self.cells.column(name).combine_chunks()

    def texts(self, name: str) -> list[str]:
        """The cells of a column as text without space around it; empty where there is none."""
        return ["" if cell is None else str(cell).strip() for cell in self.column(name).to_pylist()]

    def integers(
        self, name: str, low: int, high: int, *, scale: int = 1, called: str = ""
    ) -> NDArray[np.int64]:
        """Numbers of a column in whole steps: int64; rows where one is no such number are bad.

        Bad rows hold ``low``.

        Parameters
        ----------
        name
            Name of the column.
        low, high
            Least and greatest number of steps.
        scale
            Steps in one: a cell of 1 is ``scale`` steps.
        called
            Name of the field in mistakes; empty: that of the column.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = self._plain(name)
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
        self.refuse(outside, f"{called or name} must be {kind} from {shown}", name)
        return np.where(outside, low, values)

    def decimals(self, name: str, fits: Callable[[Decimal], bool], rule: str) -> list[Decimal]:
        """Decimal numbers of a column, exponents allowed; rows where one does not fit are bad.

        Bad rows hold 1.

        Parameters
        ----------
        name
            Name of the column.
        fits
            Whether a number is allowed.
        rule
            Which are, for the mistake, as in "size must not be 0".
        """
        self._plain(name)
        found: list[Decimal] = []
        wrong = np.zeros(len(self), np.bool_)
        for row, text in enumerate(self.texts(name)):
            number = _decimal(text)
            wrong[row] = number is None or not fits(number)
            found.append(Decimal(1) if wrong[row] or number is None else number)
        self.refuse(wrong, rule, name)
        return found

    def _plain(self, name: str) -> Any:
        """The cells of a column that may hold numbers."""
        import pyarrow as pa

        cells = self.column(name)
        if pa.types.is_nested(cells.type) or pa.types.is_binary(cells.type):
            raise FeedError(f"column {name} holds {cells.type}, not numbers", path=self.path)
        return cells


def read_rows(path: Path, what: str = "one account a row is expected") -> Rows:
    """Read a table of any columns, CSV or Parquet.

    Parameters
    ----------
    path
        Ends in ``.csv``, with what it is packed in behind that or not, or in ``.parquet``.
    what
        English clause for the error where there are no rows: which there should be.

    Raises
    ------
    FeedError
        If the file cannot be read, is no table, names a column twice, or has no rows.
    """
    kinds = [suffix for suffix in path.suffixes if suffix in (".csv", ".parquet")]
    if not kinds:
        raise FeedError(
            "a table's name ends in .csv or .parquet, or in .csv.gz and the like", path=path
        )
    rows = _read_parquet(path) if kinds[-1] == ".parquet" else _read_csv(path)
    twice = [name for name in rows.names if rows.names.count(name) > 1]
    if twice:
        raise FeedError(f"has the column {twice[0]!r} twice", path=path)
    if not len(rows) and not rows.mistakes:
        raise FeedError(f"no rows; {what}", path=path)
    return rows


def _read_parquet(path: Path) -> Rows:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        if not path.is_file():
            raise FeedError("no such file, or not a regular one", path=path)
        with path.open("rb") as file:
            cells = parquet.read_table(file)
            cells.validate(full=True)
            str(cells.schema)
    except FeedError:
        raise
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise FeedError(_told(error, ".parquet"), path=path) from None
    return Rows(path, cells, "row", np.arange(cells.num_rows))


def _read_csv(path: Path) -> Rows:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    with open_source(path) as opened:
        text = opened.read(MAX_BYTES + 1).removeprefix(BOM)
    if len(text) > MAX_BYTES:
        raise FeedError(f"a table has at most {MAX_BYTES} bytes", path=path)
    check_utf8(text, path)
    stripped = text.lstrip(b"\r\n")
    blank = text[: len(text) - len(stripped)].count(b"\n")  # lines above the names
    ragged: list[tuple[int, str]] = []
    if not stripped:
        return Rows(path, pa.table({}), "line", np.zeros(0, np.int64))

    def pass_over(row: "csv.InvalidRow") -> Literal["skip"]:
        cells = f"{row.expected_columns} cells are expected, got {row.actual_columns}"
        said = f"{cells}: {row.text[:MAX_CELL]!r}" if row.text.strip() else ""
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
        raise FeedError(_told(error, ".csv"), path=path) from None
    count = cells.num_rows + len(ragged)
    places = np.setdiff1d(np.arange(2, count + 2), [row for row, _ in ragged]) + blank
    full = np.zeros(cells.num_rows, np.bool_)
    columns: list[Any] = cells.columns
    for column in columns:
        filled = pc.not_equal(pc.utf8_trim_whitespace(column), pa.scalar(""))
        full |= np.asarray(pc.fill_null(filled, False))
    mistakes = [(row + blank, what) for row, what in ragged if what]
    return Rows(path, cells.filter(pa.array(full)), "line", places[full], mistakes)


def _decimal(text: str) -> Decimal | None:
    """A finite decimal number within bounds; ``None`` if the text is none."""
    if len(text) > MAX_CELL or "_" in text or not text.isascii():
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or not SMALLEST <= number.adjusted() <= LARGEST:
        return None
    return number


def _told(error: Exception, kind: str) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"not a whole {kind} file ({(str(error).splitlines() or [''])[0]})"


def _shown(cell: Any) -> str:
    """What stands in a cell, cut where it is long."""
    text = repr(cell.as_py())
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 3]}..."
