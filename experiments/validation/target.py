"""What a validation target is: a function of any parameters, and the bands it is held to.

A target computes by definition, by closed form, by simulation, or by more than one of these, and
returns named values. Two kinds of comparison follow, and either may be absent:

- against published values, where the parameters are those they were published for;
- of one of its own values with another (a simulation with its closed form), at any parameters.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, get_type_hints

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Check",
    "ComputedBy",
    "Result",
    "Target",
    "ToleranceBand",
    "Values",
    "Verdict",
    "compare",
    "flat",
]

Values = dict[str, Any]
"""Named results: numbers, or nested lists of numbers.

``x_error`` beside ``x`` is the standard error of a simulated ``x``.
"""

ComputedBy = Literal["book and agents", "product formula", "theory only"]
"""What computes a target: the project's own book, venue or simulation; a formula that these or
those who trade in them use; or nothing but a formula of the source, beside the product."""

Verdict = Literal["agrees", "disagrees", "context"]
"""Outcome of a comparison: within the bands, outside, or not held to any."""

STANDARD_ERRORS = 4.0  # of a simulation: a false alarm in some 16,000 comparisons


class ToleranceBand(NamedTuple):
    """How far two values may lie apart: ``absolute + relative * |reference|``."""

    relative: float = 0.0
    """Share of the reference, not negative."""
    absolute: float = 0.0
    """In the unit of the values, not negative."""

    def __str__(self) -> str:
        parts = [f"{100 * self.relative:.4g} %"] if self.relative else []
        parts += [f"{self.absolute:.4g}"] if self.absolute else []
        return "±" + " ± ".join(parts or ["0"])


class Check(NamedTuple):
    """Two values of one target that must agree: a simulation, and what it must give."""

    simulated: str
    """Name of the simulated value."""
    theory: str | float
    """Name of the value it must give, or a constant."""
    band: ToleranceBand
    """How far they may lie apart, beside four standard errors of the simulation."""


@dataclass(frozen=True)
class Result:
    """Outcome of one validation target at one set of parameters."""

    name: str
    """The name that was asked for: a target's, or a case's id."""
    published: Values | None
    """Published values by name; ``None`` where nothing was published for these parameters, or the
    cases are not there."""
    ours: Values
    """Values computed here, by name."""
    band: dict[str, str]
    """For each value that was compared: what with, and how far apart the two may lie."""
    verdict: Verdict
    """Whether all comparisons hold."""
    kind: ComputedBy
    """What computed ours: book and agents, a product formula, or theory only."""
    provenance: str
    """How the published values are known: read, recomputed, or from memory (not verified against
    the paper)."""
    note: str
    """Disagreements first, then what a reader must know of the target; may be empty."""
    parameters: dict[str, Any]
    """All parameters that were used, by name."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data for JSON, by the names of the fields."""
        return asdict(self)


@dataclass(frozen=True)
class Target:
    """One result of the literature, and how this project computes it.

    Parameters of ``compute`` are all optional; what their defaults are is a fact of the source.
    """

    name: str
    """Name that ``validate`` takes."""
    source: str
    """Author and year."""
    kind: ComputedBy
    """What of the product computes it: without that it cannot agree."""
    compute: Callable[..., Values]
    """From parameters to named values."""
    cases: str
    """Regular expression that the ids of its published cases match in full."""
    read: Callable[[Any], Values]
    """From a published case to expected values, by the names that ``compute`` gives."""
    bands: Mapping[str, ToleranceBand]
    """For each value that may be compared with a published one: how far apart they may lie."""
    checks: tuple[Check, ...] = ()
    """Comparisons of a target's own values, at any parameters."""
    aliases: Mapping[str, str | tuple[str, ...] | None] = field(default_factory=dict)
    """Names that sources use for parameters, of several where one sets them all; ``None`` where one
    only describes."""
    note: str = ""
    """What a reader of the result must know, in words."""
    modules: tuple[str, ...] = ()
    """Of a product formula: the modules that hold it, each of which it needs."""
    slow: bool = False
    """Whether it takes more than a few seconds at its default parameters."""

    def defaults(self) -> dict[str, Any]:
        """Return the values that a target's parameters have where none are given, by name."""
        given = inspect.signature(self.compute).parameters
        return {name: parameter.default for name, parameter in given.items()}

    def annotations(self) -> dict[str, Any]:
        """Return the types of a target's parameters, by name."""
        return get_type_hints(self.compute)

    def translate(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters given under names of a source, under the names of ``compute``.

        Raises
        ------
        ValueError
            If ``compute`` has no such parameter.
        """
        known = self.defaults()
        found: dict[str, Any] = {}
        for name, value in parameters.items():
            own = name if name in known else self.aliases.get(name, name)
            for each in (own,) if isinstance(own, str) else own or ():
                if each not in known:
                    raise ValueError(
                        f"{self.name} has no parameter {name!r} (given as {value!r}): "
                        f"it has {', '.join(known)}"
                    )
                found[each] = value
        return found


def compare(
    ours: Values, target: Target, published: Values | None
) -> tuple[Verdict, dict[str, str], list[str]]:
    """Hold a target's values against each other and against published ones.

    Parameters
    ----------
    ours
        Values that the target computed, by name.
    target
        What says which comparisons there are, and how far apart values may lie.
    published
        Published values by name; ``None``: there are none.

    Returns
    -------
    tuple
        The verdict, the bands used by name, and one sentence for each disagreement.
    """
    wanted = [
        (key, value, target.bands[key], "published")
        for key, value in (published or {}).items()
        if key in target.bands
    ]
    wanted += [
        (check.simulated, _theory(ours, check), check.band, str(check.theory))
        for check in target.checks
        if check.simulated in ours and _theory(ours, check) is not None
    ]
    bands: dict[str, list[str]] = {}
    problems = []
    for key, value, band, name in wanted:
        text, problem = _hold(ours, key, value, band, name)
        bands.setdefault(key, []).append(text if name == "published" else f"{text} of {name}")
        problems += [problem] if problem else []
    verdict: Verdict = "context" if not wanted else "disagrees" if problems else "agrees"
    return verdict, {key: ", ".join(texts) for key, texts in bands.items()}, problems


def _theory(ours: Values, check: Check) -> Any:
    return ours.get(check.theory) if isinstance(check.theory, str) else check.theory


def _hold(ours: Values, key: str, other: Any, band: ToleranceBand, name: str) -> tuple[str, str]:
    """Return the band as text, and what is wrong if ours is outside it."""
    if key not in ours:
        return str(band), f"{key} is not among our values"
    mine, reference = flat(ours[key]), flat(other)
    if mine.shape != reference.shape:
        return str(band), f"{key} has {mine.size} values, {name} {reference.size}"
    width = band.absolute + band.relative * abs(reference)
    noise = STANDARD_ERRORS * flat(ours.get(f"{key}_error", 0.0))
    noisy = bool(np.any(noise > width))
    text = f"{band} or {STANDARD_ERRORS:g} s.e. = {noise.max():.3g}" if noisy else str(band)
    # The last digits of a float must not decide at the edge of a band.
    distance = abs(mine - reference)
    wrong = ~(distance <= np.maximum(width, noise) + 1e-12 * abs(reference))
    if not wrong.any():
        return text, ""
    worst = int(np.argmax(np.where(wrong, distance, -1.0)))
    return text, (
        f"{key}: {int(wrong.sum())} of {mine.size} outside the band, furthest "
        f"{mine[worst]:.6g} against {reference[worst]:.6g} ({name})"
    )


def flat(value: Any) -> NDArray[np.float64]:
    """Return all numbers of nested lists and tables in one float64 array."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return np.concatenate([flat(item) for item in value]) if value else np.empty(0)
    return np.atleast_1d(np.asarray(value, np.float64)).ravel()
