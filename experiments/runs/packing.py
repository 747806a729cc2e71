"""Packing a parcel: which files a sweep needs where its runs are made."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from experiments.runs.parcel import Parcel
from experiments.runs.provenance import files_named
from experiments.scenario.drives import price_file
from experiments.scenario.overrides import plain
from experiments.scenario.own_code import own_code_of
from experiments.scenario.read import Scenario
from experiments.scenario.user_code import file_of, names_user_code
from experiments.scenario.user_modules import local_modules

__all__ = ["pack"]


def pack(
    scenario: Scenario, points: Sequence[Mapping[str, Any]], metrics: Iterable[str] = ()
) -> Parcel:
    """Pack the files and code that a scenario, its points and its metrics name.

    With the modules beside the code that it imports. Data that the code reads by itself is not in
    it.

    Parameters
    ----------
    scenario
        The scenario whose values are changed.
    points
        Values by dotted path.
    metrics
        ``FILE.py:NAME`` of measures of the user's own.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    packing = _Packing()
    at = packing.take(scenario)
    for name in metrics:
        packing.code(name)
    seen: set[str] = set()
    for point in points:
        texts = {one for one in _texts(plain(point)) if one not in seen and _may_be_file(one)}
        if texts:
            seen |= texts
            with suppress(ValueError):  # no run comes of it: its row has the error
                packing.take(scenario.with_(**point))
    return Parcel(packing.places, at, packing.contents, packing.folders)


class _Packing:
    """A parcel that is being packed."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}
        self.contents: dict[str, bytes] = {}
        self.folders: dict[str, str] = {}
        self._known: dict[Path, str] = {}

    def take(self, scenario: Scenario) -> dict[str, str]:
        """Take what a scenario names, and tell the names by dotted path."""
        at = {}
        for one in files_named(scenario):
            at[one.path] = one.name
            self._data(one.name, Path(one.file))
        for path, name in own_code_of(scenario).items():
            at[path] = name
            self.code(name)
        return at

    def code(self, name: str) -> None:
        """Take the file of ``FILE.py:NAME`` and the modules beside it that it imports."""
        file = file_of(name)
        # Tracebacks have the whole path of code, and messages about data the name as it was given.
        place, fresh = self._place(file, f"{file.resolve().parent}/")
        self.places[name] = f"{place}:{name.rpartition(':')[2]}"
        if fresh:
            self.contents[place] = file.read_bytes()
            folder = file.resolve().parent
            for module in local_modules(file).values():
                inside = module.relative_to(folder).as_posix()
                self.contents[f"{place.partition('/')[0]}/{inside}"] = module.read_bytes()

    def _data(self, name: str, file: Path) -> None:
        """Take a file, or the files of a folder."""
        place, fresh = self._place(file, name.removesuffix(file.name))
        self.places[name] = place
        if not fresh:
            return
        if not file.is_dir():
            self.contents[place] = file.read_bytes()
            return
        for one in sorted(file.iterdir()):
            if one.is_file():
                self.contents[f"{place}/{one.name}"] = one.read_bytes()

    def _place(self, file: Path, shown: str) -> tuple[str, bool]:
        """The place of a file, in a folder of its own, and whether it is new in the parcel."""
        known = self._known.get(file.resolve())
        if known is not None:
            return known, False
        number = len(self._known)
        place = self._known[file.resolve()] = f"{number}/{file.name}"
        self.folders[f"{number}/"] = shown
        return place, True


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _may_be_file(text: str) -> bool:
    if names_user_code(text):
        return True
    with suppress(ValueError, OSError):  # a text may be too long for a path
        return Path(text).exists() or price_file(text).exists()
    return False
