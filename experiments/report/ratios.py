"""Ratios of means in words: with their interval, or with why there is none."""

from math import isnan
from typing import Any

from experiments.metrics.intervals import Interval
from lob.counted import counted
from lob.real_units import TICKS, RealUnit

__all__ = ["move_of", "no_ratio", "times_of"]


def times_of(ratio: Interval) -> str:
    """A ratio with its interval as text: "2.10 times [1.80, 2.50], 8 seeds".

    One seed has no interval, and seeds that all agree have shown none.
    """
    seeds = counted(ratio.samples, "seed")
    if isnan(ratio.low):
        return f"{ratio.estimate:.2f} times, {seeds}: too few for an interval"
    if ratio.low == ratio.high:
        return f"{ratio.estimate:.2f} times in each of {seeds}: no interval"
    return f"{ratio.estimate:.2f} times [{ratio.low:.2f}, {ratio.high:.2f}], {seeds}"


def move_of(scenario: Any, shock: int = 0) -> str:
    """Noun for what a shock does to the price: "drop", or "rise" if it buys.

    Parameters
    ----------
    scenario
        The scenario.
    shock
        Index of the shock, from 0.
    """
    return "drop" if scenario.shocks[shock].side == "sell" else "rise"


def no_ratio(below: Interval, what: str, price: RealUnit = TICKS) -> str:
    """An English clause: why a mean of drops or rises is no denominator.

    Parameters
    ----------
    below
        The mean with its interval.
    what
        Its name in the sentence.
    price
        Unit in which prices are told.
    """
    seeds = counted(below.samples, "seed")
    told = f"{price.number(below.estimate)} {price.name}"
    mean = f"the {what} is {told} in the mean of {seeds}"
    if below.samples > 1 and below.estimate > 0:
        return (
            f"{mean}, 95 % interval [{price.number(below.low)}, {price.number(below.high)}]: too "
            "uncertain, or too near zero, to divide by; more seeds may tell"
        )
    return f"{mean}: too near zero to divide by"
