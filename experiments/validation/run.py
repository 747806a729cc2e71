"""Run a target, at the published parameters or at any others."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from experiments.validation.cases import Case, read_cases
from experiments.validation.readers import parameters_of
from experiments.validation.registry import TARGETS
from experiments.validation.target import Result, Target, Values, compare, flat

__all__ = ["find_target", "names", "validate"]

PRECISION = frozenset(
    {
        "auctions",
        "blocks",
        "days",
        "emptied",
        "paths",
        "pools",
        "slices",
        "step_seconds",
        "draws",
        "races",
        "makers",
        "seed",
        "steps",
        "trades",
        "replicas",
        "clusters",
        "changes",
        "windows",
        "samples",
        "sessions",
        "quotes",
        "market_orders",
        "ticks_per_unit",
        "points",
        "queue",
    }
)
"""Parameters that say how well a thing is computed, not which thing."""


def names(cases: Sequence[Case]) -> list[str]:
    """Return every name that ``validate`` takes: the targets, then the cases they cover."""
    return [target.name for target in TARGETS] + [
        case.id for case in cases if find_target(case.id) is not None
    ]


def find_target(name: str) -> Target | None:
    """Return the validation target of this name, or the one that covers the case of this id.

    ``None`` if there is neither.
    """
    for target in TARGETS:
        if name == target.name or re.fullmatch(target.cases, name):
            return target
    return None


def validate(name: str, cases: Sequence[Case] | None = None, /, **parameters: Any) -> Result:
    """Compute one target and hold it against what is published.

    Parameters
    ----------
    name
        A target (``kyle``), or the id of a case (``KYLE-1``), which sets its parameters.
    cases
        Published values; ``None`` reads those of ``case_files()``, if there are any. By position
        only, so that a target may have a parameter of any name.
    **parameters
        Parameters of the target, under its own names or those of its source. Published values count
        only while every parameter that they were stated for has the value they were stated for.

    Raises
    ------
    ValueError
        If the name or a parameter is not known, or a value is out of range.
    """
    known = read_cases() if cases is None else cases
    target = find_target(name)
    case = next((case for case in known if case.id == name), None)
    if target is None or (case is None and name != target.name):
        choice = ", ".join(target.name for target in TARGETS)
        raise ValueError(f"no target or published case is named {name!r}: choose from {choice}")
    used = target.defaults() | (parameters_of(target, case) if case else {})
    used |= {
        key: _in_form(target, key, value) for key, value in target.translate(parameters).items()
    }
    candidates = [case] if case else [item for item in known if find_target(item.id) is target]
    matching = [item for item in candidates if _stated_for(target, item, used)]
    published: Values = {}
    for item in matching:
        published |= _read(target, item)
    ours = _computed(target, used)
    verdict, bands, problems = compare(ours, target, published or None)
    return Result(
        name=name,
        published=published or None,
        ours=ours,
        band=bands,
        verdict=verdict,
        kind=target.kind,
        provenance="; ".join(dict.fromkeys(_provenance(item) for item in matching)),
        note="; ".join([*problems, *([target.note] if target.note else [])]),
        parameters=used,
    )


def _computed(target: Target, used: Mapping[str, Any]) -> Values:
    """Return finite values, or say that there are none at these parameters."""
    defaults = target.defaults()
    changed = [f"{key} = {value!r}" for key, value in used.items() if value != defaults[key]]
    at = ", ".join(changed) or "its defaults"
    try:
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            ours = target.compute(**used)
    except (ArithmeticError, MemoryError) as error:
        raise ValueError(f"{target.name} cannot be computed at {at}: {error}") from error
    for name, value in ours.items():
        if not np.isfinite(flat(value)).all():
            raise ValueError(f"{target.name} has no finite {name} at {at}: got {value!r}")
    return ours


def _read(target: Target, case: Case) -> Values:
    try:
        return target.read(case)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(
            f"{case.id}: {target.name} cannot read what is expected: {case.expected!r}"
        ) from error


def _in_form(target: Target, key: str, value: Any) -> Any:
    """Return a value as the function's signature asks for it."""
    wanted = target.annotations()[key]
    try:
        form: TypeAdapter[Any] = TypeAdapter(wanted, config=ConfigDict(allow_inf_nan=False))
        return form.validate_python(value)
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise ValueError(f"{target.name}: {key} = {value!r}: {why}") from None


def _stated_for(target: Target, case: Case, used: Mapping[str, Any]) -> bool:
    stated = parameters_of(target, case)
    defaults = target.defaults()
    return all(
        _plain(used[key]) == _plain(stated.get(key, default))
        for key, default in defaults.items()
        if key not in PRECISION
    )


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return float(value) if isinstance(value, int | float) else value


def _provenance(case: Case) -> str:
    text = case.provenance + (f" ({case.source_quality})" if case.source_quality else "")
    return f"{text}: not verified against the paper" if "memory" in text else text
