"""Many sales at once, each in a market of its own: a Gymnasium vector environment."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from agents import Simulation
from experiments.learning.terms import (
    Market,
    SaleTerms,
    actions_of,
    drawn_seed,
    known_options,
)
from lob.checks import integer

__all__ = ["FiresaleVectorEnv"]

Flags = NDArray[np.bool_]


class FiresaleVectorEnv(VectorEnv[NDArray[np.float32], NDArray[np.float32], NDArray[Any]]):
    """Many forced sales side by side, stepped in one compiled call.

    Equal to ``gymnasium.vector.SyncVectorEnv`` of as many ``FiresaleEnv``, to the byte: actions,
    observations, rewards, ends and infos are theirs, a row each. What a row sees depends on its own
    seed and actions alone.

    Parameters
    ----------
    num_envs
        How many, 1 or more.
    autoreset_mode
        What becomes of a row that has ended, a ``gymnasium.vector.AutoresetMode`` or its value.
        ``NEXT_STEP``: the next step starts its next episode, whatever its action says.
        ``SAME_STEP``: the same step does, and ``info`` has ``final_obs`` and ``final_info``.
        ``DISABLED``: nothing, see ``reset``.
    role, market, lots, steps, step, warm_up, reach, discount_start, discount_end, rivals, \
instrument, tapes, render_mode
        As of ``FiresaleEnv``.

    Attributes
    ----------
    simulations : tuple[agents.Simulation, ...]
        The runs of the episodes; empty before the first reset.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    metadata = {  # noqa: RUF012
        "render_modes": [],
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        *,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
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
        self.num_envs = integer("num_envs", num_envs, 1, 2**20)
        self._mode = _mode_of(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self._mode}
        self._terms = SaleTerms(
            role=role, market=market, lots=lots, steps=steps, step=step, warm_up=warm_up,
            reach=reach, discount_start=discount_start, discount_end=discount_end, rivals=rivals,
            instrument=instrument, tapes=tapes,
        )  # fmt: skip
        self.single_action_space = self._terms.action_space
        self.single_observation_space = self._terms.observation_space
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self._shape = (self.num_envs, *self._terms.action_space.shape)
        self._sales = self._terms.sales(self.num_envs)
        self._seeds = np.zeros(self.num_envs, np.int64)
        self._generators: list[np.random.Generator | None] = [None] * self.num_envs
        self._ended = np.zeros(self.num_envs, np.bool_)
        self._runs: list[Simulation | None] = [None] * self.num_envs

    @property
    def simulations(self) -> tuple[Simulation, ...]:
        """The runs of the episodes, in the order of the rows."""
        return tuple(one for one in self._runs if one is not None)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode in every row, or in those of a mask.

        Parameters
        ----------
        seed
            Of row 0, the next rows having the next integers; or one a row; ``None``: the generators
            go on.
        options
            ``{"market_seed": n}`` as of ``FiresaleEnv``, the same for all rows; ``"reset_mask"``, a
            bool array: the rows to reset, the others go on.

        Raises
        ------
        TypeError, ValueError
            If there are not as many seeds as rows, or an option is unknown or outside its range.
        """
        chosen = known_options(options, ("market_seed", "reset_mask"))
        mask = _mask_of(chosen.get("reset_mask"), self.num_envs)
        seeds = self._seeds_of(seed)
        for index in np.flatnonzero(mask).tolist():
            self._begin(index, seeds[index], chosen.get("market_seed"))
        self._ended[mask] = False
        return self._sales.observations.copy(), self._infos(mask)

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Do what the actions say, and let all markets go on to the next decision.

        Parameters
        ----------
        actions
            A row for each environment.

        Raises
        ------
        TypeError, ValueError
            If one that counts is not in ``single_action_space``; then nothing has happened.
        RuntimeError
            If an episode is over and does not begin again by itself, or none has begun.
        """
        sales = self._sales
        rows = actions_of("actions", actions, self._shape)
        again = self._ended if self._mode is AutoresetMode.NEXT_STEP else np.zeros_like(self._ended)
        sales.step(rows, ~again)
        for index in np.flatnonzero(again).tolist():
            self._begin(index)
        rewards = sales.rewards.copy()
        terminated, truncated = sales.terminated.copy(), sales.truncated.copy()
        self._ended = terminated | truncated
        infos: dict[str, Any] = {}
        if self._mode is AutoresetMode.SAME_STEP and self._ended.any():
            infos = self._start_again(self._ended)
        infos |= self._infos(np.ones(self.num_envs, np.bool_))
        return sales.observations.copy(), rewards, terminated, truncated, infos

    def close_extras(self, **_: Any) -> None:
        """Let go of the markets."""
        self._runs = [None] * self.num_envs
        self._sales = self._terms.sales(self.num_envs)

    def _begin(self, index: int, seed: int | None = None, market_seed: int | None = None) -> None:
        """Begin the next episode of a row."""
        generator = self._generators[index]
        if generator is None or seed is not None:
            generator = self._generators[index] = seeding.np_random(seed)[0]
        self._seeds[index] = drawn_seed(market_seed, generator)
        self._runs[index] = self._terms.begin(self._sales, index, int(self._seeds[index]))

    def _start_again(self, ended: Flags) -> dict[str, Any]:
        """Begin the next episode of rows that have ended; how they ended."""
        last = np.full(self.num_envs, None, object)
        for index in np.flatnonzero(ended).tolist():
            last[index] = self._sales.observations[index].copy()
        infos = {
            "final_obs": last,
            "_final_obs": ended.copy(),
            "final_info": self._infos(ended),
            "_final_info": ended.copy(),
        }
        for index in np.flatnonzero(ended).tolist():
            self._begin(index)
        return infos

    def _infos(self, mask: Flags) -> dict[str, Any]:
        """The exact state of the rows of a mask, 0 in the others, and for each key the mask."""
        columns = np.where(mask, self._sales.facts.T, 0)
        infos: dict[str, Any] = dict(zip(self._sales.names, columns, strict=True))
        infos["seed"] = np.where(mask, self._seeds, 0)
        return infos | {f"_{name}": mask.copy() for name in infos}

    def _seeds_of(self, seed: int | Sequence[int | None] | None) -> Sequence[int | None]:
        """The seed of each row."""
        if seed is None:
            return [None] * self.num_envs
        if not isinstance(seed, Sequence | np.ndarray):
            first = integer("seed", seed, 0)
            return [first + index for index in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"seed must be one, or {self.num_envs} of them, got {seed!r}")
        return [None if one is None else integer("seed", one, 0) for one in seed]


def _mode_of(mode: str | AutoresetMode) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError:
        modes = ", ".join(one.value for one in AutoresetMode)
        raise ValueError(f"autoreset_mode must be one of {modes}, got {mode!r}") from None


def _mask_of(mask: Any, count: int) -> Flags:
    """The rows to reset: all, unless there is a mask of some."""
    if mask is None:
        return np.ones(count, np.bool_)
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
        raise TypeError(f"reset_mask must be a bool array, got {mask!r}")
    if mask.shape != (count,) or not mask.any():
        raise ValueError(f"reset_mask must have {count} rows, one or more of them True, got {mask}")
    return mask.copy()
