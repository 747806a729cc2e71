"""Store of finished runs: a log a worker writes while it runs, and Parquet once it is done.

A run is a row, keyed by the digest of everything that determines it, so that a contest that was
interrupted goes on where it stopped. A log line carries its checksum: a line that a dying worker
left torn is not a run.
"""

import hashlib
import json
import logging
import os
import secrets
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from lob import __version__

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["FULL", "RunStore", "append_row", "code_digest", "key_of", "rows_of_log"]

Row = dict[str, Any]
"""A finished run: JSON values by name, its key under ``key``."""
ROWS_A_FILE = 100
"""Runs in one Parquet file; one file a run made queries six times slower."""
PACKAGES = ("lob", "agents", "experiments")
"""Folders whose sources a run depends on."""
HASHED = (".py", ".pyx", ".pxd", ".so", ".pyd")
"""Endings of sources and of compiled extensions."""
FULL = ".full.log"
"""Ending of a log that its worker writes to no more: it has ``ROWS_A_FILE`` runs."""
RECENT = "recent.parquet"
"""File of the runs that are still in logs, for those who read while runs are made."""
SYNC_SECONDS = 1.0
"""Seconds between two waits for the disk where not every row waits for it; chosen."""
_log_of: dict[tuple[Path, int], list[Any]] = {}
"""Of a folder and a process: its log, the rows in it, and when the disk last had all of them."""


@cache
def code_digest() -> str:
    """32 hex digits of the version, the sources and the extensions that runs depend on."""
    root = Path(__file__).parents[2]
    found = hashlib.blake2b(__version__.encode(), digest_size=16)
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.*")):
            if path.suffix in HASHED:
                found.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def key_of(**parts: Any) -> str:
    """32 hex digits of what determines a run, the sources included.

    Parameters
    ----------
    **parts
        JSON values by name; anything else counts as its text.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    text = json.dumps(parts, sort_keys=True, allow_nan=False, default=str)
    return hashlib.blake2b(f"{code_digest()}{text}".encode(), digest_size=16).hexdigest()


def append_row(log: Path, row: Row, *, sync: bool = True) -> None:
    """Append a finished run to a log file of this process.

    Parameters
    ----------
    log
        Folder of the logs.
    row
        The run, as JSON values.
    sync
        Whether to wait until it is on disk; ``False``: once in ``SYNC_SECONDS``. A process that is
        killed loses nothing either way, a machine that loses its power does.

    Raises
    ------
    OSError
        If the log cannot be written.
    """
    text = json.dumps(row)
    line = f"{zlib.crc32(text.encode()):08x} {text}\n".encode()
    of = log, os.getpid()
    # A name of its own: the number of a process comes again, and its log may end in a torn line.
    state = _log_of.get(of) or [log / f"{os.getpid()}-{secrets.token_hex(4)}.log", 0, 0.0]
    path = state[0]
    with path.open("ab", buffering=0) as file:
        _append_whole(file, line)
        now = time.monotonic()
        if sync or now - state[2] > SYNC_SECONDS:
            os.fsync(file.fileno())
            state[2] = now
    state[1] += 1
    if state[1] < ROWS_A_FILE:
        _log_of[of] = state
    else:
        path.replace(path.with_name(f"{path.stem}{FULL}"))
        _log_of.pop(of, None)


def _append_whole(file: BinaryIO, line: bytes) -> None:
    """Append a line, or nothing: what a full disk takes of it would spoil the next one."""
    before = file.seek(0, os.SEEK_END)
    try:
        left = memoryview(line)
        while left:
            left = left[file.write(left) :]
    except OSError:
        with suppress(OSError):
            file.truncate(before)
        raise


def rows_of_log(log: Path) -> Iterable[Row]:
    """Yield every whole row of all logs in a folder; torn lines are left out."""
    for path in sorted(log.glob("*.log")):
        yield from _whole_rows(path)


class RunStore:
    """A folder of finished runs: Parquet files, one row a run, and the logs of those under way.

    Parameters
    ----------
    folder
        Made if it is not there.
    columns
        What the Parquet files have beside ``row``, the whole of it as JSON: the type of each column
        by name, the same in all files, so that they can be read as one table; ``None``: what the
        rows of each have.

    Raises
    ------
    OSError
        If the folder cannot be made.
    """

    def __init__(self, folder: Path, columns: "Mapping[str, pa.DataType] | None" = None) -> None:
        # Absolute: a relative path with a colon in it is the address of a server to pyarrow.
        self.runs = folder.absolute() / "runs"
        self.log = folder.absolute() / "log"
        self.columns = columns
        self._stored: set[str] | None = None
        for place in (self.runs, self.log):
            place.mkdir(parents=True, exist_ok=True)

    def read(self) -> dict[str, Row]:
        """Read all finished runs by key; of one that is there twice, either: they are the same.

        A Parquet file that is not whole is set aside, as ``.damaged``: its runs are not finished.
        """
        found: dict[str, Row] = {}
        for _, rows in self._contents():
            for content in rows:
                found[content["key"]] = content
        self._stored = set(found)
        for content in rows_of_log(self.log):
            found[content["key"]] = content
        return found

    def compact(self, *, running: bool = False) -> None:
        """Move the runs in the logs to Parquet files; logs go once their runs are in a file.

        Parameters
        ----------
        running
            Whether runs are still made: only logs that are full go, and the rest is copied to a
            file that is written anew each time.
        """
        logs = sorted(self.log.glob(f"*{FULL}" if running else "*.log"))
        rows = {row["key"]: row for path in logs for row in _whole_rows(path)}
        if self._stored is None:
            self.read()
            assert self._stored is not None
        keys = sorted(rows.keys() - self._stored)
        if running:
            within = set(logs)
            others = [path for path in sorted(self.log.glob("*.log")) if path not in within]
            recent = {row["key"]: row for path in others for row in _whole_rows(path)}
            fresh = [recent[key] for key in recent.keys() - self._stored - rows.keys()]
            # Before the rest: who reads meanwhile may miss a run, and never sees it twice.
            self._write(fresh, RECENT)
        else:
            (self.runs / RECENT).unlink(missing_ok=True)
        for start in range(0, len(keys), ROWS_A_FILE):
            part = keys[start : start + ROWS_A_FILE]
            name = hashlib.blake2b("".join(part).encode(), digest_size=8).hexdigest()
            self._write([rows[key] for key in part], f"{name}.parquet")
            self._stored.update(part)
        for path in logs:
            path.unlink(missing_ok=True)

    def forget(self, keys: Collection[str]) -> None:
        """Drop runs, which are to be made again.

        Parameters
        ----------
        keys
            Keys of the runs; those that are not there are nothing.
        """
        self.compact()
        gone = set(keys)
        for path, rows in self._contents():
            left = [row for row in rows if row["key"] not in gone]
            if len(left) < len(rows):
                self._write(left, path.name)
        assert self._stored is not None
        self._stored -= gone

    def _contents(self) -> Iterator[tuple[Path, list[Row]]]:
        """The Parquet files that are whole, and the runs in each."""
        import pyarrow as pa

        for path in sorted(self.runs.glob("*.parquet")):
            if path.name == RECENT:
                continue
            try:
                rows = _stored_rows(path)
            except (pa.ArrowException, OSError, ValueError, KeyError) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise  # it could not be read, which says nothing of what is in it
                path.replace(path.with_suffix(".damaged"))
                logging.getLogger("firesale").warning(
                    "%s is not whole: it is set aside, and its runs are made again", path
                )
                continue
            yield path, rows

    def _write(self, rows: list[Row], name: str) -> None:
        """Write a Parquet file whole or not at all; without rows there is none."""
        target = self.runs / name
        if not rows:
            target.unlink(missing_ok=True)
            return
        written = self.runs / f".{name}.tmp"
        try:
            if self.columns is None:
                _table(rows).to_parquet(written, index=False)
            else:
                _write_columns(rows, self.columns, written)
            with written.open("rb+") as file:
                os.fsync(file.fileno())
            written.replace(target)
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), str(target)) from error
        finally:
            written.unlink(missing_ok=True)


def _stored_rows(path: Path) -> list[Row]:
    """The runs of one Parquet file."""
    import pyarrow.parquet as pq  # A tenth of a second of CPU that no worker needs to spend

    # As one file: of a path alone a data set would be made, which takes ten times as long.
    table = pq.ParquetFile(path).read(columns=["row"])
    return [json.loads(str(row)) for row in table["row"].to_pylist()]


def _write_columns(rows: list[Row], columns: "Mapping[str, pa.DataType]", path: Path) -> None:
    """Columns of stated types, and ``row`` with the whole of each as JSON."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = {**columns, "row": pa.string()}
    flat = [
        {**row, **row.get("point", {}), **row.get("criteria", {}), **row.get("metrics", {}),
         "row": json.dumps(row)}
        for row in rows
    ]  # fmt: skip
    made = {}
    for name, kind in names.items():
        values = [one.get(name) for one in flat]
        if pa.types.is_string(kind):
            values = [
                one if one is None or isinstance(one, str) else json.dumps(one) for one in values
            ]
        elif pa.types.is_floating(kind):
            values = [float(one) if isinstance(one, int | float) else None for one in values]
        made[name] = pa.array(values, kind)
    pq.write_table(pa.table(made), path.as_posix())


def _table(rows: Iterable[Row]) -> "pd.DataFrame":
    """A column for every plain value, and ``row`` with the whole of it as JSON."""
    import pandas as pd  # A second of CPU that no worker needs to spend

    made = []
    for row in rows:
        plain = {name: value for name, value in row.items() if not isinstance(value, dict | list)}
        made.append({**plain, **row.get("criteria", {}), "row": json.dumps(row)})
    return pd.DataFrame(made)


def _whole_rows(path: Path) -> Iterable[Row]:
    try:
        content = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return  # its worker has just filled and renamed it: it is read under its new name
    for line in content.splitlines():
        checksum, _, text = line.partition(" ")
        if f"{zlib.crc32(text.encode()):08x}" == checksum:
            yield json.loads(text)
