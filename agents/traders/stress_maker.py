"""A market maker that gives way under stress, and comes back.

It is a ladder with limits. Each limit measures one strain on every look (1: the limit is reached)
and states a response: quote wider, quote less, or withdraw. A limit that was reached stays so
until its strain has been below its release level, without a break, for the cool-down: two levels
and a pause keep the maker from flickering. Where several limits hold, their factors on width and
size multiply, and the furthest withdrawal counts.

What is assumed: strain is measured when the maker looks, that is on its timer, when it has traded,
and when the touch has moved if it follows that (``rest``); what happens between two looks is seen
at the second. A maker that holds lots while both its sides are withdrawn keeps them: it does not
pay to get rid of them.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from math import floor, sqrt
from typing import Any, NamedTuple, Protocol

from agents.traders.makers import LadderMaker
from agents.traders.quoting import Quotes
from lob import Side
from lob.checks import integer, real
from lob.engine.elementary import share_kept
from lob.units import SECOND_NS

__all__ = [
    "DrawdownLimit",
    "InventoryLimit",
    "Limit",
    "MakerState",
    "Reading",
    "Response",
    "StateChange",
    "StressSensitiveMaker",
    "VolatilityLimit",
    "Withdrawal",
]


class MakerState(IntEnum):
    """What a stress-sensitive maker does about stress."""

    QUOTING = 0
    """No limit holds the maker back."""
    WIDENED = 1
    """A limit holds: the maker quotes wider, less, or on one side only."""
    WITHDRAWN = 2
    """The maker quotes on neither side."""


class Withdrawal(IntEnum):
    """Which quotes a response takes away; the furthest of several counts."""

    NEITHER = 0
    """Both sides are quoted."""
    ADDING = 1
    """The side on which a trade would add to the inventory is not quoted; with none, both are."""
    BOTH = 2
    """Neither side is quoted."""


class Reading(NamedTuple):
    """What a limit of a maker may know at one look."""

    ts: int
    """Time of the look in ns."""
    mid: float
    """The last mid that the maker saw, in ticks."""
    position: int
    """Lots that the maker holds, negative: short, as far as it has heard."""
    cash: int
    """Cash of the maker in ticks times lots, as far as it has heard."""


@dataclass(frozen=True)
class Response:
    """What a maker does while a limit holds.

    Parameters
    ----------
    widen
        Factor on the distances from the mid, at least 1. Prices are still rounded outward.
    shrink
        Factor on the size of a level, more than 0 and at most 1; rounded down, but a lot at least.
    withdraw
        Which sides are not quoted.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    widen: float = 1.0
    shrink: float = 1.0
    withdraw: Withdrawal = Withdrawal.NEITHER

    def __post_init__(self) -> None:
        if real("widen", self.widen, above=0) < 1:
            raise ValueError(f"widen must be at least 1, got {self.widen!r}")
        if real("shrink", self.shrink, above=0) > 1:
            raise ValueError(f"shrink must be at most 1, got {self.shrink!r}")
        Withdrawal(self.withdraw)


class Limit(Protocol):
    """A strain on a maker, and what the maker does about it."""

    @property
    def name(self) -> str:
        """Name of the limit in the record of state changes."""

    @property
    def response(self) -> Response:
        """What is done while the limit holds."""

    @property
    def release(self) -> float:
        """The strain, less than 1, below which it may ease."""

    def strain(self, reading: Reading) -> float:
        """The strain now: at 1 the limit takes hold. Called once a look, in order of time."""


@dataclass
class InventoryLimit:
    """A limit on the lots that a maker holds, long or short; the strain is their share of ``lots``.

    Raises ``ValueError`` if a field is outside its range, or the response withdraws both sides:
    then nothing would ever bring the lots down.
    """

    lots: int
    """Lots at which the limit holds, 1 or more."""
    release: float = 0.5
    """Strain below which the limit may ease, above 0 and below 1."""
    response: Response = Response(withdraw=Withdrawal.ADDING)
    """What the maker does while the limit holds."""
    name: str = "inventory"
    """Name of the limit in the record of state changes."""

    def __post_init__(self) -> None:
        integer("lots", self.lots, 1)
        real("release", self.release, above=0, below=1)
        if self.response.withdraw == Withdrawal.BOTH:
            raise ValueError(
                f"response of an inventory limit must not withdraw both sides, got {self.response}"
            )

    def strain(self, reading: Reading) -> float:
        """The strain on an inventory limit: lots held over ``lots``."""
        return abs(reading.position) / self.lots


@dataclass
class VolatilityLimit:
    """A limit on how much the mid moves; the strain is its realised volatility over ``sigma``.

    The volatility is the root of an average of (change of the mid)^2 / time between looks, in which
    a stretch of time loses half its weight in ``half_life``; it starts from 0. Raises
    ``ValueError`` if a field is outside its range.
    """

    sigma: float
    """Volatility at which the limit holds, in ticks per square root of a second, above 0."""
    half_life: int
    """ns in which a stretch of time loses half its weight, 1 or more."""
    release: float = 0.7
    """Strain below which the limit may ease, above 0 and below 1."""
    response: Response = Response(widen=2.0, shrink=0.5)
    """What the maker does while the limit holds."""
    name: str = "volatility"
    """Name of the limit in the record of state changes."""
    variance: float = field(default=0.0, init=False)  # ticks^2 per second
    last: Reading | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        real("sigma", self.sigma, above=0)
        integer("half_life", self.half_life, 1)
        real("release", self.release, above=0, below=1)

    def strain(self, reading: Reading) -> float:
        """The strain on a volatility limit: realised volatility over ``sigma``."""
        if self.last is None:
            self.last = reading
        passed = reading.ts - self.last.ts
        if passed > 0:
            moved = reading.mid - self.last.mid
            fresh = moved * moved * SECOND_NS / passed
            kept = share_kept(passed, self.half_life)
            self.variance = kept * self.variance + (1 - kept) * fresh
            self.last = reading
        return sqrt(self.variance) / self.sigma


@dataclass
class DrawdownLimit:
    """A limit on what a maker has lost since its best moment of late, in ticks times lots.

    The strain is the fall from that highest value over ``loss``. Value is cash plus position at the
    mid; the highest is that of the looks in the last ``window`` ns, so that an old loss is forgiven
    in time. Raises ``ValueError`` if a field is outside its range.
    """

    loss: int
    """Loss at which the limit holds, in ticks times lots, 1 or more."""
    window: int
    """ns over which the highest value counts, 1 or more."""
    release: float = 0.5
    """Strain below which the limit may ease, above 0 and below 1."""
    response: Response = Response(withdraw=Withdrawal.BOTH)
    """What the maker does while the limit holds."""
    name: str = "drawdown"
    """Name of the limit in the record of state changes."""
    # Times and values, falling: each is the highest since its time.
    peaks: deque[tuple[int, float]] = field(default_factory=deque, init=False, repr=False)

    def __post_init__(self) -> None:
        integer("loss", self.loss, 1)
        integer("window", self.window, 1)
        real("release", self.release, above=0, below=1)

    def strain(self, reading: Reading) -> float:
        """The strain on a drawdown limit: fall from the highest value over ``loss``."""
        value = reading.cash + reading.position * reading.mid
        while self.peaks and self.peaks[0][0] <= reading.ts - self.window:
            self.peaks.popleft()
        while self.peaks and self.peaks[-1][1] <= value:
            self.peaks.pop()
        self.peaks.append((reading.ts, value))
        return (self.peaks[0][1] - value) / self.loss


class StateChange(NamedTuple):
    """A change of what a stress-sensitive maker does, or of the limits behind it."""

    ts: int
    """Time in ns from which on it holds."""
    state: MakerState
    """What the maker does from then on."""
    causes: tuple[str, ...]
    """Names of the limits that hold."""


@dataclass
class _Watch:
    """A limit, and whether it holds."""

    limit: Limit
    holds: bool = False
    eased: int | None = None  # since when its strain is below the release level

    def look(self, reading: Reading, cool_down: int) -> None:
        strain = self.limit.strain(reading)
        if strain >= 1:
            self.holds = True
        if strain >= self.limit.release:
            self.eased = None
        elif self.eased is None:
            self.eased = reading.ts
        if self.holds and self.eased is not None and reading.ts - self.eased >= cool_down:
            self.holds = False


class StressSensitiveMaker(LadderMaker):
    """A ladder maker that widens, shrinks and withdraws when its limits are reached, and returns.

    Parameters
    ----------
    name, **ladder
        See ``LadderMaker``.
    limits
        ``Limit`` objects, at least one, of this maker alone: a limit remembers what it has seen.
    cool_down
        How long the strain on a limit must have eased before it lets go, in ns, 0 or more.

    Attributes
    ----------
    state : MakerState
        What the maker does about stress now.
    changes : list[StateChange]
        Every change of ``state``, or of the limits behind it, with its time; the start first.

    Raises
    ------
    TypeError, ValueError
        If there is no limit, or ``cool_down`` is negative.
    """

    def __init__(
        self, name: str, *, limits: Sequence[Limit], cool_down: int, **ladder: Any
    ) -> None:
        super().__init__(name, **ladder)
        self.watches = [_Watch(limit) for limit in limits]
        if not self.watches:
            raise ValueError("limits must hold at least one, got none")
        self.cool_down = integer("cool_down", cool_down, 0)
        self.changes: list[StateChange] = []
        self.absences: list[tuple[int, int, float]] = []

    def leave(self, start: int, end: int, share: float) -> None:
        """Say before the run that the maker will quote less for some time, whatever its limits.

        Parameters
        ----------
        start, end
            ns since the start of the run, from 1.
        share
            Of each level that is withdrawn, above 0 and at most 1; what is left is whole lots.

        Raises
        ------
        TypeError, ValueError
            If an argument is of another type or outside its range.
        """
        begin = integer("start", start, 1)
        gone = real("share", share, 0, 1, above=0)
        self.absences.append((begin, integer("end", end, begin + 1), gone))

    @property
    def state(self) -> MakerState:
        """What the maker does about stress now."""
        return self.changes[-1].state if self.changes else MakerState.QUOTING

    def on_start(self) -> None:
        """Hook: the run begins; quote from now on regularly."""
        self.changes.append(StateChange(self.now, MakerState.QUOTING, ()))
        super().on_start()
        for edge in sorted({edge for row in self.absences for edge in row[:2]}):
            self.wake_in(edge - self.now)

    def quotes(self, mid: float) -> Quotes:
        """The ladder at a mid in ticks, as far as the limits allow it."""
        reading = Reading(self.now, mid, self.inventory, self.cash(self.instrument))
        for watch in self.watches:
            watch.look(reading, self.cool_down)
        holding = [watch.limit for watch in self.watches if watch.holds]
        self.record(holding)
        widen = shrink = 1.0
        withdraw = Withdrawal.NEITHER
        for limit in holding:
            widen *= limit.response.widen
            shrink *= limit.response.shrink
            withdraw = max(withdraw, limit.response.withdraw)
        if withdraw == Withdrawal.BOTH:
            return {}
        size = max(1, floor(self.level_size() * shrink))
        away = [gone for start, end, gone in self.absences if start <= self.now < end]
        if away:
            size = floor(size * (1 - max(away)))
            if not size:
                return {}
        shown = self.ladder(mid, self.offset * widen, size, floor(self.step * widen))
        if withdraw == Withdrawal.ADDING and self.inventory:
            adding = Side.BUY if self.inventory > 0 else Side.SELL
            shown = {slot: quote for slot, quote in shown.items() if slot.side != adding}
        return shown

    def record(self, holding: Sequence[Limit]) -> None:
        """Note a change of the limits that hold the maker back."""
        state = MakerState.WIDENED if holding else MakerState.QUOTING
        if any(limit.response.withdraw == Withdrawal.BOTH for limit in holding):
            state = MakerState.WITHDRAWN
        causes = tuple(limit.name for limit in holding)
        if (state, causes) != self.changes[-1][1:]:
            self.changes.append(StateChange(self.now, state, causes))
