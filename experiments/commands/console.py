"""Refusals and progress bars, which all commands share."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

__all__ = [
    "BAD_ARGUMENTS",
    "BAD_DATA",
    "RefusalError",
    "RunsProgress",
    "Tell",
    "counted_progress",
    "make_folder",
    "progress",
    "refusal_of",
    "refuse_another",
    "refuse_missing",
]

Tell = Callable[[str], None]
"""Called in words with what is done next."""
BAD_DATA, BAD_ARGUMENTS = 1, 2
_held: dict[Path, int] = {}
"""Folders that this process writes to, with the descriptors that keep other processes out."""


class RefusalError(Exception):
    """A command cannot do what was asked: the message is shown, and the process exits.

    Attributes
    ----------
    code : int
        Exit code: 1 for data and runs, 2 for arguments.
    trace : str or None
        A traceback to show.

    Parameters
    ----------
    message
        One line for each mistake.
    code, trace
        See the attributes.
    """

    def __init__(self, message: str, code: int = BAD_ARGUMENTS, trace: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.trace = trace


def refuse_missing(*paths: Path) -> None:
    """Refuse files and folders that were named and are not there."""
    for path in paths:
        if not path.exists():
            raise RefusalError(f"{path}: no such file or folder")


def make_folder(out: Path | None, option: str = "--out") -> None:
    """Make the folder of ``--out`` before the work: a typing error should not cost the work.

    Raises
    ------
    RefusalError
        If it cannot be made, or not be written to, or another command is at work in it.
    """
    if out:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            wrong = isinstance(error, FileExistsError | NotADirectoryError)
            code = BAD_ARGUMENTS if wrong else BAD_DATA
            raise RefusalError(f"{option} {out}: {error.strerror}", code) from None
        if not os.access(out, os.W_OK | os.X_OK):
            raise RefusalError(f"{option} {out}: may not be written to", BAD_DATA)
        _keep_others_out(out, option)


def _keep_others_out(out: Path, option: str) -> None:
    """Hold a folder until this process ends: two answers in it would be mixed or lost."""
    place = out.resolve()
    if place in _held:
        return
    try:
        import fcntl
    except ImportError:  # Windows
        return
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise RefusalError(
            f"{option} {out}: another command is writing there: choose another folder, or wait"
        ) from None
    except OSError:  # a file system without locks
        os.close(descriptor)
        return
    _held[place] = descriptor


def refuse_another(out: Path | None, asked: dict[str, Any]) -> None:
    """Refuse a folder that holds the answer of something else: it would be overwritten.

    Parameters
    ----------
    out
        The folder of ``--out``.
    asked
        The scenario, market or feed with all its values, as JSON values.

    Raises
    ------
    RefusalError
        If it holds another answer.
    """
    from experiments.runs.whole_files import held_by_another

    other = held_by_another(out, asked) if out else None
    if other is not None:
        raise RefusalError(f"--out {out}: holds the answer of {other}: choose another folder")


def refusal_of(error: Exception, out: Path | None = None) -> RefusalError:
    """Make of an error the refusal that ends a command.

    Code 1 for a run that raised or a file that cannot be written, 2 for a mistake in what was
    asked.

    Parameters
    ----------
    error
        Any error of a study.
    out
        The folder of ``--out``, named where the error has no file.
    """
    trace = getattr(error, "trace", None)
    if isinstance(error, OSError):
        from experiments.runs.whole_files import write_failure

        return RefusalError(write_failure(error, out or Path()), BAD_DATA)
    from experiments.runs.errors import RunError, told
    from experiments.runs.executor import ClusterError
    from experiments.runs.workers import JobError
    from experiments.scenario.user_code import UserCodeError

    if isinstance(error, UserCodeError):
        line, trace = told(error)
        return RefusalError(line, BAD_DATA, trace)
    failed = isinstance(error, RunError | JobError | ClusterError)
    return RefusalError(str(error), BAD_DATA if failed else BAD_ARGUMENTS, trace)


@contextmanager
def progress(silent: bool, steps: int) -> Iterator[Tell]:
    """Show on stderr what is being done, where somebody watches; it is gone when it is done.

    Parameters
    ----------
    silent
        Whether nothing is shown.
    steps
        How many steps there are in all.
    """
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


class RunsProgress:
    """Called with how many of how many runs are there; ``tell`` says in words what is done.

    Parameters
    ----------
    bar
        The bar of rich that shows it; ``None``: nobody watches.
    """

    def __init__(self, bar: "RichProgress | None" = None) -> None:
        self._bar = bar
        self._task = None if bar is None else bar.add_task("", total=None, rate="")

    def __call__(self, done: int, total: int) -> None:
        """Show that so many of so many runs are there."""
        if self._bar is None or self._task is None:
            return
        shown = self._bar.tasks[0]
        if shown.total is None or done < shown.completed:
            # What was there took no time; or it is the next part of the work.
            self._bar.reset(self._task, total=total, completed=done)
        rate = f"{shown.speed:,.2g} a second," if shown.speed else ""
        self._bar.update(self._task, completed=done, total=total, rate=rate)

    def tell(self, what: str) -> None:
        """Say what is done now, before the bar."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=what)


@contextmanager
def counted_progress(silent: bool) -> Iterator[RunsProgress]:
    """Show on stderr how many of how many runs are there, their rate and the time that is left.

    Parameters
    ----------
    silent
        Whether nothing is shown; nor is it where nobody watches.
    """
    if silent or not sys.stderr.isatty():
        yield RunsProgress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs, {task.fields[rate]} left", markup=False),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True, emoji=False)
    with RichProgress(*columns, console=console, transient=True) as bar:
        yield RunsProgress(bar)
