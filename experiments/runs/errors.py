"""Whose fault an error in a run is: the frames of the user's own code, and nothing of ours.

A design, agent or metric of the user's own is called from deep inside an engine, by whoever acts at
that moment. What its author needs is the line that raised, not who was acting.
"""

import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agents import AgentError
from experiments.scenario.user_code import USER_MODULES, UserCodeError

__all__ = ["RunError", "Told", "told"]

NO_AGENTS = ("simulation.pyx", "agent.pyx")
"""Files of ``agents/`` in which the clock runs, and no agent decides."""


class Told(NamedTuple):
    """An error of a run as its author needs it."""

    error: str
    """Type and message; the place in the user's own file before it, if the error went through
    one."""
    trace: str | None
    """The traceback: of the user's own frames if there are any, else the whole; ``None``:
    unknown."""


class RunError(ValueError):
    """A run raised: the message is the error with the seed.

    Attributes
    ----------
    error : str
        Type, message and place of the error in one line.
    seed : int
        Seed of the run: with it the error comes again.
    trace : str or None
        The traceback of the user's own frames if there are any, else the whole.

    Parameters
    ----------
    error, seed, trace
        See the attributes.
    """

    def __init__(self, error: str, seed: int, trace: str | None = None) -> None:
        super().__init__(f"{error} (the run of seed {seed})")
        self.error, self.seed, self.trace = error, seed, trace

    def __reduce__(self) -> tuple[type["RunError"], tuple[str, int, str | None]]:
        return RunError, (self.error, self.seed, self.trace)


def told(error: BaseException) -> Told:
    """Find the user's part in an error of a run, and leave out who happened to act."""
    if isinstance(error, RunError):
        return Told(str(error), error.trace)
    if isinstance(error, MemoryError):
        return Told(f"MemoryError: {error}" if str(error) else "MemoryError", None)
    if isinstance(error, UserCodeError) and error.__cause__ is not None:
        inner = told(error.__cause__)
        return Told(f"{error.of}: {inner.error}", inner.trace)
    cause = error
    if isinstance(error, AgentError) and error.__cause__ is not None:
        cause = error.__cause__ if _theirs(error.__cause__) or not _of_an_agent(error) else error
    shown_error = "".join(traceback.format_exception_only(cause)).strip()
    # The module of a file of the user's is called by its digest, which tells nobody anything.
    shown_error = re.sub(rf"\b{USER_MODULES}[0-9a-f]+\.", "", shown_error)
    line = " ".join(shown_error.splitlines())
    if isinstance(cause, SyntaxError) and cause.filename:
        line = (
            f"{Path(cause.filename).name}, line {cause.lineno}: {type(cause).__name__}: {cause.msg}"
        )
        return Told(line, shown_error)
    frames = next(filter(None, map(_theirs, (*_chain(cause), *_chain(error)))), None)
    if frames is None:
        return Told(line, "".join(traceback.format_exception(error)))
    last = frames[-1]
    shown = "".join(traceback.format_list(frames))
    return Told(
        f"{Path(last.filename).name}, line {last.lineno}, in {last.name}: {line}",
        f"Traceback of your code (most recent call last):\n{shown}{shown_error}",
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it was raised from or after: a hook that was stopped is behind it."""
    yield error
    for one in (error.__cause__, error.__context__):
        if one is not None:
            yield from _chain(one)


def _theirs(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames of an error that are in files of the user's own."""
    walked = list(traceback.walk_tb(error.__traceback__))
    summaries = traceback.extract_tb(error.__traceback__)
    return [
        summary
        for (frame, _), summary in zip(walked, summaries, strict=True)
        if str(frame.f_globals.get("__name__", "")).startswith(USER_MODULES)
    ]


def _of_an_agent(error: AgentError) -> bool:
    """Whether an agent raised, not what the venue did with its message."""
    assert error.__cause__ is not None
    files = [Path(one.filename) for one in traceback.extract_tb(error.__cause__.__traceback__)]
    return any("agents" in file.parts and file.name not in NO_AGENTS for file in files)
