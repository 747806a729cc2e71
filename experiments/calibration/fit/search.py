"""The smallest value of a function of one number, or of a few."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["descend", "least"]

GOLDEN = 0.6180339887498949


def least(
    loss: Callable[[float], float], low: float, high: float, tolerance: float = 1e-7
) -> float:
    """The place of the smallest value of a function with one valley, by golden section.

    Parameters
    ----------
    loss
        The function.
    low, high
        Where to look.
    tolerance
        How exact the place is.
    """
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = loss(left), loss(right)
    while high - low > tolerance:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = loss(right)
    return (low + high) / 2


def descend(
    loss: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    start: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    *,
    rounds: int = 60,
    tolerance: float = 1e-7,
) -> NDArray[np.float64]:
    """The place of the smallest value of a smooth function within bounds, by BFGS.

    Parameters
    ----------
    loss
        Returns the value and its gradient.
    start
        Where to begin.
    low, high
        The bounds of each number.
    rounds
        The most steps.
    tolerance
        It ends once a step gains less than this share of the value.
    """
    at = np.clip(start, low, high)
    value, slope = loss(at)
    shape = np.eye(len(at)) / max(1.0, float(np.abs(slope).max()))
    for _ in range(rounds):
        held = ((at <= low) & (slope > 0)) | ((at >= high) & (slope < 0))
        free = ~held
        if not free.any():
            break
        step = np.zeros(len(at))
        step[free] = -shape[np.ix_(free, free)] @ slope[free]
        if step @ slope >= 0:
            shape = np.eye(len(at)) / max(1.0, float(np.abs(slope).max()))
            step = np.where(free, -np.diag(shape) * slope, 0.0)
        length = 1.0
        while True:
            trial = np.clip(at + length * step, low, high)
            found, there = loss(trial)
            if found < value or length < 1e-6:
                break
            length /= 4
        if not found < value:
            break
        gained, moved, turned = value - found, trial - at, there - slope
        at, value, slope = trial, found, there
        if gained <= tolerance * abs(value):
            break
        along = float(moved @ turned)
        if along > 0:
            back = np.eye(len(at)) - np.outer(moved, turned) / along
            shape = back @ shape @ back.T + np.outer(moved, moved) / along
    return at
