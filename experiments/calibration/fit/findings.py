"""What a fit found: parameters of a flow with their errors, and what a reader must know of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["FEW", "Estimate", "Findings", "FitError"]

FEW = 100
"""Fewer events than this behind a number, and it gets a warning; chosen: an error of a tenth."""


class FitError(ValueError):
    """A record to which a model cannot be fitted: what is missing."""


@dataclass(frozen=True)
class Estimate:
    """One number of a fit.

    Attributes
    ----------
    name
        Of the parameter, with its place where it is one of a list: ``limit[0][3]``.
    value
        In the flow's units.
    error
        Its standard error; ``None``: it was stated, or there is none.
    events
        How many events it rests on; ``None``: it was stated.
    warning
        What is wrong with it; empty: nothing.
    """

    name: str
    value: float
    error: float | None
    events: int | None
    warning: str = ""


@dataclass
class Findings:
    """The outcome of a fit, filled as it goes.

    Attributes
    ----------
    parameters
        By name, as the flow takes them: numbers, lists, lists of lists.
    errors
        The standard errors of those that were estimated, in the same form; ``None`` for a number
        that has none.
    estimates
        All numbers that were estimated or stated, one by one.
    assumed
        Sentences: what was taken for granted, because the record does not tell it.
    cautions
        Sentences: warnings of a whole parameter.
    cannot_show
        Sentences: what a market with these parameters does not have.
    """

    parameters: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, Any] = field(default_factory=dict)
    estimates: list[Estimate] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)
    cannot_show: list[str] = field(default_factory=list)

    def put(
        self,
        name: str,
        value: ArrayLike,
        error: ArrayLike,
        events: ArrayLike,
        warning: str = "",
        *,
        whole: bool = False,
    ) -> None:
        """Take a parameter that was estimated.

        Parameters
        ----------
        name
            As the flow calls it.
        value, error, events
            A number, or arrays of one shape; an error that is not finite is none.
        warning
            What is wrong with all of it.
        whole
            Whether the flow takes whole numbers.
        """
        values = np.asarray(value, np.float64)
        errors = np.broadcast_to(np.asarray(error, np.float64), values.shape)
        counts = np.broadcast_to(np.asarray(events, np.float64), values.shape)
        for place in np.ndindex(values.shape):
            at, off = float(values[place]), float(errors[place])
            count = int(counts[place])
            few = f"rests on {count} events" if count < FEW else ""
            said = "; ".join(text for text in (warning, few) if text)
            known = off if isfinite(off) else None
            self.estimates.append(Estimate(name + _place(place), at, known, count, said))
        self.parameters[name] = _listed(np.rint(values).astype(np.int64) if whole else values)
        self.errors[name] = _listed(np.where(np.isfinite(errors), errors, np.nan), nothing=True)

    def state(self, name: str, value: Any, why: str = "") -> None:
        """Take a parameter that nobody estimated.

        Parameters
        ----------
        name, value
            As the flow takes it.
        why
            A sentence on where it is from, which goes to ``assumed``.
        """
        self.parameters[name] = value
        if isinstance(value, int | float):
            self.estimates.append(Estimate(name, value, None, None))
        if why:
            self.assumed.append(why)

    @property
    def warnings(self) -> list[str]:
        """A sentence for each parameter that has warnings, and for each kind of them."""
        by_name: dict[tuple[str, str], list[str]] = {}
        for one in self.estimates:
            if one.warning:
                kind = one.warning.split(" rests on ")[0]
                kind = (
                    f"rests on fewer than {FEW} events"
                    if kind.startswith("rests on")
                    else one.warning
                )
                by_name.setdefault((one.name.split("[")[0], kind), []).append(one.name)
        return [*(_told(names, what) for (_, what), names in by_name.items()), *self.cautions]


def _told(names: Sequence[str], what: str) -> str:
    if len(names) == 1:
        return f"{names[0]}: {what}"
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{shown}: each {what}"


def _place(place: tuple[int, ...]) -> str:
    return "".join(f"[{i}]" for i in place)


def _listed(values: Any, *, nothing: bool = False) -> Any:
    """Plain numbers, in lists as deep as the array; with ``nothing``, ``nan`` as ``None``."""
    if isinstance(values, np.ndarray | np.generic):
        values = values.tolist()
    if isinstance(values, list):
        return [_listed(one, nothing=nothing) for one in values]
    return None if nothing and values != values else values
