"""One sale that an agent decides step by step: a Gymnasium environment."""

from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from agents import Simulation
from experiments.learning.terms import (
    Market,
    SaleTerms,
    actions_of,
    drawn_seed,
    known_options,
)

__all__ = ["FiresaleEnv"]

ALL = np.ones(1, np.bool_)


class FiresaleEnv(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """One forced sale in a market that reacts: how fast to sell, and how patiently.

    Two roles. An *engine* of liquidation has ``lots`` in hand and must sell them. To a *keeper*
    they are offered at the mid, rounded down, less a discount that rises from step to step; it
    buys shares of what is left, and must sell what it has bought. It has all the money it needs.

    Each step withdraws the order of the step before, sends what the action says, and lets the
    market go on for ``step``. There is no latency: the order meets the book at once.

    **Action**, float32: of a keeper first the share of what is on offer to take, 0 to 1. Then the
    share of the inventory to sell, 0 to 1. Then how patiently, -1 to 1: below 0 at market; else
    with a limit this share of ``reach`` above the best bid, where the rest waits until the next
    step. Lots and ticks are rounded down.

    **Observation**, float32, each within 0 to 1, or -1 to 1 where said:

    0. inventory / ``lots``
    1. steps left / ``steps``
    2. lots that wait in the book / ``lots``
    3. change of the mid since the arrival / 10 %, cut off at -1 and 1
    4. change of the mid over the last step / 1 % of the arrival price, cut off at -1 and 1
    5. spread / 1 % of the arrival price, cut off at 1; 1 where a side is empty
    6. lots at the best bid less lots at the best ask / their sum, -1 to 1
    7. lots at the five best bid prices: d / (d + ``lots``)
    8. the same of the five best ask prices, those of the sale itself among them
    9. lots sold in the last step / ``lots``
    10. keeper: lots on offer / ``lots``
    11. keeper: the discount at the coming step / ``discount_end``

    **Reward**, in ticks times lots, a whole number: the change of cash plus inventory at the
    arrival price, which is the mid at the beginning, rounded down to a tick. The sum over an
    episode is what an engine got, less what its lots would have brought at the arrival price: the
    implementation shortfall, negative for a loss; of a keeper, its profit in cash. A float64 holds
    it exactly below 2**53; ``info`` always does.

    **End.** ``terminated`` when nothing is left in hand or on offer. ``truncated`` after ``steps``
    steps: what is in hand is then sold at market within that step, and what nobody buys is worth
    nothing.

    **info**, exact integers: ``time`` (ns), ``step``, ``inventory``, ``working`` and ``sold``
    (lots), ``cash`` (ticks times lots), ``arrival_price``, ``best_bid``, ``best_ask`` (ticks, the
    last there were), ``result`` (the sum of the rewards), ``seed`` (of the market). Of a keeper
    too: ``on_offer``, ``taken``, ``taken_by_rivals`` (lots), ``paid`` (ticks times lots, rounded
    up at each take), ``offer_price`` (of one lot at the coming step).

    Parameters
    ----------
    role
        ``"engine"`` or ``"keeper"``.
    market
        A ready market or a market file by name, or a function ``(seed, *, events)`` that returns an
        ``agents.Simulation`` without clearing. All ready ones run, those of compiled agents fast.
    lots
        Lots to sell or on offer, 1 to 2,097,152.
    steps
        Most steps of an episode, 1 or more.
    step
        Time between two decisions: ns, or a text such as ``"500 ms"``.
    warm_up
        How long the market goes on before the sale arrives: ns, 0 or more, or a text.
    reach
        Ticks from the best bid to the farthest limit, 1 or more.
    discount_start, discount_end
        Of a keeper's offer, in ppm of the mid, at the first and the last step, on a line between
        them: ``0 <= discount_start <= discount_end < 1_000_000``.
    rivals
        Whether other keepers take all that is left on offer once the discount has reached a level
        that is drawn evenly from ``discount_start`` to ``discount_end``; at each step the agent
        comes first.
    instrument
        Number of the instrument of the market that is sold.
    tapes
        Whether ``simulation`` keeps its events and messages: for a digest, at the cost of memory.
    render_mode
        ``None``: there is nothing to render.

    Attributes
    ----------
    simulation : agents.Simulation or None
        The run of the episode; ``None`` before the first reset.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    metadata = {  # noqa: RUF012
        "render_modes": [],
        # One environment waits for a reset; the vector version starts anew by itself.
        "autoreset_mode": AutoresetMode.DISABLED,
    }

    def __init__(
        self,
        *,
        role: str = "engine",
        market: Market = "equity",
        lots: int = 5_000,
        steps: int = 300,
        step: str | int = "2 s",
        warm_up: str | int = "1 min",
        reach: int = 20,
        discount_start: int = 0,
        discount_end: int = 10_000,
        rivals: bool = True,
        instrument: int = 0,
        tapes: bool = False,
        render_mode: None = None,
    ) -> None:
        if render_mode is not None:
            raise ValueError(f"render_mode must be None, got {render_mode!r}")
        self._terms = SaleTerms(
            role=role, market=market, lots=lots, steps=steps, step=step, warm_up=warm_up,
            reach=reach, discount_start=discount_start, discount_end=discount_end, rivals=rivals,
            instrument=instrument, tapes=tapes,
        )  # fmt: skip
        self.action_space = self._terms.action_space
        self.observation_space = self._terms.observation_space
        self._shape = (1, *self.action_space.shape)
        self._sales = self._terms.sales(1)
        self._seed = 0
        self.simulation: Simulation | None = None
        spec = gymnasium.spec(f"Firesale/{role.capitalize()}-v0")
        self.spec = replace(spec, kwargs=self._terms.options)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode: the market of a new seed, warmed up.

        Parameters
        ----------
        seed
            Of the environment's generator, which draws the seed of each market; ``None``: it goes
            on. The same seed and actions give the same tapes.
        options
            ``{"market_seed": n}`` takes the market of that seed and draws none.

        Raises
        ------
        TypeError, ValueError
            If an option is unknown or outside its range.
        """
        chosen = known_options(options, ("market_seed",))
        super().reset(seed=seed)
        self._seed = drawn_seed(chosen.get("market_seed"), self.np_random)
        self.simulation = self._terms.begin(self._sales, 0, self._seed)
        return self._sales.observations[0].copy(), self._info()

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Do what an action says, and let the market go on to the next decision.

        Parameters
        ----------
        action
            As the class says.

        Raises
        ------
        TypeError, ValueError
            If it is not in ``action_space``; then nothing has happened.
        RuntimeError
            If the episode is over or none has begun.
        """
        rows = actions_of("action", action, self._shape[1:]).reshape(self._shape)
        sales = self._sales
        sales.step(rows, ALL, "action")
        return (
            sales.observations[0].copy(),
            float(sales.rewards[0]),
            bool(sales.terminated[0]),
            bool(sales.truncated[0]),
            self._info(),
        )

    def _info(self) -> dict[str, Any]:
        facts = dict(zip(self._sales.names, self._sales.facts[0].tolist(), strict=True))
        return facts | {"seed": self._seed}
