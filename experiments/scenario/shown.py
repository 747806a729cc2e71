"""The values of a scenario in units that people have, beside its integers.

A count of ticks, lots or cash units is money or a size where the instrument says so; a number of
ppm is a percentage everywhere. What is shown here is exact, and is read back as the same integer.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from experiments.scenario.quantities import Step, steps_of
from experiments.scenario.table import Table
from experiments.scenario.units import units_of
from experiments.scenario.written import ResolvedKey
from lob.real_units import RealUnit, price_unit, significant, size_unit
from lob.units import write_amount, write_ns, write_ppm

__all__ = ["in_real_units"]

FLOAT_DIGITS = 12
"""Significant digits of a number that has no end in decimals."""


class _Count(NamedTuple):
    """How a count is shown: what it is multiplied by, and the unit that it is then in."""

    factor: Fraction
    """What a number is multiplied by."""
    unit: str
    """Name of the unit that it is then in."""


def in_real_units(
    scenario: Table, keys: Sequence[ResolvedKey], written: Mapping[str, str]
) -> list[ResolvedKey]:
    """Add to the keys of a scenario their values in real units, and the quantities behind them.

    Parameters
    ----------
    scenario
        The scenario, of all tables.
    keys
        Its keys, as ``experiments.scenario.written.resolved_keys`` lists them.
    written
        What was written for a value, by dotted path.
    """
    steps = steps_of(scenario.model_dump(mode="json"), type(scenario))
    cash = units_of(scenario).cash
    found = []
    for key in keys:
        texts = _texts(key.value, key.path, steps, cash)
        real = ", ".join(texts) if any(texts) else ""
        before = [text for path, text in written.items() if f"{path}.".startswith(f"{key.path}.")]
        found.append(key._replace(real=real, written=", ".join(before)))
    return found


def _texts(value: Any, path: str, steps: Mapping[str, Step], cash: RealUnit) -> list[str]:
    """The numbers of a value as texts, those in lists one by one; empty where nothing is to add."""
    if isinstance(value, dict):
        named = {name: _texts(one, f"{path}.{name}", steps, cash) for name, one in value.items()}
        return [f"{name} = {', '.join(texts)}" for name, texts in named.items() if any(texts)]
    if isinstance(value, list):
        inner = [_texts(one, f"{path}.{i}", steps, cash) for i, one in enumerate(value)]
        return [text for one in inner for text in one if text]
    step = steps.get(path)
    if step is None or isinstance(value, bool) or not isinstance(value, int | float):
        return []
    if step.unit.startswith("ppm"):
        # What comes after the unit is per what: "ppm a day".
        return [write_ppm(Fraction(str(value))) + step.unit.removeprefix("ppm")]
    if step.unit == "ns":
        return [write_ns(Fraction(str(value)))]
    shown = _shown(step, cash)
    if shown is None:
        return []
    exact = Fraction(str(value)) * shown.factor
    try:
        return [write_amount(exact, shown.unit)]
    except ValueError:
        return [f"{significant(float(exact), FLOAT_DIGITS)} {shown.unit}"]


def _shown(step: Step, cash: RealUnit) -> _Count | None:
    """How a number of a unit is shown; ``None``: the unit is people's, or no instrument says it."""
    if step.unit == "cash units":
        return _Count(cash.factor, cash.name) if cash.is_real else None
    if step.instrument is None or not step.instrument.has_units:
        return None
    price, size = price_unit(step.instrument), size_unit(step.instrument)
    if step.unit == "lots a tick":
        return _Count(size.factor / price.factor, f"{size.name} per {price.name}")
    for one in (price, size):
        # "ticks per square root of a second" are so many USD per square root of a second.
        if step.unit == one.step or step.unit.startswith(f"{one.step} "):
            return _Count(one.factor, one.name + step.unit.removeprefix(one.step))
    return None
