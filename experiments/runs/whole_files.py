"""Files of an answer that are there whole, all of them, or not at all.

Each is written beside its place under a temporary name and takes its place once all are whole: a
disk that is full or a run that is interrupted leaves what was there before, and nothing half.
"""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

__all__ = ["WholeFiles", "held_by_another", "write_failure"]

ANSWERS = ("story.json", "market.json", "contest.json", "stress.json", "report.json", "run.json")
"""What the answers of all commands are called in their folders."""


class WholeFiles:
    """Files of one folder, written together; use it as a context manager.

    They take their places when the block is left without an error.

    Parameters
    ----------
    folder
        Made if it is not there.

    Raises
    ------
    OSError
        If a file cannot be written; its ``filename`` is the one that was to be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: list[tuple[Path, Path]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        try:
            if kind is None:
                for written, target in self._made:
                    written.replace(target)
        finally:
            for written, _target in self._made:
                written.unlink(missing_ok=True)

    def write(self, name: str, writer: Callable[[Path], object]) -> None:
        """Write one file of the folder through a function.

        Parameters
        ----------
        name
            Path within the folder; folders that are not there are made.
        writer
            Is called with the temporary path to write to.

        Raises
        ------
        OSError
            If it cannot be written; ``filename`` is the file's final path.
        """
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            # Found when the files take their places, it would leave the others without this one.
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
        # The suffix says how a tape is kept, so it stays the last.
        written = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
        self._made.append((written, target))
        try:
            writer(written)
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), str(target)) from error

    def text(self, name: str, content: str) -> None:
        """Write a text file of the folder in UTF-8; raises ``OSError`` if it cannot be written."""
        self.write(name, lambda path: path.write_text(content, encoding="utf-8"))

    def json(self, name: str, content: Any) -> None:
        """Write a JSON file of the folder, indented.

        Raises
        ------
        ValueError
            If a number is not finite.
        OSError
            If the file cannot be written.
        """
        self.text(name, json.dumps(content, indent=2, allow_nan=False) + "\n")


def held_by_another(folder: Path, asked: dict[str, Any]) -> str | None:
    """Name what a folder already holds the answer of, if that is something else; else ``None``.

    Parameters
    ----------
    folder
        Where answers of any command may be kept as JSON.
    asked
        A scenario, a market or a feed with all its values, as JSON values.
    """
    wanted = json.loads(json.dumps(asked))
    wanted.pop("path", None)
    for name in ANSWERS:
        try:
            said = json.loads((folder / name).read_text(encoding="utf-8"))
            kept = said.get("resolved") or said["feed"]
            kept.pop("path", None)  # a feed is what it says, wherever its file is
            held = kept.get("name") or kept.get("instrument")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if kept != wanted:
            again = held == (asked.get("name") or asked.get("instrument"))
            return f"{held}{' with other values' * again}"
    return None


def write_failure(error: OSError, folder: Path) -> str:
    """One line that says which file could not be written, and why.

    Parameters
    ----------
    error
        The error of writing.
    folder
        Named where the error has no file.
    """
    return f"{error.filename or folder}: {error.strerror or error}"
