"""Tables of levels or trades: CSV and Parquet, with a map of their columns."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from lob.feeds._table_rows import TableRows
from lob.feeds._taken import Taken
from lob.feeds.containers import BOM, FeedFile, blocks_of_lines, open_source
from lob.feeds.errors import FeedError
from lob.feeds.feed import FeedReport
from lob.feeds.level_feed import LevelFeed, fault_of
from lob.feeds.recognise import Head
from lob.feeds.shapes import Code, Mark

__all__ = ["TableColumns", "TableFeed", "read_table"]

PARQUET = b"PAR1"
_UNITS = {"s": Mark.TIME_S, "ms": Mark.TIME_MS, "us": Mark.TIME_US, "ns": Mark.TIME_NS}
_FACTS: dict[str, Mark] = {
    "symbol": Mark.SYMBOL,
    "side": Mark.SIDE,
    "price": Mark.PRICE,
    "size": Mark.SIZE,
    "snapshot": Mark.SNAPSHOT,
    "id": Mark.ID,
}
_TIMES = {
    **{f"time_{unit}": mark for unit, mark in _UNITS.items()},
    "time_iso": Mark.TIME_ISO,
}


class TableColumns(NamedTuple):
    """The columns of a table: their names, and what each is."""

    names: list[str]
    """Names in the order of the file."""
    marks: list[tuple[int | None, int]]
    """Fact of each column (``None``: none that is read), and its side; 0: told by another
    column."""


def read_table(source: FeedFile, shape: TableRows, header: bool = True) -> Iterator[None]:
    """Take the rows of a CSV, come back whenever some are there; ``header``: the first is none."""
    line = 0
    for block in blocks_of_lines(source):
        at = 0
        if header and not line:
            at = block.find(b"\n") + 1 or len(block)
            line = 1
        _, line, wrong = shape.read_rows(block, at, line)
        if wrong:
            raise fault_of(source, line + 1, *wrong)
        yield
    shape.finish()
    yield


class TableFeed(LevelFeed):
    """A CSV or Parquet file whose rows are sizes of levels, or trades.

    Parameters
    ----------
    path, member, tick_size, lot_size
        As of ``LevelFeed``.
    columns
        What the file's columns are called: fact -> name. Facts are one of ``time_s``, ``time_ms``,
        ``time_us``, ``time_ns`` and ``time_iso``; ``price``, ``size`` and ``side`` (a word that
        begins with b, or with a, o or s); and, where there are such, ``symbol``, ``snapshot``
        (true or false) and ``id`` (of trades). Facts that are not given are columns of their own
        name. Rows of one time are one update.
    trades
        Whether the rows are trades; else they are levels, with their new sizes.

    Raises
    ------
    FeedError
        If the file cannot be opened or lacks a column.
    ValueError
        If ``columns`` has a fact that is none.
    """

    format = "table"
    follows = {"in_runs": True}  # noqa: RUF012

    def __init__(
        self,
        path: str | Path,
        *,
        columns: Mapping[str, str] | None = None,
        trades: bool = False,
        member: str | None = None,
        tick_size: Decimal | int | str | None = None,
        lot_size: Decimal | int | str | None = None,
    ) -> None:
        super().__init__(path, member=member, tick_size=tick_size, lot_size=lot_size)
        known = {**_FACTS, **_TIMES}
        given = dict(columns or {})
        if unknown := sorted(set(given) - set(known)):
            raise ValueError(f"columns must be of {', '.join(known)}, got {', '.join(unknown)}")
        self.trades = trades
        self.names, self.is_parquet = self._header()
        facts = {fact: given.get(fact, fact) for fact in known}
        if missing := [name for name in given.values() if name not in self.names]:
            raise FeedError(self._lacking(missing[0]), path=self.path)
        places = {name: fact for fact, name in facts.items() if name in self.names}
        times = [fact for fact in _TIMES if facts[fact] in self.names]
        if len(times) > 1:
            both = " and ".join(repr(facts[fact]) for fact in times)
            raise FeedError(f"has several columns of the time, {both}: one is read", path=self.path)
        if not times:
            raise FeedError(self._lacking("of the time, such as time_ms"), path=self.path)
        for fact in ("price", "size") if trades else ("price", "size", "side"):
            if facts[fact] not in self.names:
                raise FeedError(self._lacking(facts[fact]), path=self.path)
        self.columns = TableColumns(
            self.names, [(known[places[n]] if n in places else None, 0) for n in self.names]
        )

    @property
    def needs_snapshot(self) -> bool:  # type: ignore[override]
        """Whether a book without a snapshot is worth a note: trades make no book."""
        return not self.trades

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether the columns have the names of the facts."""
        lines = head.lines
        if not lines:
            return False
        names = set(lines[0].decode("utf-8", "replace").strip().split(","))
        return {"price", "size", "side"} <= names and bool(names & set(_TIMES))

    def _lacking(self, name: str) -> str:
        accepted = ", ".join({**_FACTS, **_TIMES})
        return (
            f"has no column {name}; accepted are {accepted}; it has "
            f"{', '.join(map(repr, self.names))[:400]}; say in columns which is which"
        )

    def _header(self) -> tuple[list[str], bool]:
        with open_source(self.path, self.member) as source:
            head = source.read(2**16)
        if head.startswith(PARQUET):
            return list(self._parquet().schema_arrow.names), True
        first = head.removeprefix(BOM).split(b"\n", 1)[0].decode("utf-8", "replace").strip()
        return [name.strip().strip('"') for name in first.split(",")], False

    def _parquet(self) -> Any:
        import pyarrow as pa
        from pyarrow import parquet

        if self.member is not None:
            raise FeedError("a Parquet file within a zip must be unpacked first", path=self.path)
        try:
            return parquet.ParquetFile(self.path.absolute())
        except (pa.ArrowException, OSError, ValueError) as error:
            said = str(error).splitlines()[0]
            raise FeedError(f"is no sound Parquet file ({said})", path=self.path) from None

    def _shape(self) -> TableRows:
        code = Code.TRADE if self.trades else Code.UPDATE
        kind = "trade" if self.trades else "update"
        shape = TableRows(
            lambda kind: Code.SNAPSHOT if kind == "snapshot" else code,
            self.columns.marks,
            kind,
            kind if self.trades else "snapshot",
            not self.trades,
            self.trades,
        )
        if (Mark.SYMBOL, 0) not in self.columns.marks:
            shape.name(self.path.name.split(".")[0] or "unnamed")
        return shape

    def _read(self, shape: Taken, report: FeedReport) -> Iterator[None]:
        assert isinstance(shape, TableRows)
        if self.is_parquet:
            yield from self._read_parquet(shape)
        else:
            with open_source(self.path, self.member) as source:
                yield from read_table(source, shape)

    def _read_parquet(self, shape: TableRows) -> Iterator[None]:
        """Read batches of rows as text, which is what numbers are exact in."""
        import pyarrow as pa
        from pyarrow import csv

        row = 0
        options = csv.WriteOptions(include_header=False, quoting_style="needed")
        file = self._parquet()
        try:
            for batch in file.iter_batches(2**14):
                out = pa.BufferOutputStream()
                csv.write_csv(batch, out, options)
                _, row, wrong = shape.read_rows(out.getvalue().to_pybytes(), 0, row)
                if wrong:
                    raise FeedError(f"row {row}: {wrong[1]!r} {wrong[0]}", path=self.path)
                yield
        except (pa.ArrowException, OSError, ValueError) as error:
            if isinstance(error, FeedError):
                raise
            said = str(error).splitlines()[0]
            raise FeedError(f"cannot be read as a table ({said})", path=self.path) from None
        shape.finish()
        yield
