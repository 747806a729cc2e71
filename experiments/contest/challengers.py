"""The designs of a contest as one writes them: ``dutch(step=30)``, ``mine=market-sale``.

A design of one's own is ``FILE.py:NAME``.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from experiments.designs import DESIGNS, make_liquidator
from experiments.scenario import Scenario

__all__ = ["Challenger", "as_stated", "of_scenario", "parse_challenger", "parse_challengers"]

WRITTEN = re.compile(
    r"(?:(?P<label>[^=(),]+)=)?(?P<design>[A-Za-z0-9:_./~-]+)(?:\((?P<parameters>.*)\))?"
)


class Challenger(NamedTuple):
    """A design that takes part, under a name of its own."""

    label: str
    design: str
    parameters: dict[str, Any]
    how: str = "preset"
    """Where the parameters come from: "preset", "scenario", "given" or "tuned"."""


def parse_challenger(text: str) -> Challenger:
    """Read one design with its label and parameters, and try to make it.

    Raises
    ------
    ValueError
        If it is not written so, or there is no such design or parameter.
    """
    found = WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no design: write NAME, NAME(KEY=VALUE,...) or LABEL=...")
    parameters: dict[str, Any] = {}
    for part in filter(None, (found["parameters"] or "").split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key.isidentifier():
            raise ValueError(f"{text!r}: write its parameters as KEY=VALUE, got {part!r}")
        try:
            parameters[key] = json.loads(value)
        except json.JSONDecodeError:
            parameters[key] = value
    make_liquidator(found["design"], parameters)
    label = (found["label"] or text).strip()
    return Challenger(label, found["design"], parameters, "given" if parameters else "preset")


def parse_challengers(text: str) -> list[Challenger]:
    """Read designs that commas separate; commas within parentheses belong to parameters.

    Raises
    ------
    ValueError
        If one of them is no design, or two have the same label.
    """
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    found = [parse_challenger(part) for part in parts if part.strip()]
    if not found:
        raise ValueError(f"no design is given: there are {', '.join(sorted(DESIGNS))}")
    labels = [one.label for one in found]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(
                f"two designs are called {label!r}: write another label, as in again={label}"
            )
    return found


def of_scenario(scenario: Scenario) -> list[Challenger]:
    """A scenario's own design and those beside it; none if nothing is beside it."""
    if not scenario.beside:
        return []
    own = scenario.clearings[0].liquidator
    return [
        Challenger(own.design, own.design, dict(own.parameters), "scenario"),
        *(
            Challenger(one.label, one.design, dict(one.parameters), "scenario")
            for one in scenario.beside
        ),
    ]


def as_stated(challengers: Sequence[Challenger], scenario: Scenario) -> list[Challenger]:
    """The same, with the parameters that the scenario states for their designs.

    A scenario that runs in another time than the real one has scaled them to its own. What a
    challenger states itself is left as it is; of two statements for a design the first counts.
    """
    stated: dict[str, dict[str, Any]] = {}
    said = [(one.liquidator.design, one.liquidator.parameters) for one in scenario.clearings]
    said += [(one.design, one.parameters) for one in scenario.beside]
    for design, parameters in said:
        if parameters:
            stated.setdefault(design, parameters)
    return [
        one._replace(
            parameters={**stated[one.design], **one.parameters},
            how="scenario" if one.how == "preset" else one.how,
        )
        if one.design in stated
        else one
        for one in challengers
    ]
