"""A parcel: the files that runs need, for processes that do not see those of the caller.

Whoever asks packs the files and the code that a scenario names; a process elsewhere opens the
parcel in a folder of its own, and from then on a name in the scenario means the file in there.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Parcel", "as_named", "open_parcel", "placed", "placed_values", "unpack"]


@dataclass(frozen=True)
class Parcel:
    """Files, and which names they stand for."""

    places: Mapping[str, str]
    """Place in the parcel by name as a scenario has it; of code ``FILE.py:NAME`` both."""
    at: Mapping[str, str]
    """Names by dotted path where the scenario names them before any value of it is changed."""
    contents: Mapping[str, bytes]
    """Contents of each file by its place."""
    folders: Mapping[str, str]
    """What the caller's messages have before a file's name, by folder of the parcel; both end in
    a slash or are empty."""

    @cached_property
    def digest(self) -> str:
        """32 hex digits of everything in it."""
        found = hashlib.blake2b(repr((self.places, self.at, self.folders)).encode(), digest_size=16)
        for place, content in self.contents.items():
            found.update(f"{place} {len(content)} ".encode() + content)
        return found.hexdigest()


class _Opened(NamedTuple):
    """The parcel of this process."""

    places: Mapping[str, str]
    """Path on this machine by name."""
    at: Mapping[str, str]
    """Path on this machine by dotted path."""
    folders: Mapping[str, str]
    """What the caller's messages have in place of a folder on this machine."""


_opened: list[_Opened] = []
"""Empty in a process that sees the files of the caller."""


def unpack(parcel: Parcel, folder: Path) -> None:
    """Write the files of a parcel.

    Parameters
    ----------
    parcel
        The files.
    folder
        Where to; made if it is not there.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    for place, content in parcel.contents.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def open_parcel(
    places: Mapping[str, str], at: Mapping[str, str], folders: Mapping[str, str], folder: Path
) -> None:
    """Let names mean the files of a parcel, in all that this process runs from now on.

    Parameters
    ----------
    places, at, folders
        Of the parcel.
    folder
        Where it was unpacked.
    """
    here = {name: str(folder / place) for name, place in places.items()}
    known_as = {f"{folder}/{one}": there for one, there in folders.items()}
    _opened[:] = [_Opened(here, {path: here[name] for path, name in at.items()}, known_as)]


def placed(name: str) -> str:
    """Where the file of a name is on this machine; any other text as it is."""
    return _opened[0].places.get(name, name) if _opened else name


def placed_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted path in which each name means a file on this machine.

    Parameters
    ----------
    values
        What is changed in a scenario; where the scenario itself names files, that is added.
    """
    if not _opened:
        return dict(values)
    return {**_opened[0].at, **{path: _placed(value) for path, value in values.items()}}


def as_named(text: str | None) -> str | None:
    """A message with the paths that it would have in the process of the caller."""
    if text is None or not _opened:
        return text
    for here, there in _opened[0].folders.items():
        text = text.replace(here, there)
    return text


def _placed(value: Any) -> Any:
    if isinstance(value, str):
        return placed(value)
    if isinstance(value, list | tuple):
        return [_placed(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _placed(one) for name, one in value.items()}
    return value
