"""A limit on the memory that one run may take: it ends that run and no other."""

import multiprocessing
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["can_limit", "limited", "parse_bytes", "refuse_where_none"]

UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_room_before: list[int] = []
"""Address space of this process in bytes before its first run; of what is no worker, the last."""


def can_limit() -> bool:
    """Whether the memory of a run can be limited here: on Linux it can."""
    return Path("/proc/self/statm").exists()


def refuse_where_none(memory: int | None) -> None:
    """Raise ``ValueError`` if a limit is asked for where there can be none."""
    if memory is not None and not can_limit():
        raise ValueError("memory can be limited on Linux alone: leave it out")


def parse_bytes(text: int | str | None) -> int | None:
    """Bytes of a text like ``500 MB`` or ``2 GB``; raises ``ValueError`` if it is none.

    Bytes as they are and ``None`` come back as they are.
    """
    if text is None or isinstance(text, int):
        return text
    number, _, unit = text.strip().partition(" ")
    try:
        found = int(float(number) * UNITS[unit.strip() or "B"])
    except (KeyError, ValueError, OverflowError):
        found = 0
    if found < 1:
        raise ValueError(f"memory must be bytes or like '500 MB' or '2 GB', got {text!r}")
    return found


@contextmanager
def limited(memory: int | None) -> Iterator[None]:
    """Let this process take only so many bytes more than it had.

    That is before its first run where it is a worker, and before this one where it is not.

    Parameters
    ----------
    memory
        Bytes; ``None``: what there is.

    Raises
    ------
    MemoryError
        In words, if what is done within takes more.
    """
    if memory is None:
        yield
        return
    import resource  # not on Windows, where a limit is refused before there is a run

    # A worker does nothing but runs: what one leaves behind counts. A notebook does other things.
    if not _room_before or multiprocessing.parent_process() is None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _room_before[:] = [pages * resource.getpagesize()]
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_room_before[0] + memory, hard))
    try:
        yield
    except Exception as error:
        if not _of_memory(error):
            raise
        # Its traceback holds on to all that the run had, and the next run would have no room.
        traceback.clear_frames(error.__traceback__)
        ended = MemoryError(f"the run took more memory than it may: {memory:,} bytes")
        raise ended from None
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _of_memory(error: BaseException | None) -> bool:
    """Whether memory ran out, whoever was acting then."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False
