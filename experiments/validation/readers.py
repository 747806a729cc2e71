"""Readers of published cases: what sources call parameters and results, and our names."""

import re
from collections.abc import Callable
from typing import Any

from experiments.validation.cases import Case
from experiments.validation.queues import BIRTHS, CANCELLATIONS
from experiments.validation.target import Target, Values

__all__ = [
    "almgren_chriss",
    "also",
    "glosten_milgrom",
    "hurst",
    "in_order",
    "keyed",
    "listed",
    "parameters_of",
    "queue_at_rest",
    "santa_fe",
    "square_root",
    "whole_value",
    "zero_intelligence",
]

Reader = Callable[[Case], Values]
"""From a published case to its expected values, under the names of this project."""


def listed(*names: str) -> Reader:
    """Make a reader of a list of expected values, by names in its order.

    A lone value counts as a list of one. The reader raises ``ValueError`` where there are not as
    many values as names.
    """

    def read(case: Case) -> Values:
        expected = case.expected if isinstance(case.expected, list) else [case.expected]
        if len(expected) != len(names):
            raise ValueError(
                f"{case.id}: {len(names)} expected values are read, got {case.expected!r}"
            )
        return dict(zip(names, expected, strict=True))

    return read


def whole_value(name: str) -> Reader:
    """Make a reader that takes all that is expected as one value, a table or a list."""
    return lambda case: {name: case.expected}


def also(read: Reader, how: str) -> Reader:
    """Make a reader that takes each value also under its name with ``_how``.

    For what is both measured and computed, or found in two ways.

    Parameters
    ----------
    read
        Reader of the values.
    how
        What is added to their names, after an underscore.
    """

    def twice(case: Case) -> Values:
        found = read(case)
        return found | {f"{name}_{how}": value for name, value in found.items()}

    return twice


def keyed(**names: str) -> Reader:
    """Make a reader of an object of expected values: ours by the source's name.

    Names of the source may hold spaces. The reader raises ``ValueError`` if what is expected is no
    object, or has values that no name covers.
    """

    def read(case: Case) -> Values:
        if not isinstance(case.expected, dict):
            raise ValueError(f"{case.id}: an object is expected, got {case.expected!r}")
        unread = set(case.expected) - set(names.values())
        if unread:
            raise ValueError(f"{case.id}: no reader for {', '.join(sorted(unread))}")
        return {
            ours: case.expected[theirs] for ours, theirs in names.items() if theirs in case.expected
        }

    return read


def almgren_chriss(case: Case) -> Values:
    """Read what Almgren and Chriss state: a schedule, its moments, or an immediate sale's cost."""
    if isinstance(case.expected, dict):
        names = {"holdings": "x", "kappa": "kappa", "theta": "theta_days"}
        names |= {"expected_cost": "E", "standard_deviation": "sd"}
        return dict(keyed(**names)(case))
    if isinstance(case.expected, list):
        return dict(listed("expected_cost", "standard_deviation")(case))
    return {"instant_cost": case.expected}


def glosten_milgrom(case: Case) -> Values:
    """Read Glosten and Milgrom's spread, and asks after as many purchases as the key says."""
    asks = _key(case, "ask k=")
    return dict(keyed(initial_spread="initial spread", asks=asks)(case))


def in_order(name: str) -> Reader:
    """Make a reader that takes the values of an object as one list, whatever they are called."""
    return lambda case: {name: list(case.expected.values())}


def queue_at_rest(case: Case) -> Values:
    """Read the mean of a queue at rest, and the chances of as many sizes as the key says."""
    return dict(keyed(mean="mean", law=_key(case, "pi0"))(case))


def _key(case: Case, start: str) -> str:
    """Return the expected key that begins so, else that beginning."""
    return next((key for key in case.expected if key.startswith(start)), start)


def santa_fe(case: Case) -> Values:
    """Read the one value of the Santa Fe model that the second word of the case's id names.

    Raises ``ValueError`` if there is no reader for it.
    """
    names = {
        "spread": "spread",
        "V0.5": "variance",
        "MOimpact": "impact",
        "Dlate": "late_diffusion",
        "smalleps": "spread",
    }
    kind = case.id.split("-")[1]
    if kind == "depth":
        numbers = re.fullmatch(r"mean=alpha/delta, Fano=([\d.]+)", str(case.expected))
        if not numbers:
            raise ValueError(f"{case.id}: no reader for {case.expected!r}")
        return {"far_depth": 1.0, "far_fano": float(numbers[1])}
    return {names[kind]: case.expected}


def hurst(case: Case) -> Values:
    """Read the Hurst exponent of market orders, without its standard error."""
    return {"hurst": case.expected["market"][0]}


def zero_intelligence(case: Case) -> Values:
    """Read the efficiency in percent: the mean over the five markets of Gode and Sunder.

    Which schedules the markets had is not in the text.
    """
    found = case.expected["ZI-C"]
    return {"constrained": sum(found) / len(found)}


def square_root(case: Case) -> Values:
    """Read the exponent of impact against size fitted to one exchange (Tokyo)."""
    return {"delta": case.expected["delta TSE"]}


def parameters_of(target: Target, case: Case) -> dict[str, Any]:
    """Return a published case's parameters by name, as ``target.compute`` takes them.

    Raises
    ------
    ValueError
        If the case has a parameter that the target does not know.
    """
    given = dict(case.parameters)
    extra: dict[str, Any] = {}
    if target.name == "santa-fe":
        given, extra = {}, _santa_fe_parameters(case)
    elif target.name == "avellaneda-stoikov":
        extra = {"strategy": "symmetric" if "-sym-" in case.id else "inventory"}
    elif target.name == "next-change":
        pairs = [re.fullmatch(r"i=(\d+),n=(\d+)", key) for key in case.expected]
        if not all(pairs):
            raise ValueError(f"{case.id}: no reader for {', '.join(case.expected)}")
        extra = {"at": [[int(pair[1]), int(pair[2])] for pair in pairs if pair]}
        extra |= _first_rates(given)
    elif target.name == "glosten-milgrom":
        extra = {"buys": len(glosten_milgrom(case).get("asks", [0]))}
    elif target.name == "queue-at-rest":
        extra = {"shown": len(queue_at_rest(case)["law"])}
    elif target.name == "cst-table-3":
        extra = {"size": len(case.expected)}
    elif target.name == "order-splitting":
        extra = {"lags": [int(lag) for lag in case.expected]}
    elif target.name == "cont-de-larrard":
        extra = {"size": len(case.expected)}
    elif target.name == "toxic-in-a-pool":
        extra = {"falling": "-dyn" in case.id}
    elif target.name == "obizhaeva-wang":
        _same_density(given, case)
    try:
        return target.translate(given) | extra
    except ValueError as error:
        raise ValueError(f"{case.id}: {error}") from None


def _santa_fe_parameters(case: Case) -> dict[str, Any]:
    """From the file's redundant description of the book: mu, alpha and delta fix the rest."""
    given = dict(case.parameters)
    if set(given) == {"any"}:
        return {}
    eps = given.get("eps", given.get("eps=2*delta*sigma/mu"))
    if "eps" in given:  # an upper bound: go well below it, on a finer tick
        number = float(str(eps).lstrip("<= "))
        return {"eps": 0.4 * number, "granularity": 0.005, "window": 4.0}
    unit = given.get("p_c_ticks", 50)
    window = given.get("LO window ticks from opposite best", 10 * unit) / unit
    known = {
        "eps=2*delta*sigma/mu", "mu_total_MO_rate", "MO rate per side", "sigma", "p_c_ticks",
        "alpha_per_side_per_tick", "delta_per_order", "dp/p_c", "run",
        "LO window ticks from opposite best",
    }  # fmt: skip
    for name in set(given) - known:
        raise ValueError(f"{case.id}: no reader for parameter {name!r}")
    mu = given.get("mu_total_MO_rate", 1.0)
    stated = {
        "delta_per_order": eps * mu / 2,
        "alpha_per_side_per_tick": mu / (2 * unit),
        "dp/p_c": 1 / unit,
        "MO rate per side": mu / 2,
        "sigma": 1,
    }
    for name, implied in stated.items():
        if abs(given.get(name, implied) - implied) > 1e-9 * abs(implied):
            raise ValueError(f"{case.id}: {name} = {given[name]!r}, but the rest gives {implied!r}")
    return {"eps": eps, "granularity": 1 / unit, "window": window}


def _first_rates(given: dict[str, Any]) -> dict[str, Any]:
    """The case states the rates at one tick only; those further out are the source's table."""
    arrival = given.pop("lambda(1)", BIRTHS[0])
    cancellation = given.pop("theta(1)", CANCELLATIONS[0])
    return {
        "arrivals": [arrival, *BIRTHS[1:]],
        "cancellations": [cancellation, *CANCELLATIONS[1:]],
    }


def _same_density(given: dict[str, Any], case: Case) -> None:
    """Kappa is what permanent impact leaves of 1 / q: it must not be stated otherwise."""
    if {"q", "lambda", "kappa"} <= set(given):
        left = 1 / given["q"] - given["lambda"]
        if abs(left - given["kappa"]) > 1e-9 / given["q"]:
            raise ValueError(f"{case.id}: kappa = {given['kappa']!r}, but 1/q - lambda = {left!r}")
