"""Store of finished runs: a log a worker writes while it runs, and Parquet once it is done.

A run is a row, keyed by the digest of everything that determines it, so that a contest that was
interrupted goes on where it stopped. A log line carries its checksum: a line that a dying worker
left torn is not a run.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lob import __version__

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunStore", "append_row", "code_digest", "key_of", "rows_of_log"]

Row = dict[str, Any]
"""A finished run: JSON values by name, its key under ``key``."""
ROWS_A_FILE = 100
"""Runs in one Parquet file; one file a run made queries six times slower."""
PACKAGES = ("lob", "agents", "experiments")
"""Folders whose sources a run depends on."""


@cache
def code_digest() -> str:
    """32 hex digits of the version and of the sources that runs depend on."""
    root = Path(__file__).parents[2]
    found = hashlib.blake2b(__version__.encode(), digest_size=16)
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py*")):
            if path.suffix in (".py", ".pyx", ".pxd"):
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


def append_row(log: Path, row: Row) -> None:
    """Append a finished run to the log file of this process, and wait until it is on disk.

    Parameters
    ----------
    log
        Folder of the logs.
    row
        The run, as JSON values.

    Raises
    ------
    OSError
        If the log cannot be written.
    """
    text = json.dumps(row)
    line = f"{zlib.crc32(text.encode()):08x} {text}\n"
    with (log / f"{os.getpid()}.log").open("a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


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

    Raises
    ------
    OSError
        If the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        # Absolute: a relative path with a colon in it is the address of a server to pyarrow.
        self.runs = folder.absolute() / "runs"
        self.log = folder.absolute() / "log"
        for place in (self.runs, self.log):
            place.mkdir(parents=True, exist_ok=True)

    def read(self) -> dict[str, Row]:
        """Read all finished runs by key; of one that is there twice, either: they are the same."""
        found: dict[str, Row] = {}
        for path in sorted(self.runs.glob("*.parquet")):
            for content in _stored_rows(path):
                found[content["key"]] = content
        for content in rows_of_log(self.log):
            found[content["key"]] = content
        return found

    def compact(self) -> None:
        """Move the runs in the logs to Parquet files; logs go once their runs are in a file."""
        logs = sorted(self.log.glob("*.log"))
        rows = {row["key"]: row for path in logs for row in _whole_rows(path)}
        keys = sorted(rows)
        for start in range(0, len(keys), ROWS_A_FILE):
            part = keys[start : start + ROWS_A_FILE]
            name = hashlib.blake2b("".join(part).encode(), digest_size=8).hexdigest()
            table = _table(rows[key] for key in part)
            written = self.runs / f".{name}.tmp"
            try:
                table.to_parquet(written, index=False)
                written.replace(self.runs / f"{name}.parquet")
            finally:
                written.unlink(missing_ok=True)
        for path in logs:
            path.unlink()


def _stored_rows(path: Path) -> Iterable[Row]:
    """The runs of one Parquet file."""
    import pandas as pd  # A second of CPU that no worker needs to spend: see _table

    return [json.loads(row) for row in pd.read_parquet(path, columns=["row"])["row"]]


def _table(rows: Iterable[Row]) -> "pd.DataFrame":
    """A column for every plain value, and ``row`` with the whole of it as JSON."""
    import pandas as pd

    made = []
    for row in rows:
        plain = {name: value for name, value in row.items() if not isinstance(value, dict | list)}
        made.append({**plain, **row.get("criteria", {}), "row": json.dumps(row)})
    return pd.DataFrame(made)


def _whole_rows(path: Path) -> Iterable[Row]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        checksum, _, text = line.partition(" ")
        if f"{zlib.crc32(text.encode()):08x}" == checksum:
            yield json.loads(text)
