"""What all commands share: how they refuse, and how they show that they are at work."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["BAD_ARGUMENTS", "BAD_DATA", "RefusalError", "Tell", "make_folder", "progress"]

Tell = Callable[[str], None]
BAD_DATA, BAD_ARGUMENTS = 1, 2


class RefusalError(Exception):
    """What was asked cannot be done; ``code`` is the exit code."""

    def __init__(self, message: str, code: int = BAD_ARGUMENTS) -> None:
        super().__init__(message)
        self.code = code


def make_folder(out: Path | None) -> None:
    """Make the folder of ``--out`` before the work: a typing error should not cost the work."""
    if out:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RefusalError(f"--out {out}: {error.strerror}") from None


@contextmanager
def progress(silent: bool, steps: int) -> Iterator[Tell]:
    """Show on stderr what is being done, where somebody watches; it is gone when it is done."""
    if silent or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=steps)

        def tell(what: str) -> None:
            bar.update(task, description=what, advance=1)

        yield tell
