"""What all commands share: how they refuse, and how they show that they are at work."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = [
    "BAD_ARGUMENTS",
    "BAD_DATA",
    "RefusalError",
    "Tell",
    "make_folder",
    "progress",
    "refusal_of",
    "refuse_another",
    "refuse_missing",
]

Tell = Callable[[str], None]
BAD_DATA, BAD_ARGUMENTS = 1, 2


class RefusalError(Exception):
    """What was asked cannot be done; ``code`` is the exit code, ``trace`` a traceback to show."""

    def __init__(self, message: str, code: int = BAD_ARGUMENTS, trace: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.trace = trace


def refuse_missing(*paths: Path) -> None:
    """Refuse files and folders that were named and are not there."""
    for path in paths:
        if not path.exists():
            raise RefusalError(f"{path}: no such file or folder")


def make_folder(out: Path | None) -> None:
    """Make the folder of ``--out`` before the work: a typing error should not cost the work."""
    if out:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            wrong = isinstance(error, FileExistsError | NotADirectoryError)
            code = BAD_ARGUMENTS if wrong else BAD_DATA
            raise RefusalError(f"--out {out}: {error.strerror}", code) from None
        if not os.access(out, os.W_OK | os.X_OK):
            raise RefusalError(f"--out {out}: may not be written to", BAD_DATA)


def refuse_another(out: Path | None, asked: dict[str, Any]) -> None:
    """Refuse a folder that holds the answer of something else: it would be overwritten.

    Parameters
    ----------
    out
        The folder of ``--out``.
    asked
        The scenario, market or day with all its values, ready for JSON.
    """
    from experiments.runs.whole_files import held_by_another

    other = held_by_another(out, asked) if out else None
    if other is not None:
        raise RefusalError(f"--out {out}: holds the answer of {other}: choose another folder")


def refusal_of(error: Exception, out: Path | None = None) -> RefusalError:
    """How an error ends a command: a run that raised, a file that cannot be written, a mistake."""
    trace = getattr(error, "trace", None)
    if isinstance(error, OSError):
        from experiments.runs.whole_files import write_failure

        return RefusalError(write_failure(error, out or Path()), BAD_DATA)
    from experiments.runs.errors import RunError, told
    from experiments.runs.workers import JobError
    from experiments.scenario.user_code import UserCodeError

    if isinstance(error, UserCodeError):
        line, trace = told(error)
        return RefusalError(line, BAD_DATA, trace)
    failed = isinstance(error, RunError | JobError)
    return RefusalError(str(error), BAD_DATA if failed else BAD_ARGUMENTS, trace)


@contextmanager
def progress(silent: bool, steps: int) -> Iterator[Tell]:
    """Show on stderr what is being done, where somebody watches; it is gone when it is done."""
    if silent or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True, emoji=False), transient=True) as bar:
        task = bar.add_task("", total=steps)

        def tell(what: str) -> None:
            bar.update(task, description=what, advance=1)

        yield tell
