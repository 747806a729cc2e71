"""Files that are read once, and again when they have changed."""

from collections.abc import Callable, Hashable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["kept"]

T = TypeVar("T")


def kept(read: Callable[..., T], path: str, *options: Hashable) -> T:
    """What is read of a file; of the same file as it was, what was read before.

    Parameters
    ----------
    read
        Reads it: ``read(path, *options)``. What it returns must not be changed.
    path
        The file; a folder is taken as unchanged while its own time is.
    *options
        Further arguments.
    """
    about = Path(path).stat()
    found: T = _kept(read, path, about.st_mtime_ns, about.st_size, *options)
    return found


@lru_cache(maxsize=8)
def _kept(read: Callable[..., Any], path: str, changed: int, size: int, *options: Hashable) -> Any:
    return read(path, *options)
