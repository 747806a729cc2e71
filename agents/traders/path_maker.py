"""Makers who know the price from elsewhere, and quote around it."""

from collections.abc import Sequence
from math import floor

from agents.agent import Agent
from agents.traders.follower import checked_path
from lob import Side
from lob.checks import integer, real
from lob.engine.elementary import exp
from lob.units import SECOND_NS

__all__ = ["PathMaker"]


class PathMaker(Agent):
    """A ladder of quotes on both sides of a series of prices from outside.

    What trades against it is put back at its next look, at the price of then: whoever sells into it
    pays for its depth, and moves nothing for longer than an ``interval``. After the last price that
    one holds.

    Parameters
    ----------
    name
        Identity of the maker.
    times, prices
        Times in ns, rising, and the price in ticks, 1 or more, from each of them on; the first
        holds before, too.
    depth
        Lots at each price, 1 or more.
    levels
        How many prices it quotes on a side, 1 or more; none below 1 tick.
    spread
        Ticks between its best quotes, 1 or more; the price is in the middle, or half a tick above
        it.
    instrument
        Number of the book.
    interval
        ns between looks, 1 or more; it also looks at each change.
    owner
        See ``Participant``.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, times do not rise, or prices are not as many.
    """

    def __init__(
        self,
        name: str,
        *,
        times: Sequence[int],
        prices: Sequence[int],
        depth: int,
        levels: int = 20,
        spread: int = 2,
        instrument: int = 0,
        interval: int = SECOND_NS,
        owner: int | None = None,
    ) -> None:
        super().__init__(name, owner=owner)
        self.times, self.prices = checked_path(times, prices)
        self.depth = integer("depth", depth, 1)
        self.levels = integer("levels", levels, 1, 100_000)
        self.spread = integer("spread", spread, 1)
        self.instrument = integer("instrument", instrument, 0)
        self.interval = integer("interval", interval, 1)
        self.at = 0
        self.moves: list[tuple[int, float]] = []
        self.absences: list[tuple[int, int, float]] = []

    def move_fair_value(self, times: Sequence[int], moves: Sequence[float]) -> None:
        """Say before the run that the price will be higher or lower than the series, for good.

        Parameters
        ----------
        times
            ns since the start of the run, 1 or more.
        moves
            By how much from then on, as a logarithm, one for each time; they add up.
        """
        rows = [(integer("times", at, 1), float(by)) for at, by in zip(times, moves, strict=True)]
        self.moves = sorted([*self.moves, *rows])

    def leave(self, start: int, end: int, share: float) -> None:
        """Say before the run that the maker will quote less for some time.

        Parameters
        ----------
        start, end
            ns since the start of the run, from 1.
        share
            Of ``depth`` that is withdrawn, above 0 and at most 1; what is left is whole lots.
        """
        begin = integer("start", start, 1)
        gone = real("share", share, 0, 1, above=0)
        self.absences.append((begin, integer("end", end, begin + 1), gone))

    def on_start(self) -> None:
        """Hook: the run begins; the ladder is there from then on."""
        self.on_wake()

    def on_wake(self) -> None:
        """Hook: quote around the price of now."""
        while self.at + 1 < len(self.times) and self.times[self.at + 1] <= self.now:
            self.at += 1
        off = sum(by for at, by in self.moves if at <= self.now)
        price = round(self.prices[self.at] * exp(off)) if off else self.prices[self.at]
        bid = max(price, 1) - self.spread // 2
        wanted = {(Side.BUY, bid - i) for i in range(self.levels) if bid - i >= 1}
        wanted |= {(Side.SELL, bid + self.spread + i) for i in range(self.levels)}
        self._quote({place for place in wanted if place[1] >= 1})
        self.wake_in(self._pause())

    def _quote(self, wanted: set[tuple[Side, int]]) -> None:
        """Take away what is elsewhere, and fill up what is wanted."""
        away = [gone for start, end, gone in self.absences if start <= self.now < end]
        depth = floor(self.depth * (1 - max(away))) if away else self.depth
        there = dict.fromkeys(wanted, 0)
        for order_id, order in self.open_orders.items():
            place = (order.side, order.price)
            if place in there and there[place] + order.size <= depth:
                there[place] += order.size
            else:
                self.cancel(order_id, instrument=self.instrument)
        for (side, price), lots in sorted(there.items()):
            if lots < depth:
                self.submit(side, depth - lots, price, instrument=self.instrument)

    def _pause(self) -> int:
        """Time to the next look, or to the next price if that is sooner, in ns."""
        coming = self.times[self.at + 1 : self.at + 2]
        coming += [at for at, _ in self.moves if at > self.now][:1]
        coming += [at for row in self.absences for at in row[:2] if at > self.now]
        return max(1, min([self.interval, *(at - self.now for at in coming)]))
