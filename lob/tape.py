"""Tapes on disk: the records of a run, written once and read back to the byte.

The suffix of the file says how it is kept:

``.parquet``
    One column a field, compressed; pandas, polars and DuckDB read it. The name of the layout, the
    number of the schema (``SCHEMA``) and the version of Firesale are in the metadata.
``.npy``
    The rows as they are in memory; reading maps the file, and touches only the pages that are
    looked at. The header has room for the names and types of the fields only: they are the schema,
    and an array whose fields are not those of a layout is refused by the fields that differ.

Reading a file never executes code, and a file that is not a tape is refused.
"""

import io
import os
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from math import prod
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from lob.counted import counted
from lob.types import ENTRY, EVENT, LEVEL, MESSAGE, ORDER, QUOTE
from lob.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SCHEMA", "Writer", "digest", "read", "write"]

LAYOUTS: dict[str, np.dtype[Any]] = {
    "MESSAGE": MESSAGE,
    "EVENT": EVENT,
    "ENTRY": ENTRY,
    "QUOTE": QUOTE,
    "ORDER": ORDER,
    "LEVEL": LEVEL,
}
"""What a tape may hold, by the name of its layout in ``lob``."""

SCHEMA = 1
"""The number of the schema of a tape; a Parquet file with another, or with none, is refused.

It goes up by one when a field of a layout is added, removed, renamed, moved or given another type,
and when a field keeps its name and type but a value in it means something else: another unit, a
kind or flag with another number. A new version of Firesale alone does not change it.
"""

LAYOUT_KEY, VERSION_KEY = b"firesale.layout", b"firesale.version"
SCHEMA_KEY = b"firesale.schema"
ROWS_A_GROUP = 2**20  # a reader that filters skips whole groups
ROWS_A_BLOCK = 2**13  # rows and columns are turned into one another within the processor's cache


def write(path: str | PathLike[str], tape: NDArray[np.void]) -> None:
    """Write a tape to ``path``, which ends in ``.parquet`` or ``.npy``.

    Parameters
    ----------
    path
        A file that is there already is replaced.
    tape
        A one-dimensional array of ``lob.MESSAGE``, ``EVENT``, ``ENTRY``, ``QUOTE``, ``ORDER`` or
        ``LEVEL``.

    Raises
    ------
    TypeError
        If ``tape`` is anything else.
    ValueError
        If the suffix is neither of the two.
    OSError
        If the file cannot be written.
    """
    target = Path(path)
    name = _layout_of(tape)
    if _suffix(target) == ".npy":
        with target.open("wb") as file:
            np.lib.format.write_array(file, np.ascontiguousarray(tape), allow_pickle=False)
    else:
        _write_parquet(target, name, tape)


class Writer:
    """Writes a tape that is not there at once, chunk by chunk, to an ``.npy`` in bounded memory.

    Use it as a context manager, or ``close`` it: only then does the file know its length. Until
    then, and where whoever writes was killed, ``read(path, unfinished=True)`` reads what is there.

    Parameters
    ----------
    path
        Ends in ``.npy``; a file that is there already is replaced.
    layout
        ``lob.EVENT``, ``MESSAGE`` or another layout of ``lob``.

    Attributes
    ----------
    rows : int
        How many were written.
    start : int
        The byte of the file at which they begin.

    Raises
    ------
    TypeError
        If ``layout`` is none.
    ValueError
        If the path ends otherwise.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import lob, numpy as np, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "events.npy"
    >>> with Writer(path, lob.EVENT) as writer:
    ...     writer.write(np.zeros(3, lob.EVENT))
    ...     writer.write(np.zeros(2, lob.EVENT))
    >>> len(read(path))
    5
    """

    def __init__(self, path: str | PathLike[str], layout: np.dtype[Any]) -> None:
        self.path = Path(path)
        if self.path.suffix != ".npy":
            raise ValueError(f"path must end in .npy, got {self.path}")
        _layout_of(np.zeros(0, layout))
        self.layout = layout
        self.rows = 0
        # Without a buffer: what is written is there for those who read meanwhile.
        self._file = self.path.open("wb", buffering=0)
        try:
            self.start = self._write_header()
        except OSError:
            self._file.close()
            raise

    def write(self, rows: NDArray[np.void]) -> None:
        """Append a one-dimensional array of the writer's layout to the file.

        Raises ``TypeError`` for another layout, and ``OSError`` with the file's name if it cannot
        be written: the file then keeps the whole rows that did fit.
        """
        if rows.dtype != self.layout:
            raise TypeError(f"rows must be of dtype {self.layout}, got {rows.dtype}")
        try:
            self._put(np.ascontiguousarray(rows).data)
        except OSError:
            # The last one may be there in part.
            written = os.fstat(self._file.fileno()).st_size - self.start
            self.rows = written // self.layout.itemsize
            self._file.truncate(self.start + self.rows * self.layout.itemsize)
            self._file.seek(0, os.SEEK_END)
            raise
        self.rows += len(rows)

    def read(self) -> NDArray[np.void]:
        """All rows written so far: mapped and read-only, so only what is looked at takes memory.

        Raises ``OSError`` if the file is gone.
        """
        if not self.rows:
            return np.zeros(0, self.layout)
        return np.memmap(
            self.path, self.layout, mode="r", offset=self.start, shape=(self.rows,)
        ).view(np.ndarray)

    def close(self) -> None:
        """Close the file once its header says how many rows there are; again: nothing."""
        if not self._file.closed:
            try:
                self._file.seek(0)
                self._write_header()
            finally:
                self._file.close()

    def _write_header(self) -> int:
        """Write what ``.npy`` files begin with, and return its length in bytes."""
        header = io.BytesIO()
        # numpy leaves room for the first axis to grow: the header keeps its length.
        np.lib.format.write_array_header_1_0(
            header,
            {
                "descr": np.lib.format.dtype_to_descr(self.layout),
                "fortran_order": False,
                "shape": (self.rows,),
            },
        )
        self._put(header.getbuffer())
        return header.tell()

    def _put(self, content: memoryview) -> None:
        """Write all of it, which a file without a buffer may do in parts."""
        left = content.cast("B") if content.nbytes else content
        try:
            while left.nbytes:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), str(self.path)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read(
    path: str | PathLike[str],
    layout: np.dtype[Any] | None = None,
    *,
    unfinished: bool = False,
) -> NDArray[np.void]:
    """Read the tape that ``write`` left at ``path``, with its exact layout and bytes.

    Parameters
    ----------
    path
        Ends in ``.parquet`` or ``.npy``. The array of an ``.npy`` is mapped and read-only.
    layout
        What the caller needs, for example ``lob.EVENT``; any layout if ``None``.
    unfinished
        Whether an ``.npy`` that is still being written, or was cut, is read as far as it has whole
        rows; else it is refused.

    Raises
    ------
    ValueError
        If the file is not a tape, is damaged or not whole, is of another schema than ``SCHEMA``,
        or holds another layout than the one asked for.
    OSError
        If the file cannot be read.
    """
    source = Path(path)
    npy = _suffix(source) == ".npy"
    tape = _read_npy(source, unfinished) if npy else _read_parquet(source)
    if layout is not None and tape.dtype != layout:
        raise ValueError(
            f"{source}: holds {_layout_of(tape)} rows where {_layout_name(layout)} is needed"
        )
    return tape


def digest(tape: NDArray[np.void]) -> str:
    """32 hex digits of the bytes of a tape: two runs were the same if and only if these are.

    Raises ``TypeError`` if ``tape`` is not one.
    """
    _layout_of(tape)
    rows = np.ascontiguousarray(tape)
    return blake2b(rows.view(np.uint8).data, digest_size=16).hexdigest()


def _write_parquet(target: Path, name: str, tape: NDArray[np.void]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    fields = _fields(tape.dtype)
    schema = pa.schema(
        [(field, pa.from_numpy_dtype(dtype)) for field, dtype in fields],
        metadata={
            LAYOUT_KEY: name.encode(),
            SCHEMA_KEY: str(SCHEMA).encode(),
            VERSION_KEY: __version__.encode(),
        },
    )
    columns = {field: np.empty(len(tape), dtype) for field, dtype in fields}
    for rows in _blocks(len(tape)):
        for field, column in columns.items():
            column[rows] = tape[field][rows]
    parquet.write_table(
        pa.Table.from_arrays(
            [
                # pa.array(column) would do the same, and import all of pandas to do it.
                pa.Array.from_buffers(
                    kind.type, len(tape), [None, pa.py_buffer(columns[kind.name].data)]
                )
                for kind in schema
            ],
            schema=schema,
        ),
        # A relative path with a colon in it would be taken for the address of a server.
        target.absolute(),
        row_group_size=ROWS_A_GROUP,
        compression="zstd",
        compression_level=1,
        # Sequence numbers, times and prices move in small steps: their differences pack well.
        use_dictionary=False,
        column_encoding={field: "DELTA_BINARY_PACKED" for field, dtype in fields if dtype == "<i8"},
    )


def _read_parquet(source: Path) -> NDArray[np.void]:
    import pyarrow as pa
    from pyarrow import parquet

    with source.open("rb") as file:
        try:
            # Only the schema is looked at before the file is known to be a tape.
            opened = parquet.ParquetFile(file)
            dtype = _dtype_of(source, opened.schema_arrow)
            table = opened.read()
        except pa.ArrowException as error:
            raise ValueError(f"{source}: not a whole Parquet file ({error})") from None
    columns = {}
    for field, kind in _fields(dtype):
        cells = table.column(field).combine_chunks()
        if cells.null_count:
            raise ValueError(f"{source}: column {field} has empty cells, which no tape has")
        # cells.to_numpy() would do the same, and import all of pandas to do it.
        columns[field] = np.frombuffer(memoryview(cells.buffers()[1] or b""), kind, len(cells))
    tape = np.empty(table.num_rows, dtype)
    for rows in _blocks(len(tape)):
        for field, column in columns.items():
            tape[field][rows] = column[rows]
    return tape


def _dtype_of(source: Path, schema: "pa.Schema") -> np.dtype[Any]:
    """Return the layout that a Parquet file claims, once its columns are seen to have it."""
    import pyarrow as pa

    name = (schema.metadata or {}).get(LAYOUT_KEY, b"").decode(errors="replace")
    if name not in LAYOUTS:
        known = ", ".join(LAYOUTS)
        raise ValueError(
            f"{source}: not a tape: its metadata names {repr(name) if name else 'no layout'}, "
            f"a tape's one of {known}"
        )
    version = schema.metadata.get(VERSION_KEY, b"unknown").decode(errors="replace")
    number = schema.metadata.get(SCHEMA_KEY, b"").decode(errors="replace")
    if number != str(SCHEMA):
        raise ValueError(
            f"{source}: a tape of {f'schema {number}' if number else 'no schema number'}, written "
            f"by Firesale {version}; Firesale {__version__} reads schema {SCHEMA}: make the tape "
            "again with this version, or read it with the one that wrote it"
        )
    dtype = LAYOUTS[name]
    expected = {field: pa.from_numpy_dtype(kind) for field, kind in _fields(dtype)}
    found = dict(zip(schema.names, schema.types, strict=True))
    if list(found.items()) != list(expected.items()):
        wrong = [
            field for field in {**expected, **found} if expected.get(field) != found.get(field)
        ]
        raise ValueError(
            f"{source}: its columns are not those of {name} ({', '.join(wrong) or 'order'}); "
            f"written by Firesale {version}, read by {__version__}"
        )
    return dtype


def _read_npy(source: Path, unfinished: bool) -> NDArray[np.void]:
    try:
        stated, start, dtype = _header(source)
        whole = max(0, source.stat().st_size - start) // max(1, dtype.itemsize)
        cut = whole < stated or (not stated and whole > 0)
        if cut and not unfinished:
            raise ValueError(
                f"{counted(whole, 'row')} where {counted(stated, 'row')} are stated: it is being "
                "written, or was cut; unfinished=True reads what is there"
            )
        tape: NDArray[np.void] = (
            np.memmap(source, dtype, mode="r", offset=start, shape=(whole,)).view(np.ndarray)
            if cut and whole
            else np.zeros(0, dtype)
            if cut
            else np.load(source, mmap_mode="r", allow_pickle=False)
        )
    except (ValueError, EOFError) as error:
        raise ValueError(f"{source}: not a whole .npy file ({error})") from None
    try:
        _layout_of(tape)
    except TypeError:
        raise ValueError(
            f"{source}: not a tape: a {tape.ndim}-d array of dtype {tape.dtype}"
            f"{_difference(tape.dtype) if tape.ndim == 1 else ''}"
        ) from None
    return tape


def _header(source: Path) -> tuple[int, int, np.dtype[Any]]:
    """Rows that an ``.npy`` states, where they begin, and their dtype; 1-d arrays of no objects."""
    with source.open("rb") as file:
        version = np.lib.format.read_magic(file)
        read_header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read_header(file)
        if dtype.hasobject:
            raise ValueError("it holds Python objects")
        return (shape[0] if shape else 1) * prod(shape[1:]), file.tell(), dtype


def _difference(found: np.dtype[Any]) -> str:
    """Say how rows differ from the layout that shares most of their fields, if any shares one."""
    fields = dict(_fields(found))

    def shared(name: str) -> int:
        return len(set(fields.items()) & set(_fields(LAYOUTS[name])))

    nearest = max(LAYOUTS, key=shared)
    if not shared(nearest):
        return ""
    expected = dict(_fields(LAYOUTS[nearest]))
    wrong = [field for field in {**expected, **fields} if expected.get(field) != fields.get(field)]
    return (
        f", whose fields are not those of {nearest} in schema {SCHEMA} "
        f"({', '.join(wrong) or 'order'}): make it again with Firesale {__version__}, or read it "
        "with the version that wrote it"
    )


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + ROWS_A_BLOCK) for start in range(0, count, ROWS_A_BLOCK))


def _fields(dtype: np.dtype[Any]) -> Iterable[tuple[str, np.dtype[Any]]]:
    return [(field, dtype[field]) for field in dtype.names or ()]


def _suffix(path: Path) -> str:
    if path.suffix not in (".parquet", ".npy"):
        raise ValueError(f"{path}: a tape's name ends in .parquet or .npy")
    return path.suffix


def _layout_of(tape: NDArray[np.void]) -> str:
    if not isinstance(tape, np.ndarray) or tape.ndim != 1:
        raise TypeError(f"tape must be a one-dimensional array, got {type(tape).__name__}")
    return _layout_name(tape.dtype)


def _layout_name(dtype: np.dtype[Any]) -> str:
    for name, layout in LAYOUTS.items():
        if dtype == layout:
            return name
    raise TypeError(f"tape must be of dtype lob.{', lob.'.join(LAYOUTS)}, got {dtype}")
