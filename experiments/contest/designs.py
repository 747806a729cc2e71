"""Designs of a contest as they are written: ``dutch(step=30)``, ``mine=market-sale``.

A design of one's own is ``FILE.py:NAME``.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from experiments.scenario.design_parameters import parameters_in_steps
from experiments.scenario.designs import DESIGNS, make_design
from experiments.scenario.read import Scenario
from experiments.scenario.user_code import names_user_code

__all__ = ["FROZEN", "ContestDesign", "as_stated", "of_scenario", "parse_design", "parse_designs"]

WRITTEN = re.compile(
    r"(?:(?P<label>[^=(),]+)=)?(?P<design>[A-Za-z0-9:_./~-]+)(?:\((?P<parameters>.*)\))?"
)
"""How one design is written: label, design and parameters."""


class ContestDesign(NamedTuple):
    """A liquidation design that takes part in a contest, under a name of its own."""

    label: str
    """Unique in the contest; its name in reports."""
    design: str
    """Name of a liquidation design, or ``FILE.py:NAME`` of one's own."""
    parameters: dict[str, Any]
    """Parameters of the design by name, times in seconds; what is not given is the design's
    preset."""
    how: str = "preset"
    """Where the parameters come from: "preset", "scenario", "given" or "tuned"; "own": a design of
    the user's as its code has them; or "control"."""


FROZEN = ContestDesign("frozen", "frozen", {}, "control")
"""The control that forces nothing: failed accounts are recorded and keep what they have. A column
of every contest, beside which the drop of a design is read; it has sold nothing and cannot win."""


def parse_design(text: str, scenario: Scenario | None = None) -> ContestDesign:
    """Read one written design with its label and parameters, and try to make it.

    Parameters
    ----------
    text
        ``NAME``, ``NAME(KEY=VALUE,...)``, either after ``LABEL=``; values are JSON or plain words,
        and quantities as ``30 s`` where there is a scenario.
    scenario
        The scenario that it is for, in whose units quantities are read.

    Raises
    ------
    ValueError
        If it is not written so, or there is no such design or parameter.
    """
    found = WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no design: write NAME, NAME(KEY=VALUE,...) or LABEL=...")
    parameters: dict[str, Any] = {}
    written = found["parameters"] or ""
    for part in written.split(",") if written.strip() else ():
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key.isidentifier():
            raise ValueError(f"{text!r}: write its parameters as KEY=VALUE, got {part!r}")
        if key in parameters:
            raise ValueError(f"{text!r}: {key} is given twice")
        try:
            parameters[key] = json.loads(value)
        except json.JSONDecodeError:
            parameters[key] = value
    if scenario is not None:
        parameters = parameters_in_steps(found["design"], parameters, scenario)
    make_design(found["design"], parameters)
    label = (found["label"] or text).strip()
    plain = "own" if names_user_code(found["design"]) else "preset"
    return ContestDesign(label, found["design"], parameters, "given" if parameters else plain)


def parse_designs(text: str, scenario: Scenario | None = None) -> list[ContestDesign]:
    """Read written designs that commas separate; commas within parentheses belong to parameters.

    Parameters
    ----------
    text, scenario
        As for ``parse_design``, which reads each.

    Raises
    ------
    ValueError
        If one of them is no design, none is given, or two have the same label.
    """
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    found = [parse_design(part, scenario) for part in parts if part.strip()]
    if not found:
        raise ValueError(f"no design is given: there are {', '.join(sorted(DESIGNS))}")
    labels = [one.label for one in found]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(
                f"two designs are called {label!r}: write another label, as in again={label}"
            )
    return found


def of_scenario(scenario: Scenario) -> list[ContestDesign]:
    """A scenario's own design and its alternatives; an empty list if it names no alternatives."""
    if not scenario.alternatives:
        return []
    own = scenario.clearings[0].liquidation
    return [
        ContestDesign(own.design, own.design, dict(own.parameters), "scenario"),
        *(
            ContestDesign(one.label, one.design, dict(one.parameters), "scenario")
            for one in scenario.alternatives
        ),
    ]


def as_stated(designs: Sequence[ContestDesign], scenario: Scenario) -> list[ContestDesign]:
    """Designs with the parameters that a scenario states for their kind.

    A scenario that runs in another time than the real one has scaled them to its own. What a design
    states itself is left as it is; of two statements for a design the first counts.

    Parameters
    ----------
    designs
        The designs as they were given.
    scenario
        The scenario, whose own design and alternatives state parameters.
    """
    stated: dict[str, dict[str, Any]] = {}
    said = [(one.liquidation.design, one.liquidation.parameters) for one in scenario.clearings]
    said += [(one.design, one.parameters) for one in scenario.alternatives]
    for design, parameters in said:
        if parameters:
            stated.setdefault(design, parameters)
    return [
        one._replace(
            parameters={**stated[one.design], **one.parameters},
            how="scenario" if one.how in ("preset", "own") else one.how,
        )
        if one.design in stated
        else one
        for one in designs
    ]
