"""Markets as commands name them: a ready one by its name, another by the path of its file."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import agents
from experiments.calibration.market_file import read_market
from experiments.markets import MARKETS

__all__ = ["is_market", "is_market_file", "market_named"]


def is_market_file(path: object) -> bool:
    """Whether there is a market file at a path: TOML that names a model, and nothing to be asked.

    Parameters
    ----------
    path
        A path; anything else is none.
    """
    if not isinstance(path, str | Path) or Path(path).suffix != ".toml":
        return False
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return "question" not in content and bool({"model", "parameters"} & set(content))


def is_market(source: object) -> bool:
    """Whether something is the name of a ready market, or the path of a market file.

    A file that is called as a ready market is named ``./NAME``.

    Parameters
    ----------
    source
        A name or path; anything else is none.
    """
    return (isinstance(source, str) and source in MARKETS) or is_market_file(source)


def market_named(name: str | Path) -> Callable[..., agents.Simulation]:
    """Find the builder of a market: ``builder(seed, **options)``.

    Parameters
    ----------
    name
        Name of a ready market, or the path of a market file.

    Raises
    ------
    ValueError
        If there is neither, or the file is not valid.
    """
    if str(name) in MARKETS:
        return MARKETS[str(name)]
    if is_market_file(name):
        return read_market(name).simulation
    raise ValueError(
        f"no market is called {str(name)!r}, and it is no market file: there are "
        f"{', '.join(MARKETS)}"
    )
