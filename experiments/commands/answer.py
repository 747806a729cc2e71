"""An answer of a replay ready to be shown: in the terminal, as JSON, or as a folder with a page."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from experiments.runs.whole_files import WholeFiles
from experiments.studies.replay_result import Replayed, ReplaySale
from lob import __version__, tape
from lob.replay_report import ReplayReport

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Answer", "of_replay", "of_sale"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a command in every form it is shown in."""

    numbers: dict[str, Any]
    """Ready for JSON: integers exact, undefined is ``None``."""
    report: ReplayReport
    """What the replay met."""
    tapes: Mapping[str, NDArray[np.void]]
    """What is kept on disk, by the name of its file."""
    page: Callable[[], str]
    """Writes the HTML page."""
    show: Callable[["Console"], None]
    """Prints the answer for people."""

    def to_json(self) -> str:
        """Return the numbers of the answer as one JSON object."""
        return json.dumps(self.numbers, indent=2, allow_nan=False)

    def write(self, folder: Path) -> None:
        """Write the tapes, ``report.json`` and ``report.html``, all or none.

        Files of the same names are replaced. Raises ``OSError`` if one cannot be written.
        """
        with WholeFiles(folder) as files:
            for name, rows in self.tapes.items():
                files.write(f"{name}.parquet", partial(tape.write, tape=rows))
            files.text("report.json", self.to_json() + "\n")
            files.text("report.html", self.page())


def of_sale(m: ReplaySale) -> Answer:
    """Return the answer of a forced sale in a recorded day: its cost and its impact."""
    from experiments.report import page, terminal

    def show(console: "Console") -> None:
        terminal.print_replay(console, m.report)
        terminal.print_sale(console, m)

    tapes = {"full/quotes": m.full, "twin/quotes": m.twin, "sale/trades": m.trades}
    return Answer(
        numbers={**_replayed(m.report, tapes), **m.summary()},
        report=m.report,
        tapes=tapes,
        page=partial(page.sale_page, m),
        show=show,
    )


def of_replay(done: Replayed) -> Answer:
    """Return the answer of a replay alone: its counts."""
    from experiments.report import page, terminal

    tapes = {"replay/quotes": done.quotes}
    return Answer(
        numbers={**_replayed(done.report, tapes), **done.summary()},
        report=done.report,
        tapes=tapes,
        page=partial(page.replay_page, done),
        show=lambda console: terminal.print_replay(console, done.report),
    )


def _replayed(report: ReplayReport, tapes: Mapping[str, NDArray[np.void]]) -> dict[str, Any]:
    instrument = report.instrument
    assert instrument is not None
    return {
        "firesale": __version__,
        "feed": {
            "path": report.feed.path,
            "format": report.feed.format,
            "by": "level" if report.feed.is_level_feed else "order",
            "instrument": instrument.name,
            "tick_size": str(instrument.tick_size),
            "lot_size": str(instrument.lot_size),
            "messages": report.messages,
            "first_ts_event": report.first_ts,
            "last_ts_event": report.last_ts,
        },
        "digest": {name: tape.digest(rows) for name, rows in tapes.items()},
    }
