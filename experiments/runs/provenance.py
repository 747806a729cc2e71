"""Provenance of an answer: the version, and everything that was asked, with all values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b, file_digest
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, NamedTuple

from experiments.calibration.named_markets import is_market_file
from experiments.runs.store import code_digest
from experiments.scenario.drives import price_file
from experiments.scenario.own_code import own_code_of
from experiments.scenario.read import Scenario
from experiments.scenario.user_code import digest_of_user_code, names_user_code
from lob import __version__

__all__ = [
    "NamedFile",
    "asked_of_market",
    "asked_of_scenario",
    "digests_of_files",
    "digests_of_own_code",
    "files_named",
]


class NamedFile(NamedTuple):
    """A file or folder of data that a scenario names."""

    path: str
    """Dotted path in the scenario."""
    name: str
    """As the scenario has it."""
    file: str
    """Where it is."""


def digests_of_own_code(scenario: Scenario) -> dict[str, str | None]:
    """Digests of code of the user's own that a scenario names, by dotted path."""
    return {path: digest_of_user_code(name) for path, name in own_code_of(scenario).items()}


def digests_of_files(scenario: Scenario) -> dict[str, str]:
    """Digests of the files of data that a scenario names, by dotted path: 32 hex digits each."""
    return {one.path: _digest(one.file) for one in files_named(scenario)}


def asked_of_scenario(
    scenario: Scenario, seeds: Sequence[int], design: str | None = None
) -> dict[str, Any]:
    """Version, seeds and the scenario with every default filled in, as JSON values.

    With the digest of the sources, and those of code of the user's own and files that it names.

    Parameters
    ----------
    scenario
        The scenario, which may name code of the user's own.
    seeds
        Seeds of the runs.
    design
        The liquidation design in place of the scenario's own; ``None``: that.
    """
    own = digests_of_own_code(scenario)
    if design is not None and names_user_code(design):
        own["design"] = digest_of_user_code(design)
    files = digests_of_files(scenario)
    return {
        "firesale": __version__,
        "sources": code_digest(),
        **({"code": own} if own else {}),
        **({"files": files} if files else {}),
        "scenario": scenario.name,
        "seeds": list(seeds),
        "resolved": scenario.model_dump(mode="json"),
    }


def asked_of_market(
    name: str,
    market: Callable[..., Any],
    options: Mapping[str, Any],
    seeds: Sequence[int],
) -> dict[str, Any]:
    """Version, seeds and a ready market with all of its options, as JSON values.

    Parameters
    ----------
    name, market
        Name and builder of the market; the defaults of options that are not given are the
        builder's.
    options
        Options that were given, by name.
    seeds
        Seeds of the runs.
    """
    parameters = list(signature(market).parameters.values())[1:]
    defaults = {one.name: one.default for one in parameters if one.default is not Parameter.empty}
    return {
        "firesale": __version__,
        "sources": code_digest(),
        "market": name,
        **({"files": {"market": _digest(name)}} if is_market_file(name) else {}),
        "seeds": list(seeds),
        "resolved": {key: _plain(value) for key, value in {**defaults, **options}.items()},
    }


def files_named(scenario: Scenario) -> Iterator[NamedFile]:
    """Yield each file or folder of data that a scenario names."""
    for i, one in enumerate(scenario.instruments):
        file = getattr(one.background, "file", None)
        if file is not None:
            path = price_file(file) if one.background.kind == "path" else file
            yield NamedFile(f"instruments.{i}.background.file", file, str(path))
    for i, shock in enumerate(scenario.shocks):
        file = getattr(shock, "file", None)
        if file is not None:
            path = price_file(file) if shock.kind == "price-path" else file
            yield NamedFile(f"shocks.{i}.file", file, str(path))
    for i, population in enumerate(scenario.populations):
        if population.file is not None:
            yield NamedFile(f"populations.{i}.file", population.file, population.file)
    for i, drive in enumerate(scenario.drives):
        for j, file in enumerate(drive.files):
            yield NamedFile(f"drives.{i}.files.{j}", file, str(price_file(file)))


def _digest(path: str) -> str:
    """32 hex digits of a file, or of all files of a folder with their names."""
    found = blake2b(digest_size=16)
    if not Path(path).is_dir():
        with Path(path).open("rb") as file:
            return file_digest(file, lambda: found).hexdigest()
    for one in sorted(Path(path).iterdir()):
        if one.is_file():
            found.update(one.name.encode() + b"\0" + _digest(str(one)).encode())
    return found.hexdigest()


def _plain(value: Any) -> Any:
    """Ready for JSON: what is no plain value is told as Python shows it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return repr(value)
