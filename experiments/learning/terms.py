"""The terms of a sale that an agent learns: what may be asked for, its market, its spaces."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from agents import Simulation
from agents.steered import MAX_LOTS, Sales, SteeredSeller
from experiments.calibration.named_markets import market_named
from lob.checks import choice, integer, switch
from lob.types import MAX_TIME
from lob.units import parse_duration

__all__ = ["ROLES", "Market", "SaleTerms", "actions_of", "drawn_seed", "known_options"]

Market = str | Callable[..., Simulation]
"""A ready market or market file by name, or a function ``(seed, *, events)`` that returns a run."""

ROLES = ("engine", "keeper")
SELLER = "sale"
SEEDS = 2**63
"""Seeds of markets are below."""

LOWEST = (0, 0, 0, -1, -1, 0, -1, 0, 0, 0)
"""The least of each part of an engine's observation; the most is 1."""
OFFERED = (0, 0)
"""The least of what a keeper sees besides."""


class SaleTerms:
    """What is sold, where, in which steps: checked, with the spaces that follow from it.

    The parameters are those of ``FiresaleEnv``.

    Attributes
    ----------
    options : dict[str, Any]
        The parameters, as they were given.
    action_space, observation_space : gymnasium.spaces.Box
        What may be done, and what is seen.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of another type or outside its range.
    """

    def __init__(
        self,
        *,
        role: str,
        market: Market,
        lots: int,
        steps: int,
        step: str | int,
        warm_up: str | int,
        reach: int,
        discount_start: int,
        discount_end: int,
        rivals: bool,
        instrument: int,
        tapes: bool,
    ) -> None:
        self.options: dict[str, Any] = {
            "role": role, "market": market, "lots": lots, "steps": steps, "step": step,
            "warm_up": warm_up, "reach": reach, "discount_start": discount_start,
            "discount_end": discount_end, "rivals": rivals, "instrument": instrument,
            "tapes": tapes,
        }  # fmt: skip
        self.keeper = choice("role", role, ROLES) == "keeper"
        if not callable(market) and not isinstance(market, str):
            raise TypeError(f"market must be a name or a function of a seed, got {market!r}")
        self._build = market if callable(market) else market_named(market)
        self._warm_up = _duration("warm_up", warm_up, 0)
        self._instrument = integer("instrument", instrument, 0, 2**16 - 1)
        self._tapes = switch("tapes", tapes)
        self._numbers: dict[str, Any] = {
            "keeper": self.keeper,
            "lots": integer("lots", lots, 1, MAX_LOTS),
            "step_ns": _duration("step", step, 1),
            "steps": steps,
            "reach": reach,
            "discount_start": discount_start if self.keeper else 0,
            "discount_end": discount_end if self.keeper else 0,
            "rivals": switch("rivals", rivals) and self.keeper,
        }
        self.sales(1)
        shares = 2 if self.keeper else 1
        self.action_space = Box(
            np.array([0.0] * shares + [-1.0], np.float32), np.ones(shares + 1, np.float32)
        )
        lowest = np.array(LOWEST + OFFERED * self.keeper, np.float32)
        self.observation_space = Box(lowest, np.ones(len(lowest), np.float32))

    def sales(self, count: int) -> Sales:
        """Sales by these terms, none of which has begun.

        Parameters
        ----------
        count
            How many, 1 or more.
        """
        return Sales(count, **self._numbers)

    def begin(self, sales: Sales, index: int, seed: int) -> Simulation:
        """Let a sale arrive in a market of its own, and return the run.

        Parameters
        ----------
        sales, index
            Which sale.
        seed
            Of the market.

        Raises
        ------
        TypeError, ValueError
            If the market is no run without clearing, or has no place for the sale: see
            ``Sales.begin``.
        """
        simulation = self._build(seed, events=self._tapes)
        if not isinstance(simulation, Simulation):
            raise TypeError(f"market must return a Simulation, got {simulation!r}")
        if simulation.clearings:
            raise ValueError("market must have no clearing: the seller has no account there")
        seller = SteeredSeller(SELLER, instrument=self._instrument)
        simulation.add(seller)
        simulation.run(until=simulation.now + self._warm_up)
        sales.begin(index, seller)
        return simulation


def actions_of(name: str, actions: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Actions as a float32 array of a shape, not yet held against their bounds.

    Parameters
    ----------
    name
        What a message calls them.
    actions
        Numbers.
    shape
        What the array must have.

    Raises
    ------
    TypeError, ValueError
        If they are no real numbers, or of another shape.
    """
    given = np.asarray(actions)
    if given.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be real numbers, got {actions!r}")
    if given.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, got {given.shape}: {actions!r}")
    with np.errstate(over="ignore"):  # what is beyond a float32 is infinite, and refused later
        return np.ascontiguousarray(given, np.float32)


def drawn_seed(given: int | None, generator: np.random.Generator) -> int:
    """The seed of a market: the given one, or the next that a generator draws.

    Parameters
    ----------
    given
        0 to ``2**63 - 1``, or ``None``.
    generator
        That of the environment.
    """
    if given is not None:
        return integer("market_seed", given, 0, SEEDS - 1)
    return int(generator.integers(SEEDS))


def known_options(options: Mapping[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any]:
    """The options of a reset, if they are ones that there are.

    Parameters
    ----------
    options
        By name.
    names
        Of those that there are.

    Raises
    ------
    TypeError, ValueError
        If they are no mapping, or one of them is unknown.
    """
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise TypeError(f"options must be a dict or None, got {options!r}")
    for name, value in options.items():
        if name not in names:
            raise ValueError(f"options must be among {', '.join(names)}, got {name!r} ({value!r})")
    return dict(options)


def _duration(name: str, value: str | int, low: int) -> int:
    """A duration in ns: an integer, or a text with its unit."""
    if not isinstance(value, str):
        return integer(name, value, low, MAX_TIME)
    try:
        return integer(name, parse_duration(value), low, MAX_TIME)
    except ValueError as error:
        raise ValueError(f"{name} must be a duration: {error}") from error
