"""An answer ready to be shown: in the terminal, as JSON, or as a folder of tapes and a page."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs.whole_files import WholeFiles
from experiments.studies.replay_sale import ReplaySale
from lob import __version__, tape
from lob.feeds.lobster import Day
from lob.replay import Replay

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Answer", "day_in_json", "of_replay", "of_sale"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer in every form it is shown in."""

    numbers: dict[str, Any]
    """Ready for JSON: integers exact, undefined is ``None``."""
    runs: dict[str, Replay]
    """The tapes, by the name of the folder they go to."""
    page: Callable[[], str]
    """Draws the HTML page."""
    show: Callable[["Console"], None]
    """Prints it for people."""

    def to_json(self) -> str:
        """Return the numbers as one JSON object."""
        return json.dumps(self.numbers, indent=2, allow_nan=False)

    def write(self, folder: Path) -> None:
        """Write the tapes of each run, ``report.json`` and ``report.html``, all or none.

        Files of the same names are replaced. Raises ``OSError`` if one cannot be written.
        """
        with WholeFiles(folder) as files:
            for name, run in self.runs.items():
                for kind in ("messages", "events", "quotes"):
                    rows = getattr(run, kind)
                    files.write(f"{name}/{kind}.parquet", partial(tape.write, tape=rows))
            files.text("report.json", self.to_json() + "\n")
            files.text("report.html", self.page())


def of_sale(m: ReplaySale) -> Answer:
    """Return the answer of a forced sale: its cost and its impact."""
    from experiments.report import page, terminal

    def show(console: "Console") -> None:
        terminal.print_replay(console, m.twin)
        terminal.print_sale(console, m)

    return Answer(
        numbers={
            **_replayed(m.day, m.mode, m.twin),
            "replay_with_sale": m.full.report.to_dict(),
            **m.summary(),
        },
        runs={"full": m.full, "twin": m.twin},
        page=partial(page.sale_page, m),
        show=show,
    )


def of_replay(day: Day, mode: str, done: Replay) -> Answer:
    """Return the answer of a replay alone: its counts."""
    from experiments.report import page, terminal

    return Answer(
        numbers=_replayed(day, mode, done),
        runs={"replay": done},
        page=partial(page.replay_page, day, mode, done),
        show=lambda console: terminal.print_replay(console, done),
    )


def day_in_json(day: Day) -> dict[str, Any]:
    """What a day is, ready for JSON."""
    return {
        "name": day.name,
        "tick_size": str(day.instrument.tick_size),
        "lot_size": str(day.instrument.lot_size),
        "recorded_levels": day.levels,
        "messages": len(day.messages),
        "first_ts_event": int(day.messages["ts_event"][0]),
        "last_ts_event": int(day.messages["ts_event"][-1]),
    }


def _replayed(day: Day, mode: str, done: Replay) -> dict[str, Any]:
    return {
        "firesale": __version__,
        "day": day_in_json(day),
        "mode": str(mode),
        "replay": done.report.to_dict(),
        "digest": {"messages": tape.digest(done.messages), "events": tape.digest(done.events)},
    }
