"""Points of a sweep: a grid, a list, or a sample of ranges."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DESIGNS", "Over", "points_of"]

Over = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""Values by swept name, or points one by one."""
Point = dict[str, Any]
DESIGNS = ("grid", "list", "random", "latin-hypercube", "sobol", "sensitivity")
"""How points are chosen."""
SAMPLES = DESIGNS[2:]


def points_of(
    over: Over, design: str = "grid", points: int | None = None, seed: int = 0
) -> list[Point]:
    """Points of a sweep in their order: values by swept name.

    Parameters
    ----------
    over
        For ``grid`` values by name, each with each; for ``list`` lists of the same length, or the
        points themselves; for samples the range of each name, ``(low, high)`` with both ends in it:
        whole numbers if both are, or a list of three or more values or of texts to choose from.
    design
        One of ``DESIGNS``. ``sensitivity`` is the sample that Sobol indices are estimated from:
        ``points`` times (names + 2) points.
    points
        How many points a sample has; a power of two for ``sobol`` and ``sensitivity``.
    seed
        Of the sample.

    Raises
    ------
    ValueError
        If there is nothing to vary, or the values do not suit the design.
    ImportError
        If scipy is not there for a ``latin-hypercube``, ``sobol`` or ``sensitivity`` sample.
    """
    if design not in DESIGNS:
        raise ValueError(f"design must be one of {', '.join(DESIGNS)}, got {design!r}")
    if design in SAMPLES:
        return _sample(over, design, points, seed)
    if points is not None:
        raise ValueError(f"points are of a sample: a {design} has those that over says")
    if not isinstance(over, Mapping):
        if design == "grid":
            raise ValueError("over must be values by name for a grid: say design 'list' for points")
        return _listed(over)
    for name, values in over.items():
        if isinstance(values, str) or not isinstance(values, Sequence | range | np.ndarray):
            raise ValueError(f"over {name} must be a list of values, got {values!r}")
    columns = {name: [_plain(one) for one in values] for name, values in over.items()}
    lengths = {len(one) for one in columns.values()}
    if not columns or 0 in lengths:
        raise ValueError("over must name at least one key, with at least one value")
    if design == "grid":
        rows = itertools.product(*columns.values())
    elif len(lengths) > 1:
        raise ValueError("over must have as many values of each name for a list")
    else:
        rows = zip(*columns.values(), strict=True)  # type: ignore[assignment]
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _listed(over: Sequence[Mapping[str, Any]]) -> list[Point]:
    found = [{name: _plain(value) for name, value in one.items()} for one in over]
    if not found or not found[0] or any(one.keys() != found[0].keys() for one in found):
        raise ValueError("over must be one point or more, all with the same names")
    return found


def _sample(over: Over, design: str, points: int | None, seed: int) -> list[Point]:
    if not isinstance(over, Mapping) or not over:
        raise ValueError(f"over must be ranges by name for design {design!r}")
    if points is None or points < 1:
        raise ValueError(f"points must be how many points the {design} sample has, got {points}")
    unit = _unit_points(design, len(over), points, seed)
    names = list(over)
    return [
        {name: _within(name, over[name], float(at)) for name, at in zip(names, row, strict=True)}
        for row in unit
    ]


def _unit_points(design: str, names: int, points: int, seed: int) -> NDArray[np.float64]:
    """[point, name]: between 0 and 1."""
    if design == "random":
        drawn: NDArray[np.float64] = np.random.default_rng(seed).random((points, names))
        return drawn
    try:
        from scipy.stats import qmc
    except ImportError:
        raise ImportError(
            f"design {design!r} needs scipy: pip install 'firesale[sweep]', or say 'random'"
        ) from None
    if design == "latin-hypercube":
        return np.asarray(qmc.LatinHypercube(d=names, rng=seed).random(points))
    power = points.bit_length() - 1
    if 2**power != points:
        raise ValueError(f"points must be a power of two for design {design!r}, got {points}")
    if design == "sobol":
        return np.asarray(qmc.Sobol(d=names, rng=seed).random_base2(power))
    both = np.asarray(qmc.Sobol(d=2 * names, rng=seed).random_base2(power))
    base, other = both[:, :names], both[:, names:]
    mixed = []
    for at in range(names):
        one = base.copy()
        one[:, at] = other[:, at]
        mixed.append(one)
    return np.vstack([base, other, *mixed])


def _within(name: str, values: Any, at: float) -> Any:
    """The value at a place between 0 and 1 of a range, or of a choice."""
    given = [_plain(one) for one in values] if isinstance(values, Sequence) else []
    if not given or isinstance(values, str):
        raise ValueError(f"over {name} must be a range (low, high) or a list to choose from")
    if len(given) != 2 or not all(_is_number(one) for one in given):
        return given[min(int(at * len(given)), len(given) - 1)]
    low, high = given
    if not low < high:
        raise ValueError(f"over {name} must rise from low to high, got {low}, {high}")
    if isinstance(low, int) and isinstance(high, int):
        return min(low + math.floor(at * (high - low + 1)), high)
    return low + at * (high - low)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
