"""What a replay met: which mode, what kind of feed, and how much of history broke."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from math import isinf
from typing import Any

from lob.counted import counted
from lob.feeds.feed import FeedReport
from lob.instrument import Instrument
from lob.real_units import LOTS, size_unit
from lob.replay_mode import ReplayMode
from lob.units import SECOND_NS, show_duration

__all__ = ["Broken", "ReplayMode", "ReplayReport"]


@dataclass(frozen=True, kw_only=True)
class Broken:
    """How many recorded messages could not do in the live book what they did in the record.

    Attributes
    ----------
    orphaned_cancels, orphaned_replaces
        Cancels and reductions, and replacements, of orders that were gone.
    orphaned_executions
        Executions of an order by its id, where the order was gone.
    unfilled_aggressors, unfilled_lots
        Aggressors made of executions that found less than they took in the record, or nothing, and
        what they lacked.
    cut_short
        Reductions by more than was left of the order.
    crossed_adds
        New or replaced orders that traded on arrival, which they did not in the record.
    uncrossed
        Times that the live book traded as it went on after an auction or a halt.
    refused
        Messages that the live book rejected for another reason.
    """

    orphaned_cancels: int = 0
    orphaned_replaces: int = 0
    orphaned_executions: int = 0
    unfilled_aggressors: int = 0
    unfilled_lots: int = 0
    cut_short: int = 0
    crossed_adds: int = 0
    uncrossed: int = 0
    refused: int = 0

    @property
    def messages(self) -> int:
        """All of them; of an aggressor made of several executions it is one."""
        return int(sum(asdict(self).values())) - self.unfilled_lots

    def __str__(self) -> str:
        return self.told(lambda lots: counted(lots, "lot"))

    def told(self, size: Callable[[int], str]) -> str:
        """All counts in words.

        Parameters
        ----------
        size
            Writes a size in lots for people.
        """
        said = [
            f"{counted(count, noun)} {what}"
            for count, noun, what in (
                (self.orphaned_cancels, "cancel", "of orders already gone"),
                (self.orphaned_replaces, "replacement", "of orders already gone"),
                (self.orphaned_executions, "execution", "of orders already gone"),
                (
                    self.unfilled_aggressors,
                    "aggressor",
                    f"that had not enough to hit ({size(self.unfilled_lots)})",
                ),
                (self.cut_short, "reduction", "by more than was left"),
                (self.crossed_adds, "add", "that traded on arrival"),
                (self.uncrossed, "trade", "after an auction or a halt"),
                (self.refused, "message", "refused"),
            )
            if count
        ]
        return ", ".join(said) or "nothing"


@dataclass(kw_only=True)
class ReplayReport:
    """The counts of a replay. It grows as the feed is read.

    Attributes
    ----------
    mode
        See ``ReplayMode``.
    half_life_ns
        Of the displacement, in the mode *reanchored*; else ``None``.
    feed
        What the reader met.
    instrument
        What was replayed.
    messages, prints
        Of this instrument.
    first_ts, last_ts
        Of the messages of this instrument, as the feed's clock has it.
    book_since
        When the recorded book first had both sides and was not crossed; ``None``: never.
    forked_at
        From when on history was sent to the live book; ``None``: never.
    resent
        Messages and aggressors sent to the live book.
    aggressors, by_id
        Aggressors made of executions; executions taken off the order that the record names, for no
        aggressor explains them.
    broken
        What history could not do any more.
    left_over
        Recorded orders that rest in the live book at the end, and are gone in the record: their
        owners would have cancelled them, or the aggressor that hit them hit another order.
    sent, waited
        Orders of one's own; those of them that waited for the end of a halt, or for a book that
        could take them.
    stopped_at
        Where the reading was told to stop; ``None``: at the end of the feed.
    gaps_during
        Gaps that the reader met between the first and the last of one's own orders.
    """

    mode: ReplayMode
    half_life_ns: float | None
    feed: FeedReport
    instrument: Instrument | None = None
    messages: int = 0
    prints: int = 0
    first_ts: int | None = None
    last_ts: int | None = None
    book_since: int | None = None
    forked_at: int | None = None
    resent: int = 0
    aggressors: int = 0
    by_id: int = 0
    broken: Broken = field(default_factory=Broken)
    left_over: int = 0
    sent: int = 0
    waited: int = 0
    stopped_at: int | None = None
    gaps_during: int = 0

    @property
    def label(self) -> str:
        """The mode, its half-life, and whether single orders are known: part of every result."""
        said = f"{self.mode} replay"
        if self.half_life_ns is not None:
            lasts = "never" if isinf(self.half_life_ns) else show_duration(self.half_life_ns)
            said += f", the anchor's half-life {'infinite' if lasts == 'never' else lasts}"
        kind = "by level: one anonymous order a price" if self.feed.is_level_feed else "by order"
        return f"{said}, {self.feed.format}, {kind}"

    @property
    def mark(self) -> str:
        """Why the mark that a sale leaves is what it is: by construction, in every mode."""
        if self.mode is ReplayMode.EXACT:
            return "It leaves no mark by construction: nothing in an exact replay reacts."
        if self.mode is ReplayMode.INTERACTIVE or self.half_life_ns == 0:
            return (
                "It leaves no lasting mark by construction: history returns, for later orders come "
                "at their recorded prices."
            )
        assert self.half_life_ns is not None
        if isinf(self.half_life_ns):
            return (
                "The mark is permanent by construction: later orders keep their distance to where "
                "the sale pushed the mid, for ever."
            )
        return (
            "How long the mark lasts is by construction: the anchor falls back to history with the "
            f"stated half-life of {show_duration(self.half_life_ns)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain types, for JSON."""
        told = dict(vars(self))
        told["mode"] = str(self.mode)
        told["label"], told["mark"] = self.label, self.mark
        if self.half_life_ns is not None and isinf(self.half_life_ns):
            told["half_life_ns"] = "infinite"
        told["feed"] = self.feed.to_dict()
        told["broken"] = {**asdict(self.broken), "messages": self.broken.messages}
        if self.instrument is not None:
            told["instrument"] = {
                "name": self.instrument.name,
                "tick_size": str(self.instrument.tick_size),
                "lot_size": str(self.instrument.lot_size),
            }
        return told

    def broken_told(self) -> str:
        """What history could not do any more, in words; sizes in the instrument's units."""
        return self.broken.told((size_unit(self.instrument) if self.instrument else LOTS).told)

    def __str__(self) -> str:
        name = self.instrument.name if self.instrument else "nothing"
        lines = [f"{name}: {self.label}"]
        if self.first_ts is not None and self.last_ts is not None:
            lines.append(
                f"  {counted(self.messages, 'message')} and {counted(self.prints, 'print')}, "
                f"{self.moment(self.first_ts)} to {self.moment(self.last_ts)}"
            )
        if self.book_since is not None:
            lines.append(
                f"  both sides of the book are there from {self.moment(self.book_since)} on"
            )
        for check, found in self.feed.checks.items():
            lines.append(f"  check {check}: {found.passed:,} passed, {found.failed:,} failed")
        lines += [f"  fault: {fault}" for fault in self.feed.faults]
        if self.feed.problem:
            lines.append(f"  first problem: {self.feed.problem}")
        halts = [halt for halt in self.feed.halts if self._is_ours(halt.instrument)]
        lines += [f"  {self.moment(halt.ts_event)} {halt.state}" for halt in halts[:10]]
        if self.forked_at is not None:
            lines.append(
                f"  {counted(self.resent, 'message')} sent again from "
                f"{self.moment(self.forked_at)} on, "
                f"{self.aggressors:,} of them aggressors made of executions; {self.by_id:,} "
                "executions by the order's id"
            )
            lines.append(f"  broke: {self.broken_told()}")
            if self.left_over:
                lines.append(
                    f"  {counted(self.left_over, 'recorded order')} still there, gone in the record"
                )
        if self.sent:
            waited = f", {self.waited:,} of them waited" if self.waited else ""
            lines.append(f"  {counted(self.sent, 'order')} of the sale{waited}")
        if self.stopped_at is not None:
            lines.append(f"  read until {self.moment(self.stopped_at)}")
        lines += [f"  {note}" for note in self.feed.notes]
        return "\n".join(lines)

    def moment(self, ts: int) -> str:
        """A time as the feed's clock has it: of day, or with its date in UTC."""
        return show_moment(ts, self.feed.clock)

    def _is_ours(self, number: int) -> bool:
        return self.instrument is None or self.instrument.number == number


def show_moment(ts: int, clock: str) -> str:
    """A time of day, to the millisecond; with its date where a clock counts from 1970.

    Examples
    --------
    >>> show_moment(34_200_000_000_000, "exchange-local, after midnight")
    '09:30:00.000'
    >>> show_moment(1_723_075_200_500_000_000, "UTC")
    '2024-08-08 00:00:00.500 UTC'
    """
    seconds, ns = divmod(ts, SECOND_NS)
    days, second = divmod(seconds, 86_400)
    clocked = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{ns // 1_000_000:03}"
    if clock != "UTC":
        return clocked if not days else f"{clocked} (day {days + 1})"
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(86_400 * days, UTC):%Y-%m-%d} {clocked} UTC"
