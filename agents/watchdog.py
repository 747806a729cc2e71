"""Stops hooks that do not come back.

A run counts its turns. One thread a process looks now and then whether a run that is at work is
still in the same turn; after as long as a hook may take, an exception is raised in the thread of
that run. It costs the run nothing but the count. The thread ends when nothing has run for a while,
and before the process forks.
"""

import os
import threading
import weakref
from dataclasses import dataclass
from typing import Protocol

__all__ = ["WATCHDOG", "HookTooLong", "Watchdog", "let_it_come"]

LONGEST_PERIOD = 1.0  # seconds between two looks
LOOKS = 4  # at least so many before a hook is stopped: one look is late where the process slept


class HookTooLong(BaseException):
    """Raised in a hook that took too long. No ``Exception``, since a hook might catch that."""


def let_it_come() -> None:
    """Let a ``HookTooLong`` that is still under way arrive here, and nowhere else.

    It cannot be called off: CPython 3.11 then looks for it at every step for ever after, and all of
    the process is slow.
    """
    try:
        for _ in range(100):  # it arrives at a jump backwards
            pass
    except HookTooLong:
        pass


class WatchedRun(Protocol):
    """The methods that a ``Watchdog`` calls on a run."""

    def _is_at_work(self) -> bool:
        """Whether it is; if not, it asks to be watched again when it goes on."""

    def _turn(self) -> int:
        """Which turn it is in."""

    def _interrupt(self, turn: int) -> None:
        """Raise in it if it is still in this turn."""

    def _rewatch(self) -> None:
        """Nobody watches it any more."""


@dataclass(slots=True)
class Watched:
    """A run under the watchdog, and for how many seconds it has been in one turn."""

    run: weakref.ref[WatchedRun]
    """The run, as long as it is there."""
    seconds: float
    """Seconds that a turn may take."""
    turn: int = -1
    """The turn in which the run was at the last look."""
    spent: float = 0.0
    """Seconds that the run has been seen in that turn."""


class Watchdog:
    """One thread that looks after all runs of a process."""

    def __init__(self) -> None:
        self._watched: list[Watched] = []
        self._reset()

    def _reset(self) -> None:
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._period = LONGEST_PERIOD

    def watch(self, run: WatchedRun, seconds: float) -> None:
        """Look after a run until it ends: no turn of it may take more wall-clock ``seconds``."""
        with self._changed:
            self._watched.append(Watched(weakref.ref(run), seconds))
            self._start()

    def _start(self) -> None:
        self._period = min(LONGEST_PERIOD, *(one.seconds / LOOKS for one in self._watched))
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name="firesale watchdog", daemon=True
            )
            self._thread.start()
        else:
            self._changed.notify()

    def _work(self) -> None:
        with self._changed:
            while not self._stopping and self._watched:
                if not self._changed.wait(self._period):
                    self._watched = [one for one in self._watched if self._look_at(one)]
            self._thread = None

    def _look_at(self, watched: Watched) -> bool:
        """Whether a run is to be looked after any longer."""
        run = watched.run()
        if run is None or not run._is_at_work():
            return False
        turn = run._turn()
        watched.spent = watched.spent + self._period if turn == watched.turn else 0.0
        watched.turn = turn
        if watched.spent >= watched.seconds:
            run._interrupt(turn)
        return True

    def stop(self) -> None:
        """End the watchdog's thread, and wait until it has ended."""
        with self._changed:
            thread, self._stopping = self._thread, True
            self._changed.notify()
        if thread is not None:
            thread.join()
        self._stopping = False

    def _go_on(self) -> None:
        """After a fork, in the process that forked."""
        with self._changed:
            if self._watched:
                self._start()

    def _start_afresh(self) -> None:
        """After a fork, in the new process, where only the thread that forked is at work."""
        for one in self._watched:
            run = one.run()
            if run is not None:
                run._rewatch()
        self._watched = []
        self._reset()


WATCHDOG = Watchdog()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=WATCHDOG.stop,
        after_in_parent=WATCHDOG._go_on,
        after_in_child=WATCHDOG._start_afresh,
    )
