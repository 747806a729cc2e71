"""The tapes of a run on disk while it runs: what a day of events needs is disk, not memory.

A folder of its own holds ``events.npy``, ``messages.npy`` and ``entries.npy``, which are those of
the run in memory to the byte, and ``run.json``: what was asked, and once the run is done its
digest. ``lob.tape.read`` maps them; with ``unfinished=True`` also while the run goes on, and after
whatever ended it before its time.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.runs.whole_files import WholeFiles, held_by_another
from lob import ENTRY, EVENT, MESSAGE
from lob.tape import Writer

__all__ = ["Recording"]

RUN = "run.json"
PIECE = 2**20  # bytes
LAYOUTS = {"events": EVENT, "messages": MESSAGE, "entries": ENTRY}


class _Postponing:
    """A writer that is called in the middle of what somebody does, where no error may come from.

    What goes wrong is told between two messages, by the writer of events.
    """

    def __init__(self, recording: "Recording", writer: Writer) -> None:
        self.recording, self.writer = recording, writer

    def write(self, rows: NDArray[np.void]) -> None:
        try:
            if self.recording.failed is None:
                self.writer.write(rows)
        except OSError as error:
            self.recording.failed = error

    def read(self) -> NDArray[np.void]:
        return self.writer.read()


class _Telling(_Postponing):
    """A writer that is called between two messages."""

    def write(self, rows: NDArray[np.void]) -> None:
        super().write(rows)
        self.recording.refuse_failed()


class Recording:
    """Writers of one run's tapes to a folder, which are read from there too.

    Use it as a context manager around the run.

    Parameters
    ----------
    folder
        Made if it is not there. A recording of the same scenario in it is replaced; who has mapped
        that keeps it.
    asked
        What determines the run, as JSON values: with ``resolved``, the scenario.

    Attributes
    ----------
    failed : OSError or None
        What could not be written.

    Raises
    ------
    ValueError
        If the folder holds the answer of something else.
    OSError
        If it cannot be written to.
    """

    def __init__(self, folder: str | Path, asked: Mapping[str, Any]) -> None:
        self.folder, self.asked = Path(folder), dict(asked)
        self.failed: OSError | None = None
        other = held_by_another(self.folder, self.asked["resolved"])
        if other is not None:
            raise ValueError(f"{folder}: holds the answer of {other}: choose another folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._say(finished=False)
        self._writers: dict[str, Writer] = {}
        with ExitStack() as opened:
            for name, layout in LAYOUTS.items():
                path = self.folder / f"{name}.npy"
                path.unlink(missing_ok=True)  # who has mapped it would see it change
                self._writers[name] = opened.enter_context(Writer(path, layout))
            self._opened = opened.pop_all()
        self.events = _Telling(self, self._writers["events"])
        self.messages = _Telling(self, self._writers["messages"])
        self.entries = _Postponing(self, self._writers["entries"])

    def refuse_failed(self) -> None:
        """Raise the ``OSError`` of whatever could not be written, if there was one."""
        if self.failed is not None:
            raise self.failed

    def finish(self) -> None:
        """Close the tapes, of which all rows were handed over, and note the digest of the run."""
        self.refuse_failed()
        self._opened.close()
        digest = self._digest()
        rows = {name: writer.rows for name, writer in self._writers.items()}
        self._say(finished=True, digest=digest, rows=rows)

    def _digest(self) -> str:
        """That of ``Simulation.digest``, read in pieces: a map would count as memory in use."""
        found = blake2b(digest_size=16)
        for name in ("messages", "events", "entries"):
            with self._writers[name].path.open("rb") as file:
                file.seek(self._writers[name].start)
                while piece := file.read(PIECE):
                    found.update(piece)
        return found.hexdigest()

    def __enter__(self) -> "Recording":
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _say(self, **more: Any) -> None:
        with WholeFiles(self.folder) as files:
            files.json(RUN, json.loads(json.dumps({**self.asked, **more})))
