"""Single leveraged traders: pyramider, stop loss, self-deleverager and hedger."""

from agents.leverage.leveraged import Leveraged
from lob import TimeInForce
from lob.checks import integer
from lob.unit_types import Lots, Ppm, Ticks
from lob.units import PPM

__all__ = ["Hedger", "Pyramider", "SelfDeleverager", "StopLoss"]


class Pyramider(Leveraged):
    """A leveraged trader that follows a trend, and puts its unrealised gains into more of the same.

    Each time the mark has moved its way by ``step`` since it last traded, it buys (or sells short)
    up to its leverage on the equity it has by now, so that the whole position hangs on the gains.

    Parameters
    ----------
    name
        Identity of the trader.
    leverage
        Exposure over equity after it has added, above 0.
    step
        Ppm of the price, 1 or more.
    side
        1: long, -1: short.
    **account
        As for ``Leveraged``.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range.
    """

    def __init__(
        self, name: str, *, leverage: float, step: Ppm, side: int = 1, **account: object
    ) -> None:
        super().__init__(name, **account)  # type: ignore[arg-type]
        if not leverage > 0 or side not in (-1, 1):
            raise ValueError(
                f"leverage must be positive and side 1 or -1, got {leverage} and {side}"
            )
        self.leverage = leverage
        self.step = integer("step", step, 1)
        self.side = int(side)
        self.added_at: int | None = None

    def look(self) -> None:
        """Look at the mark: add to the position if that has gone far enough."""
        mark, equity = self.mark_price or 0, self.state.equity or 0
        if self.added_at is None:
            self.added_at = mark
        gone = self.side * (mark - self.added_at) * PPM
        if equity <= 0 or (self.held and gone < self.step * self.added_at):
            return
        wanted = int(self.leverage * equity) // self.lot_value
        if wanted > abs(self.held):
            self.added_at = mark
            self.hold(self.side * wanted)


class StopLoss(Leveraged):
    """A leveraged trader that closes its position by market order once the mark reaches its stop.

    Parameters
    ----------
    name
        Identity of the trader.
    stop_price
        Ticks, 1 or more: a long position is closed at or below it, a short one at or above.
    **account
        As for ``Leveraged``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, name: str, *, stop_price: Ticks, **account: object) -> None:
        super().__init__(name, **account)  # type: ignore[arg-type]
        self.stop_price = integer("stop_price", stop_price, 1)

    def look(self) -> None:
        """Look at the mark: close the position if the stop is reached."""
        held, mark = self.held, self.mark_price or 0
        if held and (mark - self.stop_price) * (1 if held > 0 else -1) <= 0:
            self.hold(0)


class SelfDeleverager(Leveraged):
    """A leveraged trader that cuts its position before the venue liquidates it.

    Parameters
    ----------
    name
        Identity of the trader.
    at, to
        Once its equity is below ``at`` times its maintenance margin, it trades down until equity is
        ``to`` times that margin; ``1 <= at <= to``.
    **account
        As for ``Leveraged``.

    Raises
    ------
    ValueError
        If ``at`` and ``to`` are not so.
    """

    def __init__(self, name: str, *, at: float, to: float, **account: object) -> None:
        super().__init__(name, **account)  # type: ignore[arg-type]
        if not 1 <= at <= to:
            raise ValueError(f"at must be at least 1 and at most to, got {at} and {to}")
        self.at = at
        self.to = to

    def look(self) -> None:
        """Look at the margin: cut the position if it is too low."""
        ratio = self.state.margin_ratio
        if ratio < self.at:
            # The requirement falls in proportion to the position, or faster.
            self.hold(int(self.held * max(0.0, ratio) / self.to))


class Hedger(Leveraged):
    """A leveraged trader that is long in one holding and short as much in another.

    It keeps the short leg as large as the long one. Once its margin ratio falls below
    ``unwind_at``, or the legs have drifted apart by ``basis_limit``, it closes both: the trade that
    was no risk becomes one more seller.

    Parameters
    ----------
    name
        Identity of the trader.
    size
        Lots of the long leg, 1 or more.
    hedge
        Number of the holding that it is short in; ``holding`` is the long one. Both back each
        other: its account is a cross account.
    unwind_at
        Margin ratio, equity over maintenance margin, below which it closes both legs.
    basis_limit
        Ticks between the two marks, 1 or more, at which it does so.
    **account
        As for ``Leveraged``.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, or ``hedge`` is the holding itself.
    """

    def __init__(
        self,
        name: str,
        *,
        size: Lots,
        hedge: int,
        unwind_at: float = 2.0,
        basis_limit: Ticks = 2**40,
        **account: object,
    ) -> None:
        super().__init__(name, **account)  # type: ignore[arg-type]
        self.size = integer("size", size, 1)
        self.hedge = integer("hedge", hedge, 0)
        if self.hedge == self.holding:
            raise ValueError(f"hedge must not be the holding itself, {hedge}")
        self.unwind_at = unwind_at
        self.basis_limit = integer("basis_limit", basis_limit, 1)
        self.inventory_exit = False

    def on_start(self) -> None:
        """Hook: the run begins; open a cross account that holds nothing yet."""
        rows = [[0] for _ in self.clearing.holdings]
        self.account = self.clearing.open(self.owner, [self.margin], rows, cross=True)
        self.simulation.venue.refresh()
        self.wake_in(self.interval)

    def look(self) -> None:
        """Look at the market: build the legs up, keep them even, or close both."""
        marks = [self.clearing.holdings[i].mark_price for i in (self.holding, self.hedge)]
        if marks[0] is None or marks[1] is None:
            return
        apart = abs(marks[0] - marks[1])
        if self.state.margin_ratio < self.unwind_at or apart > self.basis_limit:
            self.inventory_exit = True
        wanted = 0 if self.inventory_exit else self.size
        self._hold(self.holding, wanted)
        self._hold(self.hedge, -self._held(self.holding))

    def _held(self, holding: int) -> int:
        return self.state.positions[self.clearing.holdings[holding].name]

    def _hold(self, holding: int, lots: int) -> None:
        change = lots - self._held(holding)
        if change:
            self.submit(
                1 if change > 0 else -1,
                abs(change),
                instrument=self.clearing.holdings[holding].instrument,
                time_in_force=TimeInForce.IOC,
            )
